//! ext2, ext3 and ext4, read only: what is needed to list files, read them, and say whose a block is.
//!
//! The journal is applied in memory: reads of a block whose newest version lies in it are led there. Checksums of the
//! superblock and of the journal are checked, those of inodes and directories are not: what can be read of a damaged file
//! system is shown, since that is what it is read for.

mod directory;
mod file;
mod inode;
mod journal;
mod map;
mod owners;
mod superblock;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::bytes::{Bytes, Fields, FsError, Within};
use super::entry::{FileEntry, Tree};
use super::kind::FileKind;
use super::name::Name;
use super::owned::{Asked, Owned};
use super::piece::{Blocks, File};
use super::system::{Replayed, System};
use crate::ident::Run;

use inode::Inode;
use journal::Recovery;
pub(super) use superblock::Superblock;

/// Blocks of the file system's own tables that are kept.
const KEPT: usize = 64;
/// Work that is done for any file system, however little it stores: entries, extents, blocks of tables.
const LEAST_WORK: u64 = 1 << 22;
/// Blocks of the longest journal that mke2fs makes.
const LOG: u64 = 10_240_000;
/// The root directory.
pub(super) const ROOT: u32 = 2;

/// An open file system.
pub(super) struct Ext<'a> {
    bytes: Within<'a>,
    pub superblock: Superblock,
    pub recovery: Recovery,
    work: AtomicU64,
    kept: Mutex<VecDeque<(u64, Arc<Vec<u8>>)>>,
}

/// Whether the journal is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replay {
    /// As the next mount would find it.
    Applied,
    /// As it lies on the disk.
    Ignored,
}

/// Where a group keeps its tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub block_bitmap: u64,
    pub inode_bitmap: u64,
    pub inode_table: u64,
    /// Whether its bitmap of blocks was never written: it has no file.
    pub blocks_unused: bool,
}

impl<'a> Ext<'a> {
    /// Opens it; `None` where there is no such file system.
    pub fn open(bytes: Within<'a>, replay: Replay) -> Result<Option<Self>, FsError> {
        let Some(superblock) = Superblock::read(&bytes)? else { return Ok(None) };
        superblock.sound()?;
        let work = LEAST_WORK + 16 * (bytes.stored() / superblock.block_size);
        let mut out = Self {
            bytes,
            superblock,
            recovery: Recovery::default(),
            work: AtomicU64::new(work),
            kept: Mutex::default(),
        };
        if replay == Replay::Applied && out.superblock.has_journal() && out.superblock.needs_recovery() {
            out.recover()?;
        }
        Ok(Some(out))
    }

    fn recover(&mut self) -> Result<(), FsError> {
        if self.superblock.journal_inode == 0 || self.superblock.has(superblock::incompat::JOURNAL_DEVICE) {
            self.recovery.remarks.push("the journal is on another device and is not applied".to_owned());
            return Ok(());
        }
        let inode = self.inode(self.superblock.journal_inode)?;
        let log = JournalFile { file: self.map_of(&inode)?, block: self.block_size() };
        let mut recovery = journal::recovery(&log, self.bytes.stored() / self.block_size())?;
        drop(log);
        // What it would write outside of the file system is nobody's.
        let blocks = self.superblock.blocks;
        recovery.newer.retain(|block, _| *block < blocks);
        // Places in the journal are places of its file; reads want places of the file system.
        let file = self.map_of(&inode)?;
        let place = |at: u64| {
            let index = file.pieces.partition_point(|piece| piece.logical + piece.blocks <= at);
            let piece = file.pieces.get(index).filter(|piece| piece.logical <= at);
            piece.map(|piece| piece.physical + (at - piece.logical))
        };
        for newer in recovery.newer.values_mut() {
            newer.block = place(newer.block).ok_or_else(|| FsError::damaged("the journal has a hole"))?;
        }
        drop(file);
        self.recovery = recovery;
        self.kept.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        // The superblock can be among what is recovered.
        let mut raw = [0; 1024];
        self.data(superblock::PLACE, &mut raw)?;
        if let Some(newer) = Superblock::of(&raw)
            && newer.sound().is_ok()
            && newer.block_size == self.superblock.block_size
        {
            let needed = self.superblock.incompat & superblock::incompat::RECOVER;
            self.superblock = newer;
            self.superblock.incompat |= needed;
        }
        Ok(())
    }

