//! The decision.

use std::collections::BTreeSet;

use super::case::{Case, hides_data, lineages, stores_off_chain, witness_was_outside};
use super::confidence::{apart, confidence};
use super::rules::Rule;
use super::words;
use super::{Confidence, Verdict, VerdictKind};
use crate::blocks::Held;
use crate::ident::Label;
use crate::lineage::{Basis, Doubt, Leaning};
use crate::replica::{Flag, LastJoin, Quality, Replica, State};

/// Decides.
pub fn decide(case: &Case<'_>) -> Verdict {
    let judged: Vec<&Replica> = case.judged().collect();
    let left_out = case.replicas.len() - judged.len();
    let inclusive: Vec<&Replica> = judged
        .iter()
        .copied()
        .filter(|one| judged.iter().all(|other| case.includes(&one.label, &other.label)))
        .collect();
    let whole: Vec<&Replica> =
        inclusive.iter().copied().filter(|replica| is_whole(case, replica, &inclusive)).collect();
    let holders: Vec<Label> = whole.iter().map(|replica| replica.label.clone()).collect();

    let defective = case.replicas.iter().any(|replica| case.is_defective(replica));
    let without_meta = case.replicas.iter().all(|replica| replica.meta.is_none());
    let all_blank = case.replicas.iter().all(|replica| replica.state == State::Blank);
    let (kind, rule) = if without_meta && (all_blank || !judged.is_empty()) {
        (VerdictKind::InsufficientEvidence, Rule::NoVolumeMeta)
    } else if judged.is_empty() {
        let rule = if defective { Rule::Defective } else { Rule::NothingReadable };
        (VerdictKind::InsufficientEvidence, rule)
    } else if is_one(case, &judged) {
        let the_volume = case.factor == 1 && left_out == 0 && holders.len() == judged.len();
        if defective {
            (VerdictKind::InsufficientEvidence, Rule::Defective)
        } else if the_volume && judged.iter().any(|replica| in_danger(replica)) {
            (VerdictKind::InsufficientEvidence, Rule::InDanger)
        } else if the_volume {
            (VerdictKind::Consistent, Rule::FactorOne)
        } else if includes_all_broken(case, &judged, &holders) {
            (VerdictKind::Authoritative, Rule::SomeHold)
        } else {
            (VerdictKind::InsufficientEvidence, Rule::OneAlone)
        }
    } else if !holders.is_empty() {
        if holders.len() == case.replicas.len() {
            (VerdictKind::Consistent, Rule::AllHold)
        } else {
            (VerdictKind::Authoritative, Rule::SomeHold)
        }
    } else if !inclusive.is_empty() {
        (VerdictKind::InsufficientEvidence, Rule::NoneWhole)
    } else if undecided_only(case, &judged) {
        (VerdictKind::InsufficientEvidence, Rule::SameState)
    } else if !likely(case, &judged, Leaning::DroppedZeros).is_empty() {
        (VerdictKind::InsufficientEvidence, Rule::DroppedZeros)
    } else if !likely(case, &judged, Leaning::Counters).is_empty() {
        (VerdictKind::InsufficientEvidence, Rule::NoCompany)
    } else if lineages(case, &judged).len() < 2 {
        (VerdictKind::InsufficientEvidence, Rule::Circle)
    } else {
        (VerdictKind::Irreconcilable, Rule::Ways)
    };
    // What a defective copy hides may be more than the rest holds; a rest that is irreconcilable stays so.
    let foreign = case.replicas.iter().any(|replica| replica.flags.contains(&Flag::ForeignDialect));
    let (kind, rule) = match kind {
        _ if foreign && !judged.is_empty() => (VerdictKind::InsufficientEvidence, Rule::AnotherEngine),
        VerdictKind::Consistent | VerdictKind::Authoritative if defective => {
            (VerdictKind::InsufficientEvidence, Rule::Defective)
        }
        _ => (kind, rule),
    };
    // Counters that nobody could read here might tell whose blocks are newer.
    let unread = judged.iter().any(|replica| replica.counter_unread);
    let (kind, rule) = match kind {
        VerdictKind::Irreconcilable if unread && apart(case) < Confidence::Proven => {
            (VerdictKind::InsufficientEvidence, Rule::CounterUnread)
        }
        _ => (kind, rule),
    };
    // A blank one holds everything of a rest that is nothing.
    let holders = if rule == Rule::Defective && whole.iter().all(|replica| replica.state == State::Blank) {
        Vec::new()
    } else {
        holders
    };
    let split = (kind == VerdictKind::Irreconcilable).then(|| lineages(case, &judged));
    let labels = |class: &Vec<&Replica>| class.iter().map(|replica| replica.label.clone()).collect();
    let confidence = confidence(case, kind, &holders);
    let leaning = match rule {
        Rule::DroppedZeros => Some(Leaning::DroppedZeros),
        Rule::NoCompany => Some(Leaning::Counters),
        _ => None,
    };
    let likely = leaning.map_or_else(Vec::new, |by| likely(case, &judged, by));
    let verdict = Verdict {
        kind,
        confidence,
        rule,
        start: None,
        keep: keep(&whole).map(|replica| replica.label.clone()),
        holders,
        likely: likely.iter().map(|replica| replica.label.clone()).collect(),
        ways: split.as_ref().map(Vec::len),
        lineages: split.iter().flatten().map(labels).collect(),
        complete: left_out == 0
            && case.unread.is_empty()
            && case.supplied() >= case.factor
            && !case.replicas.iter().any(hides_data),
        reasons: Vec::new(),
        must_not_wipe: Vec::new(),
        collect: Vec::new(),
        would_change: Vec::new(),
    };
    let mut verdict = witnessed(case, verdict);
    if !matches!(verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative) {
        verdict.keep = None;
    }
    verdict.must_not_wipe = must_not_wipe(case, &verdict);
    verdict.reasons = words::reasons(case, &verdict);
    verdict.collect = words::collect(case, &verdict);
    verdict.would_change = words::would_change(case, &verdict);
    verdict
}

