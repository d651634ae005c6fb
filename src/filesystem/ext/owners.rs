//! Whose a block of ext2 to ext4 is.

use std::collections::HashSet;

use super::{Ext, ROOT};
use crate::filesystem::bytes::FsError;
use crate::filesystem::entry::Tree;
use crate::filesystem::kind::FileKind;
use crate::filesystem::owned::{Asked, Owned};
use crate::filesystem::piece::{Part, Piece};

/// The first inode that files can have.
const RESERVED: u32 = 11;
/// Orphans that are looked at.
const ORPHANS: usize = 1 << 16;

impl Ext<'_> {
    /// Sorts out what is asked about, by the files of a tree.
    pub(super) fn owners_of(&self, asked: &mut Asked, tree: &Tree, out: &mut Owned) -> Result<(), FsError> {
        let mut seen = HashSet::new();
        for (at, entry) in tree.entries.iter().enumerate() {
            if !seen.insert(entry.inode) {
                continue;
            }
            let Ok(inode) = self.inode_of(entry.inode) else { continue };
            let (mut data, mut map) = (0, 0);
            // What can be said of a damaged map is said.
            let _ = self.parts(&inode, &mut |part| {
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
        self.journal(asked, out);
        self.reserved(asked, out);
        self.orphans(asked, out);
        self.groups(asked, out)
    }

    fn journal(&self, asked: &mut Asked, out: &mut Owned) {
        let superblock = &self.superblock;
        if !superblock.has_journal() || superblock.journal_inode == 0 {
            return;
        }
        let Ok(inode) = self.inode(superblock.journal_inode) else { return };
        let _ = self.parts(&inode, &mut |part| {
            match part {
                Part::Data(piece) => out.journal += asked.take(piece.physical, piece.blocks),
                Part::Map(block) => out.tables += asked.take(block, 1),
            }
            Ok(())
        });
    }

    /// What the file system keeps in inodes of its own: room to grow, quotas, the list of orphans.
    fn reserved(&self, asked: &mut Asked, out: &mut Owned) {
        let superblock = &self.superblock;
        let own = (1..RESERVED).filter(|number| *number != ROOT && *number != superblock.journal_inode);
        for number in own.chain([superblock.orphan_file]).filter(|number| *number != 0) {
            let Ok(inode) = self.inode(number) else { continue };
            let _ = self.parts(&inode, &mut |part| {
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
        let mut next = self.superblock.first_orphan;
        for _ in 0..ORPHANS {
            let Ok(inode) = self.inode(next) else { return };
            let _ = self.parts(&inode, &mut |part| {
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
        let (superblock, size) = (&self.superblock, self.block_size());
        let per_group = superblock.blocks_per_group;
        let table = (u64::from(superblock.inodes_per_group) * superblock.inode_size).div_ceil(size);
        // With flexible groups the tables of many lie in one, so all are asked first.
        if !asked.left().is_empty() {
            out.tables += asked.take(0, superblock.first_data_block);
            for number in 0..superblock.groups() {
                let group = self.group(number)?;
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
                    let place = self.group(group)?;
                    let bits = if place.blocks_unused { None } else { Some(self.block(place.block_bitmap)?) };
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
