//! A directory of another engine: what can be said of it without any rule of Jiva's.

use super::chain::{End, Walk};
use super::{Flag, Replica, State};
use crate::finding::{Code, Exhibit, Finding};
use crate::format::{Dialect, Signs, VolumeMeta};

/// Whether its chain can be followed, as far as the two formats agree.
pub(super) fn state(meta: Option<&VolumeMeta>, walk: Option<&Walk>) -> State {
    let whole = meta.is_some_and(|meta| meta.size.is_some_and(|size| size >= 0 && size % 512 == 0))
        && walk.is_some_and(|walk| walk.end == End::Base);
    if whole { State::Usable } else { State::Broken }
}

/// Sets the flag, and says whose directory it is.
pub(super) fn notice(replica: &mut Replica, signs: &Signs, found: &mut Vec<Finding>) {
    let label = &replica.label;
    let Some(sign) = signs.longhorn() else { return };
    let exhibit = |sign: &crate::format::Sign| match sign.key {
        Some(key) => Exhibit::field(label, sign.file.as_str(), key, "present"),
        None => Exhibit::file(label, sign.file.as_str()),
    };
    let mut finding = if replica.dialect == Dialect::Longhorn {
        let text = "this is a Longhorn directory; what Jiva would do does not apply";
        Finding::of(Code::ForeignDialect, label, text, exhibit(&sign))
    } else {
        let text =
            "keys of Longhorn and keys of Jiva stand in one directory, so neither engine's rules are applied";
        Finding::of(Code::ForeignDialect, label, text, exhibit(&sign))
    };
    if let Some(other) = signs.contradicted() {
        finding = finding.and(exhibit(other));
    }
    found.push(finding);
    if replica.state == State::Broken {
        let text = match &replica.meta {
            None => "without volume.meta the chain is not known".to_owned(),
            Some(_) => "its records do not lead from the head to a base".to_owned(),
        };
        let exhibit = Exhibit::file(label, "volume.meta");
        found.push(Finding::of(Code::ForeignChainBroken, label, text, exhibit));
    }
}

/// Images of the chain that are not here.
pub(super) fn images(replica: &mut Replica, found: &mut Vec<Finding>) {
    if replica.flags.contains(&Flag::RecordsOnly) {
        return;
    }
    let label = &replica.label;
    let mut missing = false;
    for disk in replica.chain_disks().filter(|disk| disk.image.is_none()) {
        missing = true;
        let text = format!("{} is in the chain and has no image", disk.name);
        let exhibit = Exhibit::file(label, disk.name.as_str());
        found.push(Finding::of(Code::ForeignChainBroken, label, text, exhibit).on(&disk.name));
    }
    if missing {
        replica.flags.insert(Flag::ImageMissing);
    }
}
