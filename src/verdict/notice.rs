//! What is to be noticed about a volume as a whole, from the relations of its replicas.

use std::collections::BTreeSet;

use super::case::Case;
use super::confidence::checkpoint_by_fewer;
use crate::finding::{CopyReason, Exhibit, Facts, Finding, Parting, ReplicaSize};
use crate::ident::{DiskName, Label, Run, Runs};
use crate::lineage::{Doubt, Relation, Stop, Supply};
use crate::replica::{Replica, State};

/// How many ranges a finding shows; their number of blocks it tells in full.
const SHOWN: usize = 8;

/// Findings about the volume.
pub fn notice(case: &Case<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let judged: BTreeSet<&Label> = case.judged().map(|replica| &replica.label).collect();
    for relation in &case.lineage.relations {
        if judged.contains(&relation.a) && judged.contains(&relation.b) {
            pair(case, relation, &mut found);
        }
    }
    whole(case, &mut found);
    witnesses(case, &mut found);
    found.sort();
    found
}

fn replica<'a>(case: &Case<'a>, label: &Label) -> Option<&'a Replica> {
    Replica::among(case.replicas, label)
}

fn pair(case: &Case<'_>, relation: &Relation, found: &mut Vec<Finding>) {
    let (a, b) = (&relation.a, &relation.b);
    let (Some(ra), Some(rb)) = (replica(case, a), replica(case, b)) else { return };
    let meta = |label: &Label| Exhibit::file(label, "volume.meta");
    let blank = ra.state == State::Blank || rb.state == State::Blank;
    if relation.shared.pairs.is_empty() && !blank && !ra.chain.is_empty() && !rb.chain.is_empty() {
        let base = |replica: &Replica| replica.chain.last().map_or_else(String::new, |name| name.record());
        found.push(Finding::volume(
            Facts::NoCommonAncestor { a: a.clone(), b: b.clone() },
            vec![Exhibit::file(a, base(ra)), Exhibit::file(b, base(rb))],
        ));
    }
    let mut apart = vec![true; ra.chain.len()];
    relation.shared.pairs.iter().for_each(|(level, _)| apart[ra.chain.len() - 1 - level] = false);
    let in_chain = |name: &DiskName| rb.disk(name).is_some_and(|disk| disk.on_chain);
    let names =
        ra.chain.iter().zip(apart).filter(|(name, apart)| *apart && name.is_snapshot() && in_chain(name));
    let names: Vec<&DiskName> = names.map(|(name, _)| name).collect();
    if let Some(newest) = names.first() {
        found.push(
            Finding::volume(
                Facts::EqualNamesOnly {
                    a: a.clone(),
                    b: b.clone(),
                    snapshots: names.len(),
                    newest: (*newest).clone(),
                    parting: relation.shared.stop.as_ref().map(parting),
                },
                vec![Exhibit::file(a, newest.record()), Exhibit::file(b, newest.record())],
            )
            .on(newest),
        );
    }
    if relation.shared.skew {
        found.push(Finding::volume(
            Facts::CleanUpSkew {
                a: a.clone(),
                layers_a: ra.chain.len(),
                b: b.clone(),
                layers_b: rb.chain.len(),
            },
            vec![meta(a), meta(b)],
        ));
    }
    for (lost, loser, other) in [(&relation.lost_a, a, b), (&relation.lost_b, b, a)] {
        if !lost.is_empty() {
            found.push(damage(case, lost, loser, other));
        }
    }
    for (foreign, receiver, other) in [(&relation.foreign_a, ra, b), (&relation.foreign_b, rb, a)] {
        if let Some(tip) = receiver.clean_tip.as_ref().filter(|_| !foreign.is_empty()) {
            found.push(tail(foreign, &receiver.label, other).on(tip));
        }
    }
    for (dropped, copy, other) in [(&relation.dropped_a, a, b), (&relation.dropped_b, b, a)] {
        if !dropped.is_empty() {
            let reason = CopyReason::HoleWhereAnotherWrote { other: other.clone(), blocks: dropped.blocks() };
            let facts = Facts::ZeroBlocksLost { reason };
            found.push(Finding::volume(facts, ranges(dropped, copy)).about(copy));
        }
    }
    if !relation.unknown.is_empty() {
        found.push(Finding::volume(
            Facts::SameDataUnknown { a: a.clone(), b: b.clone(), blocks: relation.unknown.blocks() },
            ranges(&relation.unknown, a).into_iter().chain(ranges(&relation.unknown, b)).collect(),
        ));
    }
    if relation.doubts.contains(&Doubt::OneWrite) {
        found.push(Finding::volume(
            Facts::LastWriteDiffers { a: a.clone(), b: b.clone(), blocks: relation.contested.blocks() },
            ranges(&relation.contested, a).into_iter().chain(ranges(&relation.contested, b)).collect(),
        ));
    }
}

fn damage(case: &Case<'_>, lost: &Runs, loser: &Label, other: &Label) -> Finding {
    let kept = suppliers(case, lost, other).into_iter();
    let facts = Facts::SilentDamage { other: other.clone(), blocks: lost.blocks() };
    Finding::volume(facts, kept.chain(suppliers(case, lost, loser)).collect()).about(loser)
}

