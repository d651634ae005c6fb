//! The superblock of XFS, versions 4 and 5.

use crate::filesystem::bytes::{Bytes, Fields, FsError};
use crate::filesystem::checksum::crc32c;

/// Features without which files cannot be read, of version 5.
mod incompat {
    pub const FTYPE: u32 = 1;
    pub const SPARSE_INODES: u32 = 2;
    pub const META_UUID: u32 = 4;
    pub const BIGTIME: u32 = 8;
    pub const NEEDS_REPAIR: u32 = 0x10;
    pub const LARGE_COUNTS: u32 = 0x20;
    pub const EXCHANGE_RANGE: u32 = 0x40;
    pub const PARENT: u32 = 0x80;
    /// Those that are read, or that change nothing of what is read.
    pub const READ: u32 =
        FTYPE | SPARSE_INODES | META_UUID | BIGTIME | NEEDS_REPAIR | LARGE_COUNTS | EXCHANGE_RANGE | PARENT;
    /// Those that are known and not read.
    pub const NAMES: &[(u32, &str)] = &[
        (0x100, "a directory tree of metadata (metadir)"),
        (0x200, "a zoned realtime device (zoned)"),
        (0x400, "gaps between zones (zone_gaps)"),
    ];
}

/// Feature of version 5 that an older kernel can still read: several files may have one block.
const REFLINK: u32 = 4;
/// Version 4: directories of the second version.
const DIRECTORIES: u16 = 0x2000;
/// Version 4, more features: directories keep the kinds of files.
const KINDS: u32 = 0x200;
/// Where the checksum stands.
const CHECKSUM: usize = 224;

/// What a superblock says.
#[derive(Debug, Clone)]
pub(in crate::filesystem) struct Superblock {
    pub block_size: u64,
    pub blocks: u64,
    pub log_start: u64,
    pub log_blocks: u64,
    pub root: u64,
    pub group_blocks: u64,
    pub groups: u64,
    pub sector_size: u64,
    pub inode_size: u64,
    pub inodes_per_block: u64,
    pub inodes_per_block_log: u32,
    pub group_log: u32,
    pub directory_block: u64,
    pub inodes: u64,
    pub free_inodes: u64,
    pub label: Option<String>,
    pub uuid: Option<String>,
    pub unfinished: bool,
    pub needs_repair: bool,
    pub is_v5: bool,
    pub has_kinds: bool,
    pub has_shared_blocks: bool,
    /// Inodes that the file system keeps for itself: quotas, maps of the realtime device.
    pub own_inodes: [u64; 5],
    /// Whether the checksum fits; `None` where there is none.
    pub checksum: Option<bool>,
    incompat: u32,
    version: u16,
    has_directories: bool,
    sound: bool,
}

/// Bytes that are read of it.
pub(in crate::filesystem) const LENGTH: usize = 512;

impl Superblock {
    /// Reads it; `None` where there is none.
    pub fn read(bytes: &dyn Bytes) -> Result<Option<Self>, FsError> {
        if bytes.size() < LENGTH as u64 {
            return Ok(None);
        }
        let mut raw = vec![0; LENGTH];
        bytes.read(0, &mut raw)?;
        let Some(mut out) = Self::of(&raw) else { return Ok(None) };
        if out.is_v5 && out.sound && out.sector_size <= bytes.size() {
            // It is over the whole sector, itself as zeros.
            raw.resize(out.sector_size as usize, 0);
            bytes.read(0, &mut raw)?;
            out.checksum = Some(checksum_fits(&raw, CHECKSUM));
        }
        Ok(Some(out))
    }

