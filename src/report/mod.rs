//! Showing an analysis: JSON, text, DOT. No decision is taken here, and nothing is printed: writers write to what
//! they are given.

pub mod check;
pub mod escape;
pub mod json;
#[cfg(feature = "schema")]
pub mod schema;
