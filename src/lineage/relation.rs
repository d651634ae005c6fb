//! What two replicas are to each other: who holds what the other lacks.
//!
//! Extents tell which layer supplies each block on either side. Layers at or below the newest shared state are
//! mapped to each other; everything above is a side's own. Where contents were compared, equal blocks drop out
//! first, and what is left is proof.

use std::collections::BTreeSet;

use serde::Serialize;

use super::earlier::{Side, lesser};
use super::layers::Layers;
use super::shared::{Shared, shared};
use super::supply::Supply;
use crate::ident::{BLOCK_SIZE, DiskName, Label, Runs};

/// The longest run of blocks that may be one write: the largest burst that an initiator sends to Jiva's target.
const ONE_WRITE: u64 = 64 * BLOCK_SIZE;

/// Where the contents of two replicas differ, in whole blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Between both own states.
    pub tips: Runs,
    /// Between the first's own state and all that the second holds, joins that did not end included.
    pub a_tip_b_all: Runs,
    /// Between all that the first holds and the second's own state.
    pub a_all_b_tip: Runs,
    /// Blocks that could not be read on one side; they count as differing above.
    pub unread: Runs,
}

/// What a relation rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
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
    /// Cannot be told.
    Unknown,
}

/// Why a relation is less than certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// A side has no image, or its copy is defective.
    NotJudged,
    /// Both wrote the same blocks, and the counters alone say whose are newer.
    DecidedByCounter,
    /// By extents alone one timeline and two lone runs over the same blocks look alike.
    SameBlocksUnread,
    /// At equal counters one side stores more blocks than the other.
    CountersHideALoss,
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
    /// Why it is less than certain.
    pub doubts: BTreeSet<Doubt>,
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

    /// Whether it is between these two, in any order.
    pub fn is_between(&self, one: &Label, two: &Label) -> bool {
        (self.a == *one && self.b == *two) || (self.a == *two && self.b == *one)
    }
}

/// Relates two replicas; `content` where their blocks were compared.
pub fn relate(a: &Layers, b: &Layers, content: Option<&Content>) -> Relation {
    let mut shared = shared(a, b);
    if !(a.judged && b.judged && a.images && b.images) {
        return unknown(a, b, shared, content);
    }
    let views = Views { a: Supply::view(a, a.tip), b: Supply::view(b, b.tip) };
    let mut cut = false;
    let parts = loop {
        let parts = split(&views, &shared);
        match content.and_then(|content| contradicted(&parts, &content.tips)) {
            Some(index) => {
                let name = a.list[shared.pairs[index].0].name.clone();
                shared.cut(index, name);
                cut = true;
            }
            None => break parts,
        }
    };
    let mut relation = judge(a, b, &views, shared, &parts, content);
    if cut {
        relation.doubts.insert(Doubt::ContentContradicts);
    }
    relation
}

struct Views {
    a: Supply,
    b: Supply,
}

/// The volume split by who supplies what, regardless of content.
#[derive(Default)]
struct Parts {
    only_a: Runs,
    only_b: Runs,
    both: Runs,
    /// Neither owns it; the first is supplied by the newer layer.
    above_a: Runs,
    above_b: Runs,
    /// Of those, where the older side has no layer at all.
    hole: Runs,
    /// Neither owns it, one layer supplies both: by index of the shared state.
    same: Vec<Runs>,
}

