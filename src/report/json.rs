//! The JSON document: one per run, names fixed, absent values absent, lists in a defined order.

use std::collections::BTreeMap;

use serde::Serialize;

use super::candidates::{self, ShownCandidate};
use super::depth::{self, ShownDepth, ShownSpace};
use super::escape;
use super::file_changes::{self, ShownFileLoss};
use super::graph::{ShownAncestor, ShownGraph, ancestors, graph};
use super::model::{self, Step};
use super::options::{ShownOptions, options};
use crate::analysis::{Analysis, ChainRoom, LeftOut, PredictedJoin, Volume};
use crate::blocks::{Difference, Meaning, differences};
use crate::dialect::jiva::engine::{Election, Outcome};
use crate::evidence::InputReport;
use crate::filesystem::Contents;
use crate::finding::{Code, Exhibit, Facts, Finding, Severity};
use crate::ident::{BLOCK_SIZE, Counter, DiskName, Label};
use crate::lineage::{Basis, Relation, RelationKind, Witness};
use crate::replica::{
    Copied, CopyRemark, Dialect, Disk, Flag, LastJoin, PeerRecord, Quality, Replica, State,
};
use crate::verdict::Verdict;
use crate::witness::{Tied, Witness as FileWitness};

/// Name and version of the form of the document; additions keep it.
pub const SCHEMA: &str = "jivascope.analysis/1";

/// Ranges listed of one pair of replicas.
const RANGES: usize = 256;

/// The document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Document<'a> {
    schema: &'static str,
    tool: Tool,
    options: ShownOptions<'a>,
    evidence: &'a [InputReport],
    /// Files that testify about replicas without being one.
    #[serde(skip_serializing_if = "<[FileWitness]>::is_empty")]
    witnesses: &'a [FileWitness],
    /// Who each address was that they name.
    #[serde(skip_serializing_if = "<[Tied]>::is_empty")]
    addresses: &'a [Tied],
    volumes: Vec<ShownVolume<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Who wrote a document.
pub(super) const TOOL: Tool = Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownVolume<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    replicas: Vec<ShownReplica<'a>>,
    /// What is inside the view of each replica, where something was recognised and blocks were read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    inside: &'a BTreeMap<Label, Contents>,
    /// What each choice loses in files, where the file system inside can say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    file_losses: Vec<ShownFileLoss<'a>>,
    graph: ShownGraph<'a>,
    ancestors: Vec<ShownAncestor<'a>>,
    relations: Vec<ShownRelation<'a>>,
    joins: Vec<ShownJoin<'a>>,
    elections: Vec<ShownElection<'a>>,
    /// Orders of registering and of starting that were not walked: there are more than anybody reads. Counts end at 10^15.
    #[serde(skip_serializing_if = "LeftOut::is_nothing")]
    left_out: LeftOut,
    #[serde(skip_serializing_if = "<[Witness]>::is_empty")]
    witnesses: &'a [Witness],
    verdict: &'a Verdict,
    /// What to do now, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
    findings: Vec<ShownFinding<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownReplica<'a> {
    label: &'a Label,
    path: &'a str,
    dialect: Dialect,
    state: State,
    /// Files that could not be read here, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<String>,
    /// The image below the oldest disk, where volume.meta names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    backing_file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_error: Option<String>,
    flags: Vec<Flag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<&'a DiskName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a DiskName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<&'a DiskName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<Counter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_by: Option<String>,
    chain: &'a [DiskName],
    #[serde(skip_serializing_if = "<[Vec<DiskName>]>::is_empty")]
    alternates: &'a [Vec<DiskName>],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    last_join: LastJoin,
    #[serde(skip_serializing_if = "Option::is_none")]
    clean_tip: Option<&'a DiskName>,
    /// What the copy is worth, by what was read: `inspect` reads no block.
    quality: Quality,
    /// What makes it defective.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    defects: Vec<String>,
    /// What else is to be said of the copy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<CopyRemark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<&'a PeerRecord>,
    /// How deep its chain is against its limit, and how fast it grows.
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<ShownDepth>,
    /// What the disks of its chain hold, by extents: of a copy that did not keep its holes, more than the original's.
    #[serde(skip_serializing_if = "Option::is_none")]
    space: Option<ShownSpace>,
    disks: Vec<ShownDisk<'a>>,
    /// Chains that may be rescued, likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<ShownCandidate<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownDisk<'a> {
    name: &'a DiskName,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<DiskName>,
    on_chain: bool,
    removed: bool,
    user_created: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<Counter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apparent_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocated_bytes: Option<u64>,
    /// Of these, what no other disk of the chain stores anything at.
    #[serde(skip_serializing_if = "Option::is_none")]
    alone_bytes: Option<u64>,
    /// Of these, what newer disks of the chain hide.
    #[serde(skip_serializing_if = "Option::is_none")]
    shadowed_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<&'a DiskName>,
    /// What the copy of its image is worth; only given for images of the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Quality>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownRelation<'a> {
    a: &'a Label,
    b: &'a Label,
    kind: RelationKind,
    basis: Basis,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestor: Option<PairOfDisks<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<ShownBlocks>,
    /// Where they differ, from the first byte on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<ShownRange<'a>>,
    /// Ranges that were left out after the first; `diff` tells them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    ranges_left_out: Option<usize>,
}

