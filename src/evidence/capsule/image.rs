//! The sums of one image, read once from its first stored block to its last.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::super::directory::Directory;
use super::super::sums::{REGION, SUM, Sum, ZERO};
use super::super::sys::{Mapper, Marks};
use super::super::{Entry, Origin, ReadError, Source, clip};
use super::hash::{self, Key};
use super::table::{Region, Table};
use crate::ident::{BLOCK_SIZE, Run, Runs};
use crate::progress::Progress;

/// Regions that are read at a time: their sums take half a megabyte.
const BATCH: usize = 64;

/// So many regions before one is read, it is asked for.
const AHEAD: usize = 8;

/// An image as it is written.
#[derive(Debug)]
pub(super) struct Taken {
    pub table: Table,
    pub origin: Origin,
    /// Number of sums that were written.
    pub blocks: u64,
    /// Why not all of it could be read.
    pub unread: Option<String>,
}

/// What is stored where, as the file system tells it now.
pub(super) fn map(
    source: &Directory,
    entry: &Entry,
    mapper: &mut Mapper,
) -> Result<(Table, Origin), ReadError> {
    let limit = entry.size.div_ceil(BLOCK_SIZE).saturating_mul(BLOCK_SIZE);
    let file = source.file(entry).ok_or_else(|| match source.extents(entry) {
        Err(error) => error,
        Ok(_) => ReadError::Damaged("cannot be opened any more".to_owned()),
    })?;
    let mut marks = Marks::default();
    let (ranges, origin) = mapper.marked_ranges((*file).as_fd(), limit, &mut marks)?;
    let runs = |ranges: Vec<Run>| clip(ranges, entry.size);
    let table = Table {
        stored: runs(ranges),
        unwritten: runs(marks.unwritten),
        shared: runs(marks.shared),
        ..Table::default()
    };
    Ok((table, origin))
}

/// What one region gave.
struct Read {
    zeros: Vec<Run>,
    sums: Vec<(u64, Sum)>,
    unread: Option<String>,
}

/// Sums up an image and writes the sums, block by block.
pub(super) fn take(
    source: &Directory,
    entry: &Entry,
    mapped: (Table, Origin),
    key: Option<&Key>,
    to: &mut dyn Write,
    progress: &dyn Progress,
) -> io::Result<Taken> {
    let (mut table, origin) = mapped;
    let limit = entry.size.div_ceil(BLOCK_SIZE).saturating_mul(BLOCK_SIZE);
    let touched = table.stored.to_blocks(limit);
    // What was never written reads as zeros, as long as the file is whole there.
    let fresh = whole_blocks(&table.unwritten);
    let wanted = touched.difference(&fresh);
    let buffers: Mutex<Vec<Vec<u8>>> = Mutex::default();
    let (mut zeros, mut blocks, mut unread) = (Vec::new(), 0, None);
    let mut pieces = Pieces { runs: wanted.as_slice(), at: 0 };
    let mut next: Vec<(u64, Vec<Run>)> = pieces.by_ref().take(BATCH).collect();
    while !next.is_empty() {
        let batch = std::mem::replace(&mut next, pieces.by_ref().take(BATCH).collect());
        let read: Vec<Read> = (0..batch.len())
            .into_par_iter()
            .map(|at| {
                let soon = at + AHEAD;
                let soon = batch.get(soon).or_else(|| next.get(soon.checked_sub(batch.len())?));
                soon.iter().flat_map(|(_, runs)| runs).for_each(|run| source.expect(entry, *run));
                let mut buf =
                    buffers.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
                let read = region(source, entry, &batch[at].1, key, &mut buf);
                buffers.lock().unwrap_or_else(PoisonError::into_inner).push(buf);
                progress.advance(batch[at].1.iter().map(Run::len).sum());
                read
            })
            .collect();
        for ((number, _), read) in batch.iter().zip(read) {
            unread = unread.or(read.unread);
            zeros.extend(read.zeros);
            if read.sums.is_empty() {
                continue;
            }
            for (_, sum) in &read.sums {
                to.write_all(sum)?;
            }
            let (first, count) = (blocks, read.sums.len() as u64);
            blocks += count;
            let whole = hash::region(read.sums.into_iter());
            table.regions.push(Region { number: *number, first, whole });
        }
    }
    table.zeros = Runs::from_unsorted(zeros).union(&fresh.intersection(&touched));
    Ok(Taken { table, origin, blocks, unread })
}

/// The blocks that lie in it whole.
fn whole_blocks(runs: &Runs) -> Runs {
    let mut out = Runs::new();
    for run in runs {
        let (start, end) = (run.start.div_ceil(BLOCK_SIZE), run.end / BLOCK_SIZE);
        if start < end {
            out.push(start * BLOCK_SIZE, end * BLOCK_SIZE);
        }
    }
    out
}

/// Splits runs at the borders of regions; what lies in one region stays together.
struct Pieces<'a> {
    runs: &'a [Run],
    at: u64,
}

impl Iterator for Pieces<'_> {
    type Item = (u64, Vec<Run>);

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.runs.first()?;
        let number = first.start.max(self.at) / REGION;
        let border = (number + 1) * REGION;
        let mut out = Vec::new();
        while let Some(run) = self.runs.first() {
            let start = run.start.max(self.at);
            if start >= border {
                break;
            }
            let end = run.end.min(border);
            out.push(Run { start, end });
            self.at = end;
            if end == run.end {
                self.runs = &self.runs[1..];
            }
        }
        Some((number, out))
    }
}

/// Reads the stored blocks of a region.
fn region(source: &Directory, entry: &Entry, runs: &[Run], key: Option<&Key>, buf: &mut Vec<u8>) -> Read {
    let mut out = Read { zeros: Vec::new(), sums: Vec::new(), unread: None };
    for run in runs {
        buf.resize(run.len() as usize, 0);
        let mut done = 0;
        while done < buf.len() {
            match source.read_at(entry, run.start + done as u64, &mut buf[done..]) {
                // The last block of a file that ends inside it.
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) => {
                    let at = run.start + done as u64;
                    out.unread.get_or_insert_with(|| format!("byte {at} cannot be read: {error}"));
                    break;
                }
            }
        }
        buf[done..].fill(0);
        for (index, block) in buf.chunks(BLOCK_SIZE as usize).enumerate() {
            let start = run.start + index as u64 * BLOCK_SIZE;
            match hash::block(key, block) {
                ZERO => match out.zeros.last_mut() {
                    Some(last) if last.end == start => last.end = start + BLOCK_SIZE,
                    _ => out.zeros.push(Run { start, end: start + BLOCK_SIZE }),
                },
                sum => out.sums.push((start, sum)),
            }
        }
    }
    out
}

/// Bytes that the sums of so many blocks take.
pub(super) fn length(blocks: u64) -> u64 {
    blocks * SUM as u64
}
