//! qcow2 images, written from the first guest byte to the last.
//!
//! The file holds, in this order: room for the header; clusters of data with, after each stretch of 512 MiB of the
//! guest, the L2 table that maps it; the L1 table; the refcount table; the refcount blocks. Every cluster of the file is
//! used once, so all refcounts are 1 and only the current L2 table is kept in memory. Format: the QEMU project's
//! `docs/interop/qcow2.txt`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::super::pass::Sink;

const CLUSTER_BITS: u32 = 16;
pub(super) const CLUSTER: u64 = 1 << CLUSTER_BITS;
/// Entries of 8 bytes in a cluster.
pub(super) const ENTRIES: u64 = CLUSTER / 8;
/// Refcounts of 16 bits in a cluster.
const COUNTS: u64 = CLUSTER / 2;
/// Bytes of the guest that one L2 table maps.
const SPAN: u64 = ENTRIES * CLUSTER;
/// The cluster belongs to this image alone.
pub(super) const COPIED: u64 = 1 << 63;
const HEADER: u32 = 104;

/// An image in a file that is empty.
pub(super) struct Qcow2<'a> {
    file: &'a File,
    size: u64,
    /// Clusters of the file that are taken.
    used: u64,
    l1: Vec<u64>,
    /// Which table is being filled.
    table: u64,
    l2: Vec<u64>,
    dirty: bool,
}

impl<'a> Qcow2<'a> {
    /// An image for a guest of `size` bytes; sectors of 512 bytes are the least that the format can tell.
    pub(super) fn new(file: &'a File, size: u64) -> Self {
        let size = size.div_ceil(512) * 512;
        let tables = size.div_ceil(SPAN).max(1);
        Self {
            file,
            size,
            used: 1,
            l1: vec![0; tables as usize],
            table: 0,
            l2: vec![0; ENTRIES as usize],
            dirty: false,
        }
    }

    /// Takes clusters at the end of the file; the place of the first.
    fn take(&mut self, count: u64) -> u64 {
        let place = self.used * CLUSTER;
        self.used += count;
        place
    }

    fn write_numbers(&self, numbers: &[u64], place: u64) -> io::Result<()> {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        self.file.write_all_at(&bytes, place)
    }

    fn close_table(&mut self) -> io::Result<()> {
        if self.dirty {
            let place = self.take(1);
            self.write_numbers(&self.l2, place)?;
            self.l1[self.table as usize] = place | COPIED;
            self.l2.fill(0);
            self.dirty = false;
        }
        Ok(())
    }

    /// Bytes that one L2 table maps.
    fn within_table(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let first = at % SPAN / CLUSTER;
        let last = (at + bytes.len() as u64 - 1) % SPAN / CLUSTER;
        // Guest clusters come in ascending order, so all but perhaps the first are new, and what is new lies side by
        // side in the file, right behind the cluster used last.
        for index in first..=last {
            if self.l2[index as usize] == 0 {
                self.l2[index as usize] = self.take(1) | COPIED;
            }
        }
        self.dirty = true;
        let place = (self.l2[first as usize] & !COPIED) + at % CLUSTER;
        self.file.write_all_at(bytes, place)
    }

    /// Writes the tables, and the header last.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.close_table()?;
        let l1_place = self.take((self.l1.len() as u64).div_ceil(ENTRIES));
        self.write_numbers(&self.l1, l1_place)?;
        let (tables, blocks) = refcount_clusters(self.used);
        let table_place = self.take(tables);
        let blocks_place = self.take(blocks);
        let places: Vec<u64> = (0..blocks).map(|index| blocks_place + index * CLUSTER).collect();
        self.write_numbers(&places, table_place)?;
        let ones: Vec<u8> = 1u16.to_be_bytes().repeat(COUNTS as usize);
        for (index, place) in places.iter().enumerate() {
            let counts = (self.used - index as u64 * COUNTS).min(COUNTS);
            self.file.write_all_at(&ones[..counts as usize * 2], *place)?;
        }
        self.file.set_len(self.used * CLUSTER)?;
        self.file.write_all_at(&self.header(l1_place, table_place, tables), 0)
    }

    fn header(&self, l1_place: u64, table_place: u64, tables: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER as usize + 8);
        out.extend(b"QFI\xfb");
        out.extend(3u32.to_be_bytes());
        out.extend([0; 12]); // no backing file: offset and length of its name
        out.extend(CLUSTER_BITS.to_be_bytes());
        out.extend(self.size.to_be_bytes());
        out.extend([0; 4]); // not encrypted
        out.extend((self.l1.len() as u32).to_be_bytes());
        out.extend(l1_place.to_be_bytes());
        out.extend(table_place.to_be_bytes());
        out.extend((tables as u32).to_be_bytes());
        out.extend([0; 12]); // no snapshots: number and offset
        out.extend([0; 24]); // no incompatible, compatible or autoclear features
        out.extend(4u32.to_be_bytes()); // refcounts of 2^4 bits
        out.extend(HEADER.to_be_bytes());
        out.extend([0; 8]); // the end of the header's extensions
        out
    }
}

/// Clusters of the refcount table and refcount blocks of a file with `used` other clusters: both count themselves.
fn refcount_clusters(used: u64) -> (u64, u64) {
    let (mut tables, mut blocks) = (1, 1);
    loop {
        let all = used + tables + blocks;
        let (need_blocks, need_tables) = (all.div_ceil(COUNTS), all.div_ceil(COUNTS).div_ceil(ENTRIES));
        if (need_tables, need_blocks) == (tables, blocks) {
            return (tables, blocks);
        }
        (tables, blocks) = (tables.max(need_tables), blocks.max(need_blocks));
    }
}

impl Sink for Qcow2<'_> {
    fn data(&mut self, mut at: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let table = at / SPAN;
            if table != self.table {
                self.close_table()?;
                self.table = table;
            }
            let len = ((table + 1) * SPAN - at).min(bytes.len() as u64) as usize;
            self.within_table(at, &bytes[..len])?;
            at += len as u64;
            bytes = &bytes[len..];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refcounts_cover_themselves() {
        for used in
            [1, 2, COUNTS - 2, COUNTS - 1, COUNTS, COUNTS * 3, COUNTS * ENTRIES - 2, COUNTS * ENTRIES + 5]
        {
            let (tables, blocks) = refcount_clusters(used);
            assert!(blocks * COUNTS >= used + tables + blocks, "{used}");
            assert!(tables * ENTRIES >= blocks, "{used}");
            assert!(blocks <= (used + tables + blocks).div_ceil(COUNTS) + 1, "{used}: no more than needed");
        }
    }
}
