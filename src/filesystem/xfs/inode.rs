//! Inodes of XFS: what a file is, and where the map of its blocks begins.

use super::Xfs;
use crate::filesystem::bytes::{Fields, FsError};
use crate::filesystem::clock::Moment;
use crate::filesystem::kind::FileKind;

/// Where the data of an inode are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Device,
    Local,
    Extents,
    Tree,
}

/// One inode as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Inode {
    pub number: u64,
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
    pub links: u32,
    pub size: u64,
    pub modified: Moment,
    pub changed: Moment,
    pub format: Format,
    /// Whether its data lie on another device, the realtime one.
    pub is_realtime: bool,
    pub extents: u64,
    /// The part of the inode that holds its data, or their map.
    pub fork: Vec<u8>,
    /// Where its attributes are, and the part of the inode that holds them, or their map.
    pub attributes: Option<(Format, u64, Vec<u8>)>,
}

/// Flag: the data lie on the realtime device.
const REALTIME: u16 = 1;
const BIGTIME: u64 = 1 << 3;
const LARGE_COUNTS: u64 = 1 << 4;

impl Inode {
    /// What it is; `None` for one that is of no kind.
    pub fn kind(&self) -> Option<FileKind> {
        FileKind::of_mode(self.mode)
    }
}

impl Xfs<'_> {
    /// Reads an inode.
    pub(super) fn inode(&self, number: u64) -> Result<Inode, FsError> {
        let superblock = &self.superblock;
        let (block, at) = (
            number >> superblock.inodes_per_block_log,
            (number & (superblock.inodes_per_block - 1)) * superblock.inode_size,
        );
        let raw = self.block(superblock.place(block)?)?;
        let raw = &raw[at as usize..(at + superblock.inode_size) as usize];
        let fields = Fields(raw);
        let version = fields.u8(4);
        if fields.bytes(0, 2) != b"IN" || !(1..=3).contains(&version) || (version == 3) != superblock.is_v5 {
            return Err(FsError::damaged(format!("there is no inode {number}")));
        }
        if version == 3 && fields.be64(152) != number {
            return Err(FsError::damaged(format!("inode {number} says that it is another")));
        }
        let flags = if version == 3 { fields.be64(120) } else { 0 };
        let time = |at: usize| {
            if flags & BIGTIME != 0 {
                let nanos = fields.be64(at);
                // Counted from December 1901.
                let seconds = (nanos / 1_000_000_000) as i64 - (1 << 31);
                return Moment { seconds, nanos: (nanos % 1_000_000_000) as u32 };
            }
            let seconds = i64::from(fields.be32(at) as i32);
            Moment { seconds, nanos: fields.be32(at + 4).min(999_999_999) }
        };
        let (extents, of_attributes) = if flags & LARGE_COUNTS != 0 {
            (fields.be64(24), u64::from(fields.be32(76)))
        } else {
            (u64::from(fields.be32(76)), u64::from(fields.be16(80)))
        };
        let start = if version == 3 { 176 } else { 100 };
        let room = raw.len() - start;
        let fork = usize::from(fields.u8(82)) * 8;
        let end = if fork == 0 || fork > room { room } else { fork };
        let format = |code: u8| match code {
            0 => Some(Format::Device),
            1 => Some(Format::Local),
            2 => Some(Format::Extents),
            3 => Some(Format::Tree),
            _ => None,
        };
        let wrong = || FsError::damaged(format!("inode {number} keeps its data in no known way"));
        let attributes = match format(fields.u8(83)) {
            Some(code @ (Format::Extents | Format::Tree)) if end < room => {
                Some((code, of_attributes, raw[start + end..].to_vec()))
            }
            _ => None,
        };
        Ok(Inode {
            number,
            mode: fields.be16(2),
            uid: fields.be32(8),
            gid: fields.be32(12),
            links: if version == 1 { u32::from(fields.be16(6)) } else { fields.be32(16) },
            size: fields.be64(56),
            modified: time(40),
            changed: time(48),
            format: format(fields.u8(5)).ok_or_else(wrong)?,
            is_realtime: fields.be16(2) >> 12 == 8 && fields.be16(90) & REALTIME != 0,
            extents,
            fork: raw[start..start + end].to_vec(),
            attributes,
        })
    }
}
