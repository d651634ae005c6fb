//! A replica directory of the file system, read without changing or following anything.
//!
//! Every name is examined once, when the directory is described; only regular files are ever opened,
//! relative to the directory, without following links and without waiting. So a named pipe, a socket
//! or a device among the files is told and nothing more.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::handles::{Handles, read_full_at};
use super::remarks::Remarks;
use super::{Entry, Extents, Kind, Origin, ReadError, SMALL_FILE_LIMIT, Source, clip, spell, sys};
use crate::ident::{BLOCK_SIZE, Runs};

/// One name as the listing of a directory gives it.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) name: OsString,
    /// Kind without another look, where the file system tells it.
    pub(super) kind: Kind,
}

/// A directory of the file system.
#[derive(Debug)]
pub(super) struct Directory {
    owner: u32,
    path: PathBuf,
    /// Absent where too many directories are open already; names are then reached by path.
    held: Option<OwnedFd>,
    entries: Vec<Entry>,
    facts: Vec<Facts>,
    handles: Arc<Handles>,
    /// Device and inode of the directory itself.
    identity: (u64, u64),
    /// Set once the system refuses O_NOATIME, which it does for files of other owners.
    touches_times: AtomicBool,
}

/// What is known of an entry beyond what everybody may see.
#[derive(Debug, Clone)]
struct Facts {
    /// The name on the disk where it differs from the name as spelt.
    raw: Option<Box<OsStr>>,
    device: u64,
    inode: u64,
    links: u64,
    /// Storage in units of 512 bytes.
    blocks: u64,
}

impl Directory {
    /// Examines every listed name once.
    pub(super) fn describe(
        path: &Path,
        listed: &[Listed],
        handles: &Arc<Handles>,
        remarks: &mut Remarks,
    ) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, path, flags, Mode::empty())?;
        let stat = fstat(&directory)?;
        let mut found = Vec::with_capacity(listed.len());
        for item in listed {
            match statat(&directory, &*item.name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => found.push(entry_of(&item.name, &stat)),
                Err(Errno::NOENT) => remarks.push(format!(
                    "{}: vanished while the directory was read",
                    path.join(&item.name).display()
                )),
                Err(error) => found.push(unexamined(item, error)),
            }
        }
        found.sort_by(|a, b| (&a.0.name, &a.1.raw).cmp(&(&b.0.name, &b.1.raw)));
        let (mut entries, facts): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        number_links(&mut entries, &facts);
        Ok(Self {
            owner: handles.owner(),
            path: path.to_owned(),
            held: handles.may_hold_directory().then_some(directory),
            entries,
            facts,
            handles: handles.clone(),
            identity: (widen(stat.st_dev), widen(stat.st_ino)),
            touches_times: AtomicBool::new(false),
        })
    }

    /// What tells this directory from others.
    pub(super) fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// The place of an entry. Two names on the disk may be spelt alike; then the rest tells them apart.
    fn position(&self, entry: &Entry) -> Result<usize, ReadError> {
        let first = self.entries.partition_point(|e| e.name < entry.name);
        let same = self.entries[first..].iter().take_while(|e| e.name == entry.name);
        match same.enumerate().find(|(_, e)| *e == entry) {
            Some((n, _)) => Ok(first + n),
            None if self.entries.get(first).is_some_and(|e| e.name == entry.name) => Ok(first),
            None => Err(ReadError::Io(io::ErrorKind::NotFound.into())),
        }
    }

    /// The place of an entry that is a regular file.
    fn file(&self, entry: &Entry) -> Result<usize, ReadError> {
        let at = self.position(entry)?;
        match self.entries[at].kind {
            Kind::File => Ok(at),
            kind => Err(ReadError::NotAFile(kind)),
        }
    }

    fn open(&self, at: usize) -> io::Result<OwnedFd> {
        // NONBLOCK: should the name have become a named pipe since it was examined, opening it must
        // not wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        if !self.touches_times.load(Ordering::Relaxed) {
            match self.open_with(at, flags | OFlags::NOATIME) {
                Err(Errno::PERM) => self.touches_times.store(true, Ordering::Relaxed),
                other => return Ok(other?),
            }
        }
        Ok(self.open_with(at, flags)?)
    }

    fn open_with(&self, at: usize, flags: OFlags) -> Result<OwnedFd, Errno> {
        let name = match &self.facts[at].raw {
            Some(raw) => raw,
            None => OsStr::new(&self.entries[at].name),
        };
        match &self.held {
            Some(directory) => openat(directory, name, flags, Mode::empty()),
            None => openat(CWD, self.path.join(name), flags, Mode::empty()),
        }
    }

    /// Opens what was examined, not what has taken its name since.
    fn open_same(&self, at: usize) -> Result<OwnedFd, ReadError> {
        let file = self.open(at)?;
        let stat = fstat(&file).map_err(io::Error::from)?;
        let facts = &self.facts[at];
        if (widen(stat.st_dev), widen(stat.st_ino)) == (facts.device, facts.inode) {
            return Ok(file);
        }
        Err(ReadError::Damaged("was replaced by another file while the evidence was read".to_owned()))
    }
}

