//! The whole way from evidence to answers, one volume at a time, in stages: described, related, judged, forecast.

mod attested;
mod depth;
mod described;
mod files;
mod forecast;
mod ground;
mod inside;
mod judged;
mod keyed;
mod labels;
mod loss;
mod related;
mod scenario;
#[cfg(feature = "capsule")]
mod second;
mod start;
mod timeline;
mod witnessed;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::blocks::{Comparison, Holes, Rescued};
use crate::dialect::jiva::engine::Election;
use crate::evidence::{Evidence, InputReport};
use crate::filesystem::Contents;
use crate::finding::Finding;
use crate::ident::Label;
use crate::ident::Version;
use crate::lineage::rescue::Candidate;
use crate::lineage::{self, Lineage};
use crate::progress::Progress;
use crate::replica::{Copies, Replica};
use crate::verdict::Verdict;
use crate::witness::{Collection, Happened, Places, Tied, Witness};

pub use depth::{ChainRoom, room};
pub use described::{describe, remark_unread};
pub use files::{FileLoss, ancestor};
pub use forecast::{LeftOut, PredictedJoin};
pub use inside::inside;
pub use related::{Related, Which};
pub use scenario::{Fate, FinalState, Part, Row};
#[cfg(feature = "capsule")]
pub use second::{NoSecondVisit, SecondVisit};

/// More directories than this are no volume of anybody's: nobody keeps so many replicas of one.
const CROWD: usize = 12;

/// What changes the answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// The replication factor; it stands in no file. 3 unless given.
    pub factor: usize,
    /// Whether replicas that nobody supplied are left out of the decision.
    pub without_missing: bool,
    /// Whether logs, replies and objects beside the replicas are left unread.
    pub without_witnesses: bool,
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
    /// Whether only the telling orders of starting are walked, as for volumes of many replicas, however few there are.
    pub few_orders: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            factor: 3,
            without_missing: false,
            without_witnesses: false,
            metadata_only: false,
            sample: None,
            holes: Holes::AsStored,
            volume: None,
            as_found: Vec::new(),
            jiva_version: None,
            few_orders: false,
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
    /// The files that testify about replicas without being one.
    pub witnesses: Vec<Witness>,
    /// Who each address was that they name.
    pub addresses: Vec<Tied>,
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
    /// What is inside the view of each replica, where something was recognised; empty where blocks were not read.
    pub inside: BTreeMap<Label, Contents>,
    /// How deep the chain of each replica is against its limit, how fast it grows, and what its disks hold.
    pub rooms: BTreeMap<Label, ChainRoom>,
    /// What each choice loses in files, by who is kept and who is given up.
    pub file_losses: Vec<FileLoss>,
    /// What Jiva would do for every ordered pair.
    pub joins: Vec<PredictedJoin>,
    /// Whom Jiva would elect, for every order of registering.
    pub elections: Vec<Election>,
    /// Every way to start it, equal outcomes folded, best first; empty where too few come up for an election.
    pub starts: Vec<Row>,
    /// Elections and starts that can happen and are not among these.
    pub left_out: LeftOut,
    /// Replicas whose process does not come up, with Jiva's message.
    pub down: Vec<(Label, String)>,
    /// The version whose doings are forecast.
    pub jiva_version: Version,
    /// The answer.
    pub verdict: Verdict,
    /// Everything noticed: the replicas' findings and the volume's.
    pub findings: Vec<Finding>,
    /// What the logs tell of it.
    logged: Vec<Happened>,
    /// The same with what the directories tell, once somebody asked.
    timeline: OnceLock<Vec<Happened>>,
    /// Where it lives in the cluster, as far as Kubernetes objects tie it to these directories.
    pub places: Places,
}

impl Volume {
    /// What happened, by time, as far as logs, records and times tell. It is put together when it is first asked for: few
    /// outputs show it, and where records are many it costs a fifth of the analysis.
    pub fn timeline(&self) -> &[Happened] {
        self.timeline.get_or_init(|| timeline::timeline(&self.logged, &self.replicas, &self.lineage))
    }
}

