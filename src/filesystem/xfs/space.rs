//! Whose a block of XFS is: a file's, a directory's, the log's, the file system's own trees, or free.

use std::collections::HashSet;

use super::inode::Inode;
use super::superblock::checksum_fits;
use super::{Log, Xfs};
use crate::filesystem::bytes::{Fields, FsError};
use crate::filesystem::entry::Tree;
use crate::filesystem::kind::FileKind;
use crate::filesystem::owned::{Asked, Owned};
use crate::filesystem::piece::{Blocks, Part, Piece};
use crate::ident::Runs;

/// Levels of a tree of a group; XFS makes no more.
const DEPTH: u32 = 9;
/// Inodes that are made at once.
const CHUNK: u64 = 64;
/// Where the checksum stands in a header of a group, and in a block of its trees.
const GROUP_CHECKSUM: usize = 216;
const TREE_CHECKSUM: usize = 52;

/// A tree of a group: the marks of its blocks in both versions, and the length of a record and of a key.
struct Kind {
    magic: [&'static [u8]; 2],
    record: usize,
    key: usize,
}

const FREE: Kind = Kind { magic: [b"ABTB", b"AB3B"], record: 8, key: 8 };
const FREE_BY_SIZE: Kind = Kind { magic: [b"ABTC", b"AB3C"], record: 8, key: 8 };
const INODES: Kind = Kind { magic: [b"IABT", b"IAB3"], record: 16, key: 4 };
const FREE_INODES: Kind = Kind { magic: [b"FIBT", b"FIB3"], record: 16, key: 4 };
const OWNERS: Kind = Kind { magic: [b"RMB3", b"RMB3"], record: 24, key: 40 };
const SHARED: Kind = Kind { magic: [b"R3FC", b"R3FC"], record: 12, key: 4 };

/// The headers of one group.
struct Group {
    number: u64,
    /// Its first block.
    start: u64,
    raw: Vec<u8>,
    sector: usize,
}

/// What is asked about and is no file's, no directory's and not the log's.
struct Rest {
    tables: Asked,
    free: Asked,
}

impl Xfs<'_> {
    /// What is asked about, by the files of `tree`.
    pub(super) fn space(&self, asked: &mut Asked, tree: &Tree, out: &mut Owned) -> Result<(), FsError> {
        let mut seen = HashSet::new();
        for (at, entry) in tree.entries.iter().enumerate() {
            if !seen.insert(entry.inode) {
                continue;
            }
            let Ok(inode) = self.inode(entry.inode) else { continue };
            let data = self.of_inode(&inode, asked, out);
            match entry.kind {
                FileKind::Directory => out.directories += data,
                _ if data > 0 => _ = out.files.insert(at, data),
                _ => {}
            }
        }
        let superblock = &self.superblock;
        for number in superblock.own_inodes.into_iter().filter(|number| ![0, u64::MAX].contains(number)) {
            let Ok(inode) = self.inode(number) else { continue };
            if seen.insert(number) {
                out.tables += self.of_inode(&inode, asked, out);
            }
        }
        if superblock.log_start != 0 {
            let start = superblock.place(superblock.log_start)?;
            out.journal += asked.take(start, superblock.log_blocks);
        }
        let left = asked.left();
        if !left.is_empty() {
            self.groups(&left, out)?;
        }
        Ok(())
    }

    /// The data of an inode; what its maps and attributes take up goes to the tables.
    fn of_inode(&self, inode: &Inode, asked: &mut Asked, out: &mut Owned) -> u64 {
        let mut data = 0;
        // What can be said of a damaged map is said.
        let _ = self.parts(inode, &mut |part| {
            match part {
                Part::Data(Piece { physical, blocks, .. }) => data += asked.take(physical, blocks),
                Part::Map(block) => out.tables += asked.take(block, 1),
            }
            Ok(())
        });
        if let Some((format, extents, fork)) = &inode.attributes {
            let _ = self.fork(inode.number, *format, *extents, fork, &mut |part| {
                out.tables += match part {
                    Part::Data(piece) => asked.take(piece.physical, piece.blocks),
                    Part::Map(block) => asked.take(block, 1),
                };
                Ok(())
            });
        }
        data
    }

    /// Sorts out what is left by the trees of the groups. Free is only what is sure to be free: where a tree is damaged, or
    /// the log has changes that are not in the trees yet, it is unknown.
    fn groups(&self, left: &Runs, out: &mut Owned) -> Result<(), FsError> {
        let runs: Vec<_> = left.iter().copied().collect();
        let about = || Asked::about(runs.clone(), self.superblock.block_size);
        let mut rest = Rest { tables: about(), free: about() };
        let mut broken = about();
        for number in 0..self.superblock.groups {
            self.spend(1)?;
            let start = number * self.superblock.group_blocks;
            if !rest.tables.has(start, self.superblock.group_blocks) {
                continue;
            }
            if self.group(number, &mut rest).is_err() {
                broken.take(start, self.superblock.group_blocks);
            }
        }
        let without_tables = rest.tables.left();
        out.tables += left.bytes() - without_tables.bytes();
        let sure = without_tables.difference(&left.difference(&broken.left()));
        let in_use = sure.intersection(&rest.free.left());
        out.unnamed += in_use.bytes();
        let free = sure.bytes() - in_use.bytes();
        *(if self.log == Log::Clean { &mut out.free } else { &mut out.unknown }) += free;
        out.unknown += without_tables.bytes() - sure.bytes();
        Ok(())
    }

