//! Verdicts against the truth: who is named, and who is protected.

use std::collections::BTreeSet;

use jivascope::analysis::Volume;
use jivascope::blocks::MergedView;
use jivascope::verdict::{Confidence, Start, Verdict, VerdictKind};

use super::{Breach, Life};
use crate::support::model::truth::Version;

type Views = [(String, Vec<Version>)];

fn is_definite(verdict: &Verdict) -> bool {
    matches!(verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative)
}

/// Those who hold everything, unacknowledged writes counted and not.
fn best(life: &Life, views: &Views) -> BTreeSet<String> {
    life.engine.truth.holders(views, false)
}

fn may(life: &Life, views: &Views) -> BTreeSet<String> {
    let mut may = best(life, views);
    may.extend(life.engine.truth.holders(views, true));
    may
}

fn named(verdict: &Verdict) -> BTreeSet<String> {
    verdict.holders.iter().chain(&verdict.keep).map(|label| label.as_str().to_owned()).collect()
}

/// The bytes of every view are those that the copy holds, and what cannot be opened is said so.
pub fn shown_views(life: &Life, volume: &Volume) -> Vec<Breach> {
    let mut out = Vec::new();
    let truth = &life.engine.truth;
    for replica in &volume.replicas {
        let at = life.engine.replicas.iter().position(|r| r.label == replica.label.as_str()).unwrap();
        let versions = life.copies[at].view();
        if let (Some(versions), Ok(view)) = (&versions, MergedView::live(replica)) {
            let mut bytes = vec![0; view.size() as usize];
            let told: Vec<u8> = versions.iter().flat_map(|version| truth.bytes(*version)).collect();
            if view.read_at(0, &mut bytes).is_err() || bytes != told {
                out.push(Breach::new("view", format!("{}: not what was written", replica.label)));
            }
        }
        if versions.is_some() != replica.error.is_none() {
            let told = &replica.error;
            out.push(Breach::new(
                "view",
                format!("{}: readable {}, told {told:?}", replica.label, versions.is_some()),
            ));
        }
    }
    out
}

/// What is wrong with a verdict, whatever its confidence.
pub fn wrong(life: &Life, volume: &Volume, views: &Views) -> Option<String> {
    let verdict = &volume.verdict;
    let (named, best, may) = (named(verdict), best(life, views), may(life, views));
    let is = || format!("{} {}", verdict.kind.as_str(), verdict.confidence.as_str());
    if is_definite(verdict) {
        let unfit: Vec<&String> = named.iter().filter(|label| !may.contains(*label)).collect();
        if !unfit.is_empty() || named.is_empty() {
            return Some(format!("{} names {named:?}; wrongly {unfit:?}, truth {may:?}", is()));
        }
    }
    let split = verdict.kind == VerdictKind::Irreconcilable && verdict.confidence == Confidence::Proven;
    (split && !best.is_empty()).then(|| format!("{}, yet {best:?} hold everything", is()))
}

pub fn proven_wrong(life: &Life, volume: &Volume, views: &Views) -> Option<Breach> {
    let proven = volume.verdict.confidence == Confidence::Proven;
    let text = wrong(life, volume, views).filter(|_| proven)?;
    Some(Breach::new("PROVEN WRONG", text))
}

/// The same laws for an answer by records and extents alone, whose `proven` would be one too many in any case.
pub fn by_metadata(life: &Life, volume: &Volume) -> Vec<Breach> {
    let views = life.views();
    let mut out = Vec::new();
    if volume.verdict.confidence == Confidence::Proven {
        out.push(Breach::new("metadata only", format!("{} proven", volume.verdict.kind.as_str())));
    }
    if let Some(bare) = unprotected(life, volume, &views) {
        out.push(Breach::new("metadata only, unprotected", bare.text));
    }
    out
}

/// Whether somebody holds everything, and whether one such was named and nobody else.
pub fn found(life: &Life, volume: &Volume, views: &Views) -> (bool, bool) {
    let best = best(life, views);
    let right = is_definite(&volume.verdict) && wrong(life, volume, views).is_none();
    (!best.is_empty(), right && !named(&volume.verdict).is_disjoint(&best))
}

