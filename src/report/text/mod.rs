//! Reports for a person at a terminal: 80 columns, the answer first.

mod answer;
mod diff;
mod explain;
mod findings;
mod history;
mod inspect;
mod lanes;
mod page;
mod palette;
mod price;
mod replicas;
mod screen;
mod simulation;
mod start;
mod table;
mod takeout;
mod words;

pub use diff::diff;
pub use explain::{explanation_list, explanations};
pub use inspect::inspect;
pub use page::WIDTH;
pub use palette::{Palette, Role};
pub use screen::{analysis, graph};
pub use simulation::simulation;
