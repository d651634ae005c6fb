//! The whole way from evidence to answers, one volume at a time.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::blocks::{self, Comparison, Copied, Fidelity, Holes, MergedView, Seen, ViewLayer};
use crate::evidence::{Evidence, InputReport};
use crate::finding::{Code, Exhibit, Finding};
use crate::ident::{DiskName, Label, Runs};
use crate::jiva::{self, Election, Join, Outcome, Started};
use crate::lineage::{self, Contents, Lineage};
use crate::replica::{self, Replica};
use crate::verdict::{self, Case, Start, Verdict};
use crate::watch::Watch;

/// What changes the answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// The replication factor; it stands in no file. 3 unless told otherwise.
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
    /// How each was copied.
    pub fidelity: BTreeMap<Label, Fidelity>,
    /// What comparing the blocks found; `None` if they were not read.
    pub comparison: Option<Comparison>,
    /// What Jiva would do for every ordered pair.
    pub joins: Vec<ForetoldJoin>,
    /// Whom Jiva would elect, for every order of registering.
    pub elections: Vec<Election>,
    /// The answer.
    pub verdict: Verdict,
    /// Everything noticed: the replicas' findings and the volume's.
    pub findings: Vec<Finding>,
}

/// A join with its price.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ForetoldJoin {
    /// What Jiva does.
    pub join: Join,
    /// Blocks in which the joiner's view differs from the RW side's afterwards; `None` if blocks were not read.
    pub differing: Option<u64>,
    /// Blocks in which the joiner's view differs from its own before.
    pub changed: Option<u64>,
    /// Blocks whose version only the joiner had, and that no file of it still holds.
    pub lost: Option<u64>,
}

/// Describes and judges everything in the evidence.
///
/// Replicas are described in parallel; the answer does not depend on the number of threads nor on the order of the
/// inputs.
pub fn analyze(evidence: Evidence, options: Options, watch: &dyn Watch) -> Analysis {
    let replicas = describe(&evidence, watch);
    let volumes = lineage::group(replicas)
        .into_iter()
        .filter(|group| options.volume.as_ref().is_none_or(|name| *name == group.name))
        .map(|group| volume(group, &options, watch))
        .collect();
    Analysis { inputs: evidence.inputs, volumes, options }
}

/// Describes every replica of the evidence, without relating or judging them.
pub fn describe(evidence: &Evidence, watch: &dyn Watch) -> Vec<Replica> {
    watch.begin("reading records", Some(evidence.replicas.len() as u64));
    let replicas = evidence
        .replicas
        .par_iter()
        .map(|found| {
            let replica = replica::describe(found);
            watch.advance(1);
            replica
        })
        .collect();
    watch.end();
    replicas
}

fn volume(group: lineage::Group, options: &Options, watch: &dyn Watch) -> Volume {
    let lineage::Group { name, mut replicas, by_history } = group;
    let mut findings = Vec::new();
    if options.holes == Holes::Zeros && !options.metadata_only {
        reconstruct(&mut replicas, watch, &mut findings);
    }
    if by_history {
        let evidence = replicas.iter().map(|r| Exhibit::file(&r.label, "volume.meta")).collect();
        findings.push(Finding::volume(
            Code::GroupedByHistory,
            "directories of different names share automatic snapshots",
            evidence,
        ));
    }
    let comparison =
        if options.metadata_only { None } else { Some(compare(&replicas, options, watch, &mut findings)) };
    let copied: BTreeMap<Label, Copied> =
        replicas.iter().map(|r| (r.label.clone(), copied(r, comparison.as_ref(), options))).collect();
    let fidelity: BTreeMap<Label, Fidelity> =
        copied.iter().map(|(label, copied)| (label.clone(), copied.fidelity)).collect();
    findings.extend(replicas.iter().filter_map(|r| blocks::notice(r, &copied[&r.label])));
    let none = Contents::new();
    let contents = comparison.as_ref().map_or(&none, |found| &found.contents);
    let lineage = Lineage::of(&replicas, contents);
    let case = Case {
        replicas: &replicas,
        lineage: &lineage,
        fidelity: &fidelity,
        factor: options.factor,
        without_missing: options.without_missing,
        sampled: options.sample.is_some(),
    };
    let mut verdict = verdict::decide(&case);
    findings.extend(verdict::notice(&case));
    let started: Vec<Result<Started<'_>, String>> = replicas.iter().map(jiva::start).collect();
    let joins = joins(&replicas, &started, &lineage, comparison.is_some() && options.sample.is_none(), watch);
    let running: Vec<Started<'_>> = started.iter().flatten().cloned().collect();
    let elections = jiva::elections(&running, options.factor);
    verdict.start = Some(start(&joins, &elections, &lineage, replicas.len(), options.factor));
    findings.extend(replicas.iter().flat_map(|replica| replica.findings.iter().cloned()));
    findings.sort_by(|a, b| (std::cmp::Reverse(a.severity()), a).cmp(&(std::cmp::Reverse(b.severity()), b)));
    Volume {
        name,
        size: replicas.iter().filter_map(|replica| replica.size).max(),
        replicas,
        lineage,
        fidelity,
        comparison,
        joins,
        elections,
        verdict,
        findings,
    }
}

