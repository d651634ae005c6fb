//! The states that two replicas share, found from the base upward.
//!
//! Equal names alone prove nothing: every refused join leaves one name on both sides over unrelated content.
//! Such names stand above the point where the histories part, so a walk from the base meets that point first
//! and stops. Nor do name and counter: two that ran alone can take user snapshots of one name, so `Created` must
//! agree. Clean-up is looked through: each replica merges old automatic snapshots by itself, but only strictly below its
//! Checkpoint, and gives the snapshot that takes them in the counter of what it took in.

use super::layers::Layers;
use crate::ident::{Counter, DiskName};

/// Layers of two replicas that are one state, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shared {
    /// Levels in the first and in the second chain.
    pub pairs: Vec<(usize, usize)>,
    /// Snapshots right above the newest of them that one side still has and the other merged into it: how many of the
    /// first, and of the second. One of both is 0.
    pub merged: (usize, usize),
    /// Whether clean-up made the chains differ below the newest shared state.
    pub skew: bool,
    /// Why the walk ended, where it did not simply come to the tips.
    pub stop: Option<Stop>,
}

/// Why no further state is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The oldest disks have different names.
    Base,
    /// This name is in both chains, with counters that cannot be of one state.
    Counters(DiskName, Counter, Counter),
    /// This name is in both chains, made at different times.
    Created(DiskName),
    /// This name is in both chains, but below it one has snapshots that the other cannot have merged away.
    Unmerged(DiskName),
    /// Records call this state equal; its blocks are not.
    Content(DiskName),
}

impl Shared {
    /// The newest shared state: levels in both chains.
    pub fn newest(&self) -> Option<(usize, usize)> {
        let (a, b) = self.pairs.last()?;
        Some((a + self.merged.0, b + self.merged.1))
    }

    /// Forgets every state above and at `index`.
    pub(super) fn cut(&mut self, index: usize, name: DiskName) {
        self.pairs.truncate(index);
        self.merged = (0, 0);
        self.stop = Some(Stop::Content(name));
    }
}

/// Walks both chains from the base, without a look at what they hold.
pub fn shared(a: &Layers, b: &Layers) -> Shared {
    let mut out = Shared::default();
    let (Some(top_a), Some(top_b)) = (ceiling(a), ceiling(b)) else { return out };
    let (mut next_a, mut next_b) = (0, 0);
    while let Some((at_a, at_b)) = next_common(a, b, next_a..top_a, next_b..top_b) {
        let name = &a.list[at_a].name;
        if out.pairs.is_empty() && (at_a, at_b) != (0, 0) {
            out.stop = Some(Stop::Base);
            return out;
        }
        if created_apart(a, at_a, b, at_b) {
            out.stop = Some(Stop::Created(name.clone()));
            return out;
        }
        if !merged_away(a, next_a..at_a, b, at_b) || !merged_away(b, next_b..at_b, a, at_a) {
            out.stop = Some(Stop::Unmerged(name.clone()));
            return out;
        }
        if let Some((ca, cb)) = contradiction(a, at_a, b, at_b) {
            out.stop = Some(Stop::Counters(name.clone(), ca, cb));
            return out;
        }
        out.skew |= at_a > next_a || at_b > next_b;
        out.pairs.push((at_a, at_b));
        (next_a, next_b) = (at_a + 1, at_b + 1);
    }
    if !out.pairs.is_empty() {
        let trailing = |one: &Layers, next: usize, top: usize, other: &Layers, over: usize| {
            let snapshots = next..top.max(next);
            if merged_away(one, snapshots.clone(), other, over) { snapshots.len() } else { 0 }
        };
        out.merged = (trailing(a, next_a, top_a, b, next_b), trailing(b, next_b, top_b, a, next_a));
        // What each has above is its own, if both have something.
        if out.merged.0 > 0 && out.merged.1 > 0 {
            out.merged = (0, 0);
        }
        out.skew |= out.merged != (0, 0);
    }
    out
}

/// Whether two disks of one name were made at different times, so that they are not one snapshot.
fn created_apart(a: &Layers, at_a: usize, b: &Layers, at_b: usize) -> bool {
    let (one, two) = (&a.list[at_a].created, &b.list[at_b].created);
    matches!((one, two), (Some(one), Some(two)) if one != two && !one.is_empty() && !two.is_empty())
}

/// One past the last layer that may be a shared state: a head never is, each writes into its own.
fn ceiling(layers: &Layers) -> Option<usize> {
    let tip = layers.tip?;
    Some(if Some(tip) == layers.head() { tip } else { tip + 1 })
}

/// The next name that is in both ranges, by its place in `a`.
fn next_common(
    a: &Layers,
    b: &Layers,
    in_a: std::ops::Range<usize>,
    in_b: std::ops::Range<usize>,
) -> Option<(usize, usize)> {
    let mut places: Option<std::collections::BTreeMap<&DiskName, usize>> = None;
    for at_a in in_a {
        let name = &a.list[at_a].name;
        // Nearly always the very next one; the index is only made for chains that differ.
        if b.list.get(in_b.start).is_some_and(|layer| in_b.start < in_b.end && layer.name == *name) {
            return Some((at_a, in_b.start));
        }
        let places = places.get_or_insert_with(|| in_b.clone().map(|at| (&b.list[at].name, at)).collect());
        if let Some(at_b) = places.get(name) {
            return Some((at_a, *at_b));
        }
    }
    None
}

/// Whether clean-up of `other` can have merged away all of `range`, into its disk right below `over`.
fn merged_away(layers: &Layers, range: std::ops::Range<usize>, other: &Layers, over: usize) -> bool {
    range.is_empty()
        || over
            .checked_sub(1)
            .is_some_and(|into| layers.list[range].iter().all(|layer| other.can_have_merged(into, layer)))
}

/// Counters that cannot be of one state.
fn contradiction(a: &Layers, at_a: usize, b: &Layers, at_b: usize) -> Option<(Counter, Counter)> {
    let (la, lb) = (&a.list[at_a], &b.list[at_b]);
    let (ca, cb) = (la.counter?, lb.counter?);
    if ca == cb || !la.counts || !lb.counts {
        return None;
    }
    // The one with more may have taken in newer snapshots, which the other still has right above, or has merged
    // into others there.
    let (more, more_at, less, less_at, count) =
        if ca > cb { (a, at_a, b, at_b, ca) } else { (b, at_b, a, at_a, cb) };
    let below_checkpoint = more.checkpoint.is_some_and(|checkpoint| checkpoint > more_at);
    let taken_in = less.list[less_at + 1..]
        .iter()
        .take_while(|layer| more.level(&layer.name).is_none())
        .any(|layer| layer.counter >= Some(count)); // more, if the other side merged on
    if below_checkpoint && taken_in { None } else { Some((ca, cb)) }
}
