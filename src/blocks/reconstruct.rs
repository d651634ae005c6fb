//! Holes from zeros: a guess at what a copy held whose holes were filled.

use rayon::prelude::*;

use super::pass::ZEROS;
use super::quality::{Seen, is_filled, quality};
use crate::evidence::{Entry, Extents, ReadError, Source};
use crate::ident::{BLOCK_SIZE, DiskName, Run, Runs};
use crate::progress::Progress;
use crate::replica::{Disk, Replica, State};

/// What is to be taken for a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Holes {
    /// What is not stored.
    #[default]
    AsStored,
    /// In copies whose holes were filled, every block of zeros.
    Zeros,
}

/// Bytes read at a time.
const CHUNK: u64 = 1 << 20;

/// Takes blocks of zeros for holes in every image of a replica whose holes were filled; others stay as they are. Reads
/// every stored byte of the images. Zeros that were written over older data become holes too, so the result is a
/// reconstruction, never a proof.
///
/// # Errors
/// If an image cannot be read.
pub fn reconstruct(replica: &mut Replica, progress: &dyn Progress) -> Result<(), ReadError> {
    if !is_filled(&quality(replica, Seen::Probes)) {
        return Ok(());
    }
    let (source, entries) = (&replica.source, replica.source.entries());
    let images: Vec<(DiskName, Runs, &Entry)> = replica
        .disks
        .iter()
        .filter_map(|disk| {
            let image = disk.image.as_ref()?;
            Some((disk.name.clone(), image.extents.as_ref().ok()?.runs.clone(), entries.get(image.entry)?))
        })
        .collect();
    progress.begin("looking for zeros", Some(images.iter().map(|(_, runs, _)| runs.bytes()).sum()));
    let found: Vec<(DiskName, Result<Runs, ReadError>)> = images
        .into_par_iter()
        .map(|(name, runs, entry)| (name, data(&**source, entry, &runs, progress)))
        .collect();
    progress.end();
    for (name, runs) in found {
        let runs = runs?;
        if let Some(image) = replica.disks.image_mut(&name)
            && let Ok(Extents { runs: stored, .. }) = &mut image.extents
        {
            *stored = runs;
        }
    }
    let stores = |disk: &Disk| disk.allocated().is_none_or(|bytes| bytes > 0);
    if replica.state == State::Usable && !replica.chain_disks().any(stores) {
        replica.state = State::Blank;
    }
    replica.reconstructed = true;
    Ok(())
}

/// The blocks of an image that hold anything but zeros.
fn data(
    source: &dyn Source,
    entry: &Entry,
    stored: &Runs,
    progress: &dyn Progress,
) -> Result<Runs, ReadError> {
    if let Some(sums) = source.sums() {
        return Ok(stored.to_blocks(entry.size).difference(&sums.zeros(entry)));
    }
    let mut buf = vec![0; CHUNK as usize];
    let mut out = Runs::new();
    for Run { start, end } in stored {
        let mut at = *start;
        while at < *end {
            let want = ((at / CHUNK + 1) * CHUNK).min(*end) - at;
            let count = source.read_at(entry, at, &mut buf[..want as usize])?;
            for (index, block) in buf[..count].chunks(BLOCK_SIZE as usize).enumerate() {
                if *block != ZEROS[..block.len()] {
                    let place = at + index as u64 * BLOCK_SIZE;
                    out.push(place, place + BLOCK_SIZE);
                }
            }
            progress.advance(want);
            at += want;
        }
    }
    Ok(out)
}
