//! One run of one process, as a log shows it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::frame::floor;
use crate::dialect::jiva::log::Address;
use crate::dialect::jiva::log::Moment;
use crate::dialect::jiva::log::{Chain, End, Event, Mode, Request, Role};
use crate::ident::DiskName;

/// What one line says, and where it stands. Lines that say the same again are counted with the first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sighting {
    /// What it says.
    pub event: Event,
    /// When, by the line's own clock; a request to the API carries the time at which it came.
    pub at: Option<Moment>,
    /// The latest time that stands in this line or before it.
    pub seen: Option<Moment>,
    /// When it was said last.
    pub until: Option<Moment>,
    /// How often it was said.
    pub times: u64,
    /// The number of the line.
    pub line: u64,
    /// The line, cut where it is long.
    pub text: Box<str>,
    /// Seconds since the process began, where the line has no clock.
    relative: Option<u64>,
}

/// Requests of one client to the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// The first one's time.
    pub first: Moment,
    /// The last one's time.
    pub last: Moment,
}

/// One run of one process.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Life {
    /// Which process; unknown until a line tells it.
    pub role: Option<Role>,
    /// Whether its first line is here.
    pub begins: bool,
    /// The first time in it.
    pub first: Option<Moment>,
    /// The last time in it.
    pub last: Option<Moment>,
    /// What its lines say, in their order.
    pub sightings: Vec<Sighting>,
    /// Addresses that a replica called its own.
    pub own: BTreeSet<Address>,
    /// Volumes that it names.
    pub volumes: BTreeSet<Box<str>>,
    /// Who asked for the Checkpoint.
    pub asked: BTreeMap<Address, Asked>,
    /// How it ended, if its last words are here.
    pub end: Option<End>,
    /// Sightings that were left out for want of room.
    pub left_out: u64,
    /// Lines of any kind.
    pub lines: u64,
    /// What it says of `MAX_CHAIN_LENGTH`, if it says something: the number, or that it is not set.
    pub chain_limit: Option<Option<usize>>,
    /// Whether only the tops of its chains were kept.
    pub shortened: bool,
    /// The start of the process, by a line with a clock among those that count seconds.
    anchor: Option<Moment>,
    fresh: bool,
    earliest: Option<Moment>,
    recent: VecDeque<usize>,
}

/// Sightings that are kept of one life: beyond that the middle is left out.
const KEPT: usize = 6000;

/// How many sightings back a line may repeat another.
const WINDOW: usize = 6;

/// Bytes that are kept of a line.
const SHOWN: usize = 240;

/// Clients whose requests are remembered.
const ASKED: usize = 256;

/// A request that took as long is kept.
const SLOW: i64 = 10;

impl Life {
    pub(super) fn new() -> Self {
        Self {
            role: None,
            begins: false,
            first: None,
            last: None,
            sightings: Vec::new(),
            own: BTreeSet::new(),
            volumes: BTreeSet::new(),
            asked: BTreeMap::new(),
            end: None,
            left_out: 0,
            lines: 0,
            chain_limit: None,
            shortened: false,
            anchor: None,
            fresh: false,
            earliest: None,
            recent: VecDeque::new(),
        }
    }

