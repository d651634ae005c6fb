//! A map of the volume: where two replicas differ, and which layer supplies each side there. Millions of ranges are
//! counted into cells of equal size; a cell is marked where any block of it differs. A map spans no more than what differs
//! where that is a small part of the volume.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::pairs::describe;
use crate::analysis::Volume;
use crate::blocks::{Difference, Meaning, differences};
use crate::ident::{BLOCK_SIZE, DiskName, Label, Runs};
use crate::lineage::{Basis, Doubt, Relation};
use crate::report::words;

/// Cells of a map.
const CELLS: u64 = 240;
/// Pairs with a map.
const PAIRS: usize = 6;
/// Where what differs lies in less than one part in so many of the volume, no more is shown.
const SMALL: u64 = 3;
/// Layers of a side with a strip of their own.
const LAYERS: usize = 6;

/// The maps of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockMap {
    /// Pairs that differ.
    pub pairs: Vec<PairMap>,
    /// What has no map and why, a sentence each.
    pub notes: Vec<String>,
}

/// Two replicas that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PairMap {
    /// The first replica.
    pub a: Label,
    /// The second replica.
    pub b: Label,
    /// What they are to each other.
    pub text: String,
    /// Blocks that differ.
    pub blocks: u64,
    /// The same in words.
    pub size: String,
    /// Ranges in which they differ.
    pub ranges: usize,
    /// The part of the volume that is shown.
    pub scale: Scale,
    /// First what the differences mean, then for each side the layers that supply it.
    pub groups: Vec<Group>,
}

/// The part of the volume that a map shows, in cells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scale {
    /// The first byte.
    pub start: u64,
    /// The byte behind the last.
    pub end: u64,
    /// How many bytes a cell stands for.
    pub cell: u64,
    /// How many cells there are.
    pub cells: usize,
    /// Whether that is the whole volume.
    pub whole: bool,
}

impl Scale {
    /// Of a volume of `size` bytes in which these ranges differ.
    fn of(ranges: &[Difference<'_>], size: u64) -> Self {
        let first = ranges.iter().map(|range| range.run.start).min().unwrap_or(0);
        let last = ranges.iter().map(|range| range.run.end).max().unwrap_or(0);
        let size = size.max(last).max(1);
        let whole = (last - first).saturating_mul(SMALL) >= size;
        let (start, end) = if whole { (0, size) } else { (first, last) };
        let cell = (end - start).div_ceil(CELLS).div_ceil(BLOCK_SIZE).max(1) * BLOCK_SIZE;
        Self { start, end, cell, cells: (end - start).div_ceil(cell).max(1) as usize, whole }
    }

    /// The cell of a byte.
    fn place(&self, at: u64) -> usize {
        ((at.saturating_sub(self.start) / self.cell) as usize).min(self.cells - 1)
    }
}

/// Strips that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// What they show.
    pub title: String,
    /// The strips.
    pub strips: Vec<Strip>,
}

/// One line of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Strip {
    /// What it shows.
    pub name: String,
    /// How many blocks.
    pub blocks: u64,
    /// The same in words.
    pub size: String,
    /// The first byte, and the one behind the last.
    pub span: (u64, u64),
    /// The cells in which any such block lies, as ranges.
    pub marked: Vec<(usize, usize)>,
}

impl BlockMap {
    /// Whether there is any: not of a replica alone.
    pub fn has(volume: &Volume) -> bool {
        !volume.lineage.relations.is_empty()
    }

    /// The maps of the pairs that differ; `None` of a replica alone.
    pub fn of(volume: &Volume) -> Option<Self> {
        let relations = &volume.lineage.relations;
        relations.first()?;
        let mut out = Self { pairs: Vec::new(), notes: Vec::new() };
        let (mut equal, mut found, mut unread, mut more) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for relation in relations {
            if relation.basis == Basis::Records {
                unread.push(format!("{} and {}", relation.a, relation.b));
            } else if out.pairs.len() < PAIRS {
                match PairMap::of(volume, relation) {
                    Some(pair) => out.pairs.push(pair),
                    None if is_equal(volume, relation) => {
                        equal.push(format!("{} and {}", relation.a, relation.b))
                    }
                    None => found.push(format!("{} and {}", relation.a, relation.b)),
                }
            } else {
                more += 1;
            }
        }
        let extents = relations.iter().any(|relation| relation.basis == Basis::Extents);
        if extents {
            let text = "No block was read: what is marked was written on one side or both, and may be equal.";
            out.notes.push(text.to_owned());
        }
        if !equal.is_empty() {
            out.notes.push(format!("No block differs between {}.", some(&equal)));
        }
        if !found.is_empty() {
            let text = "Nothing to draw, though not every block is known to be equal, between";
            out.notes.push(format!("{text} {}.", some(&found)));
        }
        if !unread.is_empty() {
            out.notes.push(format!("By records alone nothing shows where these differ: {}.", some(&unread)));
        }
        if more > 0 {
            out.notes.push(format!(
                "{} not shown; jivascope diff shows any pair.",
                words::count(more, "more pair")
            ));
        }
        Some(out)
    }
}

