//! The answer: what holds, what not to do, how sure that is.

use super::page::Page;
use super::palette::Role;
use super::{start, words};
use crate::analysis::{Options, Volume};
use crate::ident::Label;
use crate::lineage::{Basis, Doubt, Holds, Witness};
use crate::replica::{Quality, Replica};
use crate::verdict::{Confidence, Rule, Start, VerdictKind};

/// Writes it.
pub(super) fn write(page: &mut Page<'_>, volume: &Volume, options: &Options) {
    let start = start::clause(volume);
    let role = role(volume);
    page.say(role, 0, &headline(volume, start.as_deref()));
    page.say(role, 0, &dont(volume, options));
    if let Some(start) = start.filter(|_| volume.verdict.kind != VerdictKind::Consistent) {
        page.say(Role::Plain, 0, &format!("{}.", words::capital(&start)));
    }
    if let Some(gap) = incomplete(volume, options) {
        page.say(Role::Plain, 0, &gap);
    }
    let sure = volume.verdict.confidence.as_str();
    page.say(
        Role::Faint,
        2,
        &format!("{sure}: {} · rule {}", examined(volume, options), volume.verdict.rule),
    );
}

pub(super) fn role(volume: &Volume) -> Role {
    match (volume.verdict.kind, volume.verdict.start) {
        (VerdictKind::Irreconcilable, _) => Role::Danger,
        (VerdictKind::Consistent, Some(Start::Safe)) => Role::Good,
        (VerdictKind::Consistent | VerdictKind::Authoritative | VerdictKind::InsufficientEvidence, _) => {
            Role::Warning
        }
    }
}

fn headline(volume: &Volume, start: Option<&str>) -> String {
    let verdict = &volume.verdict;
    let all = volume.replicas.len();
    match verdict.kind {
        VerdictKind::Consistent => {
            let what = match all {
                1 => "the one replica is the volume".to_owned(),
                2 => "both replicas hold the same data".to_owned(),
                all => format!("all {all} replicas hold the same data"),
            };
            match (start, verdict.start) {
                (Some(start), Some(Start::Safe)) => format!("CONSISTENT: {what}, and {start}."),
                (Some(start), _) => format!("CONSISTENT: {what}, but {start}."),
                (None, _) => format!("CONSISTENT: {what}."),
            }
        }
        VerdictKind::Authoritative => authoritative(volume),
        VerdictKind::Irreconcilable => {
            let ways = verdict.ways.unwrap_or(2);
            if ways == all {
                format!("IRRECONCILABLE, {ways} ways: each replica holds data that no other holds.")
            } else {
                format!(
                    "IRRECONCILABLE, {ways} ways, {}: each holds data that no other holds.",
                    histories(volume)
                )
            }
        }
        VerdictKind::InsufficientEvidence => format!("INSUFFICIENT EVIDENCE: {}.", open_question(volume)),
    }
}

/// Who stands together: replicas of the same data, without those that another one exceeds.
fn histories(volume: &Volume) -> String {
    let includes = |more: &Label, less: &Label| {
        let relation = volume.lineage.between(more, less);
        more == less || relation.and_then(|r| r.lacks(more, less)).is_some_and(Holds::nothing)
    };
    let judged = || volume.replicas.iter().map(|replica| &replica.label);
    let mut sides: Vec<Vec<&Label>> = Vec::new();
    for label in
        judged().filter(|label| !judged().any(|other| includes(other, label) && !includes(label, other)))
    {
        match sides.iter_mut().find(|side| includes(side[0], label) && includes(label, side[0])) {
            Some(side) => side.push(label),
            None => sides.push(vec![label]),
        }
    }
    let sides: Vec<String> = sides.into_iter().map(words::labels).collect();
    if sides.len() == 2 { format!("{} against {}", sides[0], sides[1]) } else { sides.join("; ") }
}

