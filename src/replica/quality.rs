//! What a copy is worth: for each image of the chain, and for the replica the worst of them.
//!
//! What tells it is read elsewhere, since some of it needs the blocks.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Replica, State};
use crate::evidence::Origin;
use crate::ident::{DiskName, Label};

/// What a copy is worth, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Quality {
    /// Something is missing, cut, unreadable or filled: what the original holds is not known.
    Defective,
    /// Nothing tells whether it shows what the original held.
    Unknown,
    /// Holes and stored zeros are both there, or neither could have changed what is read.
    Faithful,
}

/// What else is to be said of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CopyRemark {
    /// Stored zeros seem to have become holes: older data show where zeros had been written.
    ZerosLost,
    /// Holes were filled, and blocks of zeros are taken for holes again.
    Reconstructed,
    /// A defective copy that is taken for what lies on the node, because the user said so.
    AsFound,
}

/// What the copy of a replica is worth, and what shows it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Copied {
    /// The worst of its images, or what is wrong with the directory as a whole.
    pub quality: Quality,
    /// What makes it defective, a sentence each, without the replica's name.
    pub defects: Vec<String>,
    /// What decided, in one sentence.
    pub why: String,
    /// What else is to be said of it.
    pub remarks: Vec<CopyRemark>,
    /// Each image of the chain, head first.
    pub images: Vec<CopiedImage>,
}

/// What one image of a chain is worth, and what shows it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CopiedImage {
    /// The image.
    pub disk: DiskName,
    /// What it is worth.
    pub quality: Quality,
    /// In one sentence.
    pub why: String,
    /// Apparent size in bytes.
    pub size: u64,
    /// Stored bytes, up to the apparent size.
    pub stored: u64,
    /// How the extents are known.
    pub origin: Origin,
    /// The largest power of two that divides every hole edge inside the image; `None` without one.
    pub grain: Option<u64>,
    /// Number of such edges.
    pub edges: usize,
    /// Stored blocks of zeros that were met.
    pub zeros: u64,
}

impl Copied {
    /// Whether a replica may be judged by this copy.
    pub fn is_usable(&self) -> bool {
        self.quality > Quality::Defective || self.has(CopyRemark::AsFound)
    }

    /// Whether that is to be said of it.
    pub fn has(&self, remark: CopyRemark) -> bool {
        self.remarks.contains(&remark)
    }

    /// Takes a defective copy for what lies on the node.
    pub fn accept(&mut self) {
        if self.quality == Quality::Defective {
            self.remarks.push(CopyRemark::AsFound);
        }
    }

    /// What an image of the chain is worth.
    pub fn of(&self, disk: &DiskName) -> Quality {
        self.images.iter().find(|image| image.disk == *disk).map_or(Quality::Unknown, |image| image.quality)
    }
}

/// What the copies of a volume's replicas are worth, by label.
#[derive(Debug, Clone, Default)]
pub struct Copies(BTreeMap<Label, Copied>);

impl Copies {
    /// What is known of one copy.
    pub fn of(&self, label: &Label) -> Option<&Copied> {
        self.0.get(label)
    }

    /// What one copy is worth; unknown where nothing was told of it.
    pub fn quality(&self, label: &Label) -> Quality {
        self.of(label).map_or(Quality::Unknown, |copied| copied.quality)
    }

    /// Whether the data of a replica may be judged: Jiva could open it, and its copy is not defective, or was accepted.
    /// Relations, the verdict, the forecast and every screen ask here and nowhere else.
    pub fn is_judged(&self, replica: &Replica) -> bool {
        replica.state != State::Broken && self.of(&replica.label).is_none_or(Copied::is_usable)
    }

    /// Those that are defective and were not accepted.
    pub fn defective<'a>(
        &'a self,
        replicas: &'a [Replica],
    ) -> impl Iterator<Item = (&'a Replica, &'a Copied)> {
        replicas
            .iter()
            .filter_map(|replica| Some((replica, self.of(&replica.label)?)))
            .filter(|(_, copied)| !copied.is_usable())
    }
}

impl FromIterator<(Label, Copied)> for Copies {
    fn from_iter<T: IntoIterator<Item = (Label, Copied)>>(copies: T) -> Self {
        Self(copies.into_iter().collect())
    }
}
