//! Comparing any number of views in one pass.
//!
//! Every stored byte is read once, whatever the number of views; what no view stores costs nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::measure::Measure;
use super::pass::ZEROS;
use super::sample::is_chosen;
use super::unread::Unread;
use super::view::MergedView;
use crate::ident::{BLOCK_SIZE, Run, Runs};
use crate::progress::Progress;

/// Windows handed out at a time, so that results stay small and progress moves.
const BATCH: usize = 1024;

/// So many windows before it is looked at, a window is asked for: 3 MiB of each view are then on their way.
const AHEAD: usize = 24;

/// Gaps up to this that nobody stores are looked at along with what surrounds them.
const GAP: u64 = 16 * 1024;

/// Ranges of stored zeros that are kept of a view, so that a hostile volume cannot fill the memory with them.
const ZERO_RUNS: usize = 1 << 16;

/// A view to be compared.
struct Subject {
    view: MergedView,
    /// What cannot be served at all, by Jiva's own rules.
    unreachable: Runs,
}

impl Subject {
    /// Whether a window cannot be served in part.
    fn fails_in(&self, window: Run) -> bool {
        !self.unreachable.is_empty() && !self.unreachable.clip(window.start, window.end).is_empty()
    }

    /// Whether a window needs to be read of one of both only. Where one fails, it is to be said of each.
    fn is_same_in(&self, other: &Self, window: Run) -> bool {
        self.view.is_same_in(&other.view, window) && !self.fails_in(window) && !other.fails_in(window)
    }
}

/// What comparing a set of views found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Compared {
    /// Differing blocks by pair of views, the smaller index first.
    pub differ: BTreeMap<(usize, usize), Runs>,
    /// Those of them that the one, and the other view stores as zeros.
    pub zeroed: BTreeMap<(usize, usize), (Runs, Runs)>,
    /// Stored stretches that were not looked at, since only a sample was.
    pub unseen: Runs,
    /// What could not be read, by view.
    pub unread: Vec<(usize, Unread)>,
    /// Stored blocks of zeros, by view.
    pub zeros: Vec<StoredZeros>,
    /// Bytes of views that were read.
    pub bytes: u64,
}

/// Stored blocks of zeros of a view.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct StoredZeros {
    /// Their number, by the level of the layer that supplies them.
    pub blocks: BTreeMap<usize, u64>,
    /// The first of them, with that level.
    pub first: Vec<(Run, usize)>,
    /// Stored blocks that were read.
    pub read: u64,
}

impl Compared {
    /// Where two views differ; nothing for a pair that was not asked for.
    pub fn between(&self, one: usize, two: usize) -> Runs {
        self.differ.get(&(one.min(two), one.max(two))).cloned().unwrap_or_default()
    }

    /// Of the differing blocks of two views those that `one` stores as zeros.
    pub fn zeroed(&self, one: usize, two: usize) -> Runs {
        let sides = self.zeroed.get(&(one.min(two), one.max(two)));
        sides.map(|(a, b)| if one < two { a.clone() } else { b.clone() }).unwrap_or_default()
    }

    /// What could not be read of a view.
    pub fn failed(&self, view: usize) -> Runs {
        Runs::from_unsorted(self.unread.iter().filter(|(of, _)| *of == view).map(|(_, u)| u.run).collect())
    }

    fn add(&mut self, found: Found) {
        for (pair, run) in found.differ {
            self.differ.entry(pair).or_default().push(run.start, run.end);
        }
        for (pair, first, run) in found.zeroed {
            let sides = self.zeroed.entry(pair).or_default();
            let side = if first { &mut sides.0 } else { &mut sides.1 };
            side.push(run.start, run.end);
        }
        self.unread.extend(found.unread);
        for (view, run, level) in found.zeros {
            let zeros = &mut self.zeros[view];
            *zeros.blocks.entry(level).or_default() += run.len().div_ceil(BLOCK_SIZE);
            let room = zeros.first.len() < ZERO_RUNS;
            match zeros.first.last_mut() {
                Some((last, at)) if *at == level && last.end == run.start => last.end = run.end,
                _ if room => zeros.first.push((run, level)),
                _ => {}
            }
        }
        for (view, blocks) in found.read {
            self.zeros[view].read += blocks;
        }
        self.bytes += found.bytes;
    }
}

