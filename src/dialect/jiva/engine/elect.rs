//! Which replica the controller makes the leader.
//!
//! The first factor/2 + 1 replicas to register decide; the others never have a say. Of those the highest counter
//! wins, and at equal counters the first to register. Entries that somebody left in the controller's list spoil
//! that: they count for the majority, and a higher counter among them hands the candidacy to the next one to register.

use std::collections::BTreeMap;

use super::orders::COUNTLESS;
use super::start::Standing;
use crate::finding::WonBy;
use crate::ident::{Counter, Label};

/// An election for one order of registering.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Election {
    /// The replicas registered when the leader is signalled, first to last.
    pub order: Vec<Label>,
    /// Who is signalled.
    pub leader: Label,
    /// Why.
    pub condition: WonBy,
    /// Whether this is what happens when all come up at the same time: no tie, so the order does not matter.
    pub likely: bool,
}

/// A registration, as the controller keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Registration {
    /// Whose: one replica has one entry, whatever its address.
    pub label: Label,
    /// The counter it gave.
    pub counter: Counter,
    /// Whether it gave that it is being rebuilt: it is then counted, and never elected.
    pub rebuilding: bool,
}

/// The leader that is signalled, and by how many of the arrivals: `None` if they make no quorum.
///
/// `left` are entries that lie in the controller's list before the first arrival while it has no candidate: those of
/// replicas that are gone, or of a leader that died. An arrival replaces the entry of its own replica.
pub fn elect_among(
    left: &[Registration],
    arrivals: &[Registration],
    factor: usize,
) -> Option<(Label, usize)> {
    let quorum = factor / 2 + 1;
    let mut list: BTreeMap<&Label, &Registration> = left.iter().map(|entry| (&entry.label, entry)).collect();
    let mut candidate: Option<&Registration> = None;
    for (at, arrival) in arrivals.iter().enumerate() {
        list.insert(&arrival.label, arrival);
        if arrival.rebuilding {
            continue;
        }
        let outbid = |standing: &Registration| list.values().any(|entry| entry.counter > standing.counter);
        if candidate.is_none_or(outbid) {
            candidate = Some(arrival); // the one that registers now, whichever has the higher counter
        }
        if list.len() >= quorum {
            return candidate.map(|chosen| (chosen.label.clone(), at + 1));
        }
    }
    None
}

/// The leader of replicas that register in the given order with a controller that knows nobody yet.
fn elect<'s>(order: &[&'s Standing]) -> Option<&'s Standing> {
    let able = || order.iter().copied().filter(|one| !one.rebuilding);
    let highest = able().map(|one| one.counter).max()?;
    able().find(|one| one.counter == highest)
}

/// Orders of registering up to which all are listed. With three of a factor of 3 there are 6, with five of 5 there are 60.
const ALL_ORDERS: usize = 5040;

/// Every election that can happen: every ordered choice of as many replicas as make a quorum, by label. Where nobody could
/// read them all, one for each replica that can come to lead: a leader wins by being first among those whose counters are
/// no higher, so one order shows that it can. With it, how many were left out.
pub(super) fn elections(started: &[&Standing], factor: usize) -> (Vec<Election>, u64) {
    let quorum = factor / 2 + 1;
    if started.len() < quorum {
        return (Vec::new(), 0);
    }
    let mut out = Vec::new();
    let orders = (0..quorum).try_fold(1_usize, |orders, chosen| orders.checked_mul(started.len() - chosen));
    if orders.is_none_or(|orders| orders > ALL_ORDERS) {
        for leader in started.iter().filter(|one| !one.rebuilding) {
            let follows = |one: &&&Standing| one.rebuilding || one.counter <= leader.counter;
            let others = started.iter().filter(|one| one.label != leader.label).filter(follows);
            let order: Vec<&Standing> = [*leader].into_iter().chain(others.copied()).take(quorum).collect();
            out.extend((order.len() == quorum).then(|| election(started, &order)).flatten());
        }
    } else {
        choose(started, quorum, &mut Vec::new(), &mut out);
    }
    out.sort();
    // An order of those alone that are being rebuilt elects nobody.
    let rebuilding = started.iter().filter(|one| one.rebuilding).count();
    let all = ordered_choices(started.len(), quorum);
    let left_out =
        if all == COUNTLESS { all } else { all - ordered_choices(rebuilding, quorum) - out.len() as u64 };
    (out, left_out)
}

/// In how many orders so many of them can be chosen.
fn ordered_choices(of: usize, choose: usize) -> u64 {
    (0..choose as u64).fold(1, |product: u64, chosen| {
        product.saturating_mul((of as u64).saturating_sub(chosen)).min(COUNTLESS)
    })
}

fn choose<'s>(
    started: &[&'s Standing],
    quorum: usize,
    order: &mut Vec<&'s Standing>,
    out: &mut Vec<Election>,
) {
    if order.len() == quorum {
        out.extend(election(started, order));
        return;
    }
    for &one in started {
        if order.iter().all(|chosen| chosen.label != one.label) {
            order.push(one);
            choose(started, quorum, order, out);
            order.pop();
        }
    }
}

fn election(started: &[&Standing], order: &[&Standing]) -> Option<Election> {
    let leader = elect(order)?;
    let rivals = order.iter().filter(|one| one.label != leader.label && !one.rebuilding);
    let tie = order.len() > 1 && rivals.clone().any(|one| one.counter == leader.counter);
    let highest = started.iter().filter(|one| !one.rebuilding).map(|one| one.counter).max();
    Some(Election {
        order: order.iter().map(|one| one.label.clone()).collect(),
        leader: leader.label.clone(),
        condition: condition(order, leader, tie),
        likely: !tie && highest == Some(leader.counter),
    })
}

fn condition(order: &[&Standing], leader: &Standing, tie: bool) -> WonBy {
    let counter = leader.counter;
    if order.len() == 1 {
        WonBy::Alone
    } else if tie {
        WonBy::First { counter }
    } else {
        let some_rebuilding = order.iter().any(|one| one.rebuilding);
        WonBy::Counter { counter, registered: order.len(), some_rebuilding }
    }
}
