//! Whether a copy shows what the original held, told from its images.
//!
//! Jiva's layering rests on holes: a hole falls through to the layer below, a stored block hides it, zeros or not.
//! A copy that filled the holes makes every layer hide all below it; one that turned stored zeros into holes brings
//! older data back. The first shows in the allocation; the second only in what is absent.

use crate::evidence::Origin;
use crate::replica::{Flag, Replica};

/// Whether the copy of a replica shows what the original holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fidelity {
    /// Holes and stored zeros are both there.
    Faithful,
    /// Nothing tells.
    Unknown,
    /// Holes were filled: every layer hides all layers below it.
    HolesFilled,
    /// Bytes of images are missing.
    Incomplete,
}

impl Fidelity {
    /// Whether a view of this copy may be judged.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Faithful | Self::Unknown)
    }
}

/// Tells how a replica was copied. `stores_zeros` says whether a stored block of zeros was met while its blocks
/// were read; `None` if they were not read.
pub fn fidelity(replica: &Replica, stores_zeros: Option<bool>) -> Fidelity {
    if replica.flags.contains(&Flag::UnfaithfulCopy) {
        return Fidelity::Incomplete;
    }
    let images: Vec<_> = replica
        .chain
        .iter()
        .filter_map(|name| replica.disks[name].image.as_ref())
        .filter(|image| image.size > 0)
        .collect();
    let full = |image: &&&crate::replica::Image| {
        image.extents.as_ref().is_ok_and(|extents| extents.runs.bytes() >= image.size)
    };
    // One full layer can be what was written; two of them at once, the base included, are the copier's work: a
    // block that is written again is punched out of the automatic snapshot that had it.
    if images.len() > 1 && images.iter().filter(full).count() == images.len() {
        return Fidelity::HolesFilled;
    }
    let dense = images.iter().any(|image| image.extents.as_ref().is_ok_and(|e| e.origin == Origin::Dense));
    match stores_zeros {
        Some(true) if !dense => Fidelity::Faithful,
        _ => Fidelity::Unknown,
    }
}
