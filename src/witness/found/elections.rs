//! Elections: who was elected though another had more, and times in which nobody could be; times without writes.

use super::super::account::Account;
use super::super::life::Sighting;
use super::super::process::Run;
use super::super::{Address, Event, Moment, Registered};
use super::{name, text};
use crate::finding::{BlankLeads, Facts, Finding, Stretch};
use crate::ident::Counter;

/// Finds them.
pub(super) fn elections(account: &Account<'_>, out: &mut Vec<Finding>) {
    for controller in &account.controllers {
        // The highest counter that was seen of anybody before.
        let mut most: Option<(Address, i64)> = None;
        for run in &controller.runs.runs {
            for one in &run.life.sightings {
                for (address, counter) in counters(&one.event) {
                    if most.as_ref().is_none_or(|(_, known)| *known < counter) {
                        most = Some((address.clone(), counter));
                    }
                }
                if let Event::Elected { leader, registered } = &one.event {
                    let before = most.clone().or_else(|| refused_by(account, one.at));
                    out.extend(blank(account, run, one, leader, registered, before));
                }
            }
            no_majority(account, run, out);
            read_only(account, run, out);
        }
    }
}

/// Counters that a line names.
fn counters(event: &Event) -> Vec<(&Address, i64)> {
    match event {
        Event::Register { address, counter, .. } | Event::CounterOf(address, counter) => {
            vec![(address, *counter)]
        }
        Event::Compared { asks, counter, .. } => vec![(asks, *counter)],
        Event::Elected { registered, .. } => {
            registered.iter().map(|one| (&one.address, one.counter)).collect()
        }
        _ => Vec::new(),
    }
}

/// The RW side with the highest counter that a replica was refused by before.
fn refused_by(account: &Account<'_>, before: Option<Moment>) -> Option<(Address, i64)> {
    let runs = account.processes.replicas.iter().flat_map(|replica| &replica.runs);
    let all = runs.flat_map(|run| run.life.sightings.iter().map(move |one| (run.at(one.at), one)));
    all.filter(|(at, _)| *at < before)
        .filter_map(|(_, one)| match &one.event {
            Event::Counters { rw, rw_counter, .. } => Some((rw.clone(), *rw_counter)),
            _ => None,
        })
        .max_by_key(|(_, counter)| *counter)
}

fn blank(
    account: &Account<'_>,
    run: &Run<'_>,
    line: &Sighting,
    leader: &Address,
    registered: &[Registered],
    most: Option<(Address, i64)>,
) -> Option<Finding> {
    let counter = registered.iter().find(|one| one.address == *leader)?.counter;
    let (more, more_counter) = most?;
    if counter > 1 || more_counter <= counter.max(1) {
        return None;
    }
    let facts = BlankLeads {
        address: name(leader),
        counter: Counter(counter),
        at: text(line.at),
        registered: registered.iter().map(|one| (name(&one.address), Counter(one.counter))).collect(),
        more: name(&more),
        more_counter: Counter(more_counter),
    };
    Some(Finding::volume(Facts::BlankLeader(facts), vec![account.exhibit(run.file, line)]))
}

/// A start of three takes a few seconds; longer is reported.
const WAITING: i64 = 15;

/// Seconds without writes that are reported.
const REFUSING: i64 = 15;

fn no_majority(account: &Account<'_>, run: &Run<'_>, out: &mut Vec<Finding>) {
    let mut waiting: Option<(&Sighting, usize)> = None;
    let mut last = None;
    let mut close = |waiting: &mut Option<(&Sighting, usize)>, until: Option<Moment>| {
        let Some((line, replicas)) = waiting.take() else { return };
        if line.at.zip(until).is_none_or(|(from, until)| until.since(from) < WAITING) {
            return;
        }
        let facts = Stretch { since: text(line.at), until: text(until), replicas: replicas as u64 };
        out.push(Finding::volume(Facts::NoMajority(facts), vec![account.exhibit(run.file, line)]));
    };
    for one in &run.life.sightings {
        match &one.event {
            Event::TooFew(replicas) => {
                let known = waiting.get_or_insert((one, *replicas));
                known.1 = known.1.max(*replicas);
                last = one.until.max(last);
            }
            Event::Elected { .. } | Event::Listed(_) => close(&mut waiting, one.at),
            _ => {}
        }
    }
    close(&mut waiting, last);
}

fn read_only(account: &Account<'_>, run: &Run<'_>, out: &mut Vec<Finding>) {
    let (mut was_writable, mut since): (bool, Option<(&Sighting, usize)>) = (false, None);
    let mut close = |since: &mut Option<(&Sighting, usize)>, until: Option<Moment>| {
        let Some((line, rw)) = since.take() else { return };
        if line.at.zip(until).is_some_and(|(from, until)| until.since(from) >= REFUSING) {
            let facts = Stretch { since: text(line.at), until: text(until), replicas: rw as u64 };
            out.push(Finding::volume(Facts::ReadOnlyPeriod(facts), vec![account.exhibit(run.file, line)]));
        }
    };
    for one in &run.life.sightings {
        let Event::Volume { rw, read_only, .. } = one.event else { continue };
        if !read_only {
            was_writable = true;
            close(&mut since, one.at);
        } else if was_writable {
            since.get_or_insert((one, rw));
        }
    }
    close(&mut since, run.life.last);
}
