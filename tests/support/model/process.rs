//! One replica's process: what it does to its directory, step by step, and where it dies.

use std::collections::BTreeSet;

use super::Dice;
use super::disk::{BLOCKS, Directory, Image, Meta, Record, Version as Jiva};
use super::truth::Version;

/// The process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Killed;

/// A replica.
#[derive(Debug, Clone)]
pub struct Process {
    pub label: String,
    pub disk: Directory,
    /// The chain in memory, head first; empty while it is not open.
    pub chain: Vec<String>,
    /// Steps until it dies, if it is to.
    pub fuse: Option<usize>,
    pub punching: bool,
    /// Every version that was ever written or copied into this directory.
    pub had: BTreeSet<Version>,
}

pub fn is_head(name: &str) -> bool {
    name.starts_with("volume-head-")
}

impl Process {
    pub fn new(label: &str, uuid: usize) -> Self {
        let disk = Directory { uuid, ..Directory::default() };
        Self {
            label: label.to_owned(),
            disk,
            chain: Vec::new(),
            fuse: None,
            punching: false,
            had: BTreeSet::new(),
        }
    }

    pub fn step(&mut self) -> Result<(), Killed> {
        match &mut self.fuse {
            Some(0) => Err(Killed),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The start of the process: a directory without volume.meta becomes a new volume, Rebuilding is reset.
    pub fn start(&mut self, now: u32) -> Result<(), String> {
        self.chain.clear();
        self.disk.log.start(now, &self.label);
        // Before v2.0.0 the process ends where there are files and no volume.meta.
        if self.disk.meta.is_none() && self.disk.version != Jiva::V3 && !self.disk.names.is_empty() {
            return Err("nil pointer".to_owned());
        }
        if self.disk.meta.is_none() {
            let counter = *self.disk.counter.get_or_insert(1);
            let head = "volume-head-000.img";
            if self.disk.names.contains_key(head) && !self.disk.image(head).blocks.is_empty() {
                return Err("Can't remove head file".to_owned());
            }
            self.disk.log.say(now, "Creating volume openebs, size 196608/512");
            self.disk.make(head, BLOCKS);
            self.disk.records.insert(head.to_owned(), record(head, "", false, now, counter));
            self.disk.meta = Some(Meta {
                head: head.to_owned(),
                dirty: false,
                rebuilding: false,
                parent: String::new(),
                checkpoint: String::new(),
                counter,
                clone_status: "NA",
            });
        }
        if self.disk.meta.as_ref().is_some_and(|meta| meta.rebuilding) {
            self.open(now)?;
            self.meta().rebuilding = false;
            self.close();
        }
        self.disk.chain().map(|_| ()).ok_or_else(|| "broken chain".to_owned())
    }

    pub fn meta(&mut self) -> &mut Meta {
        self.disk.meta.as_mut().expect("a started process has volume.meta")
    }

    pub fn counter(&self) -> i64 {
        self.disk.counter.expect("a started process has a counter")
    }

    pub fn open(&mut self, now: u32) -> Result<(), String> {
        let counter = *self.disk.counter.get_or_insert(1);
        let chain = self.disk.chain().ok_or_else(|| "broken chain".to_owned())?;
        for name in &chain {
            let record = self.disk.records.get_mut(name).expect("a chain has records");
            if record.counter <= 1 {
                (record.counter, record.received, record.name) = (counter, false, name.clone());
                self.disk.log.say(now, &format!("Update revison count: {counter} of snapshot: {name}"));
            }
            if !self.disk.names.contains_key(name) {
                self.disk.make(name, 0);
            }
        }
        let parent = self.disk.records[&chain[0]].parent.clone();
        self.meta().parent = parent;
        self.meta().dirty = true;
        self.chain = chain;
        Ok(())
    }

    pub fn close(&mut self) {
        if !self.chain.is_empty() {
            self.meta().dirty = false;
        }
        self.chain.clear();
        self.punching = false;
    }

    /// Blocks that a newer layer hides go out of automatic snapshots, as far as the queue is worked off.
    pub fn punch_shadowed(&mut self, dice: &mut Dice) {
        let protected = self.protected();
        for block in 0..BLOCKS {
            let holders = self.chain.iter().filter(|name| self.disk.image(name).blocks.contains_key(&block));
            let holders: Vec<String> = holders.cloned().collect();
            for name in holders.iter().skip(1) {
                // Two names of one file: whether Jiva punches the live data through the older name was never recorded.
                let alias = self.disk.names[name] == self.disk.names[&holders[0]];
                if !alias && self.level(name) > protected && dice.percent(80) {
                    self.disk.image_mut(name).blocks.remove(&block);
                }
            }
        }
    }

    /// Levels, counted from 1 at the base, at or below which nothing is punched: the newest user snapshot's.
    fn protected(&self) -> usize {
        let user = self.chain.iter().find(|name| self.disk.records[*name].user);
        user.map_or(0, |name| self.level(name))
    }

    fn level(&self, name: &str) -> usize {
        self.chain.len() - self.chain.iter().position(|one| one == name).expect("in the chain")
    }

    fn supplier(&self, block: usize) -> Option<String> {
        self.chain.iter().find(|name| self.disk.image(name).blocks.contains_key(&block)).cloned()
    }

    /// One write command over some blocks.
    pub fn write(
        &mut self,
        blocks: &[(usize, Version)],
        counted: bool,
        now: u32,
        dice: &mut Dice,
    ) -> Result<(), Killed> {
        let before: Vec<Option<String>> = blocks.iter().map(|(block, _)| self.supplier(*block)).collect();
        self.step()?;
        let head = self.chain[0].clone();
        self.disk.written = now;
        for (block, version) in blocks {
            self.had.insert(*version);
            let image = self.disk.image_mut(&head);
            if image.blocks.insert(*block, *version).is_none() {
                image.uncommitted.insert(*block);
            }
        }
        if self.punching && dice.percent(80) {
            self.punch_overwritten(blocks, &before);
        }
        self.step()?;
        if counted {
            self.disk.counter = Some(self.counter() + 1);
        }
        Ok(())
    }

    /// The older versions go out of the files that had them, where those are newer than the newest user snapshot. A write
    /// over blocks of several files punches the hole of one run in the file of the next.
    fn punch_overwritten(&mut self, blocks: &[(usize, Version)], before: &[Option<String>]) {
        let protected = self.protected();
        let mut at = 0;
        while at < blocks.len() {
            let end = (at..blocks.len()).find(|next| before[*next] != before[at]).unwrap_or(blocks.len());
            if let Some(file) = &before[at]
                && self.level(file) > protected
                && !is_head(file)
            {
                let wrong = before.get(end).cloned().flatten().filter(|name| !is_head(name));
                let target = if end < blocks.len() { wrong } else { Some(file.clone()) };
                if let Some(target) = target {
                    for (block, _) in &blocks[at..end] {
                        self.disk.image_mut(&target).blocks.remove(block);
                    }
                }
            }
            at = end;
        }
    }

    /// Takes a snapshot, step by step.
    pub fn snapshot(&mut self, name: &str, user: bool, now: u32) -> Result<Result<(), String>, Killed> {
        let head = self.chain[0].clone();
        self.disk.log.snapshot(now, name);
        let number: u32 = head["volume-head-".len()..head.len() - 4].parse().expect("a head has a number");
        // Before v1.12.0 only the last digit was looked at.
        let number = if self.disk.version == Jiva::V1_5 { number % 10 } else { number };
        let next = format!("volume-head-{:03}.img", number + 1);
        let counter = self.counter();
        if self.disk.names.contains_key(&next) {
            if !self.disk.image(&next).blocks.is_empty() {
                return Ok(Err(format!("Can't remove head file {next} as it contains some data")));
            }
            self.disk.names.remove(&next);
            self.disk.records.remove(&next);
        }
        self.step()?;
        self.disk.make(&next, BLOCKS);
        self.step()?;
        self.disk.records.insert(next.clone(), record(&next, name, false, now, counter));
        self.step()?;
        let inode = self.disk.names[&head];
        self.disk.names.insert(name.to_owned(), inode);
        self.step()?;
        let old = self.disk.records[&head].clone();
        self.disk.records.insert(name.to_owned(), old);
        self.step()?;
        let below = self.chain.get(1).cloned().unwrap_or_default();
        let mut sealed = record(name, &below, user, now, counter);
        if self.disk.version == Jiva::V1_5 {
            sealed.name.clone_from(&head);
        }
        self.disk.records.insert(name.to_owned(), sealed);
        self.step()?;
        let meta = self.meta();
        (meta.head, meta.parent, meta.dirty, meta.counter) = (next.clone(), name.to_owned(), true, counter);
        self.chain[0] = name.to_owned();
        self.chain.insert(0, next);
        self.step()?;
        self.disk.names.remove(&head);
        self.step()?;
        self.disk.records.remove(&head);
        Ok(Ok(()))
    }

    /// Receives the image of a snapshot in place; dies in the middle of it if it dies.
    pub fn receive_image(&mut self, name: &str, from: &Image, dice: &mut Dice) -> Result<(), Killed> {
        if !self.disk.names.contains_key(name) {
            self.disk.make(name, from.size);
        }
        let dies = self.step().is_err();
        let until = if dies { dice.below(BLOCKS) } else { BLOCKS };
        self.had.extend(from.blocks.range(..until).map(|(_, version)| *version));
        let image = self.disk.image_mut(name);
        image.size = from.size;
        for block in 0..until {
            match from.blocks.get(&block) {
                Some(version) => {
                    if image.blocks.insert(block, *version).is_none() {
                        image.uncommitted.insert(block);
                    }
                }
                None => {
                    image.blocks.remove(&block);
                    image.uncommitted.remove(&block);
                }
            }
        }
        if dies { Err(Killed) } else { Ok(()) }
    }
}

pub fn record(name: &str, parent: &str, user: bool, created: u32, counter: i64) -> Record {
    Record { name: name.to_owned(), parent: parent.to_owned(), user, created, counter, received: false }
}
