//! Capsules: what is taken of replica directories where they lie, instead of their data.
//!
//! Records and logs as they are, and of every image its extents and the sum of every stored block. docs/capsule.md says
//! how one is built.

mod busy;
mod format;
mod hash;
mod image;
mod open;
mod source;
mod stamp;
mod table;
mod take;

pub use format::CapsuleError;
#[doc(hidden)]
pub use format::sealed;
pub use hash::{Key, NoKey};
pub(super) use open::open;
pub use take::{TakeError, TakeOptions, Taken, TakenDirectory, take};

/// The form of a capsule's list.
const SCHEMA: &str = "jivascope.capsule/1";
