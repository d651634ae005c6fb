//! `revision.counter`: 4096 bytes, a decimal number padded with NUL.
//!
//! Pure: takes bytes, returns [`CounterFile`] or [`CounterError`]. Follows `readRevisionCounter` of Jiva's
//! `replica/revision_counter.go`: the first 4096 bytes, NUL trimmed at both ends, then Go's strict
//! `strconv.ParseInt`. A missing file is not an empty one and is not this room's matter.

use serde::Serialize;

use crate::finding::Oddity;
use crate::go::remark::{Place, Remark, Remarks};
use crate::go::text::{IntError, go_quote, parse_int};
use crate::ident::Counter;
use crate::replica::{CounterError, CounterErrorKind};

/// How many bytes Jiva writes and reads.
pub const COUNTER_FILE_BYTES: usize = 4096;

/// The content of a `revision.counter`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CounterFile {
    /// The number; Jiva takes negative ones too.
    pub counter: Counter,
    /// What was odd about the file.
    pub remarks: Vec<Remark>,
}

impl CounterError {
    /// The error in the words of Jiva.
    pub fn go_text(&self) -> String {
        let kind = match self.kind {
            CounterErrorKind::Syntax => "invalid syntax",
            CounterErrorKind::Range => "value out of range",
        };
        format!("fail to parse revision counter file: strconv.ParseInt: parsing {}: {kind}", self.quoted)
    }
}

impl CounterFile {
    /// Reads the file as Jiva does.
    ///
    /// # Errors
    /// [`CounterError`] where Jiva refuses the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, CounterError> {
        let read = &bytes[..bytes.len().min(COUNTER_FILE_BYTES)];
        let start = read.iter().position(|b| *b != 0).unwrap_or(0);
        let end = read.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
        let text = &read[start..end];
        let number = parse_int(text).map_err(|error| CounterError {
            offset: start as u64,
            quoted: go_quote(text),
            kind: match error {
                IntError::Syntax => CounterErrorKind::Syntax,
                IntError::Range => CounterErrorKind::Range,
            },
        })?;

        let mut remarks = Remarks::default();
        let length = bytes.len() as u64;
        if bytes.len() < COUNTER_FILE_BYTES {
            remarks.push(Place::FILE, Oddity::ShortFile { length });
        }
        if let Some(rest) = bytes.get(COUNTER_FILE_BYTES..).filter(|rest| !rest.is_empty()) {
            let not_nul = rest.iter().filter(|b| **b != 0).count() as u64;
            remarks.push(Place::FILE, Oddity::LongFile { length, not_nul });
        }
        if start > 0 {
            remarks.push(Place::at(0), Oddity::LeadingNul { count: start as u64 });
        }
        if text != number.to_string().as_bytes() {
            remarks.push(Place::at(start as u64), Oddity::CounterSpelling);
        }
        Ok(Self { counter: Counter(number), remarks: remarks.finish() })
    }

    /// The 4096 bytes that Jiva would write for this number.
    pub fn write(counter: Counter) -> Vec<u8> {
        let mut bytes = counter.0.to_string().into_bytes();
        bytes.resize(COUNTER_FILE_BYTES, 0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn padded(text: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        bytes.resize(COUNTER_FILE_BYTES, 0);
        bytes
    }

    /// Rows are damages that a real Jiva 3.6.0 was started on, and its own words.
    #[test]
    fn damaged_counters_are_refused_in_the_words_of_jiva() {
        let long = "x".repeat(5000);
        for (name, bytes, parsing) in [
            ("counter-empty", Vec::new(), r#""": invalid syntax"#.to_owned()),
            ("counter-zeros", padded(b""), r#""": invalid syntax"#.to_owned()),
            ("counter-garbage", padded(b"garbage"), r#""garbage": invalid syntax"#.to_owned()),
            ("counter-with-newline", padded(b"77\n"), r#""77\n": invalid syntax"#.to_owned()),
            (
                "counter-huge",
                padded(b"99999999999999999999"),
                r#""99999999999999999999": value out of range"#.to_owned(),
            ),
            ("space", padded(b"77 "), r#""77 ": invalid syntax"#.to_owned()),
            ("NUL within", padded(b"7\x007"), r#""7\x007": invalid syntax"#.to_owned()),
            ("underscore", padded(b"1_0"), r#""1_0": invalid syntax"#.to_owned()),
            ("not UTF-8", padded(b"\xff7"), r#""\xff7": invalid syntax"#.to_owned()),
            ("long", long.clone().into_bytes(), format!("\"{}\": invalid syntax", &long[..4096])),
        ] {
            let expected =
                format!("fail to parse revision counter file: strconv.ParseInt: parsing {parsing}");
            assert_eq!(CounterFile::parse(&bytes).map_err(|e| e.go_text()), Err(expected), "{name}");
        }
    }

    #[test]
    fn readable_counters_and_what_is_odd_about_them() {
        let behind = |rest: &[u8]| [padded(b"5"), rest.to_vec()].concat();
        for (name, bytes, value, remarks) in [
            ("as written", padded(b"101"), 101, vec![]),
            ("counter-negative", padded(b"-5"), -5, vec![]),
            ("largest", padded(b"9223372036854775807"), i64::MAX, vec![]),
            ("smallest", padded(b"-9223372036854775808"), i64::MIN, vec![]),
            (
                "counter-plus",
                padded(b"+12"),
                12,
                vec!["byte 0: the number is not formatted as Jiva writes it"],
            ),
            ("zeroes", padded(b"007"), 7, vec!["byte 0: the number is not formatted as Jiva writes it"]),
            ("counter-short", b"77".to_vec(), 77, vec!["2 bytes instead of 4096"]),
            ("leading NUL", padded(b"\0\x0077"), 77, vec!["byte 0: 2 NUL bytes before the number, dropped"]),
            ("long", behind(b"\09"), 5, vec!["4098 bytes instead of 4096; of those not read, 1 are not NUL"]),
        ] {
            let file = CounterFile::parse(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(file.counter, Counter(value), "{name}");
            let said: Vec<String> = file.remarks.iter().map(ToString::to_string).collect();
            assert_eq!(said, remarks, "{name}");
        }
    }

    #[test]
    fn the_error_names_its_place() {
        let error = CounterFile::parse(b"\0\0x").map_err(|e| (e.offset, e.kind));
        assert_eq!(error, Err((2, CounterErrorKind::Syntax)));
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(value in any::<i64>()) {
            let file = CounterFile { counter: Counter(value), remarks: Vec::new() };
            prop_assert_eq!(CounterFile::parse(&CounterFile::write(Counter(value))), Ok(file));
        }

        #[test]
        fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = CounterFile::parse(&bytes).map_err(|e| e.to_string());
        }
    }
}
