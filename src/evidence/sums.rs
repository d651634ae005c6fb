//! Sums in the place of bytes: what evidence says of blocks that it does not hold.
//!
//! Two blocks with one sum are one content. So blocks are compared by their sums where a side has no more, and the
//! bytes of the other side are summed on the way. A block of zeros has the sum [`ZERO`], stored or not.

use std::fmt;

use super::{Entry, ReadError};
use crate::ident::{BLOCK_SIZE, Run, Runs};

/// Bytes of a sum.
pub const SUM: usize = 32;

/// The sum of a block.
pub type Sum = [u8; SUM];

/// The sum of a block of zeros, by definition.
pub const ZERO: Sum = [0; SUM];

/// Bytes of an image that are summed up together.
pub const REGION: u64 = 1 << 20;

/// Blocks of a region.
pub const REGION_BLOCKS: usize = (REGION / BLOCK_SIZE) as usize;

/// What a source offers that holds sums and no bytes of its images.
pub trait Sums: Send + Sync + fmt::Debug {
    /// Names the key that the sums were made with; `None` where there was none. Only sums of one key can be compared.
    fn key(&self) -> Option<&str>;

    /// Whether the images stayed as they were while the sums were made, where the replica lay.
    fn is_attested(&self) -> bool;

    /// When a file was made where it lay, in nanoseconds since 1970, as far as that is a sign: not where somebody said that
    /// this is where the engine uses it.
    fn born(&self, entry: &Entry) -> Option<i128>;

    /// Bytes of data that there are beside the sums, of blocks that a second visit took.
    fn held(&self) -> u64 {
        0
    }

    /// The sum of a block of at most 4096 bytes; what is missing counts as zeros. `None` where the key is not at hand.
    fn sum(&self, block: &[u8]) -> Option<Sum>;

    /// The blocks of an image that are stored and hold nothing but zeros.
    fn zeros(&self, entry: &Entry) -> Runs;

    /// Those of them in a stretch.
    fn zeros_in(&self, entry: &Entry, run: Run) -> Runs;

    /// The sums of all blocks of a region of an image, by their place in it, one behind the other; [`ZERO`] for what is
    /// not stored.
    ///
    /// # Errors
    /// As for reading.
    fn region(&self, entry: &Entry, number: u64, out: &mut [u8]) -> Result<(), ReadError>;

    /// One value for a whole region: where two are equal, so are all blocks of the two. `None` where it is unknown.
    fn whole(&self, entry: &Entry, number: u64) -> Option<Sum>;
}
