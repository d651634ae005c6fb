//! Findings: the grave ones with their places, the others folded.

use maud::{Markup, html};

use super::part::bounded;
use crate::finding::{Code, Finding, Severity};
use crate::report::model::{FindingGroup, VolumeReport};
use crate::report::svg::text;
use crate::report::text::{detail, places};
use crate::report::words;

/// Places of one kind that are listed one by one.
const PLACES: usize = 30;
/// Findings about how directories were taken for one volume.
const GROUPING: usize = 30;

/// All of a volume.
pub(super) fn all(report: &VolumeReport<'_>) -> Markup {
    let findings = &report.findings;
    let minor: usize = findings.minor.iter().map(|(_, times)| times).sum::<usize>() + findings.grouping.len();
    html! {
        @if findings.grave.is_empty() { p { "None is grave." } }
        @for group in &findings.grave { (kind(group)) }
        @if minor > 0 {
            details {
                summary { (words::count(minor, "more finding")) ", for information" }
                ul {
                    @for finding in findings.grouping.iter().take(GROUPING) {
                        li { (finding.code()) " " (text(&finding.text())) }
                    }
                    @for (code, times) in &findings.minor { (counted(*code, *times)) }
                }
                (bounded(findings.grouping.len().saturating_sub(GROUPING), "more", "Use --output json."))
            }
        }
    }
}

fn counted(code: Code, times: usize) -> Markup {
    html! {
        li { (code) " " (text(code.row().title)) @if times > 1 { " (" (times) " times)" } }
    }
}

fn kind(group: &FindingGroup<'_>) -> Markup {
    let row = group.code.row();
    let (class, word) = match group.found.first().map_or(row.severity, |finding| finding.severity()) {
        Severity::Danger => ("danger", "danger"),
        Severity::Warning => ("warning", "warning"),
        Severity::Info => ("info", "info"),
    };
    html! {
        article class={ "finding " (class) } {
            h4 { span class="severity" { (word) } " " (group.code) " " (text(&words::capital(row.title))) }
            ul { @for finding in group.found.iter().take(PLACES) { (place(finding)) } }
            (bounded(group.found.len().saturating_sub(PLACES), "more place", "Use --output json."))
            p { (text(row.consequence)) }
            p class="remedy" { strong { "What to do: " } (text(row.remedy)) }
        }
    }
}

fn place(finding: &Finding) -> Markup {
    html! {
        li {
            (text(&detail(finding)))
            @if !finding.evidence.is_empty() { " " span class="seen" { "(" (text(&places(&finding.evidence))) ")" } }
        }
    }
}
