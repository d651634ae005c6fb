//! Whose data lie where: in directories, in copies and exports beside them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::holdings::Holdings;
use crate::analysis::Volume;
use crate::ident::Label;

/// The account of a volume.
#[derive(Debug, Clone)]
pub struct Ledger<'a> {
    holdings: Holdings<'a>,
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
        let holdings = Holdings::of(volume);
        Self {
            holdings,
            directories: holdings.labels().map(|label| (label.clone(), label.clone())).collect(),
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
        self.holdings.includes(holder, other)
    }

    /// The replicas whose data lie only where it is not certain that they do, since the last time this was asked.
    pub fn newly_doubted(&mut self) -> Vec<Label> {
        let places: Vec<Label> = self.places().into_iter().cloned().collect();
        let doubtful = |label: &&Label| {
            let certain = places.iter().any(|holder| self.holdings.includes_for_certain(holder, label));
            !certain
                && !self.gone.contains(label)
                && !self.doubted.contains(label)
                && !self.holdings.has_nothing(label)
        };
        let found: Vec<Label> = self.holdings.labels().filter(doubtful).cloned().collect();
        self.doubted.extend(found.iter().cloned());
        found
    }

    /// The places that still hold something: by whose data they are.
    fn places(&self) -> BTreeSet<&Label> {
        self.directories.values().chain(&self.kept).collect()
    }

    /// The replicas whose data lie nowhere any more since the last time this was asked.
    pub fn newly_lost(&mut self) -> Vec<Loss> {
        let places: Vec<Label> = self.places().into_iter().cloned().collect();
        let mut out = Vec::new();
        for label in self.holdings.labels() {
            let safe = places.iter().any(|holder| self.includes(holder, label));
            if safe || self.gone.contains(label) || self.holdings.has_nothing(label) {
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
        for label in self.holdings.labels() {
            let here = places.iter().any(|holder| self.includes(holder, label));
            if here
                || self.gone.contains(label)
                || self.missed.contains(label)
                || self.holdings.has_nothing(label)
            {
                continue;
            }
            self.missed.insert(label.clone());
            out.push(self.loss(label, &places));
        }
        out
    }

    /// What the nearest of some places lacks of a replica.
    fn loss(&self, label: &Label, places: &[Label]) -> Loss {
        let known = places.iter().filter_map(|holder| self.holdings.lacks(holder, label));
        let least = known.min_by_key(|holds| (holds.blocks.blocks(), holds.more));
        Loss {
            replica: label.clone(),
            blocks: least.map(|holds| holds.blocks.blocks()),
            more: least.is_none_or(|holds| holds.more),
        }
    }
}
