//! What a forecast rests on.

use super::Options;
use super::related::Related;
use crate::ident::Label;
use crate::ident::Version;
use crate::lineage::{Contents, Holds, Lineage};
use crate::replica::{Copies, Replica};

/// One volume, as far as it is judged.
pub(super) struct Ground<'a> {
    pub replicas: &'a [Replica],
    pub lineage: &'a Lineage,
    pub copies: &'a Copies,
    pub factor: usize,
    pub version: Version,
    /// Where the replicas' own contents differ, if all blocks of them were read; others are then read too.
    pub contents: Option<&'a Contents>,
}

impl<'a> Ground<'a> {
    /// The ground of a volume that was related. A sample shows no difference for certain, so its contents are left out.
    pub fn of(related: &'a Related, options: &Options) -> Self {
        let shown = related.replicas.iter().filter_map(Replica::generation);
        let compared = related.comparison.as_ref().filter(|found| found.sample.is_none());
        Self {
            replicas: &related.replicas,
            lineage: &related.lineage,
            copies: &related.copies,
            factor: options.factor,
            version: options.jiva_version.unwrap_or_else(|| Version::shown_by(shown)),
            contents: compared.map(|found| &found.contents),
        }
    }

    pub fn replica(&self, label: &Label) -> Option<&'a Replica> {
        Some(&self.replicas[self.place(label)?])
    }

    /// Whether the copy of a replica may be judged.
    pub fn is_judged(&self, label: &Label) -> bool {
        !self.copies.is_defective(label)
    }

    /// The place of a replica in the volume.
    pub fn place(&self, label: &Label) -> Option<usize> {
        self.replicas.binary_search_by(|replica| replica.label.cmp(label)).ok()
    }

    /// What `other` holds and `one` lacks, as far as they can be related.
    pub fn lacks(&self, one: &Label, other: &Label) -> Option<&'a Holds> {
        self.lineage.between(one, other)?.lacks(one, other)
    }

    /// Whether `one` holds all that `other` holds.
    pub fn includes(&self, one: &Label, other: &Label) -> bool {
        one == other || self.lacks(one, other).is_some_and(Holds::nothing)
    }
}
