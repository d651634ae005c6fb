//! Which engine wrote a directory, and what that engine makes of it.
//!
//! All that is an engine's own stands here: its files, what opening does, its versions, how it joins and elects. The
//! rooms above know no engine but through this one. [`describe`] turns a directory into a
//! [`Replica`], which is neutral of the engine.

mod defect;
mod describe;
pub mod jiva;
mod longhorn;
mod notice;
mod reader;
mod signs;

pub use crate::replica::Dialect;
pub use describe::describe;
pub use longhorn::LonghornMeta;
pub(crate) use longhorn::is_longhorns;
pub use signs::{Sign, Signs};

use crate::replica::{Flag, Replica};

impl Replica {
    /// Whether Jiva's rules apply to it: no other engine wrote it.
    pub fn is_jivas(&self) -> bool {
        !self.flags.contains(&Flag::ForeignDialect)
    }
}
