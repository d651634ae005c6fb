//! Capsules: what is taken of replica directories where they lie, instead of their data.
//!
//! Records and logs as they are, and of every image its extents and the sum of every stored block; a second visit takes the
//! data of chosen blocks too. docs/capsule.md says how one is built.

mod busy;
mod data;
mod format;
mod hash;
mod image;
mod open;
mod pack;
mod places;
mod source;
mod stamp;
mod table;
mod take;
mod visit;

pub use format::CapsuleError;
#[doc(hidden)]
pub use format::sealed;
pub use hash::{Key, NoKey};
pub(super) use open::open;
pub use places::TakeError;
pub use take::{TakeOptions, Taken, TakenDirectory, take};
pub use visit::{Choice, Chosen, weigh};

/// The form of a capsule's list.
const SCHEMA: &str = "jivascope.capsule/1";
