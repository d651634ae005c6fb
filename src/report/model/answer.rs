//! The answer: what holds, what not to do, how sure that is.

use super::{distinct_replicas, start};
use crate::analysis::{Options, Volume};
use crate::finding::{Facts, Severity};
use crate::ident::Label;
use crate::lineage::{Basis, Doubt, Holds, Witness};
use crate::replica::{Flag, Quality, Replica};
use crate::report::words;
use crate::verdict::{Confidence, Rule, Start, VerdictKind};

/// How grave something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// All is well.
    Good,
    /// Mind this.
    Warning,
    /// Data are at stake.
    Danger,
}

/// The verdict in words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// How grave it is.
    pub tone: Tone,
    /// What holds, in a sentence or two.
    pub headline: String,
    /// What must not be done.
    pub dont: String,
    /// What the running side was doing that bears on it.
    pub running: Vec<String>,
    /// What Jiva would make of it, unless the headline says so.
    pub start: Option<String>,
    /// What the answer is short of.
    pub incomplete: Option<String>,
    /// How sure it is, what was looked at, and what keeps it from being proven.
    pub examined: String,
    /// The same in one line.
    pub short: String,
}

impl Answer {
    pub(super) fn of(volume: &Volume, options: &Options) -> Self {
        let start = start::clause(volume);
        let verdict = &volume.verdict;
        let apart = verdict.kind != VerdictKind::Consistent;
        Self {
            tone: tone(volume),
            headline: headline(volume, start.as_deref()),
            dont: dont(volume, options),
            running: super::running::running(volume),
            start: start.filter(|_| apart).map(|text| format!("{}.", words::capital(&text))),
            incomplete: incomplete(volume, options),
            examined: format!(
                "{} (rule {}): {}",
                verdict.confidence.as_str(),
                verdict.rule,
                examined(volume, options)
            ),
            short: short(volume),
        }
    }
}

fn tone(volume: &Volume) -> Tone {
    match (volume.verdict.kind, volume.verdict.start) {
        (VerdictKind::Irreconcilable, _) => Tone::Danger,
        (VerdictKind::Consistent, Some(Start::Safe)) => Tone::Good,
        (VerdictKind::Consistent | VerdictKind::Authoritative | VerdictKind::InsufficientEvidence, _) => {
            Tone::Warning
        }
    }
}

/// Kind, whom to keep, confidence.
fn short(volume: &Volume) -> String {
    let verdict = &volume.verdict;
    let kind = verdict.kind.as_str().replace('-', " ").to_uppercase();
    let keep = match (&verdict.keep, verdict.kind) {
        (Some(keep), VerdictKind::Authoritative) => format!(", keep {keep}"),
        _ => String::new(),
    };
    format!("{}: {kind}{keep} ({})", volume.name, verdict.confidence.as_str())
}

fn headline(volume: &Volume, start: Option<&str>) -> String {
    let verdict = &volume.verdict;
    match verdict.kind {
        VerdictKind::Consistent => {
            let what = match (distinct_replicas(volume), volume.replicas.len()) {
                (1, 1) => "the one replica is the volume".to_owned(),
                (1, _) => "the directories are copies of one replica, which is the volume".to_owned(),
                (2, _) => "both replicas hold the same data".to_owned(),
                (all, _) => format!("all {all} replicas hold the same data"),
            };
            match (start, verdict.start) {
                (Some(start), Some(Start::Safe)) => format!("CONSISTENT: {what}, and {start}."),
                (Some(start), _) => format!("CONSISTENT: {what}, but {start}."),
                (None, _) => format!("CONSISTENT: {what}."),
            }
        }
        VerdictKind::Authoritative => authoritative(volume),
        VerdictKind::Irreconcilable => {
            let ways = verdict.ways.unwrap_or(verdict.lineages.len());
            if ways == volume.replicas.len() {
                format!("IRRECONCILABLE, {ways} ways: each replica holds data that no other holds.")
            } else {
                format!(
                    "IRRECONCILABLE, {ways} ways, {}: each holds data that no other holds.",
                    sides(volume)
                )
            }
        }
        VerdictKind::InsufficientEvidence => format!("INSUFFICIENT EVIDENCE: {}.", open_question(volume)),
    }
}

