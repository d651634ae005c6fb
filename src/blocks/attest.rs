//! A copy beside a capsule of the same replica: what copying changed, block by block.

use rayon::prelude::*;

use super::pass::ZEROS;
use crate::evidence::{Entry, REGION, REGION_BLOCKS, ReadError, SUM, Source, Sums};
use crate::ident::{BLOCK_SIZE, DiskName, Run, Runs};
use crate::progress::Progress;
use crate::replica::{Image, Replica};

/// Regions that are compared at a time.
const BATCH: usize = 256;

/// How one image of a copy differs from what the capsule shows of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImageCopy {
    /// The image.
    pub disk: DiskName,
    /// Its size where the replica lay; `None` where it was not there.
    pub size: Option<u64>,
    /// Its size in the copy; `None` where it is not there.
    pub copied: Option<u64>,
    /// Holes that became stored zeros.
    pub filled: Runs,
    /// Stored zeros that became holes.
    pub dropped: Runs,
    /// Blocks with other content, added ones among them.
    pub differ: Runs,
    /// Blocks that the replica stores and the copy does not give: behind its end, or in a part that cannot be read.
    pub lost: Runs,
}

impl ImageCopy {
    /// Whether it is as it was.
    pub fn is_same(&self) -> bool {
        self.is_same_data() && self.filled.is_empty() && self.dropped.is_empty()
    }

    /// Whether it holds the same data; zeros and holes may have become each other, as tools make them.
    pub fn is_same_data(&self) -> bool {
        self.size == self.copied && self.differ.is_empty() && self.lost.is_empty()
    }

    /// Whether it holds nothing that the replica does not: it may be cut, unreadable in part, or missing. No engine makes an
    /// image shorter, so that is the copy's fault.
    pub fn is_part(&self) -> bool {
        self.size.is_some() && self.copied <= self.size && self.differ.is_empty()
    }
}

/// Compares every image of a copy with what a capsule of the same replica shows.
///
/// # Errors
/// Where an image of the capsule cannot be read, or cannot be compared: the key of the sums is not at hand.
pub fn attest<'a>(
    capsule: &'a Replica,
    copy: &'a Replica,
    progress: &dyn Progress,
) -> Result<Vec<ImageCopy>, ReadError> {
    let Some(sums) = capsule.source.sums().filter(|sums| sums.sum(&[]).is_some()) else {
        return Err(ReadError::Damaged(
            "its sums are keyed, and the key was not given (--capsule-key)".to_owned(),
        ));
    };
    let mut names: Vec<&DiskName> = capsule.disks.names().chain(copy.disks.names()).collect();
    names.sort();
    names.dedup();
    let stored =
        |replica: &Replica| replica.disks.iter().filter_map(crate::replica::Disk::allocated).sum::<u64>();
    progress.begin("comparing with the capsule", Some(stored(copy)));
    let mut out = Vec::new();
    for name in names {
        let image = |replica: &'a Replica| replica.disk(name).and_then(|disk| disk.image.as_ref());
        let (there, here) = (image(capsule), image(copy));
        let mut found = ImageCopy {
            disk: name.clone(),
            size: there.map(|image| image.size),
            copied: here.map(|image| image.size),
            filled: Runs::new(),
            dropped: Runs::new(),
            differ: Runs::new(),
            lost: Runs::new(),
        };
        if let Some(there) = there {
            let stored = match &there.extents {
                Ok(extents) => extents.runs.to_blocks(there.size),
                Err(error) => return Err(ReadError::Damaged(format!("{name}: {error}"))),
            };
            match here.map(|image| (image, &image.extents)) {
                Some((here, Ok(extents))) => {
                    let original = &capsule.source.entries()[there.entry];
                    let pair = Pair {
                        sums,
                        original,
                        stored: &stored,
                        zeros: sums.zeros(original),
                        source: &*copy.source,
                        copy: &copy.source.entries()[here.entry],
                        copied: &extents.runs.to_blocks(here.size),
                        end: here.size,
                    };
                    pair.compare(&mut found, progress)?;
                }
                // Not there, or nobody knows what of it is stored.
                _ => found.lost = stored,
            }
        }
        if found.size.is_some() || found.copied.is_some() {
            out.push(found);
        }
    }
    progress.end();
    Ok(out)
}

