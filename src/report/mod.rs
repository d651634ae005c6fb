//! Showing an analysis: JSON, text, DOT. No decision is taken here, and nothing is printed: writers return what is to
//! be written.

pub mod diff;
pub mod escape;
pub mod json;
#[cfg(feature = "cli")]
pub mod text;
