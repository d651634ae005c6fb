//! Jiva: its files, its versions, what opening does, what a directory shows of its past, and [`engine`], which starts,
//! elects and joins as Jiva does.

pub mod api;
mod clone;
pub mod engine;
mod format;
mod last_join;
pub mod log;
mod message;
mod notice;
mod open;
mod shown;
mod store;
mod version;

pub use format::{COUNTER_FILE_BYTES, CounterFile, FileKind, LogInfo, next_head_name};
pub(crate) use format::{Form, Part, Parts, Value, number_of_head, quoted};
pub(super) use last_join::{Joined, last_join};
pub(super) use notice::notice;
pub use open::chain_limit;
pub(super) use open::{Facts as OpenFacts, open};
pub use version::{Generation, LeftOver};
