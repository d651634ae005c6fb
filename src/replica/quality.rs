//! What a copy is worth: for each image of the chain, and for the replica the worst of them.
//!
//! What tells it is read elsewhere, since some of it needs the blocks.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Replica, State};
use crate::evidence::Origin;
use crate::finding::CopyReason;
use crate::ident::{BLOCK_SIZE, DiskName, Label};

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
    /// Its content was checked against sums that were made where the replica lay.
    Attested,
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
    /// What decided.
    pub why: CopyReason,
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
    /// What decided.
    pub ground: Ground,
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

/// What decides what the copy of one image is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ground {
    /// Something of it is missing, cut or unreadable; the replica's defects say what.
    Defect,
    /// Its blocks were summed up where the replica lay, and it did not change meanwhile.
    Attested,
    /// Its holes were filled: it has none left, or none whose edges are not multiples of so many bytes.
    Filled(Option<u64>),
    /// It is the base.
    Base,
    /// It stores nothing, and no write was counted in it.
    NothingCounted,
    /// It stores nothing, and nothing shows that nothing was written in it.
    NothingStored,
    /// Its blocks were not read.
    Unread,
    /// It has no hole, and so many of its blocks are zeros over older data.
    ZerosOverData(u64),
    /// It has no hole, and hides no older data under zeros.
    Full,
    /// Every hole edge is a multiple of so many bytes.
    Coarse(u64),
    /// It has a hole and a stored block of zeros.
    HolesAndZeros,
    /// It has a hole, and no stored block of zeros was met.
    NoZeros,
}

impl CopiedImage {
    /// What decided.
    pub fn why(&self) -> CopyReason {
        let disk = self.disk.clone();
        match self.ground {
            Ground::Defect => CopyReason::NotWhole { disk },
            Ground::Attested => CopyReason::Attested { disk },
            Ground::Filled(grain) => CopyReason::Filled { disk, grain },
            Ground::Base => CopyReason::Base { disk },
            Ground::NothingCounted => CopyReason::NothingCounted { disk },
            Ground::NothingStored => CopyReason::NothingStored { disk },
            Ground::Unread => CopyReason::Unread { disk },
            Ground::ZerosOverData(blocks) => CopyReason::ZerosOverData { disk, blocks },
            Ground::Full => CopyReason::Full { disk },
            Ground::Coarse(grain) => CopyReason::Coarse { disk, grain },
            Ground::HolesAndZeros => CopyReason::HolesAndZeros { disk },
            Ground::NoZeros => CopyReason::NoZeros { disk },
        }
    }

    /// Whether its holes were filled when it was copied.
    pub fn is_filled(&self) -> bool {
        matches!(self.ground, Ground::Filled(_))
    }
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

    /// What the images of the chain are worth, by name.
    pub fn by_disk(&self) -> BTreeMap<&DiskName, Quality> {
        self.images.iter().map(|image| (&image.disk, image.quality)).collect()
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

    /// What one copy is worth; unknown where nothing was said of it.
    pub fn quality(&self, label: &Label) -> Quality {
        self.of(label).map_or(Quality::Unknown, |copied| copied.quality)
    }

    /// Whether the data of a replica may be judged: Jiva could open it, and its copy is not defective, or was accepted.
    /// Relations, the verdict, the forecast and every screen ask here and nowhere else.
    pub fn is_judged(&self, replica: &Replica) -> bool {
        replica.state != State::Broken && !self.is_defective(&replica.label)
    }

    /// Whether a copy shows that it dropped no zeros that the original stores: every image does, or one of them that has
    /// holes at the places where Jiva makes them and zeros beside them. One tool copies a directory, mostly.
    pub fn keeps_zeros(&self, label: &Label) -> bool {
        let shows = |image: &CopiedImage| match image.ground {
            Ground::HolesAndZeros | Ground::Attested => true,
            Ground::Base => image.zeros > 0 && image.grain == Some(BLOCK_SIZE),
            _ => false,
        };
        self.of(label)
            .is_some_and(|copied| copied.quality >= Quality::Faithful || copied.images.iter().any(shows))
    }

    /// Whether a copy is defective and was not accepted as what lies on the node.
    pub fn is_defective(&self, label: &Label) -> bool {
        self.of(label).is_some_and(|copied| !copied.is_usable())
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
