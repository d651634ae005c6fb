//! Inodes: what a file is, and where the map of its blocks begins.

use crate::filesystem::bytes::Fields;
use crate::filesystem::clock::Moment;
use crate::filesystem::kind::FileKind;

const EXTENTS: u32 = 0x8_0000;
const INLINE_DATA: u32 = 0x1000_0000;
const EA_INODE: u32 = 0x20_0000;
const ENCRYPTED: u32 = 0x800;

/// One inode as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::filesystem) struct Inode {
    pub number: u32,
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    pub links: u16,
    pub modified: Moment,
    pub changed: Moment,
    /// When it was deleted; of an orphan the number of the next.
    pub deleted: u32,
    sectors: u64,
    flags: u32,
    /// Block of the extended attributes; 0 for none.
    pub attributes: u64,
    /// The map of its blocks, or the beginning of its data.
    pub map: [u8; 60],
    /// The part of the inode behind its fixed fields, with the attributes that are kept there.
    pub rest: Vec<u8>,
}

impl Inode {
    /// What the bytes of an inode say; they are at least 128.
    pub fn of(number: u32, raw: &[u8]) -> Self {
        let fields = Fields(raw);
        let extra = if raw.len() > 128 { usize::from(fields.u16(0x80)) } else { 0 };
        let has = |end: usize| 128 + extra >= end && raw.len() >= end;
        let time = |at: usize, more: usize| {
            // Signed in the lower part, so that 1901 can be said; two more bits count eras.
            let low = i64::from(fields.u32(at) as i32);
            let more = if has(more + 4) { fields.u32(more) } else { 0 };
            Moment { seconds: low + (i64::from(more & 3) << 32), nanos: (more >> 2).min(999_999_999) }
        };
        let halves = |low: usize, high: usize| u32::from(fields.u16(high)) << 16 | u32::from(fields.u16(low));
        let mode = fields.u16(0);
        Self {
            number,
            mode,
            uid: halves(0x2, 0x78),
            gid: halves(0x18, 0x7a),
            size: fields.halves(0x4, 0x6c),
            links: fields.u16(0x1a),
            modified: time(0x10, 0x88),
            changed: time(0xc, 0x84),
            deleted: fields.u32(0x14),
            sectors: u64::from(fields.u16(0x74)) << 32 | u64::from(fields.u32(0x1c)),
            flags: fields.u32(0x20),
            attributes: u64::from(fields.u16(0x76)) << 32 | u64::from(fields.u32(0x68)),
            map: fields.bytes(0x28, 60).try_into().unwrap_or([0; 60]),
            rest: raw.get(128 + extra..).unwrap_or(&[]).to_vec(),
        }
    }

    /// What it is; `None` for one that is not in use, or is of no kind.
    pub fn kind(&self) -> Option<FileKind> {
        FileKind::of_mode(self.mode)
    }

    pub fn has_extents(&self) -> bool {
        self.flags & EXTENTS != 0
    }

    pub fn is_inline(&self) -> bool {
        self.flags & INLINE_DATA != 0
    }

    pub fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// Whether `map` is a map of blocks at all.
    pub fn is_mapped(&self) -> bool {
        let fast = self.kind() == Some(FileKind::Link)
            && !self.has_extents()
            && (self.sectors == 0 || self.size < 60 && self.attributes != 0 && self.flags & EA_INODE == 0);
        let mapped = matches!(self.kind(), Some(FileKind::File | FileKind::Directory | FileKind::Link));
        mapped && !fast && !self.is_inline()
    }

    /// The data of an inode that holds them itself.
    pub fn inline(&self) -> Vec<u8> {
        let mut data = self.map.to_vec();
        data.extend_from_slice(self.attribute(7, b"data").unwrap_or(&[]));
        data.resize(usize::try_from(self.size).unwrap_or(0).min(data.len()), 0);
        data
    }

    /// The value of an attribute that is kept in the inode itself.
    pub fn attribute(&self, space: u8, name: &[u8]) -> Option<&[u8]> {
        const MAGIC: u32 = 0xEA02_0000;
        let fields = Fields(&self.rest);
        if fields.u32(0) != MAGIC {
            return None;
        }
        let body = &self.rest[4..];
        let fields = Fields(body);
        let mut at = 0;
        while at + 16 <= body.len() && fields.u32(at) != 0 {
            let len = usize::from(fields.u8(at));
            if fields.u8(at + 1) == space && fields.bytes(at + 16, len) == name {
                let (start, size) = (usize::from(fields.u16(at + 2)), fields.u32(at + 8) as usize);
                return start.checked_add(size).and_then(|end| body.get(start..end));
            }
            at += (16 + len).next_multiple_of(4);
        }
        None
    }
}
