//! Writing a capsule: its parts with their sums, and small files packed together.

use std::io::{self, Write};

use super::format::{CHUNK, Pack, Section, deflate};
use super::hash;

/// Writes a part of the capsule.
pub(super) fn section(to: &mut Counted<'_>, bytes: &[u8]) -> io::Result<Section> {
    let section = Section { at: to.at, len: bytes.len() as u64, sum: hash::part(bytes) };
    to.write_all(bytes)?;
    Ok(section)
}

/// Packs small files, one behind the other.
#[derive(Default)]
pub(super) struct Packer {
    open: Vec<u8>,
    chunks: Vec<Section>,
}

impl Packer {
    pub(super) fn size(&self) -> u64 {
        self.chunks.len() as u64 * CHUNK + self.open.len() as u64
    }

    pub(super) fn add(&mut self, mut bytes: &[u8], to: &mut Counted<'_>) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = (CHUNK as usize - self.open.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.open.extend_from_slice(now);
            bytes = later;
            if self.open.len() as u64 == CHUNK {
                self.close(to)?;
            }
        }
        Ok(())
    }

    fn close(&mut self, to: &mut Counted<'_>) -> io::Result<()> {
        let packed = deflate(&std::mem::take(&mut self.open))?;
        self.chunks.push(section(to, &packed)?);
        Ok(())
    }

    pub(super) fn finish(mut self, to: &mut Counted<'_>) -> io::Result<Pack> {
        let size = self.size();
        if !self.open.is_empty() {
            self.close(to)?;
        }
        Ok(Pack { size, chunks: self.chunks })
    }
}

/// Knows how much was written.
pub(super) struct Counted<'w> {
    inner: io::BufWriter<&'w mut dyn Write>,
    /// Bytes that were written.
    pub at: u64,
}

impl<'w> Counted<'w> {
    /// Nothing is written yet.
    pub(super) fn new(to: &'w mut dyn Write) -> Self {
        Self { inner: io::BufWriter::with_capacity(1 << 20, to), at: 0 }
    }
}

impl Write for Counted<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buf)?;
        self.at += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
