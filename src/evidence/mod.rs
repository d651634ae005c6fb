//! What was given: replica directories found in directories and archives, and their bytes.
//!
//! This room knows names, sizes, extents and bytes. It does not know what a chain is. Nothing here
//! writes to the evidence, follows a link that the evidence names, or unpacks an archive to disk.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use serde::Serialize;

use crate::ident::{BLOCK_SIZE, Run, Runs};

mod ahead;
mod apart;
mod archive;
#[cfg(feature = "capsule")]
pub mod capsule;
mod decode;
mod directory;
mod error;
mod examine;
mod find;
mod gather;
mod handles;
mod index;
mod input;
mod label;
mod memory;
mod options;
mod others;
mod pieces;
mod recognise;
mod remarks;
mod sidecar;
mod spool;
mod sums;
mod sys;
mod tar;
mod testimony;
mod tree;
mod vacant;
mod whole;

pub use error::GatherError;
pub use find::{is_archive_name, without_archive_ending};
pub use gather::{Evidence, Found, Input, InputKind, InputPath, InputReport, gather};
pub use memory::MemorySource;
pub use options::{Images, Options};
pub use sidecar::{Beside, read_beside};
pub use spool::SpoolError;
pub use sums::{REGION, REGION_BLOCKS, SUM, Sum, Sums, ZERO};
pub use testimony::{Testimony, open_entry, testimonies};
pub use vacant::{Vacant, VacantKind};

/// Metadata files larger than this are refused: no file of Jiva's but images and logs comes near it.
pub const SMALL_FILE_LIMIT: u64 = 1 << 20;

/// What stands at one name of a replica directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// File name without directory. Bytes that are not UTF-8 are written `\xNN`.
    pub name: String,
    /// What kind of thing it is; only a regular file is ever opened.
    pub kind: Kind,
    /// Apparent size in bytes; 0 for everything but regular files, whose sizes no two tools tell alike.
    pub size: u64,
    /// Names of one replica directory that are one inode carry the same number; `None` where the
    /// name stands alone.
    pub link: Option<u64>,
    /// What is wrong with the copy of this very entry, for example that the archive ends inside it.
    pub damage: Option<String>,
}

/// Kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, never followed.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A block or character device.
    Device,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symbolic link",
            Self::Fifo => "named pipe",
            Self::Socket => "socket",
            Self::Device => "device",
        })
    }
}

/// How it is known which ranges of a file are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The file system's extent map (FIEMAP), the one that Jiva itself asks; unwritten extents count.
    Fiemap,
    /// SEEK_DATA and SEEK_HOLE; unwritten extents look like holes.
    SeekData,
    /// The sparse map of an archive member.
    SparseMap,
    /// An archive member without a map: every byte is stored, and holes, if there were any, are gone.
    Dense,
}

/// The stored ranges of one file, cut at its apparent size rounded up to a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extents {
    /// Stored ranges in bytes.
    pub runs: Runs,
    /// How they are known.
    pub origin: Origin,
}

/// Why bytes could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Only regular files are opened.
    #[error("is a {0}, not a file")]
    NotAFile(Kind),
    /// A small file was asked for and this one is larger.
    #[error("holds {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its apparent size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// It is in a capsule, which holds sums of the blocks, and data of those alone that a second visit took.
    #[error("a capsule holds no data of it, only sums; copy the directory, or give a copy of it")]
    NoData,
    /// It is in a capsule whose sums are keyed, so that without the key nothing shows whether it is what was there.
    #[error("the data in the capsule cannot be held against its keyed sums without the key (--capsule-key)")]
    NoKey,
    /// The image data were left out when the evidence was read.
    #[error("its content was not kept when the archive was read")]
    NotKept,
    /// The copy ends before the byte asked for.
    #[error("{0}")]
    Damaged(String),
    /// The system said no.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// One replica directory, wherever it is.
pub trait Source: Send + Sync + fmt::Debug {
    /// Everything in the directory, sorted by name, without `.` and `..`.
    fn entries(&self) -> &[Entry];

