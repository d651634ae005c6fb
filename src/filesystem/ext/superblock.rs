//! The superblock of ext2, ext3 and ext4.

use crate::filesystem::bytes::{Bytes, Fields, FsError};
use crate::filesystem::checksum::crc32c;
use crate::filesystem::clock::Moment;

/// Where it lies, counted from the start of the file system.
pub(super) const PLACE: u64 = 1024;
const LENGTH: usize = 1024;
const MAGIC: u16 = 0xEF53;

/// Features that a reader has to know.
pub(super) mod incompat {
    pub const FILE_TYPE: u32 = 0x2;
    pub const RECOVER: u32 = 0x4;
    pub const JOURNAL_DEVICE: u32 = 0x8;
    pub const META_BG: u32 = 0x10;
    pub const EXTENTS: u32 = 0x40;
    pub const BIT64: u32 = 0x80;
    pub const MMP: u32 = 0x100;
    pub const FLEX_BG: u32 = 0x200;
    pub const EA_INODE: u32 = 0x400;
    pub const CHECKSUM_SEED: u32 = 0x2000;
    pub const LARGE_DIR: u32 = 0x4000;
    pub const INLINE_DATA: u32 = 0x8000;
    pub const ENCRYPT: u32 = 0x1_0000;
    pub const CASEFOLD: u32 = 0x2_0000;
    /// All that is read here. Encrypted files come as they are stored.
    pub const READ: u32 = FILE_TYPE
        | RECOVER
        | META_BG
        | EXTENTS
        | BIT64
        | MMP
        | FLEX_BG
        | EA_INODE
        | CHECKSUM_SEED
        | LARGE_DIR
        | INLINE_DATA
        | ENCRYPT
        | CASEFOLD;
}

const HAS_JOURNAL: u32 = 0x4;
const ORPHAN_FILE: u32 = 0x1000;
const SPARSE_SUPER2: u32 = 0x200;
const SPARSE_SUPER: u32 = 0x1;
const BIGALLOC: u32 = 0x200;
const METADATA_CHECKSUMS: u32 = 0x400;

/// What a superblock says.
#[derive(Debug, Clone)]
pub(in crate::filesystem) struct Superblock {
    pub block_size: u64,
    pub blocks: u64,
    pub inodes: u32,
    pub free_inodes: u32,
    pub first_data_block: u64,
    pub blocks_per_group: u64,
    pub inodes_per_group: u32,
    pub inode_size: u64,
    pub descriptor_size: u64,
    pub first_meta_group: u64,
    compat: u32,
    pub incompat: u32,
    ro_compat: u32,
    /// 1 cleanly unmounted, 2 errors, 4 orphans being recovered.
    pub state: u16,
    pub label: Option<String>,
    pub uuid: Option<String>,
    pub mounted_on: Option<String>,
    pub mounted: Option<Moment>,
    pub written: Option<Moment>,
    pub made: Option<Moment>,
    pub checked: Option<Moment>,
    pub journal_inode: u32,
    pub first_orphan: u32,
    pub orphan_file: u32,
    pub errors: u32,
    pub first_error: Option<Moment>,
    pub last_error: Option<Moment>,
    pub last_error_in: Option<String>,
    backups: [u64; 2],
    /// Whether its own checksum fits; `None` where it has none.
    pub checksum: Option<bool>,
}

impl Superblock {
    /// Reads it; `None` where there is none.
    pub fn read(bytes: &dyn Bytes) -> Result<Option<Self>, FsError> {
        if bytes.size() < PLACE + LENGTH as u64 {
            return Ok(None);
        }
        let mut raw = [0; LENGTH];
        bytes.read(PLACE, &mut raw)?;
        Ok(Self::of(&raw))
    }

    /// What 1024 bytes say; `None` where they are no superblock.
    pub fn of(raw: &[u8; LENGTH]) -> Option<Self> {
        let fields = Fields(raw);
        let log = fields.u32(0x18);
        // Blocks of more than 64 KiB are of no system.
        if fields.u16(0x38) != MAGIC || log > 6 {
            return None;
        }
        let (compat, incompat, ro_compat) = (fields.u32(0x5c), fields.u32(0x60), fields.u32(0x64));
        let old = fields.u32(0x4c) == 0;
        let bit64 = incompat & incompat::BIT64 != 0;
        let time = |low: usize, high: usize| {
            Moment::known(i64::from(fields.u8(high)) << 32 | i64::from(fields.u32(low)))
        };
        let blocks = u64::from(fields.u32(4)) | if bit64 { u64::from(fields.u32(0x150)) << 32 } else { 0 };
        let checksums = ro_compat & METADATA_CHECKSUMS != 0;
        Some(Self {
            block_size: 1024 << log,
            blocks,
            inodes: fields.u32(0),
            free_inodes: fields.u32(0x10),
            first_data_block: fields.u32(0x14).into(),
            blocks_per_group: fields.u32(0x20).into(),
            inodes_per_group: fields.u32(0x28),
            inode_size: if old { 128 } else { fields.u16(0x58).into() },
            descriptor_size: if bit64 { fields.u16(0xfe).into() } else { 32 },
            first_meta_group: fields.u32(0x104).into(),
            compat,
            incompat,
            ro_compat,
            state: fields.u16(0x3a),
            label: fields.text(0x78, 16),
            uuid: fields.uuid(0x68),
            mounted_on: fields.text(0x88, 64),
            mounted: time(0x2c, 0x275),
            written: time(0x30, 0x274),
            made: time(0x108, 0x276),
            checked: time(0x40, 0x277),
            journal_inode: fields.u32(0xe0),
            first_orphan: fields.u32(0xe8),
            orphan_file: if compat & ORPHAN_FILE != 0 { fields.u32(0x280) } else { 0 },
            errors: fields.u32(0x194),
            first_error: time(0x198, 0x278),
            last_error: time(0x1cc, 0x279),
            last_error_in: fields.text(0x1e0, 32),
            backups: [fields.u32(0x24c).into(), fields.u32(0x250).into()],
            checksum: checksums.then(|| crc32c(!0, &raw[..0x3fc]) == fields.u32(0x3fc)),
        })
    }