    /// Whether nothing was said since its first line.
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh && self.sightings.is_empty()
    }

    /// The replica's address, where it names one.
    pub fn address(&self) -> Option<&Address> {
        self.own.first()
    }

    /// Takes note of a line's time.
    pub(super) fn clock(&mut self, at: Option<Moment>) {
        self.lines += 1;
        self.first = self.first.or(at);
        self.earliest =
            at.map_or(self.earliest, |at| Some(self.earliest.map_or(at, |before| before.min(at))));
        self.last = self.last.max(at);
    }

    /// Takes in a request; what it asked for matters only where it deletes, or took long.
    pub(super) fn request(
        &mut self,
        at: Moment,
        request: Request<'_>,
        line: u64,
        text: &str,
        relative: Option<u64>,
    ) {
        if let Some(relative) = relative.and_then(|seconds| i64::try_from(seconds).ok()) {
            // The request came before the line: the process began no earlier than this says.
            self.anchor = self.anchor.max(Some(at.plus(-relative)));
        }
        self.first = self.first.or(Some(at));
        self.lines += 1;
        if request.checkpoint {
            if let Some(asked) = self.asked.get_mut(request.client) {
                asked.last = asked.last.max(at);
            } else if self.asked.len() < ASKED {
                let asked = Asked { first: at, last: at };
                self.asked.extend(request.asker().map(|client| (client, asked)));
            }
        }
        if let Some(volume) = &request.volume
            && self.volumes.len() < 16
        {
            self.volumes.insert(volume.clone());
        }
        let slow = self.last.is_some_and(|last| last.since(at) >= SLOW);
        if (request.deletes.is_some() || slow)
            && let Some(event) = request.event()
        {
            self.push(Some(at), None, event, line, text);
        }
        self.last = self.last.max(Some(at));
    }

    /// Takes in what a line says.
    pub(super) fn say(
        &mut self,
        at: Option<Moment>,
        relative: Option<u64>,
        event: Event,
        line: u64,
        text: &str,
    ) {
        if let Some(role) = event.starts() {
            (self.role, self.begins, self.fresh) = (Some(role), true, true);
            if let Event::ChainLimit(limit) = event {
                self.chain_limit = Some(limit);
            }
            return;
        }
        match &event {
            Event::OwnAddress(own) => drop(self.own.insert(own.clone())),
            Event::Counters { own, .. } => drop(self.own.insert(own.clone())),
            Event::Login(_, Some(volume)) if self.volumes.len() < 16 => {
                self.volumes.insert(volume.clone());
            }
            Event::Fatal(end) => self.end = Some(end.clone()),
            _ => {}
        }
        if self.role.is_none() {
            self.role = role(&event);
        }
        self.push(at, relative, event, line, text);
    }

    fn push(&mut self, at: Option<Moment>, relative: Option<u64>, event: Event, line: u64, text: &str) {
        let seen = self.last.max(at);
        if matches!(event, Event::Connected(..) | Event::Login(..) | Event::Logout(..) | Event::Disconnected)
        {
            // What is rejected before and after is rejected for another reason.
            self.recent.clear();
        }
        if folds(&event)
            && let Some(number) =
                self.recent.iter().copied().find(|number| self.sightings[*number].event == event)
        {
            let before = &mut self.sightings[number];
            before.times += 1;
            before.until = before.until.max(at);
            return;
        }
        if self.sightings.len() >= KEPT {
            self.sightings.drain(KEPT / 2..KEPT / 2 + KEPT / 4);
            self.left_out += (KEPT / 4) as u64;
            self.recent.clear();
        }
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(self.sightings.len());
        let text = text[..floor(text, SHOWN)].into();
        self.sightings.push(Sighting { event, at, seen, until: at, times: 1, line, text, relative });
    }

    /// Gives lines that count seconds since the start their time, where a line with a clock stands among them.
    pub(super) fn settle(&mut self) {
        self.recent = VecDeque::new();
        let Some(anchor) = self.anchor else { return };
        let at = |seconds: u64| i64::try_from(seconds).ok().map(|seconds| anchor.plus(seconds));
        for sighting in &mut self.sightings {
            if sighting.at.is_none() {
                sighting.at = sighting.relative.and_then(at);
                sighting.until = sighting.until.max(sighting.at);
            }
            self.last = self.last.max(sighting.at);
        }
    }

    /// Puts the sightings of a file that shows the newest line first into their order.
    pub(super) fn turn_over(&mut self) {
        self.sightings.reverse();
        self.first = self.earliest;
        let mut seen = None;
        for sighting in &mut self.sightings {
            seen = seen.max(sighting.at);
            sighting.seen = seen;
        }
    }

    /// Keeps the first and the last sightings of a life that is over, where it has many.
    pub(super) fn thin(&mut self) {
        if self.sightings.len() > OVER {
            let middle = OVER / 2..self.sightings.len() - OVER / 2;
            self.left_out += middle.len() as u64;
            self.sightings.drain(middle);
            self.sightings.shrink_to_fit();
            self.recent.clear();
        }
    }

    /// Keeps of every chain only its top: those of the latest lives tell the rest.
    pub(super) fn shorten(&mut self) {
        self.shortened = true;
        for sighting in &mut self.sightings {
            if let Event::Chains { rw, own } = &mut sighting.event {
                for chain in [rw, own] {
                    if chain.0.len() > TOP {
                        *chain = Chain(chain.0[..TOP].into());
                    }
                }
            }
        }
    }

    /// Shares the names of disks with those that were seen before.
    pub(super) fn share(names: &mut BTreeSet<DiskName>, event: &mut Event) {
        let chains: Vec<&mut Chain> = match event {
            Event::Chains { rw, own } => vec![rw, own],
            Event::Verified(_, chain) => vec![chain],
            _ => return,
        };
        for chain in chains {
            if names.len() > 1 << 16 {
                names.clear();
            }
            *chain = Chain(chain.0.iter().map(|name| shared(names, name)).collect());
        }
    }
}

/// Sightings that are kept of a life that is over, once others have followed.
const OVER: usize = 400;

/// Disks of an older chain that are kept.
const TOP: usize = 4;

fn shared(names: &mut BTreeSet<DiskName>, name: &DiskName) -> DiskName {
    if let Some(known) = names.get(name) {
        return known.clone();
    }
    names.insert(name.clone());
    name.clone()
}

/// Whether lines that say this again add nothing but their number and the time of the last.
fn folds(event: &Event) -> bool {
    matches!(
        event,
        Event::Rejected(..)
            | Event::TooFew(_)
            | Event::Register { .. }
            | Event::Asked(_)
            | Event::RequestError(..)
            | Event::NoInfo(_)
            | Event::WriteFailed(_)
            | Event::Compared { .. }
            | Event::CounterOf(..)
            | Event::Source(_)
            | Event::Opened
    )
}

/// Who writes such a line.
fn role(event: &Event) -> Option<Role> {
    match event {
        Event::OwnAddress(_)
        | Event::Created
        | Event::Opened
        | Event::Filled(..)
        | Event::Reverted
        | Event::Source(_)
        | Event::Counters { .. }
        | Event::Chains { .. }
        | Event::OwnMode(Mode::Rw | Mode::Wo)
        | Event::Adopted(_)
        | Event::Leads
        | Event::WriteFailed(_)
        | Event::Refused(_)
        | Event::Fatal(_)
        | Event::Snapshot { on: None, .. } => Some(Role::Replica),
        Event::OwnMode(_) | Event::Copy { from: None, .. } | Event::Start(_) | Event::ChainLimit(_) => None,
        _ => Some(Role::Controller),
    }
}

/// Who alone writes such a line.
pub(super) fn written_by(event: &Event) -> Option<Role> {
    event.starts().or_else(|| role(event))
}
