//! Directories of XFS: names in the inode, in one block, or in many. The hashed index beside the blocks is passed over, so
//! every name is met.

use super::Xfs;
use super::inode::{Format, Inode};
use crate::filesystem::bytes::{Fields, FsError};
use crate::filesystem::kind::FileKind;
use crate::filesystem::name::Name;
use crate::filesystem::piece::Blocks;

/// Names that are kept of one directory.
const NAMES: usize = 1 << 20;
/// Where the index begins, in bytes of the directory's file: names lie below.
const INDEX: u64 = 1 << 35;

impl Xfs<'_> {
    /// The names of a directory, sorted, without `.` and `..`; and what is wrong with it.
    pub(super) fn names_of(&self, inode: &Inode) -> Result<(Vec<Name>, Option<FsError>), FsError> {
        if inode.kind() != Some(FileKind::Directory) {
            return Err(FsError::damaged(format!("inode {} is no directory", inode.number)));
        }
        let mut out = Vec::new();
        let mut wrong = None;
        if inode.format == Format::Local {
            wrong = self.short(inode, &mut out).err();
        } else {
            let file = self.map(inode, u64::MAX)?;
            let mut block = vec![0; self.superblock.directory_block as usize];
            let mut at = 0;
            while let Some(next) = file.next_data(at).filter(|next| *next < INDEX) {
                // One that is small costs as much as its entries.
                self.spend(self.superblock.directory_block / 512)?;
                at = next / self.superblock.directory_block * self.superblock.directory_block;
                file.read_at(at, &mut block)?;
                // One bad block does not take the names of the others with it.
                wrong = wrong.or(self.entries(inode.number, &block, &mut out).err());
                at += self.superblock.directory_block;
            }
        }
        out.sort_unstable();
        Ok((out, wrong))
    }

    fn add(&self, name: &[u8], inode: u64, out: &mut Vec<Name>) -> Result<(), FsError> {
        self.spend(1)?;
        if name != b"." && name != b".." {
            if out.len() >= NAMES {
                return Err(FsError::Endless);
            }
            out.push(Name { name: name.to_vec(), inode });
        }
        Ok(())
    }

    /// Names that stand in the inode itself.
    fn short(&self, inode: &Inode, out: &mut Vec<Name>) -> Result<(), FsError> {
        let fields = Fields(&inode.fork);
        let damaged = || FsError::damaged(format!("directory {} has a wrong entry", inode.number));
        let wide = fields.u8(1) > 0;
        let count = usize::from(fields.u8(0));
        let mut at = if wide { 10 } else { 6 };
        let end = inode.fork.len().min(usize::try_from(inode.size).unwrap_or(usize::MAX));
        for _ in 0..count {
            let len = usize::from(fields.u8(at));
            let kind = usize::from(self.superblock.has_kinds);
            let number = at + 3 + len + kind;
            let next = number + if wide { 8 } else { 4 };
            if len == 0 || next > end {
                return Err(damaged());
            }
            let inode = if wide { fields.be64(number) } else { u64::from(fields.be32(number)) };
            self.add(fields.bytes(at + 3, len), inode, out)?;
            at = next;
        }
        Ok(())
    }

    /// Names in a block of a directory.
    fn entries(&self, of: u64, raw: &[u8], out: &mut Vec<Name>) -> Result<(), FsError> {
        let fields = Fields(raw);
        let damaged = || FsError::damaged(format!("a block of directory {of} has a wrong entry"));
        let (header, alone) = match fields.bytes(0, 4) {
            b"XD2B" => (16, true),
            b"XD2D" => (16, false),
            b"XDB3" => (64, true),
            b"XDD3" => (64, false),
            _ => return Err(FsError::damaged(format!("a block of directory {of} is none"))),
        };
        let end = if alone {
            // The index of a directory of one block stands at the block's end.
            let count = fields.be32(raw.len() - 8) as usize;
            let index = count.checked_mul(8).and_then(|index| index.checked_add(8));
            index.and_then(|index| raw.len().checked_sub(index)).ok_or_else(damaged)?
        } else {
            raw.len()
        };
        let mut at = header;
        while at + 8 <= end {
            if fields.be16(at) == 0xffff {
                let len = usize::from(fields.be16(at + 2));
                if len == 0 || len % 8 != 0 || at + len > end {
                    return Err(damaged());
                }
                self.spend(1)?;
                at += len;
                continue;
            }
            let len = usize::from(fields.u8(at + 8));
            let next = (at + 8 + 1 + len + usize::from(self.superblock.has_kinds) + 2).next_multiple_of(8);
            if len == 0 || next > end {
                return Err(damaged());
            }
            self.add(fields.bytes(at + 9, len), fields.be64(at), out)?;
            at = next;
        }
        Ok(())
    }
}
