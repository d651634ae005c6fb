//! Reports for a person at a terminal: 80 columns, the answer first.

mod lanes;
mod page;
mod palette;
mod table;

pub use page::WIDTH;
pub use palette::{Palette, Role};
