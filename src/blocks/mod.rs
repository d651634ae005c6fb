//! The data: merged views, their comparison, and whether a copy shows what the original held.
//!
//! Everything is read through positional reads of the source; nothing is kept but runs.

mod candidate;
mod compare;
mod fidelity;
mod view;

pub use compare::{Compared, Comparison, Unread, compare, compare_views};
pub use fidelity::{Fidelity, fidelity};
pub use view::{MergedView, ViewError, ViewLayer, ViewReader};
