//! The screen of `analyze`: the verdict, what not to do, what to do, what each choice loses, who is who; then what it
//! rests on.

use super::history::{self, Scope};
use super::page::{Page, abbreviate};
use super::palette::{Palette, Role};
use super::table::{Cell, Column, table};
use super::{exhibits, findings, steps};
use crate::analysis::Analysis;
use crate::report::model::{
    self, History, Losses, Pairs, ReplicaRow, Report, SummaryRow, Tone, VolumeReport,
};
use crate::report::words;

/// Reasons that are written out.
const REASONS: usize = 12;
/// Rows of lanes; `graph` draws them all.
const ROWS: usize = 40;
/// The widest label in a table.
const LABEL: usize = 16;
/// A screen of more lines repeats its answer at the end.
const LONG: usize = 40;

/// The whole screen.
pub fn analysis(analysis: &Analysis, palette: &Palette) -> String {
    let report = Report::of(analysis);
    let mut page = Page::new(palette);
    summary(&mut page, &report);
    for volume in report.volumes.iter().filter(|volume| volume.in_full) {
        page.gap();
        if report.volumes.len() > 1 {
            let rule = "─".repeat(page.width());
            page.laid_out(Role::Faint, &rule);
        }
        one(&mut page, volume);
    }
    if report.volumes.is_empty() {
        page.gap();
        page.say(Role::Heading, 0, "INSUFFICIENT EVIDENCE");
        page.say(
            Role::Plain,
            0,
            "No directory supplied has a volume.meta, so there is nothing to compare. Collect the directories of \
             this volume from the other nodes. Leave these as they are.",
        );
    }
    without_data(&mut page, &report.without_data);
    inputs(&mut page, &report.inputs);
    again(&mut page, &report);
    page.finish()
}

/// Directories of a volume in which no data lie.
pub(super) fn without_data(page: &mut Page<'_>, directories: &[String]) {
    if directories.is_empty() {
        return;
    }
    page.heading("directories without data");
    for text in directories {
        page.item(Role::Warning, "  - ", text);
    }
}

/// What was odd about the inputs themselves.
pub(super) fn inputs(page: &mut Page<'_>, remarks: &[String]) {
    if remarks.is_empty() {
        return;
    }
    page.heading("about the inputs");
    for remark in remarks {
        page.item(Role::Warning, "  - ", remark);
    }
}

