//! The sentences of an answer: reasons with evidence, what to collect, what would change it.

use std::collections::BTreeSet;

use super::case::{Case, hides_data, is_equal, lineages, stores_off_chain, witness_was_outside};
use super::rules::Rule;
use super::{Reason, Verdict, VerdictKind};
use crate::blocks::is_filled;
use crate::finding::Exhibit;
use crate::ident::{BLOCK_SIZE, Label, Runs};
use crate::lineage::{Basis, Doubt, Relation, Witness};
use crate::replica::{Copied, Flag, LastJoin, Quality, Replica, State};

/// So many bytes, in the largest unit that keeps a digit: `884 KiB`, `1.1 GiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = 0;
    let mut value = count as f64;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value >= 10.0 || value.fract() == 0.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

fn blocks(runs: &Runs) -> String {
    let count = runs.blocks();
    let word = if count == 1 { "block" } else { "blocks" };
    format!("{count} {word} ({})", bytes(count * BLOCK_SIZE))
}

fn list(labels: &[Label]) -> String {
    let all: Vec<&str> = labels.iter().map(Label::as_str).collect();
    match &all[..] {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        _ => all.concat(),
    }
}

fn reason(text: String, evidence: Vec<Exhibit>) -> Reason {
    Reason { text, evidence }
}

/// Why the answer is what it is, most important first.
pub(super) fn reasons(case: &Case<'_>, verdict: &Verdict) -> Vec<Reason> {
    let mut out = Vec::new();
    witnesses(case, verdict, &mut out);
    reported(case, &mut out);
    not_judged(case, &mut out);
    match verdict.rule {
        Rule::OneAlone => out.push(reason(
            format!(
                "one readable replica was supplied and the replication factor is {}: what the others hold is unknown",
                case.factor
            ),
            case.judged().map(|replica| Exhibit::file(&replica.label, "volume.meta")).collect(),
        )),
        Rule::FactorOne => out.push(reason(
            "the replication factor is 1, so the one replica is the volume".to_owned(),
            case.judged().map(|replica| Exhibit::file(&replica.label, "volume.meta")).collect(),
        )),
        _ => {}
    }
    if verdict.rule == Rule::OneAlone {
        out.extend(case.judged().map(alone));
    }
    for replica in case.judged() {
        flaws(replica, &mut out);
    }
    for unread in case.unread {
        out.push(reason(format!("an input that could not be read may be a replica: {unread}"), Vec::new()));
    }
    for relation in &case.lineage.relations {
        if let Some(found) = describe(case, relation) {
            out.push(found);
        }
    }
    if let Some(keep) = &verdict.keep {
        out.push(why_keep(case, verdict, keep));
    }
    if out.is_empty() {
        out.push(reason(verdict.rule.row().says.to_owned(), Vec::new()));
    }
    out
}

/// What one replica tells by itself.
fn alone(replica: &Replica) -> Reason {
    let label = &replica.label;
    let stored: u64 = replica.chain_disks().filter_map(|disk| disk.allocated()).sum();
    let mut text = format!("{label} stores {} in {} disks", bytes(stored), replica.chain.len());
    if let Some(counter) = replica.counter {
        text.push_str(&format!(", and counted {counter} writes"));
    }
    let made = replica.chain_disks().filter_map(|disk| disk.read_record()?.created.as_deref()).max();
    if let Some(made) = made {
        text.push_str(&format!("; its newest disk was created at {made}"));
    }
    reason(text, vec![Exhibit::file(label, "revision.counter")])
}

/// What logs and replies tell of replicas that are not here.
fn reported(case: &Case<'_>, out: &mut Vec<Reason>) {
    for reported in case.reported() {
        let refused = if reported.refused.is_empty() {
            String::new()
        } else {
            format!("; it refused {}", reported.refused.join(", "))
        };
        out.push(reason(format!("{reported}{refused}"), Vec::new()));
    }
}

