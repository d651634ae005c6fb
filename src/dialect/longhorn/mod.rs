//! Longhorn's first engine. It began as the engine that Jiva began from; no rule of Jiva's holds for it.

pub(super) mod format;
mod notice;

pub use format::LonghornMeta;
pub(crate) use format::is_longhorns;
pub(super) use notice::{notice, state};
