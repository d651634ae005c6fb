//! Decoding on a thread of its own, so that it goes on while what was decoded is put aside.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

/// Bytes handed over at a time.
const PART: usize = 256 << 10;

/// Parts between the two threads: enough that neither waits for the other's odd moments.
const PARTS: usize = 4;

/// What the decoding thread hands over: bytes, or how it ended.
type Part = io::Result<Vec<u8>>;

/// The content that another thread reads.
pub(super) struct Apart {
    parts: Receiver<Part>,
    /// Buffers that go back to be filled again.
    back: SyncSender<Vec<u8>>,
    part: Vec<u8>,
    used: usize,
}

/// Lets a thread of the scope read the content, and gives what it reads: the same bytes and the same end. The thread ends
/// when all is read, or soon after the reader is dropped.
pub(super) fn read<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    mut content: impl Read + Send + 'scope,
) -> Apart {
    let (give, parts) = sync_channel::<Part>(PARTS);
    let (back, spare) = sync_channel::<Vec<u8>>(PARTS + 2);
    scope.spawn(move || {
        loop {
            let mut part = spare.try_recv().unwrap_or_default();
            let end = fill(&mut content, &mut part);
            // What was read before a fault goes first.
            let more = part.len() == PART && end.is_ok();
            if (!part.is_empty() && give.send(Ok(part)).is_err()) || !more {
                if let Err(error) = end {
                    let _ = give.send(Err(error));
                }
                return;
            }
        }
    });
    Apart { parts, back, part: Vec::new(), used: 0 }
}

/// Fills a part; it is shorter only at the end, or before a fault.
fn fill(content: &mut impl Read, part: &mut Vec<u8>) -> io::Result<()> {
    part.resize(PART, 0);
    let mut done = 0;
    let end = loop {
        match content.read(&mut part[done..]) {
            Ok(0) => break Ok(()),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
        if done == PART {
            break Ok(());
        }
    };
    part.truncate(done);
    end
}

impl Read for Apart {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.used == self.part.len() {
            // The channel is closed once all has been given.
            let Ok(next) = self.parts.recv() else { return Ok(0) };
            let last = std::mem::replace(&mut self.part, next?);
            self.used = 0;
            let _ = self.back.try_send(last); // a buffer that nobody takes back is dropped
        }
        let count = buf.len().min(self.part.len() - self.used);
        buf[..count].copy_from_slice(&self.part[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Gives bytes in uneven steps, and then fails if it is to.
    struct Steps {
        left: usize,
        step: usize,
        fails: bool,
    }

    impl Read for Steps {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.left == 0 {
                return if self.fails { Err(io::Error::other("torn")) } else { Ok(0) };
            }
            self.step = self.step * 7 % 70_001 + 1;
            let count = buf.len().min(self.step).min(self.left);
            buf[..count].iter_mut().enumerate().for_each(|(at, byte)| *byte = ((self.left - at) % 251) as u8);
            self.left -= count;
            Ok(count)
        }
    }

    #[test]
    fn the_bytes_and_the_end_are_those_of_the_content() {
        for left in [0, 1, PART - 1, PART, PART + 1, 9 * PART, 9 * PART + 77] {
            for fails in [false, true] {
                let steps = || Steps { left, step: 1, fails };
                let (mut plain, mut ours) = (Vec::new(), Vec::new());
                let end = steps().read_to_end(&mut plain);
                let other = thread::scope(|scope| read(scope, steps()).read_to_end(&mut ours));
                assert!(plain == ours, "{left}");
                assert_eq!(end.is_err(), other.is_err(), "{left}");
            }
        }
    }

    #[test]
    fn a_reader_that_goes_away_ends_the_thread() {
        let got = thread::scope(|scope| {
            let mut content = read(scope, io::repeat(7));
            let mut buf = [0; 10];
            content.read_exact(&mut buf).map(|()| buf)
        });
        assert_eq!(got.expect("bytes"), [7; 10]);
    }
}
