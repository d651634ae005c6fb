//! How the last join went, told from the directory alone.
//!
//! A join snapshots both sides under one new name, copies the RW side's head record over the joiner's, then
//! compares, and only then copies. Records that were copied have their keys in alphabetical order, records
//! written here have them in the order of Jiva's structure. The counter does not move while a replica joins.

use super::{Disks, LastJoin, PeerRecord};
use crate::format::{KeyOrder, VolumeMeta};
use crate::ident::{Counter, DiskName};

pub(super) struct Joined {
    pub last: LastJoin,
    pub clean_tip: Option<DiskName>,
    pub peer: Option<PeerRecord>,
}

/// Tells the last join of a chain (head first) that could be followed to its base.
pub(super) fn last_join(
    chain: &[DiskName],
    disks: &Disks,
    meta: &VolumeMeta,
    counter: Option<Counter>,
) -> Joined {
    let nothing = Joined { last: LastJoin::None, clean_tip: None, peer: None };
    let [head, newest, ..] = chain else { return nothing };
    let Some(head_record) = disks[head].read_record() else { return nothing };
    let order = |name: &DiskName| disks[name].read_record().map(|record| record.order);

    let peer = head_record.name.as_deref().filter(|name| *name != head.as_str()).map(|name| PeerRecord {
        head: DiskName::from(name),
        join_snapshot: DiskName::from(head_record.parent.as_deref().unwrap_or("")),
        counter: head_record.counter,
        created: head_record.created.clone(),
    });
    let foreign = peer.is_some() || head_record.order == KeyOrder::Received;
    let rebuilding = meta.rebuilding.unwrap_or(false);
    if !foreign && !rebuilding {
        return nothing;
    }
    // Taken at the join: what this replica had counted then, and what the other side had.
    let own = meta.revision_counter;
    let theirs = head_record.counter;
    // Since its head was made it has counted writes, or taken over the other side's counter: it was RW.
    let moved = matches!((counter, own), (Some(now), Some(then)) if now != then);
    let adopted = matches!((counter, theirs), (Some(now), Some(theirs)) if now >= theirs);

    let last = if order(newest) == Some(KeyOrder::Received) {
        // The join's own snapshot is the last that is copied, so the copying ended.
        if adopted && (moved || !rebuilding) { LastJoin::Finished } else { LastJoin::Unfinished }
    } else if moved || (foreign && !rebuilding && own == theirs && adopted) {
        // The second is a join at equal counters, in which nothing is copied.
        LastJoin::Finished
    } else if foreign && copying_began(chain, disks, meta) {
        LastJoin::Unfinished
    } else {
        LastJoin::Refused
    };
    let clean_tip = matches!(last, LastJoin::Unfinished | LastJoin::Refused)
        .then(|| clean_tip(chain, disks, meta, counter).clone());
    Joined { last, clean_tip, peer }
}

/// Whether files of the other side stand here that a finished join would have ended with its own snapshot.
fn copying_began(chain: &[DiskName], disks: &Disks, meta: &VolumeMeta) -> bool {
    let checkpoint = meta.checkpoint.as_deref().unwrap_or("");
    let above = chain[1..].iter().take_while(|name| name.as_str() != checkpoint);
    let received = above.filter_map(|name| disks[name].read_record()).any(|r| r.order == KeyOrder::Received);
    // An image is copied before its record, so an image alone is a copy that was cut off.
    received
        || disks.iter().any(|disk| !disk.on_chain && disk.name.is_snapshot() && disk.read_record().is_none())
}

/// The first snapshot of the run of joins: the replica's own former head.
///
/// While it joins its counter stands still, so the run is the newest snapshots that carry the counter of now.
/// It never reaches the Checkpoint, nor the oldest snapshots of one common counter: those had theirs filled in
/// at some opening, and say nothing.
fn clean_tip<'a>(
    chain: &'a [DiskName],
    disks: &Disks,
    meta: &VolumeMeta,
    counter: Option<Counter>,
) -> &'a DiskName {
    let snapshots = &chain[1..];
    let carries = |name: &DiskName| counter.is_some() && disks[name].counter() == counter;
    let floor = match snapshots.iter().position(|name| Some(name.as_str()) == meta.checkpoint.as_deref()) {
        Some(checkpoint) => checkpoint,
        None => {
            let base = snapshots.last().and_then(|name| disks[name].counter());
            let filled = snapshots.iter().rev().take_while(|name| disks[*name].counter() == base).count();
            snapshots.len() - filled
        }
    };
    let run = snapshots[..floor.max(1).min(snapshots.len())].iter().take_while(|name| carries(name)).count();
    &snapshots[run.saturating_sub(1)]
}