fn split(views: &Views, shared: &Shared) -> Parts {
    let mut parts = Parts { same: vec![Runs::new(); shared.pairs.len()], ..Parts::default() };
    let newest = shared.newest();
    let map_a = Mapping::new(shared.pairs.iter().map(|pair| pair.0));
    let map_b = Mapping::new(shared.pairs.iter().map(|pair| pair.1));
    for (run, level_a, level_b) in views.a.zip(&views.b) {
        let own_a = level_a.is_some_and(|level| newest.is_none_or(|(at, _)| level > at));
        let own_b = level_b.is_some_and(|level| newest.is_none_or(|(_, at)| level > at));
        let into = match (own_a, own_b) {
            (true, true) => &mut parts.both,
            (true, false) => &mut parts.only_a,
            (false, true) => &mut parts.only_b,
            (false, false) => {
                let (state_a, state_b) = (map_a.state(level_a), map_b.state(level_b));
                if state_a.is_none() || state_b.is_none() {
                    parts.hole.push(run.start, run.end);
                }
                match (state_a, state_b) {
                    (Some(at), Some(bt)) if at == bt => &mut parts.same[at],
                    _ if state_a > state_b => &mut parts.above_a,
                    _ => &mut parts.above_b,
                }
            }
        };
        into.push(run.start, run.end);
    }
    parts
}

/// From a level at or below the newest shared state to the shared state that it is part of: a snapshot that the
/// other side merged away counts as the one below it, into which it went.
struct Mapping(Vec<usize>);

impl Mapping {
    fn new(levels: impl Iterator<Item = usize>) -> Self {
        let mut map = Vec::new();
        for (state, level) in levels.enumerate() {
            map.resize(level, state.saturating_sub(1));
            map.push(state);
        }
        Self(map)
    }

    fn state(&self, level: Option<usize>) -> Option<usize> {
        self.0.get(level?).copied()
    }
}

/// A shared state most of whose blocks, where both sides still hold it, differ: its name is equal, no more.
fn contradicted(parts: &Parts, differ: &Runs) -> Option<usize> {
    parts.same.iter().position(|held| {
        let different = held.intersection(differ).bytes();
        different * 2 > held.bytes()
    })
}

fn judge(
    a: &Layers,
    b: &Layers,
    views: &Views,
    shared: Shared,
    parts: &Parts,
    content: Option<&Content>,
) -> Relation {
    let newest = shared.newest();
    let differing =
        |runs: &Runs| content.map_or_else(|| runs.clone(), |content| runs.intersection(&content.tips));
    let mut out = Relation {
        a: a.label.clone(),
        b: b.label.clone(),
        kind: RelationKind::Unknown,
        basis: if content.is_some() { Basis::Blocks } else { Basis::Extents },
        ancestor: newest.map(|(at, bt)| (a.list[at].name.clone(), b.list[bt].name.clone())),
        differ: content.map(|content| content.tips.clone()),
        unique_a: differing(&parts.only_a),
        unique_b: differing(&parts.only_b),
        contested: differing(&parts.both),
        lost_b: differing(&parts.above_a),
        lost_a: differing(&parts.above_b),
        below: Runs::new(),
        unknown: Runs::new(),
        foreign_a: Runs::new(),
        foreign_b: Runs::new(),
        newer_a: Holds::default(),
        newer_b: Holds::default(),
        doubts: BTreeSet::new(),
        shared,
    };
    if let Some(content) = content {
        for same in &parts.same {
            out.unknown = out.unknown.union(&same.intersection(&content.tips));
        }
        if !content.unread.is_empty() {
            out.doubts.insert(Doubt::Unread);
            // Nobody knows what is there, so neither side may be said to hold all of the other.
            out.unknown = out.unknown.union(&content.unread);
        }
    }
    out.below = out.lost_a.union(&out.lost_b).union(&out.unknown);
    if !out.below.intersection(&parts.hole).is_empty() {
        out.doubts.insert(Doubt::HoleBelow);
    }
    if content.is_some() {
        if !out.lost_a.is_empty() || !out.lost_b.is_empty() {
            out.doubts.insert(Doubt::DamageBelow);
        }
        let gone = |owner: &Layers, other: &Supply, unique: &Runs, side| {
            !unique.intersection(&former_version_gone(owner, other, &out.shared, side)).is_empty()
        };
        if gone(a, &views.b, &out.unique_a, Side::A) || gone(b, &views.a, &out.unique_b, Side::B) {
            out.doubts.insert(Doubt::FormerVersionGone);
        }
    }
    if !out.unknown.is_empty() {
        out.doubts.insert(Doubt::SharedStateDiffers);
    }
    if a.size != b.size {
        out.doubts.insert(Doubt::Sizes);
    }

    let own_a = views.a.of(|level| newest.is_none_or(|(at, _)| level > at));
    let own_b = views.b.of(|level| newest.is_none_or(|(_, bt)| level > bt));
    contested(a, b, views, &own_a, &own_b, &mut out);
    foreign(a, b, &own_a, &own_b, content, &mut out);

    out.newer_a.blocks =
        union([&out.newer_a.blocks, &out.unique_a, &out.lost_b, &out.unknown, &out.foreign_a]);
    out.newer_b.blocks =
        union([&out.newer_b.blocks, &out.unique_b, &out.lost_a, &out.unknown, &out.foreign_b]);
    out.kind = kind(a, b, &out);
    out
}

