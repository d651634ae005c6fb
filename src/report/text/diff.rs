//! The text of `diff`: for each pair what differs, by meaning, then the ranges.

use super::page::{Page, shorten};
use super::palette::{Palette, Role};
use super::screen::role;
use super::table::{Cell, Column, table};
use crate::ident::DiskName;
use crate::report::diff::Compared;
use crate::report::model::{DiffPair, DiffReport, FilesReport};

/// Paths listed of one kind of difference unless all are asked for.
const FILES: usize = 16;
/// Ranges listed of one pair unless all are asked for.
const RANGES: usize = 24;

/// The report; with `all`, every range is reported.
pub fn diff(compared: &Compared<'_>, palette: &Palette, all: bool) -> String {
    let mut page = Page::new(palette);
    let report = DiffReport::of(compared);
    for volume in &report.volumes {
        if let Some(name) = volume.name {
            page.heading(name);
        }
        for one in &volume.pairs {
            page.gap();
            pair(&mut page, one, all);
        }
        if !volume.left_out.is_empty() {
            page.gap();
        }
        for text in &volume.left_out {
            page.say(Role::Warning, 0, text);
        }
    }
    for text in &report.caveats {
        page.gap();
        page.say(Role::Warning, 0, text);
    }
    page.finish()
}

fn pair(page: &mut Page<'_>, pair: &DiffPair<'_>, all: bool) {
    page.say(role(pair.tone), 0, &pair.answer);
    for (tone, text) in &pair.notes {
        page.say(tone.map_or(Role::Plain, role), 2, text);
    }
    for text in &pair.by_meaning {
        page.say(Role::Plain, 4, text);
    }
    for text in &pair.gaps {
        page.say(Role::Warning, 2, text);
    }
    for one in &pair.files {
        files(page, one, all);
    }
    if pair.ranges.is_empty() {
        return;
    }
    page.gap();
    let shown = if all { pair.ranges.len() } else { pair.ranges.len().min(RANGES) };
    ranges(page, pair, shown);
    if shown < pair.ranges.len() {
        let text = format!("{} more ranges not shown (use --all)", pair.ranges.len() - shown);
        page.say(Role::Faint, 2, &text);
    }
}

fn files(page: &mut Page<'_>, report: &FilesReport, all: bool) {
    page.gap();
    page.say(Role::Heading, 2, &report.title);
    for (tone, text) in &report.notes {
        page.say(tone.map_or(Role::Plain, role), 4, text);
    }
    for (heading, rows) in &report.sections {
        page.say(Role::Heading, 4, heading);
        let shown = if all { rows.len() } else { rows.len().min(FILES) };
        for row in &rows[..shown] {
            page.item(Role::Plain, "      - ", row);
        }
        if shown < rows.len() {
            let text = format!("{} more not shown (use --all)", rows.len() - shown);
            page.say(Role::Faint, 6, &text);
        }
    }
}

fn ranges(page: &mut Page<'_>, pair: &DiffPair<'_>, shown: usize) {
    let layer = |disk: Option<&DiskName>| {
        let name = disk.map_or_else(|| "(zeros)".to_owned(), DiskName::short);
        Cell::from(shorten(&name, 16))
    };
    let mut columns = vec![Column::number("from byte", 14), Column::number("blocks", 9)];
    if pair.with_meaning {
        columns.push(Column::text("written in", 18));
    }
    columns.push(Column::text(&format!("in {}", shorten(&pair.sides.0, 13)), 16));
    columns.push(Column::text(&format!("in {}", shorten(&pair.sides.1, 13)), 16));
    let rows: Vec<Vec<Cell>> = pair.ranges[..shown]
        .iter()
        .map(|range| {
            let mut row = vec![range.start.to_string().into(), range.blocks.to_string().into()];
            if pair.with_meaning {
                row.push(pair.written_in(range).into());
            }
            row.extend([layer(range.disks.0), layer(range.disks.1)]);
            row
        })
        .collect();
    table(page, 2, &columns, &rows);
}