/// Who stands together.
fn sides(volume: &Volume) -> String {
    let sides: Vec<String> = volume.verdict.lineages.iter().map(words::labels).collect();
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
            "only one replica here can be judged, and what the others hold is unknown".to_owned()
        }
        Rule::NothingReadable => "no replica here can be judged".to_owned(),
        Rule::Defective => defective(volume),
        Rule::DroppedZeros => {
            let named = &volume.verdict.likely;
            let (whose, have) = if named.len() == 1 { ("its copy has", "it") } else { ("their copies have", "they") };
            format!(
                "{} may hold everything: all that speaks against it are blocks where {whose} a hole, and {have} may have dropped zeros there",
                words::labels(named)
            )
        }
        Rule::NoCompany => format!(
            "by the counters {} holds everything, but it cannot have reached its counter with the replicas that are here",
            words::labels(&volume.verdict.likely)
        ),
        Rule::CounterUnread => {
            "replicas wrote the same blocks, and a counter that could show whose are newer is missing or could not be read here"
                .to_owned()
        }
        Rule::InDanger => "the one replica is the volume, and its data are gone or not all here".to_owned(),
        Rule::NoVolumeMeta => "no directory here has a volume.meta".to_owned(),
        Rule::AnotherEngine => {
            "an engine other than Jiva wrote a directory here, and jivascope does not know its rules".to_owned()
        }
        Rule::Witness => format!(
            "another replica was alive, is not here, and may hold more. Of those that are here, {} {} everything",
            words::labels(holders),
            if holders.len() == 1 { "holds" } else { "hold" }
        ),
        Rule::SameState => {
            "the replicas differ inside a snapshot that they share, and nothing shows which side is newer"
                .to_owned()
        }
        Rule::NoneWhole => "every replica that could hold everything has a flaw of its own".to_owned(),
        Rule::Circle => "the records contradict each other".to_owned(),
        other => other.row().says.trim_end_matches('.').to_owned(),
    }
}

/// Whose copy is defective, and what holds among the rest.
fn defective(volume: &Volume) -> String {
    let (keyed, defective): (Vec<&Replica>, Vec<&Replica>) = volume
        .copies
        .defective(&volume.replicas)
        .map(|(replica, _)| replica)
        .partition(|replica| replica.flags.contains(&Flag::OtherKey));
    let labels = |replicas: &[&Replica]| words::labels(replicas.iter().map(|replica| &replica.label));
    let mut text = if defective.is_empty() {
        format!("for want of a key {} cannot be compared, so nobody knows who holds more", labels(&keyed))
    } else {
        format!(
            "the {} of {} {} defective, so what {} held is not known",
            if defective.len() == 1 { "copy" } else { "copies" },
            labels(&defective),
            if defective.len() == 1 { "is" } else { "are" },
            if defective.len() == 1 { "its original" } else { "their originals" },
        )
    };
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
                "Do not wipe anything: whichever you keep, data of the others are lost.".to_owned()
            }
            _ => "Do not wipe anything.".to_owned(),
        }
    } else {
        let why = if verdict.kind == VerdictKind::Irreconcilable {
            ": whichever you keep, data of the others are lost"
        } else {
            ""
        };
        let doubted = doubted(volume);
        let doubt = match &doubted[..] {
            [] => String::new(),
            [one] => format!(" It is not proven that {one} holds nothing of its own."),
            many => format!(
                " It is not proven that {} hold nothing of their own.",
                words::labels(many.iter().copied())
            ),
        };
        format!("Do not wipe {}{why}.{doubt}", words::either(&verdict.must_not_wipe))
    };
    if verdict.kind == VerdictKind::Consistent
        && distinct_replicas(volume) > 1
        && let Some(keep) = &verdict.keep
    {
        text.push_str(&format!(" If you can keep only one, keep {keep}."));
    }
    if missing(volume, options).is_some() && verdict.kind != VerdictKind::Consistent && !is_told(volume) {
        let which = words::ordinal(distinct_replicas(volume) + 1);
        text.push_str(&format!(" A {which} replica was alive and is not here: find it first."));
    }
    text
}

