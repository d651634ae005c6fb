//! One replica joining another that is RW.
//!
//! Both sides get a snapshot of one new name first. Then the joiner's Checkpoint decides, by name alone: is it in
//! the RW side's chain, or empty, the join is accepted. At equal counters and equal names above the Checkpoint
//! nothing is copied; otherwise every snapshot of the RW side above it is, oldest first and in place. What lies at or
//! below the Checkpoint stays the joiner's own.

use std::collections::BTreeMap;

use super::start::Started;
use crate::ident::{DiskName, Label};
use crate::replica::Replica;

/// The line with which a refused joiner ends.
pub const REFUSAL: &str = "Failed to add replica to controller, err: Current replica's checkpoint not present in \
                           rwReplica chain, Shutting down...";

/// The join's own snapshot. Its real name is made anew each time.
const JOIN: &str = "volume-snap-<join>.img";

/// How a join ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The joiner becomes RW.
    Accepted {
        /// Every file copied, in order: image, then record.
        copied: Vec<String>,
        /// The joiner's stack afterwards, base first: whose image stands at each place.
        stack: Vec<(Label, DiskName)>,
        /// Files of the joiner whose former content is gone.
        overwritten: Vec<DiskName>,
    },
    /// The joiner's Checkpoint is not in the RW side's chain. Each gets a snapshot and a new head, no more.
    Refused,
    /// Something else ends it.
    Error(String),
}

/// A join of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The RW side.
    pub rw: Label,
    /// The joiner.
    pub wo: Label,
    /// How it ends.
    pub outcome: Outcome,
}

/// Foretells the join of `wo` to `rw`, each as it would be after starting.
///
/// `limit` is the most layers a chain may have.
pub fn join(
    rw: &Result<Started<'_>, String>,
    wo: &Result<Started<'_>, String>,
    labels: (&Label, &Label),
    limit: usize,
) -> Join {
    let outcome = match (rw, wo) {
        (Err(error), _) | (_, Err(error)) => Outcome::Error(error.clone()),
        (Ok(rw), Ok(wo)) => between(rw, wo, limit),
    };
    Join { rw: labels.0.clone(), wo: labels.1.clone(), outcome }
}

fn between(rw: &Started<'_>, wo: &Started<'_>, limit: usize) -> Outcome {
    // The snapshot that begins every join makes both chains one longer.
    for side in [rw, wo] {
        if side.chain.len() + 1 > limit {
            return Outcome::Error(format!("Too many active disks: {}", side.chain.len() + 2));
        }
    }
    let checkpoint = if wo.fresh { None } else { wo.replica.checkpoint.as_ref() };
    // With the join's snapshot, and without the head, which is never copied or compared.
    let chain = |side: &Started<'_>| -> Vec<DiskName> {
        std::iter::once(DiskName::from(JOIN)).chain(side.chain[1..].iter().cloned()).collect()
    };
    let (rw_chain, wo_chain) = (chain(rw), chain(wo));
    let above = |chain: &[DiskName]| match checkpoint.and_then(|name| chain.iter().position(|n| n == name)) {
        Some(at) => chain[..at].to_vec(),
        None => chain.to_vec(),
    };
    if checkpoint.is_some_and(|name| !rw_chain.contains(name)) {
        return Outcome::Refused;
    }
    let (rw_above, wo_above) = (above(&rw_chain), above(&wo_chain));
    if rw.counter == wo.counter && rw_above == wo_above {
        let own = wo_chain.iter().rev().map(|name| source(wo, name)).collect();
        return Outcome::Accepted { copied: Vec::new(), stack: own, overwritten: Vec::new() };
    }
    copy(rw, wo, &rw_above, checkpoint, &wo_chain)
}

/// Where the bytes of a disk of a chain stand now: the join's snapshot is the former head.
fn source(side: &Started<'_>, name: &DiskName) -> (Label, DiskName) {
    let disk = if name.as_str() == JOIN { &side.chain[0] } else { name };
    (side.label().clone(), disk.clone())
}

fn copy(
    rw: &Started<'_>,
    wo: &Started<'_>,
    above: &[DiskName],
    checkpoint: Option<&DiskName>,
    wo_chain: &[DiskName],
) -> Outcome {
    // Files are written in place, so a name that shares its inode with another changes both.
    let mut content: BTreeMap<File, (Label, DiskName)> = BTreeMap::new();
    let mut copied = Vec::new();
    for name in above.iter().rev() {
        copied.push(name.to_string());
        copied.push(name.record());
        content.insert(File::of(wo, name), source(rw, name));
    }
    let stays = match checkpoint {
        None => &[][..],
        Some(name) => match wo_chain.iter().position(|n| n == name) {
            Some(at) => &wo_chain[at..],
            None => return Outcome::Error(format!("Failed to find metadata for {name}")),
        },
    };
    let bytes =
        |name: &DiskName| content.get(&File::of(wo, name)).cloned().unwrap_or_else(|| source(wo, name));
    let stack = stays.iter().rev().chain(above.iter().rev()).map(bytes).collect();
    let mut overwritten: Vec<DiskName> = wo
        .replica
        .disks
        .keys()
        .filter(|name| content.contains_key(&File::named(wo.replica, name)))
        .cloned()
        .collect();
    if !wo.fresh && !overwritten.contains(&wo.chain[0]) {
        overwritten.push(wo.chain[0].clone()); // the former head is the join's snapshot
    }
    overwritten.sort();
    Outcome::Accepted { copied, stack, overwritten }
}

/// A file of the joiner: names of one inode are one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum File {
    Inode(u64),
    Name(DiskName),
}

impl File {
    fn named(replica: &Replica, name: &DiskName) -> Self {
        match replica.disk(name).and_then(|disk| disk.image.as_ref()).and_then(|image| image.link) {
            Some(link) => Self::Inode(link),
            None => Self::Name(name.clone()),
        }
    }

    fn of(side: &Started<'_>, name: &DiskName) -> Self {
        let former_head = name.as_str() == JOIN && !side.fresh;
        Self::named(side.replica, if former_head { &side.chain[0] } else { name })
    }
}
