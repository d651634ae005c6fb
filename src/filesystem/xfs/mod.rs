//! XFS, read only: what is needed to list files, read them, and say whose a block is.
//!
//! Versions 4 and 5, on one device. The log is not replayed: a dirty log is said, and what is read is what lies there.
//! The checksums of the superblock and of the trees of free space are checked, those of inodes and directories are not: what
//! can be read of a damaged file system is shown, since that is what it is read for.
//!
//! Source: "XFS Algorithms & Data Structures", and what mkfs.xfs and xfs_db make and say.

mod directory;
mod inode;
mod log;
mod map;
mod space;
mod superblock;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::bytes::{Bytes, FsError, Within};
use super::entry::{FileEntry, Tree};
use super::kind::FileKind;
use super::name::Name;
use super::owned::{Asked, Owned};
use super::piece::{Blocks, File, read_map};
use super::system::System;
use crate::ident::Run;
use inode::{Format, Inode};
pub(super) use log::{Log, log};
pub(super) use superblock::Superblock;

/// Blocks of the file system's own tables that are kept.
const KEPT: usize = 64;
/// Bytes of the file system's own tables that are one step of work.
const STEP: u64 = 4096;
/// Steps that are done for any file system, however little it stores.
const LEAST_WORK: u64 = 1 << 22;
/// How many times all that is stored may be read, and what is read of any file system. A block may be many files'.
const READINGS: u64 = 128;
const LEAST_READ: u64 = 64 << 20;
/// How many times its blocks the files can claim where they share blocks.
const SHARED: u64 = 64;
/// The longest target of a symbolic link.
const TARGET: u64 = 1024;
/// The header of each block of a long target, in version 5.
const TARGET_HEADER: u64 = 56;

/// An open file system.
pub(super) struct Xfs<'a> {
    bytes: Within<'a>,
    pub superblock: Superblock,
    log: Log,
    work: AtomicU64,
    readable: AtomicU64,
    kept: Mutex<VecDeque<(u64, Arc<Vec<u8>>)>>,
}

impl<'a> Xfs<'a> {
    /// Opens it; `None` where there is no such file system.
    pub fn open(bytes: Within<'a>) -> Result<Option<Self>, FsError> {
        let Some(superblock) = Superblock::read(&bytes)? else { return Ok(None) };
        superblock.check()?;
        let stored = bytes.stored();
        Ok(Some(Self {
            log: log(&bytes, &superblock),
            bytes,
            superblock,
            work: AtomicU64::new(LEAST_WORK + stored / 64),
            readable: AtomicU64::new(READINGS.saturating_mul(stored.saturating_add(LEAST_READ))),
            kept: Mutex::default(),
        }))
    }

    /// One block, by its number from the start.
    fn block(&self, number: u64) -> Result<Arc<Vec<u8>>, FsError> {
        self.spend(self.superblock.block_size.div_ceil(STEP))?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, block)) = kept.iter().find(|(at, _)| *at == number) {
            return Ok(Arc::clone(block));
        }
        let mut raw = vec![0; self.superblock.block_size as usize];
        self.data(number * self.superblock.block_size, &mut raw)?;
        let block = Arc::new(raw);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((number, Arc::clone(&block)));
        Ok(block)
    }

    /// The map of an inode's data, as a file of that size.
    fn map(&self, inode: &Inode, size: u64) -> Result<File<'_>, FsError> {
        let inline = (inode.format == Format::Local).then(|| {
            let len = usize::try_from(inode.size).unwrap_or(0).min(inode.fork.len());
            inode.fork[..len].to_vec()
        });
        read_map(self, size, inline, |visit| self.parts(inode, visit))
    }

    /// Where a symbolic link leads.
    fn target(&self, inode: &Inode) -> Result<Vec<u8>, FsError> {
        let size = usize::try_from(inode.size.min(TARGET)).unwrap_or(0);
        let file = self.map(inode, u64::MAX)?;
        if inode.format == Format::Local || !self.superblock.is_v5 {
            let mut out = vec![0; size];
            file.read_at(0, &mut out)?;
            return Ok(out);
        }
        // In version 5 each extent begins with a header of its own.
        let mut out = Vec::new();
        for piece in &file.pieces {
            if out.len() >= size {
                break;
            }
            let start = piece.physical * self.superblock.block_size;
            let mut header = [0; TARGET_HEADER as usize];
            self.data(start, &mut header)?;
            if header[..4] != *b"XSLM" {
                return Err(FsError::damaged(format!(
                    "the target of link {} has a wrong header",
                    inode.number
                )));
            }
            let room = piece.blocks * self.superblock.block_size - TARGET_HEADER;
            let mut part = vec![0; (size - out.len()).min(usize::try_from(room).unwrap_or(size))];
            self.data(start + TARGET_HEADER, &mut part)?;
            out.extend(part);
        }
        if out.len() < size {
            return Err(FsError::damaged(format!("the target of link {} is cut", inode.number)));
        }
        Ok(out)
    }
}

