//! What every file system that is read here can say.

use super::bytes::FsError;
use super::entry::{FileEntry, Tree};
use super::name::Name;
use super::owned::{Asked, Owned};
use super::piece::{Blocks, File};
use crate::ident::Run;

/// What replaying the journal does, as the next mount would.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Replayed {
    /// Complete transactions in the journal.
    pub transactions: u32,
    /// Blocks of the file system that they write.
    pub blocks: u64,
    /// What was odd about the journal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// An open file system.
pub(super) trait System: Blocks + Send {
    /// The inode of the root directory.
    fn root(&self) -> u64;

    /// Where it may lie in its view.
    fn place(&self) -> Run;

    /// Blocks that it claims.
    fn blocks(&self) -> u64;

    /// Blocks that a file can claim, and all files together: more is made to fill a disk.
    fn claimable(&self) -> u64 {
        self.blocks()
    }

    /// What an inode says under a name.
    fn entry(&self, path: Vec<u8>, inode: u64) -> Result<FileEntry, FsError>;

    /// The names of a directory, sorted, without `.` and `..`; and what is wrong with it.
    fn names(&self, inode: u64) -> Result<(Vec<Name>, Option<FsError>), FsError>;

    /// The map of a file.
    fn file(&self, inode: u64) -> Result<File<'_>, FsError>;

    /// Sorts out whose the ranges are that are asked about, by the files of a tree.
    fn owners(&self, asked: &mut Asked, tree: &Tree, out: &mut Owned) -> Result<(), FsError>;

    /// What replaying the journal does; `None` where it needs none, or is not applied.
    fn replayed(&self) -> Option<Replayed> {
        None
    }

    /// The blocks that replaying the journal writes, ascending.
    fn recovered(&self) -> Vec<u64> {
        Vec::new()
    }

    /// Whether it writes any of these blocks.
    fn is_recovered(&self, _first: u64, _blocks: u64) -> bool {
        false
    }

    /// What is to be said of changes that the next mount would make and that are not applied here.
    fn unapplied(&self) -> Option<String> {
        None
    }
}
