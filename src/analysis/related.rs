//! The second stage: what the replicas of one volume are to each other, and what the copy of each is worth.

use std::collections::{BTreeMap, BTreeSet};

use super::{Options, keyed};
use crate::blocks::{self, Comparison, Held, Holes, Rescued, RescuedRelation, Seen, Unread};
use crate::finding::{
    CandidateBeside, CandidateHolds, Exhibit, Facts, Finding, Likeliest, RecordElsewhere, UnreadPart,
};
use crate::ident::Label;
use crate::lineage::rescue::{self, Candidate};
use crate::lineage::{self, Contents, Lineage};
use crate::progress::Progress;
use crate::replica::{Copied, Copies, Flag, Replica};

/// Which replicas are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that may be judged, and beside them what may be rescued of the others.
    Judged,
    /// All that can be read, also those whose copy is defective. Nothing can be concluded for the originals of these.
    Readable,
}

/// One volume, related.
#[derive(Debug)]
#[non_exhaustive]
pub struct Related {
    /// Its name, as far as the directories tell.
    pub name: String,
    /// Its replicas, by label.
    pub replicas: Vec<Replica>,
    /// What the copy of each is worth.
    pub copies: Copies,
    /// What comparing the blocks found; `None` if they were not read.
    pub comparison: Option<Comparison>,
    /// What they are to each other.
    pub lineage: Lineage,
    /// Chains that may be rescued, likeliest first.
    pub candidates: BTreeMap<Label, Vec<Candidate>>,
    /// Their comparison with the replicas that are judged.
    pub rescued: BTreeMap<Label, Rescued>,
    /// What was noticed on the way.
    pub findings: Vec<Finding>,
}

/// Compares the replicas of a volume and relates them.
pub(super) fn relate(
    group: lineage::Group,
    options: &Options,
    which: Which,
    progress: &dyn Progress,
) -> Related {
    let lineage::Group { name, mut replicas, by_history, apart } = group;
    let mut findings = Vec::new();
    keyed::set_apart(&mut replicas, &mut findings);
    if options.holes == Holes::Zeros && !options.metadata_only {
        reconstruct(&mut replicas, progress, &mut findings);
    }
    if by_history {
        let evidence = replicas.iter().map(|r| Exhibit::file(&r.label, "volume.meta")).collect();
        findings.push(Finding::volume(grouped(&replicas), evidence));
    }
    findings.extend(apart.iter().map(|other| distinguished(other, &replicas)));
    let mut comparison =
        (!options.metadata_only).then(|| compare(&replicas, options, which, progress, &mut findings));
    if comparison.is_some() {
        replicas.iter_mut().for_each(Replica::note_changes);
    }
    let copies: Copies =
        replicas.iter().map(|r| (r.label.clone(), copied(r, comparison.as_ref(), options))).collect();
    findings.extend(replicas.iter().filter_map(|r| blocks::notice(r, copies.of(&r.label)?)));
    let lineage = match &mut comparison {
        Some(found) => {
            let known = found.unread.len();
            let lineage = blocks::relate(&replicas, found, &copies, options.factor, progress);
            findings.extend(found.unread.iter().skip(known).map(unreadable));
            lineage
        }
        None => Lineage::of(&replicas, &Contents::new(), &copies, options.factor),
    };
    let candidates = candidates(&replicas);
    let rescued = if options.metadata_only || which == Which::Readable {
        BTreeMap::new()
    } else {
        compare_candidates(&replicas, &lineage, &copies, &candidates, progress)
    };
    findings
        .extend(candidates.iter().filter_map(|(label, found)| rescuable(label, found, rescued.get(label))));
    Related { name, replicas, copies, comparison, lineage, candidates, rescued, findings }
}

/// Which names were taken for one volume.
fn grouped(replicas: &[Replica]) -> Facts {
    let names: BTreeSet<&str> = replicas.iter().filter_map(|replica| replica.volume.as_deref()).collect();
    Facts::GroupedByHistory { names: names.into_iter().map(str::to_owned).collect() }
}

/// Another volume that shares snapshots with this one.
fn distinguished(other: &lineage::Apart, replicas: &[Replica]) -> Finding {
    let facts = Facts::ToldApart { volume: other.name.clone(), by: other.why.clone() };
    let shown = replicas.iter().filter_map(|replica| {
        let status = replica.meta.as_ref()?.clone_status.as_deref()?;
        Some(Exhibit::field(&replica.label, "volume.meta", "CloneStatus", status))
    });
    Finding::volume(facts, shown.collect())
}

/// Takes zeros for holes where holes were filled; a replica that cannot be read stays as it is, which is reported.
fn reconstruct(replicas: &mut [Replica], progress: &dyn Progress, findings: &mut Vec<Finding>) {
    for replica in replicas.iter_mut().filter(|replica| replica.has_images()) {
        if let Err(error) = blocks::reconstruct(replica, progress) {
            let label = &replica.label;
            let facts = Facts::UnreadableRange { part: UnreadPart::Zeros, error: error.to_string() };
            findings.push(Finding::of(label, facts, Exhibit::file(label, "volume.meta")));
        }
    }
}

