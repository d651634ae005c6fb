//! What is said of a name in a file system, and all names of one.

use super::clock::Moment;
use super::kind::FileKind;

/// Remarks that are kept.
const REMARKS: usize = 64;

/// One name in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileEntry {
    /// Its path from the root, without a slash in front; empty for the root.
    pub path: Vec<u8>,
    /// Number of its inode.
    pub inode: u64,
    /// What it is.
    pub kind: FileKind,
    /// Permission bits.
    pub mode: u16,
    /// Number of the owner.
    pub uid: u32,
    /// Number of the group.
    pub gid: u32,
    /// How many names it has.
    pub links: u32,
    /// Size in bytes.
    pub size: u64,
    /// Last change of its data.
    pub modified: Moment,
    /// Last change of its inode.
    pub changed: Moment,
    /// Where a symbolic link leads.
    pub target: Option<Vec<u8>>,
    /// Whether names and data of it are stored encrypted.
    pub encrypted: bool,
}

impl FileEntry {
    /// The path as text. Bytes that are not UTF-8 become `\xNN`, and a backslash is doubled, so that no two names look alike.
    pub fn name(&self) -> String {
        shown(&self.path)
    }
}

/// Bytes of a name as text.
pub fn shown(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&chunk.valid().replace('\\', "\\\\"));
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

/// What was listed.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Tree {
    /// Every entry, by path; a directory before what it holds.
    pub entries: Vec<FileEntry>,
    /// What could not be listed, and why.
    pub remarks: Vec<String>,
    /// Whether all of it was listed.
    pub complete: bool,
}

impl Tree {
    /// Says that something could not be listed.
    pub(super) fn remark(&mut self, text: String) {
        self.complete = false;
        if self.remarks.len() < REMARKS {
            self.remarks.push(text);
        }
    }

    /// The entry of a path.
    pub fn find(&self, path: &[u8]) -> Option<&FileEntry> {
        self.entries.binary_search_by(|entry| order(&entry.path, path)).ok().map(|at| &self.entries[at])
    }
}

/// Paths in the order of a listing: by their parts, so that a directory is followed by what it holds.
pub(super) fn order(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    if a.is_empty() || b.is_empty() {
        return a.len().cmp(&b.len());
    }
    a.split(|byte| *byte == b'/').cmp(b.split(|byte| *byte == b'/'))
}
