//! The controller: leader, joins, writes, checkpoints.

use super::Dice;
use super::disk::Version;
use super::process::{Killed, Process, is_head};
use super::truth::Truth;

/// How a join ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    Accepted { images: usize },
    Refused,
    Failed(String),
    Died,
}

/// A volume and its replicas, running or not.
#[derive(Debug, Clone)]
pub struct Engine {
    pub replicas: Vec<Process>,
    /// RW, the leader first, by place.
    pub rw: Vec<usize>,
    pub factor: usize,
    pub truth: Truth,
    pub now: u32,
    names: u32,
    writes: u32,
    /// Writes that come in while a replica joins, in a hundred steps.
    pub traffic: usize,
    /// Whether hidden blocks are punched out when a replica is loaded. Jiva does that behind the scenes, some time.
    pub punches: bool,
    /// Whether it ever ran with a replication factor of 1.
    pub ran_alone: bool,
    /// Places that are written again and again; none in most lives.
    pub hot: Vec<usize>,
    /// Writes of zeros, in a hundred.
    pub zeros: usize,
    /// Writes of parts of blocks, in a hundred.
    pub unaligned: usize,
    /// Snapshots of joins that fail on one member alone, in a hundred.
    pub flaky: usize,
    /// Whether a joiner that stops at a step closes in order instead of dying.
    pub polite: bool,
}

impl Engine {
    pub fn new(count: usize, factor: usize) -> Self {
        let replicas = (0..count).map(|at| Process::new(&format!("rep-{}", at + 1), at + 1)).collect();
        Self {
            replicas,
            rw: Vec::new(),
            factor,
            truth: Truth::new(),
            now: 0,
            names: 0,
            writes: 0,
            traffic: 0,
            punches: true,
            ran_alone: false,
            hot: Vec::new(),
            zeros: 8,
            unaligned: 0,
            flaky: 0,
            polite: false,
        }
    }

    /// Every file system commits what it has.
    pub fn commit(&mut self) {
        self.replicas.iter_mut().for_each(|replica| replica.disk.commit());
    }

    /// Places of all replicas.
    pub fn all(&self) -> Vec<usize> {
        (0..self.replicas.len()).collect()
    }

    /// Places of those that are not RW.
    pub fn away(&self) -> Vec<usize> {
        self.all().into_iter().filter(|at| !self.rw.contains(at)).collect()
    }

    fn name(&mut self) -> String {
        self.now += 2;
        self.names += 1;
        format!("volume-snap-{:08x}-0000-4000-8000-000000000000.img", self.names)
    }

    pub fn writable(&self) -> bool {
        self.rw.len() > self.factor / 2
    }

    /// The leader by the rules of registration, of those whose processes start, in this order.
    pub fn elect(&mut self, order: &[usize]) -> Option<usize> {
        self.now += 5;
        let now = self.now;
        let mut starts = |at: &usize| {
            let disk = &self.replicas[*at].disk;
            // Up to 1.9.0 one whose flag is set registers before it is cleared, and is never elected.
            let late =
                disk.version == Version::V1_5 && disk.meta.as_ref().is_some_and(|meta| meta.rebuilding);
            self.replicas[*at].start(now).is_ok() && !late
        };
        let up: Vec<usize> = order.iter().copied().filter(&mut starts).collect();
        let first = up.get(..self.factor / 2 + 1)?;
        let highest = first.iter().map(|at| self.replicas[*at].counter()).max()?;
        first.iter().copied().find(|at| self.replicas[*at].counter() == highest)
    }

    /// Opens a replica as the leader.
    pub fn lead(&mut self, at: usize, dice: &mut Dice) -> Result<(), String> {
        let now = self.now;
        let leader = &mut self.replicas[at];
        leader.disk.log.say(now, "Received start from controller");
        leader.open(now)?;
        leader.disk.log.say(now, "SetReplicaMode to RW");
        leader.punching = true;
        if self.punches {
            leader.punch_shadowed(dice);
        }
        self.rw = vec![at];
        self.move_checkpoint();
        Ok(())
    }

    fn move_checkpoint(&mut self) {
        if self.rw.len() != self.factor || self.replicas[0].disk.version != Version::V3 {
            return;
        }
        let newest: Vec<Option<String>> =
            self.rw.iter().map(|at| self.replicas[*at].chain.get(1).cloned()).collect();
        if let Some(Some(name)) = newest.first()
            && newest.iter().all(|other| other.as_ref() == Some(name))
        {
            for at in &self.rw {
                self.replicas[*at].meta().checkpoint.clone_from(name);
            }
        }
    }

    /// A process is gone, as it was at that moment.
    pub fn gone(&mut self, at: usize) {
        self.rw.retain(|other| *other != at);
        self.replicas[at].chain.clear();
        self.replicas[at].fuse = None;
        self.replicas[at].punching = false;
        self.move_checkpoint();
    }

