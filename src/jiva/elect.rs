//! Which replica the controller makes the leader.
//!
//! The first factor/2 + 1 replicas to register decide; the others never have a say. Of those the highest counter
//! wins, and at equal counters whoever registered first.

use super::start::Started;
use crate::ident::Label;

/// An election for one order of registering.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Election {
    /// The replicas registered when the leader is signalled, first to last.
    pub order: Vec<Label>,
    /// Who is signalled.
    pub leader: Label,
    /// Why, in words.
    pub condition: String,
}

/// The leader of replicas that register in the given order, the last of them making the quorum.
pub fn elect<'a, 's>(order: &[&'s Started<'a>]) -> Option<&'s Started<'a>> {
    let mut candidate = *order.first()?;
    for registering in &order[1..] {
        if registering.counter > candidate.counter {
            candidate = registering;
        }
    }
    Some(candidate)
}

/// Every election that can happen: every ordered choice of as many replicas as make a quorum, by label.
pub fn elections(started: &[Started<'_>], factor: usize) -> Vec<Election> {
    let quorum = factor / 2 + 1;
    let mut out = Vec::new();
    let mut order: Vec<&Started<'_>> = Vec::new();
    choose(started, quorum, &mut order, &mut out);
    out.sort();
    out
}

fn choose<'a, 's>(
    started: &'s [Started<'a>],
    quorum: usize,
    order: &mut Vec<&'s Started<'a>>,
    out: &mut Vec<Election>,
) {
    if order.len() == quorum {
        let Some(leader) = elect(order) else { return };
        out.push(Election {
            order: order.iter().map(|one| one.label().clone()).collect(),
            leader: leader.label().clone(),
            condition: condition(order, leader),
        });
        return;
    }
    for one in started {
        if order.iter().all(|chosen| chosen.label() != one.label()) {
            order.push(one);
            choose(started, quorum, order, out);
            order.pop();
        }
    }
}

fn condition(order: &[&Started<'_>], leader: &Started<'_>) -> String {
    if order.len() == 1 {
        return "it is the first to register, and one makes a quorum".to_owned();
    }
    let rivals = order.iter().filter(|one| one.label() != leader.label());
    let tie = rivals.clone().any(|one| one.counter == leader.counter);
    if tie {
        format!("equal counters ({}): the first to register wins", leader.counter)
    } else {
        format!("the highest counter ({}) of the first {} to register", leader.counter, order.len())
    }
}
