//! The volume split by who supplies what on either side, from extents alone.

use super::layers::Layers;
use super::shared::Shared;
use super::supply::Supply;
use crate::ident::Runs;

/// The own views of two replicas.
pub(super) struct Views {
    pub a: Supply,
    pub b: Supply,
}

impl Views {
    pub fn of(a: &Layers, b: &Layers) -> Self {
        Self { a: Supply::view(a, a.tip), b: Supply::view(b, b.tip) }
    }
}

/// The volume by supplier, regardless of content.
#[derive(Default)]
pub(super) struct Parts {
    /// Only the first has it above the newest shared state.
    pub only_a: Runs,
    pub only_b: Runs,
    /// Both have it there.
    pub both: Runs,
    /// Neither has it there; the first is supplied by the newer layer.
    pub above_a: Runs,
    pub above_b: Runs,
    /// Of those, where the older side has no layer at all.
    pub hole: Runs,
    /// Neither has it there, one layer supplies both: by index of the shared state.
    pub same: Vec<Runs>,
    /// Of those, what a snapshot supplies that only one side still has as a disk of its own.
    pub merged: Runs,
}

/// Splits the volume.
pub(super) fn split(views: &Views, shared: &Shared) -> Parts {
    let mut parts = Parts { same: vec![Runs::new(); shared.pairs.len()], ..Parts::default() };
    let newest = shared.newest();
    let last = shared.pairs.last().copied();
    let (map_a, map_b) = Mapping::both(shared);
    for (run, level_a, level_b) in views.a.zip(&views.b) {
        let own_a = level_a.is_some_and(|level| newest.is_none_or(|(at, _)| level > at));
        let own_b = level_b.is_some_and(|level| newest.is_none_or(|(_, at)| level > at));
        let into = match (own_a, own_b) {
            (true, true) => &mut parts.both,
            (true, false) => &mut parts.only_a,
            (false, true) => &mut parts.only_b,
            (false, false) => {
                let (state_a, state_b) = (map_a.state(level_a), map_b.state(level_b));
                if state_a.is_none() || state_b.is_none() {
                    parts.hole.push(run.start, run.end);
                }
                match (state_a, state_b) {
                    (Some(at), Some(bt)) if at == bt => {
                        let above =
                            |level: Option<usize>, newest: usize| level.is_some_and(|level| level > newest);
                        if last.is_some_and(|(a, b)| above(level_a, a) || above(level_b, b)) {
                            parts.merged.push(run.start, run.end);
                        }
                        &mut parts.same[at]
                    }
                    _ if state_a > state_b => &mut parts.above_a,
                    _ => &mut parts.above_b,
                }
            }
        };
        into.push(run.start, run.end);
    }
    parts
}

/// From a level at or below the newest shared state to the shared state that it is part of: a snapshot that the
/// other side merged away counts as the one below it, into which it went.
pub(super) struct Mapping(Vec<usize>);

impl Mapping {
    /// Those of the first and of the second side.
    pub fn both(shared: &Shared) -> (Self, Self) {
        let (a, b): (Vec<usize>, Vec<usize>) = shared.pairs.iter().copied().unzip();
        (Self::new(&a, shared.merged.0), Self::new(&b, shared.merged.1))
    }

    fn new(levels: &[usize], merged: usize) -> Self {
        let mut map = Vec::new();
        for (state, level) in levels.iter().enumerate() {
            map.resize(*level, state.saturating_sub(1));
            map.push(state);
        }
        map.resize(map.len() + merged, levels.len().saturating_sub(1));
        Self(map)
    }

    /// The shared state of a level; `None` for a hole, and above the newest.
    pub fn state(&self, level: Option<usize>) -> Option<usize> {
        self.0.get(level?).copied()
    }
}

/// What a replica's version of a block at the newest shared state is, against what the other side shows there.
#[derive(Default)]
pub(super) struct Formerly {
    /// The same shared state supplies both, so what each holds can be compared.
    pub kept: Runs,
    /// The other side shows a newer shared state than this one still has: its version of then is gone.
    pub gone: Runs,
}

/// Compares what `owner` had at the newest shared state with what `other` shows, by supplier.
pub(super) fn formerly(owner: &Layers, other: &Supply, shared: &Shared, owner_is_a: bool) -> Formerly {
    let top = shared.newest().map(|(at, bt)| if owner_is_a { at } else { bt });
    let then = Supply::view(owner, top.filter(|_| !shared.pairs.is_empty()));
    let (map_a, map_b) = Mapping::both(shared);
    let (mine, theirs) = if owner_is_a { (map_a, map_b) } else { (map_b, map_a) };
    let mut out = Formerly::default();
    for (run, own, held) in then.zip(other) {
        let (own, held) = (mine.state(own), held.map(|level| theirs.state(Some(level))));
        match (own, held) {
            // A hole on the other side reads as zeros, whatever was there: it lost what this one had.
            (_, None) => {}
            (Some(own), Some(Some(held))) if own == held => out.kept.push(run.start, run.end),
            (Some(own), Some(Some(held))) if own > held => {} // the other side shows what is older still
            _ => out.gone.push(run.start, run.end),
        }
    }
    out
}
