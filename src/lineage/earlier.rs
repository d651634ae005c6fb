//! Whether one replica is an earlier point of the other's timeline.
//!
//! Counters alone never tell it: one that ran alone counts as well. What a replica wrote must be less than what the other
//! wrote, and the snapshots that either has above the state they share must let it have gone no later than that.

use super::layers::{Layer, Layers};
use super::relation::Side;
use crate::ident::{Counter, Runs};

/// The side that is an earlier point of the other's timeline: all that it wrote above the shared state lies in what was
/// one head, it has the lower counter, and wrote no block that the other did not write too.
pub(super) fn lesser(
    a: &Layers,
    b: &Layers,
    own_a: &Runs,
    own_b: &Runs,
    newest: Option<(usize, usize)>,
) -> Option<Side> {
    let (at, bt) = newest?;
    let (ca, cb) = (a.counter?, b.counter?);
    if ca < cb && own_a.is_subset(own_b) && is_earlier(a, at, b, bt) {
        Some(Side::A)
    } else if cb < ca && own_b.is_subset(own_a) && is_earlier(b, bt, a, at) {
        Some(Side::B)
    } else {
        None
    }
}

/// Whether the layers above the shared states `at` and `bt` let `less` be an earlier point of the timeline of `more`.
pub(super) fn is_earlier(less: &Layers, at: usize, more: &Layers, bt: usize) -> bool {
    if went_on_alone(less, more, bt) {
        return false;
    }
    let [first, rest @ ..] = above(less, at) else { return true };
    // A snapshot after which no write was counted changes nothing. What lies above it came from the other side, where
    // that has it too: of a join that stopped before it left any other mark. Where that has not, the two were not RW
    // together then, and only a snapshot of its own tells where the other stood when it went on without.
    let stood_still = first.counts && first.counter == less.counter;
    let received = more.level(&first.name).is_some();
    let nothing = first_snapshot(more, bt).is_some() && rest.iter().all(|layer| layer.blocks.is_empty());
    rest.is_empty() || (stood_still && (received || nothing))
}

/// Whether a replica counted writes after the other took a snapshot above the state `shared` that it lacks.
///
/// A snapshot goes to all that are RW, so a replica that lacks one was away from its counter on, and counted more only on its
/// own. One write more may be the one that was in flight when it went. A member on which every snapshot fails stays RW
/// without them.
fn went_on_alone(one: &Layers, other: &Layers, shared: usize) -> bool {
    !one.cannot_snapshot
        && matches!(
            (one.counter, first_snapshot(other, shared)),
            (Some(count), Some(taken)) if count.0 > taken.0.saturating_add(1)
        )
}

/// The counter at which a replica took its first snapshot above a shared state.
fn first_snapshot(layers: &Layers, shared: usize) -> Option<Counter> {
    let (_, snapshots) = above(layers, shared).split_last()?;
    snapshots.iter().filter(|layer| layer.counts).filter_map(|layer| layer.counter).min()
}

/// The layers above a shared state, up to the tip.
fn above(layers: &Layers, shared: usize) -> &[Layer] {
    let end = layers.tip.map_or(0, |tip| tip + 1);
    layers.list.get(shared + 1..end).unwrap_or_default()
}
