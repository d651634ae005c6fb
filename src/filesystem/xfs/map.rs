//! Where the blocks of a file lie: a list of extents in the inode, or a tree of them.

use super::Xfs;
use super::inode::{Format, Inode};
use crate::filesystem::bytes::{Fields, FsError};
use crate::filesystem::piece::{Blocks, Part, Piece};

/// Levels of a tree; XFS makes no more.
const DEPTH: u16 = 9;

impl Xfs<'_> {
    /// Visits what a file takes up, data by their place in the file.
    pub(super) fn parts(
        &self,
        inode: &Inode,
        visit: &mut dyn FnMut(Part) -> Result<(), FsError>,
    ) -> Result<(), FsError> {
        if inode.is_realtime {
            return Err(FsError::Unsupported(format!(
                "inode {} has its data on the realtime device, which is not read",
                inode.number
            )));
        }
        self.fork(inode.number, inode.format, inode.extents, &inode.fork, visit)
    }

    /// Visits what a fork of an inode takes up: that of the data, or that of the attributes.
    pub(super) fn fork(
        &self,
        of: u64,
        format: Format,
        extents: u64,
        fork: &[u8],
        visit: &mut dyn FnMut(Part) -> Result<(), FsError>,
    ) -> Result<(), FsError> {
        let mut reached = 0;
        match format {
            Format::Device | Format::Local => Ok(()),
            Format::Extents => {
                let count = usize::try_from(extents).ok().and_then(|count| count.checked_mul(16));
                let records = count.and_then(|length| fork.get(..length));
                let records = records
                    .ok_or_else(|| FsError::damaged(format!("inode {of} has more extents than fit")))?;
                self.records(of, records, &mut reached, visit)
            }
            Format::Tree => {
                let fields = Fields(fork);
                let (level, count) = (fields.be16(0), usize::from(fields.be16(2)));
                let most = fork.len().saturating_sub(4) / 16;
                if level == 0 || level > DEPTH || count > most {
                    return Err(FsError::damaged(format!(
                        "the tree of extents of inode {of} has a wrong root"
                    )));
                }
                for at in 0..count {
                    let child = fields.be64(4 + most * 8 + at * 8);
                    self.node(of, child, level - 1, &mut reached, visit)?;
                }
                Ok(())
            }
        }
    }

    fn node(
        &self,
        of: u64,
        block: u64,
        level: u16,
        reached: &mut u64,
        visit: &mut dyn FnMut(Part) -> Result<(), FsError>,
    ) -> Result<(), FsError> {
        let place = self.superblock.place(block)?;
        visit(Part::Map(place))?;
        let raw = self.block(place)?;
        let fields = Fields(&raw);
        let (magic, header) = if self.superblock.is_v5 { (b"BMA3", 72) } else { (b"BMAP", 24) };
        let count = usize::from(fields.be16(6));
        let most = (raw.len() - header) / 16;
        if fields.bytes(0, 4) != magic || fields.be16(4) != level || count > most {
            return Err(FsError::damaged(format!("a block of the tree of extents of inode {of} is none")));
        }
        if level == 0 {
            return self.records(of, &raw[header..header + count * 16], reached, visit);
        }
        for at in 0..count {
            self.node(of, fields.be64(header + most * 8 + at * 8), level - 1, reached, visit)?;
        }
        Ok(())
    }

    fn records(
        &self,
        of: u64,
        records: &[u8],
        reached: &mut u64,
        visit: &mut dyn FnMut(Part) -> Result<(), FsError>,
    ) -> Result<(), FsError> {
        let fields = Fields(records);
        for at in (0..records.len()).step_by(16) {
            self.spend(1)?;
            let (high, low) = (fields.be64(at), fields.be64(at + 8));
            let (logical, blocks) = ((high & !(1 << 63)) >> 9, low & 0x1f_ffff);
            let first = (high & 0x1ff) << 43 | low >> 21;
            if logical < *reached || blocks == 0 {
                return Err(FsError::damaged(format!("the extents of inode {of} are not in order")));
            }
            let physical = self.superblock.place(first)?;
            // One extent lies in one group.
            let group = physical % self.superblock.group_blocks;
            if group + blocks > self.superblock.group_blocks || physical + blocks > self.superblock.blocks {
                return Err(FsError::damaged(format!("an extent of inode {of} lies outside of its group")));
            }
            *reached = logical + blocks;
            visit(Part::Data(Piece { logical, physical, blocks, unwritten: high >> 63 == 1 }))?;
        }
        Ok(())
    }
}
