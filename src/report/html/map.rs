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
        @for (at, pair) in map.pairs.iter().enumerate() { (one(map, pair, &format!("v{volume}-map{at}"))) }
        @if !map.pairs.is_empty() {
            p class="note" {
                "Each strip is the whole volume, first byte at the left. A cell stands for " (words::bytes(map.cell))
                " and is marked where any block of the kind lies in it. jivascope diff --all lists every range."
            }
        }
        @for line in &map.notes { p { (text(line)) } }
    }
}

fn one(map: &BlockMap, pair: &PairMap, id: &str) -> Markup {
    let between = format!("{} and {}", pair.a, pair.b);
    let svg = svg::map(map, pair, id);
    let columns = [
        Column::text("What"),
        Column::number("Blocks"),
        Column::number("Size"),
        Column::number("First byte"),
        Column::number("Last byte"),
    ];
    html! {
        h4 { (text(&between)) }
        p {
            (text(&words::capital(&pair.text))) ". "
            (words::count(pair.ranges, "range")) " of " (pair.blocks) " blocks (" (pair.size) ") in all."
        }
        (part::drawing(&format!("Map of {between}, volume {}", id.trim_start_matches('v')), &svg))
        details {
            summary { "The same in numbers" }
            @for group in &pair.groups { (numbers(&between, group, &columns)) }
        }
    }
}

fn numbers(between: &str, group: &Group, columns: &[Column]) -> Markup {
    let row = |strip: &Strip| {
        vec![
            text(&strip.name),
            html! { (strip.blocks) },
            text(&strip.size),
            html! { (strip.span.0) },
            html! { (strip.span.1.saturating_sub(1)) },
        ]
    };
    table(&format!("{between}: {}", group.title), columns, group.strips.iter().map(row))
}
