//! Raw images.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::super::pass::Sink;

/// A raw image in a file that is empty: what is not written stays a hole.
pub(super) struct Raw<'a>(&'a File);

impl<'a> Raw<'a> {
    pub(super) fn new(file: &'a File) -> Self {
        Self(file)
    }

    /// Gives the image its size in bytes.
    pub(super) fn finish(self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }
}

impl Sink for Raw<'_> {
    fn data(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }
}
