//! The rows: which states are drawn, in which order, and what stands beside them.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use super::lanes::{ASIDE, Lanes};
use super::{COLUMNS, LINE, MARGIN, Mark, Row, Scope, order};
use crate::replica::LastJoin;
use crate::report::model::{Absent, History, Spot, State, StateKind};
use crate::report::text::shorten;
use crate::report::{escape, words};

/// Between two rows.
const GAP: u32 = 9;
/// Traces of replicas that nobody supplied.
const ABSENT: usize = 8;
/// Lines of words of one row.
const LINES: usize = 3;

/// What a row was made of: the place of a replica that nobody supplied, or of a spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Absent(usize),
    Spot(usize),
}

/// The spots with what each stands on, and what each row was made of.
pub(super) struct Spots {
    pub(super) all: Vec<Spot>,
    pub(super) parents: Vec<Vec<usize>>,
    pub(super) made: Vec<Made>,
    /// The row of each spot, where it has one.
    pub(super) row: Vec<Option<usize>>,
}

/// Lays the rows out, and says what was left out.
pub(super) fn rows(history: &History, lanes: &Lanes, scope: Scope) -> (Vec<Row>, Spots, Vec<String>) {
    let (all, parents) = history.fold(true, scope.full);
    let chosen = chosen(history, &all, scope.rows);
    let mut rows = Vec::new();
    let mut made = Vec::new();
    let mut y = MARGIN + 16 + LINE;
    let mut push = |mut row: Row, of: Made| {
        row.y = y;
        y += row.words.len().max(1) as u32 * LINE + GAP;
        rows.push(row);
        made.push(of);
    };
    if let Some(lane) = lanes.absent {
        for (at, one) in history.absent.iter().enumerate().take(ABSENT) {
            push(missing(one, lane, lanes), Made::Absent(at));
        }
    }
    for at in order(&parents).into_iter().filter(|at| chosen.contains(at)) {
        if let Some(row) = row(history, lanes, &all[at]) {
            push(row, Made::Spot(at));
        }
    }
    let mut row = vec![None; all.len()];
    for (at, made) in made.iter().enumerate() {
        if let Made::Spot(spot) = made {
            row[*spot] = Some(at);
        }
    }
    let mut left_out = Vec::new();
    let hidden = all.len() - made.iter().filter(|made| matches!(made, Made::Spot(_))).count();
    if hidden > 0 {
        let what = words::count(hidden, "more state");
        left_out.push(format!(
            "{what} {} not drawn; a dotted line stands for them.",
            if hidden == 1 { "is" } else { "are" }
        ));
    }
    let unseen = history.absent.len().saturating_sub(ABSENT);
    if unseen > 0 {
        left_out.push(format!("{} of missing replicas not drawn.", words::count(unseen, "more trace")));
    }
    (rows, Spots { all, parents, made, row }, left_out)
}

/// The spots that are drawn: those that are never folded away, then the others from the top.
fn chosen(history: &History, all: &[Spot], most: usize) -> BTreeSet<usize> {
    let kept = |at: &usize| matches!(&all[*at], Spot::State(state) if history.states[*state].keep);
    let (first, then): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(kept);
    first.into_iter().chain(then).take(most).collect()
}

fn row(history: &History, lanes: &Lanes, spot: &Spot) -> Option<Row> {
    let state = match spot {
        Spot::State(at) => &history.states[*at],
        Spot::Stretch(states) => &history.states[states[0]],
    };
    let aside = state.kind == StateKind::OffChain;
    let (of, by) = if aside { (&state.held_by, ASIDE) } else { (&state.on_chain, 0) };
    let dots: Vec<(usize, u32)> =
        of.iter().filter_map(|label| lanes.place(label)).map(|lane| (lane, lanes.x(lane) + by)).collect();
    if dots.is_empty() {
        return None;
    }
    let (mark, notes) = match spot {
        Spot::Stretch(states) => (Mark::Stretch, stretch(history, states)),
        Spot::State(_) => {
            let mark = match state.kind {
                StateKind::Head => Mark::Head,
                StateKind::Snapshot => Mark::Snapshot,
                StateKind::OffChain => Mark::OffChain,
            };
            (mark, notes(history, state))
        }
    };
    Some(Row {
        y: 0,
        mark,
        aside,
        parts: state.parting.is_some(),
        clean_tip: !state.clean_tip_of.is_empty(),
        joined: !state.above_tip.is_empty(),
        dots,
        x: lanes.words,
        words: lines(&notes),
        notes,
        of: words::labels(of.iter()),
    })
}

/// All that is said of a state: its own notes, who goes which way from it, and what a join left.
fn notes(history: &History, state: &State) -> Vec<String> {
    let mut notes = state.notes.clone();
    notes.extend(state.parting.iter().map(|parting| parting.text.clone()));
    for label in &state.above_tip {
        let join = history.replicas.iter().find(|(one, _)| one == label).map(|(_, join)| *join);
        notes.push(match join {
            Some(LastJoin::Refused) => format!("left in {label} by a join that was refused"),
            _ => format!("left in {label} by a join that was interrupted"),
        });
    }
    notes
}

fn stretch(history: &History, states: &[usize]) -> Vec<String> {
    let (top, base) = (&history.states[states[0]], &history.states[states[states.len() - 1]]);
    let mut notes = vec![words::count(states.len(), "snapshot")];
    if let (Some(from), Some(to)) = (&base.made, &top.made) {
        notes.push(format!("{from} to {to}"));
    }
    notes.push(format!("from {} down to {}", top.notes[0], base.notes[0]));
    notes
}

fn missing(one: &Absent, lane: usize, lanes: &Lanes) -> Row {
    let mut notes = vec![one.name.clone()];
    notes.extend(one.notes.iter().cloned());
    Row {
        y: 0,
        mark: Mark::Absent,
        aside: false,
        parts: false,
        clean_tip: false,
        joined: false,
        dots: vec![(lane, lanes.x(lane))],
        x: lanes.words,
        words: lines(&notes),
        notes,
        of: "missing".to_owned(),
    }
}

/// Notes as lines, each as wide as there is room; what finds none is left to the table beside the drawing.
fn lines(notes: &[String]) -> Vec<String> {
    const BETWEEN: &str = "  ";
    let wide = |text: &str| escape::terminal(text).width();
    let mut out: Vec<String> = vec![String::new()];
    for note in notes {
        let note = shorten(note, COLUMNS);
        let Some(last) = out.last_mut() else { break };
        if last.is_empty() {
            *last = note;
        } else if wide(last) + BETWEEN.len() + wide(&note) <= COLUMNS {
            last.push_str(BETWEEN);
            last.push_str(&note);
        } else {
            out.push(note);
        }
    }
    if out.len() > LINES {
        out.truncate(LINES);
        out[LINES - 1] = shorten(&format!("{}{BETWEEN}…", out[LINES - 1]), COLUMNS);
    }
    out
}
