//! The data: merged views, their comparison, their export, and whether a copy shows what the original held.
//!
//! Everything is read through positional reads of the source; nothing is kept but runs.

mod attest;
mod candidate;
mod compare;
mod difference;
mod export;
mod measure;
mod needed;
mod own_zeros;
mod pass;
mod point;
mod quality;
mod reconstruct;
mod replicas;
mod rescued;
mod sample;
mod unread;
mod verity;
mod versions;
mod view;

pub use attest::{ImageCopy, attest, same_sums};
pub use compare::{Compared, StoredZeros, compare_views};
pub use difference::{Apart, Difference, Meaning, between, differences, pairs, unable};
pub use export::{
    ExportError, ExportOptions, Exported, Format, StreamError, Streamed, Target, TargetError,
    evidence_around, export, stream,
};
pub use needed::{Blocks, needed};
pub use pass::{SumKind, Unreadable, sha256, sum};
pub use point::{Point, PointError};
pub use quality::{Seen, Zeros, is_filled, notice, quality, settle};
pub use reconstruct::{Holes, reconstruct};
pub use replicas::{Comparison, compare};
pub use rescued::{Held, Rescued, RescuedRelation, rescued};
pub use unread::Unread;
pub use versions::relate;
pub use view::{MergedView, NoChainToRead, ViewError, ViewLayer, ViewReader};
