//! Who holds whose data, as the comparison of a volume tells it: asked by whoever makes steps and by whoever plays them.

use crate::analysis::Volume;
use crate::dialect::jiva::engine::is_empty;
use crate::ident::Label;
use crate::lineage::Holds;
use crate::replica::{Replica, State};
use crate::verdict::{Confidence, holds_beside_view};

/// The comparison of a volume, as questions about two replicas.
#[derive(Debug, Clone, Copy)]
pub struct Holdings<'a>(&'a Volume);

impl<'a> Holdings<'a> {
    /// Those of a volume.
    pub fn of(volume: &'a Volume) -> Self {
        Self(volume)
    }

    /// The volume's replicas, by label.
    pub fn labels(self) -> impl Iterator<Item = &'a Label> {
        self.0.replicas.iter().map(|replica| &replica.label)
    }

    fn replica(self, label: &Label) -> Option<&'a Replica> {
        Replica::among(&self.0.replicas, label)
    }

    /// What `other` holds and `holder` lacks; `None` where that is not known. Of a defective copy nothing is.
    pub fn lacks(self, holder: &Label, other: &Label) -> Option<&'a Holds> {
        let defective = |label: &Label| self.0.copies.is_defective(label);
        if defective(holder) || defective(other) {
            return None;
        }
        self.0.lineage.between(holder, other)?.lacks(holder, other)
    }

    /// Whether `holder` is known to hold everything that `other` holds.
    pub fn includes(self, holder: &Label, other: &Label) -> bool {
        holder == other || self.lacks(holder, other).is_some_and(Holds::nothing)
    }

    /// The same without a doubt: a counter alone, or a weak verdict, carries nobody's data.
    pub fn includes_for_certain(self, holder: &Label, other: &Label) -> bool {
        let relation = self.0.lineage.between(holder, other);
        let certain = self.0.verdict.confidence >= Confidence::Strong
            && relation.is_some_and(|relation| relation.doubts.is_empty());
        holder == other || (certain && self.includes(holder, other))
    }

    /// Whether two replicas are known to hold the same. One write under way, which takes nothing from either, is a
    /// difference all the same.
    pub fn alike(self, one: &Label, other: &Label) -> bool {
        let relation = self.0.lineage.between(one, other);
        let differ =
            relation.and_then(|relation| relation.differ.as_ref()).is_some_and(|runs| !runs.is_empty());
        !differ && self.includes(one, other) && self.includes(other, one)
    }

    /// Whether nothing of a replica can be lost: there is nothing in its directory, for certain.
    pub fn has_nothing(self, label: &Label) -> bool {
        self.replica(label).is_some_and(|one| {
            let sure = one.state != State::Broken && !self.0.copies.is_defective(label);
            sure && is_empty(one) && one.alternates.is_empty()
        })
    }

    /// Whether a replica's directory holds data that its view does not show, such as disks that no chain reaches: an export
    /// does not save them, and another replica's view does not hold them.
    pub fn has_more_than_its_view(self, label: &Label) -> bool {
        self.replica(label).is_some_and(holds_beside_view)
    }

    /// Whether the data of a replica can be taken out as an image: it can be read, and its copy is worth judging.
    pub fn can_be_exported(self, label: &Label) -> bool {
        self.replica(label).is_some_and(|replica| {
            replica.state == State::Usable
                && replica.has_images()
                && !replica.chain.is_empty()
                && self.0.copies.is_judged(replica)
        })
    }

    /// The replicas that hold something that `keep` lacks, and how many blocks that is, where it is known.
    pub fn without(self, keep: &Label) -> Vec<(Label, Option<u64>)> {
        let others = self.labels().filter(|other| *other != keep && !self.includes(keep, other));
        others
            .map(|other| {
                let known = self.lacks(keep, other).filter(|holds| !holds.more);
                (other.clone(), known.map(|holds| holds.blocks.blocks()))
            })
            .collect()
    }
}