fn summary(page: &mut Page<'_>, report: &Report<'_>) {
    if report.summary.is_empty() {
        return;
    }
    page.say(Role::Heading, 0, &words::count(report.summary.len(), "volume"));
    let columns = [
        Column::text("volume", usize::MAX),
        Column::number("size", 9),
        Column::number("stored", 9),
        Column::number("replicas", 8),
        Column::number("chain", 5),
        Column::text("last snapshot", 10),
        Column::text("state", 12),
        Column::text("verdict", 14),
    ];
    let names = abbreviate(report.summary.iter().map(|row| row.name.as_str()), 13);
    let row = |(row, name): (&SummaryRow, String)| -> Vec<Cell> {
        vec![
            name.into(),
            row.size.clone().into(),
            row.stored.clone().into(),
            row.replicas.to_string().into(),
            row.chain.to_string().into(),
            row.last_snapshot.clone().into(),
            row.state.clone().into(),
            row.verdict.clone().into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = report.summary.iter().zip(names).map(row).collect();
    table(page, 0, &columns, &rows);
    if !report.alike.is_empty() {
        page.gap();
    }
    for text in &report.alike {
        page.say(Role::Plain, 0, text);
    }
}

fn one(page: &mut Page<'_>, report: &VolumeReport<'_>) {
    page.say(Role::Plain, 0, &report.title);
    page.gap();
    answer(page, report);
    steps::write(page, &report.steps);
    if let Some(table) = &report.losses {
        losses(page, table);
    }
    replicas(page, &report.replicas);
    // Long lists come after the first page.
    let (heading, files) = &report.file_losses;
    if !files.is_empty() {
        page.heading(heading);
        for text in files {
            page.item(Role::Plain, "  - ", text);
        }
    }
    inside(page, &report.inside);
    if !report.depth.is_empty() {
        page.heading("room in the chains");
        for text in &report.depth {
            page.item(Role::Plain, "  - ", text);
        }
    }
    page.heading("history, newest first");
    history::write(page, &report.history, Scope { off_chain: false, full: false, rows: ROWS });
    if let Some(all) = &report.pairs {
        pairs(page, all);
    }
    reasons(page, report);
    findings::write(page, &report.findings);
}

fn answer(page: &mut Page<'_>, report: &VolumeReport<'_>) {
    let answer = &report.answer;
    let role = role(answer.tone);
    page.say(role, 0, &answer.headline);
    page.say(role, 0, &answer.dont);
    for text in &answer.running {
        page.say(Role::Danger, 0, text);
    }
    for text in answer.start.iter().chain(&answer.incomplete) {
        page.say(Role::Plain, 0, text);
    }
    page.say(Role::Faint, 2, &answer.examined);
}

/// How a tone looks.
pub(super) fn role(tone: Tone) -> Role {
    match tone {
        Tone::Good => Role::Good,
        Tone::Warning => Role::Warning,
        Tone::Danger => Role::Danger,
    }
}

fn losses(page: &mut Page<'_>, losses: &Losses) {
    page.heading("what is lost");
    let labels = abbreviate(losses.labels.iter().map(|label| label.as_str()), LABEL - 2);
    let lead = "if you keep";
    let first = labels.iter().map(|label| label.chars().count()).chain([lead.len()]).max().unwrap_or(0);
    // As many columns as fit, each as wide as the widest loss, `1023 KiB or more`.
    let most =
        losses.rows.iter().flatten().chain(&labels).map(|text| text.chars().count()).max().unwrap_or(0);
    let fit = (page.width().saturating_sub(first) / (most.max("from ".len() + most) + 2)).max(1);
    for start in (0..labels.len()).step_by(fit) {
        let end = labels.len().min(start + fit);
        let mut columns = vec![Column::text(lead, usize::MAX)];
        columns.extend((start..end).map(|at| {
            let lost = if at == start { "lost from " } else { "from " };
            Column::number(&format!("{lost}{}", labels[at]), usize::MAX)
        }));
        let row = |(label, row): (&String, &Vec<String>)| -> Vec<Cell> {
            [label].into_iter().chain(&row[start..end]).map(|text| Cell::from(text.clone())).collect()
        };
        let rows: Vec<Vec<Cell>> = labels.iter().zip(&losses.rows).map(row).collect();
        table(page, 0, &columns, &rows);
    }
}

fn replicas(page: &mut Page<'_>, replicas: &[ReplicaRow]) {
    page.gap();
    let columns = [
        Column::text("replica", usize::MAX),
        Column::number("chain", 5),
        Column::number("counter", 19),
        Column::text("diverged after", 18),
        Column::text("last rebuild", 12),
        Column::text("state", usize::MAX),
    ];
    let labels = abbreviate(replicas.iter().map(|row| row.label.as_str()), LABEL);
    let row = |(row, label): (&ReplicaRow, String)| -> Vec<Cell> {
        vec![
            label.into(),
            row.chain.to_string().into(),
            row.counter.clone().into(),
            row.diverged_after.clone().into(),
            row.last_rebuild.into(),
            row.state.clone().into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = replicas.iter().zip(labels).map(row).collect();
    table(page, 0, &columns, &rows);
}

/// What is inside the views.
fn inside(page: &mut Page<'_>, inside: &[(String, Vec<String>)]) {
    if inside.is_empty() {
        return;
    }
    page.heading("inside the volume");
    for (whose, texts) in inside {
        for text in texts {
            page.item(Role::Plain, "  - ", &format!("{whose}: {text}"));
        }
    }
}

fn pairs(page: &mut Page<'_>, pairs: &Pairs) {
    let heading = match pairs.basis {
        Some(basis) => format!("pairwise comparison ({basis})"),
        None => "pairwise comparison".to_owned(),
    };
    page.heading(&heading);
    let both = pairs.rows.iter().flat_map(|pair| [pair.a.as_str(), pair.b.as_str()]);
    let labels = abbreviate(both, LABEL - 2);
    let rows: Vec<Vec<Cell>> = pairs
        .rows
        .iter()
        .zip(labels.chunks(2))
        .map(|(pair, labels)| {
            vec![
                labels[0].clone().into(),
                pair.sign.into(),
                labels[1].clone().into(),
                pair.text.clone().into(),
            ]
        })
        .collect();
    table(page, 2, &[(); 4].map(|()| Column::text("", usize::MAX)), &rows);
    if pairs.left_out > 0 {
        page.say(Role::Faint, 2, &format!("{} more pairs not shown (use --output json)", pairs.left_out));
    }
}

fn reasons(page: &mut Page<'_>, report: &VolumeReport<'_>) {
    page.heading("why");
    for (at, reason) in report.reasons.iter().take(REASONS).enumerate() {
        page.item(Role::Plain, &format!("{:3} ", at + 1), &reason.text);
        if !reason.evidence.is_empty() {
            page.say(Role::Faint, 4, &format!("({})", exhibits::places(&reason.evidence)));
        }
    }
    let more = report.reasons.len().saturating_sub(REASONS);
    if more > 0 {
        page.say(Role::Faint, 4, &format!("{more} more reasons not shown (use --output json)"));
    }
    if let Some(text) = &report.would_change {
        page.say(Role::Plain, 2, &format!("What would change this answer: {text}."));
    }
    let rule = report.volume.verdict.rule;
    page.say(Role::Faint, 2, &format!("Rule details: jivascope explain {rule}"));
}

/// The answers once more where they have scrolled away.
fn again(page: &mut Page<'_>, report: &Report<'_>) {
    if page.lines() <= LONG {
        return;
    }
    page.gap();
    for volume in report.volumes.iter().filter(|volume| volume.in_full) {
        let text = format!("{}. {}", volume.answer.short, volume.answer.dont);
        page.say(role(volume.answer.tone), 0, &text);
    }
}

/// The screen of `graph`: the history of every volume; `full` folds nothing.
pub fn graph(analysis: &Analysis, full: bool, palette: &Palette) -> String {
    let mut page = Page::new(palette);
    for volume in &analysis.volumes {
        page.gap();
        page.say(Role::Heading, 0, &model::title(volume));
        page.gap();
        history::write(&mut page, &History::of(volume), Scope { off_chain: true, full, rows: usize::MAX });
    }
    page.gap();
    page.say(Role::Faint, 2, "* head   o snapshot   x off-chain   · a stretch without branches");
    page.finish()
}