/// Describes and judges everything in the evidence.
///
/// Replicas are described in parallel; the answer does not depend on the number of threads nor on the order of the
/// inputs. Replicas that share a label get numbers as in [`describe`], which is remarked under their inputs.
pub fn analyze(mut evidence: Evidence, options: Options, progress: &dyn Progress) -> Analysis {
    let mut groups = volumes(&mut evidence, &options, Which::Judged, progress);
    let collection = witnesses(&mut evidence, &options);
    let unread: Vec<String> =
        evidence.incomplete().map(|(input, why)| format!("{}: {why}", input.input)).collect();
    // Comparing blocks spreads one volume over all threads and tells its progress; records are small, so there each
    // thread takes a volume.
    let mut shown = witnessed::shown(&collection, &mut groups, options.factor);
    let addresses = shown.iter_mut().flat_map(|shown| std::mem::take(&mut shown.addresses)).collect();
    let pairs: Vec<_> = groups.into_iter().zip(shown).collect();
    let judge = |(group, shown)| volume(group, shown, &options, &unread, progress);
    let volumes = if options.metadata_only {
        pairs.into_par_iter().map(judge).collect()
    } else {
        pairs.into_iter().map(judge).collect()
    };
    let witnesses = collection.witnesses();
    Analysis { inputs: evidence.inputs, volumes, options, witnesses, addresses }
}

/// Goes as far as the second stage: describes everything in the evidence and relates it, one volume at a time, by name.
/// Nothing is judged. What was odd about the inputs is remarked there.
pub fn relate(
    evidence: &mut Evidence,
    options: &Options,
    which: Which,
    progress: &dyn Progress,
) -> Vec<Related> {
    let mut groups = volumes(evidence, options, which, progress);
    witnessed::remember(&witnesses(evidence, options), &mut groups);
    groups.into_iter().map(|group| related::relate(group, options, which, progress)).collect()
}

/// Reads the witnesses.
fn witnesses(evidence: &mut Evidence, options: &Options) -> Collection {
    if options.without_witnesses { Collection::default() } else { witnessed::read(evidence) }
}

/// The first stage, and which replicas are one volume.
fn volumes(
    evidence: &mut Evidence,
    options: &Options,
    which: Which,
    progress: &dyn Progress,
) -> Vec<lineage::Group> {
    labels::make_distinct(evidence);
    let mut replicas = describe(evidence, progress);
    // Who only compares wants to see in what a copy and its capsule differ.
    if which == Which::Judged {
        attested::attest(&mut replicas, evidence, options, progress);
    }
    remark_unread(&mut evidence.inputs, &replicas);
    let groups: Vec<lineage::Group> = lineage::group(replicas)
        .into_iter()
        .filter(|group| options.volume.as_ref().is_none_or(|name| *name == group.name))
        .collect();
    for group in groups.iter().filter(|group| group.replicas.len() > CROWD.max(options.factor)) {
        progress.crowd(&group.name, group.replicas.len());
    }
    groups
}

/// One volume through all stages: related, judged, forecast.
fn volume(
    group: lineage::Group,
    shown: witnessed::Shown,
    options: &Options,
    unread: &[String],
    progress: &dyn Progress,
) -> Volume {
    let mut related = related::relate(group, options, Which::Judged, progress);
    let reported = witnessed::reported(&shown.findings);
    let mut verdict = judged::judge(&mut related, &reported, options, unread);
    let ground = ground::Ground::of(&related, options);
    let forecast = forecast::forecast(&ground, options.few_orders, progress);
    let start = start::start(&ground, &forecast, &verdict, options.without_missing);
    let hazards = start::hazards(&ground, &forecast, start, options.without_missing);
    verdict.start = Some(start);
    let rooms = depth::rooms(&related.replicas, &shown.limits);
    let inside = if options.metadata_only { BTreeMap::new() } else { inside::inside(&related.replicas) };
    let file_losses = files::losses(&related, &verdict, &inside);
    let related::Related { name, replicas, copies, comparison, lineage, candidates, rescued, mut findings } =
        related;
    findings.extend(hazards);
    findings.extend(inside::notice(&replicas, &inside));
    findings.extend(depth::notice(&replicas, &rooms));
    let reported = witnessed::merged(shown.findings, &mut findings);
    findings.extend(reported);
    findings.extend(replicas.iter().flat_map(|replica| replica.findings.iter().cloned()));
    findings.sort_by(|a, b| (std::cmp::Reverse(a.severity()), a).cmp(&(std::cmp::Reverse(b.severity()), b)));
    Volume {
        name,
        size: replicas.iter().filter_map(|replica| replica.size).max(),
        replicas,
        lineage,
        copies,
        comparison,
        inside,
        rooms,
        file_losses,
        joins: forecast.joins,
        elections: forecast.elections,
        starts: forecast.rows,
        left_out: forecast.left_out,
        down: forecast.down,
        jiva_version: forecast.version,
        candidates,
        rescued,
        verdict,
        findings,
        logged: shown.timeline,
        timeline: OnceLock::new(),
        places: shown.places,
    }
}
