//! How the last join went, derived from the directory alone.
//!
//! A join snapshots both sides under one new name, copies the RW side's head record over the joiner's, then
//! compares, and only then copies, oldest first. The join's own snapshot is the last that is copied. The counter does
//! not move while a replica joins; at the end it takes over the RW side's.
//!
//! A join is finished only if its end left a mark. Which marks there can be is a question of the version.

use crate::ident::{Counter, DiskName, Version};
use crate::replica::{Disk, Disks, KeyOrder, LastJoin, PeerRecord, VolumeMeta};

pub(in crate::dialect) struct Joined {
    pub last: LastJoin,
    pub clean_tip: Option<DiskName>,
    pub peer: Option<PeerRecord>,
}

/// Tells the last join of a chain (head first) that could be followed to its base.
pub(in crate::dialect) fn last_join(
    chain: &[DiskName],
    disks: &Disks,
    meta: &VolumeMeta,
    counter: Option<Counter>,
) -> Joined {
    let nothing = Joined { last: LastJoin::None, clean_tip: None, peer: None };
    let [head, newest, ..] = chain else { return nothing };
    let Some(head_record) = disks[head].read_record() else { return nothing };
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
    let ended = received(newest, head, peer.as_ref(), disks);
    let generation = meta.generation();
    let knows = |question: fn(Version) -> bool| generation.is_none_or(|shown| shown.may(question));
    let finished = if Some(newest.as_str()) == meta.checkpoint.as_deref() {
        true // set when all were RW, and this snapshot was taken at the join
    } else if !knows(Version::fills_counters) {
        // Without counters the copied record of the join's snapshot is all that can show its end.
        ended && !rebuilding
    } else {
        // Taken at the join: what this replica had counted then, and what the other side had.
        let own = meta.revision_counter;
        let theirs = head_record.counter;
        // Since its head was made it has counted writes, or taken over the other side's counter: it was RW.
        let moved = matches!((counter, own), (Some(now), Some(then)) if now != then);
        let reached = matches!((counter, theirs), (Some(now), Some(theirs)) if now >= theirs);
        if ended {
            moved && reached
        } else {
            // The second is a join at equal counters, in which nothing is copied. Blocks in the head would be of
            // writes that came while it joined, since none was counted.
            moved
                || (foreign
                    && !rebuilding
                    && own == theirs
                    && reached
                    && !copying_began(chain, disks, meta)
                    && stores_nothing(&disks[head]))
        }
    };
    let last = if finished {
        LastJoin::Finished
    } else if ended || !knows(Version::refuses_joins) || (foreign && copying_began(chain, disks, meta)) {
        LastJoin::Unfinished
    } else {
        LastJoin::Refused
    };
    let clean_tip = matches!(last, LastJoin::Unfinished | LastJoin::Refused)
        .then(|| clean_tip(chain, disks, meta, counter).clone());
    Joined { last, clean_tip, peer }
}

/// Whether the record of the join's own snapshot is the other side's, so that the copying ended.
///
/// Versions that encode records anew leave its keys sorted. Those before copy bytes, but they call a snapshot in its
/// record by the head that it was: the one before the head of the side that took it.
fn received(newest: &DiskName, head: &DiskName, peer: Option<&PeerRecord>, disks: &Disks) -> bool {
    let Some(record) = disks[newest].read_record() else { return false };
    let follows = |before: u64, head: &DiskName| {
        head.head_number()
            .is_some_and(|number| number == before + 1 || (before % 10 + 1 == number && number <= 10))
    };
    let former = record.name.as_deref().and_then(|name| DiskName::from(name).head_number());
    record.order == KeyOrder::Received
        || matches!((former, peer), (Some(before), Some(peer)) if follows(before, &peer.head) && !follows(before, head))
}

/// Whether an image is known to store nothing; true without images, which then show nothing at all.
fn stores_nothing(disk: &Disk) -> bool {
    disk.allocated() == Some(0)
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