/// Whether one replica is judged, or equal copies of one.
fn is_one(case: &Case<'_>, judged: &[&Replica]) -> bool {
    Case::count(judged.iter().copied()) == 1
        && judged.iter().all(|one| judged.iter().all(|other| case.includes(&one.label, &other.label)))
}

/// Whether the one replica that is judged holds all that can be rescued from the others, all of which Jiva cannot open.
fn includes_all_broken(case: &Case<'_>, judged: &[&Replica], holders: &[Label]) -> bool {
    let mut others = case.replicas.iter().filter(|replica| !case.is_judged(replica)).peekable();
    others.peek().is_some()
        && holders.len() == judged.len()
        && others.all(|other| holders.iter().all(|holder| case.holds_rescued(holder, other) > Held::No))
}

/// Whether the data of a replica that is the whole volume are in danger: gone, or not all here. The replication factor
/// does not overrule that.
fn in_danger(replica: &Replica) -> bool {
    let counted = replica.counter.is_some_and(|counter| counter.0 > 1);
    is_flawed(replica)
        || replica.flags.contains(&Flag::DataGone)
        || hides_data(replica)
        || (replica.state == State::Blank && counted)
}

/// Whether nothing about this replica itself stands against keeping it.
///
/// A chain with an image missing or with two members in one file, and a view mixed by a join that was cut off,
/// belong to no moment. A comparison of blocks with a replica that has no such flaw clears them, and nothing
/// else does.
fn is_whole(case: &Case<'_>, replica: &Replica, inclusive: &[&Replica]) -> bool {
    if !is_flawed(replica) {
        return true;
    }
    replica.flags.contains(&Flag::UnfinishedJoin)
        && !has_broken_chain(replica)
        && inclusive.iter().any(|other| {
            !is_flawed(other)
                && case.lineage.between(&replica.label, &other.label).is_some_and(|relation| {
                    relation.basis == Basis::Blocks && relation.differ.as_ref().is_some_and(|d| d.is_empty())
                })
        })
}

fn is_flawed(replica: &Replica) -> bool {
    has_broken_chain(replica) || lacks_data(replica) || replica.last_join == LastJoin::Unfinished
}

/// Whether data that belong to it are known to be somewhere else, or nowhere.
fn lacks_data(replica: &Replica) -> bool {
    [Flag::HalfClone, Flag::BackingFileMissing].iter().any(|flag| replica.flags.contains(flag))
}

/// Whether its directory holds data that no view of it shows, or that it cannot be used without.
fn holds_more(replica: &Replica) -> bool {
    let more = [Flag::DataBeyondSize, Flag::CannotSnapshot, Flag::DataGone, Flag::ForeignDialect];
    lacks_data(replica) || more.iter().any(|flag| replica.flags.contains(flag))
}

/// Whether a replica's directory holds data that no view of it shows: off its chain, beyond its size, in an engine's own way.
/// Another replica that holds its view does not hold these.
pub fn holds_beside_view(replica: &Replica) -> bool {
    holds_more(replica) || stores_off_chain(replica)
}

fn has_broken_chain(replica: &Replica) -> bool {
    replica.flags.contains(&Flag::ImageMissing) || replica.flags.contains(&Flag::ChainHardLinked)
}

