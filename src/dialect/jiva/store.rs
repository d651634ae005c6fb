//! What a directory stores in places where Jiva does not look for it, and what it should store and does not.

use crate::finding::{Exhibit, Facts, Finding};
use crate::ident::BLOCK_SIZE;
use crate::replica::{Flag, Replica, State};

/// Sets flags and findings.
pub(super) fn notice(replica: &mut Replica, found: &mut Vec<Finding>) {
    next_head(replica, found);
    beyond(replica, found);
    gone(replica, found);
}

/// The next snapshot makes its head under a name that a file with data has.
fn next_head(replica: &mut Replica, found: &mut Vec<Finding>) {
    let Some(disk) = replica.blocked_head() else { return };
    let label = &replica.label;
    let facts = Facts::CannotSnapshot { next_head: disk.name.clone(), bytes: disk.allocated() };
    let exhibit = Exhibit::file(label, disk.name.as_str());
    found.push(Finding::of(label, facts, exhibit).on(&disk.name));
    replica.flags.insert(Flag::CannotSnapshot);
}

/// Images longer than the volume that store something behind its end.
fn beyond(replica: &mut Replica, found: &mut Vec<Finding>) {
    let Some(size) = replica.size else { return };
    let end = size.div_ceil(BLOCK_SIZE).saturating_mul(BLOCK_SIZE);
    let label = &replica.label;
    let mut any = false;
    for disk in replica.disks.iter() {
        let Some(Ok(extents)) = disk.image.as_ref().map(|image| &image.extents) else { continue };
        let behind: u64 = extents.runs.iter().map(|run| run.end.saturating_sub(run.start.max(end))).sum();
        if behind == 0 {
            continue;
        }
        any = true;
        let facts = Facts::DataBeyondSize { image: disk.name.clone(), bytes: behind, volume_size: size };
        let exhibit = Exhibit::field(label, "volume.meta", "Size", size);
        found.push(
            Finding::of(label, facts, exhibit).and(Exhibit::file(label, disk.name.as_str())).on(&disk.name),
        );
    }
    if any {
        replica.flags.insert(Flag::DataBeyondSize);
    }
}

/// Writes were counted, and nothing that the directory has stores a block.
fn gone(replica: &mut Replica, found: &mut Vec<Finding>) {
    let Some(counter) = replica.counter.filter(|counter| counter.0 > 1) else { return };
    let nothing = |allocated: Option<u64>| allocated == Some(0);
    if replica.state == State::Broken
        || replica.meta.is_none()
        || !replica.has_images()
        || replica.chain.is_empty()
        || !replica.disks.iter().all(|disk| nothing(disk.allocated()))
    {
        return;
    }
    let label = &replica.label;
    let head = replica.chain[0].as_str();
    found.push(
        Finding::of(
            label,
            Facts::DataGone { counter },
            Exhibit::field(label, "revision.counter", "counter", counter),
        )
        .and(Exhibit::file(label, head)),
    );
    replica.flags.insert(Flag::DataGone);
}
