//! Showing an analysis: JSON, text, DOT. No decision is taken here, and nothing is printed: writers return what is to
//! be written.

pub mod documents;
pub mod dot;
pub mod escape;
pub mod json;
pub mod simulation;
#[cfg(feature = "cli")]
pub mod text;
