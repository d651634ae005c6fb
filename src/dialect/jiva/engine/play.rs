//! Steps of an operator, one after the other, and what Jiva makes of each: processes end and start, directories are emptied or
//! put back, leaders are elected, replicas join or are refused.
//!
//! Nothing is written to the volume meanwhile, and a join ends before the next step.

use super::elect::{Registration, elect_among};
use super::error::Down;
use super::join::{Outcome, attach};
use super::names::{FIRST_HEAD, Names, join_name};
use super::start::{Originals, Standing, open, start};
use crate::ident::{Counter, Label, Version};
use crate::replica::Replica;

/// A volume on which steps are played. All processes are stopped at first, the controller runs and knows nobody.
#[derive(Debug, Clone)]
pub struct Play<'a> {
    table: &'a Table,
    sides: Vec<Side>,
    /// Replicas that registered, first to last, by place.
    registered: Vec<usize>,
    /// Entries of those that are gone, from before the controller had a leader.
    left: Vec<Registration>,
    /// The replicas that are RW, the source of joins first.
    members: Vec<usize>,
    /// Whether the controller runs.
    controller: bool,
    joins: usize,
}

/// What all plays of a volume share.
#[derive(Debug)]
pub struct Table {
    names: Names,
    started: Vec<(Label, Directory)>,
    /// The same without the files that end a process before it opens anything.
    mended: Vec<Directory>,
    version: Version,
    factor: usize,
    joins: usize,
}

/// What a directory is to the process that is started on it.
#[derive(Debug, Clone)]
pub struct Directory(Result<Standing, Down>);

#[derive(Debug, Clone)]
struct Side {
    directory: Directory,
    process: Process,
}

/// What the process of a replica is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Process {
    /// It does not run.
    Stopped,
    /// It registered and waits for a leader.
    Waits,
    /// It is RW.
    ReadWrite,
    /// It is refused again and again.
    Refused,
    /// It ends again and again.
    Fails,
}

/// What a step brings about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It registered; fewer than a majority have.
    Waits {
        /// Who.
        replica: Label,
        /// How many are missing.
        missing: usize,
    },
    /// It leads: what its directory holds is the volume from now on.
    Leads {
        /// Who.
        replica: Label,
    },
    /// It joined.
    Joined {
        /// Who.
        replica: Label,
        /// From whom.
        source: Label,
        /// How many images were copied over its own.
        copied: usize,
    },
    /// It was refused because of its Checkpoint.
    Refused {
        /// Who.
        replica: Label,
        /// By whom.
        source: Label,
    },
    /// Its process ends, or its join fails.
    Fails {
        /// Who.
        replica: Label,
        /// Jiva's message.
        message: String,
    },
    /// Nobody answers it, since the controller does not run.
    NoController {
        /// Who.
        replica: Label,
    },
    /// The last RW replica is gone: the volume has no data until a leader is elected.
    NoMember,
}

impl Table {
    /// The table of a volume on which so many joins can be played.
    pub fn of(replicas: &[Replica], version: Version, factor: usize, joins: usize) -> Self {
        let names = Names::with_joins(replicas, version, joins);
        let mut originals = Originals::new();
        let started = replicas
            .iter()
            .enumerate()
            .map(|(at, replica)| {
                let directory = Directory(start(at, replica, &names, &mut originals, version));
                (replica.label.clone(), directory)
            })
            .collect();
        let mended = replicas
            .iter()
            .enumerate()
            .map(|(at, replica)| Directory(open(at, replica, &names, &mut originals, version)))
            .collect();
        Self { names, started, mended, version, factor, joins }
    }

    /// A directory in which nothing lies, as Jiva opens it.
    fn empty(&self, label: &Label) -> Directory {
        let head = self.names.find(FIRST_HEAD).expect("the first head always has a number");
        let counter = Counter(self.version.first_counter());
        Directory(Ok(Standing::made(label, head, counter)))
    }
}

impl Directory {
    /// The same in the place of another replica's.
    pub fn of(mut self, label: &Label) -> Self {
        if let Ok(standing) = &mut self.0 {
            standing.label = label.clone();
        }
        self
    }
}

