//! What Jiva itself would do with these directories: open, start, elect, join, and all of it in a row. Pure functions
//! on described replicas.
//!
//! Nothing here reads a file; what a join leaves behind is described as a stack of images, which
//! [`blocks`](crate::blocks) can read. What is modelled of old versions stands in [`Version`](crate::ident::Version).

mod cluster;
mod elect;
mod entries;
mod error;
mod join;
mod name;
mod names;
mod opening;
mod orders;
mod play;
mod simulate;
mod start;

pub use cluster::Cluster;
pub use elect::{Election, Registration, elect_among};
pub use error::{Down, JoinError};
pub use join::{JOIN, Join, Outcome, REFUSAL};
pub use opening::opening_changes;
pub use orders::COUNTLESS;
pub use play::{Directory, Event, Play, Process, Table};
pub use simulate::{Scenario, Step};
pub use start::{Original, Standing, is_empty};
