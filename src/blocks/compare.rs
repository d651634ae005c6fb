//! Comparing the views of all replicas of a volume in one pass.
//!
//! Every stored byte is read once, whatever the number of replicas; what no replica stores costs nothing.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::view::{MergedView, ViewError};
use crate::ident::{BLOCK_SIZE, DiskName, Label, Run, Runs};
use crate::lineage::{Content, Contents};
use crate::replica::Replica;
use crate::watch::Watch;

/// Bytes that one task compares: large enough that reading dominates, small enough to stay in the cache.
const WINDOW: u64 = 256 * 1024;

/// Windows handed out at a time, so that results stay small and progress moves.
const BATCH: usize = 512;

/// A range that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// Whose view.
    pub replica: Label,
    /// The layer that supplies it.
    pub disk: DiskName,
    /// Where, in bytes of the volume.
    pub run: Run,
    /// Why.
    pub why: String,
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Where the contents of each pair differ.
    pub contents: Contents,
    /// What could not be read, by replica and place.
    pub unread: Vec<Unread>,
    /// Replicas of which at least one stored block is all zeros: the copy kept stored zeros.
    pub stores_zeros: Vec<Label>,
    /// Bytes of merged views that were read.
    pub bytes: u64,
    /// Share of the blocks that was looked at, if not all.
    pub sample: Option<f64>,
}

/// A view to be compared: a replica's own state, or all it holds.
struct Subject {
    view: MergedView,
    /// What cannot be served at all, by Jiva's own rules.
    unreachable: Runs,
}

/// What one window showed.
#[derive(Default)]
struct Found {
    /// Differing blocks by pair of subjects.
    differ: Vec<(usize, usize, Run)>,
    unread: Vec<(usize, Unread)>,
    zeros: Vec<usize>,
    bytes: u64,
}

/// What comparing a set of views found.
#[derive(Debug, Default)]
pub struct Compared {
    /// Differing blocks by pair of views, the smaller index first.
    pub differ: BTreeMap<(usize, usize), Runs>,
    /// What could not be read, by view.
    pub unread: Vec<(usize, Unread)>,
    /// Whether a stored block of zeros was met, by view.
    pub stores_zeros: Vec<bool>,
    /// Bytes of views that were read.
    pub bytes: u64,
}

impl Compared {
    /// Where two views differ; nothing for a pair that was not asked for.
    pub fn between(&self, one: usize, two: usize) -> Runs {
        self.differ.get(&(one.min(two), one.max(two))).cloned().unwrap_or_default()
    }

    /// What could not be read of a view.
    pub fn failed(&self, view: usize) -> Runs {
        Runs::from_unsorted(self.unread.iter().filter(|(of, _)| *of == view).map(|(_, u)| u.run).collect())
    }
}

/// Compares the given pairs of views (each with the smaller index first) in one pass.
///
/// `sample` is the share of windows to look at, between 0 and 1; `None` looks at all. The choice depends on the
/// place alone, so it is the same in every run. Beyond its end a view counts as zeros.
pub fn compare_views(
    views: Vec<MergedView>,
    pairs: &[(usize, usize)],
    sample: Option<f64>,
    watch: &dyn Watch,
) -> Compared {
    let subjects: Vec<Subject> =
        views.into_iter().map(|view| Subject { unreachable: view.unreachable(), view }).collect();
    let end = subjects
        .iter()
        .map(|subject| subject.view.size().div_ceil(BLOCK_SIZE) * BLOCK_SIZE)
        .max()
        .unwrap_or(0);
    let stored =
        subjects.iter().fold(Runs::new(), |all, s| all.union(&s.view.stored()).union(&s.unreachable));
    let windows = windows(&stored, end, sample);
    watch.begin("comparing blocks", Some(windows.iter().map(Run::len).sum()));
    let mut out = Compared {
        differ: pairs.iter().map(|pair| (*pair, Runs::new())).collect(),
        stores_zeros: vec![false; subjects.len()],
        ..Compared::default()
    };
    for batch in windows.chunks(BATCH) {
        let found: Vec<Found> = batch
            .par_iter()
            .map_init(
                || Buffers::new(subjects.len()),
                |buffers, window| look(&subjects, pairs, *window, buffers),
            )
            .collect();
        for one in found {
            for (a, b, run) in one.differ {
                out.differ.get_mut(&(a, b)).expect("only wanted pairs are told").push(run.start, run.end);
            }
            out.unread.extend(one.unread);
            one.zeros.into_iter().for_each(|subject| out.stores_zeros[subject] = true);
            out.bytes += one.bytes;
        }
        watch.advance(batch.iter().map(Run::len).sum());
    }
    watch.end();
    out
}

