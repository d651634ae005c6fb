//! A file that is read once, from its start.

use std::fs::File;
use std::io;

use crate::progress::Progress;

/// Tells how many bytes of an archive were read.
pub(super) struct Counted<'a> {
    pub(super) inner: File,
    pub(super) progress: &'a dyn Progress,
}

impl io::Read for Counted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.progress.advance(n as u64);
        Ok(n)
    }
}
