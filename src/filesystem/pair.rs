//! Two views beside each other, in files: what each says of a path, what recovery of a journal changes, the newest change.

use std::cmp::Reverse;

use super::apart::{Change, FilesAndTree, How, changes};
use super::bytes::{Bytes, FsError};
use super::clock::Moment;
use super::contents::{Contents, FileSystem};
use super::databases::{Database, databases};
use super::entry::{FileEntry, Tree};
use super::files::Files;
use super::owned::Owned;
use super::sqlite::Look;
use super::system::Replayed;
use crate::ident::{Run, Runs};

/// One view with the files of one file system of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Side<'a> {
    /// The file system.
    pub what: FileSystem,
    /// Open.
    pub files: Files<'a>,
    /// Every name.
    pub tree: Tree,
}

/// The newest change that a side shows, by the guest's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Newest {
    /// When.
    pub at: Moment,
    /// Of which file.
    pub path: Vec<u8>,
}

/// What recovering the journal of one side changes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Recovered {
    /// How much it writes.
    pub replayed: Replayed,
    /// Which paths it changes: the first side is what lies there, the second what the next mount shows. `None` where the file
    /// system cannot be listed as it lies.
    pub changes: Option<Vec<Change>>,
}

/// How the files of two views differ.
#[derive(Debug)]
#[non_exhaustive]
pub struct FilesApart {
    /// The file system, as the first side has it.
    pub what: FileSystem,
    /// Every path that differs, in order.
    pub changes: Vec<Change>,
    /// Of these, in the same order: the side that deleted it, since the common ancestor still has it. 0 for the first.
    pub deleted_by: Vec<Option<usize>>,
    /// What the differing ranges belong to, by each side.
    pub owned: [Owned; 2],
    /// The newest change of a file.
    pub newest: [Option<Newest>; 2],
    /// The last write to the superblock.
    pub written: [Option<Moment>; 2],
    /// What recovery of the journal changes.
    pub recovered: [Option<Recovered>; 2],
    /// What could not be listed of each.
    pub remarks: [Vec<String>; 2],
    /// Whether all names of both were listed, and all that differ could be compared.
    pub complete: bool,
    /// Whether a common ancestor was looked at.
    pub with_ancestor: bool,
    /// The SQLite databases among what differs.
    pub databases: Vec<Database>,
    /// How many paths that differ were not looked at for one.
    pub not_looked_at: usize,
}

impl<'a> Side<'a> {
    /// Opens a file system of a view and lists it.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(bytes: &'a dyn Bytes, what: &FileSystem) -> Result<Self, FsError> {
        let files = Files::open(bytes, what)?;
        let tree = files.all()?;
        Ok(Self { what: what.clone(), files, tree })
    }

    /// The newest change of a file's data. Directories change with what is in them.
    pub fn newest(&self) -> Option<Newest> {
        let newest = self.tree.entries.iter().min_by_key(|entry| (Reverse(entry.modified), &entry.path))?;
        Some(Newest { at: newest.modified, path: newest.path.clone() })
    }

    pub(super) fn beside(&self) -> FilesAndTree<'_> {
        FilesAndTree::new(&self.files, &self.tree)
    }

    /// What recovery changes, by paths.
    fn recovered(&self, bytes: &dyn Bytes) -> Option<Recovered> {
        let replayed = self.files.replayed()?;
        let lies = Files::open_as_it_lies(bytes, &self.what).and_then(|files| {
            let tree = files.all()?;
            Ok(changes(FilesAndTree::new(&files, &tree), self.beside(), &self.written_by_recovery()))
        });
        Some(Recovered { replayed, changes: lies.ok() })
    }

    /// The ranges of the view that recovery writes.
    fn written_by_recovery(&self) -> Runs {
        let size = self.files.system.block_size();
        let run = |block: u64| {
            let start = self.files.system.place().start + block * size;
            Run { start, end: start + size }
        };
        Runs::from_unsorted(self.files.system.recovered().into_iter().map(run).collect())
    }
}

/// Whether a side changed a path since the ancestor.
pub(super) fn is_newer(entry: &FileEntry, ancestor: &Tree) -> bool {
    ancestor.find(&entry.path).is_none_or(|old| {
        (old.inode, old.kind, old.size, old.modified, old.changed)
            != (entry.inode, entry.kind, entry.size, entry.modified, entry.changed)
    })
}

