//! What two replicas are to each other, as the answer carries it: who holds what the other lacks, and how sure that is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::shared::Shared;
use crate::ident::{DiskName, Label, Run, Runs};

/// Where the contents of two replicas differ, in whole blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Content {
    /// Between both own states.
    pub tips: Runs,
    /// Between the first's own state and all that the second holds, joins that did not end included.
    pub a_tip_b_all: Runs,
    /// Between all that the first holds and the second's own state.
    pub a_all_b_tip: Runs,
    /// Blocks that could not be read on one side; they count as differing above.
    pub unread: Runs,
    /// Blocks that were not looked at, since only a sample was; none is counted above.
    pub unseen: Runs,
    /// Where the own states differ and the first stores zeros.
    pub zeros_a: Runs,
    /// Where the own states differ and the second stores zeros.
    pub zeros_b: Runs,
    /// What reading the sides' versions at their newest shared state showed; `None` if nobody looked.
    pub former: Option<Former>,
}

/// What the sides' versions at the newest shared state are, where a relation turns on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Former {
    /// The newest shared state that was read, as levels of both.
    pub at: (usize, usize),
    /// Where only the first wrote since, and its own version of then is not what the second shows.
    pub differs_a: Runs,
    /// Where only the second wrote since, and its own version of then is not what the first shows.
    pub differs_b: Runs,
    /// Whether what both wrote since can be one write: all that differs was written by one side.
    pub one_write: Option<OneWrite>,
}

/// Whether bytes bear out that two sides differ by one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OneWrite {
    /// What the first changed since the shared state covers all that differs.
    pub by_a: bool,
    /// What the second changed since covers all that differs.
    pub by_b: bool,
    /// Whether a side still stores what was there at the shared state. Where none does it was never written, or it was
    /// punched out when it was written over.
    pub stored: bool,
}

/// Which versions at the newest shared state would settle a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// That state, as levels of both.
    pub at: (usize, usize),
    /// Where the first's version of then is to be held against what the second shows.
    pub of_a: Runs,
    /// Where the second's version of then is to be held against what the first shows.
    pub of_b: Runs,
    /// Blocks that may be one write, if there are any; both sides' bytes are to be held against the version of then, of
    /// the side that still stores it.
    pub one_write: Option<(Run, Option<Side>)>,
}

/// What a relation rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Basis {
    /// Names, parents and counters alone.
    Records,
    /// Which blocks are stored in which layer.
    Extents,
    /// The blocks themselves.
    Blocks,
}

/// What the first replica is to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RelationKind {
    /// Equal, with equal chains.
    Identical,
    /// Equal views, different chains.
    Equal,
    /// The second holds all that the first holds, and more.
    Behind,
    /// The first holds all that the second holds, and more.
    Ahead,
    /// Each holds what the other lacks.
    Diverged,
    /// No shared state, and each holds what the other lacks.
    Unrelated,
    /// Unknown.
    Unknown,
}

/// Why a relation is less than certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Doubt {
    /// A side has no image, or its copy is defective.
    NotJudged,
    /// Both wrote the same blocks, and the counters alone say whose are newer.
    DecidedByCounter,
    /// Both wrote the same blocks, and their logs show that the one with the higher counter received what the other wrote.
    DecidedByLogs,
    /// Both wrote the same blocks, and their logs show that each did so while the other was away.
    RanApart,
    /// By extents alone one timeline and two lone runs over the same blocks look alike.
    SameBlocksUnread,
    /// Data on one side and a hole on the other, below the shared state.
    HoleBelow,
    /// The sides differ below the shared state: one lost blocks there, and where its older ones came from nobody can
    /// tell; by their making they may be another line of the same blocks.
    DamageBelow,
    /// One side wrote over blocks that the other still has, and its own former version of them is gone. Normally it
    /// was punched out when it was written over; had it been lost before, the new version was not made from it.
    FormerVersionGone,
    /// One run of blocks, as one write that was never acknowledged would leave it.
    OneWrite,
    /// One run of blocks that may be such a write, and the bytes that would show it are not here, as in a capsule.
    OneWriteUnread,
    /// Both wrote the same blocks. The counters say whose are newer, but nothing shows that the higher one was not
    /// reached alone, and the replicas that could show it are not here.
    CompanyUnknown,
    /// Both wrote the same blocks, and the higher counter was reached without the company that a write needs: the
    /// replication factor was lowered, or a replica is missing.
    NoCompany,
    /// A third replica contradicts the order that the counters give.
    OrderContradicted,
    /// The file of the lower counter is the younger: something ran alone.
    YoungerCounter,
    /// At equal counters one side stored blocks that the other did not.
    EqualCountersApart,
    /// Where one side has a hole and the higher counter, its copy may have dropped stored zeros.
    DroppedZeros,
    /// What one side wrote over was not what the other still shows: each has a version of its own.
    OtherVersionBelow,
    /// The state that both share by their records holds different blocks.
    SharedStateDiffers,
    /// The shared state was cut where contents contradict the records.
    ContentContradicts,
    /// A side received blocks in a join that did not end.
    ForeignBlocks,
    /// Ranges that could not be read.
    Unread,
    /// The sizes differ; the missing tail was taken for zeros.
    Sizes,
}

