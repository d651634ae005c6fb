//! A replica directory inside an archive: entries, and bytes by pieces.

use std::borrow::Cow;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags, fstat, openat};

use super::examine::{Status, identity, number};
use super::handles::Handles;
use super::spool::Spool;
use super::{Entry, Extents, Kind, Origin, ReadError, SMALL_FILE_LIMIT, Source, clip};
use crate::ident::{Run, Runs};

/// A part of a file and where its bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// First byte in the file.
    pub(super) at: u64,
    pub(super) len: u64,
    /// First byte in the archive or the spool.
    pub(super) place: u64,
}

/// Where the bytes of one file are.
#[derive(Debug)]
pub(super) enum Bytes {
    /// All of them, in memory.
    Kept(Vec<u8>),
    /// All of them, one behind the other, from this place of the archive on.
    Stretch(u64),
    /// Ascending pieces; what lies between them is zeros.
    Pieces(Vec<Piece>),
    /// Nowhere: they went by.
    NotKept,
}

/// Which ranges of a file are stored.
#[derive(Debug)]
pub(super) enum Stored {
    Whole,
    Ranges(Runs),
    /// The map is wrong, so that nothing about the content is known.
    Unknown,
}

/// The content of one inode.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) size: u64,
    pub(super) stored: Stored,
    pub(super) origin: Origin,
    pub(super) bytes: Bytes,
    /// From here on stored bytes are missing, and why.
    pub(super) missing: Option<(u64, String)>,
}

/// What the places of pieces refer to.
#[derive(Debug)]
pub(super) enum Backing {
    Archive(Arc<ArchiveFile>),
    Spool(Option<Arc<Spool>>),
}

/// An archive that can be sought, opened again whenever it is needed.
#[derive(Debug)]
pub(super) struct ArchiveFile {
    path: PathBuf,
    handles: Arc<Handles>,
    owner: u32,
    identity: (u64, u64),
    pub(super) size: u64,
    modified: i128,
}

impl ArchiveFile {
    /// Opens a regular file; `Ok(None)` for anything else.
    pub(super) fn open(path: &Path, handles: &Arc<Handles>) -> io::Result<Option<(Self, OwnedFd)>> {
        let file = open(path)?;
        let stat = fstat(&file)?;
        if !rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file() {
            return Ok(None);
        }
        let archive = Self {
            path: path.to_owned(),
            handles: handles.clone(),
            owner: handles.owner(),
            identity: identity(&stat),
            size: number(stat.st_size),
            modified: Status::of(&stat).modified(),
        };
        Ok(Some((archive, file)))
    }

    /// Says so if the file is not what it was when it was opened.
    pub(super) fn changed(&self) -> Option<String> {
        let now = match open(&self.path).and_then(|file| Ok(fstat(&file)?)) {
            Ok(now) => now,
            Err(error) => return Some(format!("the archive cannot be opened again: {error}")),
        };
        let how = if identity(&now) != self.identity {
            "was replaced"
        } else if number(now.st_size) != self.size || Status::of(&now).modified() != self.modified {
            "changed"
        } else {
            return None;
        };
        Some(format!("the archive {how} while it was read"))
    }

    /// What tells this file from others.
    pub(super) fn identity(&self) -> (u64, u64) {
        self.identity
    }

    fn file(&self) -> Result<Arc<OwnedFd>, ReadError> {
        self.handles.get(self.owner, 0, || {
            let file = open(&self.path)?;
            let stat = fstat(&file).map_err(io::Error::from)?;
            if identity(&stat) == self.identity() {
                return Ok(file);
            }
            Err(ReadError::Damaged("the archive was replaced while it was read".to_owned()))
        })
    }

    pub(super) fn read(&self, place: u64, buf: &mut [u8]) -> Result<(), ReadError> {
        let file = self.file()?;
        if self.handles.ahead().read(&*file, buf, place)? < buf.len() {
            return Err(ReadError::Damaged("the archive became shorter while it was read".to_owned()));
        }
        Ok(())
    }

    fn expect(&self, place: u64, len: u64) {
        if let Ok(file) = self.file() {
            self.handles.ahead().ask(&*file, place, len);
        }
    }
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    // NONBLOCK: a named pipe must not make us wait for a writer.
    Ok(openat(CWD, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?)
}

/// A replica directory of an archive.
#[derive(Debug)]
pub(super) struct Archived {
    pub(super) entries: Vec<Entry>,
    /// One for each entry; absent for what is not a file or was never there.
    pub(super) bodies: Vec<Option<Arc<Body>>>,
    /// When each was changed last.
    pub(super) times: Vec<Option<i128>>,
    pub(super) backing: Arc<Backing>,
}

impl Archived {
    fn position(&self, entry: &Entry) -> Option<usize> {
        self.entries.binary_search_by(|e| e.name.cmp(&entry.name)).ok()
    }

