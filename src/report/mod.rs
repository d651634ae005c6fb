//! Showing an analysis: JSON, text, HTML, DOT, SVG. No decision is taken here, and nothing is printed: writers return what is to
//! be written.

mod candidates;
pub mod check;
pub mod cluster;
mod depth;
pub mod diff;
pub mod documents;
pub mod dot;
#[cfg(feature = "cli")]
pub mod drawing;
pub mod escape;
pub mod explain;
mod file_changes;
pub mod files;
mod findings_page;
pub mod glossary;
mod graph;
#[cfg(feature = "cli")]
pub mod html;
pub mod json;
pub mod lines;
pub mod mermaid;
pub mod model;
mod options;
pub mod repair;
pub mod runbook;
#[cfg(feature = "schema")]
pub mod schema;
pub mod simulation;
#[cfg(feature = "cli")]
pub mod svg;
#[cfg(feature = "cli")]
pub mod text;
pub mod timeline;
mod words;

pub use findings_page::findings_page;
