//! What a forecast rests on.

use std::collections::BTreeSet;

use super::Options;
use super::related::Related;
use crate::ident::Label;
use crate::ident::Version;
use crate::lineage::{Basis, Contents, Holds, Lineage, RelationKind};
use crate::replica::{Copies, Replica};
use crate::verdict::Case;

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

    /// Copies of a directory that is here already, and shows the same: it is started once. Where only they make up the set,
    /// somebody may have put a copy in the place of a replica, and it is started too.
    pub fn again(&self) -> BTreeSet<&'a Label> {
        let mut out = BTreeSet::new();
        if Case::count(self.replicas.iter()) < self.factor {
            return out;
        }
        for (at, replica) in self.replicas.iter().enumerate() {
            let same = |other: &&Replica| {
                replica.uuid().is_some()
                    && replica.uuid() == other.uuid()
                    && self.lineage.between(&replica.label, &other.label).is_some_and(|relation| {
                        relation.kind == RelationKind::Identical && relation.basis == Basis::Blocks
                    })
            };
            if self.replicas[..at].iter().any(|other| same(&other)) {
                out.insert(&replica.label);
            }
        }
        out
    }

    /// Whether `one` holds all that `other` holds.
    pub fn includes(&self, one: &Label, other: &Label) -> bool {
        one == other || self.lacks(one, other).is_some_and(Holds::nothing)
    }
}
