//! The clean-up of snapshots, which every replica does by itself.

use super::engine::Engine;
use super::process::Process;

/// Fewer candidates than these are left alone.
const CANDIDATES: usize = 10;

impl Engine {
    /// A replica merges up to so many snapshots, where the controller's checkpoint is its own. Tells how many.
    pub fn clean(&mut self, at: usize, most: usize) -> usize {
        if self.rw.len() != self.factor || !self.rw.contains(&at) {
            return 0;
        }
        (0..most).take_while(|_| self.replicas[at].clean_once()).count()
    }
}

impl Process {
    fn clean_once(&mut self) -> bool {
        let checkpoint = self.meta().checkpoint.clone();
        let Some(place) = self.chain.iter().position(|name| *name == checkpoint) else { return false };
        let user = |name: &String| self.disk.records[name].user;
        let last = self.chain.len() - 1;
        let candidates: Vec<usize> =
            (place + 1..last).filter(|at| !user(&self.chain[*at]) && !user(&self.chain[at + 1])).collect();
        if candidates.len() < CANDIDATES {
            return false;
        }
        let stored = |at: &usize| self.disk.image(&self.chain[*at]).blocks.len();
        let at = *candidates.iter().min_by_key(|at| stored(at)).unwrap();
        let (child, disk, parent) =
            (self.chain[at - 1].clone(), self.chain[at].clone(), self.chain[at + 1].clone());
        let data = self.disk.image(&disk).blocks.clone();
        self.disk.image_mut(&parent).blocks.extend(data);
        let counter = self.disk.records[&disk].counter;
        for (name, change) in [(&child, Some(parent.clone())), (&parent, None)] {
            let record = self.disk.records.get_mut(name).unwrap();
            record.received = false;
            record.name.clone_from(name);
            match change {
                Some(below) => record.parent = below,
                None => record.counter = counter,
            }
        }
        self.disk.names.remove(&disk);
        self.disk.records.remove(&disk);
        self.chain.remove(at);
        true
    }
}
