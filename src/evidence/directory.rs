//! A replica directory of the file system, read without changing or following anything.
//!
//! Every name is examined once, when the directory is described, and the small records are read then; only regular
//! files are ever opened, relative to the directory, without following links and without waiting. So a named pipe, a
//! socket or a device among the files is reported and nothing more.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::examine::{
    Examiner, Listed, Look, Opener, Status, identity, is_file, number, on_disk, stored, stores_nothing,
};
use super::handles::{Handles, read_full_at};
use super::remarks::Remarks;
use super::sys::Mapper;
use super::{Entry, Extents, Kind, ReadError, SMALL_FILE_LIMIT, Source, spelled};
use crate::ident::Run;

/// A directory of the file system.
#[derive(Debug)]
pub(super) struct Directory {
    owner: u32,
    path: PathBuf,
    /// Absent where too many directories are open already; names are then reached by path.
    held: Option<OwnedFd>,
    entries: Vec<Entry>,
    /// One for each entry.
    facts: Vec<Facts>,
    handles: Arc<Handles>,
    /// Device and inode of the directory itself.
    identity: (u64, u64),
    opener: Opener,
    /// The bytes of all records.
    records: Vec<u8>,
    /// What images store that were opened when they were listed, by place, until it is asked for.
    mapped: Mutex<BTreeMap<usize, Extents>>,
}

#[derive(Debug)]
struct Facts {
    /// The name on the disk where it differs from the name as written.
    raw: Option<Box<OsStr>>,
    /// Number of its inode, as the listing has it.
    inode: u64,
    status: Option<Status>,
    /// Whether bytes of it were read after it was examined.
    used: AtomicBool,
    /// Where the bytes of a record are among those of all records.
    content: Option<Range<usize>>,
}

impl Facts {
    /// Whether what is open or at the name now is what was examined.
    fn is_of(&self, stat: &Stat) -> bool {
        match &self.status {
            Some(status) => status.identity == identity(stat),
            // Of a record that was read at once the system was asked nothing.
            None => self.content.as_ref().is_some_and(|content| {
                is_file(stat)
                    && number(stat.st_ino) == self.inode
                    && number(stat.st_size) == content.len() as u64
            }),
        }
    }
}

