//! A replica directory as it would be with other metadata in it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::Change;
use crate::evidence::{Entry, Extents, Kind, Origin, ReadError, Source, Sums};
use crate::ident::{BLOCK_SIZE, Run, Runs};

/// A directory with some files changed; the evidence below it stays as it is.
#[derive(Debug)]
pub struct Overlay {
    below: Arc<dyn Source>,
    entries: Vec<Entry>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Overlay {
    /// A directory with these changes.
    pub fn new<'a>(below: Arc<dyn Source>, changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut entries = below.entries().to_vec();
        let mut files = BTreeMap::new();
        for change in changes {
            entries.retain(|entry| entry.name != change.file);
            files.remove(&change.file);
            if let Some(content) = &change.content {
                let size = content.len() as u64;
                let name = change.file.clone();
                entries.push(Entry { name: name.clone(), kind: Kind::File, size, link: None, damage: None });
                files.insert(name, content.clone());
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Self { below, entries, files }
    }

    /// The entry of the directory below: sources may know their own by its place.
    fn under(&self, entry: &Entry) -> Result<&Entry, ReadError> {
        let entries = self.below.entries();
        let found = entries.binary_search_by(|one| one.name.as_str().cmp(&entry.name));
        found.map(|at| &entries[at]).map_err(|_| ReadError::NotKept)
    }
}

impl Source for Overlay {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, entry: &Entry) -> Result<Cow<'_, [u8]>, ReadError> {
        match self.files.get(&entry.name) {
            Some(content) => Ok(Cow::Borrowed(content)),
            None => self.below.read(self.under(entry)?),
        }
    }

    fn modified(&self, entry: &Entry) -> Option<i128> {
        self.below.modified(self.under(entry).ok()?)
    }

    fn changed(&self) -> Vec<String> {
        self.below.changed()
    }

    fn extents(&self, entry: &Entry) -> Result<Extents, ReadError> {
        match self.files.get(&entry.name) {
            Some(content) => {
                let mut runs = Runs::new();
                runs.push(0, (content.len() as u64).div_ceil(BLOCK_SIZE) * BLOCK_SIZE);
                Ok(Extents { runs, origin: Origin::Fiemap })
            }
            None => self.below.extents(self.under(entry)?),
        }
    }

    fn expect(&self, entry: &Entry, run: Run) {
        if let Ok(entry) = self.under(entry) {
            self.below.expect(entry, run);
        }
    }

    fn sums(&self) -> Option<&dyn Sums> {
        self.below.sums()
    }

    fn file(&self, entry: &Entry) -> Option<Arc<OwnedFd>> {
        if self.files.contains_key(&entry.name) { None } else { self.below.file(self.under(entry).ok()?) }
    }

    fn read_at(&self, entry: &Entry, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let Some(content) = self.files.get(&entry.name) else {
            return self.below.read_at(self.under(entry)?, offset, buf);
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let count = buf.len().min(content.len() - from);
        buf[..count].copy_from_slice(&content[from..from + count]);
        Ok(count)
    }
}
