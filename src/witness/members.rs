//! The controller's list over time: who was in it, in which mode, and why it left.

use std::collections::BTreeMap;

use super::life::Sighting;
use super::process::Run;
use super::{Address, Event, Mode, Moment};
use crate::finding::RemovedBy;

/// One stay of an address in the list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stay<'a> {
    /// The address.
    pub address: Address,
    /// Which run of a controller, by its place among them.
    pub run: usize,
    /// The file that shows it.
    pub file: usize,
    /// Since when it was listed.
    pub from: Option<Moment>,
    /// Since when it was RW; none where it never was.
    pub rw_from: Option<Moment>,
    /// Whether it was RW.
    pub rw: bool,
    /// Until when; none where the log ends before.
    pub to: Option<Moment>,
    /// The last time at which the controller did anything while it was listed.
    pub alive_until: Option<Moment>,
    /// Why it left.
    pub removed_by: Option<RemovedBy>,
    /// Who took its place, where it was taken over.
    pub taken_by: Option<Address>,
    /// Entries that were RW after it left.
    pub rw_left: usize,
    /// Entries that were being rebuilt when it left.
    pub wo_left: Vec<Address>,
    /// The line by which it left, or that says why.
    pub line: Option<&'a Sighting>,
}

/// A stretch in which the list held no RW entry, after it had held one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Empty {
    /// Which run of the controller.
    pub run: usize,
    /// Since when.
    pub from: Option<Moment>,
    /// Until when.
    pub to: Option<Moment>,
}

/// The list over time.
#[derive(Debug, Default)]
pub(super) struct Members<'a> {
    pub(super) stays: Vec<Stay<'a>>,
    pub(super) empty: Vec<Empty>,
}

/// Works out the list over all runs of the controller.
pub(super) fn members<'a>(controllers: &[Run<'a>]) -> Members<'a> {
    let mut out = Members::default();
    for (number, run) in controllers.iter().enumerate() {
        let next = controllers.get(number + 1);
        Walk::new(number, run).walk(run, next.is_some(), &mut out);
    }
    out
}

/// Why an address will leave, as lines before it say.
#[derive(Debug, Clone)]
struct Reason<'a> {
    by: RemovedBy,
    taken_by: Option<Address>,
    line: &'a Sighting,
}

struct Walk<'a> {
    run: usize,
    file: usize,
    listed: BTreeMap<Address, Stay<'a>>,
    reasons: BTreeMap<Address, Reason<'a>>,
    /// Who is being rebuilt, by the last comparison of counters.
    rebuilt: Option<Address>,
    was_rw: bool,
    empty_since: Option<Option<Moment>>,
    now: Option<Moment>,
}

impl<'a> Walk<'a> {
    fn new(run: usize, of: &Run<'a>) -> Self {
        Self {
            run,
            file: of.file,
            listed: BTreeMap::new(),
            reasons: BTreeMap::new(),
            rebuilt: None,
            was_rw: false,
            empty_since: None,
            now: None,
        }
    }

    fn walk(mut self, run: &Run<'a>, followed: bool, out: &mut Members<'a>) {
        let mut stopped = false;
        for sighting in &run.life.sightings {
            self.now = sighting.seen.or(self.now);
            stopped |= sighting.event == Event::Stopping;
            self.take(sighting, out);
        }
        let (ended, last) = (stopped || followed, run.life.last);
        self.close_empty(last, out);
        for (_, mut stay) in std::mem::take(&mut self.listed) {
            stay.alive_until = last;
            if ended {
                (stay.to, stay.removed_by) = (last, Some(RemovedBy::ControllerEnded));
            }
            out.stays.push(stay);
        }
    }

