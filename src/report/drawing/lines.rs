//! What connects the rows.

use super::lanes::Lanes;
use super::rows::{Made, Spots};
use super::{Line, LineKind, Row};
use crate::ident::Label;
use crate::report::model::{History, Spot};

/// Above a row, where a line turns towards it.
const TURN: u32 = 11;

/// All lines: the chain of each lane from the top, then what stands beside the chains.
pub(super) fn lines(history: &History, lanes: &Lanes, rows: &[Row], spots: &Spots) -> Vec<Line> {
    let mut out = Vec::new();
    chains(history, lanes, rows, spots, &mut out);
    for (row, made) in rows.iter().zip(&spots.made) {
        match made {
            Made::Spot(at) if row.aside => off_chain(*at, row, rows, spots, &mut out),
            Made::Absent(at) => absent(history, *at, row, rows, lanes, spots, &mut out),
            Made::Spot(_) => {}
        }
    }
    out
}

fn chains(history: &History, lanes: &Lanes, rows: &[Row], spots: &Spots, out: &mut Vec<Line>) {
    let mut last: Vec<Option<usize>> = vec![None; lanes.replicas];
    for (at, row) in rows.iter().enumerate() {
        let Made::Spot(spot) = spots.made[at] else { continue };
        if row.aside {
            continue;
        }
        for (lane, x) in &row.dots {
            if let Some(above) = last[*lane].replace(at)
                && let Made::Spot(upper) = spots.made[above]
            {
                let label = &history.replicas[*lane].0;
                let kind = if !spots.parents[upper].contains(&spot) {
                    LineKind::Gap
                } else if is_joined(history, &spots.all[upper], label) {
                    LineKind::Joined
                } else {
                    LineKind::Chain
                };
                out.push(Line { points: vec![(*x, rows[above].y), (*x, row.y)], lane: *lane, kind });
            }
        }
    }
}

/// Whether a join that did not end left this in the chain of a replica.
fn is_joined(history: &History, spot: &Spot, label: &Label) -> bool {
    let at = match spot {
        Spot::State(at) => *at,
        Spot::Stretch(states) => states[0],
    };
    history.states[at].above_tip.contains(label)
}

fn off_chain(at: usize, row: &Row, rows: &[Row], spots: &Spots, out: &mut Vec<Line>) {
    let Some((lane, x)) = row.dots.first().copied() else { return };
    for parent in &spots.parents[at] {
        let Some(below) = spots.row[*parent] else { continue };
        let below = &rows[below];
        let to = below.dots.iter().find(|(of, _)| *of == lane).or(below.dots.first());
        if let Some((_, to)) = to.filter(|_| below.y > row.y) {
            let points = vec![(x, row.y), (x, below.y.saturating_sub(TURN)), (*to, below.y)];
            out.push(Line { points, lane, kind: LineKind::OffChain });
        }
    }
}

fn absent(
    history: &History,
    at: usize,
    row: &Row,
    rows: &[Row],
    lanes: &Lanes,
    spots: &Spots,
    out: &mut Vec<Line>,
) {
    let one = &history.absent[at];
    let (Some((lane, x)), Some(state)) = (row.dots.first().copied(), one.stands_on) else { return };
    let holds = |made: &Made| match made {
        Made::Spot(spot) => match &spots.all[*spot] {
            Spot::State(at) => *at == state,
            Spot::Stretch(states) => states.contains(&state),
        },
        Made::Absent(_) => false,
    };
    let Some(below) = spots.made.iter().position(holds).map(|at| &rows[at]) else { return };
    let own = one.seen_by.as_ref().and_then(|label| lanes.place(label));
    let to = below.dots.iter().find(|(of, _)| Some(*of) == own).or(below.dots.first());
    if let Some((_, to)) = to {
        let points = vec![(x, row.y), (x, below.y.saturating_sub(TURN)), (*to, below.y)];
        out.push(Line { points, lane, kind: LineKind::Absent });
    }
}
