//! What was odd about a file that could nevertheless be read.
//!
//! A remark never changes the value beside it and carries no judgement: it names a place and a fact.
//! Names in it are quoted as Go would quote them, so that its text holds no control character.

use std::fmt;

use serde::Serialize;

use super::text::go_quote;
use crate::finding::Oddity;

/// At most this many remarks are kept of one file; [`Oddity::LeftOut`] tells of the rest.
pub(crate) const REMARKS_KEPT: usize = 100;

/// Where in a file a remark or an error belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    /// Byte offset from the start of the file; absent if the whole file is meant.
    pub offset: Option<u64>,
    /// Field as Jiva declares it; absent if no declared field is concerned.
    pub field: Option<&'static str>,
}

impl Place {
    /// The whole file.
    pub const FILE: Self = Self { offset: None, field: None };

    /// A byte offset without a field.
    pub const fn at(offset: u64) -> Self {
        Self { offset: Some(offset), field: None }
    }

    /// A byte offset in the value or key of `field`.
    pub const fn of(field: &'static str, offset: u64) -> Self {
        Self { offset: Some(offset), field: Some(field) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.field, self.offset) {
            (Some(field), Some(offset)) => write!(f, "{field} at byte {offset}"),
            (Some(field), None) => f.write_str(field),
            (None, Some(offset)) => write!(f, "byte {offset}"),
            (None, None) => f.write_str("file"),
        }
    }
}

/// One odd thing about a readable file.
///
/// Remarks are ordered by offset, then field, then kind; those about the whole file come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Remark {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: Oddity,
}

impl Remark {
    /// Puts a fact at a place.
    pub const fn new(place: Place, kind: Oddity) -> Self {
        Self { place, kind }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place != Place::FILE {
            write!(f, "{}: ", self.place)?;
        }
        self.kind.fmt(f)
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key } => {
                write!(f, "key {} is unknown and ignored", quoted(key))
            }
            Self::DuplicateKey { first } => {
                write!(f, "duplicate of the one at byte {first}; the last one wins")
            }
            Self::KeyCase { key } => {
                write!(f, "key is written {}; Jiva accepts it", quoted(key))
            }
            Self::NullValue => f.write_str("null, read as absent"),
            Self::TrailingBytes { count } => {
                write!(f, "{count} {} after the value, not read", bytes(*count))
            }
            Self::InvalidUtf8 => f.write_str("not UTF-8, read with U+FFFD in place of the bad bytes"),
            Self::LoneSurrogate => f.write_str("half of a surrogate pair, read as U+FFFD"),
            Self::ForeignSpelling => f.write_str("not formatted as Jiva writes it"),
            Self::NotATime { text } => {
                write!(f, "{} is not a time such as 2006-01-02T15:04:05Z", quoted(text))
            }
            Self::ShortFile { length } => write!(f, "{length} {} instead of 4096", bytes(*length)),
            Self::LongFile { length, not_nul } => {
                write!(f, "{length} bytes instead of 4096; of those not read, {not_nul} are not NUL")
            }
            Self::LeadingNul { count } => {
                write!(f, "{count} NUL {} before the number, dropped", bytes(*count))
            }
            Self::CounterSpelling => f.write_str("the number is not formatted as Jiva writes it"),
            Self::LeftOut { count } => write!(f, "{count} more oddities are not listed"),
        }
    }
}

/// Quoted for a line of text; a key or value may be as long as its file, so that only its start is shown.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", go_quote(&text.as_bytes()[..end])),
        None => go_quote(text.as_bytes()),
    }
}

fn bytes(count: u64) -> &'static str {
    if count == 1 { "byte" } else { "bytes" }
}

/// Collects remarks, at most [`REMARKS_KEPT`] of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remarks {
    kept: Vec<Remark>,
    left_out: u64,
}

impl Remarks {
    pub(crate) fn push(&mut self, place: Place, kind: Oddity) {
        if self.kept.len() < REMARKS_KEPT {
            self.kept.push(Remark::new(place, kind));
        } else {
            self.left_out += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(crate) fn finish(mut self) -> Vec<Remark> {
        self.kept.sort();
        if self.left_out > 0 {
            self.kept.push(Remark::new(Place::FILE, Oddity::LeftOut { count: self.left_out }));
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_sorted_by_place_and_escaped() {
        let mut remarks = Remarks::default();
        remarks.push(Place::at(9), Oddity::TrailingBytes { count: 1 });
        remarks.push(Place::of("Head", 4), Oddity::KeyCase { key: "he\u{1b}\u{202e}ad".into() });
        remarks.push(Place::FILE, Oddity::ForeignSpelling);
        let texts: Vec<String> = remarks.finish().iter().map(Remark::to_string).collect();
        assert_eq!(
            texts,
            [
                "not formatted as Jiva writes it",
                "Head at byte 4: key is written \"he\\x1b\\u202ead\"; Jiva accepts it",
                "byte 9: 1 byte after the value, not read",
            ]
        );
    }

    #[test]
    fn a_long_key_is_shown_by_its_start() {
        let long = Oddity::UnknownKey { key: "ä".repeat(65) };
        let shown = format!("key \"{}\"… is unknown and ignored", "ä".repeat(64));
        assert_eq!(Remark::new(Place::FILE, long).to_string(), shown);
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let mut remarks = Remarks::default();
        for i in 0..1000 {
            remarks.push(Place::at(i), Oddity::InvalidUtf8);
        }
        let remarks = remarks.finish();
        assert_eq!(remarks.len(), REMARKS_KEPT + 1);
        assert_eq!(remarks.last().map(|r| r.kind.clone()), Some(Oddity::LeftOut { count: 900 }));
    }
}
