//! A history as SVG.

use maud::{Markup, html};

use super::text;
use crate::report::drawing::{Drawing, LineKind, Mark, Row};

/// What the drawing shows, for those who cannot see it.
pub(super) const ABOUT: &str = "A lane for each replica, newest at the top. A bar across lanes is a state that these \
    replicas share. Where a bar ends, the replicas diverged. Dashed: what a join left that did not end, disks \
    that no chain reaches, and replicas that nobody supplied.";

/// Inside a page; `id` tells the drawings of one page apart.
pub(in crate::report) fn inline(drawing: &Drawing, id: &str, title: &str) -> Markup {
    html! {
        svg class="jv" viewBox=(format!("0 0 {} {}", drawing.width, drawing.height)) width=(drawing.width)
            height=(drawing.height) role="img" aria-labelledby=(format!("{id}-t {id}-d")) {
            title id=(format!("{id}-t")) { (text(title)) }
            desc id=(format!("{id}-d")) { (text(ABOUT)) }
            (content(drawing))
        }
    }
}

/// Lanes, lines, rows.
pub(super) fn content(drawing: &Drawing) -> Markup {
    html! {
        @for (at, lane) in drawing.lanes.iter().enumerate() {
            text class=(if lane.absent { "n absent" } else { hue("n", at) }) x=(lane.x) y=(lane.y)
                text-anchor="middle" { (text(&lane.name)) }
        }
        @for row in &drawing.rows { (bar(row)) }
        @for line in &drawing.lines {
            path class=(line_class(line.kind, line.lane)) d=(way(&line.points)) {}
        }
        @for row in &drawing.rows { (marks(row)) }
    }
}

/// A class and the hue of a lane.
fn hue(class: &'static str, lane: usize) -> &'static str {
    const N: [&str; 6] = ["n h0", "n h1", "n h2", "n h3", "n h4", "n h5"];
    const D: [&str; 6] = ["d h0", "d h1", "d h2", "d h3", "d h4", "d h5"];
    const L: [&str; 6] = ["l h0", "l h1", "l h2", "l h3", "l h4", "l h5"];
    let all = match class {
        "n" => N,
        "d" => D,
        _ => L,
    };
    all[lane % all.len()]
}

fn line_class(kind: LineKind, lane: usize) -> String {
    let more = match kind {
        LineKind::Chain => "",
        LineKind::Gap => " gap",
        LineKind::Joined => " joined",
        LineKind::OffChain => " off",
        LineKind::Absent => return "l absent".to_owned(),
    };
    format!("{}{more}", hue("l", lane))
}

fn way(points: &[(u32, u32)]) -> String {
    let mut out = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        out.push_str(&format!("{}{x} {y}", if at == 0 { "M" } else { "L" }));
    }
    out
}

/// The bar behind the dots of a state that several share.
fn bar(row: &Row) -> Markup {
    let xs = row.dots.iter().map(|(_, x)| *x);
    let (Some(from), Some(to)) = (xs.clone().min(), xs.max()) else { return html! {} };
    html! {
        @if from < to {
            path class=(if row.parts { "bar parts" } else { "bar" }) d=(way(&[(from, row.y), (to, row.y)])) {}
        }
    }
}

fn marks(row: &Row) -> Markup {
    html! {
        @for (lane, x) in &row.dots { (dot(row, *lane, *x)) }
        @for (at, line) in row.words.iter().enumerate() {
            text class=(if at == 0 && row.mark == Mark::Head { "w head" } else if at == 0 { "w first" } else { "w" })
                x=(row.x) y=(row.y + 4 + at as u32 * crate::report::drawing::LINE) { (text(line)) }
        }
    }
}

fn dot(row: &Row, lane: usize, x: u32) -> Markup {
    let y = row.y;
    html! {
        @match row.mark {
            Mark::Stretch => {
                rect class="paper" x=(x - 4) y=(y - 10) width="8" height="20" {}
                @for by in [y - 6, y, y + 6] {
                    circle class=(hue("d", lane)) cx=(x) cy=(by) r="1.8" {}
                }
            },
            Mark::Head => circle class=(hue("d", lane)) cx=(x) cy=(y) r="6" {},
            Mark::Snapshot => circle class={ (hue("d", lane)) " open" @if row.joined { " joined" } } cx=(x) cy=(y) r="4.5" {},
            Mark::OffChain => path class={ (hue("d", lane)) " open off" } d=(cross(x, y)) {},
            Mark::Absent => circle class="d absent open" cx=(x) cy=(y) r="6" {},
        }
        @if row.clean_tip { circle class={ (hue("d", lane)) " ring" } cx=(x) cy=(y) r="9" {} }
    }
}

fn cross(x: u32, y: u32) -> String {
    format!("M{} {}L{} {}M{} {}L{} {}", x - 4, y - 4, x + 4, y + 4, x - 4, y + 4, x + 4, y - 4)
}
