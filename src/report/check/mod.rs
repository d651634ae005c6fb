//! The result of `check`: text for people, JSON, JUnit for CI systems, SARIF for code hosts.
//!
//! No clock, no machine name, no absolute path: one result is always the same bytes.

mod json;
mod junit;
mod sarif;
#[cfg(feature = "cli")]
mod text;

pub use json::{CheckDocument, SCHEMA as CHECK_SCHEMA};
pub use junit::junit;
pub use sarif::sarif;
#[cfg(feature = "cli")]
pub use text::text;

use crate::check::Difference;

/// A difference in one line.
fn line(difference: &Difference) -> String {
    format!("{}: expected {}, found {}", difference.key, difference.expected, difference.found)
}