/// Whether all that those who are wrongly named lack are blocks that were written anew since, by those who had lost
/// what was there before, or never saw it because another ran alone. Neither leaves a mark: the newest write is there.
pub fn is_buried(life: &Life, volume: &Volume, views: &Views) -> bool {
    let may = may(life, views);
    named(&volume.verdict).iter().filter(|label| !may.contains(*label)).all(|label| {
        let own = views.iter().find(|(other, _)| other == label);
        own.is_some_and(|(_, own)| lost(life, views, own) == 0)
    })
}

/// Blocks of acknowledged writes that a replica holds and a view lacks, and that were not lost and written anew.
pub fn lacked(life: &Life, label: &str, other: &[Version], own: &[Version]) -> usize {
    let engine = &life.engine;
    let lacks = |at: usize| {
        let newer = |settled| engine.truth.newer(&other[at..=at], &own[at..=at], settled) > 0;
        newer(false) && newer(true)
    };
    let buried = |at: usize| {
        let mut others = engine.replicas.iter().filter(|replica| replica.label != label);
        let held = engine.truth.whole(other[at]);
        own[at] > held && (engine.ran_alone || others.any(|replica| replica.had.contains(&held)))
    };
    (0..own.len()).filter(|at| lacks(*at) && !buried(*at)).count()
}

/// Blocks that a view lacks of the replica that has most of them.
pub fn lost(life: &Life, views: &Views, own: &[Version]) -> usize {
    views.iter().map(|(label, other)| lacked(life, label, other, own)).max().unwrap_or(0)
}

/// What a verdict may be at all: what is insufficient is weak and keeps nobody, at weak everybody is protected, and a start
/// is called safe only where somebody is named, and not weakly.
pub fn form(volume: &Volume) -> Vec<Breach> {
    let verdict = &volume.verdict;
    let weak = verdict.confidence == Confidence::Weak;
    let mut out = Vec::new();
    let mut hold = |holds: bool, law: &str| {
        if !holds {
            let is = format!("{} {}", verdict.kind.as_str(), verdict.confidence.as_str());
            out.push(Breach::new(
                "form",
                format!("{law}: {is}, keep {:?}, start {:?}", verdict.keep, verdict.start),
            ));
        }
    };
    if verdict.kind == VerdictKind::InsufficientEvidence {
        hold(weak && verdict.keep.is_none(), "insufficient is weak and keeps nobody");
    }
    let all = |label| verdict.must_not_wipe.contains(label);
    hold(!weak || volume.replicas.iter().all(|r| all(&r.label)), "at weak every replica is protected");
    hold(verdict.keep.iter().all(all), "the kept one is protected");
    hold(is_definite(verdict) || verdict.keep.is_none(), "only a definite answer keeps one");
    let safe = verdict.start == Some(Start::Safe);
    hold(!safe || (is_definite(verdict) && !weak), "safe only where somebody is named, and not weakly");
    out
}

/// Every replica with acknowledged data that the kept one lacks (and that left a mark) is in `must_not_wipe`, unless the answer is strong or
/// proven; where none is to be kept, every replica whose data no protected one holds.
pub fn unprotected(life: &Life, volume: &Volume, views: &Views) -> Option<Breach> {
    let verdict = &volume.verdict;
    if is_definite(verdict) && verdict.confidence != Confidence::Weak {
        return None;
    }
    let truth = &life.engine.truth;
    let protected = |label: &String| verdict.must_not_wipe.iter().any(|one| one.as_str() == label);
    let bare = views.iter().filter(|(label, view)| {
        let safe = |(other, theirs): &(String, Vec<Version>)| {
            let kept = match &verdict.keep {
                Some(keep) => keep.as_str() == other,
                None => other != label && protected(other),
            };
            kept && lacked(life, label, view, theirs) == 0
        };
        let empty = view.iter().all(|version| truth.is_zeros(*version));
        !empty && !protected(label) && !views.iter().any(safe)
    });
    let bare: Vec<&String> = bare.map(|(label, _)| label).collect();
    let kind = format!("{} {}", verdict.kind.as_str(), verdict.confidence.as_str());
    (!bare.is_empty()).then(|| {
        Breach::new("unprotected", format!("{kind} keeps {:?}, leaves {bare:?} unprotected", verdict.keep))
    })
}
