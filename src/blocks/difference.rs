//! What differs between two views, in ranges, with the layer that supplies each side.

use std::borrow::Cow;

use serde::Serialize;

use super::compare::compare_views;
use super::measure::Measure;
use super::point::Point;
use super::quality::is_filled;
use super::replicas::Comparison;
use super::unread::{Unread, merge};
use super::view::ViewError;
use crate::ident::{BLOCK_SIZE, DiskName, Label, Run, Runs};
use crate::lineage::{Doubt, Layers, Lineage, Relation, Supply};
use crate::progress::Progress;
use crate::replica::{Copies, Disk, Flag, Replica};

/// What it means that a range differs, as the relation of the two sides has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Meaning {
    /// Only the first wrote it since the common state.
    UniqueA,
    /// Only the second wrote it since the common state.
    UniqueB,
    /// Both wrote it since the common state.
    Contested,
    /// Neither wrote it since; the first lost what the second still has.
    LostA,
    /// Neither wrote it since; the second lost what the first still has.
    LostB,
    /// Nothing tells whose is newer, or it could not be read.
    Unknown,
    /// The first received it in a join that did not end; it is no part of its own state.
    ForeignA,
    /// The second received it in a join that did not end.
    ForeignB,
}

/// A range of whole blocks that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Difference<'a> {
    /// Where, in bytes of the volume.
    pub run: Run,
    /// What it means; `None` between two points that are not the states that a relation is about.
    pub meaning: Option<Meaning>,
    /// The layer that supplies the first side; `None` where none does, which reads as zeros.
    pub a: Option<&'a DiskName>,
    /// The layer that supplies the second side.
    pub b: Option<&'a DiskName>,
}

impl Difference<'_> {
    /// Its length in blocks.
    pub fn blocks(&self) -> u64 {
        self.run.len().div_ceil(BLOCK_SIZE)
    }
}

/// All differing ranges of a relation that rests on blocks, ascending. Where a copy may not be judged they are listed
/// without a meaning.
pub fn differences<'a>(relation: &Relation, a: &'a Layers, b: &'a Layers) -> Vec<Difference<'a>> {
    let name = |layers: &'a Layers| move |level: usize| layers.list.get(level).map(|layer| &layer.name);
    let (own_a, own_b) = (Supply::view(a, a.tip), Supply::view(b, b.tip));
    let mut out = Vec::new();
    if relation.doubts.contains(&Doubt::NotJudged) {
        let differ = relation.differ.clone().unwrap_or_default();
        split(&differ, None, (&own_a, name(a)), (&own_b, name(b)), &mut out);
        return out;
    }
    // The order decides where two sets overlap: ranges that could not be read are in `unknown` beside others.
    let mut listed = Runs::new();
    for (runs, meaning) in [
        (&relation.unknown, Meaning::Unknown),
        (&relation.unique_a, Meaning::UniqueA),
        (&relation.unique_b, Meaning::UniqueB),
        (&relation.contested, Meaning::Contested),
        (&relation.lost_a, Meaning::LostA),
        (&relation.lost_b, Meaning::LostB),
    ] {
        let rest = runs.difference(&listed);
        listed = listed.union(&rest);
        split(&rest, Some(meaning), (&own_a, name(a)), (&own_b, name(b)), &mut out);
    }
    for (runs, meaning) in
        [(&relation.foreign_a, Meaning::ForeignA), (&relation.foreign_b, Meaning::ForeignB)]
    {
        if !runs.is_empty() {
            // Received blocks show only in the view of everything that the receiver holds.
            let of =
                |layers, receives| Supply::view(layers, if receives { layers.head() } else { layers.tip });
            let (all_a, all_b) = (of(a, meaning == Meaning::ForeignA), of(b, meaning == Meaning::ForeignB));
            split(runs, Some(meaning), (&all_a, name(a)), (&all_b, name(b)), &mut out);
        }
    }
    out.sort_unstable();
    out
}

/// Splits ranges where the supplier of either side changes.
fn split<'a>(
    runs: &Runs,
    meaning: Option<Meaning>,
    (supply_a, name_a): (&Supply, impl Fn(usize) -> Option<&'a DiskName>),
    (supply_b, name_b): (&Supply, impl Fn(usize) -> Option<&'a DiskName>),
    out: &mut Vec<Difference<'a>>,
) {
    let mut runs = runs.iter().copied().peekable();
    let mut push = |run: Run, a, b| {
        if !run.is_empty() {
            out.push(Difference { run, meaning, a, b });
        }
    };
    for (stretch, level_a, level_b) in supply_a.zip(supply_b) {
        while let Some(run) = runs.peek_mut().filter(|run| run.start < stretch.end) {
            // What neither side stores can still be a range that could not be read.
            push(Run { start: run.start, end: run.end.min(stretch.start) }, None, None);
            let both = Run { start: run.start.max(stretch.start), end: run.end.min(stretch.end) };
            push(both, level_a.and_then(&name_a), level_b.and_then(&name_b));
            run.start = run.end.min(stretch.end);
            if !run.is_empty() {
                break;
            }
            runs.next();
        }
    }
    runs.for_each(|run| push(run, None, None));
}

/// How two views differ.
#[derive(Debug)]
#[non_exhaustive]
pub struct Apart<'a> {
    /// The first side: whose, from which disk, and its size in bytes.
    pub a: (Label, DiskName, u64),
    /// The second side.
    pub b: (Label, DiskName, u64),
    /// What the two replicas are to each other; `None` between two points.
    pub relation: Option<Cow<'a, Relation>>,
    /// Where they differ, ascending.
    pub ranges: Vec<Difference<'a>>,
    /// What could not be read of either.
    pub unread: Vec<Unread>,
}

