//! `revision.counter`: 4096 bytes, a decimal number padded with NUL.
//!
//! Pure: takes bytes, returns [`CounterFile`] or [`CounterError`]. Follows `readRevisionCounter` of Jiva's
//! `replica/revision_counter.go`: the first 4096 bytes, NUL trimmed at both ends, then Go's strict
//! `strconv.ParseInt`. A missing file is not an empty one and is not this room's matter.

use std::fmt;

use serde::Serialize;

use super::go_text::{IntError, go_quote, parse_int};
use super::remark::{Place, Remark, RemarkKind, Remarks};
use crate::ident::Counter;

/// How many bytes Jiva writes and reads.
pub const COUNTER_FILE_BYTES: usize = 4096;

/// The content of a `revision.counter`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CounterFile {
    /// The number; Jiva takes negative ones too.
    pub counter: Counter,
    /// What was odd about the file.
    pub remarks: Vec<Remark>,
}

/// Why a counter could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CounterErrorKind {
    /// Not a decimal number, or no text at all.
    Syntax,
    /// A number outside of 64 bits.
    Range,
}

/// A counter file that Jiva does not accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CounterError {
    /// Byte offset of the text, behind NULs at the start; 0 if there is no text.
    pub offset: u64,
    /// The text that was to be a number, quoted as Go does.
    pub quoted: String,
    /// What is wrong with it.
    pub kind: CounterErrorKind,
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

impl fmt::Display for CounterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.go_text(), self.offset)
    }
}

impl std::error::Error for CounterError {}

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
            remarks.push(Place::FILE, RemarkKind::ShortFile { length });
        }
        if let Some(rest) = bytes.get(COUNTER_FILE_BYTES..).filter(|rest| !rest.is_empty()) {
            let not_nul = rest.iter().filter(|b| **b != 0).count() as u64;
            remarks.push(Place::FILE, RemarkKind::LongFile { length, not_nul });
        }
        if start > 0 {
            remarks.push(Place::at(0), RemarkKind::LeadingNul { count: start as u64 });
        }
        if text != number.to_string().as_bytes() {
            remarks.push(Place::at(start as u64), RemarkKind::CounterSpelling);
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
