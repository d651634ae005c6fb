//! A history laid out as a drawing: where each lane, row, line and word stands. Writers only write it.
//!
//! A lane for each replica, newest at the top. A state that several replicas share is a bar across their lanes with a dot
//! in each of them, so a history that all share looks like one trunk and comes apart where the replicas diverged.

mod lanes;
mod lines;
mod order;
mod rows;

pub(in crate::report) use order::order;

use super::model::History;
use lanes::Lanes;

/// Room at every side.
pub(super) const MARGIN: u32 = 14;
/// The height of a line of words.
pub(super) const LINE: u32 = 17;
/// The widest line of words, in columns.
pub(super) const COLUMNS: usize = 88;
/// The width of a column in the drawing's fixed-width font, in tenths.
pub(super) const COLUMN_TENTHS: u32 = 74;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Scope {
    /// Every state, however long the stretch.
    pub full: bool,
    /// No more rows than this; heads and what else is never folded away come first.
    pub rows: usize,
    /// No more lanes of replicas than this.
    pub lanes: usize,
}

impl Default for Scope {
    fn default() -> Self {
        Self { full: false, rows: 160, lanes: 12 }
    }
}

/// A drawing. Places are in pixels from its upper left corner.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drawing {
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// The lanes, from the left.
    pub lanes: Vec<Lane>,
    /// The rows, from the top.
    pub rows: Vec<Row>,
    /// What connects them.
    pub lines: Vec<Line>,
    /// What is not drawn, a sentence each.
    pub left_out: Vec<String>,
}

/// One lane.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lane {
    /// Its middle.
    pub x: u32,
    /// Where its name stands.
    pub y: u32,
    /// Its name, shortened where it is long.
    pub name: String,
    /// Whether it is that of replicas that nobody supplied.
    pub absent: bool,
    /// The last row that it reaches, as a place.
    pub end: u32,
}

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// A head.
    Head,
    /// A snapshot.
    Snapshot,
    /// A disk that no chain reaches.
    OffChain,
    /// Several snapshots that nothing tells apart.
    Stretch,
    /// A trace of a replica that nobody supplied.
    Absent,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The middle of its dots.
    pub y: u32,
    /// What it stands for.
    pub mark: Mark,
    /// Whether no chain reaches it, so that it stands beside its lane.
    pub aside: bool,
    /// Whether the histories part right above it.
    pub parts: bool,
    /// Whether it is a clean tip.
    pub clean_tip: bool,
    /// Whether a join that did not end left it.
    pub joined: bool,
    /// The lane of each dot and where it stands.
    pub dots: Vec<(usize, u32)>,
    /// Where its words begin.
    pub x: u32,
    /// Its words, a line each.
    pub words: Vec<String>,
    /// All that is said of it, in full.
    pub notes: Vec<String>,
    /// The replicas whose chain goes through it, or that hold it off their chains.
    pub of: String,
}

/// What connects two dots.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The places that it goes through.
    pub points: Vec<(u32, u32)>,
    /// The lane that it belongs to.
    pub lane: usize,
    /// What it stands for.
    pub kind: LineKind,
}

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineKind {
    /// A chain.
    Chain,
    /// A chain, with states between that are not drawn.
    Gap,
    /// The part of a chain that a join left which did not end.
    Joined,
    /// From a disk that no chain reaches to what it stands on.
    OffChain,
    /// Of a replica that nobody supplied.
    Absent,
}

impl Drawing {
    /// Lays out a history.
    pub fn of(history: &History, scope: Scope) -> Self {
        let lanes = Lanes::of(history, scope.lanes);
        let (rows, spots, mut left_out) = rows::rows(history, &lanes, scope);
        let lines = lines::lines(history, &lanes, &rows, &spots);
        if lanes.left_out > 0 {
            left_out.insert(0, format!("{} more replicas have no lane in this drawing.", lanes.left_out));
        }
        let bottom = rows.last().map_or(MARGIN, |row| row.y);
        let words = rows.last().map_or(0, |row| row.words.len().saturating_sub(1) as u32);
        let mut drawn = lanes.drawn();
        for (at, lane) in drawn.iter_mut().enumerate() {
            let reached = rows.iter().filter(|row| row.dots.iter().any(|(of, _)| *of == at));
            lane.end = reached.map(|row| row.y).max().unwrap_or(lane.y);
        }
        Self {
            width: lanes.words + COLUMNS as u32 * COLUMN_TENTHS / 10 + MARGIN,
            height: bottom + words * LINE + LINE + MARGIN,
            lanes: drawn,
            rows,
            lines,
            left_out,
        }
    }
}
