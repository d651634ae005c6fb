//! One header block: its fields by name, its numbers in every spelling, its checksum.

use super::{BLOCK, SIZE_LIMIT};

/// Place of the real size in a sparse member of star's.
const STAR_REAL_SIZE: usize = 452;

/// What is wrong with a header; tells field, place and what was expected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HeaderError {
    #[error("{what}: not a number at offset {offset} of the header at byte {at}")]
    NotANumber { what: &'static str, offset: usize, at: u64 },
    #[error("{what}: {value} at offset {offset} of the header at byte {at} is out of range")]
    OutOfRange { what: &'static str, value: i128, offset: usize, at: u64 },
    #[error("tar checksum: the header at byte {at} sums up to {sum}, and says {said}")]
    Checksum { at: u64, sum: i64, said: i128 },
}

/// A header whose checksum holds.
#[derive(Debug)]
pub(super) struct Header<'a> {
    block: &'a [u8],
    at: u64,
}

impl<'a> Header<'a> {
    /// Takes the block of a header at byte `at`.
    ///
    /// Old systems summed signed bytes, so both sums are right.
    pub(super) fn new(block: &'a [u8], at: u64) -> Result<Self, HeaderError> {
        debug_assert_eq!(block.len(), BLOCK);
        let header = Self { block, at };
        let said = header.number("tar checksum", 148, 8)?;
        // The field itself counts as blanks.
        let sum = |bytes: &[u8]| i64::from(bytes.iter().map(|&b| u32::from(b)).sum::<u32>());
        let unsigned = sum(block) - sum(&block[148..156]) + 8 * i64::from(b' ');
        if said == i128::from(unsigned) {
            return Ok(header);
        }
        let high = |bytes: &[u8]| bytes.iter().filter(|&&b| b >= 0x80).count() as i64;
        let signed = unsigned - 256 * (high(block) - high(&block[148..156]));
        if said == i128::from(signed) {
            return Ok(header);
        }
        Err(HeaderError::Checksum { at, sum: unsigned, said })
    }

    /// Whether a block is a header at all.
    pub(super) fn is_one(block: &'a [u8]) -> bool {
        block.len() == BLOCK && Self::new(block, 0).is_ok() && block[0] != 0
    }

    pub(super) fn kind(&self) -> u8 {
        self.block[156]
    }

