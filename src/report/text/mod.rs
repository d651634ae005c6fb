//! Reports for a person at a terminal: 80 columns, the answer first.

mod diff;
mod lanes;
mod page;
mod palette;
mod table;

pub use diff::diff;
pub use page::WIDTH;
pub use palette::{Palette, Role};
