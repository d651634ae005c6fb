//! The Merkle sum of a view in the format of fs-verity (Linux kernel, `Documentation/filesystems/fsverity.rst`): SHA-256
//! over blocks of 4096 bytes, without salt.
//!
//! Each block is hashed by itself, hashes of 128 blocks are a block of the level above, and so on up to one hash; the sum
//! is that of a small descriptor with this hash and the size. No place is hashed anywhere, so all subtrees of zeros of
//! one level are equal: a hole costs a look into a table, however large it is, and blocks can be hashed by any thread.
//! `fsverity digest` gives the same sum of an exported image.

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sha2::{Digest, Sha256};

use crate::ident::BLOCK_SIZE;

/// Bytes of a block, of the data and of the hashes.
const BLOCK: usize = BLOCK_SIZE as usize;

/// A block of zeros.
static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// Bytes of a hash.
const HASH: usize = 32;

/// Hashes in a block.
const WIDTH: u64 = (BLOCK / HASH) as u64;

/// Blocks that one thread hashes at a time.
const SHARE: usize = 64;

type Hash = [u8; HASH];

/// The sum of bytes that come in order.
#[derive(Debug)]
pub(super) struct Verity {
    size: u64,
    /// Bytes that have come.
    at: u64,
    /// The part of a block that has come.
    part: Vec<u8>,
    /// From the blocks upwards; the last level has one node.
    levels: Vec<Level>,
    /// Threads of its own: whoever hashes may be one of those that everybody shares, and all of them may wait for it.
    pool: Option<ThreadPool>,
}

/// The nodes of one level, and the block of hashes that they are gathered in.
#[derive(Debug)]
struct Level {
    /// How many there are.
    count: u64,
    /// How many of them stand over whole blocks of data alone, as deep as the level is.
    whole: u64,
    /// What one of those is over zeros.
    zeros: Hash,
    /// The block that is being filled, and the place of the node that it will be, one level up.
    open: Option<(u64, Box<[u8; BLOCK]>)>,
}

fn hash(block: &[u8]) -> Hash {
    Sha256::digest(block).into()
}

impl Verity {
    /// Of so many bytes.
    pub(super) fn new(size: u64) -> Self {
        let mut levels = Vec::new();
        let (mut count, mut whole, mut zeros) = (size.div_ceil(BLOCK_SIZE), size / BLOCK_SIZE, hash(&ZEROS));
        loop {
            levels.push(Level { count, whole, zeros, open: None });
            if count <= 1 {
                break;
            }
            (count, whole) = (count.div_ceil(WIDTH), whole / WIDTH);
            zeros = hash(&zeros.repeat(WIDTH as usize));
        }
        // One thread hashes as well as none where no other can be had.
        let pool = ThreadPoolBuilder::new().build().ok();
        Self { size, at: 0, part: Vec::new(), levels, pool }
    }

    /// Zeros come.
    pub(super) fn zeros(&mut self, mut count: u64) {
        if !self.part.is_empty() {
            let fill = (BLOCK - self.part.len()).min(usize::try_from(count).unwrap_or(usize::MAX));
            self.bytes(&ZEROS[..fill]);
            count -= fill as u64;
        }
        // Whole blocks of them stand in every block of hashes already.
        let (rest, whole) = (count % BLOCK_SIZE, count / BLOCK_SIZE * BLOCK_SIZE);
        self.at += whole;
        self.bytes(&ZEROS[..rest as usize]);
    }

    /// Bytes come.
    pub(super) fn bytes(&mut self, mut bytes: &[u8]) {
        if !self.part.is_empty() || bytes.len() < BLOCK {
            let fill = (BLOCK - self.part.len()).min(bytes.len());
            self.part.extend_from_slice(&bytes[..fill]);
            self.at += fill as u64;
            bytes = &bytes[fill..];
            if self.part.len() < BLOCK {
                return;
            }
            let place = self.at / BLOCK_SIZE - 1;
            let node = hash(&self.part);
            self.part.clear();
            self.add(0, place, node);
        }
        let (whole, rest) = bytes.split_at(bytes.len() / BLOCK * BLOCK);
        let first = self.at / BLOCK_SIZE;
        let zeros = self.levels[0].zeros;
        let share = |blocks: &[u8]| -> Vec<Hash> {
            let one = |block: &[u8]| if *block == ZEROS { zeros } else { hash(block) };
            blocks.chunks(BLOCK).map(one).collect()
        };
        let hashed: Vec<Vec<Hash>> = match &self.pool {
            Some(pool) if whole.len() > SHARE * BLOCK => {
                pool.install(|| whole.par_chunks(SHARE * BLOCK).map(share).collect())
            }
            _ => vec![share(whole)],
        };
        for (place, node) in (first..).zip(hashed.into_iter().flatten()) {
            self.add(0, place, node);
        }
        self.at += whole.len() as u64;
        self.part.extend_from_slice(rest);
        self.at += rest.len() as u64;
    }

