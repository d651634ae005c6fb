//! Sources that fail on purpose, and replicas in memory to wrap in them.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jivascope::evidence::{Entry, Evidence, Extents, Found, MemorySource, ReadError, Source};
use jivascope::ident::Label;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// EIO.
    Io,
    /// EACCES.
    Denied,
    /// ENOENT: the file went away.
    Gone,
    /// Fewer bytes than asked for, though the file goes on.
    Short,
    /// The file is found to end here: it shrank since it was listed.
    Shrunk,
    /// The file holds more than it did when it was listed.
    Grown,
}

pub const FAULTS: [Fault; 6] =
    [Fault::Io, Fault::Denied, Fault::Gone, Fault::Short, Fault::Shrunk, Fault::Grown];

/// Goes wrong at one call, or at every call from it on.
#[derive(Debug)]
pub struct Faulty {
    inner: Arc<dyn Source>,
    calls: Arc<AtomicU64>,
    at: u64,
    lasting: bool,
    fault: Fault,
}

impl Faulty {
    fn now(&self) -> Option<Fault> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        (call == self.at || self.lasting && call > self.at).then_some(self.fault)
    }

    fn error(fault: Fault) -> Option<ReadError> {
        let errno = match fault {
            Fault::Io => 5,
            Fault::Denied => 13,
            Fault::Gone => 2,
            Fault::Short | Fault::Shrunk | Fault::Grown => return None,
        };
        Some(io::Error::from_raw_os_error(errno).into())
    }
}

impl Source for Faulty {
    fn entries(&self) -> &[Entry] {
        self.inner.entries()
    }

    fn read(&self, entry: &Entry) -> Result<Cow<'_, [u8]>, ReadError> {
        let fault = self.now();
        if let Some(error) = fault.and_then(Self::error) {
            return Err(error);
        }
        let mut bytes = self.inner.read(entry)?;
        match fault {
            Some(Fault::Shrunk) => bytes = bytes[..bytes.len() / 2].to_vec().into(),
            Some(Fault::Grown) => bytes.to_mut().extend_from_slice(b"}x"),
            _ => {}
        }
        Ok(bytes)
    }

    fn modified(&self, entry: &Entry) -> Option<i128> {
        self.inner.modified(entry)
    }

    fn extents(&self, entry: &Entry) -> Result<Extents, ReadError> {
        // A map that is too short cannot be told from a true one; only errors are made here.
        match self.now().and_then(Self::error) {
            Some(error) => Err(error),
            None => self.inner.extents(entry),
        }
    }

    fn read_at(&self, entry: &Entry, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let fault = self.now();
        if let Some(error) = fault.and_then(Self::error) {
            return Err(error);
        }
        match fault {
            Some(Fault::Short) => {
                let half = buf.len().div_ceil(2);
                self.inner.read_at(entry, offset, &mut buf[..half])
            }
            Some(Fault::Shrunk) => Ok(0),
            _ => self.inner.read_at(entry, offset, buf),
        }
    }
}

/// Evidence of sources that are at hand, each under its label, as one volume.
pub fn evidence(sources: &[(&str, Arc<dyn Source>)]) -> Evidence {
    let found = sources.iter().map(|(label, source)| Found {
        label: Label::from(*label),
        path: (*label).to_owned(),
        input: 0,
        source: Arc::clone(source),
        labelled: true,
        volume: None,
        damage: Vec::new(),
    });
    Evidence { inputs: Vec::new(), replicas: found.collect() }
}

/// The same evidence with one fault in one replica; returns also the count of its calls so far.
pub fn broken(
    sources: &[(&str, Arc<dyn Source>)],
    which: usize,
    at: u64,
    lasting: bool,
    fault: Fault,
) -> (Evidence, Arc<AtomicU64>) {
    let calls = Arc::new(AtomicU64::new(0));
    let mut sources = sources.to_vec();
    let inner = Arc::clone(&sources[which].1);
    sources[which].1 = Arc::new(Faulty { inner, calls: Arc::clone(&calls), at, lasting, fault });
    (evidence(&sources), calls)
}

/// A replica of a snapshot and a head in memory: blocks of each by place and fill.
pub fn replica(counter: i64, base: &[(u64, u8)], head: &[(u64, u8)]) -> MemorySource {
    const BASE: &str = "volume-snap-5d5f2c9e-0f0b-4c43-9a3a-000000000001.img";
    const HEAD: &str = "volume-head-001.img";
    const SIZE: u64 = 64 << 10;
    let record = |name: &str, parent: &str, counter: i64| {
        format!(
            r#"{{"Name":"{name}","Parent":"{parent}","Removed":false,"UserCreated":false,"Created":"2026-01-01T00:00:00Z","RevisionCounter":{counter}}}"#
        )
    };
    let blocks = |list: &[(u64, u8)]| -> Vec<(u64, Vec<u8>)> {
        list.iter().map(|(at, fill)| (at * 4096, vec![*fill; 4096])).collect()
    };
    let mut text = counter.to_string().into_bytes();
    text.resize(4096, 0);
    MemorySource::new()
        .file(
            "volume.meta",
            format!(
                r#"{{"Size":{SIZE},"Head":"{HEAD}","Dirty":false,"Rebuilding":false,"Parent":"{BASE}","SectorSize":512,"BackingFileName":"","CloneStatus":"NA","Checkpoint":"{BASE}","RevisionCounter":{counter},"UUID":"00"}}"#
            ),
        )
        .file("revision.counter", text)
        .file(&format!("{BASE}.meta"), record(BASE, "", 10))
        .file(&format!("{HEAD}.meta"), record(HEAD, BASE, counter))
        .image(BASE, SIZE, blocks(base))
        .image(HEAD, SIZE, blocks(head))
}
