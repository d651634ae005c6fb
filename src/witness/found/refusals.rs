//! Joins that the controller refused, each replica and reason by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::Account;
use super::super::process::Run;
use super::super::{Address, End, Event, Moment, Refusal};
use super::{name, text};
use crate::finding::{Attempt, Exhibit, Facts, Finding, RefusedJoins};
use crate::ident::Counter;

#[derive(Default)]
struct Group {
    count: u64,
    first: Option<Moment>,
    last: Option<Moment>,
    by: BTreeSet<Address>,
    latest: Attempt,
    evidence: Vec<Exhibit>,
}

/// Lines that a finding shows.
const SHOWN: usize = 4;

/// Finds them.
pub(super) fn refusals(account: &Account<'_>, out: &mut Vec<Finding>) {
    let mut groups: BTreeMap<(&str, Refusal), Group> = BTreeMap::new();
    for replica in &account.processes.replicas {
        for run in &replica.runs {
            let Some(End::Refused(reason)) = run.life.end else { continue };
            let Some(last) = run.life.sightings.iter().rev().find(|one| matches!(one.event, Event::Fatal(_)))
            else {
                continue;
            };
            let group = groups.entry((&replica.name, reason)).or_default();
            let at = run.at(last.at);
            group.count += 1;
            group.first = match (group.first, at) {
                (Some(first), Some(at)) => Some(first.min(at)),
                (first, at) => first.or(at),
            };
            if at >= group.last {
                group.latest = attempt(run, at);
            }
            let rw = run.life.sightings.iter().rev().find_map(|one| match &one.event {
                Event::Counters { rw, .. } | Event::Source(rw) => Some(rw.clone()),
                _ => None,
            });
            group.last = group.last.max(at);
            group.by.extend(rw.filter(|_| reason == Refusal::CheckpointUnknown));
            if group.evidence.len() == SHOWN {
                group.evidence.pop();
            }
            group.evidence.push(account.exhibit(run.file, last));
        }
    }
    for ((replica, reason), group) in groups {
        let facts = RefusedJoins {
            replica: replica.to_owned(),
            reason: reason.name().to_owned(),
            count: group.count,
            first: text(group.first),
            last: text(group.last),
            by: group.by.iter().map(name).collect(),
            latest: group.latest,
            about_data: reason == Refusal::CheckpointUnknown,
        };
        out.push(Finding::volume(Facts::JoinRefused(facts), group.evidence));
    }
}

/// What the lines before the last one tell of a join.
fn attempt(run: &Run<'_>, at: Option<Moment>) -> Attempt {
    let mut out = Attempt { at: text(at), address: run.life.address().map(name), ..Attempt::default() };
    for one in &run.life.sightings {
        match &one.event {
            Event::Source(rw) => out.rw_address = Some(name(rw)),
            Event::Counters { rw, rw_counter, own_counter, .. } => {
                out.rw_address = Some(name(rw));
                (out.rw_counter, out.own_counter) = (Some(Counter(*rw_counter)), Some(Counter(*own_counter)));
            }
            Event::Chains { rw, own } => {
                (out.rw_head, out.own_head) = (rw.head().cloned(), own.head().cloned());
                out.rw_chain_length = Some(rw.0.len());
            }
            _ => {}
        }
    }
    out
}
