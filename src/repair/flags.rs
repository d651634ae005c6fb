//! The counter, the Checkpoint and the Rebuilding flag: each decides who leads or who is refused, so each asks for more than
//! the file itself.

use super::{Asked, Change};
use crate::analysis::Volume;
use crate::dialect::jiva::COUNTER_FILE_BYTES;
use crate::lineage::{Basis, RelationKind};
use crate::replica::{KeyOrder, LastJoin, OpenError, Replica, VolumeMeta};

/// The counter was at least what the replica's own records say. It is set to that and not to more: a lower one wins no election
/// that the true one would have lost.
pub(super) fn counter(replica: &Replica) -> Asked {
    let unusable = matches!(replica.error, Some(OpenError::Counter(_)));
    let there = replica.source.entries().iter().any(|entry| entry.name == "revision.counter");
    let meta = replica.meta.as_ref()?;
    let counted = meta.revision_counter?;
    if there && (!unusable || replica.counter_unread) {
        return None;
    }
    let head = replica.disk(replica.head.as_ref()?)?;
    let own = head.read_record().is_some_and(|record| {
        record.order == KeyOrder::Native && record.name.as_deref() == Some(head.name.as_str())
    });
    if replica.peer.is_some()
        || !own
        || meta.rebuilding == Some(true)
        || replica.last_join == LastJoin::Unfinished
    {
        return Some(Err(
            "its last join may not have ended, so its records may count another's writes".to_owned()
        ));
    }
    if head.counter() != Some(counted) || counted.0 < 1 {
        return Some(Err("volume.meta and the record of the head count differently".to_owned()));
    }
    let mut text = counted.0.to_string().into_bytes();
    text.resize(COUNTER_FILE_BYTES, 0);
    let proof = format!(
        "volume.meta and the record of {} both counted {} writes at the last snapshot, and the counter never falls",
        head.name, counted.0
    );
    Some(Ok((vec![Change::write("revision.counter", text)], vec![proof])))
}

/// A Checkpoint that nobody has refuses every join. Without one the whole chain is copied, which loses nothing only where another
/// holds all that this one holds.
pub(super) fn checkpoint(volume: &Volume, replica: &Replica) -> Asked {
    let (checkpoint, meta) = (replica.checkpoint.as_ref()?, replica.meta.as_ref()?);
    if volume.replicas.len() < 2 || volume.replicas.iter().any(|one| one.chain.contains(checkpoint)) {
        return None;
    }
    let peers = volume.replicas.iter().filter(|peer| peer.label != replica.label);
    let mut holders = Vec::new();
    for peer in peers {
        let relation = volume.lineage.between(&replica.label, &peer.label);
        let holds = relation.filter(|relation| relation.basis == Basis::Blocks);
        if holds
            .and_then(|relation| relation.lacks(&peer.label, &replica.label))
            .is_some_and(|lacks| lacks.nothing())
        {
            holders.push(peer.label.to_string());
        }
    }
    if holders.len() + 1 < volume.replicas.len() {
        return Some(Err(
            "not every other replica is shown, by its blocks, to hold all that this one holds".to_owned()
        ));
    }
    let proof = vec![
        format!("{checkpoint} is in the chain of no replica"),
        format!("{} hold every block that this replica holds", holders.join(" and ")),
    ];
    changed(meta, |meta| meta.checkpoint = Some(String::new()), proof)
}

/// Rebuilding is cleared only where the blocks show that nothing was left to rebuild.
pub(super) fn rebuilding(volume: &Volume, replica: &Replica) -> Asked {
    let meta = replica.meta.as_ref().filter(|meta| meta.rebuilding == Some(true))?;
    if volume.jiva_version.clears_rebuilding_first() {
        return Some(Err(format!("Jiva {} clears it itself at the next start", volume.jiva_version)));
    }
    let equal = volume.replicas.iter().find(|peer| {
        let clear = peer.meta.as_ref().is_some_and(|meta| meta.rebuilding == Some(false));
        let relation = volume.lineage.between(&replica.label, &peer.label);
        clear
            && relation.is_some_and(|relation| {
                relation.basis == Basis::Blocks
                    && matches!(relation.kind, RelationKind::Identical | RelationKind::Equal)
            })
    });
    let Some(equal) = equal else {
        return Some(Err("no other replica is shown, by its blocks, to hold the same".to_owned()));
    };
    let proof =
        vec![format!("every block of the view is that of {}, which is not being rebuilt", equal.label)];
    changed(meta, |meta| meta.rebuilding = Some(false), proof)
}

/// `volume.meta` with a field changed. Where the file is odd, writing it again would change more than that.
fn changed(meta: &VolumeMeta, change: impl FnOnce(&mut VolumeMeta), proof: Vec<String>) -> Asked {
    if !meta.remarks.is_empty() {
        return Some(Err(
            "volume.meta holds something that would be lost if it were written again".to_owned()
        ));
    }
    let mut meta = meta.clone();
    change(&mut meta);
    Some(Ok((vec![Change::write("volume.meta", meta.to_json())], proof)))
}
