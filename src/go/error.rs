//! Why Jiva could not read one of its JSON files, in Jiva's own words and with the place.

use std::fmt;

use serde::Serialize;

use super::text::quote_byte;

/// A JSON file that Jiva does not accept.
///
/// The variants are those of Go's `encoding/json`; [`MetaError::go_text`] gives the text that ends up in
/// Jiva's log and API answers, `Display` adds the byte offset. A syntax error anywhere in the first value
/// comes before any error of type, since Go reads a value to its end before it decodes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MetaError {
    /// The file is empty or holds only white space.
    Empty {
        /// Its length in bytes.
        length: u64,
    },
    /// The file ends inside the first value.
    Truncated {
        /// Its length in bytes.
        length: u64,
    },
    /// A byte that cannot stand where it stands.
    Syntax {
        /// Its byte offset.
        offset: u64,
        /// The byte.
        byte: u8,
        /// Where Go's scanner stood, such as `looking for beginning of value`.
        context: &'static str,
    },
    /// A value of another type than the field, or an integer that does not fit.
    Type {
        /// Byte offset of the value.
        offset: u64,
        /// What stands there: `string`, `bool`, `array`, `object`, or `number` with its digits.
        found: String,
        /// Field as declared; absent if the whole file is of the wrong type.
        field: Option<&'static str>,
        /// Name of the Go structure, with its package if no field is concerned.
        owner: &'static str,
        /// Go type that was wanted.
        wanted: &'static str,
    },
}

impl MetaError {
    /// The error in the words of Go 1.19.
    pub fn go_text(&self) -> String {
        match self {
            Self::Empty { .. } => "EOF".to_owned(),
            Self::Truncated { .. } => "unexpected EOF".to_owned(),
            Self::Syntax { byte, context, .. } => {
                format!("invalid character {} {context}", quote_byte(*byte))
            }
            Self::Type { found, field: Some(field), owner, wanted, .. } => {
                format!(
                    "json: cannot unmarshal {found} into Go struct field {owner}.{field} of type {wanted}"
                )
            }
            Self::Type { found, field: None, wanted, .. } => {
                format!("json: cannot unmarshal {found} into Go value of type {wanted}")
            }
        }
    }

    /// Byte offset of the first byte that is wrong; the length of the file if it ends too early.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Empty { length } | Self::Truncated { length } => *length,
            Self::Syntax { offset, .. } | Self::Type { offset, .. } => *offset,
        }
    }

    /// The declared field whose value has the wrong type.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Type { field, .. } => *field,
            _ => None,
        }
    }
}

impl fmt::Display for MetaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.go_text(), self.offset())
    }
}

impl std::error::Error for MetaError {}
