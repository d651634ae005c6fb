//! Whose a block is: a file's data, a directory, the journal, the file system's own tables, or free.

use std::collections::BTreeMap;

use crate::ident::{BLOCK_SIZE, Run, Runs};

/// What some ranges of a view belong to, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Owned {
    /// Data of files, by the place of the entry in the tree. A file of several names stands under its first; a block that
    /// several files share counts for each.
    pub files: BTreeMap<usize, u64>,
    /// Directories.
    pub directories: u64,
    /// The journal.
    pub journal: u64,
    /// Tables: superblocks, bitmaps, inodes, maps of files, attributes.
    pub tables: u64,
    /// Free space: nothing is lost with it.
    pub free: u64,
    /// In use, and no file by that was listed: deleted files that were still open, or what could not be listed.
    pub unnamed: u64,
    /// In no file that was listed, and nobody can say whether it is free: the tables of free space are damaged, or the log has
    /// changes that are not in them yet.
    pub unknown: u64,
    /// Outside of the file system.
    pub outside: u64,
}

/// The ranges that are asked about; what is found is taken out.
pub(super) struct Asked {
    /// In bytes of the file system.
    runs: Vec<Run>,
    size: u64,
    taken: Runs,
    list: Vec<Run>,
}

impl Asked {
    /// Asks about ranges in bytes of a file system whose blocks have that size.
    pub fn about(runs: Vec<Run>, size: u64) -> Self {
        Self { runs, size, taken: Runs::new(), list: Vec::new() }
    }

    /// Bytes of these blocks that are asked about.
    pub fn take(&mut self, first: u64, blocks: u64) -> u64 {
        let (start, end) =
            (first.saturating_mul(self.size), first.saturating_add(blocks).saturating_mul(self.size));
        let from = self.runs.partition_point(|run| run.end <= start);
        let mut found = 0;
        for run in self.runs[from..].iter().take_while(|run| run.start < end) {
            let part = Run { start: run.start.max(start), end: run.end.min(end) };
            found += part.len();
            self.list.push(part);
        }
        found
    }

    /// Whether anything of these blocks is asked about.
    pub fn has(&self, first: u64, blocks: u64) -> bool {
        let (start, end) =
            (first.saturating_mul(self.size), first.saturating_add(blocks).saturating_mul(self.size));
        let from = self.runs.partition_point(|run| run.end <= start);
        self.runs.get(from).is_some_and(|run| run.start < end)
    }

    /// What is asked about and was not found yet.
    pub fn left(&mut self) -> Runs {
        let list = std::mem::take(&mut self.list);
        self.taken = self.taken.union(&Runs::from_unsorted(list));
        Runs::from_unsorted(self.runs.clone()).difference(&self.taken)
    }
}

impl Owned {
    /// Bytes of files' data.
    pub fn data(&self) -> u64 {
        self.files.values().fold(0, |sum, one| sum.saturating_add(*one))
    }

    /// Everything, in blocks of a view.
    pub fn blocks(&self) -> u64 {
        let rest = [self.directories, self.journal, self.tables, self.free, self.unnamed, self.unknown];
        let all = rest.into_iter().fold(self.data(), u64::saturating_add);
        all.saturating_add(self.outside).div_ceil(BLOCK_SIZE)
    }
}