/// Compares the own states of the given replicas, and for those whose last join did not end all they hold too.
///
/// # Errors
/// When a view cannot be made at all.
pub fn compare(
    replicas: &[&Replica],
    sample: Option<f64>,
    watch: &dyn Watch,
) -> Result<Comparison, ViewError> {
    let mut views: Vec<MergedView> = Vec::new();
    // By replica: its own state, and all it holds.
    let mut of: Vec<Option<(usize, usize)>> = Vec::new();
    for replica in replicas {
        let Some(head) = replica.chain.first() else {
            of.push(None);
            continue;
        };
        let mut add = |top: &DiskName| -> Result<usize, ViewError> {
            views.push(MergedView::at(replica, top)?);
            Ok(views.len() - 1)
        };
        let all = add(head)?;
        let own = match &replica.clean_tip {
            Some(tip) => add(tip)?,
            None => all,
        };
        of.push(Some((own, all)));
    }
    let compared = compare_views(views, &wanted(&of), sample, watch);
    let mut out = Comparison { bytes: compared.bytes, sample, ..Comparison::default() };
    for (at, a) in replicas.iter().enumerate() {
        for (bt, b) in replicas.iter().enumerate().skip(at + 1) {
            let (Some((a_own, a_all)), Some((b_own, b_all))) = (of[at], of[bt]) else { continue };
            let failed = [a_own, a_all, b_own, b_all]
                .iter()
                .fold(Runs::new(), |all, v| all.union(&compared.failed(*v)));
            out.contents.insert(
                (a.label.clone(), b.label.clone()),
                Content {
                    tips: compared.between(a_own, b_own),
                    a_tip_b_all: compared.between(a_own, b_all),
                    a_all_b_tip: compared.between(a_all, b_own),
                    unread: failed,
                },
            );
        }
    }
    for (replica, views) in replicas.iter().zip(&of) {
        if views.is_some_and(|(own, all)| compared.stores_zeros[own] || compared.stores_zeros[all]) {
            out.stores_zeros.push(replica.label.clone());
        }
    }
    out.unread = merge_unread(compared.unread.into_iter().map(|(_, unread)| unread).collect());
    Ok(out)
}

/// The pairs of subjects of different replicas that some relation asks for.
fn wanted(of: &[Option<(usize, usize)>]) -> Vec<(usize, usize)> {
    let mut pairs = std::collections::BTreeSet::new();
    let known: Vec<(usize, usize)> = of.iter().copied().flatten().collect();
    for (at, &(a_own, a_all)) in known.iter().enumerate() {
        for &(b_own, b_all) in &known[at + 1..] {
            for (x, y) in [(a_own, b_own), (a_own, b_all), (a_all, b_own)] {
                pairs.insert((x.min(y), x.max(y)));
            }
        }
    }
    pairs.into_iter().collect()
}

/// Splits what anybody stores into windows on fixed borders.
fn windows(stored: &Runs, end: u64, sample: Option<f64>) -> Vec<Run> {
    let mut out: Vec<Run> = Vec::new();
    for run in &stored.clip(0, end) {
        let mut start = run.start;
        while start < run.end {
            let border = (start / WINDOW + 1) * WINDOW;
            let stop = border.min(run.end);
            out.push(Run { start, end: stop });
            start = stop;
        }
    }
    match sample {
        None => out,
        Some(share) => out.into_iter().filter(|window| chosen(window.start / WINDOW, share)).collect(),
    }
}

/// Whether a window belongs to the sample: a fixed mixing of its number, spread evenly.
fn chosen(window: u64, share: f64) -> bool {
    let mixed = window.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((mixed >> 11) as f64 / (1u64 << 53) as f64) < share
}

struct Buffers {
    bytes: Vec<Vec<u8>>,
}

impl Buffers {
    fn new(count: usize) -> Self {
        Self { bytes: vec![vec![0; WINDOW as usize]; count] }
    }
}

