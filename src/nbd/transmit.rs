//! The transmission: requests and replies, one after the other, until a client leaves.
//!
//! No request makes the server hold more than [`STEP`] bytes: a long read is answered in parts.

use std::io::{self, ErrorKind};
use std::time::Instant;

use super::image::{Image, Unreadable};
use super::negotiate::{ALLOCATION_ID, Chosen};
use super::peer::{MESSAGE, Peer, fill_when_it_comes, pass_over};
use super::protocol::{
    Errno, MAX_REQUEST, REQUEST_BYTES, Request, chunk, chunk_head, command, error_chunk, flag, simple_reply,
    state,
};
use crate::ident::Run;

/// Bytes that are read at a time.
const STEP: u64 = 512 << 10;

/// A hole up to this is read along as zeros: cheaper than a part of its own.
const GAP: u64 = 64 << 10;

/// Stretches of one block status.
const STRETCHES: usize = 8192;

/// So many bytes behind a sequential read are announced.
const SOON: u64 = 8 << 20;

/// Answers requests until the client leaves.
pub(super) fn transmit(peer: &mut impl Peer, chosen: &Chosen) -> io::Result<()> {
    let mut session =
        Session { peer, chosen, image: &*chosen.export.image, out: Vec::new(), next: 0, asked: 0 };
    let mut head = [0; REQUEST_BYTES];
    while fill_when_it_comes(session.peer, &mut head)? {
        let request =
            Request::parse(&head).ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "not a request"))?;
        if request.command == command::DISC {
            break;
        }
        session.answer(request)?;
    }
    Ok(())
}

struct Session<'a, P> {
    peer: &'a mut P,
    chosen: &'a Chosen,
    image: &'a dyn Image,
    /// What is to be sent, used again and again.
    out: Vec<u8>,
    /// Where the last read ended.
    next: u64,
    /// Up to where reads were announced.
    asked: u64,
}

