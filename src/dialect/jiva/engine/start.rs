//! What starting a replica's process makes of its directory, and the state that joins then change.

use std::collections::BTreeMap;

use super::entries::{Entries, Entry};
use super::error::{Down, JoinError};
use super::names::{FIRST_HEAD, Name, Names};
use crate::dialect::jiva::LeftOver;
use crate::ident::Version;
use crate::ident::{Counter, Label};
use crate::replica::{OpenError, Replica, StartError, State};

/// An image as it lay in the evidence, by number; [`Cluster::original`](super::Cluster::original) tells whose and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Original(pub(super) u32);

/// A replica whose process runs: its chain, and whose image stands in each of its files.
///
/// No bytes are held. A join moves images between directories and replaces what stood there; this keeps account
/// of it, so that the next join starts from what the one before left.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Whose.
    pub label: Label,
    /// The counter of now.
    pub counter: Counter,
    /// Whether it registers as being rebuilt: it is then counted, and never elected.
    pub rebuilding: bool,
    /// The chain, head first.
    pub(super) chain: Vec<Name>,
    /// Its Checkpoint; one that nothing in the volume is called stands in no chain.
    pub(super) checkpoint: Option<Name>,
    /// What lies in the directory.
    entries: Entries,
    /// What each file holds; `None` for a file that stores nothing.
    contents: Vec<Option<Original>>,
    /// Which files store something.
    stored: Vec<bool>,
}

impl Standing {
    /// A directory that was just made, with one empty head.
    pub(super) fn made(label: &Label, head: Name, counter: Counter) -> Self {
        let mut standing = Self {
            label: label.clone(),
            counter,
            rebuilding: false,
            chain: vec![head],
            checkpoint: None,
            entries: Entries::with_capacity(4),
            contents: Vec::new(),
            stored: Vec::new(),
        };
        let file = Some(standing.new_file());
        *standing.entries.of(head) = Entry { parent: Some(None), counter: Some(counter), file };
        standing
    }

    /// Its images, base first, the newest last; files that store nothing are left out.
    pub fn stack(&self) -> Vec<Original> {
        self.images().rev().flatten().collect()
    }

    /// The image that each member of its chain holds, head first; `None` where it holds none.
    pub fn images(&self) -> impl DoubleEndedIterator<Item = Option<Original>> {
        self.chain.iter().map(|name| self.content(*name))
    }

    /// What stands in the file of a name.
    pub(super) fn content(&self, name: Name) -> Option<Original> {
        self.contents[self.entries.at(name).file? as usize]
    }

    /// Every image that some file of its directory holds, on the chain or off it.
    pub fn held(&self) -> impl Iterator<Item = Original> {
        self.contents.iter().copied().flatten()
    }

    /// Whether the file of a name stores something; false without a file.
    fn stores(&self, name: Name) -> bool {
        self.entries.at(name).file.is_some_and(|file| self.stored[file as usize])
    }

    fn new_file(&mut self) -> u32 {
        self.contents.push(None);
        self.stored.push(false);
        u32::try_from(self.contents.len() - 1).expect("fewer files than memory holds")
    }

    /// The counter in a record.
    pub(super) fn record_counter(&self, name: Name) -> Option<Counter> {
        self.entries.at(name).counter
    }

    /// The head that a snapshot would make.
    ///
    /// # Errors
    /// Jiva's message where it makes none.
    pub(super) fn next_head(&self, names: &Names, version: Version) -> Result<Name, JoinError> {
        if self.chain.len() + 1 > version.chain_limit() {
            return Err(JoinError::TooManyDisks(self.chain.len() + 2));
        }
        let head = self.chain[0];
        let number =
            names.next_head(head).ok_or_else(|| JoinError::InvalidHeadName(names.name(head).clone()))?;
        if version.removes_empty_heads() {
            if self.stores(number) {
                return Err(JoinError::NextHeadStores(names.name(number).clone()));
            }
        } else if self.entries.at(number).file.is_some() {
            return Err(JoinError::NextHeadExists(names.name(number).clone()));
        }
        Ok(number)
    }

