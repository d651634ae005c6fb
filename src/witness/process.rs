//! The runs of each process, from every log that shows them: one run that several files show counts once.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::Collection;
use super::life::Life;
use super::{Address, End, Event, Moment, Role};
use crate::ident::{DiskName, Label};

/// A supplied directory, as far as witnesses can be tied to it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Directory {
    /// Its label.
    pub label: Label,
    /// Its UUID.
    pub uuid: Option<String>,
    /// Every disk in it, on chain or off.
    pub disks: BTreeSet<DiskName>,
    /// Its counter.
    pub counter: Option<i64>,
    /// What it is called where it lay, where the path of the evidence tells it.
    pub name: Option<String>,
}

impl Directory {
    /// A directory.
    pub fn new(label: Label, uuid: Option<String>, disks: BTreeSet<DiskName>, counter: Option<i64>) -> Self {
        Self { label, uuid, disks, counter, name: None }
    }

    /// The same, called so.
    #[must_use]
    pub fn called(mut self, name: Option<String>) -> Self {
        self.name = name;
        self
    }
}

/// One run of a process, and the file that shows it best.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Run<'a> {
    /// The file, by its place in the collection.
    pub file: usize,
    /// The run.
    pub life: &'a Life,
    /// Seconds to add to its times for those of the controller.
    pub skew: i64,
}

/// The runs of one replica.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReplicaRuns<'a> {
    /// What it is called: its directory's label, or what the log tells.
    pub name: String,
    /// Its directory, if that was supplied.
    pub label: Option<Label>,
    /// Its runs, by time.
    pub runs: Vec<Run<'a>>,
}

/// Who had an address, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tie {
    /// The directory.
    pub label: Label,
    /// From when; unknown where no log tells it.
    pub from: Option<Moment>,
    /// Until when.
    pub to: Option<Moment>,
    /// What ties it.
    pub by: &'static str,
}

/// The runs of one controller.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ControllerRuns<'a> {
    /// Its volume, where a line names it.
    pub volume: Option<String>,
    /// Its runs, by time.
    pub runs: Vec<Run<'a>>,
}

/// Every process that the logs show.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Processes<'a> {
    /// Controllers, by volume.
    pub controllers: Vec<ControllerRuns<'a>>,
    /// Replicas.
    pub replicas: Vec<ReplicaRuns<'a>>,
    /// Which directory each address was.
    pub ties: BTreeMap<Address, Vec<Tie>>,
}

/// A replica whose directory was not supplied.
struct Unnamed<'a> {
    own: BTreeSet<Address>,
    /// The name of a file that holds its log alone.
    file: Option<String>,
    who: Option<String>,
    runs: Vec<Run<'a>>,
}

impl Unnamed<'_> {
    fn name(&self) -> String {
        let own = self.own.first().map(ToString::to_string);
        self.file.clone().or_else(|| self.who.clone()).or(own).unwrap_or_else(|| "a replica".to_owned())
    }
}

