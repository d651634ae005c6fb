//! One look at each name of a directory.
//!
//! A directory of Jiva holds a small record beside each image, and all of them are read anyway. So a
//! record is opened at once, and what its open file tells saves a second way through its name.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::{Entry, Kind, spell};

/// Records are some 200 bytes, a counter is 4096; what is larger is read when it is wanted.
const RECORD: usize = 4097;

/// Room that a record takes as a rule.
const USUAL: usize = 256;

/// One name as the listing of a directory gives it.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) name: OsString,
    /// Kind without another look, where the file system tells it.
    pub(super) kind: Kind,
    /// Number of its inode, as the listing has it.
    pub(super) inode: u64,
}

/// What is known of an entry beyond what everybody may see.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// The name on the disk where it differs from the name as spelt.
    pub(super) raw: Option<Box<OsStr>>,
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) links: u64,
    /// Storage in units of 512 bytes.
    pub(super) blocks: u64,
    /// Where the bytes of a record are among those of all records.
    pub(super) content: Option<Range<usize>>,
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
    buf: Box<[u8; RECORD]>,
    /// All records one after the other: one piece of memory instead of one for each.
    records: Vec<u8>,
}

impl<'d> Examiner<'d> {
    /// For a directory of these names.
    pub(super) fn new(directory: &'d OwnedFd, names: &[Listed]) -> Self {
        let records = names.iter().filter(|item| is_record(item.name.as_bytes())).count();
        let records = Vec::with_capacity(records.min(4096) * USUAL);
        Self { directory: directory.as_fd(), opener: Opener::default(), buf: Box::new([0; RECORD]), records }
    }

    /// What opens further files, and the bytes of all records.
    pub(super) fn finish(self) -> (Opener, Vec<u8>) {
        (self.opener, self.records)
    }

    /// Tells what stands at a name; gives the name back if nothing does any more.
    pub(super) fn examine(&mut self, item: Listed) -> Result<(Entry, Facts), OsString> {
        if item.kind == Kind::File
            && is_record(item.name.as_bytes())
            && let Some((stat, content)) = self.record(&item.name)
        {
            return Ok(entry(item.name, &stat, content));
        }
        match statat(self.directory, &*item.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(entry(item.name, &stat, None)),
            Err(Errno::NOENT) => Err(item.name),
            Err(error) => Ok(unexamined(item, error)),
        }
    }

    /// State and bytes of a record; nothing where anything is out of the ordinary.
    fn record(&mut self, name: &OsStr) -> Option<(Stat, Option<Range<usize>>)> {
        let file = self.opener.open(self.directory, name).ok()?;
        let stat = fstat(&file).ok()?;
        if !FileType::from_raw_mode(stat.st_mode).is_file() {
            return None;
        }
        // A short read that is as long as the file is all of it.
        let content = match rustix::io::read(&file, &mut self.buf[..]) {
            Ok(n) if n < RECORD && n as u64 == number(stat.st_size) => {
                let start = self.records.len();
                self.records.extend_from_slice(&self.buf[..n]);
                Some(start..start + n)
            }
            _ => None,
        };
        Some((stat, content))
    }
}

/// Whether a file is one of those that are small and read every time.
fn is_record(name: &[u8]) -> bool {
    name.ends_with(b".meta") || name == b"revision.counter" || name == b"log.info"
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

fn entry(name: OsString, stat: &Stat, content: Option<Range<usize>>) -> (Entry, Facts) {
    let kind = kind_of(FileType::from_raw_mode(stat.st_mode));
    #[allow(clippy::unnecessary_cast, reason = "the width depends on the machine")]
    let modified = stat.st_mtime as i128 * 1_000_000_000 + stat.st_mtime_nsec as i128;
    let size = if kind == Kind::File { number(stat.st_size) } else { 0 };
    let (name, raw) = spelt(name);
    let entry = Entry { name, kind, size, link: None, modified: Some(modified), damage: None };
    let facts = Facts {
        raw,
        device: number(stat.st_dev),
        inode: number(stat.st_ino),
        links: number(stat.st_nlink),
        blocks: number(stat.st_blocks),
        content,
    };
    (entry, facts)
}

/// A name that is listed but may not be looked at, as in a directory without the right to enter it.
fn unexamined(item: Listed, error: Errno) -> (Entry, Facts) {
    let error = io::Error::from(error);
    let (name, raw) = spelt(item.name);
    let entry = Entry {
        name,
        kind: item.kind,
        size: 0,
        link: None,
        modified: None,
        damage: Some(format!("cannot be examined: {error}")),
    };
    (entry, Facts { raw, device: 0, inode: 0, links: 1, blocks: 1, content: None })
}

/// The name as text, and the name on the disk where that differs.
fn spelt(name: OsString) -> (String, Option<Box<OsStr>>) {
    match name.into_string() {
        Ok(name) => (name, None),
        Err(name) => (spell(name.as_bytes()), Some(name.into())),
    }
}