    /// What these bytes say.
    pub fn of(raw: &[u8]) -> Option<Self> {
        let fields = Fields(raw);
        if fields.bytes(0, 4) != b"XFSB" {
            return None;
        }
        let (version, features) = (fields.be16(100) & 0xf, fields.be16(100) & 0xfff0);
        let is_v5 = version == 5;
        let incompat = if is_v5 { fields.be32(216) } else { 0 };
        let log = |at: usize| u32::from(fields.u8(at));
        let block_size = u64::from(fields.be32(4));
        let group_blocks = u64::from(fields.be32(84));
        let inode_size = u64::from(fields.be16(104));
        let inodes_per_block = u64::from(fields.be16(106));
        let (block_log, inode_log, per_block_log, group_log) = (log(120), log(122), log(123), log(124));
        let directory_log = log(192);
        // Each number stands twice; what is computed from them stays within 64 bits.
        let sound = (9..=16).contains(&block_log)
            && block_size == 1 << block_log
            && (8..=11).contains(&inode_log)
            && inode_size == 1 << inode_log
            && inode_log <= block_log
            && per_block_log == block_log - inode_log
            && inodes_per_block == 1 << per_block_log
            && group_log <= 31
            && group_blocks > 0
            && group_blocks <= 1 << group_log
            && block_log + directory_log <= 16
            && fields.be32(88) > 0
            && fields.be64(8) > 0
            && fields.be64(8).checked_mul(block_size).is_some_and(|size| size < 1 << 63)
            && fields.be64(8).div_ceil(group_blocks) == u64::from(fields.be32(88))
            && [512, 1024, 2048, 4096, 8192, 16384, 32768].contains(&fields.be16(102));
        Some(Self {
            block_size,
            blocks: fields.be64(8),
            log_start: fields.be64(48),
            log_blocks: u64::from(fields.be32(96)),
            root: fields.be64(56),
            group_blocks,
            groups: u64::from(fields.be32(88)),
            sector_size: u64::from(fields.be16(102)),
            inode_size,
            inodes_per_block,
            inodes_per_block_log: per_block_log,
            group_log,
            directory_block: if sound { block_size << directory_log } else { 0 },
            inodes: fields.be64(128),
            free_inodes: fields.be64(136),
            label: fields.text(108, 12),
            uuid: fields.uuid(32),
            unfinished: fields.u8(126) != 0,
            needs_repair: incompat & incompat::NEEDS_REPAIR != 0,
            is_v5,
            has_kinds: if is_v5 { incompat & incompat::FTYPE != 0 } else { fields.be32(200) & KINDS != 0 },
            has_shared_blocks: is_v5 && fields.be32(212) & REFLINK != 0,
            own_inodes: [64, 72, 160, 168, 232].map(|at| fields.be64(at)),
            checksum: None,
            incompat,
            version,
            has_directories: is_v5 || features & DIRECTORIES != 0,
            sound,
        })
    }

    /// Whether files can be read by it.
    pub fn check(&self) -> Result<(), FsError> {
        let not_read = |what: String| {
            Err(FsError::Unsupported(format!(
                "XFS with {what}; export the view and mount the image read-only"
            )))
        };
        if !(4..=5).contains(&self.version) {
            return not_read(format!("a superblock of version {}", self.version));
        }
        if !self.has_directories {
            return not_read("directories of the first version".to_owned());
        }
        let unknown = self.incompat & !incompat::READ;
        if unknown != 0 {
            let known = incompat::NAMES.iter().filter(|(bit, _)| unknown & bit != 0);
            let mut names: Vec<String> = known.clone().map(|(_, name)| (*name).to_owned()).collect();
            let rest = known.fold(unknown, |rest, (bit, _)| rest & !bit);
            if rest != 0 {
                names.push(format!("features that are not known here ({rest:#x})"));
            }
            return not_read(names.join(" and "));
        }
        if !self.sound {
            return Err(FsError::damaged("the numbers of the superblock contradict each other"));
        }
        Ok(())
    }

    /// Whether chunks of inodes may have holes.
    pub fn has_sparse_inodes(&self) -> bool {
        self.incompat & incompat::SPARSE_INODES != 0
    }

    /// Size that it claims, in bytes.
    pub fn size(&self) -> u64 {
        self.blocks.saturating_mul(self.block_size)
    }

    /// A block by the number that XFS gives it, which leaves gaps between groups: its number from the start.
    pub fn place(&self, block: u64) -> Result<u64, FsError> {
        let (group, inside) = (block >> self.group_log, block & ((1 << self.group_log) - 1));
        let place = group.checked_mul(self.group_blocks).and_then(|start| start.checked_add(inside));
        match place {
            Some(place) if group < self.groups && inside < self.group_blocks && place < self.blocks => {
                Ok(place)
            }
            _ => Err(FsError::damaged(format!("block {block:#x} lies outside of the file system"))),
        }
    }
}

/// Whether the checksum that stands at a place of these bytes is theirs.
pub(super) fn checksum_fits(raw: &[u8], at: usize) -> bool {
    let (Some(before), Some(after)) = (raw.get(..at), raw.get(at + 4..)) else { return false };
    !crc32c(crc32c(crc32c(!0, before), &[0; 4]), after) == Fields(raw).u32(at)
}
