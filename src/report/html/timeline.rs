//! What happened, as a table; of a long account the end.

use maud::{Markup, html};

use super::part::bounded;
use super::table::{Column, table};
use crate::report::svg::text;
use crate::witness::Happened;

/// Rows that are written out.
const ROWS: usize = 300;
/// An account of no more rows is not folded.
const OPEN: usize = 25;

/// The account.
pub(super) fn all(timeline: &[Happened], name: &str) -> Markup {
    let columns = [
        Column::text("When"),
        Column::text("Who"),
        Column::text("What happened"),
        Column::text("Source"),
        Column::text("Clock"),
    ];
    let early = timeline.len().saturating_sub(ROWS);
    let row = |entry: &Happened| {
        let line = entry.line.map(|line| format!(":{line}")).unwrap_or_default();
        vec![
            html! { span class="when" { (text(entry.at.as_deref().unwrap_or("unknown"))) } },
            text(&entry.subject),
            text(&entry.event),
            text(&format!("{}{line} ({})", entry.file, entry.at_source)),
            text(&entry.clock),
        ]
    };
    html! {
        (bounded(early, "earlier event", "jivascope timeline lists them all."))
        details open[timeline.len() <= OPEN] {
            summary { (timeline.len() - early) " events, oldest first" }
            (table(&format!("What happened to {name}"), &columns, timeline[early..].iter().map(row)))
        }
    }
}
