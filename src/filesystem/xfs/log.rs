//! Whether the log holds changes that are not in their places yet.
//!
//! The log is a ring of records, in sectors of 512 bytes that begin with the number of the round in which they were written. A
//! file system that was unmounted ends with a record that says so; after any other last record, the next mount has something
//! to do. The log is not replayed here: that needs the meaning of every kind of change, and a wrong replay shows files that
//! never were.

use crate::filesystem::bytes::{Bytes, Fields, FsError};

use super::superblock::Superblock;

const RECORD: u32 = 0xfeed_babe;
const UNMOUNT: u8 = 0x20;
const SECTOR: u64 = 512;
/// Sectors in which the last record begins, counted from its end: four times the longest record.
const REACH: u64 = 4 * (256 << 10) / SECTOR;
/// Sectors that are read at once.
const AT_ONCE: u64 = 64;
/// Records that are counted.
const COUNTED: u64 = 1 << 20;

/// What the log says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::filesystem) enum Log {
    /// Nothing is to be recovered.
    Clean,
    /// The next mount recovers records that take up so many bytes.
    Dirty { records: u64, bytes: u64 },
    /// It cannot be said, and why.
    Unknown(String),
}

/// The header of a record.
struct Record {
    /// Sectors of headers, and of all of it.
    headers: u64,
    sectors: u64,
    /// Where the oldest record begins that was still needed then.
    tail: u64,
    operations: u32,
}

struct Ring<'a> {
    bytes: &'a dyn Bytes,
    start: u64,
    sectors: u64,
}

/// Looks at the log of a file system: some sectors of it, and the headers of what is to be recovered.
pub(in crate::filesystem) fn log(bytes: &dyn Bytes, superblock: &Superblock) -> Log {
    if let Err(error) = superblock.check() {
        return Log::Unknown(error.to_string());
    }
    if superblock.log_start == 0 {
        return Log::Unknown("it is on another device".to_owned());
    }
    let sectors = superblock.log_blocks * superblock.block_size / SECTOR;
    let ring = superblock.place(superblock.log_start).and_then(|block| {
        let start = block * superblock.block_size;
        Ring { bytes, start, sectors }.state()
    });
    ring.unwrap_or_else(|error| Log::Unknown(error.to_string()))
}

impl Ring<'_> {
    fn read(&self, at: u64, buf: &mut [u8]) -> Result<(), FsError> {
        self.bytes.read(self.start + at * SECTOR, buf)
    }

    /// The round in which a sector was written; 0 for one that never was.
    fn round(&self, at: u64) -> Result<u32, FsError> {
        let mut raw = [0; 8];
        self.read(at, &mut raw)?;
        let fields = Fields(&raw);
        Ok(match fields.be32(0) {
            RECORD => fields.be32(4),
            round => round,
        })
    }

    fn state(&self) -> Result<Log, FsError> {
        if self.sectors < 2 {
            return Err(FsError::damaged("the log has no room"));
        }
        let (first, last) = (self.round(0)?, self.round(self.sectors - 1)?);
        if first == 0 {
            // Nothing was ever written.
            return Ok(Log::Clean);
        }
        // Up to the end of what was written last all is of one round; behind it lies the round before.
        let head = if first == last { self.sectors } else { self.end_of(first)? };
        let Some((place, record)) = self.last_before(head)? else {
            return Ok(Log::Unknown("no record was found at its end".to_owned()));
        };
        if record.operations == 1 && (place + record.sectors) % self.sectors == head % self.sectors {
            // The only operation of the record: transaction, length, client, flags.
            let mut raw = [0; 12];
            self.read((place + record.headers) % self.sectors, &mut raw)?;
            if raw[9] & UNMOUNT != 0 {
                return Ok(Log::Clean);
            }
        }
        self.dirty(record.tail, place + record.sectors)
    }

    /// The end of the sectors of a round that begins at the first sector.
    fn end_of(&self, round: u32) -> Result<u64, FsError> {
        let (mut of, mut behind) = (0, self.sectors - 1);
        while behind - of > 1 {
            let middle = of + (behind - of) / 2;
            *(if self.round(middle)? == round { &mut of } else { &mut behind }) = middle;
        }
        Ok(behind)
    }

    /// The last record that begins before a sector, and where.
    fn last_before(&self, head: u64) -> Result<Option<(u64, Record)>, FsError> {
        let mut raw = vec![0; (AT_ONCE * SECTOR) as usize];
        let (mut end, mut left) = (head, REACH.min(self.sectors));
        while left > 0 {
            if end == 0 {
                end = self.sectors;
            }
            let count = AT_ONCE.min(end).min(left);
            let part = &mut raw[..(count * SECTOR) as usize];
            self.read(end - count, part)?;
            for (at, sector) in part.chunks_exact(SECTOR as usize).enumerate().rev() {
                if let Some(record) = self.record(sector) {
                    return Ok(Some((end - count + at as u64, record)));
                }
            }
            end -= count;
            left -= count;
        }
        Ok(None)
    }

    fn record(&self, raw: &[u8]) -> Option<Record> {
        let fields = Fields(raw);
        if fields.be32(0) != RECORD {
            return None;
        }
        // A header for each 32 KiB of a record, in the second version of the log.
        let headers = match fields.be32(8) & 2 {
            0 => 1,
            _ => u64::from(fields.be32(320)).div_ceil(32 << 10).max(1),
        };
        let sectors = headers + u64::from(fields.be32(12)).div_ceil(SECTOR);
        let (tail, operations) = (fields.be64(24) & 0xffff_ffff, fields.be32(40));
        (sectors <= self.sectors).then_some(Record { headers, sectors, tail, operations })
    }

    /// What lies between the oldest record that is needed and the end of the last.
    fn dirty(&self, tail: u64, end: u64) -> Result<Log, FsError> {
        if tail >= self.sectors {
            return Ok(Log::Unknown("its last record is damaged".to_owned()));
        }
        let length = (end + self.sectors - tail - 1) % self.sectors + 1;
        let (mut at, mut records) = (0, 0);
        let mut raw = [0; SECTOR as usize];
        while at < length && records < COUNTED {
            self.read((tail + at) % self.sectors, &mut raw)?;
            let Some(record) = self.record(&raw) else { break };
            at += record.sectors;
            records += 1;
        }
        Ok(Log::Dirty { records, bytes: length * SECTOR })
    }
}
