//! Whose a block is: a file's data, a directory, the journal, the file system's own tables, or free.

use std::collections::{BTreeMap, HashSet};

use super::bytes::FsError;
use super::ext::{FileKind, Part, Piece, ROOT};
use super::files::Files;
use super::tree::Tree;
use crate::ident::{BLOCK_SIZE, Run, Runs};

/// The first inode that files can have.
const RESERVED: u32 = 11;
/// Orphans that are looked at.
const ORPHANS: usize = 1 << 16;

/// What some ranges of a view belong to, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Owned {
    /// Data of files, by the place of the entry in the tree. A file of several names stands under its first.
    pub files: BTreeMap<usize, u64>,
    /// Directories.
    pub directories: u64,
    /// The journal.
    pub journal: u64,
    /// Tables: superblocks, bitmaps, inodes, maps of files, attributes.
    pub tables: u64,
    /// Free space: nothing is lost with it.
    pub free: u64,
    /// In use, and no file by that was listed: deleted files that were still open, or what could not be listed.
    pub unnamed: u64,
    /// Outside of the file system.
    pub outside: u64,
}

/// The ranges that are asked about; what is found is taken out.
struct Asked {
    /// In bytes of the file system.
    runs: Vec<Run>,
    size: u64,
    taken: Runs,
    list: Vec<Run>,
}

impl Asked {
    /// Bytes of these blocks that are asked about.
    fn take(&mut self, first: u64, blocks: u64) -> u64 {
        let (start, end) =
            (first.saturating_mul(self.size), first.saturating_add(blocks).saturating_mul(self.size));
        let from = self.runs.partition_point(|run| run.end <= start);
        let mut found = 0;
        for run in self.runs[from..].iter().take_while(|run| run.start < end) {
            let part = Run { start: run.start.max(start), end: run.end.min(end) };
            found += part.len();
            self.list.push(part);
        }
        found
    }

    /// What is asked about and was not found yet.
    fn left(&mut self) -> Runs {
        let list = std::mem::take(&mut self.list);
        self.taken = self.taken.union(&Runs::from_unsorted(list));
        Runs::from_unsorted(self.runs.clone()).difference(&self.taken)
    }
}

