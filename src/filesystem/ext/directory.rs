//! Directories: names and the inodes that they stand for. The hashed index of a large one reads as entries without a file, so
//! it is passed over and every name is met.

use super::Ext;
use super::inode::Inode;
use crate::filesystem::bytes::{Fields, FsError};
use crate::filesystem::kind::FileKind;
use crate::filesystem::name::Name;

/// Names that are kept of one directory.
const NAMES: usize = 1 << 20;

impl Ext<'_> {
    /// The names of a directory, sorted, without `.` and `..`; and what is wrong with it.
    pub fn names_of(&self, inode: &Inode) -> Result<(Vec<Name>, Option<FsError>), FsError> {
        if inode.kind() != Some(FileKind::Directory) {
            return Err(FsError::damaged(format!("inode {} is no directory", inode.number)));
        }
        let mut out = Vec::new();
        let mut wrong = None;
        if inode.is_inline() {
            // Four bytes for the parent, then entries; those that do not fit stand in an attribute, as a block of its own.
            let parts = [inode.map.get(4..), inode.attribute(7, b"data")];
            for part in parts.into_iter().flatten() {
                wrong = wrong.or(self.entries(inode.number, part, &mut out).err());
            }
        } else {
            let file = self.map_of(inode)?;
            let mut block = vec![0; self.block_size() as usize];
            let mut at = 0;
            while at < inode.size {
                self.spend(1)?;
                let Some(next) = file.next_data(at) else { break };
                at = next / self.block_size() * self.block_size();
                if at >= inode.size {
                    break;
                }
                file.read_at(at, &mut block)?;
                // One bad block does not take the names of the others with it.
                wrong = wrong.or(self.entries(inode.number, &block, &mut out).err());
                at += self.block_size();
            }
        }
        out.sort_unstable();
        Ok((out, wrong))
    }

    fn entries(&self, of: u32, raw: &[u8], out: &mut Vec<Name>) -> Result<(), FsError> {
        let fields = Fields(raw);
        let damaged = || FsError::damaged(format!("a block of directory {of} has a wrong entry"));
        let mut at = 0;
        while at + 8 <= raw.len() {
            self.spend(1)?;
            let inode = fields.u32(at);
            let len = match usize::from(fields.u16(at + 4)) {
                0 | 65535 if raw.len() == 65536 => 65536,
                // The rest of an inline directory that holds nothing.
                0 if inode == 0 => return Ok(()),
                len => len,
            };
            if len < 8 || len % 4 != 0 || at + len > raw.len() {
                return Err(damaged());
            }
            let name = fields.bytes(at + 8, usize::from(fields.u8(at + 6)));
            if inode != 0 {
                if name.is_empty() || name.len() + 8 > len || inode > self.superblock.inodes {
                    return Err(damaged());
                }
                if name != b"." && name != b".." {
                    if out.len() >= NAMES {
                        return Err(FsError::Endless);
                    }
                    out.push(Name { name: name.to_vec(), inode: inode.into() });
                }
            }
            at += len;
        }
        Ok(())
    }
}
