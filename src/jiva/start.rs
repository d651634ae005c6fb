//! What starting a replica's process makes of its directory, and the state that joins then change.

use std::collections::{BTreeMap, HashSet};

use super::version::Version;
use crate::format::next_head_name;
use crate::ident::{Counter, DiskName, Label};
use crate::replica::{Disk, Replica, State};

/// An image as it lay in the evidence: whose, and which disk.
pub type Original = (Label, DiskName);

/// A replica whose process runs: its chain, and whose image stands in each of its files.
///
/// No bytes are held. A join moves images between directories and replaces what stood there; this keeps account
/// of it, so that the next join starts from what the one before left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// Whose.
    pub label: Label,
    /// Size of the volume as it has it, in bytes.
    pub size: u64,
    /// The chain, head first.
    pub chain: Vec<DiskName>,
    /// The counter of now.
    pub counter: Counter,
    /// Its Checkpoint.
    pub checkpoint: Option<DiskName>,
    /// Whether its process made a new empty volume in the directory.
    pub fresh: bool,
    /// What each record names as parent.
    parents: BTreeMap<DiskName, Option<DiskName>>,
    /// The counter in each record.
    counters: BTreeMap<DiskName, Counter>,
    /// Which file each name is; names of one inode are one file.
    files: BTreeMap<DiskName, usize>,
    /// What each file holds; `None` for a file that stores nothing.
    contents: Vec<Option<Original>>,
    /// Which files store something.
    stored: Vec<bool>,
}

impl Standing {
    /// Its images, base first, the newest last; files that store nothing are left out.
    pub fn stack(&self) -> Vec<Original> {
        self.chain.iter().rev().filter_map(|name| self.content(name).cloned()).collect()
    }

    /// What stands in the file of a name.
    pub fn content(&self, name: &DiskName) -> Option<&Original> {
        self.contents[*self.files.get(name)?].as_ref()
    }

    /// Every image that some file of its directory holds, on the chain or off it.
    pub fn held(&self) -> impl Iterator<Item = &Original> {
        self.contents.iter().flatten()
    }

    /// Whether the file of a name stores something; false without a file.
    fn stores(&self, name: &DiskName) -> bool {
        self.files.get(name).is_some_and(|file| self.stored[*file])
    }

    fn new_file(&mut self) -> usize {
        self.contents.push(None);
        self.stored.push(false);
        self.contents.len() - 1
    }

    /// The parent that a record names; `None` without a record, `Some(None)` for a base.
    pub(super) fn parent(&self, name: &DiskName) -> Option<Option<&DiskName>> {
        self.parents.get(name).map(Option::as_ref)
    }

    /// The counter in a record.
    pub(super) fn record_counter(&self, name: &DiskName) -> Option<Counter> {
        self.counters.get(name).copied()
    }

    /// Takes a snapshot: the head becomes `name`, over it comes an empty head.
    ///
    /// # Errors
    /// Jiva's message.
    pub(super) fn snapshot(&mut self, name: &DiskName, version: Version) -> Result<(), String> {
        if self.chain.len() + 1 > version.chain_limit() {
            return Err(format!("Too many active disks: {}", self.chain.len() + 2));
        }
        let head = self.chain[0].clone();
        let next = next_head_name(head.as_str())
            .map(DiskName::new)
            .ok_or_else(|| format!("Invalid name {head} does not match pattern: volume-head-(\\d+).img"))?;
        if self.stores(&next) {
            return Err(format!("Can't remove head file {next} as it contains some data"));
        }
        let file = self.files.remove(&head).expect("a head has a file");
        let below = self.parents.remove(&head).flatten();
        self.files.insert(name.clone(), file);
        self.parents.insert(name.clone(), below);
        self.counters.insert(name.clone(), self.counter);
        let empty = self.new_file();
        self.files.insert(next.clone(), empty);
        self.parents.insert(next.clone(), Some(name.clone()));
        self.counters.insert(next.clone(), self.counter);
        self.chain[0] = name.clone();
        self.chain.insert(0, next);
        Ok(())
    }

