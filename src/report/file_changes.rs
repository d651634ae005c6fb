//! What differs and what is lost in files, as the JSON documents have it.

use serde::Serialize;

use crate::analysis::FileLoss;
use crate::filesystem::{
    Change, Database, FileEntry, FileKind, FilesApart, How, Lost, Moment, Newest, Owned, Recovered, Sqlite,
};
use crate::ident::Label;

/// Lost files listed of one choice.
const LISTED: usize = 256;

/// Bytes by what they belong to.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownOwned {
    /// Data of files.
    data: u64,
    directories: u64,
    journal: u64,
    /// Tables of the file system: superblocks, bitmaps, inodes, maps of files.
    tables: u64,
    /// Free space: nothing is lost with it.
    free: u64,
    /// In use, and no name leads to it.
    unnamed: u64,
    /// Nobody can say whether it is free: tables are damaged, or a log was not replayed.
    #[serde(skip_serializing_if = "is_zero")]
    unknown: u64,
    /// Outside of the file system.
    outside: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl ShownOwned {
    fn of(owned: &Owned) -> Self {
        Self {
            data: owned.data(),
            directories: owned.directories,
            journal: owned.journal,
            tables: owned.tables,
            free: owned.free,
            unnamed: owned.unnamed,
            unknown: owned.unknown,
            outside: owned.outside,
        }
    }
}

/// What one choice loses of one replica, in files.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownFileLoss<'a> {
    keep: &'a Label,
    lost: &'a Label,
    file_system: &'a str,
    /// Files of which something is lost, in the order of their paths; a long list is cut.
    files: Vec<ShownLostFile>,
    /// How many more there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<usize>,
    /// What the lost blocks belong to, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<ShownOwned>,
    /// The SQLite databases among these files: as it is lost, and as the kept replica has it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    databases: Vec<ShownLostDatabase<'a>>,
    /// Whether all files could be listed and compared.
    complete: bool,
    /// Whether a log holds changes that are not in these files, or may hold some: that of XFS is not replayed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    log_not_replayed: bool,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// A SQLite database that differs, by its header and its write-ahead log.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownLostDatabase<'a> {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<&'a Sqlite>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<&'a Sqlite>,
}

/// A SQLite database as both sides have it; absent where a side has none of that path.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownDatabase<'a> {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<&'a Sqlite>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<&'a Sqlite>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownLostFile {
    path: String,
    lost: Lost,
    kind: FileKind,
    size: u64,
    /// Last change of its data, by the guest's clock.
    modified: Moment,
}

/// What every choice loses, in files.
pub(super) fn losses(all: &[FileLoss]) -> Vec<ShownFileLoss<'_>> {
    let one = |loss: &'_ FileLoss| match &loss.loss {
        Err(_) => (Vec::new(), None, None, false),
        Ok(found) => {
            let files = found.files.iter().take(LISTED).map(|file| ShownLostFile {
                path: file.entry.name(),
                lost: file.lost,
                kind: file.entry.kind,
                size: file.entry.size,
                modified: file.entry.modified,
            });
            let more = found.files.len().checked_sub(LISTED).filter(|more| *more > 0);
            (files.collect(), more, Some(ShownOwned::of(&found.owned)), found.complete)
        }
    };
    all.iter()
        .map(|loss| {
            let (files, left_out, bytes, complete) = one(loss);
            ShownFileLoss {
                keep: &loss.keep,
                lost: &loss.lost,
                file_system: loss.file_system,
                files,
                left_out,
                bytes,
                databases: loss.loss.iter().flat_map(|loss| &loss.databases).map(lost_database).collect(),
                complete,
                log_not_replayed: loss.loss.as_ref().is_ok_and(|found| found.unapplied),
                why: loss.loss.as_ref().err().map(String::as_str),
            }
        })
        .collect()
}

