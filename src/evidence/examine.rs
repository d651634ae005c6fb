//! One look at each name of a directory.
//!
//! A directory of Jiva holds a small record beside each image, and all of them are read anyway. So a record is opened
//! at once, and where what it gives leaves nothing to ask, nothing more is asked of the system. An image is opened at
//! once too, and asked for its status and its extents: later it would have to be found and opened again.

use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::{Errno, pread};

use super::sys::Mapper;
use super::{Extents, Kind, Origin, clip, spell};
use crate::ident::{BLOCK_SIZE, Runs};

/// Records are some 200 bytes, a counter is 4096; what is larger is read when it is wanted.
const RECORD: usize = 4097;

/// Room that a record takes as a rule.
const USUAL: usize = 256;

/// One name as the listing of a directory gives it.
#[derive(Debug)]
pub(super) struct Listed {
    /// The name as text.
    pub(super) name: String,
    /// The name on the disk where that differs.
    pub(super) raw: Option<Box<OsStr>>,
    /// Kind without another look, where the file system tells it.
    pub(super) kind: Kind,
    /// Number of its inode, as the listing has it.
    pub(super) inode: u64,
}

impl Listed {
    pub(super) fn new(name: &[u8], kind: Kind, inode: u64) -> Self {
        let (name, raw) = match std::str::from_utf8(name) {
            Ok(name) => (name.to_owned(), None),
            Err(_) => (spell(name), Some(OsStr::from_bytes(name).into())),
        };
        Self { name, raw, kind, inode }
    }

    /// The name on the disk.
    pub(super) fn on_disk(&self) -> &OsStr {
        on_disk(&self.name, self.raw.as_deref())
    }
}

/// The name on the disk of what is called so.
pub(super) fn on_disk<'a>(name: &'a str, raw: Option<&'a OsStr>) -> &'a OsStr {
    raw.unwrap_or_else(|| OsStr::new(name))
}

/// What a look at a name showed.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) kind: Kind,
    /// 0 for everything but regular files.
    pub(super) size: u64,
    /// Why it could not be looked at.
    pub(super) damage: Option<String>,
    /// What the system says of it, where it was asked.
    pub(super) status: Option<Status>,
    /// Where its bytes are among those of all records, if it is one and was read at once.
    pub(super) content: Option<Range<usize>>,
    /// What an image stores, where that was asked at once.
    pub(super) extents: Option<Extents>,
}

/// What the system says of a file.
#[derive(Debug, Clone)]
pub(super) struct Status {
    /// Device and inode.
    pub(super) identity: (u64, u64),
    /// Whether the inode has further names.
    pub(super) linked: bool,
    /// Whether it takes any storage.
    pub(super) stored: bool,
    seconds: i64,
    nanoseconds: u32,
}

impl Status {
    #[allow(clippy::unnecessary_cast, reason = "the width depends on the machine")]
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            identity: identity(stat),
            linked: stat.st_nlink > 1,
            stored: stat.st_blocks > 0,
            seconds: stat.st_mtime as i64,
            nanoseconds: stat.st_mtime_nsec as u32,
        }
    }

    /// Time of the last change in nanoseconds since 1970.
    pub(super) fn modified(&self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }
}

/// Device and inode.
pub(super) fn identity(stat: &Stat) -> (u64, u64) {
    (number(stat.st_dev), number(stat.st_ino))
}

/// Opens files in a way that changes nothing and waits for nobody.
#[derive(Debug, Default)]
pub(super) struct Opener {
    /// Set once the system refuses O_NOATIME, which it does for files of other owners.
    touches_times: AtomicBool,
}

impl Opener {
    pub(super) fn open(&self, directory: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
        // NONBLOCK: should the name have become a named pipe since it was listed, opening it must not
        // wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        if !self.touches_times.load(Ordering::Relaxed) {
            match openat(directory, name, flags | OFlags::NOATIME, Mode::empty()) {
                Err(Errno::PERM) => self.touches_times.store(true, Ordering::Relaxed),
                other => return other,
            }
        }
        openat(directory, name, flags, Mode::empty())
    }
}

/// Looks at the names of one directory.
pub(super) struct Examiner<'d> {
    directory: BorrowedFd<'d>,
    opener: Opener,
    mapper: Mapper,
    buf: Box<[u8; RECORD]>,
    /// All records one after the other: one piece of memory instead of one for each.
    records: Vec<u8>,
}

impl<'d> Examiner<'d> {
    /// For a directory of these names.
    pub(super) fn new(directory: &'d OwnedFd, names: &[Listed]) -> Self {
        let records = names.iter().filter(|item| is_record(&item.name)).count();
        let records = Vec::with_capacity(records.min(4096) * USUAL);
        let (directory, opener, mapper) = (directory.as_fd(), Opener::default(), Mapper::default());
        Self { directory, opener, mapper, buf: Box::new([0; RECORD]), records }
    }