    /// Which of the three it is, by its features.
    pub fn kind(&self) -> &'static str {
        // Read-only features of ext4: huge files, checksums of groups, many subdirectories, large inodes.
        const EXT4_RO: u32 = 0x8 | 0x10 | 0x20 | 0x40 | BIGALLOC | METADATA_CHECKSUMS;
        const EXT4: u32 = incompat::EXTENTS | incompat::BIT64 | incompat::FLEX_BG | incompat::INLINE_DATA;
        match () {
            () if self.incompat & EXT4 != 0 || self.ro_compat & EXT4_RO != 0 => "ext4",
            () if self.has_journal() => "ext3",
            () => "ext2",
        }
    }

    pub fn has_journal(&self) -> bool {
        self.compat & HAS_JOURNAL != 0
    }

    pub fn needs_recovery(&self) -> bool {
        self.incompat & incompat::RECOVER != 0
    }

    pub fn has(&self, feature: u32) -> bool {
        self.incompat & feature != 0
    }

    /// The size that it claims, in bytes.
    pub fn size(&self) -> u64 {
        self.blocks.saturating_mul(self.block_size)
    }

    pub fn groups(&self) -> u64 {
        self.blocks.saturating_sub(self.first_data_block).div_ceil(self.blocks_per_group.max(1))
    }

    /// Holds that the numbers can be worked with.
    pub fn sound(&self) -> Result<(), FsError> {
        let unknown = self.incompat & !incompat::READ;
        if unknown != 0 {
            return Err(FsError::Unsupported(format!("features of {} (0x{unknown:x})", self.kind())));
        }
        if self.ro_compat & BIGALLOC != 0 {
            return Err(FsError::Unsupported("ext4 with clusters of blocks (bigalloc)".to_owned()));
        }
        let wrong = |what: &str| Err(FsError::damaged(format!("the superblock has {what}")));
        if self.blocks_per_group == 0 || self.blocks_per_group > self.block_size * 8 {
            return wrong("an impossible number of blocks in a group");
        }
        if self.inodes_per_group == 0 || u64::from(self.inodes_per_group) > self.block_size * 8 {
            return wrong("an impossible number of inodes in a group");
        }
        if !self.inode_size.is_power_of_two() || self.inode_size < 128 || self.inode_size > self.block_size {
            return wrong("an impossible size of inodes");
        }
        let size = self.descriptor_size;
        if !size.is_power_of_two() || size < 32 || size > self.block_size {
            return wrong("an impossible size of group descriptors");
        }
        if self.first_data_block > 1 || self.blocks > 1 << 46 {
            return wrong("an impossible number of blocks");
        }
        Ok(())
    }

    /// Whether a group holds a copy of the superblock and of the descriptors.
    pub fn has_copy(&self, group: u64) -> bool {
        if self.compat & SPARSE_SUPER2 != 0 {
            return group == 0 || self.backups.contains(&group);
        }
        let power = |base: u64| {
            let mut value = base;
            while value < group {
                value *= base;
            }
            value == group
        };
        self.ro_compat & SPARSE_SUPER == 0 || group <= 1 || power(3) || power(5) || power(7)
    }

    /// Descriptors in one block.
    pub fn descriptors_per_block(&self) -> u64 {
        self.block_size / self.descriptor_size
    }

    /// Blocks of descriptors behind each copy of the superblock.
    pub fn descriptor_blocks(&self) -> u64 {
        let all = self.groups().div_ceil(self.descriptors_per_block());
        if self.has(incompat::META_BG) { all.min(self.first_meta_group) } else { all }
    }

    /// Whether a group holds the descriptors of its neighbours: the first, the second and the last of those that share a block.
    pub fn has_own_descriptors(&self, group: u64) -> bool {
        let per_block = self.descriptors_per_block();
        self.is_meta_group(group) && (group % per_block <= 1 || group % per_block == per_block - 1)
    }

    /// Whether the descriptors of a group lie in the group itself and not behind the superblock.
    pub fn is_meta_group(&self, group: u64) -> bool {
        self.has(incompat::META_BG) && group / self.descriptors_per_block() >= self.first_meta_group
    }
}
