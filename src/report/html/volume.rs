//! One volume: the verdict and what to do first, then what it rests on.

use maud::{Markup, html};

use super::part::{bounded, section};
use super::table::{Column, table};
use super::{findings, history, map, timeline, tone};
use crate::report::model::{BlockMap, Losses, Pair, Pairs, ReplicaRow, VolumeReport, step_groups};
use crate::report::svg::text;
use crate::report::text::{abbreviate, places};
use crate::report::words;

/// Reasons that are written out.
const REASONS: usize = 50;
/// Steps that are written out.
const STEPS: usize = 60;
/// Replicas in the tables.
const REPLICAS: usize = 400;
/// Replicas in the table of losses, which grows with their square.
const CHOICES: usize = 20;
/// The widest name in the head of a table.
const LABEL: usize = 24;

/// Sections that a volume has, by id.
pub(super) fn sections(report: &VolumeReport<'_>) -> Vec<(&'static str, &'static str)> {
    let mut out = vec![("verdict", "Verdict")];
    let mut add = |has: bool, id, name| {
        if has {
            out.push((id, name));
        }
    };
    add(!report.steps.is_empty(), "steps", "What to do now");
    add(report.losses.is_some(), "losses", "What is lost");
    add(true, "replicas", "Replicas");
    add(true, "history", "History");
    add(report.pairs.is_some(), "pairs", "Pairs");
    add(BlockMap::has(report.volume), "map", "Block map");
    add(true, "why", "Why");
    add(!report.findings.is_empty(), "findings", "Findings");
    add(!report.volume.timeline().is_empty(), "timeline", "Timeline");
    out
}

/// All of it.
pub(super) fn account(report: &VolumeReport<'_>, at: usize) -> Markup {
    html! { (verdict(report, at)) (rest(report, at)) }
}

/// The answer and what must not be done.
pub(super) fn verdict(report: &VolumeReport<'_>, at: usize) -> Markup {
    let answer = &report.answer;
    let content = html! {
        div class={ "answer " (tone(report)) } {
            p class="headline" { (text(&answer.headline)) }
            p class="dont" { (text(&answer.dont)) }
            @for line in &answer.running { p class="running" { (text(line)) } }
            @for line in answer.start.iter().chain(&answer.incomplete) { p { (text(line)) } }
            p class="examined" { (text(&answer.examined)) }
        }
    };
    section(at, "verdict", "Verdict", &content)
}

/// What to do, and everything that the answer rests on.
pub(super) fn rest(report: &VolumeReport<'_>, at: usize) -> Markup {
    let name = &report.volume.name;
    html! {
        @if !report.steps.is_empty() { (section(at, "steps", "What to do now", &steps(report))) }
        @if let Some(all) = &report.losses { (section(at, "losses", "What is lost", &losses(all, name))) }
        (section(at, "replicas", "Replicas", &replicas(report, name)))
        (section(at, "history", "History", &history::drawing(&report.history, at, name)))
        @if let Some(all) = &report.pairs { (section(at, "pairs", "Pairs", &pairs(all, name))) }
        @if let Some(all) = BlockMap::of(report.volume) {
            (section(at, "map", "Block map", &map::maps(&all, at)))
        }
        (section(at, "why", "Why", &reasons(report)))
        @if !report.findings.is_empty() {
            (section(at, "findings", "Findings", &findings::all(report)))
        }
        @if !report.volume.timeline().is_empty() {
            (section(at, "timeline", "Timeline", &timeline::all(report.volume.timeline(), name)))
        }
    }
}

fn steps(report: &VolumeReport<'_>) -> Markup {
    let groups = step_groups(&report.steps);
    html! {
        ol class="steps" {
            @for group in groups.iter().take(STEPS) {
                li {
                    p { (text(group.why)) @if !group.commands.is_empty() { ":" } }
                    @for command in &group.commands { pre { code { (text(&command.join(" "))) } } }
                }
            }
        }
        (bounded(groups.len().saturating_sub(STEPS), "more step", "Use --output json."))
        p class="note" { "jivascope plan writes safe steps as a runbook, with what to expect and how to go back." }
    }
}

fn losses(losses: &Losses, name: &str) -> Markup {
    let names = abbreviate(losses.labels.iter().map(|label| label.as_str()), LABEL);
    let shown = names.len().min(CHOICES);
    let mut columns = vec![Column::text("If you keep")];
    columns.extend(names[..shown].iter().map(|name| Column::number(&format!("lost from {name}"))));
    let row = |(name, row): (&String, &Vec<String>)| {
        [name].into_iter().chain(&row[..shown]).map(|cell| text(cell)).collect()
    };
    let rows = names.iter().zip(&losses.rows).take(shown).map(row);
    html! {
        (table(&format!("What each choice loses: {name}"), &columns, rows))
        (bounded(names.len() - shown, "more replica", "Use --output json."))
    }
}

fn replicas(report: &VolumeReport<'_>, name: &str) -> Markup {
    let replicas = &report.replicas;
    let columns = [
        Column::text("Replica"),
        Column::number("Chain"),
        Column::number("Counter"),
        Column::text("Diverged after"),
        Column::text("Last rebuild"),
        Column::text("State"),
    ];
    let row = |row: &ReplicaRow| {
        vec![
            text(row.label.as_str()),
            html! { (row.chain) },
            text(&row.counter),
            text(&row.diverged_after),
            text(row.last_rebuild),
            text(&row.state),
        ]
    };
    html! {
        (table(&format!("Replicas of {name}"), &columns, replicas.iter().take(REPLICAS).map(row)))
        (bounded(replicas.len().saturating_sub(REPLICAS), "more replica", "Use --output json."))
        @if !report.depth.is_empty() {
            p { "Room in the chains:" }
            ul { @for line in &report.depth { li { (text(line)) } } }
        }
    }
}

fn pairs(pairs: &Pairs, name: &str) -> Markup {
    let columns = [Column::text("Pair"), Column::text("What they are to each other")];
    let row = |pair: &Pair| {
        vec![html! { (text(pair.a.as_str())) " and " (text(pair.b.as_str())) }, text(&pair.text)]
    };
    let basis = pairs.basis.map(|basis| format!(" ({basis})")).unwrap_or_default();
    html! {
        (table(&format!("Pairs of {name}{basis}"), &columns, pairs.rows.iter().map(row)))
        (bounded(pairs.left_out, "more pair", "Use --output json."))
    }
}

fn reasons(report: &VolumeReport<'_>) -> Markup {
    let rule = report.volume.verdict.rule;
    html! {
        ol {
            @for reason in report.reasons.iter().take(REASONS) {
                li {
                    (text(&reason.text))
                    @if !reason.evidence.is_empty() {
                        " " span class="seen" { "(" (text(&places(&reason.evidence))) ")" }
                    }
                }
            }
        }
        (bounded(report.reasons.len().saturating_sub(REASONS), "more reason", "Use --output json."))
        @if let Some(line) = &report.would_change { p { "What would change this answer: " (text(line)) "." } }
        p class="note" { "Rule " (rule) ": " (text(&words::capital(rule.row().says))) }
    }
}