    /// What opens further files, and the bytes of all records.
    pub(super) fn finish(self) -> (Opener, Vec<u8>) {
        (self.opener, self.records)
    }

    /// Tells what stands at a name; nothing if nothing does any more. `alone` says that no other name of the
    /// directory is listed with its inode.
    pub(super) fn examine(&mut self, item: &Listed, alone: bool) -> Option<Look> {
        if item.kind == Kind::File
            && is_record(&item.name)
            && let Some(look) = self.record(item.on_disk(), alone)
        {
            return Some(look);
        }
        if item.kind == Kind::File
            && is_image(&item.name)
            && let Some(look) = self.image(item.on_disk())
        {
            return Some(look);
        }
        match statat(self.directory, item.on_disk(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Some(look(&stat, None)),
            Err(Errno::NOENT) => None,
            // As in a directory that may be listed and not entered.
            Err(error) => {
                let damage = Some(format!("cannot be examined: {}", io::Error::from(error)));
                Some(Look { kind: item.kind, size: 0, damage, status: None, content: None, extents: None })
            }
        }
    }

    /// What a record is, read at once; nothing where it cannot be opened as a file.
    fn record(&mut self, name: &OsStr, alone: bool) -> Option<Look> {
        let file = self.opener.open(self.directory, name).ok()?;
        // At a place, which takes nothing out of a pipe, should the name have become one since it was listed.
        let read = pread(&file, &mut self.buf[..], 0).ok().filter(|length| *length < RECORD);
        // Jiva ends what it writes with a newline. So a short read that ends with one gave the whole file.
        if let Some(length) = read
            && alone
            && self.buf[..length].ends_with(b"\n")
        {
            let (size, content) = (length as u64, Some(self.keep(length)));
            return Some(Look { kind: Kind::File, size, damage: None, status: None, content, extents: None });
        }
        let stat = fstat(&file).ok()?;
        if !is_file(&stat) {
            return None;
        }
        let whole = read.filter(|length| *length as u64 == number(stat.st_size));
        Some(look(&stat, whole.map(|length| self.keep(length))))
    }

    /// What an image is and stores, asked through one handle; nothing where it cannot be opened as a file, which is told
    /// when it is read.
    fn image(&mut self, name: &OsStr) -> Option<Look> {
        let file = self.opener.open(self.directory, name).ok()?;
        let stat = fstat(&file).ok().filter(is_file)?;
        let look = look(&stat, None);
        let status = look.status.as_ref()?;
        // A fault is told when the extents are wanted: they are asked for again then.
        let extents = stored(&mut self.mapper, file.as_fd(), look.size, status.stored).ok();
        Some(Look { extents, ..look })
    }

    /// Puts the bytes that were just read to those of all records.
    fn keep(&mut self, length: usize) -> Range<usize> {
        let start = self.records.len();
        self.records.extend_from_slice(&self.buf[..length]);
        start..start + length
    }
}

fn look(stat: &Stat, content: Option<Range<usize>>) -> Look {
    let size = if is_file(stat) { number(stat.st_size) } else { 0 };
    let kind = kind_of(FileType::from_raw_mode(stat.st_mode));
    Look { kind, size, damage: None, status: Some(Status::of(stat)), content, extents: None }
}

/// What a file stores that needs no asking, since it takes no storage.
pub(super) fn stores_nothing(size: u64, takes_storage: bool) -> Option<Extents> {
    // Below a block, a file system may keep the bytes in the inode and count no storage.
    let nothing = !takes_storage && (size == 0 || size >= BLOCK_SIZE);
    nothing.then(|| Extents { runs: Runs::new(), origin: Origin::Fiemap })
}

/// What a file of this size stores; `takes_storage` as its status has it.
pub(super) fn stored(
    mapper: &mut Mapper,
    file: BorrowedFd<'_>,
    size: u64,
    takes_storage: bool,
) -> io::Result<Extents> {
    if let Some(nothing) = stores_nothing(size, takes_storage) {
        return Ok(nothing);
    }
    let limit = size.div_ceil(BLOCK_SIZE).saturating_mul(BLOCK_SIZE);
    let (ranges, origin) = mapper.stored_ranges(file, limit)?;
    Ok(Extents { runs: clip(ranges, size), origin })
}

/// Whether a file is a disk's image, of which the extents are asked for every time.
fn is_image(name: &str) -> bool {
    name.starts_with("volume-") && name.ends_with(".img")
}

/// Whether a file is one of those that are small and read every time.
fn is_record(name: &str) -> bool {
    name.ends_with(".meta") || name == "revision.counter" || name == "log.info"
}

pub(super) fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode).is_file()
}

/// The fields of `struct stat` have other widths on other machines.
pub(super) fn number(field: impl TryInto<u64>) -> u64 {
    field.try_into().unwrap_or(0)
}

pub(super) fn kind_of(kind: FileType) -> Kind {
    match kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        _ => Kind::Device,
    }
}
