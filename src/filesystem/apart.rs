//! Two file systems beside each other: what only one holds, and what differs.

use std::cmp::Ordering;

use serde::Serialize;

use super::bytes::FsError;
use super::entry::{FileEntry, Tree, order};
use super::files::Files;
use super::kind::FileKind;
use super::piece::Piece;
use crate::ident::Runs;

/// Bytes of both files that are compared at once.
const AT_ONCE: usize = 1 << 17;

/// How a path differs between two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum How {
    /// Only the first side has it.
    OnlyA,
    /// Only the second side has it.
    OnlyB,
    /// Both have it, of different kinds, or links to different places.
    Kind,
    /// Both have it, with other content.
    Content,
    /// Only what its inode says differs: times, permissions, owner.
    Inode,
    /// One side of it cannot be read, so nobody knows.
    Unread,
}

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// How.
    pub how: How,
    /// What the first side says of it.
    pub a: Option<FileEntry>,
    /// What the second side says of it.
    pub b: Option<FileEntry>,
    /// Why one could not be read.
    pub why: Option<String>,
}

impl Change {
    /// The path.
    pub fn path(&self) -> &[u8] {
        self.a.as_ref().or(self.b.as_ref()).map_or(&[], |entry| &entry.path)
    }

    /// What is said of it on the side that has it, the first before the second.
    pub fn entry(&self) -> Option<&FileEntry> {
        self.a.as_ref().or(self.b.as_ref())
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FilesAndTree<'a> {
    /// The open file system.
    pub files: &'a Files<'a>,
    /// All its names.
    pub tree: &'a Tree,
}

impl<'a> FilesAndTree<'a> {
    /// Both together.
    pub fn new(files: &'a Files<'a>, tree: &'a Tree) -> Self {
        Self { files, tree }
    }
}

/// Every path that differs, in the order of paths. `differ` is where the two views differ: what lies elsewhere, and at one
/// place on both sides, is equal and is not read.
pub fn changes(a: FilesAndTree<'_>, b: FilesAndTree<'_>, differ: &Runs) -> Vec<Change> {
    let mut out = Vec::new();
    let (mut left, mut right) = (a.tree.entries.iter().peekable(), b.tree.entries.iter().peekable());
    loop {
        let next = match (left.peek(), right.peek()) {
            (None, None) => return out,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(x), Some(y)) => order(&x.path, &y.path),
        };
        let one = |how, a: Option<&FileEntry>, b: Option<&FileEntry>| Change {
            how,
            a: a.cloned(),
            b: b.cloned(),
            why: None,
        };
        match next {
            Ordering::Less => out.push(one(How::OnlyA, left.next(), None)),
            Ordering::Greater => out.push(one(How::OnlyB, None, right.next())),
            Ordering::Equal => {
                let (Some(x), Some(y)) = (left.next(), right.next()) else { return out };
                match both(a.files, b.files, x, y, differ) {
                    Ok(None) => {}
                    Ok(Some(how)) => out.push(one(how, Some(x), Some(y))),
                    Err(error) => {
                        out.push(Change {
                            why: Some(error.to_string()),
                            ..one(How::Unread, Some(x), Some(y))
                        });
                    }
                }
            }
        }
    }
}

/// How a path that both have differs.
fn both(
    a: &Files<'_>,
    b: &Files<'_>,
    x: &FileEntry,
    y: &FileEntry,
    differ: &Runs,
) -> Result<Option<How>, FsError> {
    if x.kind != y.kind || x.target != y.target {
        return Ok(Some(How::Kind));
    }
    if x.kind == FileKind::File && (x.size != y.size || content(a, b, x, y, differ)?) {
        return Ok(Some(How::Content));
    }
    let said = |entry: &FileEntry| (entry.mode, entry.uid, entry.gid, entry.modified, entry.links);
    // The time and the links of a directory change with the names in it, which are said themselves.
    let of_directory = |entry: &FileEntry| (entry.mode, entry.uid, entry.gid);
    let equal = match x.kind {
        FileKind::Directory => of_directory(x) == of_directory(y),
        _ => said(x) == said(y),
    };
    Ok((!equal).then_some(How::Inode))
}

/// Whether the contents of two files of one size differ.
fn content(
    a: &Files<'_>,
    b: &Files<'_>,
    x: &FileEntry,
    y: &FileEntry,
    differ: &Runs,
) -> Result<bool, FsError> {
    let (one, two) = (a.reader(x)?, b.reader(y)?);
    let inline = one.file.pieces.is_empty() || two.file.pieces.is_empty();
    let same_place =
        a.system.place().start == b.system.place().start && a.system.block_size() == b.system.block_size();
    if !inline && same_place && one.file.pieces == two.file.pieces {
        let untouched = |piece: &Piece| {
            let size = a.system.block_size();
            let start = a.system.place().start + piece.physical * size;
            let runs = differ.as_slice();
            let first = runs.partition_point(|run| run.end <= start);
            runs.get(first).is_none_or(|run| run.start >= start + piece.blocks * size)
                && !a.system.is_recovered(piece.physical, piece.blocks)
                && !b.system.is_recovered(piece.physical, piece.blocks)
        };
        if one.file.pieces.iter().all(untouched) {
            return Ok(false);
        }
    }
    let (mut p, mut q) = (vec![0; AT_ONCE], vec![0; AT_ONCE]);
    let mut at = 0;
    loop {
        // Where neither stores anything, both are zeros.
        let next = [one.next_data(at), two.next_data(at)].into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next < x.size) else { return Ok(false) };
        at = next.max(at);
        let len = (x.size - at).min(AT_ONCE as u64) as usize;
        one.read_at(at, &mut p[..len])?;
        two.read_at(at, &mut q[..len])?;
        if p[..len] != q[..len] {
            return Ok(true);
        }
        at += len as u64;
    }
}