/// Why no further state is shared, as a fact.
fn parting(stop: &Stop) -> Parting {
    match stop.clone() {
        Stop::Base => Parting::Base,
        Stop::Counters(disk, a, b) => Parting::Counters { disk, a, b },
        Stop::Created(disk) => Parting::Created { disk },
        Stop::Unmerged(disk) => Parting::Unmerged { disk },
        Stop::Content(disk) => Parting::Content { disk },
    }
}

fn tail(foreign: &Runs, receiver: &Label, other: &Label) -> Finding {
    let facts = Facts::ForeignTail { other: other.clone(), blocks: foreign.blocks() };
    Finding::volume(facts, ranges(foreign, receiver)).about(receiver)
}

/// The first few pieces of these runs, each with the layer of the replica that supplies it; `view` where none does.
fn suppliers(case: &Case<'_>, runs: &Runs, label: &Label) -> Vec<Exhibit> {
    let Some(layers) = case.lineage.layers(label) else {
        return ranges(runs, label);
    };
    let supply = Supply::view(layers, layers.tip);
    let mut out = Vec::new();
    for run in runs {
        let first = supply.segments().partition_point(|segment| segment.run.end <= run.start);
        let mut at = run.start;
        let over = supply.segments()[first..].iter().take_while(|segment| segment.run.start < run.end);
        for segment in over {
            let (start, end) = (segment.run.start.max(run.start), segment.run.end.min(run.end));
            if at < start {
                out.push(Exhibit::bytes(label, "view", Run { start: at, end: start }));
            }
            out.push(Exhibit::bytes(label, layers.list[segment.level].name.as_str(), Run { start, end }));
            at = end;
        }
        if at < run.end {
            out.push(Exhibit::bytes(label, "view", Run { start: at, end: run.end }));
        }
        if out.len() >= SHOWN {
            break;
        }
    }
    out.truncate(SHOWN);
    out
}

/// The first few ranges of a set, as exhibits.
fn ranges(runs: &Runs, label: &Label) -> Vec<Exhibit> {
    runs.iter().take(SHOWN).map(|run| Exhibit::bytes(label, "view", *run)).collect()
}

fn whole(case: &Case<'_>, found: &mut Vec<Finding>) {
    let some_data = case.replicas.iter().any(|replica| replica.state == State::Usable);
    let empty = |replica: &&Replica| replica.state == State::Blank && !case.is_defective(replica);
    for replica in case.replicas.iter().filter(|replica| empty(replica) && some_data) {
        let label = &replica.label;
        let facts = Facts::BlankReplica { counter: replica.counter };
        found.push(Finding::of(label, facts, Exhibit::file(label, "volume.meta")));
    }
    let sizes: BTreeSet<u64> = case.replicas.iter().filter_map(|replica| replica.size).collect();
    if sizes.len() > 1 {
        let sizes: Vec<ReplicaSize> = case
            .replicas
            .iter()
            .filter_map(|r| Some(ReplicaSize { replica: r.label.clone(), size: r.size? }))
            .collect();
        let evidence =
            sizes.iter().map(|one| Exhibit::field(&one.replica, "volume.meta", "Size", one.size)).collect();
        found.push(Finding::volume(Facts::VolumeSizesDiffer { sizes }, evidence));
    }
    let mut uuids: std::collections::BTreeMap<&str, Vec<&Label>> = std::collections::BTreeMap::new();
    for replica in case.replicas {
        if let Some(uuid) = replica.uuid() {
            uuids.entry(uuid).or_default().push(&replica.label);
        }
    }
    for (uuid, labels) in uuids.into_iter().filter(|(_, labels)| labels.len() > 1) {
        let evidence =
            labels.iter().map(|label| Exhibit::field(label, "volume.meta", "UUID", uuid)).collect();
        let facts =
            Facts::SameUuid { uuid: uuid.to_owned(), replicas: labels.into_iter().cloned().collect() };
        found.push(Finding::volume(facts, evidence));
    }
    if let Some((a, b, c)) = checkpoint_by_fewer(&case.lineage.layers) {
        let evidence = [a, b, c]
            .iter()
            .filter_map(|label| replica(case, label))
            .filter_map(|r| {
                Some(Exhibit::field(&r.label, "volume.meta", "Checkpoint", r.checkpoint.as_ref()?))
            })
            .collect();
        let facts = Facts::CheckpointByFewer { newer: vec![a.clone(), b.clone()], older: c.clone() };
        found.push(Finding::volume(facts, evidence));
    }
    let supplied = case.supplied();
    if supplied < case.factor {
        let facts =
            Facts::FactorUnmet { replicas: supplied, directories: case.replicas.len(), factor: case.factor };
        found.push(Finding::volume(facts, Vec::new()));
    }
}

fn witnesses(case: &Case<'_>, found: &mut Vec<Finding>) {
    for witness in &case.lineage.witnesses {
        let label = &witness.seen_by;
        let head =
            replica(case, label).and_then(|r| r.head.as_ref()).map_or_else(String::new, |h| h.record());
        let record = &witness.record;
        let peer = record.sighting();
        let facts = match &witness.doubted_by {
            Some(other) => Facts::WitnessInDoubt { peer, may_be: other.clone() },
            None => Facts::MissingWitness { peer: Some(peer), seen: None },
        };
        found.push(
            Finding::of(label, facts, Exhibit::field(label, head.clone(), "Name", &record.head))
                .and(Exhibit::field(label, head, "Parent", &record.join_snapshot))
                .on(&record.join_snapshot),
        );
    }
}
