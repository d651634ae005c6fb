//! The history: the drawing, and the same as a table for those who cannot see it.

use maud::{Markup, html};

use super::part;
use super::table::{Column, table};
use crate::report::drawing::{Drawing, LineKind, Mark, Row, Scope};
use crate::report::model::History;
use crate::report::svg::{self, text};
use crate::report::words;

/// The drawing of a history.
pub(super) fn drawing(history: &History, volume: usize, name: &str) -> Markup {
    let drawing = Drawing::of(history, Scope::default());
    let title = format!("Snapshot history of {name}");
    let svg = svg::history(&drawing, &format!("v{volume}-graph"), &title);
    let columns =
        [Column::text("State"), Column::text("Kind"), Column::text("Replicas"), Column::text("Notes")];
    html! {
        (part::drawing(&format!("Drawing of the history of {name}"), &svg))
        (legend(&drawing))
        @for line in &drawing.left_out { p class="left-out" { (text(line)) } }
        details {
            summary { "The same as a table" }
            (table(&format!("States of {name}, newest first"), &columns, drawing.rows.iter().map(cells)))
        }
    }
}

/// What the signs mean that this drawing has.
fn legend(drawing: &Drawing) -> Markup {
    let has = |mark| drawing.rows.iter().any(|row| row.mark == mark);
    let any = |is: fn(&Row) -> bool| drawing.rows.iter().any(is);
    let gap = drawing.lines.iter().any(|line| line.kind == LineKind::Gap);
    let signs = [
        (has(Mark::Head), "filled dot: head"),
        (has(Mark::Snapshot), "open dot: snapshot"),
        (has(Mark::Stretch), "three dots: a stretch of snapshots that nothing tells apart"),
        (any(|row| row.aside), "cross, or beside its lane: a disk that no chain reaches"),
        (any(|row| row.clean_tip), "second ring: clean tip, where a replica's own history ends"),
        (any(|row| row.dots.len() > 1), "bar: a state that these replicas share"),
        (any(|row| row.parts), "coloured bar: the last one before they differ"),
        (any(|row| row.joined), "dashed lane: left by a join that did not end"),
        (has(Mark::Absent), "dashed lane without a head: traces of a replica that nobody supplied"),
        (gap, "dotted lane: states that are not drawn"),
    ];
    let signs: Vec<&str> = signs.into_iter().filter(|(has, _)| *has).map(|(_, sign)| sign).collect();
    html! { p class="note" { "Newest first, a lane for each replica. " (words::capital(&signs.join("; "))) "." } }
}

fn cells(row: &Row) -> Vec<Markup> {
    let kind = match row.mark {
        Mark::Head => "head",
        Mark::Snapshot => "snapshot",
        Mark::OffChain => "off-chain disk",
        Mark::Stretch if row.aside => "stretch off the chain",
        Mark::Stretch => "stretch",
        Mark::Absent => "missing replica",
    };
    let (name, notes) = row.notes.split_first().map_or(("", &[][..]), |(name, notes)| (name.as_str(), notes));
    vec![text(name), text(kind), text(&row.of), text(&notes.join("; "))]
}
