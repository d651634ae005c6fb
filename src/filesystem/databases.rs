//! The SQLite databases among files that differ or are lost, as each side has them.

use std::collections::BTreeSet;

use super::apart::FilesAndTree;
use super::kind::FileKind;
use super::sqlite::{Look, Sqlite};

/// Files whose first bytes are looked at.
const LOOKED_AT: usize = 4096;
/// Bytes of databases whose structure is checked, on both sides together.
const CHECKED: u64 = 4 << 30;

/// A database, as two sides have it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Database {
    /// Its path.
    pub path: Vec<u8>,
    /// What each side shows; `None` where it has no such database.
    pub sides: [Option<Sqlite>; 2],
}

/// The databases that these paths belong to, by path; and how many paths were not looked at.
pub(super) fn databases<'p>(
    sides: [FilesAndTree<'_>; 2],
    paths: impl Iterator<Item = &'p [u8]>,
    look: Look,
) -> (Vec<Database>, usize) {
    let paths: BTreeSet<&[u8]> = paths.map(Sqlite::database).collect();
    let left_out = paths.len().saturating_sub(LOOKED_AT);
    let mut room = CHECKED;
    let mut one = |side: FilesAndTree<'_>, path: &[u8]| {
        let entry = side.tree.find(path).filter(|entry| entry.kind == FileKind::File)?;
        let look = match (look, room.checked_sub(entry.size)) {
            (Look::Structure, Some(left)) => {
                // Most files are no database and cost nothing more than a look.
                let found = Sqlite::of(side.files, side.tree, entry, Look::Structure);
                room = if found.is_some() { left } else { room };
                return found;
            }
            _ => Look::Header,
        };
        Sqlite::of(side.files, side.tree, entry, look)
    };
    let mut out = Vec::new();
    for path in paths.into_iter().take(LOOKED_AT) {
        let found = [one(sides[0], path), one(sides[1], path)];
        if found.iter().any(Option::is_some) {
            out.push(Database { path: path.to_owned(), sides: found });
        }
    }
    (out, left_out)
}