    /// Takes over another replica's file in place, record and, unless it is skipped, image.
    pub(super) fn receive(&mut self, name: &DiskName, from: &Self, image: bool) {
        let file = self.files.get(name).copied().unwrap_or_else(|| self.new_file());
        self.files.insert(name.clone(), file);
        if image {
            self.contents[file] = from.content(name).cloned();
            self.stored[file] = from.stores(name);
        }
        self.parents.insert(name.clone(), from.parents.get(name).cloned().flatten());
        if let Some(counter) = from.record_counter(name) {
            self.counters.insert(name.clone(), counter);
        }
    }

    /// The chain that its records give now.
    ///
    /// # Errors
    /// The first disk whose record is missing, or that comes twice.
    pub(super) fn walk(&self) -> Result<Vec<DiskName>, DiskName> {
        let mut at = &self.chain[0];
        let mut chain = vec![at.clone()];
        let mut met = HashSet::from([at]);
        loop {
            match self.parent(at) {
                None => return Err(at.clone()),
                Some(None) => return Ok(chain),
                Some(Some(parent)) if !met.insert(parent) => return Err(parent.clone()),
                Some(Some(parent)) => at = parent,
            }
            chain.push(at.clone());
        }
    }
}

/// Starts a replica; the error is what its process, or the controller that opens it, would print.
///
/// A directory without `volume.meta` is taken for a new one: it gets an empty head 000 beside whatever lies there,
/// and keeps its counter.
///
/// # Errors
/// Jiva's message.
pub fn start(replica: &Replica, version: Version) -> Result<Standing, String> {
    if let Some(error) = &replica.start_error {
        return Err(error.clone());
    }
    if version.dies_of_left_over() && replica.temporaries.iter().any(|name| name == "tmpFile.tmp") {
        return Err("Error running start replica command: invalid argument".to_owned());
    }
    if let Some(error) = &replica.error {
        return Err(error.clone());
    }
    let counter = replica.counter.unwrap_or(Counter(1));
    let mut standing = described(replica, counter, version);
    if replica.state == State::Blank && replica.meta.is_none() {
        let head = DiskName::from("volume-head-000.img");
        if standing.stores(&head) {
            return Err(format!("Can't remove head file {head} as it contains some data"));
        }
        let empty = standing.new_file();
        standing.files.insert(head.clone(), empty);
        standing.parents.insert(head.clone(), None);
        standing.counters.insert(head.clone(), counter);
        standing.chain = vec![head];
        standing.checkpoint = None;
        standing.fresh = true;
    }
    Ok(standing)
}

fn described(replica: &Replica, counter: Counter, version: Version) -> Standing {
    let mut standing = Standing {
        label: replica.label.clone(),
        size: replica.size.unwrap_or(0),
        chain: replica.chain.clone(),
        counter,
        checkpoint: replica.checkpoint.clone().filter(|_| version.has_checkpoints()),
        fresh: false,
        parents: BTreeMap::new(),
        counters: BTreeMap::new(),
        files: BTreeMap::new(),
        contents: Vec::new(),
        stored: Vec::new(),
    };
    let mut inodes: BTreeMap<u64, usize> = BTreeMap::new();
    for disk in replica.disks.values() {
        let link = disk.image.as_ref().and_then(|image| image.link);
        let known = link.and_then(|link| inodes.get(&link).copied());
        let file = known.unwrap_or_else(|| {
            let file = standing.new_file();
            standing.contents[file] = Some((replica.label.clone(), disk.name.clone()));
            file
        });
        if let Some(link) = link {
            inodes.insert(link, file);
        }
        standing.files.insert(disk.name.clone(), file);
        standing.stored[file] |= disk.allocated().is_none_or(|bytes| bytes > 0);
        if disk.read_record().is_some() {
            standing.parents.insert(disk.name.clone(), disk.parent());
            let filled = disk.counter().filter(|count| count.0 > 1).or(disk.on_chain.then_some(counter));
            let shown = if version.fills_counters() { filled.or(disk.counter()) } else { disk.counter() };
            if let Some(shown) = shown {
                standing.counters.insert(disk.name.clone(), shown);
            }
        }
    }
    standing
}

/// Whether a replica's directory stores nothing that its chain reaches.
pub fn is_empty(replica: &Replica) -> bool {
    replica.state == State::Blank
        || (replica.has_images()
            && replica
                .chain
                .iter()
                .filter_map(|name| replica.disk(name))
                .all(|disk| Disk::allocated(disk) == Some(0)))
}