fn witnesses(case: &Case<'_>, verdict: &Verdict, out: &mut Vec<Reason>) {
    let outside = verdict.kind == VerdictKind::Consistent && witness_was_outside(case);
    for witness in case.witnesses() {
        let head_record = Replica::among(case.replicas, &witness.seen_by)
            .and_then(|replica| replica.head.as_ref())
            .map_or_else(String::new, |head| head.record());
        let record = &witness.record;
        let counter = record.counter.map_or_else(String::new, |c| format!(", counter {c}"));
        let mut text = format!(
            "{} last tried to rejoin a replica that was serving the volume (RW) and is not here: its head was {}{counter}, \
             and the snapshot of that attempt, {}, is in no supplied directory",
            witness.seen_by,
            record.head,
            record.join_snapshot.short()
        );
        if outside {
            text.push_str(
                "; it refused them, so it lacked the Checkpoint that all have in common: it was never part of this \
                 set in full health, and alone it could not take a write",
            );
        }
        out.push(reason(
            text,
            vec![
                Exhibit::field(&witness.seen_by, head_record.clone(), "Name", &record.head),
                Exhibit::field(&witness.seen_by, head_record, "Parent", &record.join_snapshot),
            ],
        ));
    }
}

fn not_judged(case: &Case<'_>, out: &mut Vec<Reason>) {
    for replica in case.replicas {
        let label = &replica.label;
        let meta = || vec![Exhibit::file(label, "volume.meta")];
        match case.copies.of(label).filter(|copied| copied.quality == Quality::Defective) {
            Some(copied) if copied.is_usable() => {
                let text = format!(
                    "the copy of {label} is defective and is taken as found, as you asked: {}",
                    faults(copied)
                );
                out.push(reason(text, meta()));
            }
            Some(copied) if replica.flags.contains(&Flag::OtherKey) => {
                out.push(reason(format!("{label} cannot be compared: {}", faults(copied)), meta()));
            }
            Some(copied) => {
                let text = format!(
                    "the copy of {label} is defective, so what the original holds is unknown: {}",
                    faults(copied)
                );
                out.push(reason(text, meta()));
            }
            None if replica.state == State::Broken => {
                let error = replica.why_broken().unwrap_or_else(|| "no message".to_owned());
                let text = format!("{label} cannot be opened, so what it holds is unknown: {error}");
                out.push(reason(text, meta()));
            }
            None => {}
        }
    }
}

/// What is wrong with a copy: the first fault, and how many more there are.
pub(crate) fn faults(copied: &Copied) -> String {
    let first = copied.defects.first().map_or("no reason was recorded", String::as_str);
    match copied.defects.len() {
        0 | 1 => first.to_owned(),
        2 => format!("{first}; and 1 more fault"),
        more => format!("{first}; and {} more faults", more - 1),
    }
}

fn flaws(replica: &Replica, out: &mut Vec<Reason>) {
    let label = &replica.label;
    let flaw = if replica.flags.contains(&Flag::ImageMissing) {
        "an image of its chain is missing"
    } else if replica.flags.contains(&Flag::ChainHardLinked) {
        "two disks of its chain are one file (hard link)"
    } else if replica.last_join == LastJoin::Unfinished {
        "its last rebuild was interrupted while files were copied over its own, so its view is a mixture of two moments"
    } else if hides_data(replica) && stores_off_chain(replica) {
        "its chain is empty, but off-chain disks hold data that was not judged, or are not here"
    } else if hides_data(replica) {
        "its chain is empty, but it counted writes: what held them is not here"
    } else if replica.state == State::Blank {
        "it is empty: its chain stores no block"
    } else {
        return;
    };
    out.push(reason(format!("{label}: {flaw}"), vec![Exhibit::file(label, "volume.meta")]));
}

/// The log that a replica keeps in its directory.
const LOG: &str = "replica.log";

