//! One pass over a view from its first byte to its last: every stored byte is read once, hashed on a thread of its
//! own, and handed on where it is not zero.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sha2::{Digest, Sha256};

use super::unread::{Unread, merge, reason};
use super::verity::Verity;
use super::view::{MergedView, ViewError};
use crate::ident::{BLOCK_SIZE, Run};
use crate::progress::Progress;

/// Bytes read at a time.
const CHUNK: u64 = 1 << 20;

/// A gap up to this is read along as zeros: cheaper than another turn of the loop.
const GAP: u64 = 64 << 10;

/// No longer stretch is looked for ahead.
const STRETCH: u64 = 64 << 20;

/// So many bytes of the view beyond what is read are told to be read soon.
const SOON: u64 = 8 << 20;

/// Buffers between reading and hashing.
const AHEAD: usize = 4;

/// A block of zeros.
pub(super) static ZEROS: [u8; BLOCK_SIZE as usize] = [0; BLOCK_SIZE as usize];

/// What becomes of ranges that Jiva could not read, or that the evidence does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unreadable {
    /// The pass fails and names the byte.
    #[default]
    Fail,
    /// They are taken for zeros, and reported.
    Zeros,
}

/// Takes what is not zero, ascending.
pub(super) trait Sink {
    /// This stretch is stored, so what it holds comes soon, but for what is zero; the stretch need not be all that is stored.
    fn expect(&mut self, _run: Run) {}

    /// Bytes at an offset of the volume.
    fn data(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;
}

/// Nobody wants the bytes.
impl Sink for () {
    fn data(&mut self, _at: u64, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Why a pass stopped.
#[derive(Debug)]
pub(super) enum Stopped {
    View(ViewError),
    Write(io::Error),
}

impl From<ViewError> for Stopped {
    fn from(error: ViewError) -> Self {
        Self::View(error)
    }
}

/// What a pass found.
#[derive(Debug)]
pub(super) struct Passed {
    /// Of the whole view, in hexadecimal; `None` if it was not asked for.
    pub sum: Option<String>,
    /// Ranges taken for zeros.
    pub unread: Vec<Unread>,
    /// Bytes handed on.
    pub bytes: u64,
}

/// What sum of a view is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum SumKind {
    /// SHA-256 of all bytes, holes as zeros: what `sha256sum` gives of a raw image. It takes as long as the volume is large.
    #[default]
    Sha256,
    /// The Merkle sum of fs-verity (SHA-256, blocks of 4096 bytes, no salt): what `fsverity digest` gives of a raw image. It
    /// takes as long as the stored data are large.
    Verity,
}

/// The sha256 of a whole view, in hexadecimal; as [`sum`].
///
/// # Errors
/// Where the view cannot be read.
pub fn sha256(view: &MergedView, progress: &dyn Progress) -> Result<String, ViewError> {
    sum(view, SumKind::Sha256, progress)
}

/// A sum of a whole view, in hexadecimal. Progress is reported in bytes of the view, without beginning or ending: several
/// views may be hashed at once.
///
/// # Errors
/// Where the view cannot be read.
pub fn sum(view: &MergedView, kind: SumKind, progress: &dyn Progress) -> Result<String, ViewError> {
    match pass(view, Unreadable::Fail, Some(kind), &mut (), progress) {
        Ok(passed) => Ok(passed.sum.unwrap_or_default()),
        Err(Stopped::View(error)) => Err(error),
        Err(Stopped::Write(_)) => unreachable!("nothing is written"),
    }
}

/// Goes over a view once.
pub(super) fn pass(
    view: &MergedView,
    unreadable: Unreadable,
    kind: Option<SumKind>,
    sink: &mut dyn Sink,
    progress: &dyn Progress,
) -> Result<Passed, Stopped> {
    if unreadable == Unreadable::Fail
        && let Some(first) = view.unreachable().as_slice().first()
    {
        return Err(view.eof(first.start).into());
    }
    thread::scope(|scope| {
        let (feed, food) = sync_channel::<Part>(AHEAD);
        let (give, back) = sync_channel::<Vec<u8>>(AHEAD + 2);
        let size = view.size();
        let hasher = kind.map(|kind| scope.spawn(move || digest(Sum::new(kind, size), &food, &give)));
        let mut reader = Reader {
            view,
            unreadable,
            feed: kind.is_some().then_some(feed),
            back,
            unread: Vec::new(),
            bytes: 0,
        };
        let read = reader.run(sink, progress);
        let Reader { unread, bytes, feed, .. } = reader;
        drop(feed); // the hasher ends with its channel
        let sum = hasher.map(|thread| thread.join().expect("hashing does not panic"));
        read.map(|()| Passed { sum, unread: merge(unread), bytes })
    })
}

enum Part {
    Bytes(Vec<u8>),
    Zeros(u64),
}

/// A sum that is being made.
pub(super) enum Sum {
    Sha256(Sha256),
    Verity(Box<Verity>),
}

impl Sum {
    pub(super) fn new(kind: SumKind, size: u64) -> Self {
        match kind {
            SumKind::Sha256 => Self::Sha256(Sha256::new()),
            SumKind::Verity => Self::Verity(Box::new(Verity::new(size))),
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Verity(tree) => tree.bytes(bytes),
        }
    }

    pub(super) fn zeros(&mut self, mut count: u64) {
        static MANY: [u8; 256 << 10] = [0; 256 << 10];
        match self {
            Self::Sha256(hash) => {
                while count > 0 {
                    let step = count.min(MANY.len() as u64);
                    hash.update(&MANY[..step as usize]);
                    count -= step;
                }
            }
            Self::Verity(tree) => tree.zeros(count),
        }
    }