/// Logs that name one address are one replica's.
fn joined(mut all: Vec<Unnamed<'_>>) -> Vec<Unnamed<'_>> {
    // The fullest first: it gives the name.
    all.sort_by_key(|one| std::cmp::Reverse(one.runs.iter().map(|run| run.life.lines).sum::<u64>()));
    let mut out: Vec<Unnamed<'_>> = Vec::new();
    for one in all {
        match out.iter_mut().find(|known| !known.own.is_disjoint(&one.own)) {
            Some(known) => {
                known.own.extend(one.own);
                known.runs.extend(one.runs);
                known.file = known.file.take().or(one.file);
                known.who = known.who.take().or(one.who);
            }
            None => out.push(one),
        }
    }
    out
}

/// Seconds by which two clocks may differ without being reported apart.
const SLACK: i64 = 2;

impl<'a> Processes<'a> {
    /// Sorts out the runs of all logs.
    pub fn of(collection: &'a Collection, directories: &[Directory]) -> Self {
        let mut out = Self::default();
        let (mut streams, mut controllers) = (Vec::new(), Vec::new());
        for (file, given, log) in collection.logs() {
            for stream in &log.streams {
                let role = stream.lives.iter().find_map(|life| life.role);
                match role {
                    Some(Role::Controller) => {
                        controllers.extend(stream.lives.iter().map(|life| Run { file, life, skew: 0 }));
                    }
                    _ => streams.push((file, given, stream)),
                }
            }
        }
        out.controllers = by_volume(controllers);
        out.tie_by_uuid(directories);
        for (_, given, stream) in &streams {
            if let Some(label) = &given.label {
                out.tie(&stream.lives, label, "log in the directory");
            }
        }
        let mut named: BTreeMap<(String, Option<Label>), Vec<Run<'a>>> = BTreeMap::new();
        // Ties by addresses first: a log that they name ties further addresses.
        let mut open = Vec::new();
        for (file, given, stream) in streams {
            let label = given
                .label
                .clone()
                .or_else(|| out.known(&stream.lives))
                .or_else(|| by_chain(&stream.lives, directories));
            match label {
                Some(label) => {
                    out.tie(&stream.lives, &label, "log");
                    let runs = stream.lives.iter().map(|life| Run { file, life, skew: skew(life) });
                    named.entry((label.to_string(), Some(label))).or_default().extend(runs);
                }
                None => open.push((file, given, stream)),
            }
        }
        let mut unnamed: Vec<Unnamed<'a>> = Vec::new();
        for (file, given, stream) in open {
            let stem = stem(&given.path);
            let label = out.known(&stream.lives).or_else(|| {
                directories.iter().find(|one| one.label.as_str() == stem).map(|one| one.label.clone())
            });
            let runs = stream.lives.iter().map(|life| Run { file, life, skew: skew(life) });
            if let Some(label) = label {
                out.tie(&stream.lives, &label, "name of the file");
                named.entry((label.to_string(), Some(label))).or_default().extend(runs);
                continue;
            }
            let alone = matches!(&given.says, super::Testimony::Log(log) if log.streams.len() == 1);
            unnamed.push(Unnamed {
                own: stream.lives.iter().flat_map(|life| life.own.iter().cloned()).collect(),
                file: alone.then(|| stem.to_owned()),
                who: stream.who.as_deref().map(str::to_owned),
                runs: runs.collect(),
            });
        }
        for one in joined(unnamed) {
            named.entry((one.name(), None)).or_default().extend(one.runs);
        }
        for ((name, label), mut runs) in named {
            merge(&mut runs);
            out.replicas.push(ReplicaRuns { name, label, runs });
        }
        out
    }

    /// The directory that had an address at a time.
    pub fn directory(&self, address: &Address, at: Option<Moment>) -> Option<&Label> {
        let ties = self.ties.get(address)?;
        let Some(at) = at else { return ties.first().map(|tie| &tie.label) };
        let apart = |tie: &Tie| {
            let before = tie.from.map_or(0, |from| from.since(at).max(0));
            let after = tie.to.map_or(0, |to| at.since(to).max(0));
            before.max(after)
        };
        ties.iter().min_by_key(|tie| apart(tie)).map(|tie| &tie.label)
    }

    /// What a replica at an address is called.
    pub fn name(&self, address: &Address, at: Option<Moment>) -> String {
        let label = self.directory(address, at).map(ToString::to_string);
        let log = || self.runs_at(address).next().map(|(replica, _)| replica.name.clone());
        label.or_else(log).unwrap_or_else(|| address.to_string())
    }

    /// Whether a log that is here was written by a replica at that address.
    pub fn has_log(&self, address: &Address) -> bool {
        self.runs_at(address).next().is_some()
    }

    /// Runs of replicas at an address, by time.
    pub fn runs_at<'s>(
        &'s self,
        address: &'s Address,
    ) -> impl Iterator<Item = (&'s ReplicaRuns<'a>, Run<'a>)> + 's {
        self.replicas.iter().flat_map(move |replica| {
            let own = replica.runs.iter().filter(move |run| run.life.own.contains(address));
            own.map(move |run| (replica, *run))
        })
    }

    fn tie_by_uuid(&mut self, directories: &[Directory]) {
        for run in self.controllers.iter().flat_map(|one| &one.runs) {
            for sighting in &run.life.sightings {
                let Event::Register { address, uuid: Some(uuid), .. } = &sighting.event else { continue };
                let whose = directories.iter().find(|one| one.uuid.as_deref() == Some(uuid));
                if let Some(directory) = whose {
                    let tie = Tie {
                        label: directory.label.clone(),
                        from: sighting.at,
                        to: sighting.until,
                        by: "UUID",
                    };
                    add(&mut self.ties, address, tie);
                }
            }
        }
    }

    /// Ties an address to a directory by a reply that was kept.
    pub(super) fn tie_address(&mut self, address: &Address, label: &Label, at: Option<Moment>) {
        add(&mut self.ties, address, Tie { label: label.clone(), from: at, to: at, by: "reply" });
    }

    fn tie(&mut self, lives: &[Life], label: &Label, by: &'static str) {
        for life in lives {
            for own in &life.own {
                let tie = Tie { label: label.clone(), from: life.first, to: life.last, by };
                add(&mut self.ties, own, tie);
            }
        }
    }

    /// The directory that the addresses of these lives are known to be; the latest life that is known counts.
    fn known(&self, lives: &[Life]) -> Option<Label> {
        lives.iter().rev().find_map(|life| {
            life.own.iter().find_map(|own| {
                // Only an address that was this directory's at that very time.
                let ties = self.ties.get(own)?.iter();
                let near = |tie: &&Tie| match (tie.from, tie.to, life.first, life.last) {
                    (Some(from), Some(to), Some(first), Some(last)) => {
                        first.since(to) <= NEAR && from.since(last) <= NEAR
                    }
                    _ => true,
                };
                ties.filter(near).map(|tie| tie.label.clone()).next()
            })
        })
    }
}

/// Sorts runs of controllers by the volume that they name. A run that names none is the one controller's that is here, if
/// there is but one.
fn by_volume(runs: Vec<Run<'_>>) -> Vec<ControllerRuns<'_>> {
    let mut named: BTreeMap<Option<&str>, Vec<Run<'_>>> = BTreeMap::new();
    for run in runs {
        named.entry(run.life.volumes.first().map(|volume| &**volume)).or_default().push(run);
    }
    if named.len() == 2
        && let Some(unnamed) = named.remove(&None)
    {
        named.values_mut().for_each(|runs| runs.extend(&unnamed));
    }
    let sorted = named.into_iter().map(|(volume, mut runs)| {
        merge(&mut runs);
        ControllerRuns { volume: volume.map(str::to_owned), runs }
    });
    sorted.collect()
}

/// Seconds between two sightings of an address that are still taken for the same replica.
const NEAR: i64 = 3600;

fn add(ties: &mut BTreeMap<Address, Vec<Tie>>, address: &Address, tie: Tie) {
    let known = ties.entry(address.clone()).or_default();
    if let Some(same) = known.iter_mut().find(|one| one.label == tie.label) {
        same.from = match (same.from, tie.from) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        same.to = same.to.max(tie.to);
    } else {
        known.push(tie);
    }
}

/// The one directory that holds head and newest snapshot of the replica's own chain and not the head of the RW side, as a
/// refused join leaves them: a snapshot of that name is on the RW side too, whose directory may be here as well.
fn by_chain(lives: &[Life], directories: &[Directory]) -> Option<Label> {
    let own =
        lives.iter().rev().flat_map(|life| life.sightings.iter().rev()).find_map(|one| match &one.event {
            Event::Chains { own, rw } => Some((own, rw)),
            _ => None,
        })?;
    let (own, rw) = own;
    let holds = |one: &Directory, disk: Option<&DiskName>| disk.is_some_and(|disk| one.disks.contains(disk));
    let mut holders = directories
        .iter()
        .filter(|one| holds(one, own.head()) && holds(one, own.newest_snapshot()) && !holds(one, rw.head()));
    match (holders.next(), holders.next()) {
        (Some(one), None) => Some(one.label.clone()),
        _ => None,
    }
}

/// The name of a file without what tells its kind.
fn stem(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.split('.').next().unwrap_or(name)
}

/// Seconds by which a replica's clock is behind the controller's, by snapshots whose time the controller gave. A line that
/// is late may come from a controller that waited: then only what several snapshots say alike counts.
pub(super) fn skew(life: &Life) -> i64 {
    let mut behind: Vec<i64> = life
        .sightings
        .iter()
        .filter_map(|one| match (&one.event, one.at) {
            (Event::Snapshot { on: None, created: Some(created), .. }, Some(at)) => Some(created.since(at)),
            _ => None,
        })
        .collect();
    behind.sort_unstable();
    let (Some(first), Some(last)) = (behind.first(), behind.last()) else { return 0 };
    let alike = last - first <= SLACK;
    match behind.len() {
        _ if !alike || first.abs() <= SLACK || first.abs() > 86_400 => 0,
        1 if *first < 0 => 0,
        _ => *first,
    }
}

impl Run<'_> {
    /// Its first time, by the controller's clock.
    pub fn first(&self) -> Option<Moment> {
        self.life.first.map(|at| at.plus(self.skew))
    }

    /// Its last time, by the controller's clock.
    pub fn last(&self) -> Option<Moment> {
        self.life.last.map(|at| at.plus(self.skew))
    }

    /// When its last line of a kind came, by the controller's clock.
    pub fn at(&self, at: Option<Moment>) -> Option<Moment> {
        at.map(|at| at.plus(self.skew))
    }

    /// Whether it ended, as far as its log tells.
    pub fn ended(&self) -> bool {
        self.life.end.is_some()
    }

    /// Whether it ended because nobody pinged it.
    pub fn starved(&self) -> Option<i64> {
        match self.life.end {
            Some(End::NoPing(seconds)) => Some(seconds),
            _ => None,
        }
    }
}

/// Sorts runs by time and keeps of those that overlap the one that the fullest log shows: one process runs once at a time.
fn merge(runs: &mut Vec<Run<'_>>) {
    let key = |run: &Run<'_>| (run.first(), run.last(), run.file);
    runs.sort_by(|a, b| b.life.lines.cmp(&a.life.lines).then_with(|| key(a).cmp(&key(b))));
    let mut kept: Vec<Run<'_>> = Vec::new();
    for run in runs.drain(..) {
        if !kept.iter().any(|other| same(other, &run)) {
            kept.push(run);
        }
    }
    kept.sort_by_key(key);
    *runs = kept;
}

/// Whether two runs are one: they overlap in time and contradict each other in nothing.
fn same(a: &Run<'_>, b: &Run<'_>) -> bool {
    let apart =
        |a: &BTreeSet<Address>, b: &BTreeSet<Address>| !a.is_empty() && !b.is_empty() && a.is_disjoint(b);
    let volumes = |a: &Run<'_>, b: &Run<'_>| {
        let (a, b) = (&a.life.volumes, &b.life.volumes);
        !a.is_empty() && !b.is_empty() && a.is_disjoint(b)
    };
    if apart(&a.life.own, &b.life.own) || volumes(a, b) {
        return false;
    }
    match (a.first(), a.last(), b.first(), b.last()) {
        (Some(a_first), Some(a_last), Some(b_first), Some(b_last)) => {
            let overlap = a_last.min(b_last).millis() - a_first.max(b_first).millis();
            let shorter = (a_last.millis() - a_first.millis()).min(b_last.millis() - b_first.millis());
            // Lives follow each other within a second; a run without length is the same where it lies within.
            overlap * 2 > shorter || shorter == 0 && overlap >= 0 && same_words(a.life, b.life)
        }
        _ => same_words(a.life, b.life),
    }
}

/// Whether everything that the shorter one says stands in the other.
fn same_words(a: &Life, b: &Life) -> bool {
    let (short, long) = if a.sightings.len() <= b.sightings.len() { (a, b) } else { (b, a) };
    short.sightings.iter().all(|one| long.sightings.iter().any(|other| other.event == one.event))
}