    /// The controller is gone: all close, or all die.
    pub fn stop(&mut self, close: bool) {
        for at in std::mem::take(&mut self.rw) {
            if close {
                self.replicas[at].disk.log.closed(self.now);
                self.replicas[at].close();
            }
            self.replicas[at].chain.clear();
            self.replicas[at].fuse = None;
            self.replicas[at].punching = false;
        }
    }

    /// One write of a few blocks, to all RW replicas and to one that is joining.
    pub fn write(&mut self, joining: Option<usize>, dice: &mut Dice) {
        if !self.writable() {
            return;
        }
        // Several writes in one second, as everywhere.
        self.writes += 1;
        self.now += u32::from(self.writes.is_multiple_of(3));
        let now = self.now;
        let hot = !self.hot.is_empty() && dice.percent(85);
        let first = if hot { dice.one(&self.hot) } else { dice.below(super::disk::BLOCKS - 4) };
        let part = dice.percent(self.unaligned);
        let zeros = dice.percent(self.zeros) && !part;
        let over = self.replicas[self.rw[0]].view_now();
        let blocks: Vec<(usize, usize)> = (first..first + 1 + dice.below(4))
            .map(|block| (block, self.truth.write(over[block], zeros)))
            .collect();
        let writers: Vec<usize> = dice.shuffled(&self.rw.iter().copied().chain(joining).collect::<Vec<_>>());
        let mut done = 0;
        for at in &writers {
            let counted = self.rw.contains(at);
            let blocks = if part { self.completed(*at, &over, &blocks) } else { blocks.clone() };
            match self.replicas[*at].write(&blocks, counted, now, dice) {
                Ok(()) => done += 1,
                Err(Killed) if counted => self.gone(*at),
                Err(Killed) => {}
            }
        }
        if done * 2 > writers.len() {
            blocks.iter().for_each(|(_, version)| self.truth.acknowledge(*version));
        }
        if dice.percent(15) {
            let at = dice.below(self.replicas.len());
            self.replicas[at].disk.commit();
        }
    }

    /// What a write of parts of blocks is for one replica: each completes a block from what it shows itself.
    fn completed(&mut self, at: usize, over: &[usize], blocks: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let own = self.replicas[at].view_now();
        let complete = |(block, version): &(usize, usize)| {
            let same = self.truth.same_bytes(own[*block], over[*block]);
            (*block, if same { *version } else { self.truth.complete(own[*block]) })
        };
        blocks.iter().map(complete).collect()
    }

    /// A snapshot that a user asks for, by a name or without: only with all RW.
    pub fn user_snapshot(&mut self, name: Option<&str>) {
        if self.rw.len() == self.factor {
            let own = self.name();
            let name = name.map_or(own, |name| format!("volume-snap-{name}.img"));
            // A name that is taken destroys the snapshot that has it; nobody does that here.
            if self.rw.iter().any(|at| self.replicas[*at].disk.names.contains_key(&name)) {
                return;
            }
            // A member that fails is gone; the others keep the snapshot.
            let _ = self.snapshot_members(&name, true, None);
        }
    }

    /// On all members, but on one where the request fails; that one stays RW without it.
    fn snapshot_members(&mut self, name: &str, user: bool, fails: Option<usize>) -> Result<(), String> {
        let now = self.now;
        let mut failed = Ok(());
        for at in self.rw.clone() {
            if fails == Some(at) {
                failed = Err("a member failed".to_owned());
                continue;
            }
            match self.replicas[at].snapshot(name, user, now) {
                Ok(Ok(())) => {}
                Ok(Err(message)) => failed = Err(message),
                Err(Killed) => {
                    self.gone(at);
                    failed = Err("a member died".to_owned());
                }
            }
        }
        failed
    }

    /// A replica whose process has started joins.
    pub fn join(&mut self, at: usize, dice: &mut Dice) -> Joined {
        if self.rw.len() >= self.factor {
            return Joined::Failed("replication factor".to_owned());
        }
        match self.join_steps(at, dice) {
            Ok(Joined::Accepted { images }) => Joined::Accepted { images },
            Ok(other) => {
                let now = self.now;
                self.replicas[at].disk.log.fail(
                    now,
                    &format!("Failed to add replica to controller, err: {other:?}, Shutting down..."),
                );
                self.replicas[at].close();
                self.replicas[at].fuse = None;
                other
            }
            Err(Killed) => {
                if self.polite {
                    self.replicas[at].close();
                }
                self.gone(at);
                Joined::Died
            }
        }
    }

    /// The steps that a join would take now.
    pub fn steps_to_join(&self, at: usize, dice: &Dice) -> usize {
        const MANY: usize = 10_000;
        let (mut later, mut dice) = (self.clone(), dice.clone());
        later.replicas[at].fuse = Some(MANY);
        // Ends it without an order to close, so that the fuse is still there.
        let _ = later.join_steps(at, &mut dice);
        MANY - later.replicas[at].fuse.unwrap_or(MANY)
    }