impl<'a> Play<'a> {
    /// Everything as it lies in the evidence, all processes stopped.
    pub fn of(table: &'a Table) -> Self {
        let side = |(_, directory): &(Label, Directory)| Side {
            directory: directory.clone(),
            process: Process::Stopped,
        };
        Self {
            table,
            sides: table.started.iter().map(side).collect(),
            registered: Vec::new(),
            left: Vec::new(),
            members: Vec::new(),
            controller: true,
            joins: 0,
        }
    }

    fn place(&self, label: &Label) -> usize {
        let found = self.table.started.iter().position(|(one, _)| one == label);
        found.expect("a replica of the volume")
    }

    fn label(&self, at: usize) -> Label {
        self.table.started[at].0.clone()
    }

    /// What the process of a replica is doing.
    ///
    /// # Panics
    /// Where no replica of the volume has this label.
    pub fn process(&self, label: &Label) -> Process {
        self.sides[self.place(label)].process
    }

    /// Whose directory the volume is read from; `None` without a leader.
    pub fn source(&self) -> Option<Label> {
        self.members.first().map(|at| self.label(*at))
    }

    /// How many are RW.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// Whether the controller runs and knows a replica.
    pub fn is_in_use(&self) -> bool {
        self.controller && !(self.members.is_empty() && self.registered.is_empty())
    }

    /// The replicas that would register by themselves now: their processes run, were refused or thrown out, and no replica is
    /// RW any more.
    pub fn retrying(&self) -> Vec<Label> {
        let idle = self.controller && self.members.is_empty();
        let tries = |side: &Side| {
            matches!(side.process, Process::Refused | Process::Fails) && side.directory.0.is_ok()
        };
        (0..self.sides.len()).filter(|at| idle && tries(&self.sides[*at])).map(|at| self.label(at)).collect()
    }

    /// The directory of a replica as it is now, to be put back later.
    pub fn directory(&self, label: &Label) -> Directory {
        self.sides[self.place(label)].directory.clone()
    }

    /// Puts another directory in the place of a replica's; its process ends.
    pub fn put(&mut self, label: &Label, directory: Directory) -> Vec<Event> {
        let events = self.stop(label);
        let at = self.place(label);
        self.sides[at].directory = directory;
        events
    }

    /// Leaves an empty directory in the place of a replica's; its process ends.
    pub fn empty(&mut self, label: &Label) -> Vec<Event> {
        let directory = self.table.empty(label);
        self.put(label, directory)
    }

    /// Takes the files that end a replica's process before it opens anything out of its directory, if it still is the one
    /// of the evidence.
    pub fn mend(&mut self, label: &Label) {
        let at = self.place(label);
        if self.sides[at].directory.0.is_err() {
            self.sides[at].directory = self.table.mended[at].clone();
        }
    }

    /// Ends the process of a replica.
    pub fn stop(&mut self, label: &Label) -> Vec<Event> {
        let at = self.place(label);
        self.sides[at].process = Process::Stopped;
        if let Some(entry) = self.registration(at).filter(|_| self.registered.contains(&at)) {
            self.left.retain(|left| left.label != entry.label);
            self.left.push(entry);
        }
        self.registered.retain(|one| *one != at);
        let was = self.members.len();
        self.members.retain(|one| *one != at);
        if was > 0 && self.members.is_empty() { vec![Event::NoMember] } else { Vec::new() }
    }

    /// Ends the controller. Processes of replicas lose it and start again with it.
    pub fn stop_controller(&mut self) -> Vec<Event> {
        let had = !self.members.is_empty();
        self.controller = false;
        self.forget();
        if had { vec![Event::NoMember] } else { Vec::new() }
    }

    fn forget(&mut self) {
        self.registered.clear();
        self.left.clear();
        self.members.clear();
    }

    /// Starts the controller anew: it knows nobody, and the replicas whose processes run register again, in this order.
    pub fn start_controller(&mut self, order: &[&Label]) -> Vec<Event> {
        self.controller = true;
        self.forget();
        let running = |at: &usize| self.sides[*at].process != Process::Stopped;
        let again: Vec<usize> = order.iter().map(|label| self.place(label)).filter(running).collect();
        again.into_iter().flat_map(|at| self.register(at)).collect()
    }

