//! All witnesses of a run: each file with what it says, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use rayon::prelude::*;
use serde::Serialize;

use super::file::{self, Testimony};
use super::{Address, Event, Life, Log, Moment};
use crate::dialect::jiva::api::Reply;
use crate::evidence::{self, Found, Kind};
use crate::ident::Label;

/// What a file is to the program that reads the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WitnessKind {
    /// A log.
    Log,
    /// The controller's list.
    Replicas,
    /// What a replica says of itself.
    Replica,
    /// The controller's statistics, with its list.
    Stats,
    /// The volume.
    Volume,
    /// The Checkpoint.
    Checkpoint,
    /// A request that was not answered.
    NoAnswer,
    /// Pods.
    Pods,
    /// Persistent volumes.
    Pv,
    /// Nodes.
    Nodes,
    /// Events.
    Events,
    /// The operator's object for a volume.
    Jivavolume,
    /// Objects of several kinds, or of another.
    Objects,
}

/// Which clock the times of a file are by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Clock {
    /// The clock of the process that wrote it.
    Process,
    /// Lines without a clock: seconds since the start of the process, or nothing.
    None,
    /// A time that stands beside the file.
    Beside,
    /// The latest time in it: it was taken no earlier.
    Latest,
}

/// One file, as the report lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Witness {
    /// Its number.
    pub id: usize,
    /// What it is.
    pub kind: WitnessKind,
    /// Where it is.
    pub file: String,
    /// Lines of a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// Lines among them that are none of Jiva's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_lines: Option<u64>,
    /// The first time in it, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last time in it, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// By which clock.
    pub clock: Clock,
    /// What it covers: a replica's own log, containers, or namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
}

/// One file, read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Given {
    /// Where it is.
    pub path: String,
    /// The replica in whose directory it lies.
    pub label: Option<Label>,
    /// What it says.
    pub says: Testimony,
    /// When it was taken, for what has no times of its own.
    pub taken: Option<Moment>,
}

impl Given {
    /// Volumes that it names.
    pub fn volumes(&self) -> BTreeSet<&str> {
        match &self.says {
            Testimony::Log(log) => {
                let lives = log.streams.iter().flat_map(|stream| &stream.lives);
                lives.flat_map(|life| life.volumes.iter().map(|volume| &**volume)).collect()
            }
            Testimony::Reply(Reply::Stats { volume: Some(volume), .. } | Reply::Volume(Some(volume), ..)) => {
                BTreeSet::from([volume.as_str()])
            }
            _ => BTreeSet::new(),
        }
    }

    /// Addresses that a replica calls its own in it, or that it lists.
    pub fn addresses(&self) -> BTreeSet<Address> {
        match &self.says {
            Testimony::Log(log) => {
                let lives = log.streams.iter().flat_map(|stream| &stream.lives);
                let said = |life: &Life| {
                    life.sightings
                        .iter()
                        .filter_map(|one| match &one.event {
                            Event::Listed(address) | Event::Register { address, .. } => Some(address.clone()),
                            _ => None,
                        })
                        .collect::<Vec<_>>()
                };
                lives.flat_map(|life| life.own.iter().cloned().chain(said(life))).collect()
            }
            Testimony::Reply(Reply::List(list) | Reply::Stats { list, .. }) => {
                list.iter().map(|(address, _)| address.clone()).collect()
            }
            Testimony::Reply(Reply::Replica(own)) => own.address.iter().cloned().collect(),
            _ => BTreeSet::new(),
        }
    }
}

/// Everything that testifies about the replicas of a run.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Collection {
    /// The files, by path.
    pub given: Vec<Given>,
    /// Files that were taken for witnesses and are none, or could not be read: with what is to be said of each.
    pub others: Vec<(String, String)>,
}