    /// For how many snapshots in a row the names of the next heads are free here, counted up to `enough`.
    pub(super) fn heads_free(&self, enough: usize, names: &Names, version: Version) -> usize {
        // Its own head is out of the way once it is a snapshot.
        let own = self.chain[0];
        let mut head = own;
        for taken in 0..enough {
            let Some(next) = names.next_head(head) else { return taken };
            let blocked = if version.removes_empty_heads() {
                self.stores(next)
            } else {
                self.entries.at(next).file.is_some()
            };
            if blocked && next != own {
                return taken;
            }
            head = next;
        }
        enough
    }

    /// Takes a snapshot: the head becomes `name`, over it comes an empty head, `next`.
    pub(super) fn snapshot(&mut self, name: Name, next: Name) {
        let head = self.chain[0];
        let before = self.entries.take(head);
        let counter = Some(self.counter);
        *self.entries.of(name) = Entry { parent: Some(before.parent.flatten()), counter, file: before.file };
        let empty = Some(self.new_file());
        *self.entries.of(next) = Entry { parent: Some(Some(name)), counter, file: empty };
        self.chain[0] = name;
        self.chain.insert(0, next);
    }

    /// Takes over another replica's file in place, record and, unless it is skipped, image; what the file held
    /// before is given back.
    pub(super) fn receive(&mut self, name: Name, from: &Self, image: bool) -> Option<Original> {
        let file = self.entries.at(name).file.unwrap_or_else(|| self.new_file());
        let theirs = from.entries.at(name);
        let own = self.entries.of(name);
        own.file = Some(file);
        own.parent = Some(theirs.parent.flatten());
        own.counter = theirs.counter.or(own.counter);
        if !image {
            return None;
        }
        self.stored[file as usize] = from.stores(name);
        std::mem::replace(&mut self.contents[file as usize], from.content(name))
    }

    /// The chain that its records give now.
    ///
    /// # Errors
    /// The first disk whose record is missing, or that comes twice.
    pub(super) fn walk(&self) -> Result<Vec<Name>, Name> {
        let mut at = self.chain[0];
        let mut chain = vec![at];
        let mut met = vec![false; self.entries.len()];
        loop {
            if let Some(place) = self.entries.place(at) {
                met[place] = true;
            }
            match self.entries.at(at).parent {
                None => return Err(at),
                Some(None) => return Ok(chain),
                Some(Some(parent)) if self.entries.place(parent).is_some_and(|place| met[place]) => {
                    return Err(parent);
                }
                Some(Some(parent)) => at = parent,
            }
            chain.push(at);
        }
    }
}

/// The images of a volume, by the places of the replica and of the disk.
pub(super) type Originals = Vec<(usize, usize)>;

/// Starts a replica, the one at place `at` of the volume; the error is what its process, or the controller that opens
/// it, would print. Its images become the next `originals`.
///
/// A directory without `volume.meta` is taken for a new one: it gets an empty head 000 beside whatever lies there,
/// and keeps its counter.
///
/// # Errors
/// Jiva's message.
pub(super) fn start(
    at: usize,
    replica: &Replica,
    names: &Names,
    originals: &mut Originals,
    version: Version,
) -> Result<Standing, Down> {
    match start_error(replica, version) {
        Some(error) => Err(Down::Start(error)),
        None => open(at, replica, names, originals, version),
    }
}

