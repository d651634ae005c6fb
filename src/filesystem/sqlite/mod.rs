//! SQLite databases among the files of a view: what their headers say, what their write-ahead logs hold, and whether their
//! pages hang together.
//!
//! Read as SQLite would read them next: committed frames of a `-wal` file beside the database lie over its pages. What is
//! checked is the structure alone: page types, trees, references, the list of free pages. No value, no index, no
//! statement of the schema is looked at, so "in order" is less than SQLite's own `integrity_check`. Everything is hostile:
//! each page is visited once, work ends at a limit, and what is wrong is a sentence.
//!
//! Source: the file format as SQLite documents it ("Database File Format", "WAL-mode File Format").

mod cell;
mod header;
mod pages;
mod wal;
mod walk;

use serde::Serialize;

use super::bytes::FsError;
use super::entry::{FileEntry, Tree};
use super::files::{FileReader, Files};
use super::kind::FileKind;
pub use header::Header;
use pages::Pages;
pub use wal::Wal;
pub use walk::Structure;

/// Bytes of one database that are read to check its structure.
pub(super) const MOST: u64 = 1 << 30;

/// How closely a database is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Look {
    /// Its header and its write-ahead log.
    Header,
    /// Also the structure of its pages.
    Structure,
}

/// A SQLite database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Sqlite {
    /// What its header says, with its write-ahead log applied.
    #[serde(flatten)]
    pub header: Header,
    /// Its write-ahead log, where one lies beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wal: Option<Wal>,
    /// Whether a rollback journal lies beside it that SQLite would play back first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hot_journal: bool,
    /// Whether its pages hang together, where that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// What could not be read of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

/// A file that is read in pieces.
pub(super) trait Content {
    fn size(&self) -> u64;
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError>;
}

impl Content for FileReader<'_> {
    fn size(&self) -> u64 {
        FileReader::size(self)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
        FileReader::read_at(self, offset, buf)
    }
}

impl Sqlite {
    /// Looks at a file and at what lies beside it; `None` where it is no SQLite database.
    pub fn of(files: &Files<'_>, tree: &Tree, entry: &FileEntry, look: Look) -> Option<Self> {
        let open = |entry: &FileEntry| {
            (entry.kind == FileKind::File && !entry.encrypted).then(|| files.reader(entry).ok()).flatten()
        };
        // The list of a part of the tree may lack what lies beside.
        let whole = tree.find(&[]).is_some();
        let beside = |end: &[u8]| {
            let path = [&entry.path, end].concat();
            let listed = tree.find(&path).cloned();
            listed
                .or_else(|| if whole { None } else { files.find(&path).ok() })
                .and_then(|entry| open(&entry))
        };
        let database = open(entry)?;
        if !header::is_sqlite(&database) {
            return None;
        }
        let (wal, journal) = (beside(b"-wal"), beside(b"-journal"));
        let wal = wal.as_ref().map(|wal| wal as &dyn Content);
        Self::read(&database, wal, journal.as_ref().is_some_and(|journal| header::is_hot(journal)), look)
    }

    /// The database that a changed path belongs to: the file itself, or the one whose write-ahead log it is.
    pub fn database(path: &[u8]) -> &[u8] {
        path.strip_suffix(b"-wal").unwrap_or(path)
    }

    fn read(
        database: &dyn Content,
        wal: Option<&dyn Content>,
        hot_journal: bool,
        look: Look,
    ) -> Option<Self> {
        let lies = Header::read(database)?;
        let mut unread = None;
        let read = wal.map(|wal| wal::read(wal, &lies)).transpose().unwrap_or_else(|error| {
            unread = Some(format!("its -wal file: {error}"));
            None
        });
        let (wal_state, frames) = read.map_or((None, None), |(state, frames)| (Some(state), Some(frames)));
        let log = wal.zip(frames.as_ref());
        let mut pages = Pages::new(database, log, &lies);
        let header = match pages.header() {
            Ok(Some(header)) => header,
            Ok(None) => lies,
            Err(error) => {
                unread = Some(error.to_string());
                lies
            }
        };
        pages.count = header.pages;
        let checked = look == Look::Structure && !hot_journal && unread.is_none() && header.is_sound();
        let structure = checked.then(|| walk::structure(&pages, &header));
        let structure = structure.transpose().unwrap_or_else(|error| {
            unread = Some(error.to_string());
            None
        });
        Some(Self { header, wal: wal_state, hot_journal, structure, unread })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Content for Vec<u8> {
        fn size(&self) -> u64 {
            self.len() as u64
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), FsError> {
            buf.fill(0);
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
            let len = buf.len().min(self.len() - from);
            buf[..len].copy_from_slice(&self[from..from + len]);
            Ok(())
        }
    }

    /// Whatever bytes follow a header: an answer, in bounded time.
    #[test]
    fn hostile_bytes_end_in_an_answer() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        for seed in 0..300u32 {
            let mut bytes: Vec<u8> =
                (0..512 * 12).map(|_| if seed % 3 == 0 { next() & 15 } else { next() }).collect();
            bytes[..16].copy_from_slice(b"SQLite format 3\0");
            bytes[16..24].copy_from_slice(&[2, 0, 1, 1, 0, 64, 32, 32]);
            bytes[28..32].copy_from_slice(&12u32.to_be_bytes());
            let valid: [u8; 4] = bytes[24..28].try_into().unwrap();
            bytes[92..96].copy_from_slice(&valid);
            let kinds = [2, 5, 10, 13];
            bytes[100] = kinds[usize::from(next()) % 4];
            for page in 1..12 {
                bytes[page * 512] = kinds[usize::from(next()) % 4];
            }
            let wal: Vec<u8> = (0..4000).map(|_| next()).collect();
            let found = Sqlite::read(&bytes, Some(&wal), false, Look::Structure).expect("a header");
            assert!(!found.structure.expect("it was looked at").is_sound());
        }
    }
}