impl Blocks for Xfs<'_> {
    fn block_size(&self) -> u64 {
        self.superblock.block_size
    }

    fn data(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        spend(&self.readable, buf.len() as u64)?;
        self.bytes.read(offset, buf)
    }

    fn spend(&self, work: u64) -> Result<(), FsError> {
        spend(&self.work, work)
    }
}

/// Takes from what is left, and ends what no sound file system asks for.
fn spend(from: &AtomicU64, amount: u64) -> Result<(), FsError> {
    let left = from.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(amount));
    left.map(|_| ()).map_err(|_| FsError::Endless)
}

impl System for Xfs<'_> {
    fn root(&self) -> u64 {
        self.superblock.root
    }

    fn place(&self) -> Run {
        self.bytes.place
    }

    fn blocks(&self) -> u64 {
        self.superblock.blocks
    }

    fn claimable(&self) -> u64 {
        // Where blocks are shared, files can claim more than there are: a limit it has, and nothing sound comes near it.
        let times = if self.superblock.has_shared_blocks { SHARED } else { 1 };
        self.superblock.blocks.saturating_mul(times)
    }

    fn entry(&self, path: Vec<u8>, number: u64) -> Result<FileEntry, FsError> {
        let inode = self.inode(number)?;
        let kind = inode.kind().ok_or_else(|| {
            FsError::damaged(format!("inode {number} is of no kind (mode {:o})", inode.mode))
        })?;
        let target = (kind == FileKind::Link).then(|| self.target(&inode)).transpose()?;
        Ok(FileEntry {
            path,
            inode: number,
            kind,
            mode: inode.mode & 0o7777,
            uid: inode.uid,
            gid: inode.gid,
            links: inode.links,
            size: inode.size,
            modified: inode.modified,
            changed: inode.changed,
            target,
            encrypted: false,
        })
    }

    fn names(&self, inode: u64) -> Result<(Vec<Name>, Option<FsError>), FsError> {
        self.names_of(&self.inode(inode)?)
    }

    fn file(&self, inode: u64) -> Result<File<'_>, FsError> {
        let inode = self.inode(inode)?;
        self.map(&inode, inode.size)
    }

    fn owners(&self, asked: &mut Asked, tree: &Tree, out: &mut Owned) -> Result<(), FsError> {
        self.space(asked, tree, out)
    }

    fn unapplied(&self) -> Option<String> {
        match &self.log {
            Log::Clean => None,
            Log::Dirty { records, bytes } => Some(format!(
                "the log of XFS is dirty and was not replayed: the next mount recovers {records} records ({} KiB) of it; \
                 what is listed here is what lies on the disk",
                bytes.div_ceil(1024)
            )),
            Log::Unknown(why) => Some(format!(
                "whether the log of XFS is clean is unknown ({why}); it was not replayed, and what is listed here is what \
                 lies on the disk"
            )),
        }
    }
}