/// Takes zeros for holes where holes were filled; a replica that cannot be read stays as it is, which is told.
fn reconstruct(replicas: &mut [Replica], watch: &dyn Watch, findings: &mut Vec<Finding>) {
    for replica in replicas.iter_mut().filter(|replica| replica.has_images()) {
        if let Err(error) = blocks::reconstruct(replica, watch) {
            let label = &replica.label;
            let text = format!("holes could not be made from zeros: {error}");
            findings.push(Finding::of(
                Code::UnreadableRange,
                label,
                text,
                Exhibit::file(label, "volume.meta"),
            ));
        }
    }
}

/// How a replica was copied, by what was read of it.
fn copied(replica: &Replica, comparison: Option<&Comparison>, options: &Options) -> Copied {
    let zeros = comparison.and_then(|found| found.zeros.get(&replica.label));
    let seen = match zeros {
        Some(zeros) => Seen::Views(zeros),
        None if options.metadata_only => Seen::Extents,
        None => Seen::Probes,
    };
    blocks::copied(replica, seen)
}

/// Compares the blocks of all replicas that have any to compare.
fn compare(
    replicas: &[Replica],
    options: &Options,
    watch: &dyn Watch,
    findings: &mut Vec<Finding>,
) -> Comparison {
    let able: Vec<&Replica> = replicas
        .iter()
        .filter(|r| r.is_judged() && r.has_images() && blocks::fidelity(r, Seen::Probes).is_usable())
        .collect();
    let comparison = blocks::compare(&able, options.sample, watch);
    for unread in &comparison.unread {
        let exhibit = Exhibit::bytes(&unread.replica, unread.disk.as_str(), unread.run);
        let text = format!("{}: {}", unread.disk, unread.why);
        findings.push(Finding::of(Code::UnreadableRange, &unread.replica, text, exhibit).on(&unread.disk));
    }
    for (label, why) in &comparison.without_view {
        findings.push(Finding::of(
            Code::UnreadableRange,
            label,
            why.clone(),
            Exhibit::file(label, "volume.meta"),
        ));
    }
    comparison
}

/// The most layers of a chain under the version that these directories show.
fn limit(replicas: &[Replica]) -> usize {
    let newest = replicas.iter().filter_map(|r| r.meta.as_ref()).filter_map(|meta| meta.generation()).max();
    replica::chain_limit(newest)
}