impl Directory {
    /// Examines every listed name once.
    pub(super) fn describe(
        path: &Path,
        mut listed: Vec<Listed>,
        handles: &Arc<Handles>,
        remarks: &mut Remarks,
    ) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, path, flags, Mode::empty())?;
        let identity = identity(&fstat(&directory)?);
        // Two names on the disk may be written alike.
        listed.sort_unstable_by(|a, b| (&a.name, &a.raw).cmp(&(&b.name, &b.raw)));
        let mut examiner = Examiner::new(&directory, &listed);
        let mut looks: Vec<Option<Look>> = Vec::new();
        looks.resize_with(listed.len(), || None);
        for (at, alone) in by_inode(&listed) {
            looks[at] = examiner.examine(&listed[at], alone);
        }
        let (mut entries, mut facts) = (Vec::with_capacity(listed.len()), Vec::with_capacity(listed.len()));
        let mut mapped = BTreeMap::new();
        for (Listed { name, raw, inode, .. }, look) in listed.into_iter().zip(looks) {
            let Some(Look { kind, size, damage, status, content, extents }) = look else {
                let path = path.join(on_disk(&name, raw.as_deref()));
                remarks.push(format!("{}: vanished while the directory was read", spelled(path)));
                continue;
            };
            mapped.extend(extents.map(|extents| (entries.len(), extents)));
            entries.push(Entry { name, kind, size, link: None, damage });
            facts.push(Facts { raw, inode, status, used: AtomicBool::new(false), content });
        }
        number_links(&mut entries, &facts);
        let (opener, records) = examiner.finish();
        Ok(Self {
            owner: handles.owner(),
            path: path.to_owned(),
            held: handles.may_hold_directory().then_some(directory),
            entries,
            facts,
            handles: handles.clone(),
            identity,
            opener,
            records,
            mapped: Mutex::new(mapped),
        })
    }

    /// What tells this directory from others.
    pub(super) fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// The place of an entry. Two names on the disk may be written alike; then the rest tells them apart.
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
    fn regular(&self, entry: &Entry) -> Result<usize, ReadError> {
        let at = self.position(entry)?;
        match self.entries[at].kind {
            Kind::File => Ok(at),
            kind => Err(ReadError::NotAFile(kind)),
        }
    }

    /// The directory as a start for names, and the name of an entry from there.
    fn way(&self, at: usize) -> (BorrowedFd<'_>, Cow<'_, OsStr>) {
        let name = on_disk(&self.entries[at].name, self.facts[at].raw.as_deref());
        match &self.held {
            Some(directory) => (directory.as_fd(), Cow::Borrowed(name)),
            None => (CWD, Cow::Owned(self.path.join(name).into_os_string())),
        }
    }

    fn open(&self, at: usize) -> io::Result<OwnedFd> {
        let (start, name) = self.way(at);
        Ok(self.opener.open(start, &name)?)
    }

    /// Opens what was examined, not what has taken its name since.
    fn open_same(&self, at: usize) -> Result<OwnedFd, ReadError> {
        let file = self.open(at)?;
        let stat = fstat(&file).map_err(io::Error::from)?;
        if self.facts[at].is_of(&stat) {
            return Ok(file);
        }
        Err(ReadError::Damaged("was replaced by another file while the evidence was read".to_owned()))
    }

    /// How an entry differs from what was examined.
    fn change(&self, at: usize) -> Option<String> {
        let (name, facts, size) = (&self.entries[at].name, &self.facts[at], self.entries[at].size);
        let file = match self.open(at) {
            Ok(file) => file,
            // What could not be opened at first is reported elsewhere.
            Err(_) if facts.status.is_none() && facts.content.is_none() => return None,
            Err(error) => return Some(format!("{name} cannot be opened any more: {error}")),
        };
        let stat = match fstat(&file) {
            Ok(stat) => stat,
            Err(error) => {
                return Some(format!("{name} cannot be examined any more: {}", io::Error::from(error)));
            }
        };
        let now = Status::of(&stat);
        if number(stat.st_ino) != facts.inode
            || facts.status.as_ref().is_some_and(|s| s.identity != now.identity)
        {
            return Some(format!("{name} was replaced by another file while the evidence was read"));
        }
        if number(stat.st_size) != size {
            let is = number(stat.st_size);
            return Some(format!(
                "{name} changed its size from {size} to {is} bytes while the evidence was read"
            ));
        }
        let same = match &facts.status {
            Some(status) => status.modified() == now.modified(),
            // The system was not asked for its time: its bytes tell.
            None => {
                let content = self.content(at)?;
                let mut bytes = vec![0; content.len() + 1];
                read_full_at(&file, &mut bytes, 0).is_ok_and(|got| bytes[..got] == *content)
            }
        };
        (!same).then(|| format!("{name} was written while the evidence was read"))
    }

    /// The bytes of a record that was read at once.
    fn content(&self, at: usize) -> Option<&[u8]> {
        Some(&self.records[self.facts[at].content.clone()?])
    }
}

