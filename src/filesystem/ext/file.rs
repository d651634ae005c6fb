//! The map of a file, and where a symbolic link leads.

use super::Ext;
use super::inode::Inode;
use crate::filesystem::bytes::FsError;
use crate::filesystem::kind::FileKind;
use crate::filesystem::piece::{File, read_map};

/// The longest target of a symbolic link.
const TARGET: u64 = 65_536;

impl Ext<'_> {
    /// Reads the map of a file.
    pub fn map_of(&self, inode: &Inode) -> Result<File<'_>, FsError> {
        let inline = inode.is_inline().then(|| inode.inline());
        read_map(self, inode.size, inline, |visit| self.parts(inode, visit))
    }

    /// Where a symbolic link leads.
    pub fn target(&self, inode: &Inode) -> Result<Vec<u8>, FsError> {
        let size = usize::try_from(inode.size.min(TARGET)).unwrap_or(0);
        if inode.kind() != Some(FileKind::Link) {
            return Err(FsError::damaged(format!("inode {} is no symbolic link", inode.number)));
        }
        if !inode.is_mapped() && !inode.is_inline() {
            return Ok(inode.map[..size.min(inode.map.len())].to_vec());
        }
        let mut out = vec![0; size];
        self.map_of(inode)?.read_at(0, &mut out)?;
        Ok(out)
    }
}
