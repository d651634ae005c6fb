//! What Jiva itself would do with these directories: start, elect, join. Pure functions on described replicas.
//!
//! Nothing here reads a file; what a join leaves behind is told as a stack of images, which
//! [`blocks`](crate::blocks) can read.

mod elect;
mod join;
mod start;

pub use elect::{Election, elect, elections};
pub use join::{Join, Outcome, REFUSAL, join};
pub use start::{Started, start};
