//! The log of one file: its containers, and the lives of the process in each.

use std::collections::BTreeSet;
use std::io::{self, Read};

use super::frame::{Counts, Framer, Line, Sink};
use super::life::{Life, written_by};
use crate::dialect::jiva::log::Moment;
use crate::dialect::jiva::log::{self, Event, Form, Parsed};
use crate::ident::DiskName;

/// The lines of one container, or of one that could not be reported from others.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stream {
    /// The container, as the collector names it.
    pub who: Option<Box<str>>,
    /// Its lives, in their order.
    pub lives: Vec<Life>,
    /// Steps forward and back of the collector's clock: Loki gives the newest line first.
    steps: (u64, u64),
    outer: Option<Moment>,
    /// Whether the first line of a life was read last, so that the next line is of the life before.
    closed: bool,
}

impl Stream {
    /// Whether the newest line comes first.
    fn is_upside_down(&self) -> bool {
        self.steps.1 > self.steps.0
    }
}

/// What a file of log lines holds.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Log {
    /// Its containers, in the order of their first lines.
    pub streams: Vec<Stream>,
    /// Lines of the file.
    pub lines: u64,
    /// Lines that are none of Jiva's.
    pub unknown: u64,
    /// Lines with NUL bytes in them.
    pub with_nul: u64,
    /// Lines that had been split or wrapped, and were put together.
    pub joined: u64,
    /// Whether it ends inside a line.
    pub cut_end: bool,
    /// Whether it begins inside a life.
    pub cut_front: bool,
    /// Lines that have a clock, and lines that have none.
    pub clocks: (u64, u64),
}

/// Containers that are reported apart in one file.
const STREAMS: usize = 256;

/// Lives whose chains are kept whole.
const WHOLE: usize = 8;

/// Lives that are kept of one file, shared by its containers: of more the first and the last ones.
const LIVES: usize = 2000;

/// Seconds by which a clock goes back between two containers that one file shows one after the other.
const BACK: i64 = 2;

impl Log {
    /// Reads log lines in any shape.
    ///
    /// # Errors
    /// As the reader's.
    pub fn read(reader: impl Read) -> io::Result<Self> {
        let mut taker = Taker::default();
        let counts = Framer::new(&mut taker).read(reader)?;
        Ok(taker.finish(counts))
    }

    /// Takes lines that a document held.
    pub(super) fn of_lines(lines: Vec<(Option<String>, Option<Moment>, String)>) -> Self {
        let mut taker = Taker::default();
        let counts = Framer::new(&mut taker).lines(lines);
        taker.finish(counts)
    }

    /// Whether any line is Jiva's.
    pub fn is_jiva(&self) -> bool {
        self.streams.iter().any(|stream| stream.lives.iter().any(|life| life.role.is_some()))
    }

    /// The first and the last time in it.
    pub fn span(&self) -> (Option<Moment>, Option<Moment>) {
        let lives = || self.streams.iter().flat_map(|stream| &stream.lives);
        (lives().filter_map(|life| life.first).min(), lives().filter_map(|life| life.last).max())
    }
}

/// Takes in lines.
#[derive(Default)]
struct Taker {
    streams: Vec<Stream>,
    /// The container of the line before.
    current: Option<usize>,
    names: BTreeSet<DiskName>,
    unknown: u64,
    clocks: (u64, u64),
    cut_front: bool,
    seen: u64,
    /// Seconds since the start of the process, in the last line that says so.
    relative: Option<u64>,
}

impl Taker {
    /// The container of a line. Lines without a name belong to the last one without a name.
    fn stream(&mut self, who: Option<&str>) -> usize {
        if let Some(current) = self.current
            && self.streams[current].who.as_deref() == who
        {
            return current;
        }
        let known = self.streams.iter().rposition(|stream| stream.who.as_deref() == who);
        let at = match known {
            Some(at) => at,
            None if self.streams.len() < STREAMS => self.add(who),
            None => self.streams.len() - 1,
        };
        self.current = Some(at);
        at
    }

    fn add(&mut self, who: Option<&str>) -> usize {
        let who = who.map(|who| who.chars().take(253).collect::<String>().into());
        self.streams.push(Stream {
            who,
            lives: vec![Life::new()],
            steps: (0, 0),
            outer: None,
            closed: false,
        });
        self.streams.len() - 1
    }