/// The same once what ends the process before it opens anything is out of the way.
///
/// # Errors
/// Jiva's message.
pub(super) fn open(
    at: usize,
    replica: &Replica,
    names: &Names,
    originals: &mut Originals,
    version: Version,
) -> Result<Standing, Down> {
    if let Some(error) = &replica.error {
        return Err(Down::Open(error.clone()));
    }
    if let Some(why) = replica.why_broken() {
        return Err(Down::NotOpened(why));
    }
    // Half a clone comes up too: a start without the arguments of a clone writes NA (recorded: made/clone-interrupted).
    let counter = replica.counter.unwrap_or(Counter(1));
    let mut standing = described(at, replica, counter, names, originals, version);
    if replica.state == State::Blank && replica.meta.is_none() {
        let head = names.find(FIRST_HEAD).expect("the first head always has a number");
        if standing.stores(head) {
            return Err(Down::Open(OpenError::NextHeadStores(FIRST_HEAD.to_owned())));
        }
        let file = Some(standing.new_file());
        *standing.entries.of(head) = Entry { parent: Some(None), counter: Some(counter), file };
        standing.chain = vec![head];
        standing.checkpoint = None;
    }
    Ok(standing)
}

/// What ends the process of this version before it opens anything.
fn start_error(replica: &Replica, version: Version) -> Option<StartError> {
    let left = |name: &String| LeftOver::of(name).is_some_and(|left| version.dies_of(left));
    match &replica.start_error {
        Some(StartError::LogInfo(_)) if !version.has_log_info() => {}
        Some(error) => return Some(error.clone()),
        None => {}
    }
    if replica.temporaries.iter().any(left) {
        return Some(StartError::ExtentProbe);
    }
    let lost = replica.state == State::Blank && replica.meta.is_none() && !replica.disks.is_empty();
    (lost && version.dies_without_volume_meta()).then_some(StartError::NoVolumeMeta)
}

fn described(
    number: usize,
    replica: &Replica,
    counter: Counter,
    names: &Names,
    originals: &mut Originals,
    version: Version,
) -> Standing {
    let own = names.of_disks(number);
    let find = |name: &str| names.find(name).expect("every name of the volume has a number");
    let mut standing = Standing {
        label: replica.label.clone(),
        counter,
        rebuilding: !version.clears_rebuilding_first()
            && replica.meta.as_ref().is_some_and(|meta| meta.rebuilding == Some(true)),
        chain: replica.places.iter().map(|at| own[*at]).collect(),
        checkpoint: replica
            .checkpoint
            .as_ref()
            .filter(|_| version.has_checkpoints())
            .map(|name| find(name.as_str())),
        // A join adds a snapshot and a head, and what it copies.
        entries: Entries::with_capacity(replica.disks.len() + 4),
        contents: Vec::with_capacity(replica.disks.len()),
        stored: Vec::with_capacity(replica.disks.len()),
    };
    let mut inodes: BTreeMap<u64, u32> = BTreeMap::new();
    for (at, disk) in replica.disks.iter().enumerate() {
        let link = disk.image.as_ref().and_then(|image| image.link);
        let known = link.and_then(|link| inodes.get(&link).copied());
        let file = known.unwrap_or_else(|| {
            let file = standing.new_file();
            let original = u32::try_from(originals.len()).expect("fewer images than memory holds");
            standing.contents[file as usize] = Some(Original(original));
            originals.push((number, at));
            file
        });
        if let Some(link) = link {
            inodes.insert(link, file);
        }
        standing.stored[file as usize] |= disk.allocated().is_none_or(|bytes| bytes > 0);
        let entry = standing.entries.of(own[at]);
        entry.file = Some(file);
        if disk.read_record().is_some() {
            let below = replica.disks.below(at).map(|below| own[below]);
            entry.parent = Some(below.or_else(|| disk.parent().map(find)));
            let filled = disk.counter().filter(|count| count.0 > 1).or(disk.on_chain.then_some(counter));
            entry.counter = if version.fills_counters() { filled.or(disk.counter()) } else { disk.counter() };
        }
    }
    standing
}

/// Whether a replica's directory stores nothing that its chain reaches.
pub fn is_empty(replica: &Replica) -> bool {
    replica.state == State::Blank
        || (replica.has_images() && replica.chain_disks().all(|disk| disk.allocated() == Some(0)))
}
