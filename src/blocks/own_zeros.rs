//! Blocks of zeros that an image stores itself, whether a newer layer hides them or not.

use super::pass::ZEROS;
use crate::evidence::Entry;
use crate::ident::{BLOCK_SIZE, Run, Runs};
use crate::replica::{Image, Replica};

/// The most blocks of an image that are read to tell how many of them are zeros: 64 MiB, evenly spread.
const SHARE: u64 = 16 << 10;

/// The most blocks of an image that are read to find one of zeros: 4 MiB, evenly spread.
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

/// Tells whether more than half of the stored blocks of an image are zeros, by evenly spread blocks where it stores
/// many.
pub(super) fn share_of_zeros(replica: &Replica, image: &Image, stored: &Runs) -> Share {
    let (mut zeros, mut read) = (0_u64, 0_u64);
    let whole = visit(replica, image, stored, SHARE, |zero| {
        read += 1;
        zeros += u64::from(zero);
        true
    });
    match whole {
        None => Share::Unreadable,
        Some(()) if zeros * 2 > read => Share::MostlyZeros,
        Some(()) => Share::MostlyData,
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

/// Reads stored blocks until `see` has had enough; `None` if one could not be read.
fn visit(
    replica: &Replica,
    image: &Image,
    stored: &Runs,
    most: u64,
    mut see: impl FnMut(bool) -> bool,
) -> Option<()> {
    let entry: &Entry = replica.source.entries().get(image.entry)?;
    let step = stored.blocks().div_ceil(most).max(1);
    let mut block = [0; BLOCK_SIZE as usize];
    let mut number = 0;
    for Run { start, end } in stored {
        let mut at = *start;
        while at < *end {
            if number % step == 0 {
                let count = replica.source.read_at(entry, at, &mut block).ok()?;
                if count == 0 {
                    return Some(());
                }
                if !see(block[..count] == ZEROS[..count]) {
                    return Some(());
                }
            }
            number += 1;
            at += BLOCK_SIZE;
        }
    }
    Some(())
}