impl Source for Directory {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry) -> Result<Vec<u8>, ReadError> {
        let at = self.file(entry)?;
        let too_large = |size| ReadError::TooLarge { size, limit: SMALL_FILE_LIMIT };
        let size = self.entries[at].size;
        if size > SMALL_FILE_LIMIT {
            return Err(too_large(size));
        }
        let file = self.open(at)?;
        // One byte more than expected: a short read then proves the end without another call.
        let mut bytes = vec![0; size as usize + 1];
        let mut done = 0;
        loop {
            match rustix::io::read(&file, &mut bytes[done..]) {
                Err(Errno::INTR) => continue,
                Err(error) => return Err(io::Error::from(error).into()),
                Ok(n) => done += n,
            }
            if done < bytes.len() {
                bytes.truncate(done);
                return Ok(bytes);
            }
            // It has grown since it was examined.
            if done as u64 > SMALL_FILE_LIMIT {
                return Err(too_large(done as u64));
            }
            bytes.resize(done + 4096, 0);
        }
    }

    fn extents(&self, entry: &Entry) -> Result<Extents, ReadError> {
        let at = self.file(entry)?;
        let size = self.entries[at].size;
        // Below a block, a file system may keep the bytes in the inode and count no storage.
        if self.facts[at].blocks == 0 && (size == 0 || size >= BLOCK_SIZE) {
            return Ok(Extents { runs: Runs::new(), origin: Origin::Fiemap });
        }
        let file = self.open_same(at)?;
        let limit = size.div_ceil(BLOCK_SIZE).saturating_mul(BLOCK_SIZE);
        let (ranges, origin) = sys::stored_ranges(file.as_fd(), limit)?;
        Ok(Extents { runs: clip(ranges, size), origin })
    }

    fn read_at(&self, entry: &Entry, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let at = self.file(entry)?;
        let left = self.entries[at].size.saturating_sub(offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        if wanted == 0 {
            return Ok(0);
        }
        let file = self.handles.get(self.owner, at as u32, || self.open_same(at))?;
        let done = read_full_at(&*file, &mut buf[..wanted], offset)?;
        if done < wanted {
            let size = offset.saturating_add(done as u64);
            return Err(ReadError::Damaged(format!("became shorter while it was read: ends at byte {size}")));
        }
        Ok(done)
    }
}

/// The fields of `struct stat` have other widths on other machines.
fn widen(number: impl TryInto<u64>) -> u64 {
    number.try_into().unwrap_or(0)
}

fn entry_of(name: &OsStr, stat: &Stat) -> (Entry, Facts) {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        _ => Kind::Device,
    };
    #[allow(clippy::unnecessary_cast, reason = "the width depends on the machine")]
    let modified = stat.st_mtime as i128 * 1_000_000_000 + stat.st_mtime_nsec as i128;
    let size = if kind == Kind::File { widen(stat.st_size) } else { 0 };
    let entry = Entry {
        name: spell(name.as_bytes()),
        kind,
        size,
        link: None,
        modified: Some(modified),
        damage: None,
    };
    let facts = Facts {
        raw: raw(name, &entry.name),
        device: widen(stat.st_dev),
        inode: widen(stat.st_ino),
        links: widen(stat.st_nlink),
        blocks: widen(stat.st_blocks),
    };
    (entry, facts)
}

/// A name that is listed but may not be looked at, as in a directory without the right to enter it.
fn unexamined(item: &Listed, error: Errno) -> (Entry, Facts) {
    let error = io::Error::from(error);
    let entry = Entry {
        name: spell(item.name.as_bytes()),
        kind: item.kind,
        size: 0,
        link: None,
        modified: None,
        damage: Some(format!("cannot be examined: {error}")),
    };
    let raw = raw(&item.name, &entry.name);
    (entry, Facts { raw, device: 0, inode: 0, links: 1, blocks: 1 })
}

fn raw(name: &OsStr, spelt: &str) -> Option<Box<OsStr>> {
    (name.as_bytes() != spelt.as_bytes()).then(|| name.into())
}

/// Gives the names of one inode one number, counted in the order of their first names.
fn number_links(entries: &mut [Entry], facts: &[Facts]) {
    let mut names: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for (at, (entry, facts)) in entries.iter().zip(facts).enumerate() {
        if entry.kind == Kind::File && facts.links > 1 {
            names.entry((facts.device, facts.inode)).or_default().push(at);
        }
    }
    let mut groups: Vec<Vec<usize>> = names.into_values().filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    for (number, group) in groups.into_iter().enumerate() {
        for at in group {
            entries[at].link = Some(number as u64);
        }
    }
}
