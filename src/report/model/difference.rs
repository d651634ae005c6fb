//! What `diff` says of two views: whether they differ, what that means, and in which ranges.

use super::{FilesReport, Tone};
use crate::blocks::{Apart, Difference, Holes, Meaning};
use crate::filesystem::InFiles;
use crate::ident::{BLOCK_SIZE, DiskName, Label};
use crate::lineage::{Relation, RelationKind};
use crate::report::diff::{Compared, ComparedVolume};
use crate::report::words;

/// The account of a comparison.
#[derive(Debug)]
#[non_exhaustive]
pub struct DiffReport<'a> {
    /// Each volume, or the two points that were asked for.
    pub volumes: Vec<DiffVolume<'a>>,
    /// What holds of all of it.
    pub caveats: Vec<String>,
}

/// The pairs of one volume.
#[derive(Debug)]
#[non_exhaustive]
pub struct DiffVolume<'a> {
    /// Its name; `None` for two points.
    pub name: Option<&'a str>,
    /// The pairs, by label.
    pub pairs: Vec<DiffPair<'a>>,
    /// Replicas that were not compared, a sentence each.
    pub left_out: Vec<String>,
}

/// One pair.
#[derive(Debug)]
#[non_exhaustive]
pub struct DiffPair<'a> {
    /// How the answer looks.
    pub tone: Tone,
    /// Whether the two differ.
    pub answer: String,
    /// What is to be said beside it; with a tone where it limits the answer.
    pub notes: Vec<(Option<Tone>, String)>,
    /// How many blocks differ for which reason.
    pub by_meaning: Vec<String>,
    /// What could not be read, and the like.
    pub gaps: Vec<String>,
    /// What each side is called above its column.
    pub sides: (String, String),
    /// Whether the ranges have a meaning.
    pub with_meaning: bool,
    /// The same in files, where it was asked for.
    pub files: Vec<FilesReport>,
    /// The ranges, by their place.
    pub ranges: Vec<DiffRange<'a>>,
}

/// One range that differs.
#[derive(Debug)]
#[non_exhaustive]
pub struct DiffRange<'a> {
    /// Where it begins, in bytes.
    pub start: u64,
    /// How many blocks it has.
    pub blocks: u64,
    /// Who wrote it.
    pub meaning: Option<Meaning>,
    /// The disk that supplies it on either side; `None` for zeros that no disk stores.
    pub disks: (Option<&'a DiskName>, Option<&'a DiskName>),
}

impl<'a> DiffReport<'a> {
    /// The account of what was compared.
    pub fn of(compared: &'a Compared<'a>) -> Self {
        let mut caveats = Vec::new();
        if let Some(share) = compared.sample {
            caveats.push(format!("Only {:.4} % of the blocks were compared.", share * 100.0));
        }
        if compared.holes == Holes::Zeros {
            let text = "All-zero blocks were treated as holes in copies whose holes were filled: those views are reconstructions.";
            caveats.push(text.to_owned());
        }
        Self { volumes: compared.volumes.iter().map(|one| volume(compared, one)).collect(), caveats }
    }
}

impl DiffPair<'_> {
    /// Who wrote a range, in two words.
    pub fn written_in(&self, range: &DiffRange<'_>) -> String {
        range.meaning.map_or_else(String::new, |meaning| short(meaning, &self.sides.0, &self.sides.1))
    }
}

fn volume<'a>(compared: &Compared<'_>, volume: &'a ComparedVolume<'a>) -> DiffVolume<'a> {
    let left_out = volume.left_out.iter().map(|(label, why)| format!("{label} was not compared: {why}"));
    DiffVolume {
        name: volume.name,
        pairs: volume.with_files().map(|(one, files)| pair(compared, one, files)).collect(),
        left_out: left_out.collect(),
    }
}

