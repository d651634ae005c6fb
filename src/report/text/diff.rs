//! The text of `diff`: for each pair what differs, by meaning, then the ranges.

use super::page::{Page, shorten};
use super::palette::{Palette, Role};
use super::table::{Cell, Column, table};
use crate::blocks::{Apart, Difference, Holes, Meaning};
use crate::ident::{BLOCK_SIZE, DiskName};
use crate::lineage::{Relation, RelationKind};
use crate::report::diff::{Compared, ComparedVolume};
use crate::report::words;

/// Ranges listed of one pair unless all are asked for.
const RANGES: usize = 24;

/// The report; with `all`, every range is reported.
pub fn diff(compared: &Compared<'_>, palette: &Palette, all: bool) -> String {
    let mut page = Page::new(palette);
    for volume in &compared.volumes {
        show_volume(&mut page, compared, volume, all);
    }
    if let Some(share) = compared.sample {
        page.gap();
        let text = format!("Only {:.4} % of the blocks were compared.", share * 100.0);
        page.say(Role::Warning, 0, &text);
    }
    if compared.holes == Holes::Zeros {
        page.gap();
        page.say(
            Role::Warning,
            0,
            "All-zero blocks were treated as holes in copies whose holes were filled: those views are reconstructions.",
        );
    }
    page.finish()
}

fn show_volume(page: &mut Page<'_>, compared: &Compared<'_>, volume: &ComparedVolume<'_>, all: bool) {
    if let Some(name) = volume.name {
        page.heading(name);
    }
    for pair in &volume.pairs {
        page.gap();
        show_pair(page, compared, pair, all);
    }
    if !volume.left_out.is_empty() {
        page.gap();
    }
    for (label, why) in &volume.left_out {
        page.say(Role::Warning, 0, &format!("{label} was not compared: {why}"));
    }
}

fn show_pair(page: &mut Page<'_>, compared: &Compared<'_>, pair: &Apart<'_>, all: bool) {
    let ((a, top_a, size_a), (b, top_b, size_b)) = (&pair.a, &pair.b);
    let (one, two) = match &pair.relation {
        None => (format!("{a}@{top_a}"), format!("{b}@{top_b}")),
        Some(_) => (a.to_string(), b.to_string()),
    };
    let blocks = pair.blocks();
    let defective: Vec<&str> =
        [a, b].into_iter().filter(|label| compared.defective.contains(label)).map(|l| l.as_str()).collect();
    let (role, said) = match (blocks, compared.is_whole(pair)) {
        (0, true) => (Role::Good, format!("{one} and {two} are equal.")),
        (0, false) => {
            let why = match defective.is_empty() {
                true => "not all of it was compared".to_owned(),
                false => format!("the copy of {} is defective", words::list(&defective)),
            };
            (Role::Warning, format!("{one} and {two} do not differ in what was compared, but {why}."))
        }
        _ => (Role::Danger, format!("{one} and {two} differ in {}.", count(blocks))),
    };
    page.say(role, 0, &said);
    if blocks > 0 && !defective.is_empty() {
        let text = format!(
            "The copy of {} is defective: the originals may differ otherwise.",
            words::list(&defective)
        );
        page.say(Role::Warning, 2, &text);
    }
    if let Some(relation) = &pair.relation {
        show_relation(page, relation, pair);
    }
    if size_a != size_b {
        let text = format!("{one} has {size_a} bytes, {two} {size_b}; the missing tail counts as zeros.");
        page.say(Role::Warning, 2, &text);
    }
    for unread in &pair.unread {
        let (start, end) = (unread.run.start, unread.run.end);
        let text = format!(
            "{}: bytes {start} to {end} could not be read ({}): {}",
            unread.replica, unread.disk, unread.why
        );
        page.say(Role::Warning, 2, &text);
    }
    if !pair.ranges.is_empty() {
        page.gap();
        let shown = if all { pair.ranges.len() } else { pair.ranges.len().min(RANGES) };
        show_ranges(page, pair, &pair.ranges[..shown]);
        if shown < pair.ranges.len() {
            let text = format!("{} more ranges not shown (use --all)", pair.ranges.len() - shown);
            page.say(Role::Faint, 2, &text);
        }
    }
}

fn show_relation(page: &mut Page<'_>, relation: &Relation, pair: &Apart<'_>) {
    let (a, b) = (&relation.a, &relation.b);
    let text = match relation.kind {
        RelationKind::Identical | RelationKind::Equal => None,
        RelationKind::Behind => Some(format!("{b} holds all that {a} holds, and more.")),
        RelationKind::Ahead => Some(format!("{a} holds all that {b} holds, and more.")),
        RelationKind::Diverged => Some("They diverged: each holds data that the other lacks.".to_owned()),
        RelationKind::Unrelated => Some("They have no common ancestor.".to_owned()),
        RelationKind::Unknown => Some("Which side is newer is unknown.".to_owned()),
    };
    if let Some(text) = text {
        page.say(Role::Plain, 2, &text);
    }
    match &relation.ancestor {
        Some((of_a, of_b)) if of_a == of_b => {
            page.say(Role::Plain, 2, &format!("common ancestor: {of_a}"));
        }
        Some((of_a, of_b)) => {
            page.say(Role::Plain, 2, &format!("common ancestor: {of_a} of {a}, {of_b} of {b}"));
        }
        None => {}
    }
    for (side, top, cut) in [(a, &pair.a.1, &relation.foreign_a), (b, &pair.b.1, &relation.foreign_b)] {
        if !cut.is_empty() {
            let text = format!(
                "{side} is read at its clean tip {top}; {} above it came from the other side.",
                count(cut.blocks())
            );
            page.say(Role::Warning, 2, &text);
        }
    }
    for meaning in [
        Meaning::UniqueA,
        Meaning::UniqueB,
        Meaning::Contested,
        Meaning::LostA,
        Meaning::LostB,
        Meaning::Unknown,
    ] {
        let blocks: u64 =
            pair.ranges.iter().filter(|r| r.meaning == Some(meaning)).map(Difference::blocks).sum();
        if blocks > 0 {
            page.say(Role::Plain, 4, &format!("{}: {}", count(blocks), meant(meaning, relation)));
        }
    }
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

fn show_ranges(page: &mut Page<'_>, pair: &Apart<'_>, ranges: &[Difference<'_>]) {
    let with_meaning = pair.relation.is_some();
    let layer = |disk: Option<&DiskName>| {
        let name = disk.map_or_else(|| "(zeros)".to_owned(), DiskName::short);
        Cell::from(shorten(&name, 16))
    };
    let mut columns = vec![Column::number("from byte", 14), Column::number("blocks", 9)];
    if with_meaning {
        columns.push(Column::text("written in", 18));
    }
    let (one, two) = match pair.a.0 == pair.b.0 {
        true => (pair.a.1.short(), pair.b.1.short()),
        false => (pair.a.0.to_string(), pair.b.0.to_string()),
    };
    columns.push(Column::text(&format!("in {}", shorten(&one, 13)), 16));
    columns.push(Column::text(&format!("in {}", shorten(&two, 13)), 16));
    let rows: Vec<Vec<Cell>> = ranges
        .iter()
        .map(|range| {
            let mut row = vec![range.run.start.to_string().into(), range.blocks().to_string().into()];
            if with_meaning {
                row.push(range.meaning.map_or_else(String::new, |meaning| short(meaning, &one, &two)).into());
            }
            row.extend([layer(range.a), layer(range.b)]);
            row
        })
        .collect();
    table(page, 2, &columns, &rows);
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
