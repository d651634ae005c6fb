//! PAX extended headers: records of `LENGTH KEY=VALUE\n`.

use super::SIZE_LIMIT;
use super::sparse::{MAP_LIMIT, PaxSparse};

/// No record but a sparse map is larger.
pub(super) const RECORD_LIMIT: usize = 1 << 20;

/// A whole extended header, which may hold a sparse map of many entries.
pub(super) const HEADER_LIMIT: u64 = 32 << 20;

/// What extended headers say about the next member.
#[derive(Debug, Clone, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link_path: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Nanoseconds since 1970.
    pub(super) modified: Option<i128>,
    pub(super) sparse: PaxSparse,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PaxError {
    #[error("pax record at offset {0} of the extended header: its length is not a number that fits")]
    Length(usize),
    #[error("pax record at offset {0} of the extended header: no '=' or no line end")]
    Shape(usize),
    #[error("pax record {key}: {len} bytes are more than the limit of {limit}")]
    TooLong { key: String, len: usize, limit: usize },
    #[error("pax record {key}: {value:?} is not a number that fits")]
    Number { key: String, value: String },
    #[error("pax record {0}: more entries than the limit of {MAP_LIMIT}")]
    Map(String),
    #[error("pax record {0}: a way of storing sparse files that is not understood")]
    Foreign(String),
}

impl Pax {
    /// Takes in the records of one extended header; later ones win, empty ones take back.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), PaxError> {
        let mut at = 0;
        while at < bytes.len() {
            // GNU tar and others pad with NUL.
            if bytes[at] == 0 {
                break;
            }
            let (record, next) = record(bytes, at)?;
            let equals = record.iter().position(|&b| b == b'=').ok_or(PaxError::Shape(at))?;
            self.set(&record[..equals], &record[equals + 1..])?;
            at = next;
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), PaxError> {
        let name = || super::super::spell(&key[..key.len().min(64)]);
        if value.len() > RECORD_LIMIT && key != b"GNU.sparse.map" {
            return Err(PaxError::TooLong { key: name(), len: value.len(), limit: RECORD_LIMIT });
        }
        let number = || size(value).ok_or_else(|| bad_number(key, value));
        let given = !value.is_empty();
        match key {
            b"path" => self.path = given.then(|| value.to_vec()),
            b"linkpath" => self.link_path = given.then(|| value.to_vec()),
            b"size" => self.size = if given { Some(number()?) } else { None },
            // A time that is no number is no time; nothing rests on it.
            b"mtime" => self.modified = time(value),
            b"GNU.sparse.major" => self.sparse.major = Some(number()?),
            b"GNU.sparse.minor" => self.sparse.minor = Some(number()?),
            b"GNU.sparse.name" => self.sparse.name = given.then(|| value.to_vec()),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.sparse.real_size = Some(number()?),
            b"GNU.sparse.offset" => self.sparse.offset = Some(number()?),
            b"GNU.sparse.numbytes" => {
                let offset = self.sparse.offset.take().ok_or_else(|| bad_number(key, value))?;
                self.sparse.add(offset, number()?).map_err(|()| PaxError::Map(name()))?;
            }
            b"GNU.sparse.map" => {
                self.sparse.map = Some(Vec::new());
                let mut numbers = value.split(|&b| b == b',');
                while let Some(offset) = numbers.next() {
                    let len = numbers.next().ok_or_else(|| bad_number(key, offset))?;
                    let offset = size(offset).ok_or_else(|| bad_number(key, offset))?;
                    let len = size(len).ok_or_else(|| bad_number(key, len))?;
                    self.sparse.add(offset, len).map_err(|()| PaxError::Map(name()))?;
                }
            }
            b"GNU.sparse.numblocks" => self.sparse.count = Some(number()?),
            b"SCHILY.realsize" => self.sparse.star_size = if given { Some(number()?) } else { None },
            // Solaris packs what is stored as a whole; taken for the file, every byte would be in a wrong place.
            b"SUN.holesdata" => return Err(PaxError::Foreign(name())),
            _ => {}
        }
        Ok(())
    }
}