/// What two replicas are to each other, in one sentence.
fn describe(case: &Case<'_>, relation: &Relation) -> Option<Reason> {
    let of = |label: &Label| Replica::among(case.replicas, label);
    let judged = |label: &Label| of(label).is_some_and(|replica| case.is_judged(replica));
    if !judged(&relation.a) || !judged(&relation.b) {
        return None;
    }
    let (a, b) = (&relation.a, &relation.b);
    let from = match &relation.ancestor {
        Some((disk, _)) => format!("after {}, the newest common snapshot", disk.short()),
        None => "no common ancestor".to_owned(),
    };
    let read = match relation.basis {
        Basis::Records => "by records alone",
        Basis::Extents => "by extents",
        Basis::Blocks => "by block",
    };
    let mut text = match (relation.newer_a.nothing(), relation.newer_b.nothing()) {
        (true, true) => format!("{a} and {b} hold the same data ({read})"),
        (false, true) => format!("{b} lacks {} of {a} ({from}; {read})", holds(&relation.newer_a)),
        (true, false) => format!("{a} lacks {} of {b} ({from}; {read})", holds(&relation.newer_b)),
        (false, false) => format!(
            "{a} and {b} diverged ({from}; {read}): only {a} holds {}, only {b} holds {}",
            holds(&relation.newer_a),
            holds(&relation.newer_b)
        ),
    };
    let below = |lost: &Runs, who: &Label| {
        if lost.is_empty() {
            String::new()
        } else {
            format!("; {who} lost {} below that snapshot", blocks(lost))
        }
    };
    text.push_str(&below(&relation.lost_a, a));
    text.push_str(&below(&relation.lost_b, b));
    if relation.doubts.contains(&Doubt::DecidedByCounter) {
        text.push_str("; where both wrote, the higher counter decides");
    }
    if relation.doubts.contains(&Doubt::DecidedByLogs) {
        text.push_str(
            "; where both wrote, their logs show that the later one received the writes of the other",
        );
    }
    if relation.doubts.contains(&Doubt::RanApart) {
        text.push_str("; their logs show that each wrote while the other was away");
    }
    if relation.doubts.contains(&Doubt::OneWrite) {
        text.push_str("; the only difference looks like one write that was never acknowledged");
    }
    let by_logs = [Doubt::DecidedByLogs, Doubt::RanApart].iter().any(|doubt| relation.doubts.contains(doubt));
    let mut evidence = Vec::new();
    for label in [a, b] {
        let replica = of(label)?;
        let disk = relation.ancestor.as_ref().map(|(da, db)| if label == a { da } else { db });
        if let Some(disk) = disk {
            evidence.push(Exhibit::file(label, disk.record()));
        }
        if let Some(counter) = replica.counter {
            evidence.push(Exhibit::field(label, "revision.counter", "counter", counter));
        }
        // A log that was given beside the directory stands among the witnesses.
        if by_logs && replica.source.entries().iter().any(|entry| entry.name == LOG) {
            evidence.push(Exhibit::file(label, LOG));
        }
    }
    let first =
        |label: &Label, runs: &Runs| runs.as_slice().first().map(|run| Exhibit::bytes(label, "view", *run));
    evidence.extend(first(a, &relation.newer_a.blocks));
    evidence.extend(first(b, &relation.newer_b.blocks));
    Some(reason(text, evidence))
}

fn holds(holds: &crate::lineage::Holds) -> String {
    if holds.blocks.is_empty() { "later writes".to_owned() } else { blocks(&holds.blocks) }
}

fn why_keep(case: &Case<'_>, verdict: &Verdict, keep: &Label) -> Reason {
    let replica = Replica::among(case.replicas, keep);
    let mut why = Vec::new();
    if verdict.holders.len() > 1 {
        let all = if verdict.holders.len() == 2 { "both" } else { "all" };
        why.push(format!("{} {all} hold everything", list(&verdict.holders)));
    } else {
        why.push("it alone holds everything".to_owned());
    }
    if let Some(replica) = replica {
        if replica.start_error.is_none() {
            why.push("its process starts".to_owned());
        }
        if matches!(replica.last_join, LastJoin::None | LastJoin::Finished) {
            why.push("its last rebuild is complete".to_owned());
        }
        if let Some(counter) = replica.counter {
            why.push(format!("its counter is {counter}"));
        }
    }
    reason(format!("keep {keep}: {}", why.join("; ")), vec![Exhibit::file(keep, "revision.counter")])
}

