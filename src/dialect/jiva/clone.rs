//! Half a clone: a directory that was to become a clone and whose copying did not end.
//!
//! An ordinary replica carries `NA` from its first start on. Versions before 0.6.0 have no such key, and an absent
//! key is no empty one. An empty one stands in every directory before its first start, so it says something only where
//! the directory shows that a clone was begun.

use crate::finding::{CloneStop, Exhibit, Facts, Finding};
use crate::replica::{Flag, Replica, State};

/// Sets the flag and the finding.
pub(super) fn notice(replica: &mut Replica, found: &mut Vec<Finding>) {
    let Some(status) = replica.meta.as_ref().and_then(|meta| meta.clone_status.as_deref()) else { return };
    let clone_status = match status {
        "inProgress" => CloneStop::InProgress,
        "error" => CloneStop::Failed,
        "" if was_begun(replica) => CloneStop::Begun,
        _ => return,
    };
    let label = &replica.label;
    let exhibit = Exhibit::field(label, "volume.meta", "CloneStatus", status);
    found.push(Finding::of(label, Facts::HalfClone { clone_status }, exhibit));
    replica.flags.insert(Flag::HalfClone);
}

/// Whether a clone was begun in a directory whose status is empty: its head stands alone, nothing was counted, and
/// snapshots lie beside it and no older head; or `volume.meta` names a parent that the head's record does not.
fn was_begun(replica: &Replica) -> bool {
    if replica.state == State::Broken || replica.chain.len() != 1 {
        return false;
    }
    let named = replica.meta.as_ref().and_then(|meta| meta.parent.as_deref()).unwrap_or("");
    let young = replica.counter.is_none_or(|counter| counter.0 <= 1)
        && replica.meta.as_ref().and_then(|meta| meta.revision_counter).is_none_or(|counter| counter.0 <= 1);
    let mut beside = replica.disks.iter().filter(|disk| !disk.on_chain).peekable();
    let snapshots = beside.peek().is_some() && beside.all(|disk| disk.name.is_snapshot());
    snapshots && (young || !named.is_empty())
}