/// One differing range, and which layer supplies it on either side; a side without one reads as zeros there.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownRange<'a> {
    start: u64,
    end: u64,
    blocks: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<Meaning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<&'a DiskName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<&'a DiskName>,
}

impl<'a> From<Difference<'a>> for ShownRange<'a> {
    fn from(found: Difference<'a>) -> Self {
        Self {
            start: found.run.start,
            end: found.run.end,
            blocks: found.blocks(),
            meaning: found.meaning,
            a: found.a,
            b: found.b,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PairOfDisks<'a> {
    a: &'a DiskName,
    b: &'a DiskName,
}

/// Counts of blocks. `unique` was written since the common state by one side, `contested` by both, `below` by
/// neither; `newer` is all that one side holds and the other lacks.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownBlocks {
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    differ: Option<u64>,
    unique_a: u64,
    unique_b: u64,
    contested: u64,
    below: u64,
    lost_a: u64,
    lost_b: u64,
    unknown: u64,
    foreign_a: u64,
    foreign_b: u64,
    newer_a: u64,
    newer_b: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownJoin<'a> {
    rw: &'a Label,
    wo: &'a Label,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    copied: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    equal_afterwards: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    differing_afterwards: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by_join: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_blocks: Option<u64>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownElection<'a> {
    order: &'a [Label],
    leader: &'a Label,
    condition: String,
    likely: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownFinding<'a> {
    code: Code,
    /// The kind of finding in words, as stable as the code.
    name: &'static str,
    severity: Severity,
    title: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    replica: Option<&'a Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<&'a DiskName>,
    /// What holds here, in typed values; which there are follows from the code.
    facts: &'a Facts,
    /// The same in a sentence for people, which may be reworded.
    text: String,
    evidence: &'a [Exhibit],
    remedy: &'static str,
}

impl ShownFinding<'_> {
    /// Shows it as grave as something else says.
    pub(super) fn at(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }
}

impl<'a> Document<'a> {
    /// Makes the document of an analysis.
    pub fn of(analysis: &'a Analysis) -> Self {
        Self {
            schema: SCHEMA,
            tool: TOOL,
            options: options(&analysis.options),
            evidence: &analysis.inputs,
            witnesses: &analysis.witnesses,
            addresses: &analysis.addresses,
            volumes: analysis.volumes.iter().map(|one| volume(one, analysis)).collect(),
        }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        pretty(self)
    }
}

/// An object as one line that is safe on a terminal, with a line feed at its end.
pub(super) fn line(object: &impl Serialize) -> String {
    let text = serde_json::to_string(object).expect("every key of a document is a string");
    escape::json(text) + "\n"
}

/// Any document as text that is safe on a terminal.
pub(crate) fn pretty(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document).expect("every key of a document is a string");
    escape::json(text) + "\n"
}