impl<P: Peer> Session<'_, P> {
    fn answer(&mut self, request: Request) -> io::Result<()> {
        let (cookie, end) = (request.cookie, request.offset.checked_add(u64::from(request.length)));
        let inside = end.filter(|end| *end <= self.image.size());
        let run = inside.map(|end| Run { start: request.offset, end }).filter(|run| !run.is_empty());
        match (request.command, run) {
            (command::READ, _) if request.length > MAX_REQUEST => {
                self.refuse(cookie, Errno::Inval, "more than 32 MiB in one request")
            }
            (command::READ, None) => self.refuse(cookie, Errno::Inval, "not inside the export"),
            (command::READ, Some(run)) if self.chosen.structured => match request.flags {
                0 => self.read_in_parts(cookie, run),
                flag::DF => self.read_whole(cookie, run),
                _ => self.refuse(cookie, Errno::Inval, "a flag that no read has"),
            },
            (command::READ, Some(run)) if request.flags == 0 => self.read_simply(cookie, run),
            (command::BLOCK_STATUS, run) if self.chosen.allocation => match run {
                Some(run) if request.flags & !flag::REQ_ONE == 0 => {
                    self.status(cookie, run, request.flags == flag::REQ_ONE)
                }
                Some(_) => self.refuse(cookie, Errno::Inval, "a flag that no block status has"),
                None => self.refuse(cookie, Errno::Inval, "not inside the export"),
            },
            (command::WRITE, _) => {
                // The payload comes whatever the answer is.
                if request.length > MAX_REQUEST {
                    return Err(io::Error::new(ErrorKind::InvalidData, "a payload of more than 32 MiB"));
                }
                pass_over(self.peer, u64::from(request.length), Instant::now() + MESSAGE)?;
                self.refuse(cookie, Errno::Perm, READ_ONLY)
            }
            (command::TRIM | command::WRITE_ZEROES | command::RESIZE, _) => {
                self.refuse(cookie, Errno::Perm, READ_ONLY)
            }
            // Nothing waits to be written.
            (command::FLUSH, _) if request.flags & !flag::FUA == 0 => {
                simple_reply(&mut self.out, cookie, None);
                self.send()
            }
            _ => self.refuse(cookie, Errno::Inval, "a request that this export does not know"),
        }
    }

    fn send(&mut self) -> io::Result<()> {
        self.peer.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn refuse(&mut self, cookie: u64, error: Errno, why: &str) -> io::Result<()> {
        if self.chosen.structured {
            error_chunk(&mut self.out, cookie, error, why, None);
        } else {
            simple_reply(&mut self.out, cookie, Some(error));
        }
        self.send()
    }

    /// Adds bytes of the image to what is sent; on an error nothing was added.
    fn add(&mut self, run: Run) -> Result<(), Unreadable> {
        let before = self.out.len();
        self.out.resize(before + run.len() as usize, 0);
        let read = self.image.read(run.start, &mut self.out[before..]);
        if read.is_err() {
            self.out.truncate(before);
        }
        read
    }

    /// Where reads go on where the last one ended, the next are announced, in large steps.
    fn look_ahead(&mut self, run: Run) {
        if run.start != self.next {
            self.asked = run.end;
        } else if run.end + SOON / 2 > self.asked {
            let from = self.asked.max(run.end);
            self.asked = (run.end + SOON).min(self.image.size());
            if from < self.asked {
                self.image.expect(Run { start: from, end: self.asked });
            }
        }
        self.next = run.end;
    }

    /// A simple reply has one place for an error, before the data. A read that fails further on can only be broken off.
    fn read_simply(&mut self, cookie: u64, run: Run) -> io::Result<()> {
        self.look_ahead(run);
        simple_reply(&mut self.out, cookie, None);
        for step in steps(run) {
            if let Err(unreadable) = self.add(step) {
                if step.start > run.start {
                    return Err(io::Error::other(unreadable));
                }
                self.out.clear();
                return self.refuse(cookie, Errno::Io, "");
            }
            self.send()?;
        }
        Ok(())
    }

    /// One part, as the client wants it, or none.
    fn read_whole(&mut self, cookie: u64, run: Run) -> io::Result<()> {
        if run.len() > STEP {
            return self.refuse(cookie, Errno::Overflow, "too long for one part");
        }
        self.look_ahead(run);
        chunk_head(&mut self.out, cookie, chunk::DONE, chunk::OFFSET_DATA, run.len() as u32 + 8);
        self.out.extend(run.start.to_be_bytes());
        if let Err(unreadable) = self.add(run) {
            self.out.clear();
            return self.failed(cookie, &unreadable, run);
        }
        self.send()
    }

    fn read_in_parts(&mut self, cookie: u64, run: Run) -> io::Result<()> {
        self.look_ahead(run);
        let mut at = run.start;
        while at < run.end {
            let parts = self.image.parts(Run { start: at, end: run.end }, STRETCHES);
            for (part, stored) in joined(parts) {
                at = part.end;
                let done = |end: u64| if end == run.end { chunk::DONE } else { 0 };
                if !stored {
                    chunk_head(&mut self.out, cookie, done(part.end), chunk::OFFSET_HOLE, 12);
                    self.out.extend(part.start.to_be_bytes());
                    self.out.extend((part.len() as u32).to_be_bytes());
                    continue;
                }
                for step in steps(part) {
                    if self.out.len() as u64 + step.len() > STEP + STEP / 8 {
                        self.send()?;
                    }
                    let begin = self.out.len();
                    let length = step.len() as u32 + 8;
                    chunk_head(&mut self.out, cookie, done(step.end), chunk::OFFSET_DATA, length);
                    self.out.extend(step.start.to_be_bytes());
                    if let Err(unreadable) = self.add(step) {
                        self.out.truncate(begin);
                        return self.failed(cookie, &unreadable, step);
                    }
                }
            }
            self.send()?;
        }
        Ok(())
    }

    /// Says where a read failed. A place outside of what was asked for would confuse a client.
    fn failed(&mut self, cookie: u64, unreadable: &Unreadable, run: Run) -> io::Result<()> {
        let at = unreadable.at.unwrap_or(run.start).clamp(run.start, run.end - 1);
        error_chunk(&mut self.out, cookie, Errno::Io, &unreadable.why, Some(at));
        self.send()
    }

    fn status(&mut self, cookie: u64, run: Run, one: bool) -> io::Result<()> {
        let parts = self.image.parts(run, if one { 1 } else { STRETCHES });
        let length = 4 + 8 * parts.len() as u32;
        chunk_head(&mut self.out, cookie, chunk::DONE, chunk::BLOCK_STATUS, length);
        self.out.extend(ALLOCATION_ID.to_be_bytes());
        for (part, stored) in parts {
            let flags = if stored { 0 } else { state::HOLE | state::ZERO };
            // A request has fewer bytes than fit here.
            self.out.extend((part.len() as u32).to_be_bytes());
            self.out.extend(flags.to_be_bytes());
        }
        self.send()
    }
}

const READ_ONLY: &str = "the export is read-only";

/// A stretch in steps that end at multiples of their length.
fn steps(run: Run) -> impl Iterator<Item = Run> {
    let mut at = run.start;
    std::iter::from_fn(move || {
        let end = ((at / STEP + 1) * STEP).min(run.end);
        let step = Run { start: at, end };
        at = end;
        (!step.is_empty()).then_some(step)
    })
}

/// Stored and not in turn, where a small hole counts as stored.
fn joined(parts: Vec<(Run, bool)>) -> Vec<(Run, bool)> {
    let mut out: Vec<(Run, bool)> = Vec::new();
    for (run, stored) in parts {
        let stored = stored || run.len() <= GAP;
        match out.last_mut() {
            Some((last, same)) if *same == stored => last.end = run.end,
            _ => out.push((run, stored)),
        }
    }
    out
}