fn look(subjects: &[Subject], pairs: &[(usize, usize)], window: Run, buffers: &mut Buffers) -> Found {
    let mut found = Found::default();
    let len = window.len() as usize;
    // A subject whose bytes here are those of an earlier one of the same replica is not read again.
    let mut twin: Vec<usize> = Vec::with_capacity(subjects.len());
    for (at, subject) in subjects.iter().enumerate() {
        let same = (0..at).find(|&other| subjects[other].view.is_same_in(&subject.view, window));
        twin.push(same.unwrap_or(at));
        if same.is_none() {
            found.bytes += window.len();
            let buf = &mut buffers.bytes[at][..len];
            fill(at, subject, window, buf, &mut found);
            if stores_zero_block(subject, window, buf) {
                found.zeros.push(at);
            }
        }
    }
    for &(a, b) in pairs {
        let (x, y) = (&buffers.bytes[twin[a]][..len], &buffers.bytes[twin[b]][..len]);
        if twin[a] == twin[b] || x == y {
            continue;
        }
        let mut open: Option<u64> = None;
        for (index, (p, q)) in x.chunks(BLOCK_SIZE as usize).zip(y.chunks(BLOCK_SIZE as usize)).enumerate() {
            let place = window.start + index as u64 * BLOCK_SIZE;
            match (p == q, open) {
                (false, None) => open = Some(place),
                (true, Some(start)) => {
                    found.differ.push((a, b, Run { start, end: place }));
                    open = None;
                }
                _ => {}
            }
        }
        if let Some(start) = open {
            found.differ.push((a, b, Run { start, end: window.end }));
        }
    }
    found
}

/// Reads a window; what cannot be read is told and left as zeros.
fn fill(at: usize, subject: &Subject, window: Run, buf: &mut [u8], found: &mut Found) {
    let view = &subject.view;
    buf.fill(0);
    let size = view.size().min(window.end);
    if window.start >= size {
        return; // beyond this replica's end: the missing tail counts as zeros
    }
    let readable = (size - window.start) as usize;
    if subject.unreachable.clip(window.start, window.end).is_empty() {
        match view.read_at(window.start, &mut buf[..readable]) {
            Ok(_) => return,
            Err(_) => buf.fill(0), // looked at block by block below
        }
    }
    let mut place = window.start;
    while place < size {
        let stop = (place + BLOCK_SIZE).min(size);
        let part = &mut buf[(place - window.start) as usize..(stop - window.start) as usize];
        if let Err(error) = view.read_at(place, part) {
            part.fill(0);
            let level = view.supplier(place).map_or(0, |segment| segment.level);
            let disk = view.layer(level).unwrap_or_else(|| view.top()).clone();
            let run = Run { start: place, end: place + BLOCK_SIZE };
            found.unread.push((at, Unread { replica: view.label().clone(), disk, run, why: reason(&error) }));
        }
        place = stop;
    }
}

fn reason(error: &ViewError) -> String {
    match error {
        ViewError::Eof { .. } => "EOF: the image ends before it".to_owned(),
        ViewError::Read { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

/// Whether a stored block of the window holds nothing but zeros.
fn stores_zero_block(subject: &Subject, window: Run, buf: &[u8]) -> bool {
    let segments = subject.view.supply().segments();
    let from = segments.partition_point(|segment| segment.run.end <= window.start);
    segments[from..].iter().take_while(|segment| segment.run.start < window.end).any(|segment| {
        let start = (segment.run.start.max(window.start) - window.start) as usize;
        let end = (segment.run.end.min(window.end) - window.start) as usize;
        buf[start..end]
            .chunks(BLOCK_SIZE as usize)
            .any(|block| block[0] == 0 && block.iter().all(|byte| *byte == 0))
    })
}

/// Joins neighbouring ranges that failed for one reason.
fn merge_unread(mut list: Vec<Unread>) -> Vec<Unread> {
    list.sort();
    list.dedup();
    let mut out: Vec<Unread> = Vec::new();
    for one in list {
        match out.last_mut() {
            Some(last)
                if (&last.replica, &last.disk, &last.why) == (&one.replica, &one.disk, &one.why)
                    && last.run.end == one.run.start =>
            {
                last.run.end = one.run.end;
            }
            _ => out.push(one),
        }
    }
    out
}