    /// Where an event begins another life, or shows that another process writes now.
    fn turn(&mut self, at: usize, when: Option<Moment>, event: &Event) -> usize {
        let stream = &mut self.streams[at];
        if stream.is_upside_down() {
            if event.starts().is_some() {
                stream.closed = true;
            } else if std::mem::take(&mut stream.closed) {
                self.open(at);
            }
            return at;
        }
        let Some(life) = stream.lives.last() else { return at };
        let role = written_by(event);
        let other_role = matches!((life.role, role), (Some(a), Some(b)) if a != b);
        let own = match event {
            Event::OwnAddress(own) | Event::Counters { own, .. } => Some(own),
            _ => None,
        };
        let other_address = own.is_some_and(|own| !life.own.is_empty() && !life.own.contains(own));
        let starts = event.starts().is_some() && !life.is_fresh();
        let back = matches!((when, life.last), (Some(now), Some(last)) if last.since(now) > BACK);
        let empty = life.role.is_none() && life.sightings.is_empty();
        if empty && !starts {
            return at;
        }
        // Without a name another process is reported by what it says; with one, all lines are one container's.
        if stream.who.is_none() && (other_role || other_address || starts && back) && !empty {
            if self.streams.len() < STREAMS {
                let next = self.add(None);
                self.current = Some(next);
                return next;
            }
            self.open(at);
            return at;
        }
        if starts && !(empty && life.lines == 0) {
            self.open(at);
        }
        at
    }

    /// Begins another life of a container.
    fn open(&mut self, at: usize) {
        let streams = self.streams.len().max(1);
        let lives = &mut self.streams[at].lives;
        if let Some(number) = lives.len().checked_sub(WHOLE) {
            lives[number].shorten();
        }
        if let Some(number) = lives.len().checked_sub(WHOLE / 2) {
            lives[number].thin();
        }
        let most = (LIVES / streams).max(16);
        if lives.len() >= most {
            let left_out: u64 = lives.drain(most / 2..most / 2 + most / 4).map(|life| life.lines).sum();
            lives[most / 2 - 1].left_out += left_out;
        }
        lives.push(Life::new());
    }

    fn finish(mut self, counts: Counts) -> Log {
        for stream in &mut self.streams {
            if stream.is_upside_down() {
                stream.lives.reverse();
                stream.lives.iter_mut().for_each(Life::turn_over);
            }
            stream.lives.iter_mut().for_each(Life::settle);
            stream.lives.retain(|life| life.role.is_some() || !life.sightings.is_empty());
        }
        self.streams.retain(|stream| !stream.lives.is_empty());
        let begins = |stream: &Stream| stream.lives.first().is_some_and(|life| life.begins);
        Log {
            cut_front: self.cut_front || !self.streams.iter().all(begins),
            streams: self.streams,
            lines: counts.lines,
            unknown: self.unknown,
            with_nul: counts.with_nul,
            joined: counts.joined,
            cut_end: counts.cut_end,
            clocks: self.clocks,
        }
    }
}

impl Sink for Taker {
    fn line(&mut self, line: Line<'_>) {
        self.seen += 1;
        let Some(entry) = log::entry(line.text) else {
            self.unknown += u64::from(!line.text.trim().is_empty());
            return;
        };
        // A line whose time is cut off is the rest of one.
        self.cut_front |= self.seen == 1
            && !line.text.starts_with("time=")
            && line.text.starts_with("level=")
            && line.outer.is_none();
        let at = self.stream(line.who);
        if let (Some(now), Some(before)) = (line.outer, self.streams[at].outer) {
            let steps = &mut self.streams[at].steps;
            *(if now < before { &mut steps.1 } else { &mut steps.0 }) += u64::from(now != before);
        }
        self.streams[at].outer = line.outer.or(self.streams[at].outer);
        match entry.form {
            Form::Beside => {}
            Form::Access(request) => {
                let relative = self.relative;
                if let Some(when) = entry.at
                    && let Some(life) = self.streams[at].lives.last_mut()
                {
                    life.request(when, request, line.number, line.text, relative);
                }
            }
            Form::Message(message) => {
                let when = entry.at.or(line.outer);
                *(if when.is_some() { &mut self.clocks.0 } else { &mut self.clocks.1 }) += 1;
                self.relative = entry.relative.or(self.relative.filter(|_| entry.at.is_none()));
                self.message(at, when, entry.relative, &message, line);
            }
        }
    }
}

impl Taker {
    fn message(
        &mut self,
        at: usize,
        when: Option<Moment>,
        relative: Option<u64>,
        message: &str,
        line: Line<'_>,
    ) {
        // What is cut may have meant something else.
        let parsed = if line.cut { Parsed::Known } else { log::message(message) };
        match parsed {
            Parsed::Says(mut event) => {
                let at = self.turn(at, when, &event);
                Life::share(&mut self.names, &mut event);
                if let Some(life) = self.streams[at].lives.last_mut() {
                    life.clock(when);
                    life.say(when, relative, event, line.number, line.text);
                }
            }
            parsed => {
                self.unknown += u64::from(parsed == Parsed::Unknown);
                if let Some(life) = self.streams[at].lives.last_mut() {
                    life.clock(when);
                }
            }
        }
    }
}
