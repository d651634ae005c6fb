//! What a capsule knows of one image beside the sums of its blocks: extents, stored zeros, and one value for each region.

use super::super::sums::{REGION, SUM, Sum};
use super::format::CapsuleError;
use crate::ident::{BLOCK_SIZE, Run, Runs};

/// Extents and regions of an image.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// What is stored, as the file system tells it.
    pub stored: Runs,
    /// What of it was allocated and never written.
    pub unwritten: Runs,
    /// What of it shares its place on the disk with another file.
    pub shared: Runs,
    /// Whole blocks that are stored and hold nothing but zeros.
    pub zeros: Runs,
    /// Whole blocks that hold data; each has a sum.
    pub data: Runs,
    /// The regions in which there are such blocks, ascending.
    pub regions: Vec<Region>,
}

/// A region in which there are data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub number: u64,
    /// The place of its first sum among those of the image.
    pub first: u64,
    /// One value for all of its blocks.
    pub whole: Sum,
}

/// Every region that data touch, with the number of blocks before it.
pub(super) fn regions(data: &Runs) -> impl Iterator<Item = (u64, u64)> {
    let mut before = 0;
    let mut last = None;
    data.iter().flat_map(move |run| {
        let start = before;
        before += run.len() / BLOCK_SIZE;
        let skip = u64::from(last == Some(run.start / REGION));
        last = Some((run.end - 1) / REGION);
        let run = *run;
        (run.start / REGION + skip..=(run.end - 1) / REGION).map(move |number| {
            let ahead = (number * REGION).saturating_sub(run.start) / BLOCK_SIZE;
            (number, start + ahead)
        })
    })
}

impl Table {
    /// The table as bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for runs in [&self.stored, &self.unwritten, &self.shared, &self.zeros] {
            put_runs(&mut out, runs);
        }
        for region in &self.regions {
            out.extend_from_slice(&region.whole);
        }
        out
    }

    /// Reads what [`encode`](Self::encode) wrote for an image of `size` bytes that has `blocks` sums.
    pub(super) fn decode(bytes: &[u8], size: u64, blocks: u64) -> Result<Self, CapsuleError> {
        let wrong = || CapsuleError::Damaged("the extents of an image contradict each other".to_owned());
        let limit = size.checked_next_multiple_of(BLOCK_SIZE).filter(|limit| *limit <= i64::MAX as u64);
        let limit = limit.ok_or_else(wrong)?;
        let mut rest = bytes;
        let mut lists = [Runs::new(), Runs::new(), Runs::new(), Runs::new()];
        for list in &mut lists {
            *list = runs(&mut rest, limit).ok_or_else(wrong)?;
        }
        let [stored, unwritten, shared, zeros] = lists;
        let whole = |run: &Run| run.start.is_multiple_of(BLOCK_SIZE) && run.end.is_multiple_of(BLOCK_SIZE);
        let touched = stored.to_blocks(limit);
        if !zeros.iter().all(whole) || !zeros.is_subset(&touched) {
            return Err(wrong());
        }
        let data = touched.difference(&zeros);
        if data.bytes() / BLOCK_SIZE != blocks {
            return Err(wrong());
        }
        // So many sums are in the file, so there are no more regions than the file is long.
        let mut found = Vec::new();
        for (number, first) in regions(&data) {
            let (sum, more) = rest.split_first_chunk::<SUM>().ok_or_else(wrong)?;
            found.push(Region { number, first, whole: *sum });
            rest = more;
        }
        if !rest.is_empty() {
            return Err(wrong());
        }
        found.shrink_to_fit();
        Ok(Self { stored, unwritten, shared, zeros, data, regions: found })
    }

    /// The blocks of a region that hold data.
    pub(super) fn blocks_in(&self, number: u64) -> impl Iterator<Item = u64> {
        let (start, end) = (number * REGION, (number + 1) * REGION);
        let runs = self.data.as_slice();
        let from = runs.partition_point(|run| run.end <= start);
        let touching = runs[from..].iter().take_while(move |run| run.start < end);
        touching.flat_map(move |run| (run.start.max(start)..run.end.min(end)).step_by(BLOCK_SIZE as usize))
    }

    /// The region of a number, if there are data in it.
    pub(super) fn region(&self, number: u64) -> Option<&Region> {
        let at = self.regions.binary_search_by_key(&number, |region| region.number).ok()?;
        self.regions.get(at)
    }
}

