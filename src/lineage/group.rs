//! Which replicas are one volume.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    let mut groups: Vec<Group> = Vec::new();
    let sets: Vec<Vec<Replica>> = sets.into_values().collect();
    let own: Vec<Vec<DiskName>> = sets.par_iter().map(|replicas| marks(replicas)).collect();
    // Only looked up and changed as a whole, so its order does not matter.
    let mut homes: HashMap<DiskName, usize> = HashMap::with_capacity(own.iter().map(Vec::len).sum());
    for (replicas, own) in sets.into_iter().zip(own) {
        // All groups that these replicas share history with become one with them.
        let akin: BTreeSet<usize> = own.iter().filter_map(|mark| homes.get(mark)).copied().collect();
        let mut joined = Group { name: String::new(), replicas, by_history: !akin.is_empty() };
        if !akin.is_empty() {
            for at in &akin {
                joined.replicas.append(&mut groups[*at].replicas);
            }
            homes.values_mut().filter(|home| akin.contains(home)).for_each(|home| *home = groups.len());
        }
        homes.extend(own.into_iter().map(|mark| (mark, groups.len())));
        groups.push(joined);
    }
    groups.retain(|group| !group.replicas.is_empty());
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

/// Names that two directories can only both have if they met: those of automatic snapshots. Each once.
fn marks(replicas: &[Replica]) -> Vec<DiskName> {
    let uuid = |name: &&DiskName| {
        name.snapshot()
            .is_some_and(|s| s.len() == 36 && s.bytes().all(|c| c == b'-' || c.is_ascii_hexdigit()))
    };
    let mut names: Vec<&DiskName> = replicas.iter().flat_map(|replica| replica.disks.names()).collect();
    // Runs that are sorted already, which a stable sort only merges.
    names.sort();
    names.dedup();
    names.into_iter().filter(uuid).cloned().collect()
}
