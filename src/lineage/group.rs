//! Which replicas are one volume.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use petgraph::unionfind::UnionFind;
use rayon::prelude::*;

use super::kinship::{self, Kin};
use crate::finding::ApartBy;
use crate::replica::Replica;

/// The replicas of one volume, with how they came together.
#[derive(Debug)]
#[non_exhaustive]
pub struct Group {
    /// Name of the volume.
    pub name: String,
    /// Its replicas, sorted by label.
    pub replicas: Vec<Replica>,
    /// Whether directories of different names were taken together because their histories share a disk.
    pub by_history: bool,
    /// Volumes whose histories share a disk with this one's, and which are others all the same.
    pub apart: Vec<Apart>,
}

/// Another volume with which a disk is shared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Apart {
    /// Its name.
    pub name: String,
    /// What tells the two apart.
    pub why: ApartBy,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Clone)]
enum Key {
    Given,
    /// Directories without a volume's name: the user who gave them meant one volume. Clones stand by themselves until it
    /// is known whether their source is among them.
    Unnamed {
        foreign: bool,
        clone: bool,
    },
    Named(String),
}

impl Key {
    fn of(replica: &Replica) -> Self {
        match &replica.volume {
            _ if replica.labelled => Self::Given,
            Some(name) => Self::Named(name.clone()),
            None => Self::Unnamed { foreign: !replica.is_jivas(), clone: kinship::is_clone(replica) },
        }
    }
}

