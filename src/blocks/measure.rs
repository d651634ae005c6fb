//! In what blocks are compared: in their bytes, or in their sums where a side holds no more.
//!
//! The comparison is the same for both. It goes over blocks of 4096 bytes, or over as many sums of 32; a block of zeros
//! is zeros either way. Bytes that stand beside sums are summed up on the way.

use std::sync::Arc;

use super::view::{MergedView, ViewError};
use crate::evidence::{REGION, REGION_BLOCKS, ReadError, SUM, Source, Sum};
use crate::ident::{BLOCK_SIZE, Run};

/// Bytes that one task compares: large enough that reading dominates, small enough to stay in the cache.
const WINDOW: u64 = 128 * 1024;

/// What stands for a block while it is compared.
#[derive(Debug, Clone)]
pub(super) enum Measure {
    /// Its bytes.
    Bytes,
    /// Its sum; the source makes those of bytes.
    Sums(Arc<dyn Source>),
}

impl Measure {
    /// What these views can be compared in.
    ///
    /// # Errors
    /// Where there is nothing, why.
    pub(super) fn of(views: &[MergedView]) -> Result<Self, String> {
        let mut chosen: Option<&Arc<dyn Source>> = None;
        let mut data = false;
        for source in views.iter().flat_map(MergedView::sources) {
            let (Some(sums), before) = (source.sums(), chosen.and_then(|one| one.sums())) else {
                data = true;
                continue;
            };
            match before {
                Some(before) if before.key() != sums.key() => {
                    return Err("the sums of the two were made with different keys".to_owned());
                }
                // One that can sum up is worth more.
                Some(before) if before.sum(&[]).is_some() => {}
                _ => chosen = Some(source),
            }
        }
        match chosen {
            None => Ok(Self::Bytes),
            Some(source) if data && source.sums().is_none_or(|sums| sums.sum(&[]).is_none()) => {
                Err("the sums of one are keyed, and without the key no data can be compared with them (--capsule-key)"
                    .to_owned())
            }
            Some(source) => Ok(Self::Sums(Arc::clone(source))),
        }
    }

    /// Bytes that stand for a block.
    pub(super) fn unit(&self) -> usize {
        match self {
            Self::Bytes => BLOCK_SIZE as usize,
            Self::Sums(_) => SUM,
        }
    }

    /// Bytes of a view that are compared together.
    pub(super) fn window(&self) -> u64 {
        match self {
            Self::Bytes => WINDOW,
            Self::Sums(_) => REGION,
        }
    }

    /// Bytes that stand for a stretch that begins with a block.
    pub(super) fn length(&self, bytes: u64) -> usize {
        match self {
            Self::Bytes => bytes as usize,
            Self::Sums(_) => bytes.div_ceil(BLOCK_SIZE) as usize * SUM,
        }
    }

    /// What stands for a stretch of a view, which begins with a block and lies in one window.
    ///
    /// # Errors
    /// As for reading it.
    pub(super) fn read(&self, view: &MergedView, run: Run, buf: &mut [u8]) -> Result<(), ViewError> {
        match self {
            Self::Bytes => view.read_at(run.start, buf).map(drop),
            Self::Sums(source) => {
                let by = source.sums();
                sums(view, run, &|block| by?.sum(block), buf)
            }
        }
    }
}

/// The sums of a stretch.
fn sums(
    view: &MergedView,
    run: Run,
    sum: &dyn Fn(&[u8]) -> Option<Sum>,
    out: &mut [u8],
) -> Result<(), ViewError> {
    out.fill(0);
    let place = |at: u64| (at - run.start).div_ceil(BLOCK_SIZE) as usize * SUM;
    // The sums of each layer are read once, however its blocks lie between others.
    let mut regions: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut bytes = Vec::new();
    let mut at = run.start;
    for segment in view.segments_in(run) {
        let (start, end) = (segment.run.start.max(run.start), segment.run.end.min(run.end));
        view.reaches(at, start)?;
        at = end;
        let Some((source, entry)) = view.place(segment.level) else {
            return Err(view.eof(start));
        };
        let own = &mut out[place(start)..place(end)];
        match source.sums() {
            Some(held) => {
                let known = regions.iter().position(|(level, _)| *level == segment.level);
                let known = match known {
                    Some(known) => known,
                    None => {
                        let mut region = vec![0; REGION_BLOCKS * SUM];
                        held.region(entry, run.start / REGION, &mut region)
                            .map_err(|source| view.unreadable(segment.level, start, source))?;
                        regions.push((segment.level, region));
                        regions.len() - 1
                    }
                };
                let from = (start % REGION / BLOCK_SIZE) as usize * SUM;
                own.copy_from_slice(&regions[known].1[from..from + own.len()]);
            }
            None => {
                bytes.resize((end - start) as usize, 0);
                view.layer_bytes(segment.level, start, &mut bytes)?;
                for (block, own) in bytes.chunks(BLOCK_SIZE as usize).zip(own.chunks_mut(SUM)) {
                    // Without the key nothing is known of them; that is no equality.
                    let unknown = || view.unreadable(segment.level, start, ReadError::NoData);
                    own.copy_from_slice(&sum(block).ok_or_else(unknown)?);
                }
            }
        }
    }
    view.reaches(at, run.end)
}