impl Source for Directory {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry) -> Result<Cow<'_, [u8]>, ReadError> {
        let at = self.regular(entry)?;
        if let Some(content) = self.content(at) {
            return Ok(Cow::Borrowed(content));
        }
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
                return Ok(Cow::Owned(bytes));
            }
            // It has grown since it was examined.
            if done as u64 > SMALL_FILE_LIMIT {
                return Err(too_large(done as u64));
            }
            bytes.resize(done + 4096, 0);
        }
    }

    fn modified(&self, entry: &Entry) -> Option<i128> {
        let at = self.position(entry).ok()?;
        let facts = &self.facts[at];
        match &facts.status {
            Some(status) => Some(status.modified()),
            None => {
                let (start, name) = self.way(at);
                let stat = statat(start, &*name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
                facts.is_of(&stat).then(|| Status::of(&stat).modified())
            }
        }
    }

    fn changed(&self) -> Vec<String> {
        let places = self.entries.iter().enumerate().filter(|(at, entry)| {
            entry.kind == Kind::File
                && (is_written_to(&entry.name) || self.facts[*at].used.load(Ordering::Relaxed))
        });
        places.filter_map(|(at, _)| self.change(at)).collect()
    }

    fn extents(&self, entry: &Entry) -> Result<Extents, ReadError> {
        let at = self.regular(entry)?;
        // Given away, not copied: there may be millions.
        let known = self.mapped.lock().unwrap_or_else(PoisonError::into_inner).remove(&at);
        if let Some(known) = known {
            return Ok(known);
        }
        let takes_storage = self.facts[at].status.as_ref().is_none_or(|status| status.stored);
        let size = self.entries[at].size;
        if let Some(nothing) = stores_nothing(size, takes_storage) {
            return Ok(nothing);
        }
        let file = self.open_same(at)?;
        Ok(stored(&mut Mapper::default(), file.as_fd(), size, takes_storage)?)
    }

    fn file(&self, entry: &Entry) -> Option<Arc<OwnedFd>> {
        let at = self.regular(entry).ok()?;
        self.facts[at].used.store(true, Ordering::Relaxed);
        self.handles.get(self.owner, at as u32, || self.open_same(at)).ok()
    }

    fn expect(&self, entry: &Entry, run: Run) {
        if !self.handles.ahead().is_wanted() {
            return;
        }
        let Ok(at) = self.regular(entry) else { return };
        if self.content(at).is_some() {
            return;
        }
        // What cannot be opened is told when it is read.
        if let Ok(file) = self.handles.get(self.owner, at as u32, || self.open_same(at)) {
            self.handles.ahead().ask(&*file, run.start, run.len());
        }
    }

    fn read_at(&self, entry: &Entry, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let at = self.regular(entry)?;
        let left = self.entries[at].size.saturating_sub(offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        if wanted == 0 {
            return Ok(0);
        }
        if let Some(content) = self.content(at) {
            buf[..wanted].copy_from_slice(&content[offset as usize..][..wanted]);
            return Ok(wanted);
        }
        self.facts[at].used.store(true, Ordering::Relaxed);
        let file = self.handles.get(self.owner, at as u32, || self.open_same(at))?;
        let done = self.handles.ahead().read(&*file, &mut buf[..wanted], offset)?;
        if done < wanted {
            let size = offset.saturating_add(done as u64);
            return Err(ReadError::Damaged(format!("became shorter while it was read: ends at byte {size}")));
        }
        Ok(done)
    }
}

/// Whether a replica that runs writes to the file.
fn is_written_to(name: &str) -> bool {
    matches!(name, "volume.meta" | "revision.counter")
        || name.starts_with("volume-head-") && name.ends_with(".img")
}

/// The places of all names in the order of their inodes, each with whether it has its inode for itself: neighbours
/// among the inodes are neighbours on the disk and in the kernel's memory.
fn by_inode(listed: &[Listed]) -> Vec<(usize, bool)> {
    let mut places: Vec<(u64, usize)> = listed.iter().map(|item| item.inode).zip(0..).collect();
    places.sort_unstable();
    let groups = places.chunk_by(|a, b| a.0 == b.0);
    groups.flat_map(|group| group.iter().map(|(_, at)| (*at, group.len() == 1))).collect()
}

/// Gives the names of one inode one number, counted in the order of their first names.
fn number_links(entries: &mut [Entry], facts: &[Facts]) {
    let mut names: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for (at, (entry, facts)) in entries.iter().zip(facts).enumerate() {
        if let Some(status) = &facts.status
            && status.linked
            && entry.kind == Kind::File
        {
            names.entry(status.identity).or_default().push(at);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Else an image that may not be looked at, and yet be opened, would pass for an empty one.
    #[test]
    fn nothing_is_taken_for_a_name_that_could_not_be_examined() {
        let file = tempfile::tempfile().expect("a temporary file");
        let stat = fstat(&file).expect("its status");
        let facts = |status, content| Facts {
            raw: None,
            inode: number(stat.st_ino),
            status,
            used: AtomicBool::new(false),
            content,
        };
        assert!(!facts(None, None).is_of(&stat));
        assert!(facts(Some(Status::of(&stat)), None).is_of(&stat));
        assert!(facts(None, Some(0..0)).is_of(&stat));
        assert!(!facts(None, Some(0..1)).is_of(&stat), "another length");
    }
}
