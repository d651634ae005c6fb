//! Joins that the controller refused, each replica and reason by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::Account;
use super::super::{Address, End, Event, Moment, Refusal};
use super::{name, text};
use crate::finding::{Exhibit, Facts, Finding, RefusedJoins};

#[derive(Default)]
struct Group {
    count: u64,
    first: Option<Moment>,
    last: Option<Moment>,
    by: BTreeSet<Address>,
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
            let Some(last) = run.life.sightings.iter().rev().find(|one| matches!(one.event, Event::Fatal(_))) else {
                continue;
            };
            let group = groups.entry((&replica.name, reason)).or_default();
            let at = run.at(last.at);
            group.count += 1;
            group.first = match (group.first, at) {
                (Some(first), Some(at)) => Some(first.min(at)),
                (first, at) => first.or(at),
            };
            group.last = group.last.max(at);
            let rw = run.life.sightings.iter().rev().find_map(|one| match &one.event {
                Event::Counters { rw, .. } | Event::Source(rw) => Some(rw.clone()),
                _ => None,
            });
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
            about_data: reason == Refusal::CheckpointUnknown,
        };
        out.push(Finding::volume(Facts::JoinRefused(facts), group.evidence));
    }
}
