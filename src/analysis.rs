//! The whole way from evidence to answers, one volume at a time.

mod forecast;
mod ground;
mod labels;
mod loss;
mod scenario;
mod start;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::blocks::{self, Comparison, Held, Holes, Rescued, RescuedRelation, Seen};
use crate::evidence::{Evidence, Found, InputReport};
use crate::finding::{
    CandidateBeside, CandidateHolds, Exhibit, Facts, Finding, Likeliest, RecordElsewhere, UnreadPart,
};
use crate::ident::Label;
use crate::jiva::Election;
use crate::lineage::rescue::{self, Candidate};
use crate::lineage::{self, Contents, Lineage};
use crate::progress::Progress;
use crate::replica::{self, Copied, Copies, Replica};
use crate::verdict::{self, Case, Verdict};
use crate::version::Version;

pub use forecast::PredictedJoin;
pub use scenario::{Fate, FinalState, Part, Row};

/// What changes the answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// The replication factor; it stands in no file. 3 unless given.
    pub factor: usize,
    /// Whether replicas that nobody supplied are left out of the decision.
    pub without_missing: bool,
    /// Whether blocks are left unread.
    pub metadata_only: bool,
    /// Share of the blocks to compare, between 0 and 1; `None` compares all.
    pub sample: Option<f64>,
    /// What holes mean in copies that did not keep them.
    pub holes: Holes,
    /// Only the volume of this name.
    pub volume: Option<String>,
    /// Replicas whose defective copy is taken for what lies on the node.
    pub as_found: Vec<String>,
    /// The version of Jiva whose doings are forecast; the newest that any directory of a volume shows unless given.
    pub jiva_version: Option<Version>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            factor: 3,
            without_missing: false,
            metadata_only: false,
            sample: None,
            holes: Holes::AsStored,
            volume: None,
            as_found: Vec::new(),
            jiva_version: None,
        }
    }
}

/// Everything that was found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Analysis {
    /// The inputs, sorted.
    pub inputs: Vec<InputReport>,
    /// The volumes, by name.
    pub volumes: Vec<Volume>,
    /// What changed the answer.
    pub options: Options,
}

/// One volume.
#[derive(Debug)]
#[non_exhaustive]
pub struct Volume {
    /// Its name, as far as the directories tell.
    pub name: String,
    /// Its size in bytes: the largest that a replica tells.
    pub size: Option<u64>,
    /// Its replicas, by label.
    pub replicas: Vec<Replica>,
    /// What they are to each other.
    pub lineage: Lineage,
    /// Chains that may be rescued from replicas that Jiva would not open as they were left, likeliest first.
    pub candidates: BTreeMap<Label, Vec<Candidate>>,
    /// Their comparison with the replicas that are judged; empty unless blocks were read.
    pub rescued: BTreeMap<Label, Rescued>,
    /// What the copy of each is worth.
    pub copies: Copies,
    /// What comparing the blocks found; `None` if they were not read.
    pub comparison: Option<Comparison>,
    /// What Jiva would do for every ordered pair.
    pub joins: Vec<PredictedJoin>,
    /// Whom Jiva would elect, for every order of registering.
    pub elections: Vec<Election>,
    /// Every way to start it, equal outcomes folded, best first; empty where too few come up for an election.
    pub starts: Vec<Row>,
    /// Replicas whose process does not come up, with Jiva's message.
    pub down: Vec<(Label, String)>,
    /// The version whose doings are forecast.
    pub jiva_version: Version,
    /// The answer.
    pub verdict: Verdict,
    /// Everything noticed: the replicas' findings and the volume's.
    pub findings: Vec<Finding>,
}

/// Describes and judges everything in the evidence.
///
/// Replicas are described in parallel; the answer does not depend on the number of threads nor on the order of the
/// inputs. Replicas that share a label get numbers as in [`describe`], which is remarked under their inputs.
pub fn analyze(mut evidence: Evidence, options: Options, progress: &dyn Progress) -> Analysis {
    labels::make_distinct(&mut evidence);
    let replicas = describe(&evidence, progress);
    remark_unread(&mut evidence.inputs, &replicas);
    let groups: Vec<lineage::Group> = lineage::group(replicas)
        .into_iter()
        .filter(|group| options.volume.as_ref().is_none_or(|name| *name == group.name))
        .collect();
    let unread: Vec<String> =
        evidence.incomplete().map(|(input, why)| format!("{}: {why}", input.input)).collect();
    // Comparing blocks spreads one volume over all threads and tells its progress; records are small, so there each
    // thread takes a volume.
    let volumes = if options.metadata_only {
        groups.into_par_iter().map(|group| volume(group, &options, &unread, progress)).collect()
    } else {
        groups.into_iter().map(|group| volume(group, &options, &unread, progress)).collect()
    };
    Analysis { inputs: evidence.inputs, volumes, options }
}

/// Describes every replica of the evidence, without relating or judging them.
///
/// [`gather`](crate::evidence::gather) gives no label twice. Where other evidence does, the first by path keeps the label
/// and the others get a number behind it (`a`, `a#2`, …), and the replicas
/// come sorted by label.
pub fn describe(evidence: &Evidence, progress: &dyn Progress) -> Vec<Replica> {
    progress.begin("reading records", Some(evidence.replicas.len() as u64));
    let labels = labels::distinct(&evidence.replicas);
    let mut replicas: Vec<Replica> = evidence
        .replicas
        .par_iter()
        .zip(labels)
        .map(|(found, label)| {
            let mut replica = if found.label == label {
                replica::describe(found)
            } else {
                replica::describe(&Found { label, ..found.clone() })
            };
            blocks::settle(&mut replica);
            progress.advance(1);
            replica
        })
        .collect();
    progress.end();
    if replicas.iter().zip(&evidence.replicas).any(|(replica, found)| replica.label != found.label) {
        replicas.sort_by(|a, b| a.label.cmp(&b.label));
    }
    replicas
}

