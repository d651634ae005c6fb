//! The journal (jbd2): which blocks its recovery writes, and what with. Nothing is written; reads are led to the journal.

use std::collections::BTreeMap;

use crate::filesystem::bytes::{Fields, FsError};
use crate::filesystem::checksum::crc32c;

const MAGIC: u32 = 0xC03B_3998;
const DESCRIPTOR: u32 = 1;
const COMMIT: u32 = 2;
const SUPER_1: u32 = 3;
const SUPER_2: u32 = 4;
const REVOKE: u32 = 5;

const REVOKES: u32 = 0x1;
const BIT64: u32 = 0x2;
const ASYNC: u32 = 0x4;
const CSUM_2: u32 = 0x8;
const CSUM_3: u32 = 0x10;
const FAST: u32 = 0x20;

/// A block of the file system whose newest version lies in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Newer {
    /// The block of the journal.
    pub block: u64,
    /// Whether its first four bytes were taken out, since they looked like the journal's own.
    pub escaped: bool,
}

/// What recovery does.
#[derive(Debug, Clone, Default)]
pub(in crate::filesystem) struct Recovery {
    pub(super) newer: BTreeMap<u64, Newer>,
    /// Transactions that are complete.
    pub transactions: u32,
    /// What is to be said of it.
    pub remarks: Vec<String>,
    /// The error that the journal keeps for the next mount; 0 for none.
    pub error: u32,
}

impl Recovery {
    /// How many blocks it writes.
    pub fn newer_blocks(&self) -> u64 {
        self.newer.len() as u64
    }
}

/// Reads blocks of the journal by their place in it.
pub(super) trait Log {
    /// The number of its blocks.
    fn blocks(&self) -> u64;
    /// The bytes of one.
    fn read(&self, at: u64) -> Result<Vec<u8>, FsError>;
}

/// One transaction that was read whole.
#[derive(Default)]
struct Transaction {
    /// Blocks of the file system, where the newer version lies, and its checksum where it has one.
    blocks: Vec<(u64, Newer, Option<u32>)>,
    revoked: Vec<u64>,
}

struct Reader<'a> {
    log: &'a dyn Log,
    incompat: u32,
    seed: u32,
    first: u64,
    end: u64,
    most: u64,
}

/// What recovery would write.
/// At most `most` blocks of the log are looked at: what is not stored is no part of it.
pub(super) fn recovery(log: &dyn Log, most: u64) -> Result<Recovery, FsError> {
    let mut out = Recovery::default();
    if log.blocks() == 0 {
        return Err(FsError::damaged("the journal is empty"));
    }
    let raw = log.read(0)?;
    let fields = Fields(&raw);
    if fields.be32(0) != MAGIC || !matches!(fields.be32(4), SUPER_1 | SUPER_2) {
        return Err(FsError::damaged("the journal has no superblock"));
    }
    out.error = fields.be32(0x20);
    let start = u64::from(fields.be32(0x1c));
    let second = fields.be32(4) == SUPER_2;
    let incompat = if second { fields.be32(0x28) } else { 0 };
    if incompat & !(REVOKES | BIT64 | ASYNC | CSUM_2 | CSUM_3 | FAST) != 0 {
        return Err(FsError::Unsupported(format!("features of the journal (0x{incompat:x})")));
    }
    let mut end = u64::from(fields.be32(0x10)).min(log.blocks());
    if incompat & FAST != 0 {
        let fast = u64::from(fields.be32(0x54));
        end = end.saturating_sub(if fast == 0 { 256 } else { fast });
        out.remarks.push("fast commits at the end of the journal are not applied".to_owned());
    }
    let first = u64::from(fields.be32(0x14));
    if start == 0 {
        return Ok(out);
    }
    if u64::from(fields.be32(0xc)) != raw.len() as u64
        || first == 0
        || first >= end
        || start < first
        || start >= end
    {
        return Err(FsError::damaged("the journal's superblock has impossible places"));
    }
    let reader = Reader { log, incompat, seed: crc32c(!0, fields.bytes(0x30, 16)), first, end, most };
    let done = reader.transactions(start, fields.be32(0x18), &mut out.remarks)?;
    out.transactions = done.len() as u32;
    // A revoked block is not written from a transaction up to the one that revokes it.
    let mut revoked = BTreeMap::new();
    for (at, transaction) in done.iter().enumerate() {
        revoked.extend(transaction.revoked.iter().map(|block| (*block, at)));
    }
    let mut damaged = 0_u32;
    for (at, transaction) in done.into_iter().enumerate() {
        for (block, newer, sum) in transaction.blocks {
            if revoked.get(&block).is_some_and(|last| *last >= at) {
                continue;
            }
            if let Some(sum) = sum
                && !reader.fits(newer.block, start_sequence(&raw).wrapping_add(at as u32), sum)?
            {
                damaged += 1;
                continue;
            }
            out.newer.insert(block, newer);
        }
    }
    if damaged > 0 {
        out.remarks.push(format!("{damaged} blocks of the journal have a wrong checksum and are left out"));
    }
    Ok(out)
}

