//! One replica joining others that are RW.
//!
//! All sides get a snapshot of one new name first. Then the joiner's Checkpoint decides, by name alone: is it in
//! the RW side's chain, or empty, the join is accepted. At equal counters and equal names above the Checkpoint
//! nothing is copied; otherwise every snapshot of the RW side above it is, oldest first and in place. What lies at or
//! below the Checkpoint stays the joiner's own.

use std::collections::BTreeSet;

use super::error::JoinError;
use super::names::{Name, Names};
use super::start::{Original, Standing};
use crate::ident::Version;
use crate::ident::{DiskName, Label};

/// The line with which a refused joiner ends.
pub const REFUSAL: &str = "Failed to add replica to controller, err: Current replica's checkpoint not present in \
                           rwReplica chain, Shutting down...";

/// The snapshot of a join that is forecast for a pair. Its real name is made anew each time.
pub const JOIN: &str = "volume-snap-<join>.img";

/// How a join ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The joiner becomes RW.
    Accepted {
        /// Every image copied, in order; the record of each follows it.
        copied: Vec<DiskName>,
        /// The joiner's stack afterwards, base first.
        stack: Vec<Original>,
        /// Images of the joiner that no file of it holds any more.
        overwritten: BTreeSet<Original>,
    },
    /// The joiner's Checkpoint is not in the RW side's chain. Each gets a snapshot and a new head, no more.
    Refused,
    /// Something else ends it.
    Error(JoinError),
}

impl Outcome {
    /// Whether the joiner becomes RW.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }

    /// In one word, as in the JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused => "refused",
            Self::Error(_) => "error",
        }
    }

    /// Jiva's message, unless the joiner was accepted.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Accepted { .. } => None,
            Self::Refused => Some(REFUSAL.to_owned()),
            Self::Error(error) => Some(error.to_string()),
        }
    }
}

/// A join of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Join {
    /// The RW side.
    pub rw: Label,
    /// The joiner.
    pub wo: Label,
    /// How it ends.
    pub outcome: Outcome,
    /// How many disks the joiner's chain then has, if it was accepted.
    pub(super) disks: usize,
}

/// Lets a replica join the members of a running volume, of which the first is the source; they are left as the join
/// leaves them. The joiner comes back as it then is, if anything was copied or it was accepted; an accepted one has the
/// members' counter, and is not yet one of them.
///
/// `name` is that of the join's snapshot.
pub(super) fn attach(
    members: &mut [Standing],
    joiner: &Standing,
    name: Name,
    names: &Names,
    version: Version,
) -> (Outcome, Option<Standing>) {
    // On all members at once: where it fails on one, the others keep it.
    let mut failed = None;
    for member in members.iter_mut() {
        match member.next_head(names, version) {
            Ok(next) => member.snapshot(name, next),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if let Some(error) = failed {
        return (Outcome::Error(error), None);
    }
    let next = match joiner.next_head(names, version) {
        Ok(next) => next,
        Err(error) => return (Outcome::Error(error), None),
    };
    let Some(source) = members.first() else { return (Outcome::Error(JoinError::NoRwReplica), None) };
    let checkpoint = joiner.checkpoint;
    if version.refuses_joins() && checkpoint.is_some_and(|name| !source.chain.contains(&name)) {
        return (Outcome::Refused, None);
    }
    let mut joiner = joiner.clone();
    joiner.rebuilding = false;
    joiner.snapshot(name, next);
    // Without the heads, which are never copied or compared.
    let above = |side: &Standing| -> Vec<Name> {
        let snapshots = &side.chain[1..];
        let end = snapshots.iter().position(|name| Some(*name) == checkpoint).unwrap_or(snapshots.len());
        snapshots[..end].to_vec()
    };
    let (theirs, own) = (above(source), above(&joiner));
    let (mut copied, mut replaced) = (Vec::new(), BTreeSet::new());
    if !(version.skips_equal_chains() && source.counter == joiner.counter && theirs == own) {
        for name in theirs.into_iter().rev() {
            copied.push(names.name(name).clone());
            let same = source.record_counter(name).is_some_and(|c| joiner.record_counter(name) == Some(c));
            replaced.extend(joiner.receive(name, source, !(version.skips_equal_snapshots() && same)));
        }
        match joiner.walk() {
            Ok(chain) => joiner.chain = chain,
            Err(name) => {
                let error = JoinError::NoRecord(names.name(name).clone());
                return (Outcome::Error(error), Some(joiner));
            }
        }
    }
    joiner.counter = source.counter;
    if !replaced.is_empty() {
        // Another name may still hold it.
        joiner.held().for_each(|original| _ = replaced.remove(&original));
    }
    (Outcome::Accepted { copied, stack: joiner.stack(), overwritten: replaced }, Some(joiner))
}
