//! Reports for a person at a terminal: 80 columns, the answer first.

mod cluster;
mod diff;
mod exhibits;
mod explain;
mod files;
mod findings;
mod history;
mod inspect;
mod lanes;
mod lint;
mod page;
mod palette;
mod screen;
mod simulation;
mod steps;
mod table;
mod timeline;

pub(super) use exhibits::places;
pub(super) use findings::detail;
pub(super) use page::{abbreviate, shorten};

pub use cluster::cluster;
pub use diff::diff;
pub use explain::{explanation_list, explanations};
pub use files::files;
pub use inspect::inspect;
pub use lint::lint;
pub use palette::{Palette, Role, WIDTH};
pub use screen::{analysis, graph};
pub use simulation::simulation;
pub use timeline::timeline;
