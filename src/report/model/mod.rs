//! What a report says, built once from an analysis: every count, choice and sentence. Writers lay it out and decide
//! nothing.

mod absent;
mod answer;
mod blockmap;
#[cfg(feature = "cli")]
mod copies;
pub(super) mod databases;
mod depth;
mod difference;
mod files_apart;
mod findings;
mod history;
pub(super) mod inside;
mod inspection;
mod losses;
mod pairs;
mod parting;
mod replicas;
mod running;
mod simulation;
mod start;
mod steps;
mod summary;

pub use absent::Absent;
pub use answer::{Answer, Tone};
pub use blockmap::{BlockMap, Group, PairMap, Scale, Strip};
#[cfg(feature = "cli")]
pub(super) use copies::{Copy, copies, options};
pub use difference::{DiffPair, DiffRange, DiffReport, DiffVolume};
pub use files_apart::FilesReport;
pub use findings::{FindingGroup, Findings};
pub use history::{History, Kind as StateKind, Spot, State};
pub use inspection::{Candidates, InspectedDisk, Inspection};
pub use losses::Losses;
pub use pairs::{Pair, Pairs};
pub use parting::Parting;
pub use replicas::ReplicaRow;
pub use simulation::{Caveat, Doings, Simulation, Way, simulations};
pub use steps::{Step, StepGroup, step_groups};
pub(super) use steps::{export_from, export_of as export, steps};
pub use summary::SummaryRow;

use crate::analysis::{Analysis, Volume};
use crate::evidence::InputReport;
use crate::report::words;
use crate::verdict::Reason;

/// What is said of the evidence as a whole.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report<'a> {
    /// One row for each volume; empty for a single one.
    pub summary: Vec<SummaryRow>,
    /// Each volume.
    pub volumes: Vec<VolumeReport<'a>>,
    /// Volumes whose account is left out since others look alike, each crowd with a sentence.
    pub alike: Vec<String>,
    /// Directories of a volume in which no data lie, a sentence each.
    pub without_data: Vec<String>,
    /// What was odd about the inputs, a sentence each.
    pub inputs: Vec<String>,
}

/// What is said of one volume.
#[derive(Debug)]
#[non_exhaustive]
pub struct VolumeReport<'a> {
    /// What it is said of.
    pub volume: &'a Volume,
    /// Name, size, and how many replicas.
    pub title: String,
    /// The verdict in words.
    pub answer: Answer,
    /// What to do now, in this order.
    pub steps: Vec<Step>,
    /// What keeping one replica loses of the others; `None` where nothing is to be chosen.
    pub losses: Option<Losses>,
    /// What each choice loses in files: what the list is called, and a sentence each.
    pub file_losses: (&'static str, Vec<String>),
    /// What is inside the views: whose, and what.
    pub inside: Vec<(String, Vec<String>)>,
    /// Each replica, by label.
    pub replicas: Vec<ReplicaRow>,
    /// Chains that are long, or hold much that nobody sees, a sentence each.
    pub depth: Vec<String>,
    /// The states and what each stands on.
    pub history: History,
    /// What each pair is to each other.
    pub pairs: Option<Pairs>,
    /// Why, most important first.
    pub reasons: &'a [Reason],
    /// Everything noticed, by kind.
    pub findings: Findings<'a>,
    /// What would change the answer.
    pub would_change: Option<String>,
    /// Whether the account is written out: not where other volumes look alike.
    pub in_full: bool,
}

impl<'a> Report<'a> {
    /// Builds it.
    pub fn of(analysis: &'a Analysis) -> Self {
        let volumes = &analysis.volumes;
        let (in_full, alike) = summary::crowds(volumes);
        Self {
            summary: if volumes.len() > 1 { summary::rows(volumes) } else { Vec::new() },
            volumes: volumes
                .iter()
                .zip(in_full)
                .map(|(volume, in_full)| VolumeReport::of(volume, analysis, in_full))
                .collect(),
            alike,
            without_data: without_data(&analysis.inputs),
            inputs: remarks(&analysis.inputs),
        }
    }
}

impl<'a> VolumeReport<'a> {
    fn of(volume: &'a Volume, analysis: &'a Analysis, in_full: bool) -> Self {
        let verdict = &volume.verdict;
        Self {
            volume,
            title: title(volume),
            answer: Answer::of(volume, &analysis.options),
            steps: steps(volume, analysis),
            losses: losses::losses(volume),
            file_losses: files_apart::losses(volume),
            inside: inside::grouped(&volume.inside),
            replicas: replicas::rows(volume),
            depth: depth::lines(volume),
            history: History::of(volume),
            pairs: pairs::pairs(volume),
            reasons: &verdict.reasons,
            findings: Findings::of(&volume.findings),
            would_change: (!verdict.would_change.is_empty()).then(|| verdict.would_change.join("; ")),
            in_full,
        }
    }
}

/// Name, size, and how many replicas.
pub(crate) fn title(volume: &Volume) -> String {
    let size = volume.size.map_or_else(|| "size unknown".to_owned(), words::bytes);
    let (here, replicas) = (volume.replicas.len(), distinct_replicas(volume));
    let mut count = words::count(replicas, "replica");
    if here > replicas {
        count.push_str(&format!(" in {here} directories"));
    }
    format!("{} · {size} · {count}", volume.name)
}

/// Directories of a volume in which no data lie.
pub(crate) fn without_data(inputs: &[InputReport]) -> Vec<String> {
    let mut all: Vec<_> = inputs.iter().flat_map(|input| &input.vacant).collect();
    all.sort_by(|a, b| a.label.cmp(&b.label));
    all.into_iter().map(ToString::to_string).collect()
}

/// What was odd about the inputs themselves.
pub(crate) fn remarks(inputs: &[InputReport]) -> Vec<String> {
    let remarks = |input: &InputReport| {
        let name = input.input.clone();
        input.remarks.iter().map(|remark| format!("{name}: {remark}")).collect::<Vec<_>>()
    };
    inputs.iter().flat_map(remarks).collect()
}

/// How many replicas these are; copies of one directory are one.
pub(crate) fn distinct_replicas(volume: &Volume) -> usize {
    crate::verdict::Case::count(volume.replicas.iter())
}
