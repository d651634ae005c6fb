//! What is to be noticed about a volume as a whole, from the relations of its replicas.

use std::collections::BTreeSet;

use super::case::Case;
use super::confidence::checkpoint_by_fewer;
use crate::finding::{Code, Exhibit, Finding};
use crate::ident::{BLOCK_SIZE, DiskName, Label, Run, Runs};
use crate::lineage::{Doubt, Relation, Stop, Supply};
use crate::replica::{Replica, State};

/// How many ranges a finding shows; their number of blocks it tells in full.
const SHOWN: usize = 8;

/// Findings about the volume.
pub fn notice(case: &Case<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for relation in &case.lineage.relations {
        let both = |label: &Label| case.judged().any(|replica| replica.label == *label);
        if both(&relation.a) && both(&relation.b) {
            pair(case, relation, &mut found);
        }
    }
    whole(case, &mut found);
    witnesses(case, &mut found);
    found.sort();
    found
}

fn replica<'a>(case: &Case<'a>, label: &Label) -> Option<&'a Replica> {
    case.replicas.iter().find(|replica| replica.label == *label)
}

fn pair(case: &Case<'_>, relation: &Relation, found: &mut Vec<Finding>) {
    let (a, b) = (&relation.a, &relation.b);
    let (Some(ra), Some(rb)) = (replica(case, a), replica(case, b)) else { return };
    let meta = |label: &Label| Exhibit::file(label, "volume.meta");
    let blank = ra.state == State::Blank || rb.state == State::Blank;
    if relation.shared.pairs.is_empty() && !blank && !ra.chain.is_empty() && !rb.chain.is_empty() {
        let base = |replica: &Replica| replica.chain.last().map_or_else(String::new, |name| name.record());
        found.push(Finding::volume(
            Code::NoCommonAncestor,
            format!("{a} and {b} have no state in common"),
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
        let why = match &relation.shared.stop {
            Some(Stop::Counters(name, ca, cb)) => format!("; {name} carries {ca} and {cb}"),
            Some(Stop::Content(name)) => format!("; {name} holds different blocks"),
            Some(Stop::Unmerged(name)) => format!("; what lies below {name} cannot have been merged away"),
            Some(Stop::Created(name)) => format!("; {name} was made at different times"),
            Some(Stop::Base) => "; the oldest disks have different names".to_owned(),
            None => String::new(),
        };
        found.push(
            Finding::volume(
                Code::EqualNamesOnly,
                format!(
                    "{a} and {b} have {} snapshot names in common above their last common state{why}",
                    names.len()
                ),
                vec![Exhibit::file(a, newest.record()), Exhibit::file(b, newest.record())],
            )
            .on(newest),
        );
    }
    if relation.shared.skew {
        found.push(Finding::volume(
            Code::CleanUpSkew,
            format!("{a} has {} layers and {b} {}, of the same history", ra.chain.len(), rb.chain.len()),
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
            let text = format!(
                "{copy} has the higher counter and a hole where {other} wrote {}: zeros written there, which its copy \
                 dropped, would explain it",
                count(dropped)
            );
            let mut finding = Finding::volume(Code::ZeroBlocksLost, text, ranges(dropped, copy));
            finding.replica = Some(copy.clone());
            found.push(finding);
        }
    }
    if !relation.unknown.is_empty() {
        found.push(Finding::volume(
            Code::SameDataUnknown,
            format!("{a} and {b} differ in {} below their common state", count(&relation.unknown)),
            ranges(&relation.unknown, a).into_iter().chain(ranges(&relation.unknown, b)).collect(),
        ));
    }
    if relation.doubts.contains(&Doubt::OneWrite) {
        found.push(Finding::volume(
            Code::LastWriteDiffers,
            format!("{a} and {b} differ in one run of {}", count(&relation.contested)),
            ranges(&relation.contested, a).into_iter().chain(ranges(&relation.contested, b)).collect(),
        ));
    }
}

fn damage(case: &Case<'_>, lost: &Runs, loser: &Label, other: &Label) -> Finding {
    let kept = suppliers(case, lost, other).into_iter();
    let mut finding = Finding::volume(
        Code::SilentDamage,
        format!("{loser} lost {} that {other} still has below their common state", count(lost)),
        kept.chain(suppliers(case, lost, loser)).collect(),
    );
    finding.replica = Some(loser.clone());
    finding
}

fn tail(foreign: &Runs, receiver: &Label, other: &Label) -> Finding {
    let mut finding = Finding::volume(
        Code::ForeignTail,
        format!("{receiver} received {} in a join that did not end, and {other} lacks them", count(foreign)),
        ranges(foreign, receiver),
    );
    finding.replica = Some(receiver.clone());
    finding
}

/// The first few pieces of these runs, each with the layer of the replica that supplies it; `view` where none does.
fn suppliers(case: &Case<'_>, runs: &Runs, label: &Label) -> Vec<Exhibit> {
    let Some(layers) = case.lineage.layers.iter().find(|layers| layers.label == *label) else {
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

fn count(runs: &Runs) -> String {
    let blocks = runs.blocks();
    format!("{blocks} block{} of {BLOCK_SIZE} bytes", if blocks == 1 { "" } else { "s" })
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
        let counter = replica.counter.map_or_else(|| "no counter".to_owned(), |c| format!("counter {c}"));
        let text = format!("{label} holds nothing ({counter})");
        found.push(Finding::of(Code::BlankReplica, label, text, Exhibit::file(label, "volume.meta")));
    }
    let sizes: BTreeSet<u64> = case.replicas.iter().filter_map(|replica| replica.size).collect();
    if sizes.len() > 1 {
        let evidence = case
            .replicas
            .iter()
            .filter_map(|r| Some(Exhibit::field(&r.label, "volume.meta", "Size", r.size?)))
            .collect();
        found.push(Finding::volume(Code::VolumeSizesDiffer, "the replicas are not of one size", evidence));
    }
    let mut uuids: std::collections::BTreeMap<&str, Vec<&Label>> = std::collections::BTreeMap::new();
    for replica in case.replicas {
        if let Some(uuid) = replica.uuid() {
            uuids.entry(uuid).or_default().push(&replica.label);
        }
    }
    for (uuid, labels) in uuids.into_iter().filter(|(_, labels)| labels.len() > 1) {
        let names = labels.iter().map(|label| label.as_str()).collect::<Vec<_>>().join(", ");
        let evidence =
            labels.iter().map(|label| Exhibit::field(label, "volume.meta", "UUID", uuid)).collect();
        found.push(Finding::volume(Code::SameUuid, format!("{names} carry one UUID"), evidence));
    }
    if let Some((a, b, c)) = checkpoint_by_fewer(&case.lineage.layers) {
        let evidence = [a, b, c]
            .iter()
            .filter_map(|label| replica(case, label))
            .filter_map(|r| {
                Some(Exhibit::field(&r.label, "volume.meta", "Checkpoint", r.checkpoint.as_ref()?))
            })
            .collect();
        found.push(Finding::volume(
            Code::CheckpointByFewer,
            format!("the Checkpoint of {a} and {b} is newer than that of {c}"),
            evidence,
        ));
    }
    let supplied = case.supplied();
    if supplied < case.factor {
        let copies = if supplied < case.replicas.len() { ", copies counted once" } else { "" };
        found.push(Finding::volume(
            Code::FactorUnmet,
            format!("{supplied} replicas were supplied{copies}, the replication factor is {}", case.factor),
            Vec::new(),
        ));
    }
}

fn witnesses(case: &Case<'_>, found: &mut Vec<Finding>) {
    for witness in &case.lineage.witnesses {
        let label = &witness.seen_by;
        let head =
            replica(case, label).and_then(|r| r.head.as_ref()).map_or_else(String::new, |h| h.record());
        let record = &witness.record;
        let at = record.created.as_deref().map_or_else(String::new, |created| format!(" at {created}"));
        let counter = record.counter.map_or_else(String::new, |c| format!(", counter {c}"));
        let mut text = format!(
            "{label} met an RW replica{at} whose head was {}{counter}; their join snapshot {} is in no other \
             directory that was supplied",
            record.head, record.join_snapshot
        );
        let code = match &witness.doubted_by {
            Some(other) => {
                text.push_str(&format!("; {other} has a newer Checkpoint, so it may be that replica"));
                Code::WitnessInDoubt
            }
            None => Code::MissingWitness,
        };
        found.push(
            Finding::of(code, label, text, Exhibit::field(label, head.clone(), "Name", &record.head))
                .and(Exhibit::field(label, head, "Parent", &record.join_snapshot))
                .on(&record.join_snapshot),
        );
    }
}