/// What one window showed.
#[derive(Default)]
struct Found {
    /// Differing blocks by pair of subjects.
    differ: Vec<((usize, usize), Run)>,
    /// Of those what one side stores as zeros; whether it is the first.
    zeroed: Vec<((usize, usize), bool, Run)>,
    unread: Vec<(usize, Unread)>,
    /// Stored zeros: subject, where, level.
    zeros: Vec<(usize, Run, usize)>,
    /// Stored blocks that were read, by subject.
    read: Vec<(usize, u64)>,
    bytes: u64,
}

/// Compares the given pairs of views (each with the smaller index first) in one pass.
///
/// `sample` is the share of windows to look at, between 0 and 1; `None` looks at all. The choice depends on the
/// place alone, so it is the same in every run. Beyond its end a view counts as zeros; so does what cannot be read,
/// which is reported. `only` leaves everything else out.
pub fn compare_views(
    views: Vec<MergedView>,
    pairs: &[(usize, usize)],
    sample: Option<f64>,
    only: Option<&Runs>,
    progress: &dyn Progress,
) -> Compared {
    let measure = match Measure::of(&views) {
        Ok(measure) => measure,
        Err(why) => return incomparable(views, pairs, only, &why),
    };
    let subjects: Vec<Subject> =
        views.into_iter().map(|view| Subject { unreachable: view.unreachable(), view }).collect();
    let stored = stored(subjects.iter().map(|subject| &subject.view), only);
    progress.begin("comparing blocks", Some(stored.bytes()));
    let mut out = Compared {
        differ: pairs.iter().map(|pair| (*pair, Runs::new())).collect(),
        zeros: vec![StoredZeros::default(); subjects.len()],
        ..Compared::default()
    };
    let pool = Pool::default();
    let size = measure.window();
    let mut windows = Windows { runs: stored.as_slice(), at: 0, size };
    let wanted = |window: &Run| sample.is_none_or(|share| is_chosen(window.start / size, share));
    let mut next: Vec<Run> = windows.by_ref().take(BATCH).collect();
    while !next.is_empty() {
        let batch = std::mem::replace(&mut next, windows.by_ref().take(BATCH).collect());
        let total = batch.iter().map(Run::len).sum();
        if let Some(share) = sample {
            for window in batch.iter().filter(|window| !is_chosen(window.start / size, share)) {
                out.unseen.push(window.start, window.end);
            }
        }
        let soon = |at: usize| batch.get(at).or_else(|| next.get(at - batch.len()));
        let found: Vec<Found> = (0..batch.len())
            .into_par_iter()
            .filter(|at| wanted(&batch[*at]))
            .map(|at| {
                if let Some(soon) = soon(at + AHEAD).filter(|window| wanted(window)) {
                    expect(&subjects, *soon);
                }
                let mut buffers = pool.take();
                let found = look(&subjects, pairs, batch[at], &measure, &mut buffers);
                pool.give(buffers);
                found
            })
            .collect();
        found.into_iter().for_each(|found| out.add(found));
        progress.advance(total);
    }
    progress.end();
    // What cannot be served and nobody stores is reported by ranges: of a volume that claims exbibytes it has as many
    // blocks as no memory holds.
    for (at, subject) in subjects.iter().enumerate() {
        let view = &subject.view;
        let disk = view.layer(0).unwrap_or_else(|| view.top());
        let beyond = subject.unreachable.difference(&stored);
        let beyond = only.map_or_else(|| beyond.clone(), |only| beyond.intersection(only));
        out.unread.extend(beyond.iter().map(|run| {
            let why = "EOF: the image ends before it".to_owned();
            (at, Unread { replica: view.label().clone(), disk: disk.clone(), run: *run, why })
        }));
    }
    out
}

/// What any of the views stores.
fn stored<'a>(views: impl Iterator<Item = &'a MergedView>, only: Option<&Runs>) -> Runs {
    let (mut end, mut all) = (0, Runs::new());
    for view in views {
        end = end.max(view.size().div_ceil(BLOCK_SIZE) * BLOCK_SIZE);
        all = all.union(&view.stored());
    }
    let stored = all.clip(0, end);
    only.map_or_else(|| stored.clone(), |only| stored.intersection(only))
}

