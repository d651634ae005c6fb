//! The copy of a small file while it is made.

use std::collections::BTreeSet;

use super::disguise::Key;
use super::names::Pseudonyms;
use super::words::Words;

/// A copy while it is made.
#[derive(Debug)]
pub(super) struct Small<'a> {
    pub(super) key: &'a Key,
    pub(super) names: Option<&'a Pseudonyms>,
    /// The copy so far.
    pub(super) bytes: Vec<u8>,
    pub(super) words: &'a mut Words,
    noted: BTreeSet<&'static str>,
}

impl<'a> Small<'a> {
    pub(super) fn new(
        key: &'a Key,
        names: Option<&'a Pseudonyms>,
        length: usize,
        words: &'a mut Words,
    ) -> Self {
        Self { key, names, bytes: Vec::with_capacity(length), words, noted: BTreeSet::new() }
    }

    /// The copy, and what in it was replaced, in words.
    pub(super) fn end(self) -> (Vec<u8>, Vec<&'static str>) {
        (self.bytes, self.noted.into_iter().collect())
    }

    /// Says that something was replaced.
    pub(super) fn tell(&mut self, what: &'static str) {
        self.noted.insert(what);
    }

    /// Puts letters for bytes that nobody reads; a NUL stays one.
    pub(super) fn fill(&mut self, bytes: &[u8], what: &'static str) {
        if bytes.iter().any(|byte| *byte != 0) {
            self.tell(what);
        }
        let letters = self.key.letters(bytes);
        self.bytes
            .extend(bytes.iter().zip(letters).map(|(byte, letter)| if *byte == 0 { 0 } else { letter }));
    }
}
