//! Whose data lie where: in directories, in copies and exports beside them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::analysis::Volume;
use crate::dialect::jiva::engine::is_empty;
use crate::ident::Label;
use crate::lineage::Holds;
use crate::replica::State;
use crate::verdict::Confidence;

/// The account of a volume.
#[derive(Debug, Clone)]
pub struct Ledger<'a> {
    volume: &'a Volume,
    /// Whose data each directory holds in full; absent where nobody's.
    directories: BTreeMap<Label, Label>,
    /// Whose data lie in copies and exports.
    kept: BTreeSet<Label>,
    /// Those that are gone.
    gone: BTreeSet<Label>,
    /// Those that lie only where it is not certain that they do.
    doubted: BTreeSet<Label>,
    /// Those that were found missing in the volume.
    missed: BTreeSet<Label>,
}

/// Data of a replica that lie nowhere any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Loss {
    /// Whose.
    pub replica: Label,
    /// How many blocks no other copy holds, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<u64>,
    /// Whether it may be more, or is unknown altogether.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

impl<'a> Ledger<'a> {
    /// Everything as it lies in the evidence.
    pub fn of(volume: &'a Volume) -> Self {
        let own = volume.replicas.iter().map(|replica| (replica.label.clone(), replica.label.clone()));
        Self {
            volume,
            directories: own.collect(),
            kept: BTreeSet::new(),
            gone: BTreeSet::new(),
            doubted: BTreeSet::new(),
            missed: BTreeSet::new(),
        }
    }

    /// Whose data the directory of a replica holds in full.
    pub fn holds(&self, replica: &Label) -> Option<&Label> {
        self.directories.get(replica)
    }

    /// Notes that a directory now holds the data of a replica in full, or nobody's.
    pub fn set(&mut self, replica: &Label, data: Option<Label>) {
        match data {
            Some(data) => drop(self.directories.insert(replica.clone(), data)),
            None => drop(self.directories.remove(replica)),
        }
    }

    /// Notes a copy or an export of what the directory of a replica holds.
    pub fn keep(&mut self, replica: &Label) {
        self.kept.extend(self.directories.get(replica).cloned());
    }

    /// Whether the data of a replica lie in a copy or an export.
    pub fn is_kept(&self, replica: &Label) -> bool {
        self.kept.iter().any(|kept| self.includes(kept, replica))
    }

    /// Whether `holder` is known to hold everything that `other` holds.
    pub fn includes(&self, holder: &Label, other: &Label) -> bool {
        holder == other || self.lacks(holder, other).is_some_and(Holds::nothing)
    }

    /// The same without a doubt: a counter alone, or a weak verdict, carries nobody's data.
    fn includes_for_certain(&self, holder: &Label, other: &Label) -> bool {
        let relation = self.volume.lineage.between(holder, other);
        let certain = self.volume.verdict.confidence >= Confidence::Strong
            && relation.is_some_and(|relation| relation.doubts.is_empty());
        holder == other || (certain && self.includes(holder, other))
    }

    /// The replicas whose data lie only where it is not certain that they do, since the last time this was asked.
    pub fn newly_doubted(&mut self) -> Vec<Label> {
        let places: Vec<Label> = self.places().into_iter().cloned().collect();
        let doubtful = |label: &&Label| {
            let certain = places.iter().any(|holder| self.includes_for_certain(holder, label));
            !certain
                && !self.gone.contains(label)
                && !self.doubted.contains(label)
                && !self.has_nothing(label)
        };
        let labels = self.volume.replicas.iter().map(|replica| &replica.label);
        let found: Vec<Label> = labels.filter(doubtful).cloned().collect();
        self.doubted.extend(found.iter().cloned());
        found
    }

    /// Whether two replicas are known to hold the same. One write under way, which takes nothing from either, is a
    /// difference all the same.
    pub fn alike(&self, one: &Label, other: &Label) -> bool {
        let relation = self.volume.lineage.between(one, other);
        let differ =
            relation.and_then(|relation| relation.differ.as_ref()).is_some_and(|runs| !runs.is_empty());
        !differ && self.includes(one, other) && self.includes(other, one)
    }

    /// What `other` holds and `holder` lacks; `None` where that is not known.
    fn lacks(&self, holder: &Label, other: &Label) -> Option<&'a Holds> {
        let defective = |label: &Label| self.volume.copies.is_defective(label);
        if defective(holder) || defective(other) {
            return None;
        }
        self.volume.lineage.between(holder, other)?.lacks(holder, other)
    }

    /// Whether nothing of a replica can be lost: there is nothing in its directory, for certain.
    fn has_nothing(&self, replica: &Label) -> bool {
        let found = self.volume.replicas.iter().find(|one| one.label == *replica);
        found.is_some_and(|one| {
            let sure = one.state != State::Broken && !self.volume.copies.is_defective(replica);
            sure && is_empty(one) && one.alternates.is_empty()
        })
    }

    /// The places that still hold something: by whose data they are.
    fn places(&self) -> BTreeSet<&Label> {
        self.directories.values().chain(&self.kept).collect()
    }

    /// The replicas whose data lie nowhere any more since the last time this was asked.
    pub fn newly_lost(&mut self) -> Vec<Loss> {
        let places: Vec<Label> = self.places().into_iter().cloned().collect();
        let mut out = Vec::new();
        for replica in &self.volume.replicas {
            let label = &replica.label;
            let safe = places.iter().any(|holder| self.includes(holder, label));
            if safe || self.gone.contains(label) || self.has_nothing(label) {
                continue;
            }
            self.gone.insert(label.clone());
            out.push(self.loss(label, &places));
        }
        out
    }

    /// The replicas whose data a volume lacks that is read from `served`, and that lie in no copy or export, since the last
    /// time this was asked.
    pub fn newly_missed(&mut self, served: Option<&Label>) -> Vec<Loss> {
        let places: Vec<Label> = served.into_iter().chain(&self.kept).cloned().collect();
        let mut out = Vec::new();
        for replica in &self.volume.replicas {
            let label = &replica.label;
            let here = places.iter().any(|holder| self.includes(holder, label));
            if here || self.gone.contains(label) || self.missed.contains(label) || self.has_nothing(label) {
                continue;
            }
            self.missed.insert(label.clone());
            out.push(self.loss(label, &places));
        }
        out
    }

    /// What the nearest of some places lacks of a replica.
    fn loss(&self, label: &Label, places: &[Label]) -> Loss {
        let known = places.iter().filter_map(|holder| self.lacks(holder, label));
        let least = known.min_by_key(|holds| (holds.blocks.blocks(), holds.more));
        Loss {
            replica: label.clone(),
            blocks: least.map(|holds| holds.blocks.blocks()),
            more: least.is_none_or(|holds| holds.more),
        }
    }
}