/// One volume.
pub(super) fn volume<'a>(volume: &'a Volume, analysis: &Analysis) -> ShownVolume<'a> {
    ShownVolume {
        name: &volume.name,
        size: volume.size,
        replicas: volume
            .replicas
            .iter()
            .map(|one| {
                let candidates = volume.candidates.get(&one.label).map_or(&[][..], Vec::as_slice);
                let candidates = candidates::compared(candidates, volume.rescued.get(&one.label));
                replica(one, volume.copies.of(&one.label))
                    .with_candidates(candidates)
                    .with_room(volume.rooms.get(&one.label))
            })
            .collect(),
        inside: &volume.inside,
        file_losses: file_changes::losses(&volume.file_losses),
        graph: graph(volume),
        ancestors: ancestors(volume),
        relations: volume.lineage.relations.iter().map(|r| relation(volume, r)).collect(),
        joins: volume.joins.iter().map(join).collect(),
        elections: volume.elections.iter().map(election).collect(),
        left_out: volume.left_out,
        witnesses: &volume.lineage.witnesses,
        verdict: &volume.verdict,
        steps: model::steps(volume, analysis),
        findings: volume.findings.iter().map(finding).collect(),
    }
}

impl<'a> ShownReplica<'a> {
    /// Shows chains that may be rescued from it.
    pub(super) fn with_candidates(self, candidates: Vec<ShownCandidate<'a>>) -> Self {
        Self { candidates, ..self }
    }

    /// Shows how much room its chain has.
    pub(super) fn with_room(mut self, room: Option<&ChainRoom>) -> Self {
        let Some(room) = room else { return self };
        self.depth = Some(ShownDepth::from(&room.depth));
        self.space = depth::space(room);
        // The chain comes first, head first, as what its disks hold does.
        for (disk, held) in self.disks.iter_mut().zip(room.space.iter().flat_map(|space| &space.disks)) {
            (disk.alone_bytes, disk.shadowed_bytes) = (Some(held.alone), Some(held.shadowed));
        }
        self
    }
}

/// A replica, with what its copy is worth.
pub(super) fn replica<'a>(replica: &'a Replica, copied: Option<&Copied>) -> ShownReplica<'a> {
    let qualities = copied.map(Copied::by_disk).unwrap_or_default();
    ShownReplica {
        label: &replica.label,
        path: &replica.path,
        state: replica.state,
        dialect: replica.dialect,
        unread: replica.unread.iter().map(ToString::to_string).collect(),
        backing_file: replica.backing_file.as_deref(),
        start_error: replica.start_error.as_ref().map(ToString::to_string),
        flags: replica.flags.iter().copied().collect(),
        size: replica.size,
        head: replica.head.as_ref(),
        parent: replica.parent.as_ref(),
        checkpoint: replica.checkpoint.as_ref(),
        counter: replica.counter,
        uuid: replica.meta.as_ref().and_then(|meta| meta.uuid.as_deref()),
        written_by: replica.generation().map(|g| g.to_string()),
        chain: &replica.chain,
        alternates: &replica.alternates,
        error: replica.error.as_ref().map(ToString::to_string),
        last_join: replica.last_join,
        clean_tip: replica.clean_tip.as_ref(),
        quality: copied.map_or(Quality::Unknown, |copied| copied.quality),
        defects: copied.map(|copied| copied.defects.clone()).unwrap_or_default(),
        remarks: copied.map(|copied| copied.remarks.clone()).unwrap_or_default(),
        peer: replica.peer.as_ref(),
        depth: None,
        space: None,
        disks: in_order(replica).into_iter().map(|d| disk(replica, d, &qualities)).collect(),
        candidates: Vec::new(),
    }
}

/// The chain first, head to base; then the others by name.
pub(super) fn in_order(replica: &Replica) -> Vec<&Disk> {
    replica.chain_disks().chain(replica.disks.iter().filter(|disk| !disk.on_chain)).collect()
}