/// Views that have nothing in common in which they could be compared: nothing of them is known.
fn incomparable(
    views: Vec<MergedView>,
    pairs: &[(usize, usize)],
    only: Option<&Runs>,
    why: &str,
) -> Compared {
    let stored = stored(views.iter(), only);
    let unread = views.iter().enumerate().flat_map(|(at, view)| {
        let disk = view.top();
        stored.iter().map(move |run| {
            let (replica, disk) = (view.label().clone(), disk.clone());
            (at, Unread { replica, disk, run: *run, why: why.to_owned() })
        })
    });
    Compared {
        unread: unread.collect(),
        differ: pairs.iter().map(|pair| (*pair, Runs::new())).collect(),
        zeros: vec![StoredZeros::default(); views.len()],
        ..Compared::default()
    }
}

/// Splits what anybody stores into windows on fixed borders.
struct Windows<'a> {
    runs: &'a [Run],
    at: u64,
    /// Bytes of a window.
    size: u64,
}

impl Iterator for Windows<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let run = self.runs.first()?;
        let start = run.start.max(self.at);
        let border = (start / self.size + 1) * self.size;
        let mut end = run.end.min(border);
        // What lies in one window is looked at together, small gaps along with it.
        while end == self.runs[0].end {
            self.runs = &self.runs[1..];
            match self.runs.first() {
                Some(next) if next.start < border.min(end + GAP) => end = next.end.min(border),
                _ => break,
            }
        }
        self.at = end;
        Some(Run { start, end })
    }
}

/// Buffers of one window, one for each content that is met in it.
type Buffers = Vec<Vec<u8>>;

/// Buffers that wait for the next window.
#[derive(Default)]
struct Pool(Mutex<Vec<Buffers>>);

impl Pool {
    fn take(&self) -> Buffers {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give(&self, buffers: Buffers) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffers);
    }
}

/// Tells that a window is looked at soon, for every view that will be read for it.
fn expect(subjects: &[Subject], window: Run) {
    for (at, subject) in subjects.iter().enumerate() {
        if !subjects[..at].iter().any(|other| other.is_same_in(subject, window)) {
            subject.view.expect(window);
        }
    }
}

fn look(
    subjects: &[Subject],
    pairs: &[(usize, usize)],
    window: Run,
    measure: &Measure,
    buffers: &mut Buffers,
) -> Found {
    if let Some(found) = equal_by_sums(subjects, window, measure) {
        return found;
    }
    let mut found = Found::default();
    let len = measure.length(window.len());
    // Which buffer holds each subject's content, and who was read for that: whatever is of one source with one of those is
    // not read, and equal contents share a buffer and are compared no more.
    let (mut class, mut read): (Vec<usize>, Vec<usize>) = (Vec::with_capacity(subjects.len()), Vec::new());
    let mut contents = 0;
    for (at, subject) in subjects.iter().enumerate() {
        if let Some(same) = read.iter().find(|other| subjects[**other].is_same_in(subject, window)) {
            class.push(class[*same]);
            // Of one source they are known by now; what is only equal is of another replica.
            if measure.unit() != BLOCK_SIZE as usize {
                zeros(at, subject, window, measure, &buffers[class[*same]][..len], &mut found);
            }
            continue;
        }
        if buffers.len() == contents {
            buffers.push(vec![0; measure.length(measure.window())]);
        }
        let (known, rest) = buffers.split_at_mut(contents);
        let own = &mut rest[0][..len];
        fill(at, subject, window, measure, own, &mut found);
        zeros(at, subject, window, measure, own, &mut found);
        read.push(at);
        match known.iter().position(|other| other[..len] == *own) {
            Some(equal) => class.push(equal),
            None => {
                class.push(contents);
                contents += 1;
            }
        }
    }
    for &(a, b) in pairs {
        if class[a] != class[b] {
            let (x, y) = (&buffers[class[a]][..len], &buffers[class[b]][..len]);
            differ(
                (a, b),
                [&subjects[a].view, &subjects[b].view],
                window,
                measure.unit(),
                (x, y),
                &mut found,
            );
        }
    }
    found
}