/// Whether two capsules of one replica show the same images: sizes, stored ranges, and the sum of every block. Nothing is
/// read for that but what is known of whole regions.
pub fn same_sums(one: &Replica, other: &Replica) -> bool {
    let (Some(a), Some(b)) = (one.source.sums(), other.source.sums()) else { return false };
    let images = |replica: &Replica| {
        let mut names: Vec<DiskName> = replica.disks.names().cloned().collect();
        names.sort();
        names
    };
    fn of<'a>(replica: &'a Replica, name: &DiskName) -> Option<&'a Image> {
        replica.disk(name)?.image.as_ref()
    }
    let same = |name: &DiskName| match (of(one, name), of(other, name)) {
        (None, None) => true,
        (Some(x), Some(y)) => {
            let (Ok(in_x), Ok(in_y)) = (&x.extents, &y.extents) else { return false };
            let (Some(of_x), Some(of_y)) =
                (one.source.entries().get(x.entry), other.source.entries().get(y.entry))
            else {
                return false;
            };
            let region = |number| a.whole(of_x, number).is_some_and(|sum| b.whole(of_y, number) == Some(sum));
            let mut pieces = Pieces { runs: in_x.runs.as_slice(), at: 0 };
            x.size == y.size
                && in_x.runs == in_y.runs
                && a.zeros(of_x) == b.zeros(of_y)
                && pieces.all(|piece| region(piece.start / REGION))
        }
        _ => false,
    };
    a.key() == b.key() && images(one) == images(other) && images(one).iter().all(same)
}

/// An image and its copy.
struct Pair<'a> {
    sums: &'a dyn Sums,
    original: &'a Entry,
    stored: &'a Runs,
    zeros: Runs,
    source: &'a dyn Source,
    copy: &'a Entry,
    copied: &'a Runs,
    /// Where the copy ends.
    end: u64,
}

/// What the copy shows in a part of a region.
#[derive(Default)]
struct Piece {
    filled: Vec<Run>,
    differ: Vec<Run>,
    lost: Vec<Run>,
}

impl Pair<'_> {
    fn compare(&self, found: &mut ImageCopy, progress: &dyn Progress) -> Result<(), ReadError> {
        // What only the replica stores needs no reading.
        let lacks = self.stored.difference(self.copied);
        let behind = lacks.clip(self.end, u64::MAX);
        let lacks = lacks.difference(&behind);
        found.dropped = lacks.intersection(&self.zeros);
        let (mut all, mut pieces) = (Piece::default(), Pieces { runs: self.copied.as_slice(), at: 0 });
        loop {
            let batch: Vec<Run> = pieces.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let read: Result<Vec<_>, ReadError> = batch.par_iter().map(|run| self.piece(*run)).collect();
            for piece in read? {
                all.filled.extend(piece.filled);
                all.differ.extend(piece.differ);
                all.lost.extend(piece.lost);
            }
            progress.advance(batch.iter().map(Run::len).sum());
        }
        found.filled = Runs::from_unsorted(all.filled);
        found.differ = Runs::from_unsorted(all.differ).union(&lacks.difference(&self.zeros));
        // What cannot be read where the replica stores nothing is no loss.
        found.lost = Runs::from_unsorted(all.lost).intersection(self.stored).union(&behind);
        Ok(())
    }

    fn piece(&self, run: Run) -> Result<Piece, ReadError> {
        let mut bytes = vec![0; run.len() as usize];
        let mut region = vec![0; REGION_BLOCKS * SUM];
        self.sums.region(self.original, run.start / REGION, &mut region)?;
        let (known, _) = region.as_chunks::<SUM>();
        let stored = self.stored.clip(run.start, run.end);
        let all_read = self.read(run.start, &mut bytes).is_ok();
        let mut found = Piece::default();
        for (index, block) in bytes.chunks_mut(BLOCK_SIZE as usize).enumerate() {
            let start = run.start + index as u64 * BLOCK_SIZE;
            let one = Run { start, end: start + BLOCK_SIZE };
            if !all_read && self.read(start, block).is_err() {
                found.lost.push(one);
                continue;
            }
            let same = known.get((start % REGION / BLOCK_SIZE) as usize).copied() == self.sums.sum(block);
            let zeros = *block == ZEROS[..block.len()];
            if !same {
                // A copy that ends inside a block lost the rest of it.
                if one.end > self.end { found.lost.push(one) } else { found.differ.push(one) }
            } else if zeros && stored.clip(one.start, one.end).is_empty() {
                found.filled.push(one);
            }
        }
        Ok(found)
    }

    /// Reads what the copy stores; what is behind its end stays zeros.
    fn read(&self, at: u64, bytes: &mut [u8]) -> Result<(), ReadError> {
        let mut done = 0;
        while done < bytes.len() {
            match self.source.read_at(self.copy, at + done as u64, &mut bytes[done..])? {
                0 => break,
                count => done += count,
            }
        }
        Ok(())
    }
}

/// Splits runs at the borders of regions.
struct Pieces<'a> {
    runs: &'a [Run],
    at: u64,
}

impl Iterator for Pieces<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let run = self.runs.first()?;
        let start = run.start.max(self.at);
        let end = run.end.min((start / REGION + 1) * REGION);
        if end == run.end {
            self.runs = &self.runs[1..];
        }
        self.at = end;
        Some(Run { start, end })
    }
}
