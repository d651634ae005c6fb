//! The data of chosen blocks of an image, which a second visit takes: where they are in the capsule, and how they are packed.
//!
//! Parts of 256 blocks, each packed by itself, in the order of the blocks. The list of them says which blocks these are.

use std::io::{self, Write};

use super::super::sums::SUM;
use super::format::{CHUNK, CapsuleError, DataPlace, Section, deflate};
use super::hash;
use super::table::{put, put_runs, runs, take};
use crate::ident::{BLOCK_SIZE, Run, Runs};

/// Blocks of a part.
const PART: u64 = CHUNK / BLOCK_SIZE;

/// No part of that many bytes is packed into more.
pub(super) const LONGEST_PART: u64 = 2 * CHUNK;

/// Which blocks of an image a capsule holds the data of, and where.
#[derive(Debug)]
pub(super) struct Data {
    /// Whole blocks.
    pub runs: Runs,
    /// Number of blocks before each run.
    before: Vec<u64>,
    /// Number of all.
    blocks: u64,
    /// The packed parts.
    parts: Vec<Section>,
}

/// Where a block is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// The part that it is in.
    pub part: Section,
    /// Bytes of that part when it is unpacked.
    pub size: u64,
    /// Its first byte there.
    pub from: usize,
}

impl Data {
    /// Reads a list that [`Packing::finish`] wrote, of an image with these blocks of data.
    pub(super) fn decode(
        bytes: &[u8],
        place: &DataPlace,
        data: &Runs,
        end: u64,
    ) -> Result<Self, CapsuleError> {
        let wrong =
            || CapsuleError::Damaged("the list of the blocks whose data it holds is wrong".to_owned());
        let mut rest = bytes;
        let runs = runs(&mut rest, data.end()).ok_or_else(wrong)?;
        let whole = |run: &Run| run.start.is_multiple_of(BLOCK_SIZE) && run.end.is_multiple_of(BLOCK_SIZE);
        if !runs.is_subset(data) || !runs.iter().all(whole) {
            return Err(wrong());
        }
        let blocks = runs.blocks();
        if blocks != place.blocks {
            return Err(wrong());
        }
        let (mut parts, mut at) = (Vec::new(), place.at);
        for _ in 0..blocks.div_ceil(PART) {
            let len = take(&mut rest).filter(|len| *len <= LONGEST_PART).ok_or_else(wrong)?;
            let (sum, more) = rest.split_first_chunk::<SUM>().ok_or_else(wrong)?;
            rest = more;
            parts.push(Section { at, len, sum: *sum });
            at = at.checked_add(len).filter(|at| *at <= end).ok_or_else(wrong)?;
        }
        if !rest.is_empty() {
            return Err(wrong());
        }
        let mut count = 0;
        let before = runs.iter().map(|run| {
            count += run.len() / BLOCK_SIZE;
            count - run.len() / BLOCK_SIZE
        });
        Ok(Self { before: before.collect(), blocks, parts, runs })
    }

    /// Where the block is that begins there; `None` where it is not held.
    pub(super) fn find(&self, at: u64) -> Option<Held> {
        let runs = self.runs.as_slice();
        let place = runs.partition_point(|run| run.end <= at);
        let run = runs.get(place).filter(|run| run.start <= at)?;
        let number = self.before.get(place)? + (at - run.start) / BLOCK_SIZE;
        let part = *self.parts.get(usize::try_from(number / PART).ok()?)?;
        let left = self.blocks - number / PART * PART;
        let from = (number % PART * BLOCK_SIZE) as usize;
        Some(Held { part, size: left.min(PART) * BLOCK_SIZE, from })
    }
}

/// Packs blocks one behind the other.
#[derive(Debug)]
pub(super) struct Packing {
    at: u64,
    end: u64,
    open: Vec<u8>,
    runs: Runs,
    parts: Vec<(u64, [u8; SUM])>,
}

