//! The files of a file system inside a view: listed, found, read in pieces.

use sha2::{Digest, Sha256};

use super::bytes::{Bytes, FsError, Within};
use super::contents::FileSystem;
use super::entry::{FileEntry, Tree};
use super::ext::{Ext, Replay};
use super::kind::FileKind;
use super::owned::{Asked, Owned};
use super::piece::File;
use super::system::{Replayed, System};
use super::tree;
use super::xfs::Xfs;
use crate::ident::{Run, Runs};

/// Bytes that are read at once.
pub(super) const AT_ONCE: usize = 1 << 20;
/// Holes of one file that are read as zeros unless set: more are a size that nobody reads to its end.
const HOLES: u64 = 1 << 38;

/// An open file system.
pub struct Files<'a> {
    pub(super) system: Box<dyn System + 'a>,
    holes: u64,
}

impl std::fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("place", &self.system.place()).finish_non_exhaustive()
    }
}

impl<'a> Files<'a> {
    /// Opens a file system, its journal replayed in memory.
    ///
    /// # Errors
    /// Where it is of a kind whose files are not read, or is too damaged to begin with.
    pub fn open(bytes: &'a dyn Bytes, what: &FileSystem) -> Result<Self, FsError> {
        Self::opened(bytes, what, Replay::Applied)
    }

    /// Opens it as it lies there, its journal ignored.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_as_it_lies(bytes: &'a dyn Bytes, what: &FileSystem) -> Result<Self, FsError> {
        Self::opened(bytes, what, Replay::Ignored)
    }

    fn opened(bytes: &'a dyn Bytes, what: &FileSystem, replay: Replay) -> Result<Self, FsError> {
        if !what.is_readable() {
            let kind = what.kind;
            return Err(FsError::Unsupported(format!(
                "{kind} is recognised, but its files are not read here; export the view and mount the image read-only"
            )));
        }
        let within = Within { bytes, place: what.place };
        let system: Option<Box<dyn System + 'a>> = match what.kind {
            "XFS" => Xfs::open(within)?.map(|xfs| Box::new(xfs) as _),
            _ => Ext::open(within, replay)?.map(|ext| Box::new(ext) as _),
        };
        Ok(Self { system: system.ok_or_else(|| FsError::damaged("there is no superblock"))?, holes: HOLES })
    }

    /// Sets how many bytes of holes of one file are read as zeros: 256 GiB unless set. A size costs nothing to claim, and
    /// time to read.
    #[must_use]
    pub fn with_holes(self, holes: u64) -> Self {
        Self { holes, ..self }
    }

    /// What replaying the journal does; `None` where it needs none.
    pub fn replayed(&self) -> Option<Replayed> {
        self.system.replayed()
    }

    /// What is to be said of changes that the next mount would make and that are not applied here.
    pub fn unapplied(&self) -> Option<String> {
        self.system.unapplied()
    }

    /// What ranges of the view belong to, by the files of `tree`.
    ///
    /// # Errors
    /// Where tables of the file system cannot be read.
    pub fn owners(&self, ranges: &Runs, tree: &Tree) -> Result<Owned, FsError> {
        let (place, size) = (self.system.place(), self.system.block_size());
        let claimed = self.system.blocks().saturating_mul(size);
        let inside = ranges.clip(place.start, place.start + claimed.min(place.len()));
        let mut out = Owned { outside: ranges.bytes() - inside.bytes(), ..Owned::default() };
        let start = place.start;
        let runs: Vec<Run> =
            inside.iter().map(|run| Run { start: run.start - start, end: run.end - start }).collect();
        if !runs.is_empty() {
            self.system.owners(&mut Asked::about(runs, size), tree, &mut out)?;
        }
        Ok(out)
    }

    /// Finds a path; the root is the empty one. Symbolic links on the way are not followed.
    ///
    /// # Errors
    /// [`FsError::NotFound`], or what is damaged on the way.
    pub fn find(&self, path: &[u8]) -> Result<FileEntry, FsError> {
        tree::find(&*self.system, path)
    }

    /// Lists a file, or a directory and everything below it.
    pub fn list(&self, start: &FileEntry) -> Tree {
        let mut out = tree::list(&*self.system, start);
        if let Some(why) = self.system.unapplied() {
            out.complete = false;
            out.remarks.insert(0, why);
        }
        out
    }

    /// Lists everything.
    ///
    /// # Errors
    /// Where the root cannot be read.
    pub fn all(&self) -> Result<Tree, FsError> {
        Ok(self.list(&self.system.entry(Vec::new(), self.system.root())?))
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// Where its map is damaged, or it is no regular file.
    pub fn reader(&self, entry: &FileEntry) -> Result<FileReader<'_>, FsError> {
        if entry.kind != FileKind::File {
            return Err(FsError::Unsupported(format!("a {} has no content to read", entry.kind.name())));
        }
        let file = self.system.file(entry.inode)?;
        // A block belongs to one place of one file; what claims more is made to fill a disk.
        let claimed = file.pieces.iter().fold(0_u64, |sum, piece| sum.saturating_add(piece.blocks));
        if claimed > self.system.claimable() {
            return Err(FsError::damaged(format!("inode {} claims more blocks than there are", entry.inode)));
        }
        Ok(FileReader { file, holes: self.holes })
    }

    /// The SHA-256 of a file's content, in hexadecimal.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn sha256(&self, entry: &FileEntry) -> Result<String, FsError> {
        let reader = self.reader(entry)?;
        let mut sum = Sha256::new();
        reader.visit(&mut |bytes| {
            sum.update(bytes);
            Ok(())
        })?;
        Ok(sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A regular file that can be read at a place.
pub struct FileReader<'a> {
    pub(super) file: File<'a>,
    holes: u64,
}

impl std::fmt::Debug for FileReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileReader").field("size", &self.file.size).finish_non_exhaustive()
    }
}

impl FileReader<'_> {
    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.file.size
    }

    /// The next byte at or behind `at` that is stored; `None` where only zeros follow.
    pub fn next_data(&self, at: u64) -> Option<u64> {
        self.file.next_data(at).filter(|at| *at < self.file.size)
    }

    /// Fills `buf` from `offset` on; holes and what lies behind the end are zeros.
    ///
    /// # Errors
    /// Where the view cannot be read.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        self.file.read_at(offset, buf)
    }

    /// Visits the content from its start to its end, holes as zeros, in pieces of bounded size.
    ///
    /// # Errors
    /// Where it cannot be read, or is a hole without an end.
    pub fn visit(&self, visit: &mut dyn FnMut(&[u8]) -> Result<(), FsError>) -> Result<(), FsError> {
        // Asked before anything is read: hashing hundreds of GiB of zeros takes minutes.
        if self.file.holes() > self.holes {
            let most = self.holes >> 20;
            return Err(FsError::Unsupported(format!("a file with more than {most} MiB of holes")));
        }
        let mut buf = vec![0; AT_ONCE.min(usize::try_from(self.size()).unwrap_or(AT_ONCE))];
        let mut at = 0;
        while at < self.size() {
            let len = (self.size() - at).min(AT_ONCE as u64) as usize;
            if self.next_data(at).is_none_or(|next| next >= at + len as u64) {
                buf[..len].fill(0);
            } else {
                self.read_at(at, &mut buf[..len])?;
            }
            visit(&buf[..len])?;
            at += len as u64;
        }
        Ok(())
    }
}
