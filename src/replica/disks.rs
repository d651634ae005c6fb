//! All disks of one directory, ordered by name, and which of them stands on which.
//!
//! Chains are long and are followed many times over. So a record's `Parent` is looked up once, and after that a
//! disk is a place in a list.

use std::borrow::Borrow;
use std::ops::Index;

use super::{Disk, Image, RecordState};
use crate::ident::DiskName;

/// The disks of one directory, ordered by name.
#[derive(Debug, Default)]
pub struct Disks {
    list: Vec<Disk>,
    /// For each the place of its parent; `None` for a base, and where the parent is not there.
    below: Vec<Option<u32>>,
    /// The UUIDs of automatic snapshots, ascending.
    uuids: Vec<u128>,
}

impl Disks {
    /// None yet, with room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { list: Vec::with_capacity(count), ..Self::default() }
    }

    /// The disk of a name.
    pub fn get(&self, name: &(impl Borrow<str> + ?Sized)) -> Option<&Disk> {
        self.place(name.borrow()).map(|at| &self.list[at])
    }

    /// Whether there is a disk of that name.
    pub fn contains(&self, name: &(impl Borrow<str> + ?Sized)) -> bool {
        self.place(name.borrow()).is_some()
    }

    /// All of them, by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Disk> {
        self.list.iter()
    }

    /// Their names, ascending.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &DiskName> {
        self.list.iter().map(|disk| &disk.name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The image of a disk, to be changed.
    pub(crate) fn image_mut(&mut self, name: &DiskName) -> Option<&mut Image> {
        let at = self.place(name.as_str())?;
        self.list[at].image.as_mut()
    }

    /// The place of a name in the order of names.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.search(name).ok()
    }

    /// The place of a name, or the one where it would stand.
    fn search(&self, name: &str) -> Result<usize, usize> {
        self.list.binary_search_by(|disk| disk.name.as_str().cmp(name))
    }

    /// The place of the parent that the record of the disk at `at` names, if that is there.
    pub(crate) fn below(&self, at: usize) -> Option<usize> {
        self.below[at].map(|below| below as usize)
    }

    /// The UUIDs of its automatic snapshots, ascending.
    pub(crate) fn uuids(&self) -> &[u128] {
        &self.uuids
    }

    /// The disk of a name, made if it was not there.
    pub(crate) fn entry(&mut self, name: &str) -> &mut Disk {
        // The names of a directory come sorted, so nearly always it is the last one or a new last one.
        let at = match self.list.last().map(|last| last.name.as_str().cmp(name)) {
            None | Some(std::cmp::Ordering::Less) => Err(self.list.len()),
            Some(std::cmp::Ordering::Equal) => Ok(self.list.len() - 1),
            Some(std::cmp::Ordering::Greater) => self.search(name),
        };
        let at = at.unwrap_or_else(|at| {
            let new = Disk {
                name: DiskName::from(name),
                record: RecordState::Absent,
                image: None,
                on_chain: false,
            };
            self.list.insert(at, new);
            at
        });
        &mut self.list[at]
    }

    /// Marks a disk as one of the active chain.
    pub(crate) fn mark(&mut self, at: usize) {
        self.list[at].on_chain = true;
    }

    /// Looks up every parent, and reads every UUID; to be called once all disks are there.
    pub(crate) fn link(&mut self) {
        let parent = |disk: &Disk| {
            let at = self.place(disk.parent()?)?;
            Some(u32::try_from(at).expect("fewer disks than memory holds"))
        };
        self.below = self.list.iter().map(parent).collect();
        self.uuids = self.names().filter_map(DiskName::uuid).collect();
    }
}

/// # Panics
/// If there is no such disk.
impl<N: Borrow<str> + ?Sized> Index<&N> for Disks {
    type Output = Disk;

    fn index(&self, name: &N) -> &Disk {
        self.get(name).unwrap_or_else(|| panic!("no disk {:?}", name.borrow()))
    }
}

/// # Panics
/// If there is no such place.
impl Index<usize> for Disks {
    type Output = Disk;

    fn index(&self, at: usize) -> &Disk {
        &self.list[at]
    }
}

impl<'a> IntoIterator for &'a Disks {
    type Item = &'a Disk;
    type IntoIter = std::slice::Iter<'a, Disk>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::Record;

    fn disks(names: &[(&str, &str)]) -> Disks {
        let mut disks = Disks::default();
        for (name, parent) in names {
            let text = format!("{{\"Parent\":\"{parent}\"}}");
            let record = Record::parse(text.as_bytes()).expect("a record");
            disks.entry(name).record = RecordState::Read(record);
        }
        disks.link();
        disks
    }

    /// A record follows its image but for what sorts between them: `a.img`, `a.img-b.img`, `a.img.meta`.
    #[test]
    fn names_that_come_unsorted_are_sorted_and_kept_once() {
        let disks =
            disks(&[("a.img-b.img", ""), ("c.img", "a.img"), ("a.img", "a.img-b.img"), ("c.img", "x")]);
        let names: Vec<&str> = disks.names().map(DiskName::as_str).collect();
        assert_eq!(names, ["a.img", "a.img-b.img", "c.img"]);
        assert_eq!(disks["c.img"].parent(), Some("x"), "the last record counts");
        assert_eq!([0, 1, 2].map(|at| disks.below(at)), [Some(1), None, None]);
        assert!(disks.contains("a.img") && !disks.contains("a") && !disks.contains(""));
    }
}
