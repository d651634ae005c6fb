//! Replica directories made safe to share: the structure kept, the content gone.
//!
//! Records, counters, sizes and stored ranges stay as they are, so that every question about the replicas has the same
//! answer. Each block of an image is replaced by a pattern that follows from its content and a secret key: equal blocks
//! stay equal, different ones different, zeros zeros and holes holes. Names can be replaced in the same manner.

mod disguise;
mod names;
mod tar;
mod write;

pub use disguise::Key;
pub use names::Pseudonyms;
pub use tar::{Member, TarWriter};
pub use write::{Left, Plan, ShareError, write_replica};
