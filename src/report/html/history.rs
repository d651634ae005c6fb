//! The history: the drawing, and the same as a table for those who cannot see it.

use maud::{Markup, html};

use super::part;
use super::table::{Column, table};
use crate::report::drawing::{Drawing, Mark, Row, Scope};
use crate::report::model::History;
use crate::report::svg::{self, text};

/// The drawing of a history.
pub(super) fn drawing(history: &History, volume: usize, name: &str) -> Markup {
    let drawing = Drawing::of(history, Scope::default());
    let title = format!("Snapshot history of {name}");
    let svg = svg::history(&drawing, &format!("v{volume}-graph"), &title);
    let columns =
        [Column::text("State"), Column::text("Kind"), Column::text("Replicas"), Column::text("Notes")];
    html! {
        (part::drawing(&format!("Drawing of the history of {name}"), &svg))
        (legend())
        @for line in &drawing.left_out { p class="left-out" { (text(line)) } }
        details {
            summary { "The same as a table" }
            (table(&format!("States of {name}, newest first"), &columns, drawing.rows.iter().map(cells)))
        }
    }
}

fn legend() -> Markup {
    html! {
        p class="note" {
            "Newest first, a lane for each replica. Filled dot: head. Open dot: snapshot. Three dots: a stretch of snapshots "
            "that nothing tells apart. Cross: a disk that no chain reaches. Second ring: clean tip. A bar joins the replicas that "
            "share a state; a coloured bar is the last one before they diverged. Dashed line: left by a join that did not end, "
            "or a replica that is missing."
        }
    }
}

fn cells(row: &Row) -> Vec<Markup> {
    let kind = match row.mark {
        Mark::Head => "head",
        Mark::Snapshot => "snapshot",
        Mark::OffChain => "off-chain disk",
        Mark::Stretch => "stretch",
        Mark::Absent => "missing replica",
    };
    let (name, notes) = row.notes.split_first().map_or(("", &[][..]), |(name, notes)| (name.as_str(), notes));
    vec![text(name), text(kind), text(&row.of), text(&notes.join("; "))]
}