/// The record at `at`, without its length and line end, and the place of the next one.
fn record(bytes: &[u8], at: usize) -> Result<(&[u8], usize), PaxError> {
    let digits = bytes[at..].iter().take(12).take_while(|b| b.is_ascii_digit()).count();
    let len = std::str::from_utf8(&bytes[at..at + digits]).ok().and_then(|text| text.parse::<usize>().ok());
    let end = len.and_then(|len| at.checked_add(len)).ok_or(PaxError::Length(at))?;
    if end > bytes.len() {
        return Err(PaxError::Length(at));
    }
    let start = at + digits + 1;
    if bytes.get(at + digits) != Some(&b' ') || end <= start || bytes[end - 1] != b'\n' {
        return Err(PaxError::Shape(at));
    }
    Ok((&bytes[start..end - 1], end))
}

fn bad_number(key: &[u8], value: &[u8]) -> PaxError {
    let short = |bytes: &[u8]| super::super::spell(&bytes[..bytes.len().min(64)]);
    PaxError::Number { key: short(key), value: short(value) }
}

/// A decimal number up to 8 EiB.
pub(super) fn size(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number <= SIZE_LIMIT).then_some(number)
}

/// Seconds with a fraction, in nanoseconds; digits beyond those are cut off towards the past.
fn time(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if seconds.is_empty() || !digits(seconds) || !digits(fraction) {
        return None;
    }
    let seconds = i128::from(seconds.parse::<i64>().ok()?);
    let kept = &fraction[..fraction.len().min(9)];
    let nanos: i128 = format!("{kept:0<9}").parse().ok()?;
    let time = seconds * 1_000_000_000 + nanos;
    let cut = i128::from(negative && fraction.bytes().skip(9).any(|b| b != b'0'));
    Some(if negative { -time - cut } else { time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_taken_back() {
        let mut pax = Pax::default();
        pax.add(b"12 path=abc\n18 linkpath=d=e\nf\n11 size=77\n22 mtime=1700000000.5\n").unwrap();
        assert_eq!(pax.path.as_deref(), Some(&b"abc"[..]));
        assert_eq!(pax.link_path.as_deref(), Some(&b"d=e\nf"[..]));
        assert_eq!((pax.size, pax.modified), (Some(77), Some(1_700_000_000_500_000_000)));
        pax.add(b"8 path=\n").unwrap();
        assert_eq!(pax.path, None);
    }

    #[test]
    fn broken_records_are_named() {
        for (bytes, message) in [
            (&b"x path=a\n"[..], "length is not a number"),
            (b"99 path=a\n", "length is not a number"),
            (b"99999999999999999999 path=a\n", "length is not a number"),
            (b"0 path=a\n", "no '='"),
            (b"2 path=a\n", "no '='"),
            (b"9 path=ab\n", "no '='"),
            (b"7 path\n", "no '='"),
            (b"11 size=-1\n", "size: \"-1\" is not a number"),
            (b"28 size=9999999999999999999\n", "is not a number"),
            (b"26 GNU.sparse.numbytes=10\n", "numbytes"),
            (b"24 GNU.sparse.map=0,1,2\n", "GNU.sparse.map"),
            (b"24 SCHILY.realsize=4 KB\n", "SCHILY.realsize"),
            (b"25 SUN.holesdata= 0 4096\n", "not understood"),
        ] {
            let error = Pax::default().add(bytes).unwrap_err().to_string();
            assert!(error.contains(message), "{}: {error}", super::super::super::spell(bytes));
        }
    }

    #[test]
    fn times_have_fractions_and_signs() {
        for (text, nanos) in [
            ("0", Some(0)),
            ("1.000000001", Some(1_000_000_001)),
            ("1.0000000019", Some(1_000_000_001)),
            ("-1.5", Some(-1_500_000_000)),
            ("-0.0000000001", Some(-1)),
            ("1e9", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(time(text.as_bytes()), nanos, "{text}");
        }
    }
}