fn volume(group: lineage::Group, options: &Options, unread: &[String], progress: &dyn Progress) -> Volume {
    let lineage::Group { name, mut replicas, by_history, apart } = group;
    let mut findings = Vec::new();
    if options.holes == Holes::Zeros && !options.metadata_only {
        reconstruct(&mut replicas, progress, &mut findings);
    }
    if by_history {
        let evidence = replicas.iter().map(|r| Exhibit::file(&r.label, "volume.meta")).collect();
        findings.push(Finding::volume(grouped(&replicas), evidence));
    }
    findings.extend(apart.iter().map(|other| distinguished(other, &replicas)));
    let mut comparison =
        if options.metadata_only { None } else { Some(compare(&replicas, options, progress, &mut findings)) };
    if comparison.is_some() {
        replicas.iter_mut().for_each(Replica::note_changes);
    }
    let copies: Copies =
        replicas.iter().map(|r| (r.label.clone(), copied(r, comparison.as_ref(), options))).collect();
    findings.extend(replicas.iter().filter_map(|r| blocks::notice(r, copies.of(&r.label)?)));
    let lineage = match &mut comparison {
        Some(found) => blocks::relate(&replicas, found, &copies, options.factor, progress),
        None => Lineage::of(&replicas, &Contents::new(), &copies, options.factor),
    };
    let candidates = candidates(&replicas);
    let rescued = if options.metadata_only {
        BTreeMap::new()
    } else {
        compare_candidates(&replicas, &lineage, &copies, &candidates, progress)
    };
    findings
        .extend(candidates.iter().filter_map(|(label, found)| rescuable(label, found, rescued.get(label))));
    let case = Case {
        replicas: &replicas,
        lineage: &lineage,
        copies: &copies,
        rescued: &rescued,
        factor: options.factor,
        without_missing: options.without_missing,
        sampled: options.sample.is_some(),
        unread,
    };
    let mut verdict = verdict::decide(&case);
    findings.extend(verdict::notice(&case));
    let ground = ground::Ground {
        replicas: &replicas,
        lineage: &lineage,
        copies: &copies,
        factor: options.factor,
        version: options
            .jiva_version
            .unwrap_or_else(|| Version::shown_by(replicas.iter().filter_map(Replica::generation))),
        contents: comparison.as_ref().filter(|found| found.sample.is_none()).map(|found| &found.contents),
    };
    let forecast = forecast::forecast(&ground, progress);
    let start = start::start(&ground, &forecast, &verdict, options.without_missing);
    findings.extend(start::hazards(&ground, &forecast, start, options.without_missing));
    verdict.start = Some(start);
    findings.extend(replicas.iter().flat_map(|replica| replica.findings.iter().cloned()));
    findings.sort_by(|a, b| (std::cmp::Reverse(a.severity()), a).cmp(&(std::cmp::Reverse(b.severity()), b)));
    Volume {
        name,
        size: replicas.iter().filter_map(|replica| replica.size).max(),
        replicas,
        lineage,
        copies,
        comparison,
        joins: forecast.joins,
        elections: forecast.elections,
        starts: forecast.rows,
        down: forecast.down,
        jiva_version: forecast.version,
        candidates,
        rescued,
        verdict,
        findings,
    }
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

/// Puts what could not be read here under the inputs, which it is a matter of.
pub fn remark_unread(inputs: &mut [InputReport], replicas: &[Replica]) {
    let unread: Vec<&Replica> = replicas.iter().filter(|replica| !replica.unread.is_empty()).collect();
    for input in inputs {
        let own = unread.iter().filter(|replica| input.replicas.contains(&replica.label));
        input.remarks.extend(own.flat_map(|replica| replica.unread.iter().map(ToString::to_string)));
    }
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
    if options.as_found.iter().any(|label| *label == *replica.label.as_str()) {
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
    progress: &dyn Progress,
    findings: &mut Vec<Finding>,
) -> Comparison {
    let copies: Copies =
        replicas.iter().map(|r| (r.label.clone(), worth(r, Seen::Probes, options))).collect();
    let able: Vec<&Replica> = replicas.iter().filter(|r| r.has_images() && copies.is_judged(r)).collect();
    let comparison = blocks::compare(&able, options.sample, progress);
    for unread in &comparison.unread {
        let exhibit = Exhibit::bytes(&unread.replica, unread.disk.as_str(), unread.run);
        let part = UnreadPart::Range { disk: unread.disk.clone(), bytes: unread.run };
        let facts = Facts::UnreadableRange { part, error: unread.why.clone() };
        findings.push(Finding::of(&unread.replica, facts, exhibit).on(&unread.disk));
    }
    for (label, why) in &comparison.without_view {
        let facts = Facts::UnreadableRange { part: UnreadPart::View, error: why.clone() };
        findings.push(Finding::of(label, facts, Exhibit::file(label, "volume.meta")));
    }
    comparison
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
    let of = |label: &Label| replicas.iter().find(|replica| replica.label == *label);
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
