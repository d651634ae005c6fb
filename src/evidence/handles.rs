//! A bounded store of open files, so that a chain of a thousand images needs no thousand handles.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::ahead::Ahead;
pub(super) use super::whole::read_full_at;

/// Open files kept for reading at a place; below the usual limit of 1024 with room for the rest.
const FILES: usize = 160;

/// Directories that keep a handle of their own; later ones are reached by path.
const DIRECTORIES: usize = 256;

/// Shared by all sources of one gathering.
#[derive(Debug, Default)]
pub(super) struct Handles {
    slots: Mutex<Slots>,
    owners: AtomicU32,
    directories: AtomicUsize,
    ahead: Ahead,
}

#[derive(Debug, Default)]
struct Slots {
    keys: Vec<u64>,
    files: Vec<(Arc<OwnedFd>, u64)>,
    clock: u64,
}

impl Handles {
    /// Whether reads of these files wait.
    pub(super) fn ahead(&self) -> &Ahead {
        &self.ahead
    }

    /// A number for one source; its files are distinguished by a second number.
    pub(super) fn owner(&self) -> u32 {
        self.owners.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether one more directory may stay open.
    pub(super) fn may_hold_directory(&self) -> bool {
        self.directories.fetch_add(1, Ordering::Relaxed) < DIRECTORIES
    }

    /// The open file of that owner and number, opened now if it is not among the last ones used.
    pub(super) fn get<E>(
        &self,
        owner: u32,
        number: u32,
        open: impl FnOnce() -> Result<OwnedFd, E>,
    ) -> Result<Arc<OwnedFd>, E> {
        let key = u64::from(owner) << 32 | u64::from(number);
        {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.clock += 1;
            if let Some(at) = slots.keys.iter().position(|&k| k == key) {
                slots.files[at].1 = slots.clock;
                return Ok(slots.files[at].0.clone());
            }
        }
        // Opened without the lock: a slow file system must not stop the other threads.
        let file = Arc::new(open()?);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = (file.clone(), slots.clock);
        let mut evicted = None;
        if slots.keys.len() < FILES {
            slots.keys.push(key);
            slots.files.push(entry);
        } else if let Some(at) = (0..FILES).min_by_key(|&i| slots.files[i].1) {
            slots.keys[at] = key;
            evicted = Some(std::mem::replace(&mut slots.files[at], entry));
        }
        drop(slots);
        drop(evicted); // closed without the lock
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn only_so_many_stay_open_and_the_last_used_do() {
        let handles = Handles::default();
        let owner = handles.owner();
        let opened = std::cell::Cell::new(0);
        let open = || {
            opened.set(opened.get() + 1);
            File::open("/dev/null").map(OwnedFd::from)
        };
        for number in 0..FILES as u32 {
            handles.get(owner, number, open).unwrap();
        }
        handles.get(owner, 0, open).unwrap();
        handles.get(owner, 5000, open).unwrap();
        assert_eq!(opened.get(), FILES + 1);
        handles.get(owner, 0, open).unwrap();
        assert_eq!(opened.get(), FILES + 1, "the one used last stays");
        handles.get(owner, 1, open).unwrap();
        assert_eq!(opened.get(), FILES + 2, "the one not used for longest was closed");
    }
}
