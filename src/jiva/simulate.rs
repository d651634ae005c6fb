//! A whole start: a leader, and the rest joining one after the other.
//!
//! Each join starts from what the one before left. Nothing is written meanwhile: what is foretold is what becomes of
//! the data that are there.

use std::collections::BTreeSet;

use super::join::{Outcome, attach};
use super::start::{Original, Standing};
use super::version::Version;
use crate::ident::{DiskName, Label};

/// From this many joiners on not every order is walked: there are more than a person could choose from.
const ALL_ORDERS_UP_TO: usize = 5;

/// One join of a course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who joins.
    pub joiner: Label,
    /// How it ends.
    pub outcome: Outcome,
}

/// One way in which a volume can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// The first to be RW.
    pub leader: Label,
    /// The joins, in order.
    pub steps: Vec<Step>,
    /// Who is RW at the end, the leader first, each as it stands then.
    pub members: Vec<Standing>,
    /// Who came up and is not RW, each as it stands then.
    pub outside: Vec<Standing>,
    /// Whether as many are RW as a write needs.
    pub writable: bool,
}

impl Course {
    /// The images that some file still holds at the end, on any side.
    pub fn held(&self) -> BTreeSet<&Original> {
        self.members.iter().chain(&self.outside).flat_map(Standing::held).collect()
    }
}

/// Every course with this leader: the rest join in every order, or, where they are many, in each order that is a
/// rotation of the sorted one, forwards and backwards.
pub fn courses(started: &[Standing], leader: &Label, factor: usize, version: Version) -> Vec<Course> {
    let Some(first) = started.iter().find(|one| one.label == *leader) else { return Vec::new() };
    let rest: Vec<&Standing> = started.iter().filter(|one| one.label != *leader).collect();
    orders(rest.len())
        .into_iter()
        .map(|order| course(first, order.iter().map(|at| rest[*at]), factor, version))
        .collect()
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count > ALL_ORDERS_UP_TO {
        let turned = |turn: usize| (0..count).map(move |at| (at + turn) % count);
        return (0..count).flat_map(|turn| [turned(turn).collect(), turned(turn).rev().collect()]).collect();
    }
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

fn course<'s>(
    leader: &Standing,
    joiners: impl Iterator<Item = &'s Standing>,
    factor: usize,
    version: Version,
) -> Course {
    let mut out = Course {
        leader: leader.label.clone(),
        steps: Vec::new(),
        members: vec![leader.clone()],
        outside: Vec::new(),
        writable: false,
    };
    move_checkpoints(&mut out.members, factor, version);
    for (at, joiner) in joiners.enumerate() {
        let mut joiner = joiner.clone();
        let outcome = if out.members.len() >= factor {
            let added = out.members.len();
            Outcome::Error(format!(
                "can't add {}, error: replication factor: {factor}, added replicas: {added}",
                joiner.label
            ))
        } else {
            let name = DiskName::new(format!("volume-snap-<join-{}>.img", at + 1));
            attach(&mut out.members, &mut joiner, &name, version)
        };
        let label = joiner.label.clone();
        if outcome.is_accepted() {
            out.members.push(joiner);
            move_checkpoints(&mut out.members, factor, version);
        } else {
            out.outside.push(joiner);
        }
        out.steps.push(Step { joiner: label, outcome });
    }
    out.writable = out.members.len() > factor / 2;
    out
}

/// With as many RW as the factor, all take the newest snapshot that they have in common as their Checkpoint.
fn move_checkpoints(members: &mut [Standing], factor: usize, version: Version) {
    if members.len() != factor || !version.has_checkpoints() {
        return;
    }
    let newest = members[0].chain.get(1).cloned();
    if newest.is_some() && members.iter().all(|member| member.chain.get(1) == newest.as_ref()) {
        members.iter_mut().for_each(|member| member.checkpoint.clone_from(&newest));
    }
}