    pub fn block_size(&self) -> u64 {
        self.superblock.block_size
    }

    /// Counts work, and ends it where no sound file system asks for so much.
    fn spend(&self, work: u64) -> Result<(), FsError> {
        let left =
            self.work.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(work));
        left.map(|_| ()).map_err(|_| FsError::Endless)
    }

    /// One block of the file system's tables, as recovery leaves it.
    pub fn block(&self, number: u64) -> Result<Arc<Vec<u8>>, FsError> {
        self.spend(1)?;
        if number >= self.superblock.blocks {
            return Err(FsError::damaged(format!("block {number} lies outside of the file system")));
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, block)) = kept.iter().find(|(at, _)| *at == number) {
            return Ok(Arc::clone(block));
        }
        let mut raw = vec![0; self.block_size() as usize];
        self.data(number * self.block_size(), &mut raw)?;
        let block = Arc::new(raw);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((number, Arc::clone(&block)));
        Ok(block)
    }

    /// Bytes of the file system at a place, as recovery leaves them.
    pub fn data(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        if self.recovery.newer.is_empty() {
            return self.bytes.read(offset, buf);
        }
        let size = self.block_size();
        let end = offset + buf.len() as u64;
        let mut at = offset;
        // Stretches between recovered blocks are read in one go.
        for (&block, newer) in self.recovery.newer.range(offset / size..end.div_ceil(size)) {
            let (start, stop) = ((block * size).max(offset), ((block + 1) * size).min(end));
            if at < start {
                self.bytes.read(at, &mut buf[(at - offset) as usize..(start - offset) as usize])?;
            }
            let inside = start - block * size;
            let part = &mut buf[(start - offset) as usize..(stop - offset) as usize];
            self.bytes.read(newer.block * size + inside, part)?;
            if newer.escaped {
                let magic = 0xC03B_3998_u32.to_be_bytes();
                for (byte, own) in part.iter_mut().zip(magic.iter().skip(inside as usize)) {
                    *byte = *own;
                }
            }
            at = stop;
        }
        if at < end { self.bytes.read(at, &mut buf[(at - offset) as usize..]) } else { Ok(()) }
    }

    /// Where a group keeps its tables.
    pub fn group(&self, number: u64) -> Result<Group, FsError> {
        let (block, at) = self.descriptor(number);
        let raw = self.block(block)?;
        let fields = Fields(raw.get(at as usize..).unwrap_or(&[]));
        let wide = self.superblock.descriptor_size >= 64;
        let place = |low: usize, high: usize| {
            u64::from(fields.u32(low)) | if wide { u64::from(fields.u32(high)) << 32 } else { 0 }
        };
        Ok(Group {
            block_bitmap: place(0, 0x20),
            inode_bitmap: place(4, 0x24),
            inode_table: place(8, 0x28),
            blocks_unused: fields.u16(0x12) & 2 != 0,
        })
    }

    /// The block and the place in it of a group's descriptor.
    fn descriptor(&self, number: u64) -> (u64, u64) {
        let superblock = &self.superblock;
        let per_block = superblock.descriptors_per_block();
        let at = number % per_block * superblock.descriptor_size;
        if !superblock.is_meta_group(number) {
            return (superblock.first_data_block + 1 + number / per_block, at);
        }
        let first = number / per_block * per_block;
        let start = superblock.first_data_block + first * superblock.blocks_per_group;
        // In the first group of blocks of 1 KiB, the superblock's own block counts too.
        (start + u64::from(superblock.has_copy(first)), at)
    }

    /// The place of an inode's bytes.
    pub fn inode_place(&self, number: u32) -> Result<u64, FsError> {
        let superblock = &self.superblock;
        if number == 0 || number > superblock.inodes {
            return Err(FsError::damaged(format!("there is no inode {number}")));
        }
        let index = number - 1;
        let group = u64::from(index / superblock.inodes_per_group);
        if group >= superblock.groups() {
            return Err(FsError::damaged(format!("inode {number} lies in no group")));
        }
        let place = u64::from(index % superblock.inodes_per_group) * superblock.inode_size;
        Ok(self.group(group)?.inode_table.saturating_mul(self.block_size()).saturating_add(place))
    }

    /// Reads an inode.
    pub fn inode(&self, number: u32) -> Result<Inode, FsError> {
        let place = self.inode_place(number)?;
        let block = self.block(place / self.block_size())?;
        let at = (place % self.block_size()) as usize;
        let raw = block.get(at..at + self.superblock.inode_size as usize);
        Ok(Inode::of(number, raw.ok_or_else(|| FsError::damaged("an inode ends behind its block"))?))
    }

    /// Reads an inode of any number.
    fn inode_of(&self, number: u64) -> Result<Inode, FsError> {
        let small = u32::try_from(number);
        self.inode(small.map_err(|_| FsError::damaged(format!("there is no inode {number}")))?)
    }
}