fn authoritative(volume: &Volume) -> String {
    let verdict = &volume.verdict;
    let keep = verdict.keep.as_ref().map_or_else(String::new, Label::to_string);
    let mut text =
        format!("AUTHORITATIVE: keep {keep}. It holds everything that any readable replica here holds");
    let others: Vec<&Label> =
        verdict.holders.iter().filter(|label| **label != keep.as_str().into()).collect();
    if !others.is_empty() {
        text.push_str(&format!(
            "; so {} {}",
            if others.len() == 1 { "does" } else { "do" },
            words::labels(others)
        ));
    }
    let judged = |replica: &&Replica| volume.copies.is_judged(replica);
    let lesser: Vec<&Label> = volume
        .replicas
        .iter()
        .filter(|replica| !verdict.holders.contains(&replica.label) && judged(replica))
        .map(|replica| &replica.label)
        .collect();
    if !lesser.is_empty() {
        let verb = if lesser.len() == 1 { "lacks" } else { "lack" };
        text.push_str(&format!("; {} {verb} some of it", words::labels(lesser)));
    }
    let unread: Vec<&Label> =
        volume.replicas.iter().filter(|replica| !judged(replica)).map(|replica| &replica.label).collect();
    if !unread.is_empty() {
        text.push_str(&format!("; what {} holds is unknown", words::labels(unread)));
    }
    text.push('.');
    text
}

fn open_question(volume: &Volume) -> String {
    let holders = &volume.verdict.holders;
    match volume.verdict.rule {
        Rule::OneAlone => {
            "there is only one replica that can be judged, and nothing tells what the others hold".to_owned()
        }
        Rule::NothingReadable => "no replica here can be judged".to_owned(),
        Rule::Defective => defective(volume),
        Rule::DroppedZeros => {
            let named = &volume.verdict.likely;
            let (whose, have) = if named.len() == 1 { ("its copy has", "it") } else { ("their copies have", "they") };
            format!(
                "all that stands against {} are blocks where {whose} a hole, and {have} may have dropped zeros there",
                words::labels(named)
            )
        }
        Rule::NoCompany => format!(
            "by the counters {} holds everything, but it cannot have reached its counter with the replicas that are here",
            words::labels(&volume.verdict.likely)
        ),
        Rule::CounterUnread => {
            "replicas wrote the same blocks, and a counter that might tell whose are newer could not be read here"
                .to_owned()
        }
        Rule::InDanger => "the one replica is the volume, and its data are gone or not all here".to_owned(),
        Rule::NoVolumeMeta => "no directory here has a volume.meta".to_owned(),
        Rule::AnotherEngine => {
            "another engine than Jiva wrote a directory here, and its rules are not known".to_owned()
        }
        Rule::Witness => format!(
            "another replica was alive and is not here, and it may hold more. Of those that are here {} {} everything",
            words::labels(holders),
            if holders.len() == 1 { "holds" } else { "hold" }
        ),
        Rule::SameState => {
            "the replicas differ where their records call them the same, and nothing tells which is newer"
                .to_owned()
        }
        Rule::NoneWhole => "the replicas that would hold everything have flaws of their own".to_owned(),
        Rule::Circle => "the records contradict each other".to_owned(),
        other => other.row().says.trim_end_matches('.').to_owned(),
    }
}

/// Whose copy is defective, and what holds among the rest.
fn defective(volume: &Volume) -> String {
    let labels: Vec<&Label> =
        volume.copies.defective(&volume.replicas).map(|(replica, _)| &replica.label).collect();
    let mut text = format!(
        "the {} of {} {} defective, so what {} held is not known",
        if labels.len() == 1 { "copy" } else { "copies" },
        words::labels(labels.iter().copied()),
        if labels.len() == 1 { "is" } else { "are" },
        if labels.len() == 1 { "its original" } else { "their originals" },
    );
    let holders = &volume.verdict.holders;
    if !holders.is_empty() {
        let verb = if holders.len() == 1 { "holds" } else { "hold" };
        text.push_str(&format!(". Of the rest {} {verb} everything", words::labels(holders)));
    }
    text
}

fn dont(volume: &Volume, options: &Options) -> String {
    let verdict = &volume.verdict;
    let mut text = if verdict.must_not_wipe.len() == volume.replicas.len() {
        match verdict.kind {
            VerdictKind::Irreconcilable => {
                "Do not wipe anything: whichever is kept, data of the others are lost.".to_owned()
            }
            _ => "Do not wipe anything.".to_owned(),
        }
    } else {
        let why = if verdict.kind == VerdictKind::Irreconcilable {
            ": whichever is kept, data of the others are lost"
        } else {
            ""
        };
        format!("Do not wipe {}{why}.", words::either(&verdict.must_not_wipe))
    };
    if verdict.kind == VerdictKind::Consistent
        && volume.replicas.len() > 1
        && let Some(keep) = &verdict.keep
    {
        text.push_str(&format!(" If only one can be kept, keep {keep}."));
    }
    if missing(volume, options).is_some() && verdict.kind != VerdictKind::Consistent {
        let which = ordinal(volume.replicas.len() + 1);
        text.push_str(&format!(" A {which} replica was alive and is not here: find it first."));
    }
    text
}

