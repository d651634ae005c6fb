//! What a directory has under each name, for one replica of a volume.

use super::name::Name;
use crate::ident::Counter;

/// What a directory has under one name.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    /// What the record names as parent: `None` without a record, `Some(None)` for a base.
    pub parent: Option<Option<Name>>,
    /// The counter in the record.
    pub counter: Option<Counter>,
    /// Which file it is; names of one inode are one file.
    pub file: Option<u32>,
}

/// The entries of a directory, by name.
///
/// Only names that the directory has take room. A table over all names of the volume would grow with the number of
/// replicas, and every forecast of a join copies it.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries(Vec<(Name, Entry)>);

impl Entries {
    /// Room for so many names.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// What lies under a name; nothing, if it has no entry.
    pub fn at(&self, name: Name) -> Entry {
        self.place(name).map_or_else(Entry::default, |at| self.0[at].1)
    }

    /// The place of a name's entry among all.
    pub fn place(&self, name: Name) -> Option<usize> {
        self.0.binary_search_by_key(&name, |(name, _)| *name).ok()
    }

    /// How many names have an entry.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The entry of a name, made if it has none.
    pub fn of(&mut self, name: Name) -> &mut Entry {
        let at = match self.0.binary_search_by_key(&name, |(name, _)| *name) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (name, Entry::default()));
                at
            }
        };
        &mut self.0[at].1
    }

    /// Takes the entry of a name away.
    pub fn take(&mut self, name: Name) -> Entry {
        self.place(name).map_or_else(Entry::default, |at| std::mem::take(&mut self.0[at].1))
    }
}