    pub(super) fn finish(self) -> String {
        match self {
            Self::Sha256(hash) => hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            Self::Verity(tree) => tree.finish(),
        }
    }
}

fn digest(mut sum: Sum, food: &Receiver<Part>, give: &SyncSender<Vec<u8>>) -> String {
    for part in food {
        match part {
            Part::Bytes(bytes) => {
                sum.bytes(&bytes);
                let _ = give.try_send(bytes); // a buffer that nobody takes back is dropped
            }
            Part::Zeros(count) => sum.zeros(count),
        }
    }
    sum.finish()
}

struct Reader<'a> {
    view: &'a MergedView,
    unreadable: Unreadable,
    feed: Option<SyncSender<Part>>,
    back: Receiver<Vec<u8>>,
    unread: Vec<Unread>,
    bytes: u64,
}

impl Reader<'_> {
    fn run(&mut self, sink: &mut dyn Sink, progress: &dyn Progress) -> Result<(), Stopped> {
        for run in &self.view.unreachable() {
            self.unread.push(Unread::of(&self.view.eof(run.start), self.view, *run));
        }
        let size = self.view.size();
        let mut at = 0;
        let mut next = 0;
        let mut spare = Vec::new();
        let mut asked = 0;
        while let Some(chunk) = self.chunk(&mut next, at, size) {
            // In large steps: each is looked up among all segments.
            if chunk.end + SOON / 2 > asked {
                let from = asked.max(chunk.end);
                asked = chunk.end + SOON;
                self.view.expect(Run { start: from, end: asked });
            }
            self.zeros(chunk.start - at);
            let mut buf = self.back.try_recv().unwrap_or_else(|_| std::mem::take(&mut spare));
            buf.resize(chunk.len() as usize, 0);
            self.fill(chunk, &mut buf)?;
            sink.expect(self.stretch(chunk));
            self.hand_on(chunk.start, &buf, sink).map_err(Stopped::Write)?;
            match &self.feed {
                Some(feed) => {
                    let _ = feed.send(Part::Bytes(buf)); // the hasher ends after us
                }
                None => spare = buf,
            }
            progress.advance(chunk.end - at);
            at = chunk.end;
        }
        self.zeros(size - at);
        progress.advance(size - at);
        Ok(())
    }

    /// What is stored from the start of a chunk on without a gap.
    fn stretch(&self, chunk: Run) -> Run {
        let mut end = chunk.start;
        for segment in self.view.segments_in(Run { start: chunk.start, end: self.view.size() }) {
            if segment.run.start > end || end >= chunk.start + STRETCH {
                break;
            }
            end = segment.run.end;
        }
        Run { start: chunk.start, end: end.min(self.view.size()) }
    }

    /// The next stretch at or after `at` that begins and ends with something stored, of at most [`CHUNK`] bytes;
    /// `next` is the segment to go on from.
    fn chunk(&self, next: &mut usize, at: u64, size: u64) -> Option<Run> {
        let segments = self.view.supply().segments();
        while segments.get(*next).is_some_and(|segment| segment.run.end <= at) {
            *next += 1;
        }
        let first = segments.get(*next)?;
        let start = first.run.start.max(at);
        let limit = ((start / CHUNK + 1) * CHUNK).min(size);
        let mut end = start;
        for segment in &segments[*next..] {
            if segment.run.start >= limit || segment.run.start > end + GAP {
                break;
            }
            end = segment.run.end.min(limit);
        }
        (start < end).then_some(Run { start, end })
    }

    fn zeros(&self, count: u64) {
        if count > 0
            && let Some(feed) = &self.feed
        {
            let _ = feed.send(Part::Zeros(count));
        }
    }

    fn fill(&mut self, chunk: Run, buf: &mut [u8]) -> Result<(), Stopped> {
        match self.view.read_at(chunk.start, buf) {
            Ok(_) => return Ok(()),
            Err(error) if self.unreadable == Unreadable::Fail => return Err(error.into()),
            Err(_) => {} // looked at block by block below
        }
        let mut place = chunk.start;
        while place < chunk.end {
            let stop = ((place / BLOCK_SIZE + 1) * BLOCK_SIZE).min(chunk.end);
            let part = &mut buf[(place - chunk.start) as usize..(stop - chunk.start) as usize];
            if let Err(error) = self.view.read_at(place, part) {
                part.fill(0);
                self.unread.push(Unread::of(&error, self.view, Run { start: place, end: stop }));
            }
            place = stop;
        }
        Ok(())
    }

    /// Hands on what is not zero, in runs of whole blocks.
    fn hand_on(&mut self, start: u64, buf: &[u8], sink: &mut dyn Sink) -> io::Result<()> {
        let mut open: Option<usize> = None;
        let mut at = 0;
        while at < buf.len() {
            let stop = (at + BLOCK_SIZE as usize).min(buf.len());
            match (buf[at..stop] == ZEROS[..stop - at], open) {
                (true, Some(from)) => {
                    self.bytes += (at - from) as u64;
                    sink.data(start + from as u64, &buf[from..at])?;
                    open = None;
                }
                (false, None) => open = Some(at),
                _ => {}
            }
            at = stop;
        }
        if let Some(from) = open {
            self.bytes += (buf.len() - from) as u64;
            sink.data(start + from as u64, &buf[from..])?;
        }
        Ok(())
    }
}

impl Unread {
    /// A range of a view that failed.
    pub(super) fn of(error: &ViewError, view: &MergedView, run: Run) -> Self {
        let disk = match error {
            ViewError::Eof { disk, .. } | ViewError::Read { disk, .. } => disk.clone(),
            _ => view.top().clone(),
        };
        Self { replica: view.label().clone(), disk, run, why: reason(error) }
    }
}
