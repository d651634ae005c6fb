//! From a block to a pattern that tells nothing but whether two blocks are equal.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::ident::BLOCK_SIZE;

/// The secret of one case. Anyone who has it can test a guess at the content of a block; nobody else can.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// Never shows the secret.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Takes 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The key as [`parse`](Self::parse) reads it.
    pub fn to_text(&self) -> String {
        hex(&self.0)
    }

    /// The mark of a text: equal for equal texts of one purpose, and not to be turned back without the key.
    pub(super) fn mark(&self, purpose: u8, text: &[u8]) -> [u8; 32] {
        // The inner sum fixes the length of what is keyed, so that no text is the beginning of another.
        let inner = Sha256::digest(text);
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update([purpose]);
        hash.update(inner);
        hash.finalize().into()
    }

    /// Replaces a block, given whole: one of zeros stays as it is, any other becomes its mark, over and over. Short
    /// patterns keep the archives small.
    pub fn disguise(&self, block: &mut [u8]) {
        debug_assert!(block.len() as u64 <= BLOCK_SIZE, "a block at a time");
        if block.iter().all(|byte| *byte == 0) {
            return;
        }
        let mark = self.mark(0, block);
        for (byte, pattern) in block.iter_mut().zip(mark.iter().cycle()) {
            *byte = *pattern;
        }
    }
}

/// Letters that make no number, no key of Jiva's, no UUID and no word of JSON: no vowel, no hexadecimal digit.
const LETTERS: &[u8; 16] = b"ghjklmnpqrstvwxz";

/// What the mark of a small file's text is made for.
const TEXT: u8 = 5;

impl Key {
    /// Letters without end that stand for a text.
    pub(super) fn letters(&self, text: &[u8]) -> impl Iterator<Item = u8> {
        let mark = self.mark(TEXT, text);
        let half = |byte: u8, high: bool| LETTERS[usize::from(if high { byte >> 4 } else { byte & 15 })];
        std::iter::repeat(mark).flatten().flat_map(move |byte| [half(byte, true), half(byte, false)])
    }

    /// Replaces a text by letters. A slash and a NUL stay: they tell a path from a name and nothing from something.
    pub(super) fn pattern(&self, text: &[u8]) -> Vec<u8> {
        let kept = |byte: u8| byte == 0 || byte == b'/';
        text.iter()
            .zip(self.letters(text))
            .map(|(byte, letter)| if kept(*byte) { *byte } else { letter })
            .collect()
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stays_equal_and_zeros_stay_zeros() {
        let key = Key::new([7; 32]);
        let other = Key::new([8; 32]);
        let disguised = |key: &Key, fill: u8, last: u8| {
            let mut block = vec![fill; 4096];
            block[4095] = last;
            key.disguise(&mut block);
            block
        };
        assert_eq!(disguised(&key, 1, 2), disguised(&key, 1, 2));
        assert_ne!(disguised(&key, 1, 2), disguised(&key, 1, 3));
        assert_ne!(disguised(&key, 1, 2), disguised(&other, 1, 2));
        assert_eq!(disguised(&key, 0, 0), vec![0; 4096]);
        assert!(disguised(&key, 0, 1).iter().any(|byte| *byte != 0));
    }

    #[test]
    fn a_pattern_has_the_length_and_nothing_else() {
        let key = Key::new([7; 32]);
        let text = b"dir/secret words of 36 bytes and more";
        let pattern = key.pattern(text);
        assert_eq!((pattern.len(), pattern[3]), (text.len(), b'/'));
        assert!(pattern.iter().all(|byte| LETTERS.contains(byte) || *byte == b'/'));
        assert_eq!(pattern, key.pattern(text));
        assert_ne!(pattern, Key::new([8; 32]).pattern(text));
        assert_eq!(key.pattern(b"\0\0"), b"\0\0");
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        let key = Key::new(std::array::from_fn(|at| at as u8));
        assert_eq!(Key::parse(&key.to_text()).as_ref(), Some(&key));
        assert!(Key::parse("00").is_none());
        assert!(Key::parse(&"x".repeat(64)).is_none());
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
