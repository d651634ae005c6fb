//! The sums of a capsule: BLAKE3 of each block by itself, keyed where that was asked for.

use std::fmt;

use super::super::sums::{REGION, SUM, Sum, ZERO};
use crate::ident::BLOCK_SIZE;

/// A block of zeros.
static ZEROS: [u8; BLOCK_SIZE as usize] = [0; BLOCK_SIZE as usize];

/// Fewer bytes are no key: they can be guessed.
const SHORTEST: usize = 16;

/// A key for sums, made from the bytes of a file. Neither these bytes nor the key are ever written.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    key: [u8; SUM],
    id: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why bytes are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key needs at least 16 bytes that nobody can guess, and this has {0}")]
pub struct NoKey(pub usize);

impl Key {
    /// The key that these bytes stand for.
    ///
    /// # Errors
    /// [`NoKey`] where they are too few.
    pub fn new(secret: &[u8]) -> Result<Self, NoKey> {
        if secret.len() < SHORTEST {
            return Err(NoKey(secret.len()));
        }
        let id = blake3::derive_key("jivascope.capsule/1 id of a key", secret);
        let id = id[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { key: blake3::derive_key("jivascope.capsule/1 key of sums", secret), id })
    }

    /// What names the key in a capsule. It tells nothing of the key.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// The sum of a block; what is missing of it counts as zeros.
pub(super) fn block(key: Option<&Key>, bytes: &[u8]) -> Sum {
    if is_zeros(bytes) {
        return ZERO;
    }
    let mut padded;
    let bytes = if bytes.len() == ZEROS.len() {
        bytes
    } else {
        padded = ZEROS;
        let len = bytes.len().min(padded.len());
        padded[..len].copy_from_slice(&bytes[..len]);
        &padded
    };
    match key {
        Some(key) => *blake3::keyed_hash(&key.key, bytes).as_bytes(),
        None => *blake3::hash(bytes).as_bytes(),
    }
}

/// Whether a block holds nothing but zeros.
pub(super) fn is_zeros(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(|first| *first == 0) && *bytes == ZEROS[..bytes.len()]
}

/// One value for the blocks of a region that hold data: of each its place in the region and its sum. It does not hold the
/// place of the region, and nothing of what lies between the blocks.
pub(super) fn region(blocks: impl Iterator<Item = (u64, Sum)>) -> Sum {
    let mut hasher = blake3::Hasher::new_derive_key("jivascope.capsule/1 region");
    for (at, sum) in blocks {
        hasher.update(&[(at % REGION / BLOCK_SIZE) as u8]);
        hasher.update(&sum);
    }
    *hasher.finalize().as_bytes()
}

/// The sum of a part of the capsule itself.
pub(super) fn part(bytes: &[u8]) -> Sum {
    *blake3::hash(bytes).as_bytes()
}
