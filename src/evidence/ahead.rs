//! Asking the system for bytes that are read soon, while reads wait for the disk.
//!
//! Layers of a chain alternate, so a thread reads a little here and a little there, and the system's own read-ahead sees
//! no order in it: a disk that could serve many requests at once gets one a thread. So who reads tells beforehand what
//! comes. While everything is in the cache anyway, asking costs a quarter of the time; therefore a read goes to the
//! cache alone first, and only where that could not serve it whole is the asking turned on, for a while.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{Advice, fadvise};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::whole::read_full_at;

/// So many stretches are asked for after a read that waited.
const STRETCHES: u32 = 512;

/// Where the system cannot tell, a read that took longer waited for a disk or a network.
const PATIENCE: Duration = Duration::from_millis(1);

/// Whether reads wait, as far as the last ones showed.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// How many stretches are still asked for.
    left: AtomicU32,
    /// Set once a file system does not know how to read from the cache alone.
    untold: AtomicBool,
}

impl Ahead {
    /// Whether it is of any use to tell what is read soon.
    pub(super) fn is_wanted(&self) -> bool {
        self.left.load(Ordering::Relaxed) > 0
    }

    /// Asks for bytes of a file. A system that does not want to be told goes without.
    pub(super) fn ask(&self, file: impl AsFd, offset: u64, len: u64) {
        let one_less = |left: u32| left.checked_sub(1);
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        let Some(len) = std::num::NonZeroU64::new(len) else { return };
        let _ = fadvise(file, offset, Some(len), Advice::WillNeed);
    }

    /// Reads until the buffer is full or the file ends, and notes whether that waited.
    pub(super) fn read(&self, file: impl AsFd, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let file = file.as_fd();
        if self.untold.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let done = read_full_at(file, buf, offset);
            if begun.elapsed() > PATIENCE {
                self.waited();
            }
            return done;
        }
        let cached = self.cached(file, buf, offset);
        if cached == buf.len() {
            return Ok(cached);
        }
        let more = read_full_at(file, &mut buf[cached..], offset.saturating_add(cached as u64))?;
        // A read that came to the end of the file missed nothing.
        if more > 0 {
            self.waited();
        }
        Ok(cached + more)
    }

    /// What of the buffer the cache fills at once.
    fn cached(&self, file: BorrowedFd<'_>, buf: &mut [u8], offset: u64) -> usize {
        let got = preadv2(file, &mut [IoSliceMut::new(buf)], offset, ReadWriteFlags::NOWAIT);
        match got {
            Ok(count) => count,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            // Any other fault comes again with the plain read, which tells it.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                self.untold.store(true, Ordering::Relaxed);
                0
            }
            Err(_) => 0,
        }
    }

    fn waited(&self) {
        self.left.store(STRETCHES, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn a_read_gives_what_a_plain_read_gives() {
        let file = tempfile::tempfile().expect("a temporary file");
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        file.write_all_at(&bytes, 0).expect("written");
        let ahead = Ahead::default();
        for (offset, len) in
            [(0, 300_000), (4097, 70_000), (299_000, 5000), (300_000, 10), (1 << 40, 4096), (7, 0)]
        {
            let (mut ours, mut plain) = (vec![0; len], vec![0; len]);
            let got = ahead.read(&file, &mut ours, offset).expect("read");
            assert_eq!(got, read_full_at(&file, &mut plain, offset).expect("read"), "{offset}");
            assert_eq!(ours, plain, "{offset}");
        }
    }

    #[test]
    fn asking_ends_some_time_after_the_last_read_that_waited() {
        let file = tempfile::tempfile().expect("a temporary file");
        let ahead = Ahead::default();
        assert!(!ahead.is_wanted());
        ahead.waited();
        for _ in 0..STRETCHES {
            assert!(ahead.is_wanted());
            ahead.ask(&file, 0, 4096);
        }
        assert!(!ahead.is_wanted());
        ahead.ask(&file, 0, 4096);
        assert!(!ahead.is_wanted());
    }
}
