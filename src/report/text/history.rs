//! Histories as lanes.

use super::lanes::{Row, draw};
use super::page::{Page, shorten};
use super::palette::Role;
use crate::report::model::{History, Spot, StateKind};

/// More lanes than this leave too little room for words.
const LANES: usize = 22;

/// The widest name of a disk.
const NAME: usize = 26;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    /// Disks that no chain reaches, too.
    pub off_chain: bool,
    /// Every state, however long the stretch.
    pub full: bool,
    /// No more rows than this.
    pub rows: usize,
}

/// Draws the history of a volume.
pub(crate) fn write(page: &mut Page<'_>, history: &History, scope: Scope) {
    let (spots, parents) = history.fold(scope.off_chain, scope.full);
    let rows = draw(&parents, LANES, |at| match &spots[at] {
        Spot::Stretch(_) => '·',
        Spot::State(state) => match history.states[*state].kind {
            StateKind::Head => '*',
            StateKind::OffChain => 'x',
            StateKind::Snapshot => 'o',
        },
    });
    let Some(rows) = rows else {
        return page.say(
            Role::Plain,
            2,
            "too many branches side by side to draw: jivascope graph --output dot",
        );
    };
    for row in rows.iter().take(scope.rows) {
        beside(page, history, &spots, row);
    }
    if rows.len() > scope.rows {
        page.say(Role::Faint, 2, &format!("… and {} more lines: jivascope graph", rows.len() - scope.rows));
    }
}

fn beside(page: &mut Page<'_>, history: &History, spots: &[Spot], row: &Row) {
    let width = row.lanes.trim_end().chars().count();
    let lead = |lanes: &str| format!("  {:width$} ", lanes.trim_end());
    match row.node.map(|at| &spots[at]) {
        None => page.laid_out(Role::Plain, &lead(&row.lanes)),
        Some(Spot::Stretch(states)) => {
            let text = format!("{} snapshots", states.len());
            page.led(Role::Faint, &lead(&row.lanes), &lead(&row.under), &text);
        }
        Some(Spot::State(at)) => {
            let state = &history.states[*at];
            let role = if state.kind == StateKind::Head { Role::Heading } else { Role::Plain };
            let (name, rest) = state.notes.split_first().expect("a state has a name");
            let name = shorten(name, NAME);
            let parts: Vec<&str> =
                [name.as_str()].into_iter().chain(rest.iter().map(String::as_str)).collect();
            page.led(role, &lead(&row.lanes), &lead(&row.under), &parts.join("  "));
        }
    }
}