fn lost_database(database: &Database) -> ShownLostDatabase<'_> {
    let [lost, kept] = database.sides.each_ref().map(Option::as_ref);
    ShownLostDatabase { path: crate::filesystem::shown(&database.path), lost, kept }
}

fn shown_database(database: &Database) -> ShownDatabase<'_> {
    let [a, b] = database.sides.each_ref().map(Option::as_ref);
    ShownDatabase { path: crate::filesystem::shown(&database.path), a, b }
}

/// How the files of one file system differ between two views.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownFilesApart<'a> {
    file_system: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<u32>,
    changes: Vec<ShownChange>,
    /// The SQLite databases among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    databases: Vec<ShownDatabase<'a>>,
    /// What the differing blocks belong to on each side, in bytes.
    bytes_a: ShownOwned,
    bytes_b: ShownOwned,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_a: Option<ShownNewest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_b: Option<ShownNewest>,
    /// What recovery of the journal changes on each side.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_a: Option<ShownRecovered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_b: Option<ShownRecovered>,
    /// Whether the common ancestor was looked at, so that what was deleted is known.
    with_ancestor: bool,
    /// Whether all names were listed and all that differ was compared.
    complete: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks_a: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks_b: Vec<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownChange {
    path: String,
    how: How,
    /// The side that deleted it: `a` or `b`.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<ShownVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<ShownVersion>,
    /// Why one could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownVersion {
    kind: FileKind,
    size: u64,
    /// Permission bits in octal digits.
    mode: String,
    /// Last change of its data, by the guest's clock.
    modified: Moment,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownNewest {
    path: String,
    /// By the guest's clock.
    at: Moment,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownRecovered {
    transactions: u32,
    blocks: u64,
    /// Paths that it changes; absent where the file system cannot be listed as it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
}

/// The parts of one pair.
pub(super) fn apart(found: &FilesApart) -> ShownFilesApart<'_> {
    let [newest_a, newest_b] = found.newest.each_ref().map(|newest| newest.as_ref().map(shown_newest));
    let [recovery_a, recovery_b] = found.recovered.each_ref().map(|one| one.as_ref().map(recovered));
    let changes = found.changes.iter().zip(&found.deleted_by);
    ShownFilesApart {
        file_system: found.what.kind,
        partition: found.what.partition,
        changes: changes.map(|(one, deleted_by)| change(one, *deleted_by)).collect(),
        databases: found.databases.iter().map(shown_database).collect(),
        bytes_a: ShownOwned::of(&found.owned[0]),
        bytes_b: ShownOwned::of(&found.owned[1]),
        newest_a,
        newest_b,
        recovery_a,
        recovery_b,
        with_ancestor: found.with_ancestor,
        complete: found.complete,
        remarks_a: found.remarks[0].clone(),
        remarks_b: found.remarks[1].clone(),
    }
}

fn shown_newest(newest: &Newest) -> ShownNewest {
    ShownNewest { path: crate::filesystem::shown(&newest.path), at: newest.at }
}

fn recovered(found: &Recovered) -> ShownRecovered {
    let paths =
        |changes: &Vec<Change>| changes.iter().map(|one| crate::filesystem::shown(one.path())).collect();
    ShownRecovered {
        transactions: found.replayed.transactions,
        blocks: found.replayed.blocks,
        paths: found.changes.as_ref().map(paths),
        remarks: found.replayed.remarks.clone(),
    }
}

fn change(one: &Change, deleted_by: Option<usize>) -> ShownChange {
    let version = |entry: &FileEntry| ShownVersion {
        kind: entry.kind,
        size: entry.size,
        mode: format!("{:04o}", entry.mode),
        modified: entry.modified,
    };
    ShownChange {
        path: crate::filesystem::shown(one.path()),
        how: one.how,
        deleted_by: deleted_by.map(|side| ["a", "b"][side.min(1)]),
        a: one.a.as_ref().map(version),
        b: one.b.as_ref().map(version),
        why: one.why.clone(),
    }
}
