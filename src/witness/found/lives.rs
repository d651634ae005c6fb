//! What the lives of replicas show: ends again and again, directories made anew, disks without room.

use std::collections::BTreeMap;

use super::super::account::Account;
use super::super::life::Sighting;
use super::super::process::ReplicaRuns;
use super::super::{Event, Moment};
use super::{name, text};
use crate::finding::{Exhibit, Facts, Finding, FullDisk, Loop, MadeAnew};

/// Ends that make a loop.
const LOOP: usize = 3;

/// Finds them.
pub(super) fn lives(account: &Account<'_>, out: &mut Vec<Finding>) {
    for replica in &account.processes.replicas {
        loops(account, replica, out);
        made_anew(account, replica, out);
    }
    full_disks(account, out);
}

fn loops(account: &Account<'_>, replica: &ReplicaRuns<'_>, out: &mut Vec<Finding>) {
    let ended: Vec<_> = replica.runs.iter().filter(|run| run.ended()).collect();
    let (Some(first), Some(last)) = (ended.first(), ended.last()) else { return };
    if ended.len() < LOOP {
        return;
    }
    let facts = Loop {
        replica: replica.name.clone(),
        lives: ended.len() as u64,
        first: text(first.last()),
        last: text(last.last()),
    };
    let line = last.life.sightings.last().map(|line| account.exhibit(last.file, line));
    out.push(Finding::volume(Facts::RestartLoop(facts), line.into_iter().collect()));
}

/// The directory was made anew in a run that is not the replica's first.
fn made_anew(account: &Account<'_>, replica: &ReplicaRuns<'_>, out: &mut Vec<Finding>) {
    for run in replica.runs.iter().skip(1) {
        let Some(line) = run.life.sightings.iter().find(|one| one.event == Event::Created) else { continue };
        let facts = MadeAnew { replica: replica.name.clone(), at: text(run.at(line.at)) };
        out.push(Finding::volume(Facts::DirectoryMadeAnew(facts), vec![account.exhibit(run.file, line)]));
    }
}

/// When a disk was full first, the replica's address, and the lines that say so.
type Full = (Option<Moment>, Option<String>, Vec<Exhibit>);

fn full_disks(account: &Account<'_>, out: &mut Vec<Finding>) {
    let mut full: BTreeMap<String, Full> = BTreeMap::new();
    let mut add = |replica: String, at: Option<Moment>, address: Option<String>, exhibit: Exhibit| {
        let known = full.entry(replica).or_insert((at, None, Vec::new()));
        known.0 = match (known.0, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        known.1 = known.1.take().or(address);
        known.2.push(exhibit);
    };
    for replica in &account.processes.replicas {
        for run in &replica.runs {
            let writes = run.life.sightings.iter().filter(|one| one.event == Event::WriteFailed(true));
            for line in writes.take(2) {
                let address = run.life.address().map(name);
                add(replica.name.clone(), run.at(line.at), address, account.exhibit(run.file, line));
            }
        }
    }
    for (_, _, run) in account.controller_runs() {
        let no_room = |one: &&Sighting| matches!(&one.event, Event::ReplicaError(_, why) if why.contains("no space left on device"));
        for line in run.life.sightings.iter().filter(no_room).take(64) {
            let Event::ReplicaError(address, _) = &line.event else { continue };
            let whose = account.processes.name(address, line.at);
            add(whose, line.at, Some(name(address)), account.exhibit(run.file, line));
        }
    }
    for (replica, (at, address, evidence)) in full {
        let facts = FullDisk { replica, at: text(at), address };
        let evidence = evidence.into_iter().take(4).collect();
        out.push(Finding::volume(Facts::DiskFull(facts), evidence));
    }
}