impl Collection {
    /// Reads every file that testifies, and the logs in the directories of replicas.
    pub fn read(files: &[&evidence::Testimony], replicas: &[Found]) -> Self {
        let mut read: Vec<(String, Option<Label>, io::Result<Option<Testimony>>)> = files
            .par_iter()
            .map(|given| (given.path.clone(), None, given.open().and_then(file::read)))
            .collect();
        let own: Vec<_> = replicas.par_iter().flat_map_iter(own_logs).collect();
        read.extend(own);
        read.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        let mut times = BTreeMap::new();
        let (mut given, mut others) = (Vec::new(), Vec::new());
        for (path, label, says) in read {
            match says {
                Ok(Some(Testimony::TakenAt(at))) => drop(times.insert(directory(&path).to_owned(), at)),
                Ok(Some(says)) => given.push(Given { path, label, says, taken: None }),
                Ok(None) if label.is_some() => {}
                Ok(None) => others.push((path, "is no witness that is known, not read".to_owned())),
                Err(error) => others.push((path, format!("cannot be read in full: {error}"))),
            }
        }
        for one in &mut given {
            one.taken = times.get(directory(&one.path)).copied();
            if let Testimony::NoAnswer(_, Some(at)) = &one.says {
                one.taken = Some(*at);
            }
        }
        Self { given, others }
    }

    /// Those that fit.
    #[must_use]
    pub fn only(&self, fits: impl Fn(&Given) -> bool) -> Self {
        Self { given: self.given.iter().filter(|given| fits(given)).cloned().collect(), others: Vec::new() }
    }

    /// The logs, with the number of their file.
    pub fn logs(&self) -> impl Iterator<Item = (usize, &Given, &Log)> {
        self.given.iter().enumerate().filter_map(|(number, given)| match &given.says {
            Testimony::Log(log) => Some((number, given, log)),
            _ => None,
        })
    }

    /// The files as the report lists them.
    pub fn witnesses(&self) -> Vec<Witness> {
        self.given.iter().enumerate().map(|(id, given)| witness(id, given)).collect()
    }
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The logs that lie in a replica's directory: `replica.log` and what it was rotated into.
fn own_logs(found: &Found) -> Vec<(String, Option<Label>, io::Result<Option<Testimony>>)> {
    let entries = found.source.entries().iter();
    let logs = entries.filter(|entry| {
        entry.kind == Kind::File && entry.name.starts_with("replica") && entry.name.contains(".log")
    });
    logs.map(|entry| {
        let path = format!("{}/{}", found.path, entry.name);
        let says = evidence::open_entry(found.source.as_ref(), entry).and_then(file::read);
        (path, Some(found.label.clone()), says)
    })
    .collect()
}

fn witness(id: usize, given: &Given) -> Witness {
    let text = |at: Option<Moment>| at.map(|at| at.to_string());
    let mut out = Witness {
        id,
        kind: WitnessKind::Log,
        file: given.path.clone(),
        lines: None,
        unknown_lines: None,
        from: text(given.taken),
        to: text(given.taken),
        clock: if given.taken.is_some() { Clock::Beside } else { Clock::None },
        scope: Vec::new(),
    };
    match &given.says {
        Testimony::Log(log) => {
            let (from, to) = log.span();
            (out.from, out.to) = (text(from), text(to));
            (out.lines, out.unknown_lines) = (Some(log.lines), Some(log.unknown));
            out.clock = if log.clocks.0 > 0 { Clock::Process } else { Clock::None };
            out.scope =
                log.streams.iter().filter_map(|stream| stream.who.as_deref().map(str::to_owned)).collect();
            out.scope.extend(given.label.iter().map(ToString::to_string));
        }
        Testimony::Reply(reply) => {
            out.kind = match reply {
                Reply::List(_) => WitnessKind::Replicas,
                Reply::Replica(_) => WitnessKind::Replica,
                Reply::Stats { .. } => WitnessKind::Stats,
                Reply::Volume(..) => WitnessKind::Volume,
                Reply::Checkpoint(_) => WitnessKind::Checkpoint,
            };
        }
        Testimony::NoAnswer(..) => out.kind = WitnessKind::NoAnswer,
        Testimony::Objects(objects) => {
            out.kind = match objects.kinds[..] {
                ["pods" | "pod"] => WitnessKind::Pods,
                ["nodes"] => WitnessKind::Nodes,
                ["pv"] => WitnessKind::Pv,
                ["events"] => WitnessKind::Events,
                ["jivavolume"] => WitnessKind::Jivavolume,
                _ => WitnessKind::Objects,
            };
            out.scope = objects.namespaces.clone();
            if out.to.is_none() && objects.latest.is_some() {
                (out.to, out.clock) = (text(objects.latest), Clock::Latest);
            }
        }
        Testimony::TakenAt(_) => {}
    }
    out
}