impl Blocks for Ext<'_> {
    fn block_size(&self) -> u64 {
        Ext::block_size(self)
    }

    fn data(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        Ext::data(self, offset, buf)
    }

    fn spend(&self, work: u64) -> Result<(), FsError> {
        Ext::spend(self, work)
    }
}

impl System for Ext<'_> {
    fn root(&self) -> u64 {
        ROOT.into()
    }

    fn place(&self) -> Run {
        self.bytes.place
    }

    fn blocks(&self) -> u64 {
        self.superblock.blocks
    }

    fn entry(&self, path: Vec<u8>, inode: u64) -> Result<FileEntry, FsError> {
        let inode = self.inode_of(inode)?;
        let kind = inode.kind().ok_or_else(|| {
            FsError::damaged(format!("inode {} is of no kind (mode {:o})", inode.number, inode.mode))
        })?;
        let target = (kind == FileKind::Link).then(|| self.target(&inode)).transpose()?;
        Ok(FileEntry {
            path,
            inode: inode.number.into(),
            kind,
            mode: inode.mode & 0o7777,
            uid: inode.uid,
            gid: inode.gid,
            links: inode.links.into(),
            size: inode.size,
            modified: inode.modified,
            changed: inode.changed,
            target,
            encrypted: inode.is_encrypted(),
        })
    }

    fn names(&self, inode: u64) -> Result<(Vec<Name>, Option<FsError>), FsError> {
        self.names_of(&self.inode_of(inode)?)
    }

    fn file(&self, inode: u64) -> Result<File<'_>, FsError> {
        self.map_of(&self.inode_of(inode)?)
    }

    fn owners(&self, asked: &mut Asked, tree: &Tree, out: &mut Owned) -> Result<(), FsError> {
        self.owners_of(asked, tree, out)
    }

    fn replayed(&self) -> Option<Replayed> {
        self.superblock.needs_recovery().then(|| Replayed {
            transactions: self.recovery.transactions,
            blocks: self.recovery.newer_blocks(),
            remarks: self.recovery.remarks.clone(),
        })
    }

    fn recovered(&self) -> Vec<u64> {
        self.recovery.newer.keys().copied().collect()
    }

    fn is_recovered(&self, first: u64, blocks: u64) -> bool {
        self.recovery.newer.range(first..first.saturating_add(blocks)).next().is_some()
    }
}

/// The journal's file as its own log.
struct JournalFile<'a> {
    file: File<'a>,
    block: u64,
}

impl journal::Log for JournalFile<'_> {
    fn blocks(&self) -> u64 {
        (self.file.size / self.block).min(LOG)
    }

    fn read(&self, at: u64) -> Result<Vec<u8>, FsError> {
        self.file.spend(1)?;
        let mut raw = vec![0; self.block as usize];
        self.file.read_at(at * self.block, &mut raw)?;
        Ok(raw)
    }
}
