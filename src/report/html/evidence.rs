//! What the report rests on: inputs, replicas with the sums of their records, other witnesses, options.

use maud::{Markup, html};

use super::REMARKS;
use super::part::bounded;
use super::table::{Column, table};
use crate::analysis::Analysis;
use crate::evidence::InputReport;
use crate::report::model::{Copy, Report, copies, options};
use crate::report::svg::text;
use crate::report::words;
use crate::witness::Witness;

/// Rows of each table.
const ROWS: usize = 400;

/// The section at the end of the page.
pub(super) fn section(report: &Report<'_>, analysis: &Analysis) -> Markup {
    let replicas = analysis.volumes.iter().map(|volume| volume.replicas.len()).sum::<usize>();
    html! {
        section id="evidence" aria-labelledby="evidence-name" {
            h2 id="evidence-name" { "Evidence" }
            p { (text(&options(analysis))) }
            @if !analysis.inputs.is_empty() { (inputs(&analysis.inputs)) }
            (bounded(analysis.inputs.len().saturating_sub(ROWS), "more input", "Use --output json."))
            @if replicas > 0 { (sums(&copies(analysis, ROWS))) }
            (bounded(replicas.saturating_sub(ROWS), "more replica", "Use --output json."))
            @if !analysis.witnesses.is_empty() { (witnesses(&analysis.witnesses)) }
            (bounded(analysis.witnesses.len().saturating_sub(ROWS), "more file", "Use --output json."))
            (list("Directories without data", &report.without_data))
            (list("About the inputs", &report.inputs))
        }
    }
}

fn inputs(inputs: &[InputReport]) -> Markup {
    let columns = [Column::text("Input"), Column::text("Kind"), Column::text("Replicas in it")];
    let row = |input: &InputReport| {
        let replicas =
            if input.replicas.is_empty() { "none".to_owned() } else { words::labels(&input.replicas) };
        vec![text(&input.input), text(&words::serialized(input.kind)), text(&replicas)]
    };
    table("What was given", &columns, inputs.iter().take(ROWS).map(row))
}

fn sums(copies: &[Copy]) -> Markup {
    let columns = [
        Column::text("Replica"),
        Column::text("Where"),
        Column::text("What the copy is worth"),
        Column::number("Records"),
        Column::text("sha256 of the records"),
    ];
    let row = |copy: &Copy| {
        vec![
            text(&copy.label),
            text(&copy.path),
            text(&copy.quality),
            html! { (copy.records) },
            html! { code { (text(&copy.sum)) } },
        ]
    };
    html! {
        (table("Replicas, with the sum of their records", &columns, copies.iter().map(row)))
        p class="note" {
            "To make the sum again, in the replica's directory: "
            code { "LC_ALL=C sh -c 'sha256sum *.meta revision.counter' | sha256sum" }
            ". Images are not in it: jivascope hash gives the sum of each replica's view."
        }
    }
}

fn witnesses(witnesses: &[Witness]) -> Markup {
    let columns = [
        Column::text("File"),
        Column::text("Kind"),
        Column::number("Lines"),
        Column::text("From"),
        Column::text("To"),
    ];
    let row = |one: &Witness| {
        vec![
            text(&one.file),
            text(&words::serialized(one.kind)),
            text(&one.lines.map(|lines| lines.to_string()).unwrap_or_default()),
            text(one.from.as_deref().unwrap_or_default()),
            text(one.to.as_deref().unwrap_or_default()),
        ]
    };
    table("Logs, replies and objects", &columns, witnesses.iter().take(ROWS).map(row))
}

fn list(name: &str, lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            h3 { (name) }
            ul { @for line in lines.iter().take(REMARKS) { li { (text(line)) } } }
            (bounded(lines.len().saturating_sub(REMARKS), "more", "Use --output json."))
        }
    }
}