/// The file systems of two views whose files can be compared, by their place; and a sentence for each that cannot.
pub fn both_have(a: &Contents, b: &Contents) -> (Vec<(FileSystem, FileSystem)>, Vec<String>) {
    let (mut pairs, mut without) = (Vec::new(), Vec::new());
    for one in &a.file_systems {
        match b.file_systems.iter().find(|other| other.place.start == one.place.start) {
            Some(other) if one.is_readable() && other.is_readable() => {
                pairs.push((one.clone(), other.clone()))
            }
            Some(_) => without.push(format!(
                "{}: its files are not read here; export both views and mount the images read-only",
                one.kind
            )),
            None => without.push(format!("the {} of the first side is not in the second", one.kind)),
        }
    }
    if a.file_systems.is_empty() {
        without.push("no file system is recognised in it".to_owned());
    }
    (pairs, without)
}

/// Compares two views in files. `differ` is where the views differ, `ancestor` the state that both had in common.
///
/// # Errors
/// Where a side cannot be opened or its tables cannot be read.
pub fn files_apart(
    (bytes_a, a): (&dyn Bytes, &FileSystem),
    (bytes_b, b): (&dyn Bytes, &FileSystem),
    ancestor: Option<&dyn Bytes>,
    differ: &Runs,
) -> Result<FilesApart, (usize, FsError)> {
    let one = Side::open(bytes_a, a).map_err(|error| (0, error))?;
    let two = Side::open(bytes_b, b).map_err(|error| (1, error))?;
    let older = ancestor.and_then(|bytes| {
        let contents = Contents::of(bytes);
        let what = contents.file_systems.iter().find(|what| what.place.start == a.place.start)?;
        Side::open(bytes, what).ok()
    });
    let changes = changes(one.beside(), two.beside(), differ);
    let deleted_by = changes.iter().map(|change| deleted_by(change, older.as_ref())).collect();
    let owned = [
        one.files.owners(differ, &one.tree).map_err(|error| (0, error))?,
        two.files.owners(differ, &two.tree).map_err(|error| (1, error))?,
    ];
    let compared = changes.iter().all(|change| change.how != How::Unread);
    let other = changes.iter().filter(|change| matches!(change.how, How::OnlyA | How::OnlyB | How::Content));
    let (databases, not_looked_at) =
        databases([one.beside(), two.beside()], other.map(Change::path), Look::Structure);
    Ok(FilesApart {
        what: one.what.clone(),
        deleted_by,
        owned,
        newest: [one.newest(), two.newest()],
        written: [one.what.written, two.what.written],
        recovered: [one.recovered(bytes_a), two.recovered(bytes_b)],
        complete: one.tree.complete && two.tree.complete && compared,
        remarks: [one.tree.remarks, two.tree.remarks],
        with_ancestor: older.is_some(),
        databases,
        not_looked_at,
        changes,
    })
}

/// The side that deleted a path: the one without it, where the ancestor had that very file.
fn deleted_by(change: &Change, ancestor: Option<&Side<'_>>) -> Option<usize> {
    let (entry, side) = match change.how {
        How::OnlyA => (change.a.as_ref()?, 1),
        How::OnlyB => (change.b.as_ref()?, 0),
        _ => return None,
    };
    let old = ancestor?.tree.find(&entry.path)?;
    (old.kind == entry.kind).then_some(side)
}

/// Two views in files: each file system that both have, and a sentence for each that cannot be compared.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct InFiles {
    /// The file systems that were compared, by their place.
    pub apart: Vec<FilesApart>,
    /// Why others were not.
    pub without: Vec<String>,
}

/// Compares all file systems of two views, which have the given names in what is said.
pub fn in_files(
    (name_a, a): (&str, &dyn Bytes),
    (name_b, b): (&str, &dyn Bytes),
    ancestor: Option<&dyn Bytes>,
    differ: &Runs,
) -> InFiles {
    let (pairs, without) = both_have(&Contents::of(a), &Contents::of(b));
    let mut out = InFiles { without, ..InFiles::default() };
    for (one, two) in &pairs {
        match files_apart((a, one), (b, two), ancestor, differ) {
            Ok(apart) => out.apart.push(apart),
            Err((side, error)) => out.without.push(format!("{}: {error}", [name_a, name_b][side])),
        }
    }
    out
}