/// Where sums show that all hold the same, nothing is read: which of the stored blocks are zeros is listed beside the sums.
fn equal_by_sums(subjects: &[Subject], window: Run, measure: &Measure) -> Option<Found> {
    if !matches!(measure, Measure::Sums(_)) {
        return None;
    }
    let (first, rest) = subjects.split_first()?;
    if first.fails_in(window) || !rest.iter().all(|other| first.is_same_in(other, window)) {
        return None;
    }
    let size = first.view.size().clamp(window.start, window.end);
    let mut found = Found { bytes: measure.length(size - window.start) as u64, ..Found::default() };
    for (at, subject) in subjects.iter().enumerate() {
        let mut stored = 0;
        for segment in subject.view.segments_in(window) {
            let (source, entry) = subject.view.place(segment.level)?;
            let run =
                Run { start: segment.run.start.max(window.start), end: segment.run.end.min(window.end) };
            stored += run.len().div_ceil(BLOCK_SIZE);
            let zeros = source.sums()?.zeros_in(entry, run);
            found.zeros.extend(zeros.iter().map(|zeros| (at, *zeros, segment.level)));
        }
        found.read.push((at, stored));
    }
    Some(found)
}

/// Tells the differing blocks of a window, in runs.
fn differ(
    pair: (usize, usize),
    views: [&MergedView; 2],
    window: Run,
    unit: usize,
    (x, y): (&[u8], &[u8]),
    found: &mut Found,
) {
    let push = |list: &mut Vec<((usize, usize), Run)>, block: Run| match list.last_mut() {
        Some((of, last)) if *of == pair && last.end == block.start => last.end = block.end,
        _ => list.push((pair, block)),
    };
    for (index, (p, q)) in x.chunks(unit).zip(y.chunks(unit)).enumerate() {
        if p == q {
            continue;
        }
        let start = window.start + index as u64 * BLOCK_SIZE;
        let block = Run { start, end: window.end.min(start + BLOCK_SIZE) };
        push(&mut found.differ, block);
        // They differ, so at most one of them is zeros.
        for (first, bytes, view) in [(true, p, views[0]), (false, q, views[1])] {
            if *bytes == ZEROS[..bytes.len()] && view.supplier(start).is_some() {
                found.zeroed.push((pair, first, block));
            }
        }
    }
}

/// Reads a window; what cannot be read is reported and left as zeros.
fn fill(at: usize, subject: &Subject, window: Run, measure: &Measure, buf: &mut [u8], found: &mut Found) {
    let view = &subject.view;
    let size = view.size().clamp(window.start, window.end);
    let readable = measure.length(size - window.start);
    buf[readable..].fill(0); // beyond this view's end: the missing tail counts as zeros
    if readable == 0 {
        return;
    }
    found.bytes += readable as u64;
    // Where it fails, it is looked at block by block below.
    let whole = Run { start: window.start, end: size };
    if !subject.fails_in(window) && measure.read(view, whole, &mut buf[..readable]).is_ok() {
        return;
    }
    let mut place = window.start;
    while place < size {
        let stop = (place + BLOCK_SIZE).min(size);
        let part = &mut buf[measure.length(place - window.start)..measure.length(stop - window.start)];
        if let Err(error) = measure.read(view, Run { start: place, end: stop }, part) {
            part.fill(0);
            let run = Run { start: place, end: place + BLOCK_SIZE };
            found.unread.push((at, Unread::of(&error, view, run)));
        }
        place = stop;
    }
}

/// Notes the stored blocks of a window that hold nothing but zeros.
fn zeros(at: usize, subject: &Subject, window: Run, measure: &Measure, buf: &[u8], found: &mut Found) {
    let mut stored = 0;
    for segment in subject.view.segments_in(window) {
        let (from, to) = (segment.run.start.max(window.start), segment.run.end.min(window.end));
        stored += (to - from).div_ceil(BLOCK_SIZE);
        let bytes = &buf[measure.length(from - window.start)..measure.length(to - window.start)];
        for (index, block) in bytes.chunks(measure.unit()).enumerate() {
            if block[0] == 0 && *block == ZEROS[..block.len()] {
                let start = from + index as u64 * BLOCK_SIZE;
                let run = Run { start, end: to.min(start + BLOCK_SIZE) };
                match found.zeros.last_mut() {
                    Some((of, last, level)) if (*of, *level) == (at, segment.level) && last.end == start => {
                        last.end = run.end;
                    }
                    _ => found.zeros.push((at, run, segment.level)),
                }
            }
        }
    }
    found.read.push((at, stored));
}
