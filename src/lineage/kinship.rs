//! Whether two sets of directories that share a disk are one volume.
//!
//! A clone carries the snapshots of its source by name. So a shared disk shows kinship, not identity. What tells two
//! volumes apart: their engines; two names that each stand on several nodes, as the names of volumes do and the
//! names of CSI's local volumes do not; a `CloneStatus` on one side, unless the two share a disk above the snapshot
//! that was cloned.

use std::collections::BTreeSet;

use crate::finding::ApartBy;
use crate::ident::DiskName;
use crate::replica::{Disk, Replica};

/// What is known of a set.
pub(super) struct Kin<'a> {
    replicas: &'a [Replica],
    /// The name that all its directories have.
    name: Option<&'a str>,
    /// On so many nodes; copies of one directory are one.
    nodes: usize,
    /// Whether any of them is a clone.
    clone: bool,
    /// Whether some were given as one volume by the user.
    given: bool,
}

/// Whether a directory is, or was to be, a clone.
pub(super) fn is_clone(replica: &Replica) -> bool {
    matches!(status(replica), Some("inProgress" | "completed" | "error"))
}

fn status(replica: &Replica) -> Option<&str> {
    replica.meta.as_ref()?.clone_status.as_deref()
}

impl<'a> Kin<'a> {
    pub(super) fn of(replicas: &'a [Replica]) -> Self {
        let mut known = BTreeSet::new();
        Self {
            replicas,
            name: replicas.first().filter(|one| !one.labelled).and_then(|one| one.volume.as_deref()),
            nodes: replicas.iter().filter(|one| one.uuid().is_none_or(|uuid| known.insert(uuid))).count(),
            clone: replicas.iter().any(is_clone),
            given: replicas.iter().any(|replica| replica.labelled),
        }
    }

    /// Whether some snapshot of the one bears a name that a snapshot of the other bears.
    pub(super) fn shares_name(&self, other: &Kin<'_>) -> bool {
        self.snapshots().any(|disk| other.has(&disk.name))
    }

    fn snapshots(&self) -> impl Iterator<Item = &'a Disk> + use<'a> {
        self.replicas.iter().flat_map(|replica| &replica.disks).filter(|disk| disk.name.is_snapshot())
    }

    fn has(&self, name: &DiskName) -> bool {
        self.replicas.iter().any(|replica| replica.disks.contains(name))
    }
}

/// Why two sets are not one volume, if something tells them apart.
pub(super) fn distinguished(one: &Kin<'_>, other: &Kin<'_>) -> Option<ApartBy> {
    let dialect = |kin: &Kin<'_>| kin.replicas.first().map(|replica| replica.dialect);
    let jivas = |kin: &Kin<'_>| kin.replicas.iter().all(Replica::is_jivas);
    if jivas(one) != jivas(other) || (!jivas(one) && dialect(one) != dialect(other)) {
        return Some(ApartBy::Engine);
    }
    if one.nodes > 1
        && other.nodes > 1
        && let (Some(a), Some(b)) = (one.name, other.name)
    {
        let (a, b) = (a.to_owned(), b.to_owned());
        return Some(ApartBy::Names { a, nodes_a: one.nodes, b, nodes_b: other.nodes });
    }
    if one.given && other.given {
        return None;
    }
    let clone = match (one.clone, other.clone) {
        (false, false) => return None,
        (true, _) => one,
        (false, true) => other,
    };
    // A whole clone that shares nothing with the others shows no kinship; half a clone is nobody's replica.
    let whole = clone.replicas.iter().any(|replica| status(replica) == Some("completed"));
    if (whole && !one.shares_name(other)) || share_above(one, other) {
        return None;
    }
    let first = clone.replicas.iter().find(|replica| is_clone(replica))?;
    let (replica, clone_status) = (first.label.clone(), status(first).unwrap_or("").to_owned());
    Some(if one.clone && other.clone {
        ApartBy::Clones { replica, clone_status }
    } else {
        ApartBy::Clone { replica, clone_status }
    })
}

/// Whether two sets share a disk above the snapshot that was cloned.
///
/// That is always a snapshot which a user asked for. So the newest disk that both share lies above it only if it is an
/// automatic one, stands over one that a user asked for, and no such one stands above it; in every directory of either
/// side that is a clone. A newest shared snapshot that a user asked for may be what was cloned, so it shows nothing.
fn share_above(one: &Kin<'_>, other: &Kin<'_>) -> bool {
    let mut pairs = one.replicas.iter().flat_map(|a| other.replicas.iter().map(move |b| (a, b)));
    pairs.any(|(a, b)| {
        let above = |clone: &Replica, other: &Replica| -> bool {
            if !is_clone(clone) {
                return true;
            }
            let disks: Vec<&Disk> = clone.chain_disks().collect();
            let shared =
                |disk: &&Disk| disk.name.is_snapshot() && other.disk(&disk.name).is_some_and(|d| d.on_chain);
            let Some(at) = disks.iter().position(shared) else { return false };
            if disks[at].user_created() {
                return false;
            }
            let user = |disk: &&Disk| disk.user_created();
            !disks[..at].iter().any(user) && disks[at + 1..].iter().any(user)
        };
        above(a, b) && above(b, a)
    })
}
