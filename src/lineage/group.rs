//! Which replicas are one volume.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use petgraph::unionfind::UnionFind;
use rayon::prelude::*;

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
    let mut marks: Vec<u128> = replicas.iter().flat_map(|replica| replica.disks.uuids()).copied().collect();
    // The replicas of a set have nearly all in common. Each has them sorted already: a stable sort only merges.
    marks.sort();
    marks.dedup();
    marks
}
