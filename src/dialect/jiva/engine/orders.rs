//! Which orders of joining are walked, and why no more.
//!
//! Up to [`ALL_UP_TO`] joiners it is every order, and up to [`TURNED_UP_TO`] each that is a rotation of the sorted one,
//! forwards and backwards. Beyond that there are more orders than anybody reads, and only the *telling* ones are walked.
//!
//! What a start turns on, and why the telling orders show it:
//!
//! - **Whether Jiva lets one in** is the same in every order: its Checkpoint stands in the leader's chain or not, and what
//!   a join adds to that chain no Checkpoint names. So those whom the leader accepts are known from one look at each.
//! - **How many come in** is bounded by the factor and by who can take no more snapshots: each try, also one that is
//!   refused, makes a snapshot on all that are in, and one that fails anywhere ends every later try. Most are in if
//!   the accepted come first, those with room for the most snapshots before the others: one that joins later sees
//!   fewer tries (first order). Fewest are in if tries are spent before anybody joins (second order), or once the one with
//!   the least room has joined (third order, where that one has not room for all). Between them lie all others, so whether some order comes up
//!   writable, and whether some does not, is what these show.
//! - **What the volume then lacks** is what the leader lacks of any replica, whoever joins: the same in every order.
//! - **What a join makes of a joiner** is one of two things: what it is as the first, or what it is as any later one, when the
//!   leader's chain has a snapshot more. The first is the join of the pair alone, which is kept for all pairs; the
//!   others are met in one of the first two orders by everybody who comes in there, since nobody is first in both.
//!
//! What is left out is how the gains and losses of several joins add up for each choice of joiners. The answer counts what
//! was left out; `tests/library/starts.rs` holds the telling orders against all of them, up to six replicas.

use std::collections::BTreeSet;

/// Up to so many joiners every order is walked.
const ALL_UP_TO: usize = 5;

/// Up to so many joiners each is once the first, and once the last, of an order.
const TURNED_UP_TO: usize = 12;

/// Counts stop here, where every reader of JSON still has whole numbers; it stands for so many or more.
pub const COUNTLESS: u64 = 1_000_000_000_000_000;

/// What the leader makes of a joiner that is the first to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Welcome {
    /// Whether it is let in.
    pub accepted: bool,
    /// For how many more snapshots it then has room, as far as that was counted.
    pub room: usize,
}

/// The orders to walk for so many joiners, each as places in their list; `welcome` is only asked where not all are.
pub(super) fn orders(count: usize, welcome: impl Fn(usize) -> Welcome) -> Vec<Vec<usize>> {
    if count <= ALL_UP_TO {
        all(count)
    } else if count <= TURNED_UP_TO {
        let turned = |turn: usize| (0..count).map(move |at| (at + turn) % count);
        (0..count).flat_map(|turn| [turned(turn).collect(), turned(turn).rev().collect()]).collect()
    } else {
        telling(&(0..count).map(welcome).collect::<Vec<_>>())
    }
}

/// Every order.
fn all(count: usize) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new()];
    for _ in 0..count {
        let longer = |order: &Vec<usize>| -> Vec<Vec<usize>> {
            let free = (0..count).filter(|at| !order.contains(at));
            free.map(|at| order.iter().copied().chain([at]).collect()).collect()
        };
        out = out.iter().flat_map(longer).collect();
    }
    out
}

/// The orders that show what any can show, as the head of this file has it.
pub(super) fn telling(welcome: &[Welcome]) -> Vec<Vec<usize>> {
    let (mut accepted, others): (Vec<usize>, Vec<usize>) =
        (0..welcome.len()).partition(|at| welcome[*at].accepted);
    accepted.sort_by_key(|at| std::cmp::Reverse(welcome[*at].room));
    let backwards = || accepted.iter().rev().copied();
    let mut out: Vec<Vec<usize>> = vec![
        accepted.iter().chain(&others).copied().collect(),
        others.iter().rev().copied().chain(backwards()).collect(),
    ];
    if let Some(least) = accepted.last()
        && welcome[*least].room + 1 < welcome.len()
        && !others.is_empty()
    {
        let rest = backwards().skip(1);
        out.push([*least].into_iter().chain(others.iter().copied()).chain(rest).collect());
    }
    // Of few joiners some of them are the same, and not always neighbours.
    let mut seen = BTreeSet::new();
    out.retain(|order| seen.insert(order.clone()));
    out
}

/// How many orders there are for so many joiners.
pub(super) fn how_many(count: usize) -> u64 {
    (1..=count as u64).fold(1, |product: u64, n| product.saturating_mul(n).min(COUNTLESS))
}
