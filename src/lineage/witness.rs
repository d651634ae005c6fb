//! Replicas that nobody supplied, known from the head record that they left behind.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::go::parse_rfc3339;
use crate::ident::Label;
use crate::replica::{PeerRecord, Replica};

/// The trace of a replica that is not here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Witness {
    /// In whose directory the trace stands.
    pub seen_by: Label,
    /// The trace.
    pub record: PeerRecord,
    /// A supplied replica whose Checkpoint is newer than that join: it may be the peer itself, with the join
    /// snapshot merged away since. Then nothing turns on the trace.
    pub doubted_by: Option<Label>,
}

/// Finds them.
///
/// The snapshot of a join is in the chain of the RW side for certain, so a head record whose `Parent` is in no
/// other directory, on chain or off, came from a replica that is not here. A foreign `Name` alone proves nothing:
/// it is often a former head of a replica that is.
pub fn missing(replicas: &[Replica]) -> Vec<Witness> {
    let mut out: BTreeSet<Witness> = BTreeSet::new();
    for replica in replicas {
        let Some(peer) = &replica.peer else { continue };
        // A copy of the same directory is no other replica: it carries the same UUID and the same traces.
        let others =
            || replicas.iter().filter(|other| other.label != replica.label && !is_copy(other, replica));
        if others().any(|other| other.disks.contains(&peer.join_snapshot)) {
            continue;
        }
        let joined = peer.created.as_deref().and_then(parse_rfc3339);
        let newer = |other: &&Replica| {
            let made = other
                .checkpoint
                .as_ref()
                .and_then(|name| other.disk(name)?.read_record()?.created.as_deref().and_then(parse_rfc3339));
            matches!((made, joined), (Some(made), Some(joined)) if made > joined)
        };
        out.insert(Witness {
            seen_by: replica.label.clone(),
            record: peer.clone(),
            doubted_by: others().find(newer).map(|other| other.label.clone()),
        });
    }
    out.into_iter().collect()
}

/// Whether both are copies of one directory.
fn is_copy(one: &Replica, other: &Replica) -> bool {
    one.uuid().is_some() && one.uuid() == other.uuid()
}
