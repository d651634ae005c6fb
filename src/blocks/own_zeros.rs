//! Blocks of zeros that an image stores itself, whether a newer layer hides them or not.

use super::pass::ZEROS;
use super::sample::one_of;
use crate::evidence::Entry;
use crate::ident::{BLOCK_SIZE, Run, Runs};
use crate::replica::{Image, Replica};

/// Blocks of an image that are read first to tell how many of them are zeros. Nearly always they show it clearly.
const FIRST: u64 = 64;

/// So few of the first blocks being zeros, or being data, settles it.
const CLEAR: u64 = 8;

/// The most blocks that are read where the first do not: 64 MiB.
const SHARE: u64 = 16 << 10;

/// The most blocks of an image that are read to find one of zeros: 4 MiB.
const ONE: u64 = 1 << 10;

/// How many of the stored blocks of an image are zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// More than half.
    MostlyZeros,
    /// At most half.
    MostlyData,
    /// Its bytes are not at hand.
    Unreadable,
}

/// Tells whether more than half of the stored blocks of an image are zeros, by some of them where it stores many.
pub(super) fn share_of_zeros(replica: &Replica, image: &Image, stored: &Runs) -> Share {
    let count = |most: u64| {
        let (mut zeros, mut read) = (0_u64, 0_u64);
        visit(replica, image, stored, most, |zero| {
            read += 1;
            zeros += u64::from(zero);
            true
        })?;
        Some((zeros, read))
    };
    let clear = |(zeros, read): (u64, u64)| read < FIRST || zeros.min(read - zeros) <= CLEAR;
    match count(FIRST).and_then(|first| if clear(first) { Some(first) } else { count(SHARE) }) {
        None => Share::Unreadable,
        Some((zeros, read)) if zeros * 2 > read => Share::MostlyZeros,
        Some(_) => Share::MostlyData,
    }
}

/// Whether one of the stored blocks of an image is zeros, as far as a bounded search shows.
pub(super) fn stores_zeros(replica: &Replica, image: &Image, stored: &Runs) -> bool {
    let mut found = false;
    // What cannot be read shows no zeros.
    let _ = visit(replica, image, stored, ONE, |zero| {
        found = zero;
        !zero
    });
    found
}

/// Whether all that an image stores is zeros. Reads all of it, up to the first block of data.
pub(super) fn is_all_zeros(replica: &Replica, image: &Image, stored: &Runs) -> bool {
    let mut all = true;
    let read = visit(replica, image, stored, u64::MAX, |zero| {
        all = zero;
        zero
    });
    read.is_some() && all
}

/// Reads at most so many of the stored blocks, spread over all of them, until `see` has had enough; `None` if one could
/// not be read. Which ones depends on their number alone, and on no pattern that a tool could leave.
fn visit(
    replica: &Replica,
    image: &Image,
    stored: &Runs,
    most: u64,
    mut see: impl FnMut(bool) -> bool,
) -> Option<()> {
    let entry: &Entry = replica.source.entries().get(image.entry)?;
    // Where there are sums in the place of data, these blocks are marked.
    let marked = replica.source.sums().map(|sums| sums.zeros(entry));
    let step = stored.blocks().div_ceil(most).max(1);
    let mut block = [0; BLOCK_SIZE as usize];
    // The number of the next block to read, and of the first block of the run at hand.
    let (mut turn, mut before) = (0, 0);
    let mut wanted = one_of(turn, step);
    for Run { start, end } in stored {
        let blocks = (end - start).div_ceil(BLOCK_SIZE);
        while wanted < before + blocks {
            let at = start / BLOCK_SIZE * BLOCK_SIZE + (wanted - before) * BLOCK_SIZE;
            let zero = match &marked {
                Some(zeros) => holds(zeros, at),
                None => {
                    let at = start + (wanted - before) * BLOCK_SIZE;
                    let count = replica.source.read_at(entry, at, &mut block).ok()?;
                    if count == 0 {
                        return Some(());
                    }
                    block[..count] == ZEROS[..count]
                }
            };
            if !see(zero) {
                return Some(());
            }
            turn += 1;
            wanted = one_of(turn, step);
        }
        before += blocks;
    }
    Some(())
}

/// Whether a place lies in one of the runs.
fn holds(runs: &Runs, at: u64) -> bool {
    let runs = runs.as_slice();
    let run = runs.get(runs.partition_point(|run| run.end <= at));
    run.is_some_and(|run| run.start <= at)
}