/// Writes runs: their count, then gap and length of each.
pub(super) fn put_runs(out: &mut Vec<u8>, runs: &Runs) {
    put(out, runs.len() as u64);
    let mut at = 0;
    for run in runs {
        put(out, run.start - at);
        put(out, run.len());
        at = run.end;
    }
}

/// Writes a number, 7 bits a byte, lowest first.
pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads a number.
pub(super) fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, more) = rest.split_first()?;
        *rest = more;
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Ascending runs that do not touch and end by `limit`.
pub(super) fn runs(rest: &mut &[u8], limit: u64) -> Option<Runs> {
    let count = take(rest)?;
    // Each takes two bytes at least.
    if count > rest.len() as u64 / 2 {
        return None;
    }
    let (mut out, mut at) = (Runs::new(), 0_u64);
    for number in 0..count {
        let start = at.checked_add(take(rest)?)?;
        let end = start.checked_add(take(rest)?)?;
        if start >= end || end > limit || number > 0 && start == at {
            return None;
        }
        out.push(start, end);
        at = end;
    }
    out.shrink();
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(runs: &[(u64, u64)]) -> Runs {
        Runs::from_unsorted(runs.iter().map(|(start, end)| Run { start: *start, end: *end }).collect())
    }

    #[test]
    fn what_is_written_is_read() {
        let stored = list(&[(0, 8192), (1 << 20, (3 << 20) + 4096), (5 << 20, (5 << 20) + 512)]);
        let zeros = list(&[(4096, 8192), (2 << 20, (2 << 20) + 4096)]);
        let data = stored.to_blocks(6 << 20).difference(&zeros);
        let places: Vec<(u64, u64)> = regions(&data).collect();
        assert_eq!(places, [(0, 0), (1, 1), (2, 257), (3, 512), (5, 513)]);
        let region = |(number, first): (u64, u64)| Region { number, first, whole: [number as u8; SUM] };
        let table = Table {
            regions: places.into_iter().map(region).collect(),
            unwritten: list(&[(4096, 8192)]),
            stored,
            zeros,
            data,
            ..Table::default()
        };
        let bytes = table.encode();
        let blocks = table.data.blocks();
        let read = Table::decode(&bytes, (6 << 20) - 5, blocks).expect("it is whole");
        assert_eq!(
            (&read.stored, &read.zeros, &read.data, &read.unwritten),
            (&table.stored, &table.zeros, &table.data, &table.unwritten)
        );
        assert_eq!(read.region(3).map(|region| region.first), Some(512));
        assert_eq!(read.blocks_in(3).collect::<Vec<_>>(), [3 << 20]);
        assert!(read.region(4).is_none());
        for cut in 0..bytes.len() {
            assert!(Table::decode(&bytes[..cut], 6 << 20, blocks).is_err());
        }
        assert!(Table::decode(&bytes, 6 << 20, blocks + 1).is_err());
        assert!(Table::decode(&bytes, 4 << 20, blocks).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_table_or_none(bytes: Vec<u8>, size: u64, blocks in 0_u64..9) {
            for size in [size, size % (1 << 22)] {
                let _ = Table::decode(&bytes, size, blocks);
            }
        }
    }

    #[test]
    fn hostile_numbers_end_early() {
        for bytes in [
            &[0xff; 40][..],
            &[1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
        ] {
            assert!(Table::decode(bytes, u64::MAX, 0).is_err());
            assert!(Table::decode(bytes, 1 << 50, 0).is_err());
        }
    }
}