/// Sorts replicas into volumes, by name.
///
/// All that were given as `LABEL=PATH` are one. Of the others those with equal directory names are, and those
/// without a name of that kind are taken together. Then sets whose histories share an automatic snapshot are one,
/// since its name is a UUID made once; but not where something tells them apart, as names or a `CloneStatus` do.
pub fn group(replicas: Vec<Replica>) -> Vec<Group> {
    let mut sets: BTreeMap<Key, Vec<Replica>> = BTreeMap::new();
    // What nothing can be read of, and no name says of which volume it is, stands with the others where they are one.
    let (blank, replicas): (Vec<Replica>, Vec<Replica>) =
        replicas.into_iter().partition(|replica| !replica.labelled && replica.source.entries().is_empty());
    for replica in replicas {
        sets.entry(Key::of(&replica)).or_default().push(replica);
    }
    let only = sets.keys().next().cloned().filter(|_| sets.len() == 1);
    for replica in blank {
        let only = only.clone().filter(|_| replica.volume.is_none());
        sets.entry(only.unwrap_or_else(|| Key::of(&replica))).or_default().push(replica);
    }
    let (keys, sets): (Vec<Key>, Vec<Vec<Replica>>) = sets.into_iter().unzip();
    let (homes, apart) = homes(&keys, &sets);
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    for ((home, key), mut replicas) in homes.iter().zip(&keys).zip(sets) {
        match groups.entry(*home) {
            Entry::Vacant(place) => {
                place.insert(Group { name: String::new(), replicas, by_history: false, apart: Vec::new() });
            }
            Entry::Occupied(mut place) => {
                let group = place.get_mut();
                // The unnamed are one from the start.
                let unnamed = matches!(key, Key::Unnamed { clone: true, .. })
                    && group.replicas.iter().all(|one| !one.labelled && one.volume.is_none());
                group.by_history |= !unnamed;
                group.replicas.append(&mut replicas);
            }
        }
    }
    for group in groups.values_mut() {
        group.replicas.sort_by(|a, b| a.label.cmp(&b.label));
        let names: BTreeSet<&str> = group.replicas.iter().filter_map(|r| r.volume.as_deref()).collect();
        group.name = names.first().map_or("volume", |name| name).to_owned();
    }
    forget_local_names(&mut groups);
    tell_unnamed(&mut groups);
    for (one, other, why) in apart {
        let (one, other) = (homes[one], homes[other]);
        for (here, there) in [(one, other), (other, one)] {
            let name = groups[&there].name.clone();
            groups
                .get_mut(&here)
                .expect("every home has a group")
                .apart
                .push(Apart { name, why: why.clone() });
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        group.apart.sort();
        group.apart.dedup();
    }
    groups.sort_by(|a, b| {
        let first = |group: &Group| group.replicas.first().map(|replica| replica.label.clone());
        (&a.name, first(a)).cmp(&(&b.name, first(b)))
    });
    groups
}

/// Under CSI each directory is named after its own local volume, and none of these names is the volume's. Several such
/// volumes keep them all the same, since something must tell them apart.
fn forget_local_names(groups: &mut BTreeMap<usize, Group>) {
    let names = |group: &Group| {
        group.replicas.iter().filter_map(|replica| replica.volume.clone()).collect::<BTreeSet<_>>().len()
    };
    if groups.len() == 1 {
        for group in groups.values_mut().filter(|group| names(group) > 1) {
            group.name = "volume".to_owned();
        }
    }
}

/// Where directories without a name are several volumes, each is called after what tells it from the others.
fn tell_unnamed(groups: &mut BTreeMap<usize, Group>) {
    let unnamed = |group: &Group| group.replicas.iter().all(|replica| replica.volume.is_none());
    if groups.values().filter(|group| unnamed(group)).count() < 2 {
        return;
    }
    for group in groups.values_mut().filter(|group| unnamed(group)) {
        if group.replicas.iter().all(kinship::is_clone) {
            group.name = "volume (clone)".to_owned();
        } else if group.replicas.iter().all(|replica| !replica.is_jivas()) {
            group.name = "volume (not Jiva's)".to_owned();
        }
    }
}

/// Two sets by their places that share a disk and are not one, and why.
type Parted = (usize, usize, ApartBy);

/// For each set a number that sets of one volume share, and those that share a disk and are not one.
///
/// Pairs that share most come first. Two are taken together only where nothing tells any of the one side from any of
/// the other, so that a third set never joins what is apart.
fn homes(keys: &[Key], sets: &[Vec<Replica>]) -> (Vec<usize>, Vec<Parted>) {
    let shared = shared(sets);
    let mut pairs: Vec<(usize, usize, usize)> =
        shared.iter().map(|((a, b), count)| (*count, *a, *b)).collect();
    // Clones without a name stay with the others that have none, whatever they share, unless they are distinguished.
    let unnamed = |clone: bool| keys.iter().position(|key| *key == Key::Unnamed { foreign: false, clone });
    if let (Some(plain), Some(clones)) = (unnamed(false), unnamed(true))
        && !shared.contains_key(&(plain, clones))
    {
        pairs.push((0, plain, clones));
    }
    pairs.sort_by_key(|(count, a, b)| (std::cmp::Reverse(*count), *a, *b));
    let mut members: Vec<Vec<usize>> = (0..sets.len()).map(|set| vec![set]).collect();
    let mut home: Vec<usize> = (0..sets.len()).collect();
    let mut together = UnionFind::new(sets.len());
    let mut parted = Vec::new();
    let kin: Vec<Kin<'_>> =
        if pairs.is_empty() { Vec::new() } else { sets.par_iter().map(|set| Kin::of(set)).collect() };
    for (count, a, b) in pairs {
        let (one, other) = (home[a], home[b]);
        if one == other {
            continue;
        }
        let against = members[one]
            .iter()
            .flat_map(|x| members[other].iter().map(move |y| (*x, *y)))
            .find_map(|(x, y)| kinship::distinguished(&kin[x], &kin[y]));
        match against {
            Some(why) => {
                if count > 0
                    || kin[a].shares_name(&kin[b])
                    || keys[b] == (Key::Unnamed { foreign: false, clone: true })
                {
                    parted.push((a, b, why));
                }
            }
            None => {
                together.union(a, b);
                let moved = std::mem::take(&mut members[other]);
                moved.iter().for_each(|set| home[*set] = one);
                members[one].extend(moved);
            }
        }
    }
    (together.into_labeling(), parted)
}

/// How many marks each two sets have in common, where they have any.
fn shared(sets: &[Vec<Replica>]) -> BTreeMap<(usize, usize), usize> {
    let each = sets.par_iter().enumerate();
    let mut marks: Vec<(u128, usize)> = each
        .flat_map_iter(|(set, replicas)| marks(replicas).into_iter().map(move |mark| (mark, set)))
        .collect();
    marks.par_sort_unstable();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for same in marks.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
        for (at, (_, a)) in same.iter().enumerate() {
            pairs.extend(same[at + 1..].iter().take(NEIGHBOURS).map(|(_, b)| (*a, *b)));
        }
    }
    pairs.par_sort_unstable();
    pairs.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect()
}

/// So many further sets that share one mark are paired with each: those have it in common with the rest.
const NEIGHBOURS: usize = 64;

/// What two directories can only both have if they met: the UUIDs of automatic snapshots. Each once.
fn marks(replicas: &[Replica]) -> Vec<u128> {
    let mut marks: Vec<u128> = replicas.iter().flat_map(|replica| replica.disks.uuids()).copied().collect();
    // The replicas of a set have nearly all in common. Each has them sorted already: a stable sort only merges.
    marks.sort();
    marks.dedup();
    marks
}
