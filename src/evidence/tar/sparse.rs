//! Sparse maps in all their forms, and the one check that every map must pass.

use super::pax::size;
use super::{BLOCK, Feed};
use crate::ident::Run;

/// Entries of one map: a volume of 16 GiB of which every other block is stored has half as many.
pub(super) const MAP_LIMIT: usize = 4 << 20;

/// Offset and length of each stored range, as read.
pub(super) type Map = Vec<(u64, u64)>;

/// What PAX records say of a sparse member.
#[derive(Debug, Clone, Default)]
pub(super) struct PaxSparse {
    pub(super) major: Option<u64>,
    pub(super) minor: Option<u64>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) real_size: Option<u64>,
    /// The real size as star tells it (`SCHILY.realsize`), where 11 octal digits cannot hold it.
    pub(super) star_size: Option<u64>,
    pub(super) count: Option<u64>,
    /// An offset whose length has not been read yet (form 0.0).
    pub(super) offset: Option<u64>,
    /// The map of the forms 0.0 and 0.1.
    pub(super) map: Option<Map>,
}

/// How a member is stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Without a map.
    Dense,
    /// With a map in the records (0.0, 0.1).
    Records,
    /// With a map at the start of its payload (1.0).
    Payload,
}

impl PaxSparse {
    pub(super) fn add(&mut self, offset: u64, len: u64) -> Result<(), ()> {
        let map = self.map.get_or_insert_with(Vec::new);
        if map.len() >= MAP_LIMIT {
            return Err(());
        }
        map.push((offset, len));
        Ok(())
    }

    pub(super) fn form(&self) -> Result<Form, String> {
        match (self.major, self.minor) {
            (Some(1), Some(0)) => Ok(Form::Payload),
            (None | Some(0), _) if self.map.is_some() || self.real_size.is_some() || self.count.is_some() => {
                Ok(Form::Records)
            }
            (None | Some(0), _) => Ok(Form::Dense),
            (major, minor) => Err(format!(
                "sparse form {}.{} is not understood",
                major.unwrap_or_default(),
                minor.unwrap_or_default()
            )),
        }
    }

    /// The map of the forms 0.0 and 0.1.
    pub(super) fn records(&mut self) -> Result<Map, String> {
        let map = self.map.take().unwrap_or_default();
        match self.count {
            Some(count) if count != map.len() as u64 => {
                Err(format!("sparse map: {} entries, and GNU.sparse.numblocks says {count}", map.len()))
            }
            _ => Ok(map),
        }
    }
}

/// Reads the map at the start of a payload of `stored` bytes (form 1.0): decimal numbers, one a line,
/// the first of which counts the pairs that follow, padded to a whole block.
///
/// Returns the map and the number of payload bytes that it took, or that were used up in vain.
pub(super) fn from_payload(feed: &mut Feed<'_>, stored: u64) -> (Result<Map, String>, u64) {
    let mut used = 0;
    let map = read_payload(feed, stored, &mut used);
    (map, used)
}

fn read_payload(feed: &mut Feed<'_>, stored: u64, used: &mut u64) -> Result<Map, String> {
    let mut digits = Vec::new();
    let mut wanted: Option<usize> = None;
    let mut numbers = Vec::new();
    loop {
        let block = feed.peek(BLOCK);
        let Some(block) = block.first_chunk::<BLOCK>().copied().filter(|_| stored - *used >= BLOCK as u64)
        else {
            return Err("sparse map: the payload ends inside it".to_owned());
        };
        feed.consume(BLOCK);
        *used += BLOCK as u64;
        for byte in block {
            if byte != b'\n' {
                digits.push(byte);
                if digits.len() > 19 {
                    return Err("sparse map: a number of more than 19 digits".to_owned());
                }
                continue;
            }
            let Some(number) = size(&digits) else {
                let text = super::super::spell(&digits);
                return Err(format!("sparse map: {text:?} is not a number that fits"));
            };
            digits.clear();
            match wanted {
                None if number > MAP_LIMIT as u64 => {
                    return Err(format!("sparse map: {number} entries, more than the limit of {MAP_LIMIT}"));
                }
                None => wanted = Some(number as usize * 2),
                Some(_) => numbers.push(number),
            }
            if wanted == Some(numbers.len()) {
                return Ok(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect());
            }
        }
    }
}

/// Checks a map: ascending, without overlap, within the real size, and as long as the payload.
///
/// Empty entries (GNU tar ends a map with one) are checked and left out.
pub(super) fn check(map: &[(u64, u64)], real_size: u64, stored: u64) -> Result<Vec<Run>, String> {
    let mut runs = Vec::with_capacity(map.len());
    let (mut end, mut sum) = (0u64, 0u64);
    for (n, &(offset, len)) in map.iter().enumerate() {
        if offset < end {
            return Err(format!(
                "sparse map: entry {n} at {offset} begins before {end}, where the last one ends"
            ));
        }
        end = match offset.checked_add(len) {
            Some(end) if end <= real_size => end,
            _ => {
                return Err(format!(
                    "sparse map: entry {n} of {len} bytes at {offset} ends beyond the file's {real_size} bytes"
                ));
            }
        };
        sum += len; // cannot overflow: disjoint ranges below `real_size`
        if len > 0 {
            runs.push(Run { start: offset, end });
        }
    }
    if sum != stored {
        return Err(format!("sparse map: accounts for {sum} bytes, and {stored} are stored"));
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_checked() {
        for (map, real, stored, message) in [
            (vec![(0, 10), (20, 5), (30, 0)], 30, 15, ""),
            (vec![], 1 << 62, 0, ""),
            (vec![(20, 5), (0, 10)], 30, 15, "begins before 25"),
            (vec![(0, 10), (9, 5)], 30, 15, "begins before 10"),
            (vec![(0, 10), (20, 11)], 30, 21, "ends beyond the file's 30 bytes"),
            (vec![(u64::MAX - 1, 10)], 30, 10, "ends beyond"),
            (vec![(0, 10)], 30, 11, "accounts for 10 bytes, and 11 are stored"),
        ] {
            match check(&map, real, stored) {
                Ok(_) => assert_eq!(message, "", "{map:?}"),
                Err(error) => assert!(!message.is_empty() && error.contains(message), "{map:?}: {error}"),
            }
        }
    }

    #[test]
    fn maps_in_the_payload_are_bounded() {
        let padded = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
            bytes
        };
        let long = format!("200\n{}", "1000000\n0\n".repeat(200));
        for (text, expected) in [
            ("2\n0\n10\n20\n5\n", Ok(2)),
            ("0\n", Ok(0)),
            (&long, Ok(200)),
            ("9999999\n0\n", Err("more than the limit")),
            ("1\nx\n1\n", Err("is not a number")),
            ("1\n\n1\n", Err("is not a number")),
            ("1\n00000000000000000000001\n", Err("more than 19 digits")),
            ("3\n0\n1\n", Err("more than 19 digits")),
        ] {
            let bytes = padded(text);
            let stored = bytes.len() as u64;
            let mut feed = Feed::of_stream(Box::new(std::io::Cursor::new(bytes)));
            match (from_payload(&mut feed, stored), expected) {
                ((Ok(map), used), Ok(count)) => assert_eq!((map.len(), used), (count, stored)),
                ((Err(error), _), Err(message)) => assert!(error.contains(message), "{error}"),
                (got, _) => panic!("{text:?}: {got:?}"),
            }
        }
    }
}
