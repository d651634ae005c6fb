//! Capsules whose sums were made with a key: only sums of one key can be compared, and data only where the key is at hand.
//! Of a capsule that cannot be compared with most of its volume nothing is known, and it may hold more than the others.

use std::collections::BTreeMap;

use crate::finding::{Exhibit, Facts, Finding, KeyFault};
use crate::replica::{Defect, Flag, Replica};

/// In what a replica can be compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Means {
    /// In its data, and in any sums that can be made of them here.
    Data,
    /// In sums of one key, or of none. `made` where they can be made of data here.
    Sums { key: Option<String>, made: bool },
}

impl Means {
    fn of(replica: &Replica) -> Self {
        replica.source.sums().map_or(Self::Data, |sums| Self::Sums {
            key: sums.key().map(str::to_owned),
            made: sums.sum(&[]).is_some(),
        })
    }

    /// Whether a replica of these means can be compared where all is compared in `measure`.
    fn fits(&self, measure: &Self) -> bool {
        self == measure || *self == Self::Data && matches!(measure, Self::Sums { made: true, .. })
    }
}

/// Sets apart the replicas of a volume that cannot be compared with most of the others.
pub(super) fn set_apart(replicas: &mut [Replica], findings: &mut Vec<Finding>) {
    let means: Vec<Means> = replicas.iter().map(Means::of).collect();
    let mut counts: BTreeMap<&Means, usize> = BTreeMap::new();
    for measure in &means {
        counts.entry(measure).or_insert_with(|| means.iter().filter(|one| one.fits(measure)).count());
    }
    // Of as many the first: data before sums, sums without a key before those with one.
    let Some((measure, _)) = counts.iter().rev().max_by_key(|(_, count)| **count) else { return };
    for (replica, own) in replicas.iter_mut().zip(&means).filter(|(_, own)| !own.fits(measure)) {
        let fault = match (own, *measure) {
            (Means::Sums { made: false, .. }, Means::Data | Means::Sums { key: None, .. }) => {
                KeyFault::OwnNotGiven
            }
            (Means::Data | Means::Sums { key: None, .. }, Means::Sums { made: false, .. }) => {
                KeyFault::OthersNotGiven
            }
            _ => KeyFault::Different,
        };
        replica.defects.push(Defect::of(None, fault.to_string()));
        replica.defects.sort();
        replica.flags.insert(Flag::OtherKey);
        let exhibit = Exhibit::file(&replica.label, "volume.meta");
        findings.push(Finding::of(&replica.label, Facts::KeyMissing { fault }, exhibit));
    }
}
