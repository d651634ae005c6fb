//! The second visit: of blocks that a comparison of capsules chose, the data go into a capsule too.
//!
//! Which blocks these are is for others to say. Each is held against the sum that the first capsule has of it, so a
//! directory that changed since gives nothing that would stand for what was compared.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::super::directory::Directory;
use super::super::handles::Handles;
use super::super::remarks::Remarks;
use super::super::sums::{REGION, REGION_BLOCKS, SUM};
use super::super::{Entry, Kind, Source};
use super::data::Packing;
use super::format::DataPlace;
use super::hash::{self, Key};
use super::places::{TakeError, found};
use crate::ident::{BLOCK_SIZE, Runs};

/// Says of which blocks of a replica directory the data are taken.
pub trait Choice: Send + Sync + fmt::Debug {
    /// The blocks of this directory, which lies at this path.
    ///
    /// # Errors
    /// Where the directory has no capsule of a first visit, or is no longer as that shows it: why.
    fn of(&self, path: &str, directory: &Arc<dyn Source>) -> Result<Chosen, String>;
}

/// Blocks of a replica directory.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Whole blocks, by the name of the image.
    pub blocks: BTreeMap<String, Runs>,
    /// What the first visit took of the directory. It has the sums that the blocks are held against.
    pub first: Arc<dyn Source>,
}

impl Chosen {
    /// Bytes of data; names of one image are one.
    fn bytes(&self, source: &dyn Source) -> u64 {
        self.by_image(source).iter().map(|(_, runs)| runs.bytes()).sum()
    }

    /// The chosen blocks of each image, once for all of its names.
    fn by_image<'a>(&self, source: &'a dyn Source) -> Vec<(&'a Entry, Runs)> {
        let mut out: Vec<(&Entry, Runs)> = Vec::new();
        for entry in source.entries().iter().filter(|entry| entry.kind == Kind::File) {
            let Some(runs) = self.blocks.get(&entry.name) else { continue };
            let same = |known: &Entry| entry.link.is_some() && known.link == entry.link;
            match out.iter_mut().find(|(known, _)| same(known)) {
                Some((_, known)) => *known = known.union(runs),
                None => out.push((entry, runs.clone())),
            }
        }
        out
    }
}

/// Bytes of data that a capsule of these directories will hold.
///
/// # Errors
/// Where a directory cannot be read, holds no replica, or is not as its first capsule shows it.
pub fn weigh(directories: &[PathBuf], choice: &dyn Choice) -> Result<u64, TakeError> {
    let mut bytes = 0;
    for place in found(directories, &Arc::new(Handles::default()), &mut Remarks::default())? {
        let source: Arc<dyn Source> = Arc::new(place.directory);
        let path = super::super::spelled(&place.path);
        let chosen =
            choice.of(&path, &source).map_err(|why| TakeError::NotAsBefore { path: place.path, why })?;
        bytes += chosen.bytes(&*source);
    }
    Ok(bytes)
}

/// What was taken of an image.
pub(super) struct Fetched<'a> {
    pub entry: &'a Entry,
    pub place: Option<DataPlace>,
    /// Blocks that are not what the first visit saw, or that cannot be read.
    pub missed: u64,
}

/// Writes the chosen blocks of every image, as far as it has `summed` them up: without a sum nothing would show that they
/// are what was there. `at` is where the capsule goes on.
pub(super) fn fetch<'a>(
    source: &'a Directory,
    chosen: &Chosen,
    summed: &BTreeMap<String, Runs>,
    (key, mut at): (Option<&Key>, u64),
    to: &mut dyn Write,
) -> io::Result<Vec<Fetched<'a>>> {
    let mut out = Vec::new();
    for (entry, runs) in chosen.by_image(source) {
        let mut packing = Packing::new(at);
        let with_sum = summed.get(&entry.name).map(|data| runs.intersection(data)).unwrap_or_default();
        let mut missed = runs.difference(&with_sum).blocks();
        let mut region: Option<(u64, Option<Vec<u8>>)> = None;
        let mut block = vec![0; BLOCK_SIZE as usize];
        for run in &with_sum {
            for start in (run.start..run.end).step_by(BLOCK_SIZE as usize) {
                let number = start / REGION;
                if region.as_ref().is_none_or(|(of, _)| *of != number) {
                    region = Some((number, sums(chosen, entry, number)));
                }
                let known = region.as_ref().and_then(|(_, sums)| sums.as_ref());
                let place = (start % REGION / BLOCK_SIZE) as usize * SUM;
                let known = known.and_then(|sums| sums.get(place..place + SUM));
                let read = read(source, entry, start, &mut block);
                if read && known == Some(&hash::block(key, &block)[..]) {
                    packing.add(start, &block, to)?;
                } else {
                    missed += 1;
                }
            }
        }
        let place = packing.finish(to)?;
        at = place.map_or(at, |place| place.list.at + place.list.len);
        out.push(Fetched { entry, place, missed });
    }
    Ok(out)
}

/// The sums that the first visit made of a region.
fn sums(chosen: &Chosen, entry: &Entry, number: u64) -> Option<Vec<u8>> {
    let mut out = vec![0; REGION_BLOCKS * SUM];
    chosen.first.sums()?.region(entry, number, &mut out).ok()?;
    Some(out)
}

/// Reads a block; what lies behind the end of the file counts as zeros.
fn read(source: &Directory, entry: &Entry, at: u64, block: &mut [u8]) -> bool {
    let mut done = 0;
    while done < block.len() {
        match source.read_at(entry, at + done as u64, &mut block[done..]) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(_) => return false,
        }
    }
    block[done..].fill(0);
    true
}
