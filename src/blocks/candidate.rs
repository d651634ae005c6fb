//! The view of a rescue candidate: what a chain that Jiva would not open holds.

use super::view::{MergedView, ViewError, ViewLayer};
use crate::ident::DiskName;
use crate::lineage::rescue::Candidate;
use crate::replica::Replica;

impl MergedView {
    /// The view of a candidate of this replica. Its size is the replica's, or that of the largest image where
    /// `volume.meta` tells none.
    ///
    /// # Errors
    /// [`ViewError::NoChain`] for an empty candidate, [`ViewError::Extents`] if what an image stores is unknown.
    pub fn of_candidate(replica: &Replica, candidate: &Candidate) -> Result<Self, ViewError> {
        let Some(top) = candidate.chain.first() else {
            let disk = DiskName::new(candidate.name.as_str());
            return Err(ViewError::NoChain { replica: replica.label.clone(), disk });
        };
        let layers: Vec<ViewLayer> = candidate
            .chain
            .iter()
            .rev()
            .map(|name| ViewLayer::of(replica, &replica.disks[name]))
            .collect::<Result<_, _>>()?;
        let largest = layers.iter().map(|layer| layer.size).max();
        let size = replica.size.filter(|size| *size > 0).or(largest).unwrap_or(0);
        Ok(Self::stack(&replica.label, top, size, layers))
    }
}
