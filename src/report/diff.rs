//! The JSON document of `diff`.

use serde::Serialize;

use super::file_changes::{self, ShownFilesApart};
use super::json::{ShownRange, Tool};
use crate::blocks::{Apart, Holes};
use crate::evidence::InputReport;
use crate::filesystem::InFiles;
use crate::ident::{BLOCK_SIZE, DiskName, Label};
use crate::lineage::{Relation, RelationKind};

/// Name and version of the form of the document; additions keep it.
pub const SCHEMA: &str = "jivascope.diff/1";

/// What was compared.
#[derive(Debug)]
pub struct Compared<'a> {
    /// The inputs, sorted.
    pub inputs: &'a [InputReport],
    /// Volumes with their pairs; two points that were asked for stand alone, without a name.
    pub volumes: Vec<ComparedVolume<'a>>,
    /// What holes were taken for.
    pub holes: Holes,
    /// Share of the blocks that was looked at, if not all.
    pub sample: Option<f64>,
    /// Replicas whose copy is defective: nothing of theirs is called equal.
    pub defective: Vec<Label>,
}

/// The pairs of one volume.
#[derive(Debug)]
pub struct ComparedVolume<'a> {
    /// Its name; `None` for two points.
    pub name: Option<&'a str>,
    /// The pairs, by label.
    pub pairs: Vec<Apart<'a>>,
    /// The same pairs in files, in the same order; empty where they were not asked for.
    pub files: Vec<InFiles>,
    /// Replicas that could not be compared, and why.
    pub left_out: Vec<(Label, String)>,
}

impl<'a> ComparedVolume<'a> {
    /// Each pair, with its files where they were asked for.
    pub(super) fn with_files(&self) -> impl Iterator<Item = (&Apart<'a>, Option<&InFiles>)> {
        self.pairs.iter().enumerate().map(|(at, one)| (one, self.files.get(at)))
    }
}

impl Compared<'_> {
    /// Whether any pair differs.
    pub fn differs(&self) -> bool {
        self.volumes.iter().any(|volume| volume.pairs.iter().any(Apart::differs))
    }

    /// Whether something was left out, so that nothing is known to be equal.
    pub fn has_gaps(&self) -> bool {
        self.volumes
            .iter()
            .any(|volume| !volume.left_out.is_empty() || volume.pairs.iter().any(|pair| !self.is_whole(pair)))
    }

    /// Whether all blocks of a pair were compared, on copies that are not defective. Only then may it be called equal.
    pub fn is_whole(&self, pair: &Apart<'_>) -> bool {
        let sound = |label: &Label| !self.defective.contains(label);
        pair.unread.is_empty() && self.sample.is_none() && sound(&pair.a.0) && sound(&pair.b.0)
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Document<'a> {
    schema: &'static str,
    tool: Tool,
    options: ShownOptions,
    evidence: &'a [InputReport],
    volumes: Vec<ShownVolume<'a>>,
    /// Replicas whose copy is defective.
    #[serde(skip_serializing_if = "<[Label]>::is_empty")]
    defective: &'a [Label],
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holes: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownVolume<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    pairs: Vec<ShownPair<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct LeftOut<'a> {
    replica: &'a Label,
    why: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownPair<'a> {
    a: Side<'a>,
    b: Side<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<RelationKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ancestor: Option<Ancestor<'a>>,
    /// Absent where nothing differs in what was compared, but not all was, or a copy is defective.
    #[serde(skip_serializing_if = "Option::is_none")]
    equal: Option<bool>,
    blocks: Blocks,
    ranges: Vec<ShownRange<'a>>,
    /// What differs in files, by file system, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<ShownFilesApart<'a>>>,
    /// Why something was not compared in files.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    without_files: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<ShownUnread<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Side<'a> {
    replica: &'a Label,
    disk: &'a DiskName,
    size: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Ancestor<'a> {
    a: &'a DiskName,
    b: &'a DiskName,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Blocks {
    size: u64,
    differ: u64,
    #[serde(flatten)]
    by_meaning: Option<ByMeaning>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ByMeaning {
    unique_a: u64,
    unique_b: u64,
    contested: u64,
    lost_a: u64,
    lost_b: u64,
    unknown: u64,
    foreign_a: u64,
    foreign_b: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownUnread<'a> {
    replica: &'a Label,
    disk: &'a DiskName,
    start: u64,
    end: u64,
    why: &'a str,
}

/// The document as text, with a line feed at its end.
pub fn json(compared: &Compared<'_>) -> String {
    let document = Document {
        schema: SCHEMA,
        tool: super::json::TOOL,
        options: ShownOptions {
            sample: compared.sample,
            holes: (compared.holes == Holes::Zeros).then_some("zeros"),
        },
        evidence: compared.inputs,
        volumes: compared.volumes.iter().map(|one| volume(compared, one)).collect(),
        defective: &compared.defective,
    };
    super::json::pretty(&document)
}

fn volume<'a>(compared: &Compared<'_>, volume: &'a ComparedVolume<'a>) -> ShownVolume<'a> {
    ShownVolume {
        name: volume.name,
        pairs: volume.with_files().map(|(one, files)| pair(compared, one, files)).collect(),
        left_out: volume.left_out.iter().map(|(replica, why)| LeftOut { replica, why }).collect(),
    }
}

fn pair<'a>(compared: &Compared<'_>, pair: &'a Apart<'a>, files: Option<&'a InFiles>) -> ShownPair<'a> {
    let side = |(replica, disk, size): &'a (Label, DiskName, u64)| Side { replica, disk, size: *size };
    let relation: Option<&'a Relation> = pair.relation.as_deref();
    ShownPair {
        a: side(&pair.a),
        b: side(&pair.b),
        kind: relation.map(|relation| relation.kind),
        ancestor: relation.and_then(|relation| relation.ancestor.as_ref()).map(|(a, b)| Ancestor { a, b }),
        equal: match (pair.differs(), compared.is_whole(pair)) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        },
        blocks: Blocks {
            size: BLOCK_SIZE,
            differ: pair.blocks(),
            by_meaning: relation.map(|relation| ByMeaning {
                unique_a: relation.unique_a.blocks(),
                unique_b: relation.unique_b.blocks(),
                contested: relation.contested.blocks(),
                lost_a: relation.lost_a.blocks(),
                lost_b: relation.lost_b.blocks(),
                unknown: relation.unknown.blocks(),
                foreign_a: relation.foreign_a.blocks(),
                foreign_b: relation.foreign_b.blocks(),
            }),
        },
        files: files.map(|files| files.apart.iter().map(file_changes::apart).collect()),
        without_files: files.map_or(&[], |files| &files.without),
        ranges: pair.ranges.iter().copied().map(ShownRange::from).collect(),
        unread: pair
            .unread
            .iter()
            .map(|u| ShownUnread {
                replica: &u.replica,
                disk: &u.disk,
                start: u.run.start,
                end: u.run.end,
                why: &u.why,
            })
            .collect(),
    }
}
