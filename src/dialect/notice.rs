//! What is to be noticed about one replica, from its description: what holds whatever engine wrote it, and what its
//! dialect says.

use std::collections::BTreeSet;

use super::jiva::{self, CounterFile, FileKind, LogInfo};
use super::reader::FileState;
use super::{Signs, longhorn};
use crate::evidence::Entry;
use crate::finding::{CopyFault, Exhibit, Facts, Finding, NotRead};
use crate::go::MetaError;
use crate::replica::{CounterError, Flag, Replica, VolumeMeta};

/// What `describe` read and the replica itself does not carry on.
pub(super) struct Seen<'a> {
    /// `volume.meta`, unless it was read.
    pub meta: Option<FileState<VolumeMeta, MetaError>>,
    pub counter: FileState<CounterFile, CounterError>,
    pub log_info: FileState<LogInfo, MetaError>,
    pub entries: &'a [Entry],
    pub signs: Signs,
}

/// Sets flags and findings.
pub(super) fn notice(replica: &mut Replica, seen: &Seen<'_>) {
    let mut found = Vec::new();
    damage(replica, seen.entries, &mut found);
    images_unread(replica, &mut found);
    backing(replica, &mut found);
    if replica.is_jivas() {
        jiva::notice(replica, seen, &mut found);
    } else {
        longhorn::notice(replica, &seen.signs, &mut found);
    }
    unread(replica, &mut found);
    replica.findings = found;
}

/// What could not be read here.
fn unread(replica: &Replica, found: &mut Vec<Finding>) {
    let files: BTreeSet<&NotRead> = replica.unread.iter().collect();
    let finding = |file: &NotRead| Finding::volume(Facts::NotReadHere(file.clone()), Vec::new());
    found.extend(files.into_iter().map(|file| finding(file).about(&replica.label)));
}

/// Files of which the copy lacks something.
fn damage(replica: &mut Replica, entries: &[Entry], found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    for entry in entries {
        let Some(damage) = &entry.damage else { continue };
        if matches!(FileKind::of(&entry.name), FileKind::Foreign | FileKind::Log) {
            continue;
        }
        replica.flags.insert(Flag::UnfaithfulCopy);
        let fault = CopyFault::Damaged { damage: damage.clone() };
        let facts = Facts::CopyIncomplete { file: entry.name.clone(), fault };
        found.push(Finding::of(&label, facts, Exhibit::file(&label, &*entry.name)));
    }
}

/// Images of the chain whose extents are not known: without them an image would pass for an empty one.
fn images_unread(replica: &mut Replica, found: &mut Vec<Finding>) {
    let before = found.len();
    for disk in replica.chain_disks() {
        let Some(Err(error)) = disk.image.as_ref().map(|image| &image.extents) else { continue };
        let fault = CopyFault::ExtentsUnknown { error: error.to_string() };
        let facts = Facts::CopyIncomplete { file: disk.name.to_string(), fault };
        found.push(Finding::of(&replica.label, facts, Exhibit::file(&replica.label, disk.name.as_str())));
    }
    if found.len() > before {
        replica.flags.insert(Flag::UnfaithfulCopy);
    }
}

/// An image below the oldest disk that is named and not here.
fn backing(replica: &mut Replica, found: &mut Vec<Finding>) {
    let Some(file) = &replica.backing_file else { return };
    let here = !file.contains('/')
        && replica.source.entries().binary_search_by(|entry| entry.name.as_str().cmp(file)).is_ok();
    if here {
        return;
    }
    let label = &replica.label;
    let key = if replica.is_jivas() { "BackingFileName" } else { "BackingFilePath" };
    let facts = Facts::BackingFileMissing { file: file.clone() };
    found.push(Finding::of(label, facts, Exhibit::field(label, "volume.meta", key, file)));
    replica.flags.insert(Flag::BackingFileMissing);
}
