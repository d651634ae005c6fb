//! Replica directories made safe to share: the structure kept, the content gone.
//!
//! Sizes, stored ranges, counters and the known fields of records stay as they are, so that every question about the
//! replicas has the same answer. Whatever else stands in a small file is replaced by letters. Each block of an image is replaced by a pattern that follows from its content and a secret key: equal blocks
//! stay equal, different ones different, zeros zeros and holes holes. Names can be replaced in the same manner.

mod disguise;
mod draft;
mod json;
mod names;
mod small;
mod tar;
mod words;
mod write;

pub use disguise::Key;
pub use names::Pseudonyms;
pub use tar::{Member, TarWriter};
pub use words::Words;
pub use write::{Left, Plan, Replaced, ShareError, Written, write_replica};