    /// The member's name; POSIX headers keep its front part elsewhere.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = self.text(0, 100);
        if &self.block[257..263] != b"ustar\0" {
            // GNU headers have other fields where POSIX has the prefix.
            return name.to_vec();
        }
        // The format of star ("xustar") has a shorter one, with times behind it, and in sparse members the real size.
        let prefix = self.text(
            345,
            match self.kind() {
                b'S' => STAR_REAL_SIZE - 345,
                _ if self.has_star_mark() => 131,
                _ => 155,
            },
        );
        if prefix.is_empty() {
            return name.to_vec();
        }
        [prefix, b"/", name].concat()
    }

    pub(super) fn link_name(&self) -> Vec<u8> {
        self.text(157, 100).to_vec()
    }

    pub(super) fn size(&self) -> Result<u64, HeaderError> {
        self.unsigned("tar size", 124, 12)
    }

    /// Time of the last change in seconds; a time that is no number is no time.
    pub(super) fn modified(&self) -> Option<i128> {
        self.number("tar mtime", 136, 12).ok()
    }

    /// The four entries of a sparse map that an old GNU header holds itself.
    pub(super) fn sparse(&self) -> Result<Vec<(u64, u64)>, HeaderError> {
        self.sparse_entries(386, 4)
    }

    pub(super) fn sparse_goes_on(&self) -> bool {
        self.block[482] != 0
    }

    pub(super) fn real_size(&self) -> Result<u64, HeaderError> {
        self.unsigned("tar real size", 483, 12)
    }

    /// Whether this is a header of star's. Its sparse members have type `S` as GNU's do, and their fields elsewhere.
    pub(super) fn is_star(&self) -> bool {
        &self.block[257..263] == b"ustar\0" || self.has_star_mark()
    }

    fn has_star_mark(&self) -> bool {
        &self.block[508..512] == b"tar\0"
    }

    /// The entries of a sparse map that a header of star's holds itself, and whether a block carries it on. Only old
    /// versions put any here; since then the map begins in the block that follows.
    pub(super) fn star_sparse(&self) -> Result<(Vec<(u64, u64)>, bool), HeaderError> {
        if self.block[345] == 0 && self.block[356 + 10] != 0 {
            Ok((self.sparse_entries(356, 4)?, self.block[355] != 0))
        } else {
            Ok((Vec::new(), true))
        }
    }

    pub(super) fn star_real_size(&self) -> Result<u64, HeaderError> {
        self.unsigned("tar real size", STAR_REAL_SIZE, 12)
    }

    /// The entries of a block that carries on a sparse map, and whether another follows.
    pub(super) fn sparse_extension(block: &[u8], at: u64) -> Result<(Vec<(u64, u64)>, bool), HeaderError> {
        let extension = Header { block, at };
        Ok((extension.sparse_entries(0, 21)?, block[504] != 0))
    }

    fn sparse_entries(&self, from: usize, count: usize) -> Result<Vec<(u64, u64)>, HeaderError> {
        let mut entries = Vec::new();
        for start in (0..count).map(|n| from + 24 * n) {
            // An unused entry is empty, where a used one of length 0 is written out.
            if self.block[start + 12] == 0 {
                break;
            }
            let offset = self.unsigned("tar sparse offset", start, 12)?;
            entries.push((offset, self.unsigned("tar sparse length", start + 12, 12)?));
        }
        Ok(entries)
    }

    fn text(&self, start: usize, len: usize) -> &'a [u8] {
        let field = &self.block[start..start + len];
        let end = field.iter().position(|&b| b == 0).unwrap_or(len);
        &field[..end]
    }

    fn unsigned(&self, what: &'static str, offset: usize, len: usize) -> Result<u64, HeaderError> {
        let value = self.number(what, offset, len)?;
        match u64::try_from(value) {
            Ok(number) if number <= SIZE_LIMIT => Ok(number),
            _ => Err(HeaderError::OutOfRange { what, value, offset, at: self.at }),
        }
    }

    /// A number in octal text, or in base 256 where its first bit is set. An empty field is 0.
    fn number(&self, what: &'static str, offset: usize, len: usize) -> Result<i128, HeaderError> {
        let field = &self.block[offset..offset + len];
        if field[0] & 0x80 != 0 {
            // Two's complement over the whole field but for its first bit; 12 bytes fit easily.
            let mut value = i128::from(field[0] & 0x7f);
            if field[0] & 0x40 != 0 {
                value -= 0x80;
            }
            return Ok(field[1..].iter().fold(value, |value, &byte| value << 8 | i128::from(byte)));
        }
        let blank = |b: &u8| *b == b' ' || *b == 0;
        let start = field.iter().position(|b| !blank(b)).unwrap_or(len);
        let mut value = 0i128;
        for (i, byte) in field[start..].iter().enumerate() {
            match byte {
                b'0'..=b'7' => value = value << 3 | i128::from(byte - b'0'),
                // What stands behind the end of a number is nobody's.
                _ if blank(byte) => break,
                _ => return Err(HeaderError::NotANumber { what, offset: offset + start + i, at: self.at }),
            }
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(field: &[u8]) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        block[124..124 + field.len()].copy_from_slice(field);
        block
    }

    #[test]
    fn numbers_in_every_spelling() {
        let base = |bytes: [u8; 12]| bytes.to_vec();
        for (field, expected) in [
            (b"00000000017\0".to_vec(), Some(15)),
            (b"        17 \0".to_vec(), Some(15)),
            (b"777777777777".to_vec(), Some(0o777_777_777_777)),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(), Some(0)),
            (b"00000000018\0".to_vec(), None),
            (b"0x10\0\0\0\0\0\0\0\0".to_vec(), None),
            (base([0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1]), Some((2 << 32) + 1)),
            (base([0x80, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255]), Some(i64::MAX as u64)),
            (base([0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]), None),
            (base([0xff; 12]), None),
            (base([0xbf, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]), None),
        ] {
            let block = block(&field);
            let header = Header { block: &block, at: 1536 };
            assert_eq!(header.size().ok(), expected, "{field:?}");
        }
    }

    #[test]
    fn errors_tell_field_and_place() {
        let block = block(b"0000000001x\0");
        let error = Header { block: &block, at: 1536 }.size().unwrap_err();
        assert_eq!(error.to_string(), "tar size: not a number at offset 134 of the header at byte 1536");
    }

    #[test]
    fn both_checksums_are_right() {
        let mut block = [0u8; BLOCK];
        block[0] = 0xe4;
        block[148..156].fill(b' ');
        let unsigned: i64 = block.iter().map(|&b| i64::from(b)).sum();
        let signed: i64 = block.iter().map(|&b| i64::from(b as i8)).sum();
        for (sum, good) in [(unsigned, true), (signed, true), (unsigned + 1, false)] {
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            assert_eq!(Header::new(&block, 0).is_ok(), good, "{sum}");
        }
    }
}