/// Where the other side has a block that `owner`, at the state they share, no longer has from the same layer.
fn former_version_gone(owner: &Layers, other: &Supply, shared: &Shared, side: Side) -> Runs {
    let (mine, theirs): (Vec<usize>, Vec<usize>) = match side {
        Side::A => shared.pairs.iter().copied().unzip(),
        Side::B => shared.pairs.iter().map(|(a, b)| (*b, *a)).unzip(),
    };
    let then = Supply::view(owner, mine.last().copied());
    let (mine, theirs) = (Mapping::new(mine.into_iter()), Mapping::new(theirs.into_iter()));
    let mut gone = Runs::new();
    for (run, own, held) in then.zip(other) {
        if held.is_some() && mine.state(own) != theirs.state(held) {
            gone.push(run.start, run.end);
        }
    }
    gone
}

fn union<const N: usize>(sets: [&Runs; N]) -> Runs {
    sets.into_iter().fold(Runs::new(), |all, runs| all.union(runs))
}

/// Attributes the blocks that both sides wrote since the shared state.
fn contested(a: &Layers, b: &Layers, views: &Views, own_a: &Runs, own_b: &Runs, out: &mut Relation) {
    match lesser(a, b, own_a, own_b, out.shared.newest()) {
        Some(lesser) => {
            // Without contents the greater counter itself tells of writes that the lesser side lacks.
            let more = out.basis != Basis::Blocks;
            if !out.contested.is_empty() {
                out.doubts.insert(Doubt::DecidedByCounter);
            }
            let (greater, own) = match lesser {
                Side::A => (&mut out.newer_b, own_b),
                Side::B => (&mut out.newer_a, own_a),
            };
            greater.blocks = out.contested.clone();
            // A counter that no block bears out tells of nothing that this side could still give.
            greater.more = more && !own.is_empty();
        }
        None if out.contested.is_empty() => {}
        None => {
            let one_counter = a.counter.is_some() && a.counter == b.counter;
            let one_past = out.shared.newest().is_some() || a.is_copy_of(b);
            if one_counter && one_past && own_a == own_b && out.basis == Basis::Extents {
                out.doubts.insert(Doubt::SameBlocksUnread);
            } else if one_counter && own_a == own_b && is_one_write(a, b, views, out) {
                out.doubts.insert(Doubt::OneWrite);
            } else if one_counter
                && out.shared.newest().is_some()
                && out.basis == Basis::Extents
                && (own_a.is_subset(own_b) || own_b.is_subset(own_a))
            {
                // Every counted write of the smaller side went over blocks that the larger one stores too: one
                // timeline in which a power cut took allocations. Two lone runs would hardly nest.
                out.doubts.insert(Doubt::CountersHideALoss);
            } else {
                out.newer_a.blocks = out.contested.clone();
                out.newer_b.blocks = out.contested.clone();
            }
        }
    }
}

