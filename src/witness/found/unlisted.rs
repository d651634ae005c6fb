//! Replicas that are open though the controller no longer lists them.

use std::collections::BTreeSet;

use super::super::account::{Account, Controller};
use super::super::members::Stay;
use super::super::{Address, Moment};
use super::{DEAD_ENTRY, name, text};
use crate::finding::{Exhibit, Facts, Finding, RemovedBy, Unlisted};

/// Finds them.
pub(super) fn unlisted(account: &Account<'_>, out: &mut Vec<Finding>) {
    let mut reported: BTreeSet<(Address, Option<Moment>)> = BTreeSet::new();
    for replica in &account.processes.replicas {
        for run in &replica.runs {
            let (Some(silence), Some(address)) = (run.starved(), run.life.address()) else { continue };
            let until = run.last();
            let last_ping = until.map(|until| until.plus(-silence));
            let stay = removal(account, address, last_ping, until);
            if stay.is_none() && !account.controllers.is_empty() {
                // The controller's log is here and shows no removal: it may have been the controller that was away.
                continue;
            }
            reported.insert((address.clone(), stay.and_then(|stay| stay.to)));
            let facts = Unlisted {
                address: name(address),
                directory: replica.label.as_ref().map(ToString::to_string),
                last_ping: text(last_ping),
                until: text(until),
                removed_by: stay.and_then(|stay| stay.removed_by).unwrap_or(RemovedBy::Unknown),
                lasting: stay.is_some(),
            };
            let last = run.life.sightings.last().map(|line| account.exhibit(run.file, line));
            let why = stay.and_then(|stay| stay.line.map(|line| account.exhibit(stay.file, line)));
            out.push(Finding::volume(
                Facts::UnlistedOpenReplica(facts),
                last.into_iter().chain(why).collect(),
            ));
        }
    }
    for controller in &account.controllers {
        for stay in controller.stays.iter().filter(|stay| stay.rw && by_force(stay)) {
            if !reported.contains(&(stay.address.clone(), stay.to)) {
                out.extend(seen_open(account, controller, stay));
            }
        }
    }
}

/// Whether it left the list without having ended.
fn by_force(stay: &Stay<'_>) -> bool {
    use RemovedBy::{Delete, IoTimeout, PingTimeout, ReplicaError};
    matches!(stay.removed_by, Some(Delete | IoTimeout | PingTimeout | ReplicaError))
}

/// Seconds around the last ping in which the removal stands.
const AROUND: i64 = 60;

/// The removal after which a replica was no longer pinged.
fn removal<'s, 'a>(
    account: &'s Account<'a>,
    address: &Address,
    last_ping: Option<Moment>,
    until: Option<Moment>,
) -> Option<&'s Stay<'a>> {
    let stays = account.controllers.iter().flat_map(|controller| &controller.stays);
    stays
        .filter(|stay| stay.address == *address && by_force(stay))
        .filter(|stay| match (stay.to, last_ping, until) {
            (Some(to), Some(ping), Some(until)) => to.since(ping) >= -AROUND && to <= until,
            _ => true,
        })
        .max_by_key(|stay| stay.to)
}

/// A replica that was seen open after it had left the list: it asked for the Checkpoint, or answered.
fn seen_open(account: &Account<'_>, controller: &Controller<'_>, stay: &Stay<'_>) -> Option<Finding> {
    let to = stay.to?;
    let run = controller.runs.runs.get(stay.run)?;
    // What came after it was listed again is another stay's.
    let again = controller.stays.iter().filter(|other| other.address == stay.address && other.from > stay.to);
    let again = again.filter_map(|other| other.from).min();
    let within = |at: Moment| at > to && again.is_none_or(|again| at < again);
    let asked = run.life.asked.get(&stay.address).map(|asked| asked.last).filter(|at| within(*at));
    let answers = account.owns().filter(|(_, own)| own.open && own.address.as_ref() == Some(&stay.address));
    let answers: Vec<_> =
        answers.filter(|(kept, _)| kept.at.is_some_and(within)).map(|(kept, _)| kept).collect();
    let answered = answers.iter().filter_map(|kept| kept.at).max();
    let last = asked.max(answered)?;
    let ended = stay.run + 1 < controller.runs.runs.len();
    let at_end = !ended && account.end().is_some_and(|end| end.since(last) <= 5);
    let facts = Unlisted {
        address: name(&stay.address),
        directory: account.processes.directory(&stay.address, stay.to).map(ToString::to_string),
        last_ping: text(stay.to),
        until: None,
        removed_by: stay.removed_by?,
        lasting: last.since(to) > DEAD_ENTRY || at_end,
    };
    let line = stay.line.map(|line| account.exhibit(stay.file, line));
    let answer = answers.last().map(|kept| Exhibit::witness(account.path(kept.file)));
    Some(Finding::volume(Facts::UnlistedOpenReplica(facts), line.into_iter().chain(answer).collect()))
}
