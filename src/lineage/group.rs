//! Which replicas are one volume.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use petgraph::unionfind::UnionFind;
use rayon::prelude::*;

use crate::ident::DiskName;
use crate::replica::Replica;

/// The replicas of one volume, with how they came together.
#[derive(Debug)]
pub struct Group {
    /// Name of the volume.
    pub name: String,
    /// Its replicas, sorted by label.
    pub replicas: Vec<Replica>,
    /// Whether directories of different names were taken together because their histories share a disk.
    pub by_history: bool,
}

/// Sorts replicas into volumes, by name.
///
/// All that were given as `LABEL=PATH` are one. Of the others those with equal directory names are, and those
/// without a name of that kind are taken together: whoever gave them meant one volume. Then sets whose histories
/// share an automatic snapshot are one, since its name is a UUID made once.
pub fn group(replicas: Vec<Replica>) -> Vec<Group> {
    #[derive(PartialEq, Eq, PartialOrd, Ord, Clone)]
    enum Key {
        Given,
        Named(Option<String>),
    }
    let mut sets: BTreeMap<Key, Vec<Replica>> = BTreeMap::new();
    for replica in replicas {
        let key = if replica.labelled { Key::Given } else { Key::Named(replica.volume.clone()) };
        sets.entry(key).or_default().push(replica);
    }
    let sets: Vec<Vec<Replica>> = sets.into_values().collect();
    let homes = akin(&sets);
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    for (home, mut replicas) in homes.into_iter().zip(sets) {
        match groups.entry(home) {
            Entry::Vacant(place) => {
                place.insert(Group { name: String::new(), replicas, by_history: false });
            }
            Entry::Occupied(mut place) => {
                place.get_mut().replicas.append(&mut replicas);
                place.get_mut().by_history = true;
            }
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        group.replicas.sort_by(|a, b| a.label.cmp(&b.label));
        let names: BTreeSet<&str> = group.replicas.iter().filter_map(|r| r.volume.as_deref()).collect();
        group.name = names.first().map_or("volume", |name| name).to_owned();
    }
    groups.sort_by(|a, b| {
        let first = |group: &Group| group.replicas.first().map(|replica| replica.label.clone());
        (&a.name, first(a)).cmp(&(&b.name, first(b)))
    });
    groups
}

/// For each set a number that sets with a mark in common share, be it by way of others.
fn akin(sets: &[Vec<Replica>]) -> Vec<usize> {
    let each = sets.par_iter().enumerate();
    let mut marks: Vec<(u128, usize)> = each
        .flat_map_iter(|(set, replicas)| marks(replicas).into_iter().map(move |mark| (mark, set)))
        .collect();
    marks.par_sort_unstable();
    let mut together = UnionFind::new(sets.len());
    for pair in marks.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        together.union(pair[0].1, pair[1].1);
    }
    together.into_labeling()
}

/// What two directories can only both have if they met: the UUIDs of automatic snapshots. Each once.
fn marks(replicas: &[Replica]) -> Vec<u128> {
    let names = replicas.iter().flat_map(|replica| replica.disks.names());
    let mut marks: Vec<u128> = names.filter_map(uuid).collect();
    // Names are ordered as their UUIDs are, so these are runs that are sorted already, which a stable sort only merges.
    marks.sort();
    marks.dedup();
    marks
}

/// The UUID in the name of an automatic snapshot, in the one spelling that Jiva gives it.
fn uuid(name: &DiskName) -> Option<u128> {
    let text = name.snapshot().filter(|text| text.len() == 36)?;
    text.bytes().enumerate().try_fold(0, |number, (at, byte)| match (at, byte) {
        (8 | 13 | 18 | 23, b'-') => Some(number),
        (8 | 13 | 18 | 23, _) => None,
        (_, b'0'..=b'9') => Some(number << 4 | u128::from(byte - b'0')),
        (_, b'a'..=b'f') => Some(number << 4 | u128::from(byte - b'a' + 10)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_jiva_makes_up_are_marks() {
        let mark = |snapshot: &str| uuid(&DiskName::new(format!("volume-snap-{snapshot}.img")));
        assert_eq!(
            mark("01234567-89ab-cdef-fedc-ba9876543210"),
            Some(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210)
        );
        for other in [
            "",
            "before-upgrade",
            "01234567-89ab-cdef-fedc-ba987654321",
            "01234567-89ab-cdef-fedc-ba98765432100",
            "01234567-89AB-cdef-fedc-ba9876543210",
            "0123456789-ab-cdef-fedc-ba9876543210",
            "01234567-89ab-cdef-fedc-ba98-6543210",
            "01234567-89ab-cdef-fedc-ba987654321g",
        ] {
            assert_eq!(mark(other), None, "{other}");
        }
        assert_eq!(uuid(&DiskName::from("volume-head-003.img")), None);
    }
}
