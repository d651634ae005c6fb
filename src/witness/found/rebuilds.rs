//! Rebuilds that did not end: taken over, interrupted, or without their source.

use super::super::account::{Account, Controller};
use super::super::members::Stay;
use super::super::process::Run;
use super::super::{Address, Event, Mode};
use super::{name, text};
use crate::finding::{Facts, Finding, Interrupted, RemovedBy, SourceRemoved, TakenOver};

/// Finds them.
pub(super) fn rebuilds(account: &Account<'_>, out: &mut Vec<Finding>) {
    for controller in &account.controllers {
        for stay in &controller.stays {
            taken_over(account, stay, out);
            source_removed(account, controller, stay, out);
        }
    }
    for replica in &account.processes.replicas {
        for run in &replica.runs {
            out.extend(interrupted(account, run));
        }
    }
}

fn taken_over(account: &Account<'_>, stay: &Stay<'_>, out: &mut Vec<Finding>) {
    let Some(by) = stay.taken_by.as_ref().filter(|_| stay.removed_by == Some(RemovedBy::Takeover)) else {
        return;
    };
    let facts = TakenOver { victim: name(&stay.address), by: name(by), at: text(stay.to) };
    let evidence = stay.line.map(|line| account.exhibit(stay.file, line)).into_iter().collect();
    out.push(Finding::volume(Facts::RebuildTakenOver(facts), evidence));
}

/// The last RW entry left while another was being rebuilt: from whom else could it have been?
fn source_removed(
    account: &Account<'_>,
    controller: &Controller<'_>,
    stay: &Stay<'_>,
    out: &mut Vec<Finding>,
) {
    let removed_by = match stay.removed_by {
        Some(by) if by != RemovedBy::ControllerEnded && by != RemovedBy::Unknown => by,
        _ => return,
    };
    if !stay.rw || stay.rw_left > 0 {
        return;
    }
    let copied = |joiner: &Address| {
        let run = controller.runs.runs.get(stay.run)?;
        run.life.sightings.iter().rev().find_map(|one| match &one.event {
            Event::Copy { from: Some(from), to, .. } if to == joiner && one.at <= stay.to => {
                Some(from.clone())
            }
            _ => None,
        })
    };
    for joiner in &stay.wo_left {
        let source = copied(joiner).unwrap_or_else(|| stay.address.clone());
        if source != stay.address {
            continue;
        }
        let facts =
            SourceRemoved { joiner: name(joiner), source: name(&source), at: text(stay.to), removed_by };
        let evidence = stay.line.map(|line| account.exhibit(stay.file, line)).into_iter().collect();
        out.push(Finding::volume(Facts::SourceRemovedDuringRebuild(facts), evidence));
    }
}

/// A run that began to copy and did not become RW.
fn interrupted(account: &Account<'_>, run: &Run<'_>) -> Option<Finding> {
    let (mut source, mut done, mut begun, mut last) = (None, 0, false, None);
    for one in &run.life.sightings {
        match &one.event {
            Event::Source(from) => (source, done, begun) = (Some(from), 0, false),
            Event::Copy { file, from: None, done: ended, .. } if file.starts_with("volume-snap-") => {
                (begun, last) = (true, Some(one));
                done += u64::from(*ended && !file.ends_with(".meta"));
            }
            Event::OwnMode(Mode::Rw) | Event::Adopted(_) => begun = false,
            _ => {}
        }
    }
    // A log that ends within a copy may have been taken then: only another run, or a last word, tells that it ended.
    let ended = run.ended() || !begun;
    if !begun || !ended {
        return None;
    }
    let facts = Interrupted {
        joiner: name(run.life.address()?),
        source: source.map(name),
        at: text(run.last()),
        files_done: done,
    };
    let evidence = last.map(|line| account.exhibit(run.file, line)).into_iter().collect();
    Some(Finding::volume(Facts::RebuildInterrupted(facts), evidence))
}