/// What an answer that cannot be given would lean on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaning {
    /// That holes in an uncertain copy were stored zeros.
    DroppedZeros,
    /// That the higher counter is the later point of one timeline.
    Counters,
}

/// What one side holds and the other lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    /// The blocks, as far as they are known.
    pub blocks: Runs,
    /// Something that is not known by block: writes that only a counter or a record tells of.
    pub more: bool,
}

impl Holds {
    /// Whether it is nothing.
    pub fn nothing(&self) -> bool {
        self.blocks.is_empty() && !self.more
    }
}

/// A relation of two replicas, `a` before `b` by label.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Relation {
    /// The first replica.
    pub a: Label,
    /// The second replica.
    pub b: Label,
    /// What `a` is to `b`.
    pub kind: RelationKind,
    /// What that rests on.
    pub basis: Basis,
    /// The newest shared state, as either side names it.
    pub ancestor: Option<(DiskName, DiskName)>,
    /// Everything shared, base first.
    pub shared: Shared,
    /// Where the own states differ in content; `None` unless contents were compared.
    pub differ: Option<Runs>,
    /// What only `a` wrote since the shared state.
    pub unique_a: Runs,
    /// What only `b` wrote since the shared state.
    pub unique_b: Runs,
    /// What both wrote since.
    pub contested: Runs,
    /// What differs though neither wrote it since.
    pub below: Runs,
    /// The part of `below` that `a` lost and `b` still has.
    pub lost_a: Runs,
    /// The part of `below` that `b` lost and `a` still has.
    pub lost_b: Runs,
    /// What differs and cannot be attributed to either side.
    pub unknown: Runs,
    /// What `a` received in a join that did not end and `b` lacks.
    pub foreign_a: Runs,
    /// What `b` received in a join that did not end and `a` lacks.
    pub foreign_b: Runs,
    /// All that `a` holds and `b` lacks.
    pub newer_a: Holds,
    /// All that `b` holds and `a` lacks.
    pub newer_b: Holds,
    /// Of what `a` holds and `b` lacks, the part of which `a`'s own version is certain.
    pub certain_a: Runs,
    /// Of what `b` holds and `a` lacks, the part of which `b`'s own version is certain.
    pub certain_b: Runs,
    /// Of what `b` holds and `a` lacks, what may be zeros that the copy of `a` dropped.
    pub dropped_a: Runs,
    /// Of what `a` holds and `b` lacks, what may be zeros that the copy of `b` dropped.
    pub dropped_b: Runs,
    /// The side that would be an earlier point of the other's timeline, going by the counters.
    pub lesser: Option<Side>,
    /// Why it is less than certain.
    pub doubts: BTreeSet<Doubt>,
    /// Which versions at the shared state are still to be read.
    pub wanted: Option<Wanted>,
}

/// One of two replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

impl Relation {
    /// What `holder` lacks of `other`; `None` if this relation is not between the two.
    pub fn lacks(&self, holder: &Label, other: &Label) -> Option<&Holds> {
        if *holder == self.a && *other == self.b {
            Some(&self.newer_b)
        } else if *holder == self.b && *other == self.a {
            Some(&self.newer_a)
        } else {
            None
        }
    }

    /// What `holder` may be said to lack of `other` where its copy dropped zeros, or where the counters tell whose
    /// blocks are newer: less than [`lacks`](Self::lacks), and only as likely as that.
    pub fn may_lack(&self, holder: &Label, other: &Label, by: Leaning) -> Option<Holds> {
        let (newer, dropped, lesser) = match holder {
            _ if !self.is_between(holder, other) => return None,
            label if *label == self.a => (&self.newer_b, &self.dropped_a, Side::B),
            _ => (&self.newer_a, &self.dropped_b, Side::A),
        };
        let excused = match by {
            Leaning::DroppedZeros => dropped.clone(),
            Leaning::Counters if self.lesser == Some(lesser) && self.doubts.contains(&Doubt::NoCompany) => {
                self.contested.clone()
            }
            Leaning::Counters => Runs::new(),
        };
        Some(Holds { blocks: newer.blocks.difference(&excused), more: newer.more })
    }

    /// Whether it is between these two, in any order.
    pub fn is_between(&self, one: &Label, two: &Label) -> bool {
        (self.a == *one && self.b == *two) || (self.a == *two && self.b == *one)
    }
}

/// Contents compared, by pair of labels in ascending order.
pub type Contents = BTreeMap<(Label, Label), Content>;