    fn group(&self, number: u64, rest: &mut Rest) -> Result<(), FsError> {
        let superblock = &self.superblock;
        let (size, sector) = (superblock.block_size, superblock.sector_size as usize);
        let start = number * superblock.group_blocks;
        // Four sectors of headers.
        rest.tables.take(start, (4 * superblock.sector_size).div_ceil(size));
        let mut raw = vec![0; 4 * sector];
        self.data(start * size, &mut raw)?;
        let group = Group { number, start, raw, sector };
        let (free, inodes) = (Fields(group.header(1)), Fields(group.header(2)));
        let wrong = superblock.is_v5 && !checksum_fits(group.header(1), GROUP_CHECKSUM);
        if free.bytes(0, 4) != b"XAGF" || inodes.bytes(0, 4) != b"XAGI" || wrong {
            return Err(FsError::damaged(format!("group {number} has wrong headers")));
        }
        self.kept_for_trees(&group, rest);
        let mut runs = Vec::new();
        self.walk(&group, (free.be32(16), free.be32(28)), &FREE, rest, &mut |record, _| {
            runs.push((u64::from(record.be32(0)), u64::from(record.be32(4))));
        })?;
        let sum = runs.iter().fold(0_u64, |sum, (_, blocks)| sum.saturating_add(*blocks));
        let mut reached = 0;
        for (first, blocks) in &runs {
            if *first < reached || first + blocks > superblock.group_blocks {
                return Err(FsError::damaged(format!("the free space of group {number} is not in order")));
            }
            reached = first + blocks;
        }
        if sum != u64::from(free.be32(52)) {
            return Err(FsError::damaged(format!("the free space of group {number} has another sum")));
        }
        self.walk(&group, (free.be32(20), free.be32(32)), &FREE_BY_SIZE, rest, &mut |_, _| {})?;
        let (per_block, sparse) = (superblock.inodes_per_block, superblock.has_sparse_inodes());
        self.walk(&group, (inodes.be32(20), inodes.be32(24)), &INODES, rest, &mut |record, rest| {
            let first = u64::from(record.be32(0));
            // Sparse chunks leave out inodes by fours.
            let holes = if sparse { record.be16(4) } else { 0 };
            for inode in (0..CHUNK).step_by(per_block.min(CHUNK) as usize) {
                if holes >> (inode / 4) & 1 == 0 {
                    rest.tables.take(start + (first + inode) / per_block, 1);
                }
            }
        })?;
        if superblock.is_v5 {
            let trees = [
                (inodes.be32(328), inodes.be32(332), &FREE_INODES),
                (free.be32(24), free.be32(36), &OWNERS),
                (free.be32(88), free.be32(92), &SHARED),
            ];
            for (root, levels, kind) in trees {
                self.walk(&group, (root, levels), kind, rest, &mut |_, _| {})?;
            }
        }
        for (first, blocks) in runs {
            rest.free.take(start + first, blocks);
        }
        Ok(())
    }

    /// A ring of blocks that are kept for the trees.
    fn kept_for_trees(&self, group: &Group, rest: &mut Rest) {
        let (free, list) = (Fields(group.header(1)), Fields(group.header(3)));
        let (first, last) = (free.be32(40) as usize, free.be32(44) as usize);
        let from = if self.superblock.is_v5 { 36 } else { 0 };
        let room = (group.sector - from) / 4;
        if first >= room || last >= room {
            return;
        }
        for at in 0..(free.be32(48) as usize).min(room) {
            let block = u64::from(list.be32(from + (first + at) % room * 4));
            if block < self.superblock.group_blocks {
                rest.tables.take(group.start + block, 1);
            }
        }
    }

    /// Walks a tree of a group, given by its root and its levels: its blocks are tables, its records are visited.
    fn walk(
        &self,
        group: &Group,
        (block, levels): (u32, u32),
        kind: &Kind,
        rest: &mut Rest,
        visit: &mut dyn FnMut(Fields<'_>, &mut Rest),
    ) -> Result<(), FsError> {
        if block == 0 || levels == 0 {
            return Ok(());
        }
        let (superblock, number) = (&self.superblock, group.number);
        let place = group.start + u64::from(block);
        if levels > DEPTH || u64::from(block) >= superblock.group_blocks || place >= superblock.blocks {
            return Err(FsError::damaged(format!("a tree of group {number} lies outside of it")));
        }
        rest.tables.take(place, 1);
        let raw = self.block(place)?;
        let fields = Fields(&raw);
        let header = if superblock.is_v5 { 56 } else { 16 };
        let count = usize::from(fields.be16(6));
        let room = raw.len() - header;
        let most = if levels == 1 { room / kind.record } else { room / (kind.key + 4) };
        let magic = kind.magic[usize::from(superblock.is_v5)];
        let wrong = superblock.is_v5 && !checksum_fits(&raw, TREE_CHECKSUM);
        if fields.bytes(0, 4) != magic || u32::from(fields.be16(4)) != levels - 1 || count > most || wrong {
            return Err(FsError::damaged(format!("a block of a tree of group {number} is none")));
        }
        for at in 0..count {
            if levels == 1 {
                self.spend(1)?;
                let start = header + at * kind.record;
                visit(Fields(&raw[start..start + kind.record]), rest);
            } else {
                let child = fields.be32(header + most * kind.key + at * 4);
                self.walk(group, (child, levels - 1), kind, rest, visit)?;
            }
        }
        Ok(())
    }
}

impl Group {
    /// One of its headers: the superblock's copy, free space, inodes, blocks that are kept.
    fn header(&self, number: usize) -> &[u8] {
        &self.raw[number * self.sector..(number + 1) * self.sector]
    }
}
