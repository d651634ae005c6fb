//! Reports for a person at a terminal: 80 columns, the answer first.

mod answer;
mod diff;
mod findings;
mod history;
mod lanes;
mod page;
mod palette;
mod price;
mod replicas;
mod screen;
mod start;
mod table;
mod words;

pub use diff::diff;
pub use page::WIDTH;
pub use palette::{Palette, Role};
pub use screen::analysis;
