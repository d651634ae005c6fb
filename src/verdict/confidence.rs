//! How sure an answer is.

use super::decide::{Case, hides_data};
use super::{Confidence, VerdictKind};
use crate::finding::Code;
use crate::ident::Label;
use crate::lineage::{Basis, Doubt, Layers, Relation};
use crate::replica::{Copied, CopyRemark, Quality, Replica};

/// Grades an answer by the relations that it rests on: for named holders, theirs to every other replica.
pub(super) fn confidence(case: &Case<'_>, kind: VerdictKind, holders: &[Label]) -> Confidence {
    let rests_on: Vec<&Relation> = case
        .lineage
        .relations
        .iter()
        .filter(|r| holders.is_empty() || holders.contains(&r.a) || holders.contains(&r.b))
        .collect();
    let fewer = checkpoint_by_fewer(&case.lineage.layers);
    let mut confidence =
        rests_on.iter().map(|r| grade(r, fewer.is_some())).min().unwrap_or(Confidence::Strong);
    let judged: Vec<&Replica> = case.judged().collect();
    let faithful = |replica: &&Replica| case.copies.quality(&replica.label) >= Quality::Faithful;
    let all_judged = judged.len() == case.replicas.len() && !case.replicas.iter().any(hides_data);
    if !judged.iter().all(|replica| faithful(&replica)) || !all_judged {
        confidence = confidence.min(Confidence::Strong);
    }
    if kind == VerdictKind::InsufficientEvidence || case.sampled || judged.iter().any(|r| is_a_guess(case, r))
    {
        confidence = Confidence::Weak;
    }
    confidence
}

/// Whether what is read of a replica is a guess: holes made from zeros, or writes counted that no image holds.
fn is_a_guess(case: &Case<'_>, replica: &Replica) -> bool {
    let remarked = |copied: &Copied| copied.has(CopyRemark::Reconstructed);
    case.copies.of(&replica.label).is_some_and(remarked)
        || replica.findings.iter().any(|finding| finding.code == Code::CounterOverstates)
}

fn grade(relation: &Relation, fewer: bool) -> Confidence {
    let doubts = |doubt: Doubt| relation.doubts.contains(&doubt);
    match relation.basis {
        Basis::Records => Confidence::Weak,
        Basis::Extents if doubts(Doubt::CountersHideALoss) => Confidence::Weak,
        Basis::Extents if doubts(Doubt::SameBlocksUnread) && fewer => Confidence::Weak,
        Basis::Extents => Confidence::Strong,
        Basis::Blocks if relation.doubts.is_empty() => Confidence::Proven,
        Basis::Blocks => Confidence::Strong,
    }
}

/// A replica whose Checkpoint is older than the one that two others of the same set share.
///
/// A Checkpoint moves only when as many replicas as the factor are RW, so the two moved it with a smaller factor
/// or with another third replica, and what they hold above it may be two lone histories.
pub(super) fn checkpoint_by_fewer(layers: &[Layers]) -> Option<(&Label, &Label, &Label)> {
    for (at, a) in layers.iter().enumerate() {
        let Some(shared) = a.checkpoint_name.as_ref().and_then(|name| a.level(name)) else { continue };
        for b in &layers[at + 1..] {
            if b.checkpoint_name != a.checkpoint_name || b.checkpoint.is_none() {
                continue;
            }
            for c in layers {
                let other =
                    c.checkpoint_name.as_ref().filter(|name| Some(*name) != a.checkpoint_name.as_ref());
                let older = other.and_then(|name| a.level(name));
                if older.is_some_and(|level| level < shared) {
                    return Some((&a.label, &b.label, &c.label));
                }
            }
        }
    }
    None
}
