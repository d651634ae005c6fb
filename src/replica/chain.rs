//! Following records by file name, from a tip to the base.

use std::collections::{BTreeMap, BTreeSet};

use super::{Disk, RecordState};
use crate::ident::DiskName;

/// How a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
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
pub(super) struct Walk {
    pub names: Vec<DiskName>,
    pub end: End,
}

/// Follows `Parent` from `tip`.
///
/// The file name counts; the `Name` inside a record never does, since Jiva ignores it.
pub(super) fn walk(disks: &BTreeMap<DiskName, Disk>, tip: &DiskName) -> Walk {
    let mut names = Vec::new();
    let mut met = BTreeSet::new();
    let mut at = tip.clone();
    loop {
        if met.contains(&at) {
            return Walk { names, end: End::Loop(at) };
        }
        match disks.get(&at).map(|disk| &disk.record) {
            None | Some(RecordState::Absent) => return Walk { names, end: End::Missing(at) },
            Some(RecordState::Invalid(_) | RecordState::Unreadable(_)) => {
                return Walk { names, end: End::Invalid(at) };
            }
            Some(RecordState::Read(record)) => {
                met.insert(at.clone());
                names.push(at);
                match record.parent.as_deref() {
                    None | Some("") => return Walk { names, end: End::Base },
                    Some(parent) => at = DiskName::from(parent),
                }
            }
        }
    }
}

/// The chains of disks that the active chain does not reach: one per tip, where a tip is nobody's parent.
///
/// Each goes down to its base, or to where it meets the active chain, or to where it breaks. A circle off
/// the chain has no tip; its smallest name stands for it.
pub(super) fn alternates(disks: &BTreeMap<DiskName, Disk>) -> Vec<Vec<DiskName>> {
    let off: BTreeSet<&DiskName> = disks.values().filter(|d| !d.on_chain).map(|d| &d.name).collect();
    let parents: BTreeSet<DiskName> = off.iter().filter_map(|name| disks[*name].parent()).collect();
    let mut seen: BTreeSet<DiskName> = BTreeSet::new();
    let mut out = Vec::new();
    let tips = off.iter().filter(|name| !parents.contains(**name));
    for tip in tips.chain(off.iter()) {
        if seen.contains(*tip) {
            continue;
        }
        let mut names = walk(disks, tip).names;
        if names.is_empty() {
            names.push((*tip).clone()); // an image without a record still is a disk
        }
        // Joined to another alternate's disks on purpose: what two tips share belongs to both.
        seen.extend(names.iter().filter(|name| off.contains(name)).cloned());
        let own = names.iter().take_while(|name| off.contains(name)).count();
        names.truncate((own + 1).min(names.len())); // the disk on the active chain it stands on, if any
        out.push(names);
    }
    out
}
