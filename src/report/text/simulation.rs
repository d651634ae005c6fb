//! The screen of `simulate`: which orders of starting are safe, and why the others are not.

use super::page::Page;
use super::palette::{Palette, Role};
use super::screen::role;
use super::table::{Cell, Column, table};
use crate::analysis::Analysis;
use crate::ident::Label;
use crate::report::model::{self, Doings, Simulation};

/// The most replicas that a matrix of joins has room for; more are listed pair by pair.
const MATRIX: usize = 5;

/// The screen.
pub fn simulation(analysis: &Analysis, palette: &Palette) -> String {
    let mut page = Page::new(palette);
    for simulation in model::simulations(analysis) {
        page.gap();
        one(&mut page, &simulation);
    }
    page.finish()
}

fn one(page: &mut Page<'_>, simulation: &Simulation) {
    page.say(Role::Heading, 0, &simulation.title);
    page.gap();
    page.say(role(simulation.tone), 0, simulation.answer);
    for caveat in &simulation.caveats {
        let role = if caveat.faint { Role::Faint } else { Role::Warning };
        page.say(role, if caveat.of_all { 0 } else { 2 }, &caveat.text);
    }
    let Some(doings) = &simulation.doings else { return };
    starts(page, doings);
    joins(page, doings);
    leaders(page, doings);
    for text in &doings.down {
        page.gap();
        page.say(Role::Warning, 0, text);
    }
}

fn starts(page: &mut Page<'_>, doings: &Doings) {
    page.heading("ways to start, best first");
    if doings.ways.is_empty() {
        page.say(Role::Plain, 2, "None: too few processes come up for a leader to be elected.");
    }
    for (at, way) in doings.ways.iter().enumerate() {
        page.item(role(way.tone), &format!("{:>3}  ", at + 1), &way.ends);
        page.say(Role::Plain, 5, &way.order);
        page.say(Role::Plain, 5, &way.fates.join("; "));
    }
}

fn joins(page: &mut Page<'_>, doings: &Doings) {
    if doings.joins.is_empty() {
        return;
    }
    page.heading("pairwise rebuilds (row: RW source, column: rejoining replica)");
    let mut labels: Vec<&Label> = doings.joins.iter().flat_map(|(rw, wo, _)| [rw, wo]).collect();
    labels.sort();
    labels.dedup();
    if labels.len() > MATRIX {
        for (rw, wo, text) in &doings.joins {
            page.say(Role::Plain, 2, &format!("{rw} RW, {wo} rejoins: {text}"));
        }
        return;
    }
    let mut columns = vec![Column::text("RW source", 14)];
    columns.extend(labels.iter().map(|label| Column::text(&format!("{label} rejoins"), usize::MAX)));
    let rows: Vec<Vec<Cell>> = labels
        .iter()
        .map(|rw| {
            let cells = labels.iter().map(|wo| {
                let join = doings.joins.iter().find(|(a, b, _)| a == *rw && b == *wo);
                Cell::from(join.map_or_else(|| "–".to_owned(), |(_, _, text)| text.clone()))
            });
            [Cell::from(rw.as_str())].into_iter().chain(cells).collect()
        })
        .collect();
    table(page, 2, &columns, &rows);
}

fn leaders(page: &mut Page<'_>, doings: &Doings) {
    if doings.leaders.is_empty() {
        return;
    }
    page.heading("elected leader, by registration order");
    for text in &doings.leaders {
        page.say(Role::Plain, 2, text);
    }
}