fn disk<'a>(replica: &'a Replica, disk: &'a Disk, qualities: &BTreeMap<&DiskName, Quality>) -> ShownDisk<'a> {
    let link = disk.image.as_ref().and_then(|image| image.link);
    let links = match link {
        None => Vec::new(),
        Some(_) => {
            let same = |other: &&Disk| {
                other.name != disk.name && other.image.as_ref().and_then(|image| image.link) == link
            };
            replica.disks.iter().filter(same).map(|other| &other.name).collect()
        }
    };
    ShownDisk {
        name: &disk.name,
        parent: disk.parent().map(DiskName::from),
        on_chain: disk.on_chain,
        removed: disk.removed(),
        user_created: disk.user_created(),
        created: disk.read_record().and_then(|record| record.created.as_deref()),
        counter: disk.counter(),
        apparent_size: disk.image.as_ref().map(|image| image.size),
        allocated_bytes: disk.image.as_ref().and_then(|_| disk.allocated()),
        alone_bytes: None,
        shadowed_bytes: None,
        links,
        quality: qualities.get(&disk.name).copied(),
    }
}

fn relation<'a>(volume: &'a Volume, relation: &'a Relation) -> ShownRelation<'a> {
    let layers = |label: &Label| volume.lineage.layers(label);
    let found = match (layers(&relation.a), layers(&relation.b)) {
        (Some(a), Some(b)) if relation.basis == Basis::Blocks => differences(relation, a, b),
        _ => Vec::new(),
    };
    let left_out = found.len().saturating_sub(RANGES);
    let blocks = (relation.basis != Basis::Records).then(|| ShownBlocks {
        size: BLOCK_SIZE,
        differ: relation.differ.as_ref().map(|runs| runs.blocks()),
        unique_a: relation.unique_a.blocks(),
        unique_b: relation.unique_b.blocks(),
        contested: relation.contested.blocks(),
        below: relation.below.blocks(),
        lost_a: relation.lost_a.blocks(),
        lost_b: relation.lost_b.blocks(),
        unknown: relation.unknown.blocks(),
        foreign_a: relation.foreign_a.blocks(),
        foreign_b: relation.foreign_b.blocks(),
        newer_a: relation.newer_a.blocks.blocks(),
        newer_b: relation.newer_b.blocks.blocks(),
    });
    ShownRelation {
        a: &relation.a,
        b: &relation.b,
        kind: relation.kind,
        basis: relation.basis,
        ancestor: relation.ancestor.as_ref().map(|(a, b)| PairOfDisks { a, b }),
        blocks,
        ranges: found.into_iter().take(RANGES).map(ShownRange::from).collect(),
        ranges_left_out: (left_out > 0).then_some(left_out),
    }
}

pub(super) fn election(election: &Election) -> ShownElection<'_> {
    ShownElection {
        order: &election.order,
        leader: &election.leader,
        condition: election.condition.to_string(),
        likely: election.likely,
    }
}

pub(super) fn join(forecast: &PredictedJoin) -> ShownJoin<'_> {
    let copied: &[DiskName] = match &forecast.join.outcome {
        Outcome::Accepted { copied, .. } => copied,
        Outcome::Refused | Outcome::Error(_) => &[],
    };
    ShownJoin {
        rw: &forecast.join.rw,
        wo: &forecast.join.wo,
        outcome: forecast.join.outcome.as_str(),
        message: forecast.join.outcome.message(),
        copied: copied.iter().flat_map(|name| [name.to_string(), name.record()]).collect(),
        equal_afterwards: forecast.differing.map(|blocks| blocks == 0),
        differing_afterwards: forecast.differing,
        changed_by_join: forecast.changed,
        lost_blocks: forecast.lost,
    }
}

pub(super) fn finding(finding: &Finding) -> ShownFinding<'_> {
    let row = finding.code().row();
    ShownFinding {
        code: row.code,
        name: row.name,
        severity: finding.severity(),
        title: row.title,
        replica: finding.replica.as_ref(),
        disk: finding.disk.as_ref(),
        facts: &finding.facts,
        text: finding.text(),
        evidence: &finding.evidence,
        remedy: row.remedy,
    }
}