/// Whether all that differs is one run of blocks in both heads, as a single write would leave it.
///
/// Both heads stand on the newest shared state then: over a snapshot that only one side has, what that side wrote is of
/// another moment than the other's last write.
fn is_one_write(a: &Layers, b: &Layers, views: &Views, out: &Relation) -> bool {
    let Some(differ) = &out.differ else { return false };
    let [run] = differ.as_slice() else { return false };
    let (over_a, over_b) = out.shared.newest().map_or((0, 0), |(at, bt)| (at + 1, bt + 1));
    let in_head = |layers: &Layers, view: &Supply, over: usize| {
        !layers.is_cut()
            && layers.head() == Some(over)
            && differ.is_subset(&view.of(|level| Some(level) == layers.head()))
    };
    *differ == out.contested
        && run.len() <= ONE_WRITE
        && in_head(a, &views.a, over_a)
        && in_head(b, &views.b, over_b)
}

/// Blocks that a side received in a join that did not end are the other side's live writes. Whoever did not
/// write them itself lacks them, though they are no part of the receiver's own state.
fn foreign(
    a: &Layers,
    b: &Layers,
    own_a: &Runs,
    own_b: &Runs,
    content: Option<&Content>,
    out: &mut Relation,
) {
    let received = |layers: &Layers, other: &Runs, differ: Option<&Runs>| {
        let above = Supply::view(layers, layers.head()).of(|level| layers.tip.is_none_or(|tip| level > tip));
        let missing = above.difference(other);
        differ.map_or_else(|| missing.clone(), |differ| missing.intersection(differ))
    };
    if a.is_cut() {
        out.foreign_a = received(a, own_b, content.map(|content| &content.a_all_b_tip));
    }
    if b.is_cut() {
        out.foreign_b = received(b, own_a, content.map(|content| &content.a_tip_b_all));
    }
    if a.is_cut() || b.is_cut() {
        out.doubts.insert(Doubt::ForeignBlocks);
    }
}

fn kind(a: &Layers, b: &Layers, out: &Relation) -> RelationKind {
    match (out.newer_a.nothing(), out.newer_b.nothing()) {
        (true, true) => {
            let names = |layers: &Layers| layers.list.iter().map(|l| l.name.clone()).collect::<Vec<_>>();
            let snapshots = |layers: &Layers| {
                let mut names = names(layers);
                names.pop();
                names
            };
            let same = snapshots(a) == snapshots(b) && !a.list.is_empty() && !b.list.is_empty();
            if same { RelationKind::Identical } else { RelationKind::Equal }
        }
        (true, false) => RelationKind::Behind,
        (false, true) => RelationKind::Ahead,
        // Nothing but what cannot be attributed.
        (false, false) if out.newer_a.blocks == out.unknown && out.newer_b.blocks == out.unknown => {
            RelationKind::Unknown
        }
        (false, false) if out.shared.pairs.is_empty() => RelationKind::Unrelated,
        (false, false) => RelationKind::Diverged,
    }
}

/// What nothing can be told of: a side has no image, or its copy is defective. The states that both share by their
/// records are shown; what a head holds they do not show.
fn unknown(a: &Layers, b: &Layers, shared: Shared, content: Option<&Content>) -> Relation {
    let newest = shared.newest();
    let more = || Holds { blocks: Runs::new(), more: true };
    Relation {
        a: a.label.clone(),
        b: b.label.clone(),
        kind: RelationKind::Unknown,
        basis: Basis::Records,
        ancestor: newest.map(|(at, bt)| (a.list[at].name.clone(), b.list[bt].name.clone())),
        differ: content.map(|content| content.tips.clone()),
        unique_a: Runs::new(),
        unique_b: Runs::new(),
        contested: Runs::new(),
        below: Runs::new(),
        lost_a: Runs::new(),
        lost_b: Runs::new(),
        unknown: Runs::new(),
        foreign_a: Runs::new(),
        foreign_b: Runs::new(),
        newer_a: more(),
        newer_b: more(),
        doubts: BTreeSet::from([Doubt::NotJudged]),
        shared,
    }
}