    fn body(&self, entry: &Entry) -> Result<&Body, ReadError> {
        let at = self.position(entry).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let own = &self.entries[at];
        match (&self.bodies[at], own.kind) {
            (Some(body), Kind::File) => Ok(body),
            (None, Kind::File) => Err(ReadError::Damaged(own.damage.clone().unwrap_or_default())),
            (_, kind) => Err(ReadError::NotAFile(kind)),
        }
    }

    fn fetch(&self, place: u64, buf: &mut [u8]) -> Result<(), ReadError> {
        match &*self.backing {
            Backing::Archive(archive) => archive.read(place, buf),
            Backing::Spool(Some(spool)) => Ok(spool.read(place, buf)?),
            Backing::Spool(None) => Err(ReadError::NotKept),
        }
    }
}

impl Source for Archived {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry) -> Result<Cow<'_, [u8]>, ReadError> {
        let body = self.body(entry)?;
        if body.size > SMALL_FILE_LIMIT {
            return Err(ReadError::TooLarge { size: body.size, limit: SMALL_FILE_LIMIT });
        }
        let mut bytes = vec![0; body.size as usize];
        self.read_at(entry, 0, &mut bytes)?;
        Ok(bytes.into())
    }

    fn modified(&self, entry: &Entry) -> Option<i128> {
        self.times[self.position(entry)?]
    }

    fn extents(&self, entry: &Entry) -> Result<Extents, ReadError> {
        let body = self.body(entry)?;
        let runs = match (&body.stored, &body.missing) {
            (Stored::Whole, _) => clip([Run { start: 0, end: body.size }], body.size),
            (Stored::Ranges(runs), _) => runs.clone(),
            (Stored::Unknown, Some((_, why))) => return Err(ReadError::Damaged(why.clone())),
            (Stored::Unknown, None) => return Err(ReadError::NotKept),
        };
        Ok(Extents { runs, origin: body.origin })
    }

    fn changed(&self) -> Vec<String> {
        match &*self.backing {
            Backing::Archive(archive) => archive.changed().into_iter().collect(),
            // What was put aside is ours.
            Backing::Spool(_) => Vec::new(),
        }
    }

    fn expect(&self, entry: &Entry, run: Run) {
        // What was put aside was written just now, and is in the cache.
        let Backing::Archive(archive) = &*self.backing else { return };
        if !archive.handles.ahead().is_wanted() {
            return;
        }
        let Ok(body) = self.body(entry) else { return };
        let end = run.end.min(body.size);
        match &body.bytes {
            Bytes::Stretch(place) if run.start < end => archive.expect(place + run.start, end - run.start),
            Bytes::Pieces(pieces) => {
                let first = pieces.partition_point(|piece| piece.at + piece.len <= run.start);
                for piece in pieces[first..].iter().take_while(|piece| piece.at < end) {
                    let (from, to) = (piece.at.max(run.start), (piece.at + piece.len).min(end));
                    archive.expect(piece.place + (from - piece.at), to - from);
                }
            }
            _ => {}
        }
    }

    fn read_at(&self, entry: &Entry, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let body = self.body(entry)?;
        let len = usize::try_from(body.size.saturating_sub(offset)).unwrap_or(usize::MAX).min(buf.len());
        let (buf, end) = (&mut buf[..len], offset.saturating_add(len as u64));
        if let Some((from, why)) = &body.missing
            && body.stores(offset.max(*from), end)
        {
            return Err(ReadError::Damaged(why.clone()));
        }
        match &body.bytes {
            Bytes::Kept(bytes) => {
                // The part beyond what is kept was found to be a hole.
                buf.fill(0);
                let kept = bytes.get(offset as usize..).unwrap_or_default();
                let n = kept.len().min(len);
                buf[..n].copy_from_slice(&kept[..n]);
            }
            Bytes::Stretch(place) => self.fetch(place + offset, buf)?,
            Bytes::Pieces(pieces) => {
                let mut filled = 0;
                let first = pieces.partition_point(|p| p.at + p.len <= offset);
                for piece in pieces[first..].iter().take_while(|p| p.at < end) {
                    let from = piece.at.max(offset);
                    let to = (piece.at + piece.len).min(end);
                    let (start, stop) = ((from - offset) as usize, (to - offset) as usize);
                    buf[filled..start].fill(0);
                    self.fetch(piece.place + (from - piece.at), &mut buf[start..stop])?;
                    filled = stop;
                }
                buf[filled..].fill(0);
            }
            Bytes::NotKept if body.stores(offset, end) => return Err(ReadError::NotKept),
            Bytes::NotKept => buf.fill(0),
        }
        Ok(len)
    }
}

impl Body {
    /// Whether any byte of `start..end` is stored, as far as is known.
    fn stores(&self, start: u64, end: u64) -> bool {
        let Stored::Ranges(runs) = &self.stored else { return start < end };
        let runs: &[Run] = runs.as_slice();
        let first = runs.partition_point(|run| run.end <= start);
        start < end && runs.get(first).is_some_and(|run| run.start < end)
    }
}
