//! Which runs of the replicas were one session of the volume, by their own logs.
//!
//! The controller takes every snapshot on all RW replicas at once, and one for every join, on the joiner too. So two runs
//! that took one snapshot were in one session, whatever the clocks say.

use std::collections::{BTreeMap, BTreeSet};

use super::process::{Processes, Run};
use super::{Address, End, Event, Life, Mode, Moment};
use crate::ident::{DiskName, Label};
use crate::replica::{Membership, Memberships};

/// A snapshot: its name, and the time that the controller gave it.
type Snapshot<'a> = (&'a str, Option<i64>);

/// Whether the controller named a snapshot: a user may give one name twice, even at one time.
fn is_automatic(name: &str) -> bool {
    name.len() == 36 && name.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

impl Processes<'_> {
    /// The memberships of every supplied replica whose log is here.
    pub fn memberships(&self) -> BTreeMap<Label, Memberships> {
        let mut sessions = Sessions::default();
        let mut out = BTreeMap::new();
        let foreign = self.in_two_directories();
        for replica in &self.replicas {
            let Some(label) = replica.label.as_ref().filter(|label| !foreign.contains(label)) else {
                continue;
            };
            out.insert(label.clone(), memberships(&replica.runs, &mut sessions));
        }
        for memberships in out.values_mut() {
            for one in &mut memberships.list {
                one.session = sessions.root(one.session);
            }
        }
        out
    }

    /// Directories that hold the log of one process: it came into one of them from the other, so nobody knows whose it is.
    fn in_two_directories(&self) -> BTreeSet<&Label> {
        let mut known: BTreeMap<(Moment, &Address), &Label> = BTreeMap::new();
        let mut out = BTreeSet::new();
        for replica in &self.replicas {
            let Some(label) = &replica.label else { continue };
            for life in replica.runs.iter().map(|run| run.life) {
                for key in
                    life.first.into_iter().flat_map(|first| life.own.iter().map(move |own| (first, own)))
                {
                    let other = *known.entry(key).or_insert(label);
                    if other != label {
                        out.extend([other, label]);
                    }
                }
            }
        }
        out
    }
}

fn memberships<'a>(runs: &[Run<'a>], sessions: &mut Sessions<'a>) -> Memberships {
    let mut out = Memberships::default();
    let mut unfinished = false;
    for (at, run) in runs.iter().enumerate() {
        let life: &'a Life = run.life;
        let seen = |wanted: &dyn Fn(&Event) -> bool| life.sightings.iter().any(|one| wanted(&one.event));
        let adopted =
            find(life, |event| if let Event::Adopted(counter) = event { Some(*counter) } else { None });
        let copied = seen(&|event| matches!(event, Event::Copy { .. }));
        let whole = life.begins && life.left_out == 0;
        let rw = life.sightings.iter().position(|one| one.event == Event::OwnMode(Mode::Rw));
        if rw.is_none() && whole {
            unfinished |= copied && adopted.is_none();
            continue;
        }
        // What was left out of a log may have been anything.
        unfinished |= rw.is_none();
        let seconds = |at: Option<Moment>| run.at(at).map(|at| at.millis().div_euclid(1000));
        let mut names = Vec::new();
        for one in &life.sightings {
            if let Event::Snapshot { on: None, name, created } = &one.event
                && is_automatic(name)
            {
                names.push((&**name, created.map(Moment::millis)));
            }
        }
        let while_rw =
            life.sightings.iter().skip(rw.unwrap_or(usize::MAX)).filter_map(|one| match &one.event {
                Event::Snapshot { on: None, name, .. } => {
                    Some(DiskName::from(format!("volume-snap-{name}.img").as_str()))
                }
                _ => None,
            });
        let filled = life.sightings.iter().filter_map(|one| match &one.event {
            Event::Filled(_, disk) => Some(disk.clone()),
            _ => None,
        });
        let own_counter = find(life, |event| match event {
            Event::Filled(counter, _) => Some(*counter),
            Event::Counters { own_counter, .. } => Some(*own_counter),
            _ => None,
        });
        let closed = life.end == Some(End::Closed);
        out.list.push(Membership {
            session: sessions.of(&names),
            led: seen(&|event| *event == Event::Leads),
            fresh: seen(&|event| *event == Event::Created),
            whole: whole && rw.is_some(),
            after_unfinished: std::mem::take(&mut unfinished),
            copied,
            reverted: seen(&|event| *event == Event::Reverted),
            opened: own_counter,
            adopted,
            snapshots: while_rw.collect(),
            filled: filled.collect(),
            began: seconds(rw.and_then(|at| life.sightings[at].at)),
            last: seconds(life.last),
            closed: seconds(life.last.filter(|_| closed)),
            restarted: runs.get(at + 1).and_then(|next| seconds(next.life.first)),
            skew: run.skew,
            ..Membership::default()
        });
    }
    out.then_unfinished = unfinished;
    out
}

fn find<T>(life: &Life, wanted: impl Fn(&Event) -> Option<T>) -> Option<T> {
    life.sightings.iter().find_map(|one| wanted(&one.event))
}

/// Sessions, joined as snapshots show that two are one.
#[derive(Default)]
struct Sessions<'a> {
    above: Vec<usize>,
    by: BTreeMap<Snapshot<'a>, usize>,
}

impl<'a> Sessions<'a> {
    /// The session in which these snapshots were taken.
    fn of(&mut self, snapshots: &[Snapshot<'a>]) -> usize {
        let own = self.above.len();
        self.above.push(own);
        for snapshot in snapshots {
            let known = *self.by.entry(*snapshot).or_insert(own);
            let (a, b) = (self.root(own), self.root(known));
            self.above[a.max(b)] = a.min(b);
        }
        own
    }

    fn root(&mut self, mut one: usize) -> usize {
        while self.above[one] != one {
            self.above[one] = self.above[self.above[one]];
            one = self.above[one];
        }
        one
    }
}
