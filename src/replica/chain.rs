//! Following records by file name, from a tip to the base.

use std::collections::BTreeSet;

use super::{Disks, RecordState};
use crate::ident::DiskName;

/// How a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// At a record without parent.
    Base,
    /// The record of this disk is not there.
    Missing(DiskName),
    /// The record of this disk cannot be read or does not decode.
    Invalid(DiskName),
    /// This disk was met before.
    Loop(DiskName),
}

/// The disks met, tip first, and how it ended. Finite, and without a disk twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Walk {
    /// The disks by their place among all.
    pub places: Vec<usize>,
    pub end: End,
}

impl Walk {
    /// The names of the disks met.
    pub fn names(&self, disks: &Disks) -> Vec<DiskName> {
        self.places.iter().map(|at| disks[*at].name.clone()).collect()
    }
}

/// Follows `Parent` from `tip`.
///
/// The file name counts; the `Name` inside a record never does, since Jiva ignores it.
pub(crate) fn walk(disks: &Disks, tip: &DiskName) -> Walk {
    match disks.place(tip.as_str()) {
        Some(at) => walk_from(disks, at, &mut Met::none(disks)),
        None => Walk { places: Vec::new(), end: End::Missing(tip.clone()) },
    }
}

/// The disks that a walk has met. One serves for many walks: a directory may hold thousands of tips.
struct Met {
    /// For each disk the number of the walk that met it last.
    by: Vec<u32>,
    walk: u32,
}

impl Met {
    fn none(disks: &Disks) -> Self {
        Self { by: vec![0; disks.len()], walk: 0 }
    }

    /// Whether this walk meets the disk for the first time.
    fn is_new(&mut self, at: usize) -> bool {
        std::mem::replace(&mut self.by[at], self.walk) != self.walk
    }
}

fn walk_from(disks: &Disks, mut at: usize, met: &mut Met) -> Walk {
    let mut places = Vec::new();
    met.walk += 1;
    let end = loop {
        let disk = &disks[at];
        if !met.is_new(at) {
            break End::Loop(disk.name.clone());
        }
        match &disk.record {
            RecordState::Absent => break End::Missing(disk.name.clone()),
            RecordState::Invalid(_) | RecordState::Unreadable(_) => break End::Invalid(disk.name.clone()),
            RecordState::Read(_) => {
                places.push(at);
                at = match (disks.below(at), disk.parent()) {
                    (Some(below), _) => below,
                    (None, Some(parent)) => break End::Missing(DiskName::from(parent)),
                    (None, None) => break End::Base,
                };
            }
        }
    };
    Walk { places, end }
}

/// The chains of disks that the active chain does not reach: one per tip, where a tip is nobody's parent.
///
/// Each goes down to its base, or to where it meets the active chain, or to where it breaks. A circle off
/// the chain has no tip; its smallest name stands for it.
pub(crate) fn alternates(disks: &Disks) -> Vec<Vec<DiskName>> {
    let off: Vec<usize> = (0..disks.len()).filter(|at| !disks[*at].on_chain).collect();
    let parents: BTreeSet<usize> = off.iter().filter_map(|at| disks.below(*at)).collect();
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut met = Met::none(disks);
    let mut out = Vec::new();
    let tips = off.iter().filter(|at| !parents.contains(at));
    for tip in tips.chain(off.iter()) {
        if seen.contains(tip) {
            continue;
        }
        let mut places = walk_from(disks, *tip, &mut met).places;
        if places.is_empty() {
            places.push(*tip); // an image without a record still is a disk
        }
        // Joined to another alternate's disks on purpose: what two tips share belongs to both.
        let own = places.iter().take_while(|at| !disks[**at].on_chain).count();
        seen.extend(places.iter().filter(|at| !disks[**at].on_chain));
        places.truncate((own + 1).min(places.len())); // the disk on the active chain it stands on, if any
        out.push(places.into_iter().map(|at| disks[at].name.clone()).collect());
    }
    out
}
