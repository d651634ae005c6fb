//! The screen of `timeline`: a page of what happened, by time.

use super::page::Page;
use super::palette::{Palette, Role};
use crate::analysis::Analysis;
use crate::finding::Facts;
use crate::witness::Happened;

/// Entries on the first page.
const PAGE: usize = 40;

/// The screen; the last page, or all of it.
pub fn timeline(analysis: &Analysis, all: bool, palette: &Palette) -> String {
    let mut page = Page::new(palette);
    for volume in &analysis.volumes {
        page.gap();
        page.say(Role::Heading, 0, &volume.name);
        for finding in &volume.findings {
            if let Facts::ClockSkew(skew) = &finding.facts {
                page.say(Role::Warning, 2, &format!("{skew}; times are shown by the controller's clock."));
            }
        }
        page.gap();
        let left_out = if all { 0 } else { volume.timeline().len().saturating_sub(PAGE) };
        if left_out > 0 {
            page.say(
                Role::Faint,
                2,
                &format!("{left_out} earlier entries are not shown; --all, --output json and csv give all"),
            );
        }
        if volume.timeline().is_empty() {
            page.say(Role::Faint, 2, "no log, and no record with a time");
        }
        for entry in &volume.timeline()[left_out..] {
            one(&mut page, entry);
        }
    }
    page.finish()
}

fn one(page: &mut Page<'_>, entry: &Happened) {
    let at = entry.at.as_deref().unwrap_or("time unknown");
    let mark = match entry.at_source {
        "log" => "",
        "file-time" => " (time of the file)",
        _ => " (record)",
    };
    page.item(Role::Plain, &format!("  {at:20}  "), &format!("{}: {}{mark}", entry.subject, entry.event));
}
