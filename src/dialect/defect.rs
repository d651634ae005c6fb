//! What is wrong with a copy, as far as its directory shows without reading an image.
//!
//! A copy is not the replica. What is missing, cut or unreadable here says nothing about what lies on the node, so a
//! replica with such a copy is not judged (design 6.0).

use super::jiva::FileKind;
use crate::evidence::Entry;
use crate::ident::DiskName;
use crate::replica::{Defect, Disk, Flag, RecordState, Replica, State};

/// The faults of the copy of a described replica, sorted. `container` tells those of the archive that holds it.
pub(super) fn defects(replica: &Replica, container: &[String]) -> Vec<Defect> {
    let mut out: Vec<Defect> = container.iter().map(|text| Defect::of(None, text.as_str())).collect();
    for entry in replica.source.entries() {
        if let Some(damage) = &entry.damage {
            damaged(replica, entry, damage, &mut out);
        }
    }
    if copied_while_it_ran(replica) {
        let text =
            "volume.meta names a head and a parent that are not here: it was copied while it ran, or in part";
        out.push(Defect::of(None, text));
    }
    out.extend(without_volume_meta(replica));
    images(replica, &mut out);
    out.sort();
    out.dedup();
    out
}

/// Damage of one file, where Jiva would read that file.
fn damaged(replica: &Replica, entry: &Entry, damage: &str, out: &mut Vec<Defect>) {
    let text = format!("{}: {damage}", entry.name);
    match FileKind::of(&entry.name) {
        FileKind::Image(name) => {
            let disk = DiskName::from(name);
            // Of an image outside the chain nothing is judged, but it is part of what the directory holds.
            out.push(Defect { disk: replica.disk(&disk).map(|disk| disk.name.clone()), text });
        }
        FileKind::Foreign | FileKind::Log => {}
        _ => out.push(Defect::of(None, text)),
    }
}

/// Whether neither the head that `volume.meta` names nor that head's parent left anything here.
fn copied_while_it_ran(replica: &Replica) -> bool {
    let Some(meta) = &replica.meta else { return false };
    let absent = |name: Option<&str>| {
        name.filter(|name| !name.is_empty()).is_some_and(|name| {
            replica
                .disk(name)
                .is_none_or(|disk| disk.image.is_none() && matches!(disk.record, RecordState::Absent))
        })
    };
    let parent = meta.parent.as_deref();
    absent(meta.head.as_deref()) && (parent.is_none_or(str::is_empty) || absent(parent))
}

/// Whether `volume.meta` is not here, where there was one. Jiva writes it behind the first head, which is empty then, and
/// never removes it by itself: only a volume that was served has more.
fn without_volume_meta(replica: &Replica) -> Option<Defect> {
    if replica.meta.is_some() || replica.state != State::Blank {
        return None;
    }
    let served = |disk: &&Disk| !disk.name.is_head() || disk.image.is_some() && disk.allocated() != Some(0);
    // A log that lies here alone may be of any replica.
    let file = || {
        let mut entries = replica.source.entries().iter();
        let alone = replica.disks.is_empty() && replica.counter.is_none();
        entries.find(|entry| alone && !matches!(FileKind::of(&entry.name), FileKind::Foreign))
    };
    let why = match (replica.disks.iter().find(served), replica.counter) {
        (Some(disk), _) => format!("{} is", disk.name),
        (None, Some(counter)) if counter.0 > 1 => format!("revision.counter is {}", counter.0),
        _ => format!("{} is", file()?.name),
    };
    Some(Defect::of(None, format!("volume.meta is not here, though {why}")))
}

fn images(replica: &Replica, out: &mut Vec<Defect>) {
    if replica.flags.contains(&Flag::RecordsOnly) {
        out.push(Defect::of(None, "its records are here without any image"));
        return;
    }
    if let Some(file) =
        replica.backing_file.as_ref().filter(|_| replica.flags.contains(&Flag::BackingFileMissing))
    {
        out.push(Defect::of(None, format!("the backing file {file} is not here")));
    }
    for disk in replica.chain_disks() {
        let name = &disk.name;
        let Some(image) = &disk.image else {
            out.push(Defect::of(Some(name), format!("{name} is in the chain and its image is not here")));
            continue;
        };
        if let Err(error) = &image.extents {
            let text = format!("{name}: which blocks it stores is unknown: {error}");
            out.push(Defect::of(Some(name), text));
        }
        // In Longhorn an enlargement leaves old images as short as they were.
        if let Some(size) = replica.size.filter(|size| replica.is_jivas() && image.size < *size) {
            let text = format!("{name} has {} bytes, less than the volume's {size}", image.size);
            out.push(Defect::of(Some(name), text));
        }
    }
}
