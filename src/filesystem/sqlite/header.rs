//! The first hundred bytes of a database.

use serde::Serialize;

use super::super::bytes::Fields;
use super::Content;

/// What the first 100 bytes of a database say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Header {
    /// Bytes of a page; 0 where the header has a size that no database has.
    pub page_size: u32,
    /// Pages of the database.
    pub pages: u32,
    /// Free pages.
    pub free_pages: u32,
    /// A number that grows with the transactions; with a write-ahead log only at some of them.
    pub change_counter: u32,
    /// A number that changes with the schema.
    pub schema_cookie: u32,
    /// Whether the database is written through a write-ahead log.
    pub wal_mode: bool,
    /// The release of SQLite that wrote it last, as that counts: 3045001 is 3.45.1.
    pub written_by: u32,
    #[serde(skip)]
    pub(super) reserved: u8,
    #[serde(skip)]
    pub(super) first_free: u32,
    #[serde(skip)]
    pub(super) largest_root: u32,
}

const MAGIC: &[u8] = b"SQLite format 3\0";
const JOURNAL: &[u8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// Length of the header.
pub(super) const LENGTH: usize = 100;

/// Whether a file begins as a database does.
pub(super) fn is_sqlite(file: &dyn Content) -> bool {
    let mut start = [0; MAGIC.len()];
    file.size() >= LENGTH as u64 && file.read_at(0, &mut start).is_ok() && start == MAGIC
}

/// Whether a rollback journal has a header, as one has while a transaction is open: SQLite clears it when that ends.
pub(super) fn is_hot(file: &dyn Content) -> bool {
    let mut start = [0; JOURNAL.len()];
    file.size() >= 512 && file.read_at(0, &mut start).is_ok() && start == JOURNAL
}

impl Header {
    /// The header of a database file.
    pub(super) fn read(file: &dyn Content) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        file.read_at(0, &mut bytes).ok()?;
        Self::parse(&bytes, file.size())
    }

    /// The header in these bytes; `size` is that of the file.
    pub(super) fn parse(bytes: &[u8], size: u64) -> Option<Self> {
        if !bytes.starts_with(MAGIC) {
            return None;
        }
        let fields = Fields(bytes);
        let page_size = match fields.be16(16) {
            1 => 65_536,
            size if size >= 512 && size.is_power_of_two() => u32::from(size),
            _ => 0,
        };
        let said = fields.be32(28);
        // The number of pages is only right where the counter beside it is that of the last change.
        let valid = said > 0 && fields.be32(24) == fields.be32(92);
        let in_file = size.checked_div(u64::from(page_size)).unwrap_or(0);
        Some(Self {
            page_size,
            pages: if valid { said } else { u32::try_from(in_file).unwrap_or(u32::MAX) },
            free_pages: fields.be32(36),
            change_counter: fields.be32(24),
            schema_cookie: fields.be32(40),
            wal_mode: fields.u8(19) == 2,
            written_by: fields.be32(96),
            reserved: fields.u8(20),
            first_free: fields.be32(32),
            largest_root: fields.be32(52),
        })
    }

    /// Bytes of a page that may be used; at least 480 of them.
    pub(super) fn usable(&self) -> u32 {
        self.page_size.saturating_sub(u32::from(self.reserved))
    }

    /// Whether the numbers are such that pages can be read by them.
    pub(super) fn is_sound(&self) -> bool {
        self.page_size >= 512 && self.usable() >= 480 && self.pages > 0
    }
}