/// What to collect to settle the answer.
pub(super) fn collect(case: &Case<'_>, verdict: &Verdict) -> Vec<String> {
    let mut out = Vec::new();
    for reported in case.reported() {
        let head = reported.head.as_ref().map_or_else(String::new, |head| format!(", whose head was {head}"));
        out.push(format!(
            "the directory of the replica at {}{head}: look on every node, also where no pod runs any more",
            reported.address
        ));
    }
    let reported = |witness: &Witness| {
        case.reported().any(|reported| reported.chain.contains(&witness.record.join_snapshot))
    };
    let heads = case.witnesses().filter(|witness| !reported(witness));
    let heads = heads.filter_map(|witness| witness.record.head.head_number());
    if let Some(head) = heads.max() {
        let outside = verdict.kind == VerdictKind::Consistent;
        let mut text = format!(
            "the directory of the replica whose head is volume-head-{head:03}.img or higher: look on every node, also \
             where no pod runs any more"
        );
        if outside {
            text.push_str(" (the answer does not turn on it)");
        }
        out.push(text);
    }
    if case.supplied() < case.factor {
        out.push(format!(
            "{} of this volume: {} supplied, and the replication factor is {}",
            if case.factor - case.supplied() == 1 {
                "one more replica".to_owned()
            } else {
                format!("{} more replicas", case.factor - case.supplied())
            },
            if case.supplied() == 1 { "one was".to_owned() } else { format!("{} were", case.supplied()) },
            case.factor
        ));
    }
    if verdict.rule == Rule::NoCompany {
        out.push(
            "replica.log of each replica and the controller's log: their sessions show which replicas ran together, and \
             with which replication factor"
                .to_owned(),
        );
    }
    let unread = case.lineage.relations.iter().filter(|r| r.doubts.contains(&Doubt::OneWriteUnread));
    for relation in unread {
        out.push(format!(
            "the data of the blocks in which {} and {} differ, with jivascope collect DIR --to FILE --with-blocks differing CAPSULE… \
             on the node of each: they show whether the difference is one write that was never acknowledged",
            relation.a, relation.b
        ));
    }
    let mut dropped: BTreeSet<&Label> = BTreeSet::new();
    for relation in &case.lineage.relations {
        dropped.extend((!relation.dropped_a.is_empty()).then_some(&relation.a));
        dropped.extend((!relation.dropped_b.is_empty()).then_some(&relation.b));
    }
    for replica in case.replicas {
        let label = &replica.label;
        let Some(copied) = case.copies.of(label) else { continue };
        if dropped.contains(label) && copied.quality > Quality::Defective {
            out.push(format!(
                "a new copy of {label}, made with tar --sparse: this one may have dropped stored zeros"
            ));
        }
        if replica.flags.contains(&Flag::OtherKey) {
            out.push(format!(
                "the key of the capsules (--capsule-key), or a capsule of {label} taken with the key of the others: {}",
                faults(copied)
            ));
        } else if copied.quality == Quality::Defective {
            let how =
                if replica.flags.contains(&Flag::RecordsOnly) { "the images of" } else { "a new copy of" };
            let mut text = format!("{how} {label}, made with tar --sparse: {}", faults(copied));
            if is_filled(copied) {
                text.push_str(
                    "; if the original is gone, --holes zeros treats all-zero blocks as holes (a reconstruction)",
                );
            }
            out.push(text);
        }
    }
    out
}

/// What would change the answer.
pub(super) fn would_change(case: &Case<'_>, verdict: &Verdict) -> Vec<String> {
    let mut out = Vec::new();
    let defective: Vec<Label> =
        case.replicas.iter().filter(|replica| case.is_defective(replica)).map(|r| r.label.clone()).collect();
    let (keyed, defective): (Vec<Label>, Vec<Label>) = defective.into_iter().partition(|label| {
        case.replicas.iter().any(|one| one.label == *label && one.flags.contains(&Flag::OtherKey))
    });
    if !keyed.is_empty() {
        out.push(format!("the key that {} cannot be compared without", list(&keyed)));
    }
    if !defective.is_empty() {
        out.push(format!("a whole copy of {}", list(&defective)));
    }
    let known = case.lineage.relations.iter().filter(|r| !r.doubts.contains(&Doubt::NotJudged));
    if known.map(|relation| relation.basis).min().is_some_and(|basis| basis < Basis::Blocks) {
        out.push("a comparison of the blocks (run without --metadata-only)".to_owned());
    }
    if case.replicas.iter().any(|replica| replica.state == State::Broken) {
        out.push("the data of a replica that cannot be opened".to_owned());
    }
    if case.replicas.iter().any(hides_data) {
        out.push("the data that an empty replica held before".to_owned());
    }
    if case.lacks_one() {
        out.push("the directory of the missing replica".to_owned());
    }
    if case.supplied() < case.factor {
        out.push("a further replica of this volume".to_owned());
    }
    let judged: Vec<&Replica> = case.judged().collect();
    if verdict.kind == VerdictKind::Irreconcilable {
        let ways = lineages(case, &judged).len();
        out.push(format!("a decision that all but one of the {ways} histories can be discarded"));
    }
    if case.lineage.relations.iter().any(|r| is_equal(r.kind) && r.doubts.contains(&Doubt::SameBlocksUnread))
    {
        out.push("different content in blocks that both sides wrote at equal counters".to_owned());
    }
    out
}