/// Who is not to be wiped though the kept replica seems to hold all of it.
fn doubted(volume: &Volume) -> Vec<&Label> {
    let Some(keep) = &volume.verdict.keep else { return Vec::new() };
    let seems_held = |label: &&Label| {
        let relation = volume.lineage.between(keep, label);
        relation.and_then(|relation| relation.lacks(keep, label)).is_some_and(Holds::nothing)
    };
    volume.verdict.must_not_wipe.iter().filter(|label| *label != keep).filter(seems_held).collect()
}

/// Whether logs or replies tell of the missing replica: then its address stands in a sentence of its own.
fn is_told(volume: &Volume) -> bool {
    volume.findings.iter().any(|finding| {
        finding.severity() == Severity::Danger
            && matches!(finding.facts, Facts::MissingWitness { seen: Some(_), .. })
    })
}

/// The trace of a missing replica on which the answer turns.
fn missing<'a>(volume: &'a Volume, options: &Options) -> Option<&'a Witness> {
    let counts = |witness: &&Witness| !options.without_missing && witness.doubted_by.is_none();
    volume.lineage.witnesses.iter().find(counts)
}

fn incomplete(volume: &Volume, options: &Options) -> Option<String> {
    let (here, factor) = (distinct_replicas(volume), options.factor);
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
        (Some(Basis::Extents), None) => "records and extents were compared, the data were not".to_owned(),
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
        text.push_str("; whether the copies kept stored zeros is unknown");
    } else if !unknown.is_empty() {
        text.push_str(&format!(
            "; whether the copies of {} kept stored zeros is unknown",
            words::labels(unknown)
        ));
    }
    let doubted = |doubt: Doubt| relations.iter().any(|relation| relation.doubts.contains(&doubt));
    let doubts = [
        (Doubt::DecidedByCounter, "where both sides wrote a block, the counter decided"),
        (Doubt::DecidedByLogs, "where both sides wrote a block, their logs show whose is later"),
        (Doubt::RanApart, "the logs show that each side wrote while the other was away"),
        (Doubt::OneWrite, "the only difference looks like one write that was never acknowledged"),
        (
            Doubt::OneWriteUnread,
            "all that differs may be one write, and the bytes that would show it are not here",
        ),
        (Doubt::CompanyUnknown, "the replicas that could confirm the counters are not all here"),
        (Doubt::OrderContradicted, "a third replica contradicts the order that the counters give"),
        (Doubt::NoCompany, "the higher counter was reached without the replicas that a write needs"),
        (Doubt::YoungerCounter, "the lower counter was written later than the higher one"),
        (Doubt::EqualCountersApart, "at equal counters one side stores blocks that the other does not"),
        (Doubt::DroppedZeros, "where the higher counter has a hole, its copy may have dropped stored zeros"),
        (Doubt::OtherVersionBelow, "one side overwrote a version that the other never had"),
        (Doubt::HoleBelow, "blocks missing on one side are taken as lost, not as zeros"),
        (Doubt::DamageBelow, "one side lost blocks below the common ancestor"),
        (Doubt::FormerVersionGone, "the overwritten versions of some blocks are gone"),
        (Doubt::ContentContradicts, "the data contradict the records"),
        (Doubt::SharedStateDiffers, "a shared snapshot has different content"),
        (Doubt::ForeignBlocks, "an interrupted rebuild left blocks of the other side"),
        (Doubt::Unread, "some ranges could not be read"),
        (Doubt::Sizes, "the sizes differ"),
    ];
    for (_, words) in doubts.into_iter().filter(|(doubt, _)| doubted(*doubt)) {
        text.push_str(&format!("; {words}"));
    }
    text
}