    fn join_steps(&mut self, at: usize, dice: &mut Dice) -> Result<Joined, Killed> {
        let opened = self.now;
        if let Err(message) = self.replicas[at].open(opened) {
            return Ok(Joined::Failed(message));
        }
        self.replicas[at].step()?;
        let name = self.name();
        let now = self.now;
        let fails = (self.rw.len() > 1 && dice.percent(self.flaky)).then(|| dice.one(&self.rw));
        if let Err(message) = self.snapshot_members(&name, false, fails) {
            return Ok(Joined::Failed(message));
        }
        if let Err(message) = self.replicas[at].snapshot(&name, false, now)? {
            return Ok(Joined::Failed(message));
        }
        self.replicas[at].disk.log.say(now, "SetReplicaMode to WO");
        self.meanwhile(at, dice);
        self.replicas[at].step()?;
        self.replicas[at].meta().rebuilding = true;
        self.replicas[at].step()?;
        let Some(&source) = self.rw.first() else { return Ok(Joined::Failed("no source".to_owned())) };
        let theirs = self.replicas[source].disk.records[&self.replicas[source].chain[0]].clone();
        let head = self.replicas[at].chain[0].clone();
        let mut copy = theirs;
        copy.received = true;
        copy.name.clone_from(&self.replicas[source].chain[0]);
        self.replicas[at].disk.records.insert(head, copy);
        self.meanwhile(at, dice);
        self.replicas[at].step()?;

        let Some(&source) = self.rw.first() else { return Ok(Joined::Failed("no source".to_owned())) };
        let checkpoint = self.replicas[at].meta().checkpoint.clone();
        let (now, theirs, own) = (self.now, self.replicas[source].counter(), self.replicas[at].counter());
        self.replicas[at].disk.log.say(
            now,
            &format!(
                "RevisionCount of RW replica (http://10.0.0.{}:9502/v1): {theirs}, Current replica (http://10.0.0.{}:9502/v1): {own}",
                source + 1,
                at + 1
            ),
        );
        let (rw_chain, wo_chain) = (self.replicas[source].chain.clone(), self.replicas[at].chain.clone());
        if !checkpoint.is_empty() && !rw_chain.contains(&checkpoint) {
            return Ok(Joined::Refused);
        }
        let above = |chain: &[String]| -> Vec<String> {
            chain
                .iter()
                .filter(|name| !is_head(name))
                .take_while(|name| **name != checkpoint)
                .cloned()
                .collect()
        };
        let list = above(&rw_chain);
        let equal =
            self.replicas[source].counter() == self.replicas[at].counter() && list == above(&wo_chain);
        let mut images = 0;
        if !equal {
            for name in list.iter().rev() {
                let now = self.now;
                self.replicas[at]
                    .disk
                    .log
                    .say(now, &format!("Synchronizing {name} to {name}@10.0.0.{}:9700", at + 1));
                let image = self.replicas[source].disk.image(name).clone();
                self.replicas[at].receive_image(name, &image, dice)?;
                self.meanwhile(at, dice);
                if !self.rw.contains(&source) {
                    return Ok(Joined::Failed("source lost".to_owned()));
                }
                self.replicas[at].step()?;
                let mut copy = self.replicas[source].disk.records[name].clone();
                copy.received = true;
                self.replicas[at].disk.records.insert(name.clone(), copy);
                images += 1;
            }
        }
        self.replicas[at].step()?;
        let Some(chain) = self.replicas[at].disk.chain() else {
            return Ok(Joined::Failed("reload".to_owned()));
        };
        self.replicas[at].chain = chain;
        self.replicas[at].punching = true;
        if self.punches {
            self.replicas[at].punch_shadowed(dice);
        }
        self.replicas[at].step()?;
        let counter = self.replicas[source].counter();
        let now = self.now;
        let log = &mut self.replicas[at].disk.log;
        log.say(now, "SetReplicaMode to RW");
        log.say(now, &format!("SetRevisionCounter to {counter}"));
        (self.replicas[at].disk.counter, self.replicas[at].disk.written) = (Some(counter), now);
        self.rw.push(at);
        self.move_checkpoint();
        self.replicas[at].step()?;
        self.replicas[at].meta().rebuilding = false;
        Ok(Joined::Accepted { images })
    }

    /// Clients go on writing.
    fn meanwhile(&mut self, joining: usize, dice: &mut Dice) {
        if dice.percent(self.traffic) {
            self.write(Some(joining), dice);
        }
    }
}

impl Process {
    /// What it serves now.
    pub fn view_now(&self) -> Vec<usize> {
        let shows = |block: usize| {
            let images = self.chain.iter().map(|name| self.disk.image(name));
            images.filter_map(|image| image.blocks.get(&block)).next().copied().unwrap_or(0)
        };
        (0..super::disk::BLOCKS).map(shows).collect()
    }

    /// Everything gone: a new directory.
    pub fn wipe(&mut self, uuid: usize) {
        let (version, logged) = (self.disk.version, self.disk.logged);
        *self = Self::new(&self.label, uuid);
        (self.disk.version, self.disk.logged) = (version, logged);
    }
}