    /// Puts a node to its neighbours. They come in ascending order, and those that do not come are zeros.
    fn add(&mut self, level: usize, place: u64, node: Hash) {
        let own = &mut self.levels[level];
        if own.count <= 1 {
            own.zeros = node; // the top
            return;
        }
        let parent = place / WIDTH;
        let full = match &own.open {
            Some((open, _)) if *open != parent => own.open.take(),
            _ => None,
        };
        let (_, block) = own.open.get_or_insert_with(|| {
            let mut block = Box::new([0; BLOCK]);
            // Behind the last whole node there are bytes of zero, unless that one comes.
            let zeros = own.whole.saturating_sub(parent * WIDTH).min(WIDTH) as usize;
            block.chunks_mut(HASH).take(zeros).for_each(|slot| slot.copy_from_slice(&own.zeros));
            (parent, block)
        });
        block[(place % WIDTH) as usize * HASH..][..HASH].copy_from_slice(&node);
        if let Some((place, block)) = full {
            self.add(level + 1, place, hash(&*block));
        }
    }

    /// The sum, in hexadecimal; of a view that could not be read to its end it is of no use to anybody.
    pub(super) fn finish(mut self) -> String {
        // The last node of each level need not be whole, and then it is not what the table has: it always comes.
        if let Some(last) = self.levels[0].count.checked_sub(1) {
            if self.part.is_empty() {
                // It came, or it is whole and zeros; a whole block of zeros may be said again.
                let came = self.levels[0].open.as_ref().is_some_and(|(open, _)| *open == last / WIDTH);
                if !came && self.levels[0].count > 1 {
                    let zeros = self.levels[0].zeros;
                    self.add(0, last, zeros);
                }
            } else {
                self.part.resize(BLOCK, 0);
                let node = hash(&self.part);
                self.add(0, last, node);
            }
        }
        for level in 0..self.levels.len() {
            if let Some((place, block)) = self.levels[level].open.take() {
                self.add(level + 1, place, hash(&*block));
            }
        }
        let top = if self.size == 0 { [0; HASH] } else { self.levels[self.levels.len() - 1].zeros };
        // `struct fsverity_descriptor`: version 1, algorithm 1 (SHA-256), blocks of 2^12 bytes, no salt, no signature.
        let mut descriptor = [0; 256];
        descriptor[..3].copy_from_slice(&[1, 1, 12]);
        descriptor[8..16].copy_from_slice(&self.size.to_le_bytes());
        descriptor[16..16 + HASH].copy_from_slice(&top);
        hash(&descriptor).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum as the format has it, level by level over all bytes.
    fn naive(bytes: &[u8]) -> String {
        let padded = |bytes: &[u8]| -> Vec<Hash> {
            let block = |part: &[u8]| hash(&[part, &ZEROS[part.len()..]].concat());
            bytes.chunks(BLOCK).map(block).collect()
        };
        let mut level = padded(bytes);
        while level.len() > 1 {
            level = padded(&level.concat());
        }
        let mut descriptor = vec![1, 1, 12, 0, 0, 0, 0, 0];
        descriptor.extend((bytes.len() as u64).to_le_bytes());
        descriptor.extend(level.first().copied().unwrap_or_default());
        descriptor.resize(256, 0);
        hash(&descriptor).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Sizes around every border, bytes in uneven steps, holes told as zeros or as bytes.
    #[test]
    fn it_is_the_sum_of_all_bytes_whatever_the_steps() {
        let block = BLOCK as u64;
        let sizes = [
            0,
            1,
            block - 1,
            block,
            block + 1,
            2 * block,
            WIDTH * block - 1,
            WIDTH * block,
            WIDTH * block + 1,
            (WIDTH + 1) * block,
            3 * WIDTH * block + 5,
            (WIDTH * WIDTH + 3) * block + 100,
        ];
        for (number, size) in (0u64..).zip(sizes) {
            for holes in [0, 1, 2] {
                let stored = |at: u64| match holes {
                    0 => true,
                    1 => (at / block).is_multiple_of(37) || at + 9000 > size && number % 2 == 0,
                    _ => false,
                };
                let byte = |at: u64| if stored(at) { (at % 251) as u8 | 1 } else { 0 };
                let bytes: Vec<u8> = (0..size).map(byte).collect();
                let mut ours = Verity::new(size);
                let (mut at, mut step) = (0, 1);
                while at < size {
                    step = step * 13 % 3_000_017 + 1;
                    let mut end = (at + step).min(size);
                    if stored(at) {
                        ours.bytes(&bytes[at as usize..end as usize]);
                    } else {
                        end = (at..end).find(|at| stored(*at)).unwrap_or(end);
                        ours.zeros(end - at);
                    }
                    at = end;
                }
                assert_eq!(ours.finish(), naive(&bytes), "{size} {holes}");
            }
        }
    }
}