impl Packing {
    /// Begins at a place of the capsule.
    pub(super) fn new(at: u64) -> Self {
        Self { at, end: at, open: Vec::new(), runs: Runs::new(), parts: Vec::new() }
    }

    /// Adds the block that begins there; blocks come in their order.
    pub(super) fn add(&mut self, at: u64, block: &[u8], to: &mut dyn Write) -> io::Result<()> {
        self.runs.push(at, at + BLOCK_SIZE);
        self.open.extend_from_slice(block);
        if self.open.len() as u64 == CHUNK { self.close(to) } else { Ok(()) }
    }

    fn close(&mut self, to: &mut dyn Write) -> io::Result<()> {
        let packed = deflate(&self.open)?;
        self.open.clear();
        to.write_all(&packed)?;
        self.end += packed.len() as u64;
        self.parts.push((packed.len() as u64, hash::part(&packed)));
        Ok(())
    }

    /// Writes what is left, and behind it the list; `None` where there was no block.
    pub(super) fn finish(mut self, to: &mut dyn Write) -> io::Result<Option<DataPlace>> {
        if self.runs.is_empty() {
            return Ok(None);
        }
        if !self.open.is_empty() {
            self.close(to)?;
        }
        let mut list = Vec::new();
        put_runs(&mut list, &self.runs);
        for (len, sum) in &self.parts {
            put(&mut list, *len);
            list.extend_from_slice(sum);
        }
        to.write_all(&list)?;
        let list = Section { at: self.end, len: list.len() as u64, sum: hash::part(&list) };
        Ok(Some(DataPlace { at: self.at, blocks: self.runs.blocks(), list }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_found() {
        let mut out = vec![9; 100];
        let mut packing = Packing::new(100);
        let places: Vec<u64> = (0..300).map(|n| n * 4096).chain([2 << 20, (2 << 20) + 8192]).collect();
        for at in &places {
            let block = [(*at >> 12) as u8; 4096];
            packing.add(*at, &block, &mut out).expect("a vector takes all");
        }
        let place = packing.finish(&mut out).expect("a vector takes all").expect("there are blocks");
        let mut all = Runs::new();
        all.push(0, 4 << 20);
        let list = &out[place.list.at as usize..];
        assert_eq!((list.len() as u64, place.blocks), (place.list.len, 302));
        let data = Data::decode(list, &place, &all, out.len() as u64).expect("it is whole");
        for at in places {
            let held = data.find(at).expect("it is held");
            let packed = &out[held.part.at as usize..][..held.part.len as usize];
            assert_eq!(hash::part(packed), held.part.sum);
            let bytes = super::super::format::inflate(packed, held.size).expect("it is whole");
            assert_eq!(bytes[held.from..held.from + 4096], [(at >> 12) as u8; 4096]);
        }
        assert!(data.find(300 * 4096).is_none() && data.find((2 << 20) + 4096).is_none());
        // Cut, more than the image has, other numbers, parts behind the end.
        for cut in 0..list.len() {
            assert!(Data::decode(&list[..cut], &place, &all, out.len() as u64).is_err());
        }
        assert!(Data::decode(list, &place, &all.clip(0, 2 << 20), out.len() as u64).is_err());
        assert!(Data::decode(list, &place, &all, place.at + 1).is_err());
        let other = DataPlace { blocks: 301, ..place };
        assert!(Data::decode(list, &other, &all, out.len() as u64).is_err());
        let other = DataPlace { at: u64::MAX, ..place };
        assert!(Data::decode(list, &other, &all, u64::MAX).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_list_or_none(bytes: Vec<u8>, at: u64, blocks in 0_u64..9) {
            let mut all = Runs::new();
            all.push(0, 1 << 20);
            let list = Section { at: 0, len: 0, sum: [0; SUM] };
            let _ = Data::decode(&bytes, &DataPlace { at, blocks, list }, &all, u64::MAX);
        }
    }
}