/// Foretells every ordered pair's join, and with blocks at hand what it would change.
fn joins(
    replicas: &[Replica],
    started: &[Result<Started<'_>, String>],
    lineage: &Lineage,
    read: bool,
    watch: &dyn Watch,
) -> Vec<ForetoldJoin> {
    let limit = limit(replicas);
    let mut out = Vec::new();
    for (at, rw) in replicas.iter().enumerate() {
        for (bt, wo) in replicas.iter().enumerate() {
            if at != bt {
                let join = jiva::join(&started[at], &started[bt], (&rw.label, &wo.label), limit);
                out.push(ForetoldJoin { join, differing: None, changed: None, lost: None });
            }
        }
    }
    if read {
        price(replicas, lineage, &mut out, watch);
    }
    out
}

/// Reads what each accepted join would leave, all in one pass.
fn price(replicas: &[Replica], lineage: &Lineage, joins: &mut [ForetoldJoin], watch: &dyn Watch) {
    let find = |label: &Label| replicas.iter().position(|replica| replica.label == *label);
    let mut views: Vec<MergedView> = Vec::new();
    let mut live: Vec<Option<usize>> = Vec::new();
    for replica in replicas {
        let view = live_view(replica);
        live.push(view.is_some().then_some(views.len()));
        views.extend(view);
    }
    let mut asked: Vec<(usize, usize, usize, usize)> = Vec::new();
    let mut pairs = std::collections::BTreeSet::new();
    for (index, foretold) in joins.iter().enumerate() {
        let Outcome::Accepted { stack, .. } = &foretold.join.outcome else { continue };
        let (Some(rw), Some(wo)) = (find(&foretold.join.rw), find(&foretold.join.wo)) else { continue };
        let (Some(rw_view), Some(wo_view)) = (live[rw], live[wo]) else { continue };
        let layers: Option<Vec<ViewLayer>> =
            stack.iter().map(|(label, disk)| ViewLayer::of(&replicas[find(label)?], disk).ok()).collect();
        let Some(layers) = layers else { continue };
        let size = replicas[wo].size.or(replicas[rw].size).unwrap_or(0);
        let after = views.len();
        views.push(MergedView::stack(&replicas[wo].label, &DiskName::from("after-the-join"), size, layers));
        pairs.extend([(rw_view, after), (wo_view, after)]);
        asked.push((index, rw_view, wo_view, after));
    }
    let supplies: Vec<_> = views.iter().map(|view| view.supply().clone()).collect();
    let pairs: Vec<_> = pairs.into_iter().collect();
    let compared = blocks::compare_views(views, &pairs, None, watch);
    for (index, rw_view, wo_view, after) in asked {
        let changed = compared.between(wo_view, after);
        let foretold = &mut joins[index];
        foretold.differing = Some(compared.between(rw_view, after).blocks());
        foretold.changed = Some(changed.blocks());
        let (rw, wo) = (&foretold.join.rw, &foretold.join.wo);
        let only_joiner = lineage
            .between(rw, wo)
            .and_then(|relation| relation.lacks(rw, wo))
            .map_or_else(Runs::new, |holds| holds.blocks.intersection(&changed));
        let Outcome::Accepted { overwritten, .. } = &foretold.join.outcome else { continue };
        let chain = find(wo).map(|at| &replicas[at].chain[..]).unwrap_or_default();
        let gone = supplies[wo_view].of(|level| overwritten.contains(&chain[chain.len() - 1 - level]));
        foretold.lost = Some(only_joiner.intersection(&gone).blocks());
    }
}

/// The view of a replica as it would be opened; a directory without volume.meta becomes an empty volume.
fn live_view(replica: &Replica) -> Option<MergedView> {
    if replica.meta.is_none() && replica.error.is_none() {
        let head = DiskName::from("volume-head-000.img");
        return Some(MergedView::stack(&replica.label, &head, 0, Vec::new()));
    }
    MergedView::live(replica).ok()
}

/// What would come of simply starting them.
fn start(
    joins: &[ForetoldJoin],
    elections: &[Election],
    lineage: &Lineage,
    count: usize,
    factor: usize,
) -> Start {
    if elections.is_empty() {
        return if count > factor / 2 { Start::Stuck } else { Start::Unknown };
    }
    let leaders: std::collections::BTreeSet<&Label> =
        elections.iter().map(|election| &election.leader).collect();
    let (mut writable, mut harm, mut all_up) = (false, false, true);
    for leader in leaders {
        let mut up = 1;
        for foretold in joins.iter().filter(|foretold| foretold.join.rw == *leader) {
            let Outcome::Accepted { .. } = foretold.join.outcome else {
                all_up = false;
                continue;
            };
            up += 1;
            let wo = &foretold.join.wo;
            let lacking = lineage.between(leader, wo).and_then(|relation| relation.lacks(leader, wo));
            harm |= lacking.is_some_and(|holds| !holds.nothing());
            harm |= foretold.differing.is_some_and(|blocks| blocks > 0);
        }
        writable |= up > factor / 2;
        // A leader that lacks data and can be written to leaves the others behind for good.
        harm |= up > factor / 2
            && joins.iter().filter(|foretold| foretold.join.rw == *leader).any(|foretold| {
                lineage
                    .between(leader, &foretold.join.wo)
                    .and_then(|relation| relation.lacks(leader, &foretold.join.wo))
                    .is_some_and(|holds| !holds.nothing())
            });
    }
    match (writable, harm, all_up) {
        (false, _, _) => Start::Stuck,
        (true, true, _) | (true, _, false) => Start::Unsafe,
        (true, false, true) => Start::Safe,
    }
}
