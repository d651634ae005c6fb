//! A map of the blocks in which two replicas differ, as SVG.

use std::fmt::Write;

use maud::{Markup, html};

use super::text;
use crate::report::model::{Group, PairMap, Scale};
use crate::report::text::shorten;

/// Where the strips begin.
const LEFT: usize = 250;
/// The width of all cells.
const WIDE: usize = 480;
/// From strip to strip.
const STEP: usize = 19;
/// The height of a strip.
const HIGH: usize = 12;
/// The widest name of a strip, in columns.
const NAME: usize = 32;

/// Inside a page; `id` tells the drawings of one page apart.
pub(in crate::report) fn inline(pair: &PairMap, id: &str) -> Markup {
    let rows: usize = pair.groups.iter().map(|group| group.strips.len() + 1).sum();
    let high = rows * STEP + 8 + STEP;
    let wide = LEFT + WIDE + 130;
    let title = format!("Where {} and {} differ", pair.a, pair.b);
    let about = "Each strip is the same part of the volume, its first byte at the left. Marked is where any block of the kind \
                 lies. The table below gives the numbers.";
    let scale = &pair.scale;
    let mut y = 0;
    html! {
        svg class="jv" viewBox=(format!("0 0 {wide} {high}")) width=(wide) height=(high) role="img"
            aria-labelledby=(format!("{id}-t {id}-d")) {
            title id=(format!("{id}-t")) { (text(&title)) }
            desc id=(format!("{id}-d")) { (text(about)) }
            @for (at, one) in pair.groups.iter().enumerate() { (group(scale, one, at, &mut y)) }
            text class="w" x=(LEFT) y=(y + STEP) { "byte " (scale.start) }
            text class="w" x=(LEFT + WIDE) y=(y + STEP) text-anchor="end" { (scale.end.saturating_sub(1)) }
        }
    }
}

fn group(scale: &Scale, group: &Group, at: usize, y: &mut usize) -> Markup {
    *y += STEP;
    let head = *y;
    html! {
        text class="w head" x="0" y=(head - 3) { (text(&group.title)) }
        @for strip in &group.strips {
            @let top = { *y += STEP; *y - HIGH - 3 };
            text class="w" x=(LEFT - 10) y=(top + HIGH - 2) text-anchor="end" { (text(&shorten(&strip.name, NAME))) }
            rect class="track" x=(LEFT) y=(top) width=(WIDE) height=(HIGH) {}
            path class=(format!("cells g{at}")) d=(cells(scale, &strip.marked, top)) {}
            text class="w" x=(LEFT + WIDE + 10) y=(top + HIGH - 2) { (text(&strip.size)) }
        }
    }
}

/// Marked cells as one path. Tenths of a pixel are enough, and a cell is never too narrow to be seen.
fn cells(scale: &Scale, marked: &[(usize, usize)], top: usize) -> String {
    let x = |cell: usize| cell * WIDE * 10 / scale.cells;
    let mut out = String::new();
    for (from, to) in marked {
        let (left, wide) = (x(*from), (x(*to) - x(*from)).max(15));
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "M{}.{} {top}h{}.{}v{HIGH}h-{}.{}z",
            LEFT + left / 10,
            left % 10,
            wide / 10,
            wide % 10,
            wide / 10,
            wide % 10
        );
    }
    out
}
