//! The map of the volume: where replicas differ, and which layer supplies each side.

use maud::{Markup, html};

use super::part;
use super::table::{Column, table};
use crate::report::model::{BlockMap, Group, PairMap, Strip};
use crate::report::svg::{self, text};
use crate::report::words;

/// The maps of a volume.
pub(super) fn maps(map: &BlockMap, volume: usize) -> Markup {
    html! {
        @for (at, pair) in map.pairs.iter().enumerate() { (one(pair, &format!("v{volume}-map{at}"))) }
        @if !map.pairs.is_empty() {
            p class="note" { "A cell is marked where any block of the kind lies in it. jivascope diff --all lists every range." }
        }
        @for line in &map.notes { p { (text(line)) } }
    }
}

fn one(pair: &PairMap, id: &str) -> Markup {
    let between = format!("{} and {}", pair.a, pair.b);
    let svg = svg::map(pair, id);
    html! {
        h4 { (text(&between)) }
        p {
            (text(&pair.text)) ". "
            (words::count(pair.ranges, "range")) " of " (pair.blocks) " blocks (" (pair.size) ") in all. "
            @if pair.scale.whole { "The map is of the whole volume" } @else { "The map is only of the part in which they differ" }
            ", " (words::bytes(pair.scale.cell)) " a cell."
        }
        (part::drawing(&format!("Map of {between}, volume {}", id.trim_start_matches('v')), &svg))
        details {
            summary { "The same in numbers" }
            (numbers(&between, &pair.groups))
        }
    }
}

fn numbers(between: &str, groups: &[Group]) -> Markup {
    let columns = [
        Column::text("What"),
        Column::text("Of"),
        Column::number("Blocks"),
        Column::number("Size"),
        Column::number("First byte"),
        Column::number("Last byte"),
    ];
    let row = |(group, strip): (&Group, &Strip)| {
        vec![
            text(&strip.name),
            text(&group.title),
            html! { (strip.blocks) },
            text(&strip.size),
            html! { (strip.span.0) },
            html! { (strip.span.1.saturating_sub(1)) },
        ]
    };
    let rows = groups.iter().flat_map(|group| group.strips.iter().map(move |strip| (group, strip)));
    table(&format!("{between} in numbers"), &columns, rows.map(row))
}
