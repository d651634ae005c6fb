//! What each disk of a chain stores that the view shows, that newer disks hide, and that no other disk stores.
//!
//! From extents alone. One sweep over all layers at once, with a place in each: it takes room for the layers and not for
//! the extents.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::ident::Runs;
use crate::replica::{Replica, State};

/// Bytes of one disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// Stored in it.
    pub stored: u64,
    /// Stored in it, with nothing above or below it in the chain that stores anything there.
    pub alone: u64,
    /// Stored in it, but a newer disk of the chain stores something there, so the view does not show it.
    pub shadowed: u64,
}

/// Bytes of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Space {
    /// Stored in all disks together.
    pub stored: u64,
    /// Of these, what newer disks hide.
    pub shadowed: u64,
    /// Each disk, head first, as [`Replica::chain`] is.
    pub disks: Vec<Held>,
}

impl Space {
    /// The space of a replica's chain; `None` where not every image's extents are known.
    pub fn of(replica: &Replica) -> Option<Self> {
        if replica.state == State::Broken || replica.chain.is_empty() || !replica.has_images() {
            return None;
        }
        let none = Runs::new();
        let layers: Option<Vec<&Runs>> = replica
            .chain_disks()
            .rev()
            .map(|disk| match &disk.image {
                None => Some(&none),
                Some(image) => image.extents.as_ref().ok().map(|extents| &extents.runs),
            })
            .collect();
        let mut disks = held(&layers?);
        disks.reverse();
        let sum = |of: fn(&Held) -> u64| disks.iter().map(of).fold(0, u64::saturating_add);
        Some(Self { stored: sum(|one| one.stored), shadowed: sum(|one| one.shadowed), disks })
    }

    /// What the view shows of what is stored.
    pub fn shown(&self) -> u64 {
        self.stored - self.shadowed
    }
}

/// The bytes of each of stacked layers, base first.
fn held(layers: &[&Runs]) -> Vec<Held> {
    let mut out: Vec<Held> =
        layers.iter().map(|runs| Held { stored: runs.bytes(), ..Held::default() }).collect();
    let mut shown = vec![0u64; layers.len()];
    // The next edge of each layer: edges 2n and 2n+1 are start and end of its run n.
    let edge = |level: usize, at: usize| {
        let run = layers[level].as_slice().get(at / 2)?;
        Some(if at.is_multiple_of(2) { run.start } else { run.end })
    };
    let mut coming: BinaryHeap<Reverse<(u64, usize, usize)>> =
        (0..layers.len()).filter_map(|level| Some(Reverse((edge(level, 0)?, level, 0)))).collect();
    let mut open: BTreeSet<usize> = BTreeSet::new();
    let mut from = 0;
    while let Some(Reverse((at, level, number))) = coming.pop() {
        if let Some(top) = open.last().copied() {
            let bytes = at - from;
            shown[top] += bytes;
            if open.len() == 1 {
                out[top].alone += bytes;
            }
        }
        from = at;
        if number.is_multiple_of(2) {
            open.insert(level);
        } else {
            open.remove(&level);
        }
        if let Some(next) = edge(level, number + 1) {
            coming.push(Reverse((next, level, number + 1)));
        }
    }
    for (one, shown) in out.iter_mut().zip(shown) {
        one.shadowed = one.stored - shown;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::Run;
    use proptest::prelude::*;

    fn runs() -> impl Strategy<Value = Runs> {
        prop::collection::vec((0u64..40, 1u64..9), 0..6).prop_map(|v| {
            Runs::from_unsorted(v.into_iter().map(|(s, n)| Run { start: s, end: s + n }).collect())
        })
    }

    proptest! {
        #[test]
        fn every_byte_is_counted_where_it_lies(stack in prop::collection::vec(runs(), 0..7)) {
            let found = held(&stack.iter().collect::<Vec<_>>());
            let has = |level: usize, at: u64| stack[level].iter().any(|run| run.start <= at && at < run.end);
            for (level, held) in found.iter().enumerate() {
                let mut expected = Held::default();
                for at in (0..60).filter(|at| has(level, *at)) {
                    expected.stored += 1;
                    expected.shadowed += u64::from((level + 1..stack.len()).any(|above| has(above, at)));
                    expected.alone += u64::from((0..stack.len()).all(|other| other == level || !has(other, at)));
                }
                prop_assert_eq!(*held, expected);
            }
        }
    }
}