/// The trace of a missing replica on which the answer turns.
fn missing<'a>(volume: &'a Volume, options: &Options) -> Option<&'a Witness> {
    let counts = |witness: &&Witness| !options.without_missing && witness.doubted_by.is_none();
    volume.lineage.witnesses.iter().find(counts)
}

fn incomplete(volume: &Volume, options: &Options) -> Option<String> {
    let (here, factor) = (volume.replicas.len(), options.factor);
    if here < factor {
        return Some(format!(
            "Only {here} of {factor} replicas {} here: another may hold more.",
            if here == 1 { "is" } else { "are" }
        ));
    }
    let unjudged: Vec<&Label> = volume
        .replicas
        .iter()
        .filter(|replica| !volume.copies.is_judged(replica))
        .map(|replica| &replica.label)
        .collect();
    (!unjudged.is_empty() && volume.verdict.kind != VerdictKind::InsufficientEvidence)
        .then(|| format!("Not complete: {} could not be judged and may hold more.", words::labels(unjudged)))
}

/// What was looked at, what was not, and what keeps the answer from being proven.
fn examined(volume: &Volume, options: &Options) -> String {
    let relations = &volume.lineage.relations;
    let lowest = relations.iter().map(|relation| relation.basis).min();
    let mut text = match (lowest, options.sample) {
        (None, _) => "there is nothing to compare it with".to_owned(),
        (Some(Basis::Records), _) => "not all replicas could be compared".to_owned(),
        (Some(Basis::Extents), None) => {
            "records and extents; the data themselves were not examined".to_owned()
        }
        (Some(Basis::Extents | Basis::Blocks), Some(share)) => {
            format!("records, extents and {} % of the blocks", (share * 100.0).round())
        }
        (Some(Basis::Blocks), None) => "records, extents and every block were compared".to_owned(),
    };
    if volume.verdict.confidence == Confidence::Proven || lowest != Some(Basis::Blocks) {
        return text;
    }
    let unknown: Vec<&Label> = volume
        .replicas
        .iter()
        .map(|replica| &replica.label)
        .filter(|label| volume.copies.quality(label) == Quality::Unknown)
        .collect();
    if unknown.len() == volume.replicas.len() {
        text.push_str("; whether the copies kept stored zeros cannot be told");
    } else if !unknown.is_empty() {
        text.push_str(&format!(
            "; whether the copies of {} kept stored zeros cannot be told",
            words::labels(unknown)
        ));
    }
    let doubted = |doubt: Doubt| relations.iter().any(|relation| relation.doubts.contains(&doubt));
    let doubts = [
        (Doubt::DecidedByCounter, "where both sides wrote a block, the counter decided"),
        (Doubt::OneWrite, "one write that was never acknowledged is taken for the only difference"),
        (Doubt::CompanyUnknown, "the replicas that could bear out the counters are not all here"),
        (Doubt::OrderContradicted, "a third replica contradicts the order that the counters give"),
        (Doubt::NoCompany, "the higher counter was reached without the replicas that a write needs"),
        (Doubt::YoungerCounter, "the lower counter was written later than the higher one"),
        (Doubt::EqualCountersApart, "at equal counters one side stores blocks that the other does not"),
        (Doubt::DroppedZeros, "where the higher counter has a hole, its copy may have dropped stored zeros"),
        (Doubt::OtherVersionBelow, "what one side wrote over is not what the other still shows"),
        (Doubt::HoleBelow, "blocks that one side lost are taken for a loss, not for zeros"),
        (Doubt::DamageBelow, "one side lost blocks below the common state"),
        (Doubt::FormerVersionGone, "what a later write replaced is gone on the side that wrote it"),
        (Doubt::ContentContradicts, "contents contradicted the records"),
        (Doubt::SharedStateDiffers, "a state that two share by their records holds different blocks"),
        (Doubt::ForeignBlocks, "a join that did not end left blocks of the other side"),
        (Doubt::Unread, "some ranges could not be read"),
        (Doubt::Sizes, "the sizes differ"),
    ];
    for (_, words) in doubts.into_iter().filter(|(doubt, _)| doubted(*doubt)) {
        text.push_str(&format!("; {words}"));
    }
    text
}

fn ordinal(number: usize) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        4 => "fourth".to_owned(),
        5 => "fifth".to_owned(),
        _ => "further".to_owned(),
    }
}
