//! What can be said of a directory of Longhorn's without any rule of Jiva's.

use crate::dialect::signs::{Sign, Signs};
use crate::finding::{Exhibit, Facts, Finding, ForeignGap};
use crate::replica::chain::{End, Walk};
use crate::replica::{Dialect, Flag, Replica, State, VolumeMeta};

/// Whether its chain can be followed, as far as the two formats agree.
pub(in crate::dialect) fn state(meta: Option<&VolumeMeta>, walk: Option<&Walk>) -> State {
    let whole = meta.is_some_and(|meta| meta.size.is_some_and(|size| size >= 0 && size % 512 == 0))
        && walk.is_some_and(|walk| walk.end == End::Base);
    if whole { State::Usable } else { State::Broken }
}

/// Sets flags and findings.
pub(in crate::dialect) fn notice(replica: &mut Replica, signs: &Signs, found: &mut Vec<Finding>) {
    if let Some(sign) = signs.longhorn() {
        whose(replica, signs, &sign, found);
    }
    images(replica, found);
    if replica.disks.iter().any(|disk| !disk.on_chain) {
        replica.flags.insert(Flag::OffChainDisks);
    }
}

/// Whose directory it is, and whether its chain leads to a base.
fn whose(replica: &Replica, signs: &Signs, sign: &Sign, found: &mut Vec<Finding>) {
    let label = &replica.label;
    let exhibit = |sign: &Sign| match sign.key {
        Some(key) => Exhibit::field(label, sign.file.as_str(), key, "present"),
        None => Exhibit::file(label, sign.file.as_str()),
    };
    let facts = Facts::ForeignDialect { mixed: replica.dialect != Dialect::Longhorn };
    let mut finding = Finding::of(label, facts, exhibit(sign));
    if let Some(other) = signs.contradicted() {
        finding = finding.and(exhibit(other));
    }
    found.push(finding);
    if replica.state == State::Broken {
        let missing = match &replica.meta {
            None => ForeignGap::VolumeMeta,
            Some(_) => ForeignGap::Record,
        };
        let exhibit = Exhibit::file(label, "volume.meta");
        found.push(Finding::of(label, Facts::ForeignChainBroken { missing }, exhibit));
    }
}

/// Images of the chain that are not here.
fn images(replica: &mut Replica, found: &mut Vec<Finding>) {
    if replica.flags.contains(&Flag::RecordsOnly) {
        return;
    }
    let label = &replica.label;
    let mut missing = false;
    for disk in replica.chain_disks().filter(|disk| disk.image.is_none()) {
        missing = true;
        let facts = Facts::ForeignChainBroken { missing: ForeignGap::Image { disk: disk.name.clone() } };
        let exhibit = Exhibit::file(label, disk.name.as_str());
        found.push(Finding::of(label, facts, exhibit).on(&disk.name));
    }
    if missing {
        replica.flags.insert(Flag::ImageMissing);
    }
}
