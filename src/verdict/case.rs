//! What is decided on, and what is asked of it by more than one rule.

use std::collections::{BTreeMap, BTreeSet};

use crate::blocks::{Held, Rescued};
use crate::finding::Missing;
use crate::ident::Label;
use crate::lineage::{Holds, Lineage, RelationKind, Witness};
use crate::replica::{Copies, Disk, LastJoin, Replica, State};

/// What is decided on: one volume.
#[derive(Debug)]
pub struct Case<'a> {
    /// Its replicas, sorted by label.
    pub replicas: &'a [Replica],
    /// What they are to each other.
    pub lineage: &'a Lineage,
    /// What the copy of each is worth.
    pub copies: &'a Copies,
    /// What the rescue candidates of replicas that Jiva cannot open hold beside the judged ones; empty unless blocks
    /// were read.
    pub rescued: &'a BTreeMap<Label, Rescued>,
    /// The replication factor.
    pub factor: usize,
    /// Whether missing witnesses are left out of the decision.
    pub without_missing: bool,
    /// Whether blocks were compared only in part.
    pub sampled: bool,
    /// Replicas that nobody supplied, known from logs and replies: those that met a supplied one and are in none of the
    /// directories.
    pub reported: &'a [Missing],
    /// Inputs, or parts of them, that could not be read and may have been a replica.
    pub unread: &'a [String],
}

impl<'a> Case<'a> {
    /// Whether a replica's data can be judged.
    pub fn is_judged(&self, replica: &Replica) -> bool {
        self.copies.is_judged(replica)
    }

    /// Whether a copy is defective and was not accepted as what lies on the node.
    pub fn is_defective(&self, replica: &Replica) -> bool {
        self.copies.is_defective(&replica.label)
    }

    /// The replicas that are judged.
    pub fn judged(&self) -> impl Iterator<Item = &'a Replica> + Clone + '_ {
        self.replicas.iter().filter(|replica| self.is_judged(replica))
    }

    /// How many directories these are, copies of one directory counted once: Jiva gives each a UUID of its own, which
    /// a copy keeps. Those without one (old versions) count each.
    pub fn count<'r>(replicas: impl Iterator<Item = &'r Replica>) -> usize {
        let mut known = BTreeSet::new();
        replicas.filter(|replica| replica.uuid().is_none_or(|uuid| known.insert(uuid))).count()
    }

    /// How many directories were supplied, copies of one counted once.
    pub fn supplied(&self) -> usize {
        Self::count(self.replicas.iter())
    }

    /// Whether `one` holds everything that `other` holds.
    pub fn includes(&self, one: &Label, other: &Label) -> bool {
        one == other
            || self
                .lineage
                .between(one, other)
                .and_then(|relation| relation.lacks(one, other))
                .is_some_and(Holds::nothing)
    }

    /// How sure it is that `one` holds everything that lies in the directory of `other`, which Jiva cannot open.
    pub fn holds_rescued(&self, one: &Label, other: &Replica) -> Held {
        if other.state != State::Broken || self.is_defective(other) {
            return Held::No;
        }
        self.rescued.get(&other.label).map_or(Held::No, |rescued| rescued.held_by(one))
    }

    /// The missing witnesses that the decision may turn on.
    pub fn witnesses(&self) -> impl Iterator<Item = &'a Witness> + '_ {
        let count = !self.without_missing;
        self.lineage.witnesses.iter().filter(move |witness| count && witness.doubted_by.is_none())
    }

    /// The missing replicas that logs and replies tell of, where the decision may turn on them.
    pub fn reported(&self) -> impl Iterator<Item = &'a Missing> + '_ {
        let count = !self.without_missing;
        self.reported.iter().filter(move |_| count)
    }

    /// Whether a replica is missing on which the decision may turn.
    pub fn lacks_one(&self) -> bool {
        self.witnesses().next().is_some() || self.reported().next().is_some()
    }

    /// Whether a head record in a supplied directory tells of the same missing replica.
    pub fn recorded(&self, reported: &Missing) -> bool {
        self.lineage.witnesses.iter().any(|witness| reported.chain.contains(&witness.record.join_snapshot))
    }
}

/// The lineages that hold what no other does: the replicas that no other one exceeds, equal ones together.
pub(super) fn lineages<'a>(case: &Case<'_>, judged: &[&'a Replica]) -> Vec<Vec<&'a Replica>> {
    let exceeds = |more: &Replica, less: &Replica| {
        case.includes(&more.label, &less.label) && !case.includes(&less.label, &more.label)
    };
    let mut out: Vec<Vec<&Replica>> = Vec::new();
    for replica in judged {
        if judged.iter().any(|other| exceeds(other, replica)) {
            continue;
        }
        let equal = |class: &Vec<&Replica>| {
            case.includes(&class[0].label, &replica.label) && case.includes(&replica.label, &class[0].label)
        };
        match out.iter_mut().find(|class| equal(class)) {
            Some(class) => class.push(replica),
            None => out.push(vec![replica]),
        }
    }
    out
}

/// Whether files with data lie in the directory of a replica that would be served empty: what it lost may be more
/// than the others ever had.
pub(crate) fn hides_data(replica: &Replica) -> bool {
    replica.state == State::Blank && (stores_off_chain(replica) || counted(replica))
}

/// Whether a replica counted writes: Jiva begins with 0 or 1, and keeps the number where it begins anew over older files.
fn counted(replica: &Replica) -> bool {
    let meta = replica.meta.as_ref().and_then(|meta| meta.revision_counter);
    [replica.counter, meta].into_iter().flatten().any(|counter| counter.0 > 1)
}

/// Whether disks that the chain does not reach hold data, as far as is known.
pub(super) fn stores_off_chain(replica: &Replica) -> bool {
    let stores = |disk: &Disk| disk.image.is_none() || disk.allocated().is_none_or(|bytes| bytes > 0);
    replica.disks.iter().any(|disk| !disk.on_chain && stores(disk))
}

/// Whether every missing witness can be shown never to have been part of this set in full health: as many
/// replicas as the factor are here, with one Checkpoint and the same data, and the witness refused them, so it
/// lacked that Checkpoint. Alone it could not take a write.
pub(super) fn witness_was_outside(case: &Case<'_>) -> bool {
    let checkpoints: BTreeSet<_> = case.replicas.iter().map(|replica| &replica.checkpoint).collect();
    case.supplied() >= case.factor
        && case.factor > 1
        && checkpoints.len() == 1
        && checkpoints.iter().all(|checkpoint| checkpoint.is_some())
        // What logs alone tell of met directories that may have been made anew since.
        && case.reported().all(|reported| case.recorded(reported))
        && case.witnesses().all(|witness| {
            case.replicas.iter().any(|r| r.label == witness.seen_by && r.last_join == LastJoin::Refused)
        })
}

/// Whether two replicas are equal in data.
pub(super) fn is_equal(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::Equal | RelationKind::Identical)
}
