//! The report as one page of HTML for the review afterwards: nothing in it comes from outside, and nothing runs.
//!
//! Folding is `details`, so no script is needed. The policy of the page lets nothing be fetched and nothing run, and no
//! style but its own, which it names by its sum.

mod evidence;
mod findings;
mod history;
mod map;
mod part;
mod table;
mod timeline;
mod volume;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::model::{Report, SummaryRow, Tone, VolumeReport};
use super::svg::{self, text};
use super::words;
use crate::analysis::Analysis;
use part::bounded;
use table::{Column, table};

const STYLE: &str = include_str!("style.css");
/// Elements that begin a line of their own.
const TAGS: &[&str] = &[
    "head", "meta", "link", "title", "style", "body", "header", "nav", "main", "footer", "section",
    "article", "div", "details", "h1", "h2", "h3", "h4", "p", "ol", "ul", "li", "pre", "table", "caption",
    "thead", "tbody", "tr", "svg", "desc", "text", "path", "/head", "/body", "/main", "/section", "/table",
    "/svg",
];
/// Volumes with an account of their own.
const ACCOUNTS: usize = 50;
/// Rows of the summary.
const SUMMARY: usize = 1000;
/// Remarks on the inputs.
const REMARKS: usize = 200;

/// The whole page.
pub fn analysis(analysis: &Analysis) -> String {
    let report = Report::of(analysis);
    let style = format!("{}{STYLE}", svg::STYLE);
    let sum = STANDARD.encode(Sha256::digest(&style));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{sum}'; img-src data:; base-uri 'none'; form-action 'none'"
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { "jivascope: " (text(&title(&report))) }
                style { (PreEscaped(&style)) }
            }
            body {
                a class="skip" href="#main" { "Go to the verdict" }
                (header(&report))
                main id="main" tabindex="-1" { (content(&report, analysis)) }
                footer {
                    p {
                        "Written by jivascope " (env!("CARGO_PKG_VERSION")) ". The same evidence gives the same page. "
                        "It runs nothing and fetches nothing."
                    }
                }
            }
        }
    };
    svg::lines(&page.into_string(), TAGS) + "\n"
}

fn title(report: &Report<'_>) -> String {
    match &report.volumes[..] {
        [] => "no volume".to_owned(),
        [one] => one.volume.name.clone(),
        many => words::count(many.len(), "volume"),
    }
}

fn header(report: &Report<'_>) -> Markup {
    html! {
        header {
            p class="kind" { "Replica report" }
            h1 { (text(&title(report))) }
            @if let [one] = &report.volumes[..] {
                nav aria-label="Sections" {
                    ul {
                        @for (id, name) in volume::sections(one) {
                            li { a href={ "#v0-" (id) } { (name) } }
                        }
                        li { a href="#evidence" { "Evidence" } }
                    }
                }
            }
        }
    }
}

fn content(report: &Report<'_>, analysis: &Analysis) -> Markup {
    let accounts = accounts(report);
    html! {
        @if !report.summary.is_empty() { (summary(report, &accounts)) }
        @for (at, one) in report.volumes.iter().enumerate() {
            @if accounts[at] {
                @if report.volumes.len() == 1 || one.in_full {
                    section id={ "v" (at) } class="volume" aria-labelledby={ "v" (at) "-name" } {
                        h2 id={ "v" (at) "-name" } { (text(&one.title)) }
                        (volume::account(one, at))
                    }
                } @else {
                    section id={ "v" (at) } class="volume" aria-labelledby={ "v" (at) "-name" } {
                        h2 id={ "v" (at) "-name" } { (text(&one.title)) }
                        (volume::verdict(one, at))
                        details {
                            summary { "The whole account of " (text(&one.volume.name)) }
                            (volume::rest(one, at))
                        }
                    }
                }
            }
        }
        @if report.volumes.is_empty() {
            section class="answer warning" aria-labelledby="nothing" {
                h2 id="nothing" { "INSUFFICIENT EVIDENCE" }
                p {
                    "No directory supplied has a volume.meta, so there is nothing to compare. Collect the directories of "
                    "this volume from the other nodes. Leave these as they are."
                }
            }
        }
        (evidence::section(report, analysis))
    }
}

/// Which volumes have an account: those that differ from the others first.
fn accounts(report: &Report<'_>) -> Vec<bool> {
    let (full, rest): (Vec<usize>, Vec<usize>) =
        (0..report.volumes.len()).partition(|at| report.volumes[*at].in_full);
    let mut out = vec![false; report.volumes.len()];
    full.into_iter().chain(rest).take(ACCOUNTS).for_each(|at| out[at] = true);
    out
}

fn summary(report: &Report<'_>, accounts: &[bool]) -> Markup {
    let columns = [
        Column::text("Volume"),
        Column::number("Size"),
        Column::number("Stored"),
        Column::number("Replicas"),
        Column::number("Chain"),
        Column::text("Last snapshot"),
        Column::text("State"),
        Column::text("Verdict"),
    ];
    let shown = report.summary.len().min(SUMMARY);
    let row = |(at, row): (usize, &SummaryRow)| -> Vec<Markup> {
        let name = html! {
            @if accounts[at] { a href={ "#v" (at) } { (text(&row.name)) } } @else { (text(&row.name)) }
        };
        vec![
            name,
            text(&row.size),
            text(&row.stored),
            html! { (row.replicas) },
            html! { (row.chain) },
            text(&row.last_snapshot),
            text(&row.state),
            text(&row.verdict),
        ]
    };
    let left_out = report.summary.len() - shown;
    let silent = accounts.iter().filter(|has| !**has).count();
    html! {
        section id="summary" aria-labelledby="summary-name" {
            h2 id="summary-name" { "Summary" }
            (table("All volumes", &columns, report.summary.iter().enumerate().take(shown).map(row)))
            (bounded(left_out, "more volume", "Use --output json."))
            @if silent > 0 {
                p class="left-out" {
                    (words::count(silent, "volume")) " without an account on this page. Use --volume NAME for one of them."
                }
            }
            @for line in report.alike.iter().take(REMARKS) { p { (text(line)) } }
        }
    }
}

/// How a tone looks.
fn tone(report: &VolumeReport<'_>) -> &'static str {
    match report.answer.tone {
        Tone::Good => "good",
        Tone::Warning => "warning",
        Tone::Danger => "danger",
    }
}