    /// Starts the process of a replica.
    pub fn start(&mut self, label: &Label) -> Vec<Event> {
        let at = self.place(label);
        if self.members.contains(&at) || self.registered.contains(&at) {
            return Vec::new();
        }
        self.register(at)
    }

    /// Takes an entry out of the controller's list. A replica that runs goes on running and is a member no more.
    pub fn forget_entry(&mut self, label: &Label) -> Vec<Event> {
        let process = self.process(label);
        let events = self.stop(label);
        self.left.retain(|left| left.label != *label);
        let at = self.place(label);
        self.sides[at].process = if process == Process::Stopped { process } else { Process::Refused };
        events
    }

    fn registration(&self, at: usize) -> Option<Registration> {
        let standing = self.sides[at].directory.0.as_ref().ok()?;
        let label = self.label(at);
        Some(Registration { label, counter: standing.counter, rebuilding: standing.rebuilding })
    }

    fn register(&mut self, at: usize) -> Vec<Event> {
        let replica = self.label(at);
        if let Err(down) = &self.sides[at].directory.0 {
            let message = down.to_string();
            self.sides[at].process = Process::Fails;
            return vec![Event::Fails { replica, message }];
        }
        self.sides[at].process = Process::Waits;
        if !self.controller {
            return vec![Event::NoController { replica }];
        }
        if !self.members.is_empty() {
            return vec![self.join(at)];
        }
        self.registered.push(at);
        let arrivals: Vec<Registration> =
            self.registered.iter().filter_map(|at| self.registration(*at)).collect();
        let Some((leader, _)) = elect_among(&self.left, &arrivals, self.table.factor) else {
            let quorum = self.table.factor / 2 + 1;
            return vec![Event::Waits { replica, missing: quorum.saturating_sub(arrivals.len()) }];
        };
        let leader = self.place(&leader);
        self.sides[leader].process = Process::ReadWrite;
        self.members.push(leader);
        self.left.clear();
        let mut events = vec![Event::Leads { replica: self.label(leader) }];
        let rest: Vec<usize> =
            std::mem::take(&mut self.registered).into_iter().filter(|one| *one != leader).collect();
        events.extend(rest.into_iter().map(|at| self.join(at)));
        events
    }

    fn join(&mut self, at: usize) -> Event {
        let replica = self.label(at);
        let fails = |replica, message: &str| Event::Fails { replica, message: message.to_owned() };
        if self.members.len() >= self.table.factor {
            self.sides[at].process = Process::Fails;
            return fails(replica, "the controller has as many replicas as its factor");
        }
        if self.joins >= self.table.joins {
            self.sides[at].process = Process::Fails;
            return fails(replica, "more joins than are played");
        }
        self.joins += 1;
        let names = &self.table.names;
        let name = names.find(join_name(self.joins).as_str()).expect("every join has a number");
        let source = self.label(self.members[0]);
        let mut members: Vec<Standing> =
            self.members.iter().filter_map(|at| self.sides[*at].directory.0.as_ref().ok().cloned()).collect();
        let Ok(joiner) = &self.sides[at].directory.0 else { return fails(replica, "it does not come up") };
        let (outcome, after) = attach(&mut members, joiner, name, names, self.table.version);
        for (at, standing) in self.members.iter().zip(members) {
            self.sides[*at].directory = Directory(Ok(standing));
        }
        if let Some(after) = after {
            self.sides[at].directory = Directory(Ok(after));
        }
        match outcome {
            Outcome::Accepted { copied, .. } => {
                self.sides[at].process = Process::ReadWrite;
                self.members.push(at);
                Event::Joined { replica, source, copied: copied.len() }
            }
            Outcome::Refused => {
                self.sides[at].process = Process::Refused;
                Event::Refused { replica, source }
            }
            Outcome::Error(error) => {
                self.sides[at].process = Process::Fails;
                Event::Fails { replica, message: error.to_string() }
            }
        }
    }
}