impl Apart<'_> {
    /// Number of differing blocks, each counted once.
    pub fn blocks(&self) -> u64 {
        Runs::from_unsorted(self.ranges.iter().map(|range| range.run).collect()).blocks()
    }

    /// Whether a difference was found. Where nothing differs but not all could be read, nobody knows.
    pub fn differs(&self) -> bool {
        !self.ranges.is_empty()
    }
}

/// Compares two points.
///
/// # Errors
/// Where one of them is no view.
pub fn between<'a>(
    a: &Point<'a>,
    b: &Point<'a>,
    sample: Option<f64>,
    progress: &dyn Progress,
) -> Result<Apart<'a>, ViewError> {
    let (view_a, view_b) = (a.view()?, b.view()?);
    let side = |view: &super::MergedView| (view.label().clone(), view.top().clone(), view.size());
    let (side_a, side_b) = (side(&view_a), side(&view_b));
    let (supply_a, supply_b) = (view_a.supply().clone(), view_b.supply().clone());
    let views = vec![view_a, view_b];
    if let Err(why) = Measure::of(&views) {
        return Err(ViewError::OtherKey { replica: side_a.0, other: side_b.0, why });
    }
    let compared = compare_views(views, &[(0, 1)], sample, None, progress);
    let name = |point: &Point<'a>, top: &DiskName| {
        let replica = point.replica;
        let chain: Vec<&'a Disk> = match &point.candidate {
            Some(candidate) => candidate.chain.iter().filter_map(|name| replica.disk(name)).collect(),
            None => replica.chain_from(top).unwrap_or_default(),
        };
        move |level: usize| chain.iter().rev().nth(level).map(|disk| &disk.name)
    };
    let mut ranges = Vec::new();
    let (name_a, name_b) = (name(a, &side_a.1), name(b, &side_b.1));
    split(&compared.between(0, 1), None, (&supply_a, name_a), (&supply_b, name_b), &mut ranges);
    let unread = merge(compared.unread.into_iter().map(|(_, unread)| unread).collect());
    Ok(Apart { a: side_a, b: side_b, relation: None, ranges, unread })
}

/// Every pair of the replicas of one volume that was compared, each side by its own state; what joins that did not end left
/// above that is distinguished.
pub fn pairs<'a>(lineage: &'a Lineage, found: &Comparison) -> Vec<Apart<'a>> {
    let layers = |label: &Label| lineage.layers(label);
    let mut out = Vec::new();
    for relation in &lineage.relations {
        let compared = found.contents.contains_key(&(relation.a.clone(), relation.b.clone()));
        let (true, Some(a), Some(b)) = (compared, layers(&relation.a), layers(&relation.b)) else { continue };
        let side = |layers: &Layers| {
            let top = layers.tip.and_then(|tip| layers.list.get(tip)).map(|layer| layer.name.clone());
            (layers.label.clone(), top.unwrap_or_else(|| DiskName::from("")), layers.size)
        };
        let unread = found.unread.iter().filter(|u| u.replica == relation.a || u.replica == relation.b);
        out.push(Apart {
            a: side(a),
            b: side(b),
            ranges: differences(relation, a, b),
            unread: unread.cloned().collect(),
            relation: Some(Cow::Borrowed(relation)),
        });
    }
    out
}

/// Why a replica's own state cannot be compared, if it cannot.
pub fn unable(replica: &Replica, copies: &Copies) -> Option<String> {
    if let Some(why) = replica.why_broken() {
        return Some(match replica.error {
            Some(_) => format!("Jiva would not open it: {why}"),
            None => why.to_owned(),
        });
    }
    if replica.chain.is_empty() {
        return Some("it has no chain".to_owned());
    }
    if !replica.has_images() {
        return Some("its images are not at hand".to_owned());
    }
    if replica.flags.contains(&Flag::OtherKey) {
        return Some(
            "its sums were made with another key than the others', or the key is not given (--capsule-key)"
                .to_owned(),
        );
    }
    let filled = copies.of(&replica.label).is_some_and(is_filled);
    filled.then(|| "holes were filled when it was copied; --holes zeros takes zeros for holes".to_owned())
}