    fn take(&mut self, sighting: &'a Sighting, out: &mut Members<'a>) {
        let at = sighting.at;
        match &sighting.event {
            Event::Listed(address) => {
                let stay = self.stay(address, at);
                self.reasons.remove(address);
                self.listed.insert(address.clone(), stay);
            }
            Event::SetMode(address, Mode::Rw) => {
                if !self.listed.contains_key(address) {
                    // Its first line is not here.
                    let stay = self.stay(address, None);
                    self.listed.insert(address.clone(), stay);
                }
                if let Some(stay) = self.listed.get_mut(address) {
                    (stay.rw, stay.rw_from) = (true, stay.rw_from.or(at));
                }
                self.was_rw = true;
                self.close_empty(at, out);
            }
            Event::Removed(address, mode) => self.remove(address, *mode, sighting, out),
            Event::Reset => {
                let last = self.now;
                for (_, mut stay) in std::mem::take(&mut self.listed) {
                    (stay.to, stay.alive_until) = (at, last);
                    stay.removed_by = Some(RemovedBy::Unknown);
                    out.stays.push(stay);
                }
                self.reasons.clear();
            }
            Event::Compared { rebuilt, .. } => self.rebuilt = Some(rebuilt.clone()),
            Event::TakesOver(by) => {
                if let Some(victim) = self.rebuilt.clone() {
                    self.reason(&victim, RemovedBy::Takeover, Some(by.clone()), sighting);
                }
            }
            Event::Delete(address) | Event::Request { deletes: Some(address), .. } => {
                self.reason(address, RemovedBy::Delete, None, sighting);
            }
            Event::PingTimeout(address) => self.reason(address, RemovedBy::PingTimeout, None, sighting),
            Event::IoTimeout(address, _) => self.reason(address, RemovedBy::IoTimeout, None, sighting),
            Event::ReplicaError(address, _) => self.reason(address, RemovedBy::ReplicaError, None, sighting),
            Event::WireEnd(address) if !self.reasons.contains_key(address) => {
                self.reason(address, RemovedBy::ProcessEnded, None, sighting);
            }
            _ => {}
        }
    }

    fn stay(&self, address: &Address, from: Option<Moment>) -> Stay<'a> {
        Stay {
            address: address.clone(),
            run: self.run,
            file: self.file,
            from,
            rw_from: None,
            rw: false,
            to: None,
            alive_until: None,
            removed_by: None,
            taken_by: None,
            rw_left: 0,
            wo_left: Vec::new(),
            line: None,
        }
    }

    fn reason(&mut self, address: &Address, by: RemovedBy, taken_by: Option<Address>, line: &'a Sighting) {
        // The end of a connection is what any removal brings; a line that says why counts more.
        let weak = |by: RemovedBy| by == RemovedBy::ProcessEnded;
        if self.listed.contains_key(address) && self.reasons.get(address).is_none_or(|known| weak(known.by)) {
            self.reasons.insert(address.clone(), Reason { by, taken_by, line });
        }
    }

    fn remove(&mut self, address: &Address, mode: Mode, line: &'a Sighting, out: &mut Members<'a>) {
        let mut stay = self.listed.remove(address).unwrap_or_else(|| self.stay(address, None));
        stay.rw |= mode == Mode::Rw;
        let reason = self.reasons.remove(address);
        stay.removed_by = Some(reason.as_ref().map_or(RemovedBy::Unknown, |reason| reason.by));
        stay.line = Some(reason.as_ref().map_or(line, |reason| reason.line));
        stay.taken_by = reason.and_then(|reason| reason.taken_by);
        (stay.to, stay.alive_until) = (line.at, line.at);
        stay.rw_left = self.listed.values().filter(|other| other.rw).count();
        stay.wo_left =
            self.listed.values().filter(|other| !other.rw).map(|other| other.address.clone()).collect();
        if stay.rw && stay.rw_left == 0 && self.empty_since.is_none() {
            self.empty_since = Some(line.at);
        }
        out.stays.push(stay);
    }

    fn close_empty(&mut self, to: Option<Moment>, out: &mut Members<'a>) {
        if let Some(from) = self.empty_since.take() {
            out.empty.push(Empty { run: self.run, from, to });
        }
    }
}