fn start_sequence(superblock: &[u8]) -> u32 {
    Fields(superblock).be32(0x18)
}

impl Reader<'_> {
    fn has_checksums(&self) -> bool {
        self.incompat & (CSUM_2 | CSUM_3) != 0
    }

    fn next(&self, at: u64) -> u64 {
        if at + 1 >= self.end { self.first } else { at + 1 }
    }

    /// The complete transactions, oldest first. The log ends where something else stands than what must come next.
    fn transactions(
        &self,
        start: u64,
        sequence: u32,
        remarks: &mut Vec<String>,
    ) -> Result<Vec<Transaction>, FsError> {
        let (mut at, mut expected) = (start, sequence);
        let (mut done, mut open) = (Vec::new(), Transaction::default());
        // Each block of the log counts once: a log that leads in a circle ends here.
        let mut left = (self.end - self.first).min(self.most);
        let mut broken = false;
        while left > 0 {
            let raw = self.log.read(at)?;
            let fields = Fields(&raw);
            if fields.be32(0) != MAGIC || fields.be32(8) != expected {
                break;
            }
            left -= 1;
            at = self.next(at);
            match fields.be32(4) {
                DESCRIPTOR => {
                    if self.has_checksums() && !self.tail_fits(&raw) {
                        broken = true;
                        break;
                    }
                    for (block, escaped, sum) in self.tags(&raw) {
                        if left == 0 {
                            break;
                        }
                        open.blocks.push((block, Newer { block: at, escaped }, sum));
                        left -= 1;
                        at = self.next(at);
                    }
                }
                REVOKE => {
                    if self.has_checksums() && !self.tail_fits(&raw) {
                        broken = true;
                        break;
                    }
                    self.revoked(&raw, &mut open.revoked);
                }
                COMMIT => {
                    if self.has_checksums() && !self.commit_fits(&raw) {
                        broken = true;
                        break;
                    }
                    done.push(std::mem::take(&mut open));
                    expected = expected.wrapping_add(1);
                }
                _ => break,
            }
        }
        if broken {
            remarks.push(format!(
                "transaction {expected} of the journal has a wrong checksum; recovery ends before it"
            ));
        }
        Ok(done)
    }

    /// Block, whether it is escaped, and its checksum.
    fn tags(&self, raw: &[u8]) -> Vec<(u64, bool, Option<u32>)> {
        const ESCAPED: u32 = 1;
        const SAME_UUID: u32 = 2;
        const LAST: u32 = 8;
        let fields = Fields(raw);
        let size = match () {
            () if self.incompat & CSUM_3 != 0 => 16,
            () => {
                8 + 2 * usize::from(self.incompat & CSUM_2 != 0) + 4 * usize::from(self.incompat & BIT64 != 0)
            }
        };
        let end = raw.len() - 4 * usize::from(self.has_checksums());
        let mut out = Vec::new();
        let mut at = 12;
        while at + size <= end {
            let low = u64::from(fields.be32(at));
            let (flags, high, sum) = if self.incompat & CSUM_3 != 0 {
                (fields.be32(at + 4), fields.be32(at + 8), Some(fields.be32(at + 12)))
            } else {
                let high = if self.incompat & BIT64 != 0 { fields.be32(at + 8) } else { 0 };
                let sum = (self.incompat & CSUM_2 != 0).then(|| u32::from(fields.be16(at + 4)));
                (fields.be16(at + 6).into(), high, sum)
            };
            let high = if self.incompat & BIT64 != 0 { u64::from(high) << 32 } else { 0 };
            out.push((high | low, flags & ESCAPED != 0, sum));
            at += size + if flags & SAME_UUID == 0 { 16 } else { 0 };
            if flags & LAST != 0 {
                break;
            }
        }
        out
    }

    fn revoked(&self, raw: &[u8], out: &mut Vec<u64>) {
        let fields = Fields(raw);
        let size = if self.incompat & BIT64 != 0 { 8 } else { 4 };
        let end = (fields.be32(12) as usize).min(raw.len());
        let places = (16..end).step_by(size).filter(|at| at + size <= end);
        out.extend(places.map(|at| if size == 8 { fields.be64(at) } else { fields.be32(at).into() }));
    }

    /// Whether the checksum in the last four bytes fits.
    fn tail_fits(&self, raw: &[u8]) -> bool {
        let body = raw.len() - 4;
        crc32c(crc32c(self.seed, &raw[..body]), &[0; 4]) == Fields(raw).be32(body)
    }

    fn commit_fits(&self, raw: &[u8]) -> bool {
        let sum = crc32c(crc32c(crc32c(self.seed, &raw[..16]), &[0; 4]), &raw[20..]);
        sum == Fields(raw).be32(16)
    }

    /// Whether the checksum of a block of data fits, of which a tag may keep the lower half only.
    fn fits(&self, at: u64, sequence: u32, expected: u32) -> Result<bool, FsError> {
        let sum = crc32c(crc32c(self.seed, &sequence.to_be_bytes()), &self.log.read(at)?);
        Ok(if self.incompat & CSUM_3 != 0 { sum == expected } else { sum & 0xFFFF == expected })
    }
}
