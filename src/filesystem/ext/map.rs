//! Where the blocks of a file lie: extents, or the older maps of block numbers.

use super::Ext;
use super::inode::Inode;
use crate::filesystem::bytes::{Fields, FsError};
use crate::filesystem::piece::{Part, Piece};

/// Levels of an extent tree; the kernel makes no more.
const DEPTH: u16 = 5;
const EXTENT_MAGIC: u16 = 0xF30A;

impl Ext<'_> {
    /// Visits what a file takes up, data by their place in the file.
    pub fn parts(
        &self,
        inode: &Inode,
        visit: &mut dyn FnMut(Part) -> Result<(), FsError>,
    ) -> Result<(), FsError> {
        if !inode.is_mapped() {
            return Ok(());
        }
        if inode.has_extents() {
            let mut reached = 0;
            return self.extents(inode.number, &inode.map, None, &mut reached, visit);
        }
        let fields = Fields(&inode.map);
        let per_block = self.block_size() / 4;
        let mut run = Joined { piece: None, visit };
        for at in 0..12 {
            run.add(at as u64, fields.u32(at * 4).into(), self)?;
        }
        let mut logical = 12;
        for level in 0..3_u32 {
            self.indirect(
                inode.number,
                fields.u32(48 + level as usize * 4).into(),
                level,
                logical,
                &mut run,
            )?;
            logical += per_block.pow(level + 1);
        }
        run.flush()
    }

    fn extents(
        &self,
        of: u32,
        node: &[u8],
        expected: Option<u16>,
        reached: &mut u64,
        visit: &mut dyn FnMut(Part) -> Result<(), FsError>,
    ) -> Result<(), FsError> {
        let fields = Fields(node);
        let (entries, depth) = (usize::from(fields.u16(2)), fields.u16(6));
        if fields.u16(0) != EXTENT_MAGIC || depth > DEPTH || expected.is_some_and(|it| it != depth) {
            return Err(FsError::damaged(format!("the extents of inode {of} have a wrong header")));
        }
        if 12 + entries * 12 > node.len() {
            return Err(FsError::damaged(format!("inode {of} has more extents than fit")));
        }
        for at in (0..entries).map(|at| 12 + at * 12) {
            let logical = u64::from(fields.u32(at));
            if logical < *reached {
                return Err(FsError::damaged(format!("the extents of inode {of} are not in order")));
            }
            if depth > 0 {
                let child = u64::from(fields.u16(at + 8)) << 32 | u64::from(fields.u32(at + 4));
                visit(Part::Map(child))?;
                let block = self.block(child)?;
                self.extents(of, &block, Some(depth - 1), reached, visit)?;
                continue;
            }
            self.spend(1)?;
            let len = fields.u16(at + 4);
            let (blocks, unwritten) = if len > 32768 { (len - 32768, true) } else { (len, false) };
            let physical = u64::from(fields.u16(at + 6)) << 32 | u64::from(fields.u32(at + 8));
            let blocks = u64::from(blocks);
            if physical.saturating_add(blocks) > self.superblock.blocks {
                return Err(FsError::damaged(format!(
                    "an extent of inode {of} lies outside of the file system"
                )));
            }
            *reached = logical + blocks;
            visit(Part::Data(Piece { logical, physical, blocks, unwritten }))?;
        }
        Ok(())
    }

    fn indirect(
        &self,
        of: u32,
        block: u64,
        level: u32,
        logical: u64,
        run: &mut Joined<'_>,
    ) -> Result<(), FsError> {
        if block == 0 {
            return Ok(());
        }
        if block >= self.superblock.blocks {
            return Err(FsError::damaged(format!("inode {of} has a block outside of the file system")));
        }
        run.flush()?;
        (run.visit)(Part::Map(block))?;
        let raw = self.block(block)?;
        let fields = Fields(&raw);
        let per_block = self.block_size() / 4;
        for at in 0..per_block {
            let pointer = u64::from(fields.u32(at as usize * 4));
            let logical = logical + at * per_block.pow(level);
            match level {
                0 => run.add(logical, pointer, self)?,
                _ => self.indirect(of, pointer, level - 1, logical, run)?,
            }
        }
        Ok(())
    }
}

/// Block numbers put together to pieces.
struct Joined<'a> {
    piece: Option<Piece>,
    visit: &'a mut dyn FnMut(Part) -> Result<(), FsError>,
}

impl Joined<'_> {
    fn add(&mut self, logical: u64, physical: u64, ext: &Ext<'_>) -> Result<(), FsError> {
        if physical == 0 {
            return Ok(());
        }
        if physical >= ext.superblock.blocks {
            return Err(FsError::damaged("a file has a block outside of the file system"));
        }
        ext.spend(1)?;
        match &mut self.piece {
            Some(last)
                if last.logical + last.blocks == logical && last.physical + last.blocks == physical =>
            {
                last.blocks += 1;
            }
            _ => {
                self.flush()?;
                self.piece = Some(Piece { logical, physical, blocks: 1, unwritten: false });
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), FsError> {
        self.piece.take().map_or(Ok(()), |piece| (self.visit)(Part::Data(piece)))
    }
}
