//! Entries of the controller's list whose replica is not where people look for it: alive, gone, or nothing tells.

use std::collections::BTreeSet;

use super::super::account::{Account, Controller};
use super::super::members::Stay;
use super::super::{Address, Event, Moment, Refusal};
use super::{DEAD_ENTRY, UNPINGED, name, text};
use crate::finding::{Alive, Exhibit, Facts, Finding, Ghost, Proof, RemovedBy};

/// Finds them.
pub(super) fn entries(account: &Account<'_>, missing: &BTreeSet<Address>, out: &mut Vec<Finding>) {
    let mut reported = BTreeSet::new();
    for controller in &account.controllers {
        for stay in controller.stays.iter().filter(|stay| stay.rw) {
            if let Some((state, proof)) = judged(account, stay) {
                // The same entry over several runs of the controller is one fact.
                if state == Alive::Gone || reported.insert(stay.address.clone()) {
                    out.push(finding(account, controller, stay, state, proof, missing));
                }
            }
        }
    }
    // Without the controller's log the kept lists may tell it.
    for (address, (from, to, file, line)) in super::missing::long_listed(account) {
        if reported.contains(&address) || line.is_some() || !is_strange(account, &address) {
            continue;
        }
        let lasting = from.zip(to).is_some_and(|(from, to)| to.since(from) > DEAD_ENTRY);
        let (state, proof) =
            if lasting { (Alive::Alive, Proof::ListedTooLong) } else { (Alive::Unknown, Proof::Nothing) };
        let facts = Ghost {
            address: name(&address),
            state,
            proof,
            mode: "RW".to_owned(),
            listed_from: text(from),
            listed_to: text(to),
            removed_by: None,
            directory: None,
            successor: None,
            pods_as_of: text(account.pods_as_of()),
            named_missing: missing.contains(&address),
        };
        out.push(Finding::volume(Facts::GhostEntry(facts), vec![Exhibit::witness(account.path(file))]));
    }
}

/// Whether nobody would look for a replica there: no supplied directory has the address, and no pod has it, or there are
/// as many directories as the factor.
fn is_strange(account: &Account<'_>, address: &Address) -> bool {
    let crowd = account.all_tied() && account.directories.len() >= account.factor;
    account.pod(address).is_none() && (account.knows_pods() || crowd)
}

fn judged(account: &Account<'_>, stay: &Stay<'_>) -> Option<(Alive, Proof)> {
    match stay.removed_by {
        Some(RemovedBy::PingTimeout | RemovedBy::IoTimeout) if lived_on(account, stay) => None,
        Some(RemovedBy::PingTimeout) => Some((Alive::Gone, Proof::PingTimeout)),
        Some(RemovedBy::IoTimeout) => Some((Alive::Gone, Proof::IoTimeout)),
        Some(RemovedBy::Delete) if moved_on(account, stay) => Some((Alive::Gone, Proof::MovedOn)),
        Some(RemovedBy::Delete | RemovedBy::ControllerEnded | RemovedBy::Unknown) | None => {
            strange(account, stay)
        }
        Some(_) => None,
    }
}

/// An entry of no supplied directory.
fn strange(account: &Account<'_>, stay: &Stay<'_>) -> Option<(Alive, Proof)> {
    let from = stay.rw_from.or(stay.from);
    if account.is_supplied(&stay.address, from) || !is_strange(account, &stay.address) {
        return None;
    }
    let to = stay.to.or(stay.alive_until);
    if from.zip(to).is_some_and(|(from, to)| to.since(from) > DEAD_ENTRY) {
        return Some((Alive::Alive, Proof::ListedTooLong));
    }
    if answered(account, &stay.address, from) {
        return Some((Alive::Alive, Proof::Answered));
    }
    Some((Alive::Unknown, Proof::Nothing))
}

/// Whether the replica answered when it was asked after that time.
fn answered(account: &Account<'_>, address: &Address, after: Option<Moment>) -> bool {
    account.owns().any(|(kept, own)| own.open && own.address.as_ref() == Some(address) && kept.at > after)
}

/// Whether its log, or an answer, shows that it was open after it had left the list.
fn lived_on(account: &Account<'_>, stay: &Stay<'_>) -> bool {
    let Some(to) = stay.to else { return false };
    let mut runs = account.processes.runs_at(&stay.address);
    let goes_on = runs.any(|(_, run)| {
        let (first, last) = (run.first(), run.last());
        first.is_some_and(|first| first <= to) && last.is_some_and(|last| last.since(to) > 2)
    });
    goes_on || answered(account, &stay.address, stay.to)
}

/// Whether its directory was in use at another address, or by another run, before an open replica gives up: then the process
/// that was listed had ended before.
fn moved_on(account: &Account<'_>, stay: &Stay<'_>) -> bool {
    let Some(to) = stay.to else { return false };
    account.processes.runs_at(&stay.address).any(|(replica, run)| {
        let here = run.first().is_some_and(|first| first <= to) && run.starved().is_none();
        let ended = run.last().is_some_and(|last| last <= to.plus(2));
        here && ended
            && replica.runs.iter().any(|other| {
                !other.life.own.contains(&stay.address)
                    && other.first().is_some_and(|first| {
                        first.since(to).abs() < UNPINGED && first > run.first().unwrap_or(first)
                    })
            })
    })
}

fn finding(
    account: &Account<'_>,
    controller: &Controller<'_>,
    stay: &Stay<'_>,
    state: Alive,
    proof: Proof,
    missing: &BTreeSet<Address>,
) -> Finding {
    let label = account.processes.directory(&stay.address, stay.from.or(stay.to));
    let strange = label.is_none() && account.knows_pods() && account.pod(&stay.address).is_none();
    let facts = Ghost {
        address: name(&stay.address),
        state,
        proof,
        mode: "RW".to_owned(),
        listed_from: text(stay.from),
        listed_to: text(stay.to.or(stay.alive_until)),
        removed_by: stay.removed_by.filter(|by| *by != RemovedBy::ControllerEnded),
        directory: label.map(ToString::to_string),
        successor: successor(controller, stay).as_ref().map(name),
        pods_as_of: if strange { text(account.pods_as_of()) } else { None },
        named_missing: missing.contains(&stay.address),
    };
    let evidence = stay.line.map(|line| account.exhibit(stay.file, line));
    let evidence = evidence.unwrap_or_else(|| Exhibit::witness(account.path(stay.file)));
    Finding::volume(Facts::GhostEntry(facts), vec![evidence])
}

/// Who was refused because the list was full while the entry was in it.
fn successor(controller: &Controller<'_>, stay: &Stay<'_>) -> Option<Address> {
    let run = controller.runs.runs.get(stay.run)?;
    run.life.sightings.iter().find_map(|one| match &one.event {
        Event::RequestError(Refusal::FactorReached, Some(whose))
            if one.at >= stay.from && one.at <= stay.to =>
        {
            Some(whose.clone())
        }
        _ => None,
    })
}