impl Files<'_> {
    /// What ranges of the view belong to, by the files of `tree`.
    ///
    /// # Errors
    /// Where tables of the file system cannot be read.
    pub fn owners(&self, ranges: &Runs, tree: &Tree) -> Result<Owned, FsError> {
        let (start, size) = (self.ext.start(), self.ext.block_size());
        let inside = ranges.clip(start, start + self.ext.superblock.size().min(self.ext.room()));
        let mut out = Owned { outside: ranges.bytes() - inside.bytes(), ..Owned::default() };
        let runs: Vec<Run> =
            inside.iter().map(|run| Run { start: run.start - start, end: run.end - start }).collect();
        if runs.is_empty() {
            return Ok(out);
        }
        let mut asked = Asked { runs, size, taken: Runs::new(), list: Vec::new() };
        let mut seen = HashSet::new();
        for (at, entry) in tree.entries.iter().enumerate() {
            if !seen.insert(entry.inode) {
                continue;
            }
            let Ok(inode) = self.ext.inode(entry.inode) else { continue };
            let (mut data, mut map) = (0, 0);
            // What can be said of a damaged map is said.
            let _ = self.ext.parts(&inode, &mut |part| {
                match part {
                    Part::Data(Piece { physical, blocks, .. }) => data += asked.take(physical, blocks),
                    Part::Map(block) => map += asked.take(block, 1),
                }
                Ok(())
            });
            if inode.attributes != 0 {
                map += asked.take(inode.attributes, 1);
            }
            out.tables += map;
            match entry.kind {
                FileKind::Directory => out.directories += data,
                _ if data > 0 => _ = out.files.insert(at, data),
                _ => {}
            }
        }
        self.journal(&mut asked, &mut out);
        self.reserved(&mut asked, &mut out);
        self.orphans(&mut asked, &mut out);
        self.groups(&mut asked, &mut out)?;
        Ok(out)
    }

    fn journal(&self, asked: &mut Asked, out: &mut Owned) {
        let superblock = &self.ext.superblock;
        if !superblock.has_journal() || superblock.journal_inode == 0 {
            return;
        }
        let Ok(inode) = self.ext.inode(superblock.journal_inode) else { return };
        let _ = self.ext.parts(&inode, &mut |part| {
            match part {
                Part::Data(piece) => out.journal += asked.take(piece.physical, piece.blocks),
                Part::Map(block) => out.tables += asked.take(block, 1),
            }
            Ok(())
        });
    }

    /// What the file system keeps in inodes of its own: room to grow, quotas, the list of orphans.
    fn reserved(&self, asked: &mut Asked, out: &mut Owned) {
        let superblock = &self.ext.superblock;
        let own = (1..RESERVED).filter(|number| *number != ROOT && *number != superblock.journal_inode);
        for number in own.chain([superblock.orphan_file]).filter(|number| *number != 0) {
            let Ok(inode) = self.ext.inode(number) else { continue };
            let _ = self.ext.parts(&inode, &mut |part| {
                out.tables += match part {
                    Part::Data(piece) => asked.take(piece.physical, piece.blocks),
                    Part::Map(block) => asked.take(block, 1),
                };
                Ok(())
            });
        }
    }

    /// Files that were deleted while they were open; the next mount frees them.
    fn orphans(&self, asked: &mut Asked, out: &mut Owned) {
        let mut next = self.ext.superblock.first_orphan;
        for _ in 0..ORPHANS {
            let Ok(inode) = self.ext.inode(next) else { return };
            let _ = self.ext.parts(&inode, &mut |part| {
                match part {
                    Part::Data(piece) => out.unnamed += asked.take(piece.physical, piece.blocks),
                    Part::Map(block) => out.tables += asked.take(block, 1),
                }
                Ok(())
            });
            next = inode.deleted;
        }
    }

    /// What is left: tables of the groups, and what their bitmaps say.
    fn groups(&self, asked: &mut Asked, out: &mut Owned) -> Result<(), FsError> {
        let (superblock, size) = (&self.ext.superblock, self.ext.block_size());
        let per_group = superblock.blocks_per_group;
        let table = (u64::from(superblock.inodes_per_group) * superblock.inode_size).div_ceil(size);
        // With flexible groups the tables of many lie in one, so all are asked first.
        if !asked.left().is_empty() {
            out.tables += asked.take(0, superblock.first_data_block);
            for number in 0..superblock.groups() {
                let group = self.ext.group(number)?;
                let start = superblock.first_data_block + number * per_group;
                let copy = superblock.has_copy(number);
                if copy {
                    out.tables += asked.take(start, 1 + superblock.descriptor_blocks());
                }
                if superblock.has_own_descriptors(number) {
                    out.tables += asked.take(start + u64::from(copy), 1);
                }
                out.tables += asked.take(group.block_bitmap, 1);
                out.tables += asked.take(group.inode_bitmap, 1);
                out.tables += asked.take(group.inode_table, table);
            }
        }
        let rest = asked.left();
        let mut bitmap = None;
        for run in &rest {
            let mut at = run.start;
            while at < run.end {
                let block = at / size;
                let end = ((block + 1) * size).min(run.end);
                let index = block.saturating_sub(superblock.first_data_block);
                let group = index / per_group;
                if bitmap.as_ref().is_none_or(|(of, _)| *of != group) {
                    let place = self.ext.group(group)?;
                    let bits =
                        if place.blocks_unused { None } else { Some(self.ext.block(place.block_bitmap)?) };
                    bitmap = Some((group, bits));
                }
                let bit = (index % per_group) as usize;
                let bits = bitmap.as_ref().and_then(|(_, bits)| bits.as_ref());
                let used =
                    bits.is_some_and(|bits| bits.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1));
                *if used { &mut out.unnamed } else { &mut out.free } += end - at;
                at = end;
            }
        }
        Ok(())
    }
}

impl Owned {
    /// Bytes of files' data.
    pub fn data(&self) -> u64 {
        self.files.values().sum()
    }

    /// Everything, in blocks of a view.
    pub fn blocks(&self) -> u64 {
        let all = self.data() + self.directories + self.journal + self.tables + self.free + self.unnamed;
        (all + self.outside).div_ceil(BLOCK_SIZE)
    }
}
