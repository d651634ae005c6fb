//! The bytes of an archive in order, from a file that can be sought or from a stream.
//!
//! A trouble of reading ends the bytes and is kept: what was read before it is still worth telling.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::super::handles::read_full_at;

/// Bytes fetched at first and after each jump: a header and what usually follows it.
const FIRST: usize = 8 << 10;
/// Bytes fetched when reading goes on without jumps.
const MOST: usize = 256 << 10;

/// Where the bytes come from.
enum Origin<'w> {
    File { file: Arc<OwnedFd>, size: u64 },
    Stream(Box<dyn Read + 'w>),
}

/// Bytes in order, with a look ahead and cheap skipping.
pub(in crate::evidence) struct Feed<'w> {
    origin: Origin<'w>,
    buf: Vec<u8>,
    /// The part of `buf` that is read and not yet used.
    start: usize,
    end: usize,
    /// Place of `buf[start]` in the archive.
    offset: u64,
    fetch: usize,
    ended: bool,
    trouble: Option<String>,
}

impl fmt::Debug for Feed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("offset", &self.offset).finish_non_exhaustive()
    }
}

impl<'w> Feed<'w> {
    /// A file that can be sought; payload is skipped without being read.
    pub(in crate::evidence) fn of_file(file: Arc<OwnedFd>, size: u64) -> Self {
        Self::new(Origin::File { file, size })
    }

    /// A stream; payload that is skipped is read and forgotten.
    pub(in crate::evidence) fn of_stream(stream: Box<dyn Read + 'w>) -> Self {
        Self::new(Origin::Stream(stream))
    }

    fn new(origin: Origin<'w>) -> Self {
        Self {
            origin,
            buf: vec![0; MOST],
            start: 0,
            end: 0,
            offset: 0,
            fetch: FIRST,
            ended: false,
            trouble: None,
        }
    }

    /// Place of the next byte.
    pub(in crate::evidence) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether what is skipped must be read.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self.origin, Origin::Stream(_))
    }

    /// What stopped the reading before the end, if anything did.
    pub(in crate::evidence) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// The next `n` bytes without using them up; fewer only at the end.
    pub(super) fn peek(&mut self, n: usize) -> &[u8] {
        while self.end - self.start < n && !self.ended {
            if self.start > 0 && self.start + n > self.buf.len() {
                self.buf.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            self.fill();
        }
        &self.buf[self.start..self.end.min(self.start + n)]
    }

    /// Uses up bytes that were seen by [`peek`](Self::peek).
    pub(super) fn consume(&mut self, n: usize) {
        self.start += n;
        self.offset += n as u64;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Fills `buf` with the next bytes; fewer only at the end.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> usize {
        let mut done = 0;
        while done < buf.len() {
            if self.start == self.end {
                if self.ended {
                    break;
                }
                self.fill();
            }
            let n = (self.end - self.start).min(buf.len() - done);
            buf[done..done + n].copy_from_slice(&self.buf[self.start..self.start + n]);
            self.consume(n);
            done += n;
        }
        done
    }

    /// Leaves out bytes; returns how many there were to leave out.
    pub(super) fn skip(&mut self, n: u64) -> u64 {
        let buffered = ((self.end - self.start) as u64).min(n);
        self.consume(buffered as usize);
        let mut left = n - buffered;
        if left == 0 {
            return n;
        }
        if let Origin::File { size, .. } = self.origin {
            let step = left.min(size.saturating_sub(self.offset));
            self.offset += step;
            self.fetch = FIRST;
            return n - left + step;
        }
        while left > 0 && !self.ended {
            self.fill();
            let step = ((self.end - self.start) as u64).min(left);
            self.consume(step as usize);
            left -= step;
        }
        n - left
    }

    /// Reads more behind `end`, where there is room.
    fn fill(&mut self) {
        let room = self.buf.len() - self.end;
        let got = match &mut self.origin {
            Origin::File { file, size } => {
                let at = self.offset + (self.end - self.start) as u64;
                // No further than the size seen at first: a file that grows is read as it was.
                let left = usize::try_from(size.saturating_sub(at)).unwrap_or(usize::MAX);
                let want = self.fetch.min(room).min(left);
                self.fetch = (self.fetch * 2).min(MOST);
                read_full_at(&**file, &mut self.buf[self.end..self.end + want], at)
            }
            Origin::Stream(stream) => loop {
                match stream.read(&mut self.buf[self.end..]) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    other => break other,
                }
            },
        };
        match got {
            Ok(0) => self.ended = true,
            Ok(n) => self.end += n,
            Err(error) => {
                self.trouble = Some(error.to_string());
                self.ended = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Both origins give the same bytes and the same counts, whatever the mixture of calls.
    #[test]
    fn a_file_and_a_stream_are_fed_alike() {
        let bytes: Vec<u8> = (0..1_000_003u32).map(|i| (i * 7 % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let file = Feed::of_file(Arc::new(file.into()), bytes.len() as u64);
        let stream = Feed::of_stream(Box::new(std::io::Cursor::new(bytes.clone())));
        for mut feed in [file, stream] {
            let mut at = 0;
            let mut step = 1;
            while at < bytes.len() {
                let n = step.min(bytes.len() - at);
                match step % 3 {
                    0 => assert_eq!(feed.skip(step as u64), n as u64),
                    1 => {
                        let mut buf = vec![0; step];
                        assert_eq!(feed.read(&mut buf), n);
                        assert_eq!(buf[..n], bytes[at..at + n]);
                    }
                    _ => {
                        let n = n.min(512);
                        assert_eq!(feed.peek(n), &bytes[at..at + n]);
                        feed.consume(n);
                        at += n;
                        step = step * 5 / 3 + 1;
                        continue;
                    }
                }
                at += n;
                step = step * 5 / 3 + 1;
                assert_eq!(feed.offset(), at as u64);
            }
            assert_eq!(feed.peek(512), b"");
            assert_eq!(feed.skip(9), 0);
            assert!(feed.trouble().is_none());
        }
    }
}
