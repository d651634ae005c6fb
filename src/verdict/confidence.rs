//! How sure an answer is.

use std::collections::BTreeSet;

use super::case::{Case, hides_data, lineages};
use super::{Confidence, VerdictKind};
use crate::finding::Code;
use crate::ident::Label;
use crate::lineage::{Basis, Doubt, Layers, Relation};
use crate::replica::{Copied, CopyRemark, Quality, Replica};

/// Grades an answer by the relations that it rests on: for named holders, theirs to every other replica.
pub(super) fn confidence(case: &Case<'_>, kind: VerdictKind, holders: &[Label]) -> Confidence {
    let named: BTreeSet<&Label> = holders.iter().collect();
    let rests_on: Vec<&Relation> = case
        .lineage
        .relations
        .iter()
        .filter(|r| named.is_empty() || named.contains(&r.a) || named.contains(&r.b))
        .collect();
    let agreed = case.supplied() >= case.factor && checkpoints_agree(&case.lineage.layers);
    let by_relation = || rests_on.iter().map(|relation| grade(relation, agreed)).min();
    let by_logs = |relation: &Relation| relation.doubts.contains(&Doubt::DecidedByLogs);
    let mut confidence = match kind {
        // Logs prove nothing, not even how many ways there are.
        VerdictKind::Irreconcilable if case.lineage.relations.iter().any(by_logs) => {
            apart(case).min(Confidence::Strong)
        }
        VerdictKind::Irreconcilable => apart(case),
        _ => by_relation().unwrap_or(Confidence::Strong),
    };
    let judged: Vec<&Replica> = case.judged().collect();
    let faithful = |replica: &&Replica| case.copies.quality(&replica.label) >= Quality::Faithful;
    let all_judged = judged.len() == case.replicas.len() && !case.replicas.iter().any(hides_data);
    let all_read = case.replicas.iter().all(|replica| replica.unread.is_empty());
    if !judged.iter().all(faithful) || !all_judged || !all_read || !case.unread.is_empty() {
        confidence = confidence.min(Confidence::Strong);
    }
    // One that was compared with nothing but what can be rescued of others.
    let likely = judged.len() == 1 && kind == VerdictKind::Authoritative;
    if likely
        || kind == VerdictKind::InsufficientEvidence
        || case.sampled
        || judged.iter().any(|r| is_a_guess(case, r))
    {
        confidence = Confidence::Weak;
    }
    confidence
}

/// Whether what is read of a replica is a guess: holes made from zeros, or writes counted that no image holds.
fn is_a_guess(case: &Case<'_>, replica: &Replica) -> bool {
    let remarked = |copied: &Copied| copied.has(CopyRemark::Reconstructed);
    case.copies.of(&replica.label).is_some_and(remarked)
        || replica.findings.iter().any(|finding| finding.code() == Code::CounterOverstates)
}

/// Doubts that leave an answer no more than weak.
const WEAK: [Doubt; 6] = [
    Doubt::OneWriteUnread,
    Doubt::CompanyUnknown,
    Doubt::OrderContradicted,
    Doubt::YoungerCounter,
    Doubt::EqualCountersApart,
    Doubt::DroppedZeros,
];

fn grade(relation: &Relation, agreed: bool) -> Confidence {
    let doubts = |doubt: Doubt| relation.doubts.contains(&doubt);
    if relation.basis == Basis::Records || WEAK.into_iter().any(doubts) {
        return Confidence::Weak;
    }
    match relation.basis {
        Basis::Extents if doubts(Doubt::SameBlocksUnread) && !agreed => Confidence::Weak,
        Basis::Blocks if relation.doubts.is_empty() => Confidence::Proven,
        _ => Confidence::Strong,
    }
}

/// How sure it is that each of several lineages holds what no other does: proven only by blocks of which each side's
/// own version is certain.
pub(super) fn apart(case: &Case<'_>) -> Confidence {
    let judged: Vec<&Replica> = case.judged().collect();
    let ways = lineages(case, &judged);
    let sure = |one: &Replica, other: &Replica| {
        let Some(relation) = case.lineage.between(&one.label, &other.label) else { return Confidence::Weak };
        let certain = !relation.certain_a.is_empty() && !relation.certain_b.is_empty();
        match relation.basis {
            Basis::Records => Confidence::Weak,
            Basis::Blocks if certain => Confidence::Proven,
            _ if [Doubt::DroppedZeros, Doubt::EqualCountersApart, Doubt::OneWriteUnread]
                .iter()
                .any(|d| relation.doubts.contains(d)) =>
            {
                Confidence::Weak
            }
            _ => Confidence::Strong,
        }
    };
    let pairs =
        ways.iter().enumerate().flat_map(|(at, way)| ways[at + 1..].iter().map(move |other| (way, other)));
    let each = pairs
        .filter_map(|(way, other)| way.iter().flat_map(|one| other.iter().map(|two| sure(one, two))).max());
    each.min().unwrap_or(Confidence::Strong)
}

/// A replica whose Checkpoint is older than the one that two others of the same set share.
///
/// A Checkpoint moves only when as many replicas as the factor are RW, so the two moved it with a smaller factor
/// or with another third replica, and what they hold above it may be two lone histories.
pub(super) fn checkpoint_by_fewer(layers: &[Layers]) -> Option<(&Label, &Label, &Label)> {
    for (at, a) in layers.iter().enumerate() {
        let Some(shared) = a.checkpoint_name.as_ref().and_then(|name| a.level(name)) else { continue };
        let same = |b: &&Layers| b.checkpoint_name == a.checkpoint_name && b.checkpoint.is_some();
        let Some(b) = layers[at + 1..].iter().find(same) else { continue };
        let older = |c: &&Layers| {
            let other = c.checkpoint_name.as_ref().filter(|name| Some(*name) != a.checkpoint_name.as_ref());
            other.and_then(|name| a.level(name)).is_some_and(|level| level < shared)
        };
        if let Some(c) = layers.iter().find(older) {
            return Some((&a.label, &b.label, &c.label));
        }
    }
    None
}

/// Whether all replicas have one Checkpoint.
fn checkpoints_agree(layers: &[Layers]) -> bool {
    let mut names = layers.iter().map(|layers| &layers.checkpoint_name);
    names.next().is_some_and(|first| first.is_some() && names.all(|name| name == first))
}