/// What the copy of a replica is worth, by what may be looked at.
fn worth(replica: &Replica, seen: Seen<'_>, options: &Options) -> Copied {
    let mut copied = blocks::quality(replica, seen);
    // What cannot be compared cannot be taken as it is either.
    if !replica.flags.contains(&Flag::OtherKey)
        && options.as_found.iter().any(|label| *label == *replica.label.as_str())
    {
        copied.accept();
    }
    copied
}

/// What the copy of a replica is worth, by what was read of it.
fn copied(replica: &Replica, comparison: Option<&Comparison>, options: &Options) -> Copied {
    let zeros = comparison.and_then(|found| found.zeros.get(&replica.label));
    let seen = match zeros {
        Some(zeros) => Seen::Views(zeros),
        None if options.metadata_only => Seen::Extents,
        None => Seen::Probes,
    };
    worth(replica, seen, options)
}

/// Compares the blocks of all replicas that have any to compare.
fn compare(
    replicas: &[Replica],
    options: &Options,
    which: Which,
    progress: &dyn Progress,
    findings: &mut Vec<Finding>,
) -> Comparison {
    let copies: Copies =
        replicas.iter().map(|r| (r.label.clone(), worth(r, Seen::Probes, options))).collect();
    let able = |replica: &&Replica| match which {
        Which::Judged => replica.has_images() && copies.is_judged(replica),
        Which::Readable => blocks::unable(replica, &copies).is_none(),
    };
    let able: Vec<&Replica> = replicas.iter().filter(able).collect();
    let comparison = blocks::compare(&able, options.sample, progress);
    findings.extend(comparison.unread.iter().map(unreadable));
    for (label, why) in &comparison.without_view {
        let facts = Facts::UnreadableRange { part: UnreadPart::View, error: why.clone() };
        findings.push(Finding::of(label, facts, Exhibit::file(label, "volume.meta")));
    }
    comparison
}

/// A range that could not be read, as a finding.
fn unreadable(unread: &Unread) -> Finding {
    let exhibit = Exhibit::bytes(&unread.replica, unread.disk.as_str(), unread.run);
    let part = UnreadPart::Range { disk: unread.disk.clone(), bytes: unread.run };
    let facts = Facts::UnreadableRange { part, error: unread.why.clone() };
    Finding::of(&unread.replica, facts, exhibit).on(&unread.disk)
}

/// What may be rescued, by replica.
fn candidates(replicas: &[Replica]) -> BTreeMap<Label, Vec<Candidate>> {
    let found = replicas.iter().map(|one| (one.label.clone(), rescue::candidates(one, replicas)));
    found.filter(|(_, candidates)| !candidates.is_empty()).collect()
}

/// Compares what may be rescued with the replicas that are judged.
fn compare_candidates(
    replicas: &[Replica],
    lineage: &Lineage,
    copies: &Copies,
    candidates: &BTreeMap<Label, Vec<Candidate>>,
    progress: &dyn Progress,
) -> BTreeMap<Label, Rescued> {
    let both = replicas.iter().zip(&lineage.layers);
    let judged: Vec<_> = both.filter(|(one, _)| copies.is_judged(one) && one.has_images()).collect();
    let of = |label: &Label| Replica::among(replicas, label);
    candidates
        .iter()
        .filter_map(|(label, found)| Some((of(label)?, found)))
        .map(|(replica, found)| {
            let others: Vec<_> =
                judged.iter().copied().filter(|(other, _)| other.label != replica.label).collect();
            (replica.label.clone(), blocks::rescued(replica, found, &others, progress))
        })
        .collect()
}

/// What may be rescued of a replica, and how it stands to the others, as a finding.
fn rescuable(label: &Label, candidates: &[Candidate], rescued: Option<&Rescued>) -> Option<Finding> {
    let first = candidates.first()?;
    let records_elsewhere = first
        .donors
        .iter()
        .map(|donor| RecordElsewhere { disk: donor.disk.clone(), replica: donor.replica.clone() })
        .collect();
    let likeliest = Likeliest {
        name: format!("{label}@{}", first.name),
        from: first.chain[0].clone(),
        disks: first.chain.len(),
        complete: first.complete,
        records_elsewhere,
    };
    let compared = rescued.iter().flat_map(|rescued| &rescued.relations).map(beside).collect();
    let facts = Facts::RescueCandidates { candidates: candidates.len(), likeliest, compared };
    let exhibit = Exhibit::file(label, first.chain[0].as_str());
    let mut finding = Finding::of(label, facts, exhibit).on(&first.chain[0]);
    for donor in &first.donors {
        finding = finding.and(Exhibit::file(&donor.replica, donor.disk.record()));
    }
    Some(finding)
}

/// What a candidate holds beside one replica, as a fact.
fn beside(found: &RescuedRelation) -> CandidateBeside {
    let blocks = found.relation.newer_a.blocks.blocks();
    let holds = match found.held() {
        Held::Proven => CandidateHolds::Nothing,
        Held::Likely => CandidateHolds::NothingLikely,
        Held::No if !found.whole => CandidateHolds::NotWhole,
        Held::No if blocks > 0 => CandidateHolds::Blocks { blocks },
        Held::No => CandidateHolds::Unknown,
    };
    CandidateBeside { candidate: found.candidate.clone(), replica: found.other.clone(), holds }
}
