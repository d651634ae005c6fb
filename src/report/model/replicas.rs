//! What each replica is, in one row.

use crate::analysis::Volume;
use crate::ident::{Counter, DiskName, Label};
use crate::lineage::RelationKind;
use crate::replica::{Quality, Replica, State};
use crate::report::words;

/// One replica.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplicaRow {
    /// Its label.
    pub label: Label,
    /// Disks of its chain.
    pub chain: usize,
    /// Its counter, or why there is none.
    pub counter: String,
    /// After which snapshot its history is its own.
    pub diverged_after: String,
    /// How its last rebuild ended.
    pub last_rebuild: &'static str,
    /// State, flags, and whether it holds everything.
    pub state: String,
}

/// The rows, by label.
pub(super) fn rows(volume: &Volume) -> Vec<ReplicaRow> {
    let row = |replica: &Replica| ReplicaRow {
        label: replica.label.clone(),
        chain: replica.chain.len(),
        counter: counter(replica),
        diverged_after: diverged_after(volume, replica),
        last_rebuild: words::last_join(replica.last_join),
        state: state(volume, replica),
    };
    volume.replicas.iter().map(row).collect()
}

fn counter(replica: &Replica) -> String {
    match replica.counter {
        Some(Counter(count)) => count.to_string(),
        None if replica.counter_unread => "unknown".to_owned(),
        None => "none".to_owned(),
    }
}

fn state(volume: &Volume, replica: &Replica) -> String {
    let condition = words::condition(replica, volume.copies.quality(&replica.label) == Quality::Defective);
    match standing(volume, replica) {
        Some(standing) => format!("{standing}; {condition}"),
        None => condition,
    }
}

/// What a replica holds beside the others, where that differs among them.
fn standing(volume: &Volume, replica: &Replica) -> Option<&'static str> {
    let verdict = &volume.verdict;
    let (label, holders) = (&replica.label, &verdict.holders);
    if holders.len() == volume.replicas.len() {
        return None;
    }
    if holders.contains(label) {
        return Some("holds everything");
    }
    // Only what is certain: a replica that may be wiped holds nothing that the kept one lacks.
    (verdict.keep.is_some() && !verdict.must_not_wipe.contains(label)).then_some("nothing of its own")
}

/// The newest state that it shares with one whose data differ, or with any if all are equal.
fn diverged_after(volume: &Volume, replica: &Replica) -> String {
    let label = &replica.label;
    // An empty replica shares nothing with anybody: it says nothing of where the others diverged.
    let filled = |other: &&Replica| other.state != State::Blank && other.label != *label;
    if replica.state == State::Blank {
        return "–".to_owned();
    }
    let mine = || {
        let others = volume.replicas.iter().filter(filled);
        others.filter_map(|other| volume.lineage.between(label, &other.label))
    };
    let equal = |kind| matches!(kind, RelationKind::Identical | RelationKind::Equal);
    let shared = |differing: bool| -> Option<&DiskName> {
        mine()
            .filter(|relation| !differing || !equal(relation.kind))
            .filter_map(|relation| {
                relation.ancestor.as_ref().map(|(a, b)| if relation.a == *label { a } else { b })
            })
            .min_by_key(|disk| replica.chain.iter().position(|name| name == *disk))
    };
    let differs = mine().any(|relation| !equal(relation.kind));
    match shared(differs) {
        Some(disk) => disk.short(),
        None if mine().next().is_none() => "–".to_owned(),
        None => "no common snapshot".to_owned(),
    }
}