/// Whether all that keeps the replicas from holding everything are blocks that nobody can attribute.
fn undecided_only(case: &Case<'_>, judged: &[&Replica]) -> bool {
    judged.iter().any(|one| {
        judged.iter().filter(|other| other.label != one.label).all(|other| {
            case.includes(&one.label, &other.label)
                || case.lineage.between(&one.label, &other.label).is_some_and(|relation| {
                    relation.lacks(&one.label, &other.label).is_some_and(|lacks| {
                        !lacks.more
                            && !relation.unknown.is_empty()
                            && lacks.blocks.is_subset(&relation.unknown)
                    })
                })
        })
    })
}

/// Who would hold everything if what an answer leans on were so.
fn likely<'a>(case: &Case<'_>, judged: &[&'a Replica], by: Leaning) -> Vec<&'a Replica> {
    let nothing = |one: &Replica, other: &Replica| {
        let relation = case.lineage.between(&one.label, &other.label);
        relation
            .and_then(|relation| relation.may_lack(&one.label, &other.label, by))
            .is_some_and(|lacks| lacks.nothing())
    };
    let whole = |one: &&&Replica| {
        !is_flawed(one) && judged.iter().all(|other| other.label == one.label || nothing(one, other))
    };
    judged.iter().filter(whole).copied().collect()
}

/// Which of several holders to keep: one that starts, has no unfinished business, and wins elections.
fn keep<'a>(whole: &[&'a Replica]) -> Option<&'a Replica> {
    whole.iter().copied().min_by_key(|replica| {
        (
            replica.state != State::Usable,
            replica.start_error.is_some(),
            replica.last_join != LastJoin::None && replica.last_join != LastJoin::Finished,
            replica.flags.contains(&Flag::HardLinked),
            replica.flags.contains(&Flag::Rebuilding),
            std::cmp::Reverse(replica.counter),
            replica.label.clone(),
        )
    })
}

/// What a missing witness does to an answer.
fn witnessed(case: &Case<'_>, mut verdict: Verdict) -> Verdict {
    if !case.lacks_one() {
        return verdict;
    }
    if verdict.kind == VerdictKind::Consistent && witness_was_outside(case) {
        verdict.confidence = verdict.confidence.min(Confidence::Strong);
        return verdict;
    }
    verdict.complete = false;
    if matches!(verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative) {
        verdict.kind = VerdictKind::InsufficientEvidence;
        verdict.rule = Rule::Witness;
        verdict.confidence = Confidence::Weak;
    }
    verdict
}

fn must_not_wipe(case: &Case<'_>, verdict: &Verdict) -> Vec<Label> {
    let everything = verdict.kind == VerdictKind::InsufficientEvidence
        || verdict.confidence == Confidence::Weak
        || case.lacks_one();
    let judged: Vec<&Replica> = case.judged().collect();
    let own: BTreeSet<&Label> = match verdict.kind {
        VerdictKind::Irreconcilable => {
            lineages(case, &judged).into_iter().flatten().map(|r| &r.label).collect()
        }
        _ => verdict.keep.iter().collect(),
    };
    let freed = |replica: &Replica| {
        // What is built from its files does not show what stood in those that are not here.
        !replica.lacks_an_image()
            && verdict.keep.as_ref().is_some_and(|keep| case.holds_rescued(keep, replica) == Held::Proven)
    };
    // Another lineage shows that it has all of this one's data.
    let shown_by = |replica: &Replica| {
        replica.state == State::Blank
            || own.iter().any(|other| {
                case.includes(other, &replica.label) && !in_doubt(case, Some(other), &replica.label)
            })
    };
    case.replicas
        .iter()
        .filter(|replica| {
            everything
                || own.contains(&replica.label)
                || (case.is_judged(replica) && !shown_by(replica))
                || case.copies.quality(&replica.label) == Quality::Defective
                || holds_more(replica)
                // Its place in the order is not known, so neither is what it may hold alone.
                || replica.counter_unread
                || ((!case.is_judged(replica) || stores_off_chain(replica) || hides_data(replica))
                    && !freed(replica))
        })
        .map(|replica| replica.label.clone())
        .collect()
}

/// Whether it is in doubt that a replica holds nothing that the kept one lacks.
fn in_doubt(case: &Case<'_>, keep: Option<&Label>, label: &Label) -> bool {
    keep.and_then(|keep| case.lineage.between(keep, label)).is_some_and(|relation| {
        relation.basis != Basis::Blocks || relation.doubts.iter().any(|doubt| *doubt != Doubt::Sizes)
    })
}