    /// Reads a whole small file.
    ///
    /// # Errors
    /// [`ReadError::TooLarge`] above [`SMALL_FILE_LIMIT`]; [`ReadError::NotAFile`] for anything that is
    /// not a regular file.
    fn read(&self, entry: &Entry) -> Result<Cow<'_, [u8]>, ReadError>;

    /// Time of the last change of an entry in nanoseconds since 1970, where the evidence tells it. The system may be
    /// asked for it only now: it is `None` too where another file has taken the name since.
    fn modified(&self, entry: &Entry) -> Option<i128>;

    /// What of the evidence is no longer as it was when it was read, in plain sentences: asked once, at the end.
    ///
    /// Asked of the system are `volume.meta`, `revision.counter`, the images that are written to, and every image of
    /// which a block was read; of an archive the archive. What cannot change gives nothing.
    fn changed(&self) -> Vec<String> {
        Vec::new()
    }

    /// The stored ranges of a file, in bytes.
    ///
    /// # Errors
    /// As for reading.
    fn extents(&self, entry: &Entry) -> Result<Extents, ReadError>;

    /// Tells that these bytes are read soon, so that the system may have them at hand by then. Nothing need come of it, and
    /// nothing does while reads do not wait.
    fn expect(&self, _entry: &Entry, _run: Run) {}

    /// Sums in the place of data, where it holds no data of its images.
    fn sums(&self) -> Option<&dyn Sums> {
        None
    }

    /// The open file in which each byte of the entry lies at its own place, where there is one: its ranges can be cloned
    /// without being read. Fewer bytes than the entry has are there only if the file was cut since.
    fn file(&self, _entry: &Entry) -> Option<Arc<OwnedFd>> {
        None
    }

    /// Reads bytes at an offset. Holes read as zeros; fewer bytes than asked are returned only at the
    /// apparent end of the file.
    ///
    /// # Errors
    /// As for reading; a range that an incomplete copy lacks is [`ReadError::Damaged`].
    fn read_at(&self, entry: &Entry, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError>;
}

/// Spells a name or a path in text: what is UTF-8 stays, every other byte becomes `\xNN`.
pub fn spelled(name: impl AsRef<OsStr>) -> String {
    spell(name.as_ref().as_bytes())
}

/// Spells a name in text: what is UTF-8 stays, every other byte becomes `\xNN`.
fn spell(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Cuts stored ranges at the apparent size rounded up to a block.
///
/// A range that reaches the apparent end is widened to that limit: a file system tells the whole last
/// block, a sparse map only the bytes that exist, and both mean the same.
fn clip(ranges: impl IntoIterator<Item = Run>, size: u64) -> Runs {
    let limit = size.div_ceil(BLOCK_SIZE).saturating_mul(BLOCK_SIZE);
    let mut runs = Runs::new();
    for range in ranges {
        let end = if range.end >= size { limit } else { range.end };
        if range.start < size {
            runs.push(range.start, end);
        }
    }
    runs.shrink();
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_without_loss_of_utf8() {
        for (raw, written) in
            [(&b"volume.meta"[..], "volume.meta"), ("ä".as_bytes(), "ä"), (b"a\xffb\xc3", "a\\xffb\\xc3")]
        {
            assert_eq!(spell(raw), written);
        }
    }

    #[test]
    fn ranges_end_with_the_last_block_of_the_file() {
        let run = |start, end| Run { start, end };
        for (ranges, size, expected) in [
            (vec![run(0, 4096), run(8192, 10000)], 10000, vec![run(0, 4096), run(8192, 12288)]),
            (vec![run(0, 1 << 20)], 5, vec![run(0, 4096)]),
            (vec![run(4096, 8192)], 4096, vec![]),
            (vec![run(0, 0)], 0, vec![]),
        ] {
            assert_eq!(clip(ranges, size).as_slice(), expected);
        }
    }
}
