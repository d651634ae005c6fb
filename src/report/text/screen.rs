//! The screen of `analyze`: the answer first, then what it rests on, then what to do.

use super::history::{self, Scope};
use super::page::{Page, shorten};
use super::palette::{Palette, Role};
use super::table::{Cell, Column, table};
use super::{answer, findings, price, replicas, start, words};
use crate::analysis::{Analysis, Options, Volume};
use crate::evidence::InputReport;

/// Reasons that are told one by one.
const REASONS: usize = 12;
/// Rows of lanes; `graph` draws them all.
const ROWS: usize = 40;

/// The whole screen.
pub fn analysis(analysis: &Analysis, palette: &Palette) -> String {
    let mut page = Page::new(palette);
    if analysis.volumes.len() > 1 {
        summary(&mut page, &analysis.volumes);
    }
    for volume in &analysis.volumes {
        page.gap();
        if analysis.volumes.len() > 1 {
            page.laid_out(Role::Faint, &"─".repeat(super::WIDTH));
        }
        one(&mut page, volume, &analysis.options);
    }
    inputs(&mut page, &analysis.inputs);
    page.finish()
}

fn summary(page: &mut Page<'_>, volumes: &[Volume]) {
    page.say(Role::Heading, 0, &words::count(volumes.len(), "volume"));
    let columns = [Column::text("volume", 40), Column::text("verdict", 21), Column::text("keep", 13)];
    let rows: Vec<Vec<Cell>> = volumes
        .iter()
        .map(|volume| {
            let keep =
                volume.verdict.keep.as_ref().map_or("–".to_owned(), |keep| shorten(keep.as_str(), 13));
            vec![volume.name.clone().into(), volume.verdict.kind.as_str().into(), keep.into()]
        })
        .collect();
    table(page, 2, &columns, &rows);
}

fn one(page: &mut Page<'_>, volume: &Volume, options: &Options) {
    page.say(Role::Plain, 0, &title(volume));
    page.gap();
    answer::write(page, volume, options);
    price::keep_or_lose(page, volume);
    replicas::write(page, volume);
    page.heading("history, newest first");
    history::write(page, volume, Scope { off_chain: false, full: false, rows: ROWS });
    price::relations(page, volume);
    reasons(page, volume);
    findings::write(page, &volume.findings);
    next(page, volume);
}

/// Name, size, and how many.
fn title(volume: &Volume) -> String {
    let size = volume.size.map_or_else(|| "size unknown".to_owned(), words::bytes);
    format!("{} · {size} · {}", volume.name, words::count(volume.replicas.len(), "replica"))
}

fn reasons(page: &mut Page<'_>, volume: &Volume) {
    page.heading("why");
    let reasons = &volume.verdict.reasons;
    for (at, reason) in reasons.iter().take(REASONS).enumerate() {
        page.item(Role::Plain, &format!("{:3} ", at + 1), &reason.text);
        if !reason.evidence.is_empty() {
            page.say(Role::Faint, 4, &format!("({})", words::evidence(&reason.evidence)));
        }
    }
    if reasons.len() > REASONS {
        page.say(Role::Faint, 4, &format!("and {} more: --output json", reasons.len() - REASONS));
    }
}

fn next(page: &mut Page<'_>, volume: &Volume) {
    page.heading("next");
    let verdict = &volume.verdict;
    for wanted in &verdict.collect {
        page.item(Role::Plain, "  - ", &format!("Collect {wanted}."));
    }
    if !verdict.must_not_wipe.is_empty() {
        page.item(
            Role::Plain,
            "  - ",
            &format!("Leave untouched: {}.", words::labels(&verdict.must_not_wipe)),
        );
    }
    for step in start::first_steps(volume) {
        page.item(Role::Plain, "  - ", &step);
    }
    if let Some(step) = start::step(volume) {
        page.item(Role::Plain, "  - ", &step);
    }
    if !verdict.would_change.is_empty() {
        page.item(
            Role::Plain,
            "  - ",
            &format!("What would change this answer: {}.", verdict.would_change.join("; ")),
        );
    }
    page.item(Role::Plain, "  - ", &format!("What the rule says: jivascope explain {}", verdict.rule));
}

/// What was odd about the inputs themselves.
pub(super) fn inputs(page: &mut Page<'_>, inputs: &[InputReport]) {
    let odd: Vec<_> = inputs.iter().filter(|input| !input.remarks.is_empty()).collect();
    if odd.is_empty() {
        return;
    }
    page.heading("about the inputs");
    for input in odd {
        for remark in &input.remarks {
            page.item(Role::Warning, "  - ", &format!("{}: {remark}", input.input));
        }
    }
}

/// The screen of `graph`: the history of every volume; `full` folds nothing.
pub fn graph(analysis: &Analysis, full: bool, palette: &Palette) -> String {
    let mut page = Page::new(palette);
    for volume in &analysis.volumes {
        page.gap();
        page.say(Role::Heading, 0, &title(volume));
        page.gap();
        history::write(&mut page, volume, Scope { off_chain: true, full, rows: usize::MAX });
    }
    page.gap();
    page.say(Role::Faint, 2, "* head   o snapshot   x outside every chain   · a stretch without branches");
    page.finish()
}
