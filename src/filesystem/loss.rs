//! What is lost in files where one view is kept and another is given up.

use std::collections::HashSet;

use super::apart::{How, changes};
use super::bytes::FsError;
use super::databases::{Database, databases};
use super::entry::FileEntry;
use super::owned::Owned;
use super::pair::{Side, is_newer};
use super::sqlite::Look;
use crate::ident::Runs;

/// Lost files that are looked at for SQLite databases.
const LOOKED_AT: usize = 256;

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Lost {
    /// Only the side that is given up has it.
    File,
    /// Both have it, and the version of the side that is given up is lost.
    Version,
    /// The side that is given up deleted it; it is there again.
    Deletion,
}

/// One file that is lost, or a change of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostFile {
    /// What is lost.
    pub lost: Lost,
    /// The file, as the side that is given up has it; of a deletion as the other has it.
    pub entry: FileEntry,
}

/// What is lost of one view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LossInFiles {
    /// The files, in the order of paths.
    pub files: Vec<LostFile>,
    /// What the lost blocks belong to.
    pub owned: Owned,
    /// Whether all could be listed and compared.
    pub complete: bool,
    /// Whether a log of one of them holds changes that are not in these files, or may hold some: XFS's is not replayed.
    pub unapplied: bool,
    /// The SQLite databases among the files: what the side that is given up has, and what the kept one has.
    pub databases: Vec<Database>,
}

/// What is lost where `kept` is kept and `given` is given up. `blocks` is what only `given` holds, `differ` where both differ.
///
/// # Errors
/// Where the tables of the file system cannot be read.
pub fn loss_in_files(
    kept: &Side<'_>,
    given: &Side<'_>,
    ancestor: Option<&Side<'_>>,
    blocks: &Runs,
    differ: &Runs,
) -> Result<LossInFiles, FsError> {
    let owned = given.files.owners(blocks, &given.tree)?;
    let inodes: HashSet<u64> = owned.files.keys().map(|at| given.tree.entries[*at].inode).collect();
    let found = changes(given.beside(), kept.beside(), differ);
    let mut files = Vec::new();
    let mut compared = true;
    for change in found {
        let newer = |entry: &FileEntry| match ancestor {
            Some(older) => is_newer(entry, &older.tree),
            None => false,
        };
        let holds = |entry: &FileEntry| inodes.contains(&entry.inode) || newer(entry);
        match (change.how, change.a, change.b) {
            (How::OnlyA, Some(entry), _) if ancestor.is_none() || holds(&entry) => {
                files.push(LostFile { lost: Lost::File, entry });
            }
            (How::OnlyB, _, Some(entry))
                if ancestor.is_some_and(|older| older.tree.find(&entry.path).is_some()) =>
            {
                files.push(LostFile { lost: Lost::Deletion, entry });
            }
            (How::Content | How::Kind, Some(entry), _) if holds(&entry) => {
                files.push(LostFile { lost: Lost::Version, entry });
            }
            (How::Unread, ..) => compared = false,
            _ => {}
        }
    }
    let lost = files.iter().filter(|file| file.lost != Lost::Deletion).take(LOOKED_AT);
    let (databases, _) =
        databases([given.beside(), kept.beside()], lost.map(|file| file.entry.path.as_slice()), Look::Header);
    let complete = compared && kept.tree.complete && given.tree.complete;
    let unapplied = kept.files.unapplied().is_some() || given.files.unapplied().is_some();
    Ok(LossInFiles { files, owned, complete, unapplied, databases })
}