impl PairMap {
    fn of(volume: &Volume, relation: &Relation) -> Option<Self> {
        let (a, b) = (volume.lineage.layers(&relation.a)?, volume.lineage.layers(&relation.b)?);
        let ranges = differences(relation, a, b);
        if ranges.is_empty() {
            return None;
        }
        let scale = Scale::of(&ranges, volume.size.unwrap_or(0));
        let mut meanings: Tally<Option<Meaning>> = Tally::default();
        let (mut of_a, mut of_b) = (Tally::default(), Tally::default());
        for range in &ranges {
            meanings.add(range.meaning, range, &scale);
            of_a.add(range.a, range, &scale);
            of_b.add(range.b, range, &scale);
        }
        let blocks = of_a.0.values().map(|counted| counted.blocks).sum();
        let meant = |meaning: Option<Meaning>| meant(meaning, relation);
        let side = |label: &Label, tally: Tally<Option<&DiskName>>| Group {
            title: format!("layers of {label} that supply it"),
            strips: tally.layers(),
        };
        let groups = vec![
            Group { title: "what differs".to_owned(), strips: meanings.strips(meant) },
            side(&relation.a, of_a),
            side(&relation.b, of_b),
        ];
        Some(Self {
            a: relation.a.clone(),
            b: relation.b.clone(),
            text: describe(relation),
            blocks,
            size: words::bytes(blocks * BLOCK_SIZE),
            ranges: ranges.len(),
            scale,
            groups,
        })
    }
}

/// Whether every block of two copies that may be judged was compared, and none differs.
fn is_equal(volume: &Volume, relation: &Relation) -> bool {
    let content = volume
        .comparison
        .as_ref()
        .and_then(|found| found.contents.get(&(relation.a.clone(), relation.b.clone())));
    let judged = !relation.doubts.contains(&Doubt::NotJudged);
    let none = relation.differ.as_ref().is_some_and(Runs::is_empty);
    judged
        && none
        && content.is_some_and(|content| content.unread.is_empty() && content.unseen.is_empty())
        && [&relation.a, &relation.b].into_iter().all(|label| !volume.copies.is_defective(label))
}

/// Pairs as a list that ends where it gets long.
fn some(pairs: &[String]) -> String {
    const MOST: usize = 8;
    match pairs.get(MOST..) {
        Some(rest) if !rest.is_empty() => format!("{}; and {} more", pairs[..MOST].join("; "), rest.len()),
        _ => pairs.join("; "),
    }
}

fn meant(meaning: Option<Meaning>, relation: &Relation) -> String {
    let (a, b) = (&relation.a, &relation.b);
    match meaning {
        Some(Meaning::UniqueA) => format!("only written in {a}"),
        Some(Meaning::UniqueB) => format!("only written in {b}"),
        Some(Meaning::Contested) => "written in both".to_owned(),
        Some(Meaning::LostA) => format!("lost in {a}"),
        Some(Meaning::LostB) => format!("lost in {b}"),
        Some(Meaning::Unknown) => "unknown which is newer".to_owned(),
        Some(Meaning::ForeignA) => format!("{a} received it in a join that did not end"),
        Some(Meaning::ForeignB) => format!("{b} received it in a join that did not end"),
        None => "not judged".to_owned(),
    }
}

/// What was counted of one kind.
#[derive(Debug, Default)]
struct Counted {
    blocks: u64,
    span: Option<(u64, u64)>,
    cells: Vec<(usize, usize)>,
}

impl Counted {
    fn join(&mut self, other: &Self) {
        self.blocks += other.blocks;
        let span = [self.span, other.span].into_iter().flatten();
        self.span = span.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        self.cells.extend(&other.cells);
    }

    fn strip(mut self, name: String) -> Strip {
        self.cells.sort_unstable();
        let mut marked: Vec<(usize, usize)> = Vec::new();
        for (start, end) in self.cells {
            match marked.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => marked.push((start, end)),
            }
        }
        let (blocks, span) = (self.blocks, self.span.unwrap_or_default());
        Strip { name, blocks, size: words::bytes(blocks * BLOCK_SIZE), span, marked }
    }
}

/// Counts by kind.
#[derive(Debug)]
struct Tally<K>(BTreeMap<K, Counted>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Tally<K> {
    fn add(&mut self, kind: K, range: &Difference<'_>, scale: &Scale) {
        let counted = self.0.entry(kind).or_default();
        counted.blocks += range.blocks();
        let (start, end) = (range.run.start, range.run.end);
        let (first, last) = counted.span.unwrap_or((start, end));
        counted.span = Some((first.min(start), last.max(end)));
        let (from, to) = (scale.place(start), scale.place(end.saturating_sub(1)) + 1);
        match counted.cells.last_mut() {
            Some(last) if from >= last.0 && from <= last.1 => last.1 = last.1.max(to),
            _ => counted.cells.push((from, to)),
        }
    }

    fn strips(self, name: impl Fn(K) -> String) -> Vec<Strip> {
        self.0.into_iter().map(|(kind, counted)| counted.strip(name(kind))).collect()
    }
}

impl Tally<Option<&DiskName>> {
    /// The layers that supply most, the others together, and what no layer stores.
    fn layers(mut self) -> Vec<Strip> {
        let zeros = self.0.remove(&None);
        let mut all: Vec<(Option<&DiskName>, Counted)> = self.0.into_iter().collect();
        all.sort_by_key(|(name, counted)| (Reverse(counted.blocks), *name));
        let rest = if all.len() > LAYERS + 1 { all.split_off(LAYERS) } else { Vec::new() };
        let strip = |(name, counted): (Option<&DiskName>, Counted)| {
            counted.strip(name.map_or_else(String::new, |name| name.short()))
        };
        let mut out: Vec<Strip> = all.into_iter().map(strip).collect();
        if !rest.is_empty() {
            let mut others = Counted::default();
            rest.iter().for_each(|(_, counted)| others.join(counted));
            out.push(others.strip(format!("{} more layers", rest.len())));
        }
        out.extend(zeros.map(|zeros| zeros.strip("no layer: zeros".to_owned())));
        out
    }
}