fn pair<'a>(compared: &Compared<'_>, pair: &'a Apart<'a>, files: Option<&InFiles>) -> DiffPair<'a> {
    let ((a, top_a, size_a), (b, top_b, size_b)) = (&pair.a, &pair.b);
    let (one, two) = match &pair.relation {
        None => (format!("{a}@{top_a}"), format!("{b}@{top_b}")),
        Some(_) => (a.to_string(), b.to_string()),
    };
    let blocks = pair.blocks();
    let defective: Vec<&str> =
        [a, b].into_iter().filter(|label| compared.defective.contains(label)).map(Label::as_str).collect();
    let (tone, answer) = match (blocks, compared.is_whole(pair)) {
        (0, true) => (Tone::Good, format!("{one} and {two} are equal.")),
        (0, false) => {
            let why = match defective.is_empty() {
                true => "not all of it was compared".to_owned(),
                false => format!("the copy of {} is defective", words::list(&defective)),
            };
            (Tone::Warning, format!("{one} and {two} do not differ in what was compared, but {why}."))
        }
        _ => (Tone::Danger, format!("{one} and {two} differ in {}.", count(blocks))),
    };
    let mut notes = Vec::new();
    if blocks > 0 && !defective.is_empty() {
        let whose = words::list(&defective);
        let text = format!("The copy of {whose} is defective: the originals may differ otherwise.");
        notes.push((Some(Tone::Warning), text));
    }
    let relation = pair.relation.as_deref();
    notes.extend(relation.map(|relation| of_relation(relation, pair)).into_iter().flatten());
    let mut gaps = Vec::new();
    if size_a != size_b {
        gaps.push(format!("{one} has {size_a} bytes, {two} {size_b}; the missing tail counts as zeros."));
    }
    gaps.extend(pair.unread.iter().map(|unread| {
        let (start, end) = (unread.run.start, unread.run.end);
        format!(
            "{}: bytes {start} to {end} could not be read ({}): {}",
            unread.replica, unread.disk, unread.why
        )
    }));
    let files = files.map(|files| FilesReport::of(files, &one, &two)).unwrap_or_default();
    let sides = match a == b {
        true => (top_a.short(), top_b.short()),
        false => (a.to_string(), b.to_string()),
    };
    let ranges = pair.ranges.iter().map(|range| DiffRange {
        start: range.run.start,
        blocks: range.blocks(),
        meaning: range.meaning,
        disks: (range.a, range.b),
    });
    DiffPair {
        tone,
        answer,
        notes,
        by_meaning: relation.map(|relation| by_meaning(relation, pair)).unwrap_or_default(),
        gaps,
        with_meaning: relation.is_some(),
        ranges: ranges.collect(),
        files,
        sides,
    }
}

fn of_relation(relation: &Relation, pair: &Apart<'_>) -> Vec<(Option<Tone>, String)> {
    let (a, b) = (&relation.a, &relation.b);
    let kind = match relation.kind {
        RelationKind::Identical | RelationKind::Equal => None,
        RelationKind::Behind => Some(format!("{b} holds all that {a} holds, and more.")),
        RelationKind::Ahead => Some(format!("{a} holds all that {b} holds, and more.")),
        RelationKind::Diverged => Some("They diverged: each holds data that the other lacks.".to_owned()),
        RelationKind::Unrelated => Some("They have no common ancestor.".to_owned()),
        RelationKind::Unknown => Some("Which side is newer is unknown.".to_owned()),
    };
    let ancestor = relation.ancestor.as_ref().map(|(of_a, of_b)| match of_a == of_b {
        true => format!("common ancestor: {of_a}"),
        false => format!("common ancestor: {of_a} of {a}, {of_b} of {b}"),
    });
    let mut out: Vec<_> = kind.into_iter().chain(ancestor).map(|text| (None, text)).collect();
    for (side, top, cut) in [(a, &pair.a.1, &relation.foreign_a), (b, &pair.b.1, &relation.foreign_b)] {
        if !cut.is_empty() {
            let text = format!(
                "{side} is read at its clean tip {top}; {} above it came from the other side.",
                count(cut.blocks())
            );
            out.push((Some(Tone::Warning), text));
        }
    }
    out
}

fn by_meaning(relation: &Relation, pair: &Apart<'_>) -> Vec<String> {
    let all = [
        Meaning::UniqueA,
        Meaning::UniqueB,
        Meaning::Contested,
        Meaning::LostA,
        Meaning::LostB,
        Meaning::Unknown,
    ];
    all.into_iter()
        .filter_map(|meaning| {
            let of = pair.ranges.iter().filter(|range| range.meaning == Some(meaning));
            let blocks: u64 = of.map(Difference::blocks).sum();
            (blocks > 0).then(|| format!("{}: {}", count(blocks), meant(meaning, relation)))
        })
        .collect()
}

fn meant(meaning: Meaning, relation: &Relation) -> String {
    let (a, b) = (&relation.a, &relation.b);
    match meaning {
        Meaning::UniqueA => format!("only written in {a} after it"),
        Meaning::UniqueB => format!("only written in {b} after it"),
        Meaning::Contested => "written in both after it".to_owned(),
        Meaning::LostA => format!("older: lost in {a}, still in {b}"),
        Meaning::LostB => format!("older: lost in {b}, still in {a}"),
        Meaning::Unknown => "which side is newer is unknown".to_owned(),
        Meaning::ForeignA => format!("received by {a} in an interrupted rebuild"),
        Meaning::ForeignB => format!("received by {b} in an interrupted rebuild"),
    }
}

fn short(meaning: Meaning, one: &str, two: &str) -> String {
    match meaning {
        Meaning::UniqueA => format!("only {one}"),
        Meaning::UniqueB => format!("only {two}"),
        Meaning::Contested => "both wrote".to_owned(),
        Meaning::LostA => format!("lost in {one}"),
        Meaning::LostB => format!("lost in {two}"),
        Meaning::Unknown => "unknown".to_owned(),
        Meaning::ForeignA => format!("{one}'s rebuild"),
        Meaning::ForeignB => format!("{two}'s rebuild"),
    }
}

fn count(blocks: u64) -> String {
    let bytes = blocks * BLOCK_SIZE;
    let size = match bytes {
        0..0x10_0000 => format!("{} KiB", bytes >> 10),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    };
    format!("{blocks} block{} ({size})", if blocks == 1 { "" } else { "s" })
}
