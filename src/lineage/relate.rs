//! Relating two replicas.
//!
//! Extents tell which layer supplies each block on either side. Layers at or below the newest shared state are mapped to
//! each other; everything above is a side's own. Where contents were compared, equal blocks drop out first. Whose the
//! blocks are that both wrote is settled afterwards, when all pairs are known.

use std::collections::BTreeSet;

use super::earlier::lesser;
use super::layers::Layers;
use super::relation::{Basis, Content, Doubt, Holds, Relation, RelationKind, Side, Wanted};
use super::shared::{Shared, shared};
use super::split::{Formerly, Parts, Views, formerly, split};
use super::supply::Supply;
use crate::ident::{BLOCK_SIZE, Counter, Run, Runs};
use crate::replica::Quality;

/// The longest run of blocks that may be one write: the largest burst that an initiator sends to Jiva's target.
const ONE_WRITE: u64 = 64 * BLOCK_SIZE;

/// Relates two replicas; `content` where their blocks were compared.
pub(crate) fn relate(a: &Layers, b: &Layers, content: Option<&Content>) -> Relation {
    let mut shared = shared(a, b);
    if !(a.judged && b.judged && a.images && b.images) {
        return unknown(a, b, shared, content);
    }
    let views = Views::of(a, b);
    let mut cut = false;
    let parts = loop {
        let parts = split(&views, &shared);
        let Some(content) = content else { break parts };
        if shared.merged != (0, 0) && !parts.merged.intersection(&content.tips).is_empty() {
            // It was not merged: what it holds is not what the other side has there.
            shared.merged = (0, 0);
            continue;
        }
        match contradicted(&parts, &content.tips) {
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

/// A shared state most of whose blocks, where both sides still hold it, differ: its name is equal, no more.
///
/// Damage inside one file is no fork: where the layers above it are equal for the most part, the records are right and
/// the blocks of that one layer were changed.
fn contradicted(parts: &Parts, differ: &Runs) -> Option<usize> {
    let counts: Vec<(u64, u64)> =
        parts.same.iter().map(|held| (held.intersection(differ).bytes(), held.bytes())).collect();
    let mostly = |(different, held): (u64, u64)| different * 2 > held;
    (0..counts.len()).find(|index| {
        let above =
            counts[index + 1..].iter().fold((0, 0), |(d, h), (different, held)| (d + different, h + held));
        mostly(counts[*index]) && (above.1 == 0 || mostly(above))
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
    let read_all = content.is_some_and(|content| content.unseen.is_empty());
    let differing = |runs: &Runs| match content {
        Some(content) => runs.intersection(&content.tips.union(&content.unseen)),
        None => runs.clone(),
    };
    let mut out = Relation {
        basis: if read_all { Basis::Blocks } else { Basis::Extents },
        differ: content.map(|content| content.tips.clone()),
        unique_a: differing(&parts.only_a),
        unique_b: differing(&parts.only_b),
        contested: differing(&parts.both),
        lost_b: differing(&parts.above_a),
        lost_a: differing(&parts.above_b),
        ..empty(a, b, shared)
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
    if content.is_some() && !(out.lost_a.is_empty() && out.lost_b.is_empty()) {
        out.doubts.insert(Doubt::DamageBelow);
    }
    if !out.unknown.is_empty() {
        out.doubts.insert(Doubt::SharedStateDiffers);
    }
    if a.size != b.size {
        out.doubts.insert(Doubt::Sizes);
    }

    let own_a = views.a.of(|level| newest.is_none_or(|(at, _)| level > at));
    let own_b = views.b.of(|level| newest.is_none_or(|(_, bt)| level > bt));
    // Asked only where a relation can turn on it: each takes a sweep over all extents.
    let former = |owner: &Layers, other: &Supply, is_a: bool, unique: &Runs| {
        let asked = content.is_some() && !unique.is_empty();
        if asked { formerly(owner, other, &out.shared, is_a) } else { Formerly::default() }
    };
    let former_a = former(a, &views.b, true, &out.unique_a);
    let former_b = former(b, &views.a, false, &out.unique_b);
    versions_below(&former_a, &former_b, content, &mut out);
    dropped(a, b, content, &mut out);
    // A block that a copy may have dropped stands against no order.
    let with = |own: &Runs, dropped: &Runs| (!dropped.is_empty()).then(|| own.union(dropped));
    let (may_a, may_b) = (with(&own_a, &out.dropped_a), with(&own_b, &out.dropped_b));
    let (may_a, may_b) = (may_a.as_ref().unwrap_or(&own_a), may_b.as_ref().unwrap_or(&own_b));
    out.lesser = lesser(a, b, may_a, may_b, newest);
    contested(a, b, views, (&own_a, &own_b), content, &mut out);
    foreign(a, b, &own_a, &own_b, content, &mut out);
    if content.is_some() {
        want(a, b, views, (&former_a, &former_b), &mut out);
    }

    out.newer_a.blocks =
        union([&out.newer_a.blocks, &out.unique_a, &out.lost_b, &out.unknown, &out.foreign_a]);
    out.newer_b.blocks =
        union([&out.newer_b.blocks, &out.unique_b, &out.lost_a, &out.unknown, &out.foreign_b]);
    out.kind = kind(a, b, &out);
    out
}

/// A relation of which nothing is known but what both share.
fn empty(a: &Layers, b: &Layers, shared: Shared) -> Relation {
    let newest = shared.newest();
    Relation {
        a: a.label.clone(),
        b: b.label.clone(),
        kind: RelationKind::Unknown,
        basis: Basis::Records,
        ancestor: newest.map(|(at, bt)| (a.list[at].name.clone(), b.list[bt].name.clone())),
        differ: None,
        unique_a: Runs::new(),
        unique_b: Runs::new(),
        contested: Runs::new(),
        below: Runs::new(),
        lost_a: Runs::new(),
        lost_b: Runs::new(),
        unknown: Runs::new(),
        foreign_a: Runs::new(),
        foreign_b: Runs::new(),
        newer_a: Holds::default(),
        newer_b: Holds::default(),
        certain_a: Runs::new(),
        certain_b: Runs::new(),
        dropped_a: Runs::new(),
        dropped_b: Runs::new(),
        lesser: None,
        doubts: BTreeSet::new(),
        wanted: None,
        shared,
    }
}

/// A pair of which nothing is known: a side has no image, or its copy is defective. The states that both share by their
/// records are shown; what a head holds they do not show.
fn unknown(a: &Layers, b: &Layers, shared: Shared, content: Option<&Content>) -> Relation {
    let more = || Holds { blocks: Runs::new(), more: true };
    Relation {
        differ: content.map(|content| content.tips.clone()),
        newer_a: more(),
        newer_b: more(),
        doubts: BTreeSet::from([Doubt::NotJudged]),
        ..empty(a, b, shared)
    }
}

/// What the versions at the newest shared state make of blocks that only one side wrote since: it is newer there only
/// if it started from what the other side shows.
fn versions_below(former_a: &Formerly, former_b: &Formerly, content: Option<&Content>, out: &mut Relation) {
    if out.basis != Basis::Blocks {
        return;
    }
    let read = content
        .and_then(|content| content.former.as_ref())
        .filter(|read| Some(read.at) == out.shared.newest());
    let nothing = Runs::new();
    let (differs_a, differs_b) = read.map_or((&nothing, &nothing), |read| (&read.differs_a, &read.differs_b));
    let other_b = out.unique_a.intersection(differs_a);
    let other_a = out.unique_b.intersection(differs_b);
    if !other_a.is_empty() || !other_b.is_empty() {
        out.doubts.insert(Doubt::OtherVersionBelow);
    }
    // What nobody looked at is as good as gone.
    let lost = |former: &Formerly| {
        if read.is_some() { former.gone.clone() } else { former.gone.union(&former.kept) }
    };
    let gone_a = out.unique_a.intersection(&lost(former_a));
    let gone_b = out.unique_b.intersection(&lost(former_b));
    if !gone_a.is_empty() || !gone_b.is_empty() {
        out.doubts.insert(Doubt::FormerVersionGone);
    }
    out.certain_a = out.unique_a.difference(&gone_a);
    out.certain_b = out.unique_b.difference(&gone_b);
    out.newer_b.blocks = other_b;
    out.newer_a.blocks = other_a;
}

/// What may be stored zeros that a copy dropped: a hole on the side with the higher counter, where the other side wrote
/// since the shared state, if some image above that state came in a copy of unknown quality.
fn dropped(a: &Layers, b: &Layers, content: Option<&Content>, out: &mut Relation) {
    // Counters of two timelines that never were one say nothing of each other.
    let Some(newest) = out.shared.newest() else { return };
    let uncertain = |layers: &Layers, top: usize| {
        let above = layers.list.get(top + 1..).unwrap_or_default();
        above.iter().any(|layer| layer.quality < Quality::Faithful)
    };
    let higher = |one: &Layers, other: &Layers| match (one.counter, other.counter) {
        (Some(one), Some(other)) => one > other,
        _ => false,
    };
    // A block that the other side stores as zeros would be zeros here too.
    let data = |runs: &Runs, zeros: Option<&Runs>| {
        zeros.map_or_else(|| runs.clone(), |zeros| runs.difference(zeros))
    };
    if higher(a, b) && uncertain(a, newest.0) {
        out.dropped_a = data(&out.unique_b, content.map(|content| &content.zeros_b));
    }
    if higher(b, a) && uncertain(b, newest.1) {
        out.dropped_b = data(&out.unique_a, content.map(|content| &content.zeros_a));
    }
    if !out.dropped_a.is_empty() || !out.dropped_b.is_empty() {
        out.doubts.insert(Doubt::DroppedZeros);
        out.certain_b = out.certain_b.difference(&out.dropped_a);
        out.certain_a = out.certain_a.difference(&out.dropped_b);
    }
}

fn union<const N: usize>(sets: [&Runs; N]) -> Runs {
    sets.into_iter().fold(Runs::new(), |all, runs| all.union(runs))
}

/// Attributes the blocks that both sides wrote since the shared state, as far as the two tell by themselves. Where one
/// is an earlier point of the other by the counters, they stay with both until the others have been asked.
fn contested(
    a: &Layers,
    b: &Layers,
    views: &Views,
    (own_a, own_b): (&Runs, &Runs),
    content: Option<&Content>,
    out: &mut Relation,
) {
    let one_counter = a.counter.is_some() && a.counter == b.counter;
    let apart = !out.unique_a.is_empty() || !out.unique_b.is_empty();
    let settled = |layers: &Layers| !layers.is_empty() && !layers.is_cut();
    if one_counter && apart && !out.shared.pairs.is_empty() && settled(a) && settled(b) {
        out.doubts.insert(Doubt::EqualCountersApart);
    }
    if let Some(side) = out.lesser {
        // Without contents the greater counter itself tells of writes that the lesser side lacks. A counter that no
        // block bears out tells of nothing that this side could still give.
        let (greater, own) = match side {
            Side::A => (&mut out.newer_b, own_b),
            Side::B => (&mut out.newer_a, own_a),
        };
        greater.more = out.basis != Basis::Blocks && !own.is_empty();
    }
    if out.contested.is_empty() {
        return;
    }
    let one_past = out.shared.newest().is_some() || a.is_copy_of(b);
    let seen_apart = content.is_some_and(|content| !out.contested.intersection(&content.tips).is_empty());
    if out.lesser.is_none()
        && one_counter
        && own_a == own_b
        && one_past
        && out.basis == Basis::Extents
        && !seen_apart
    {
        out.doubts.insert(Doubt::SameBlocksUnread);
        return;
    }
    // Every counted write of the smaller side went over blocks that the larger one stores too: one timeline in which
    // allocations were lost. Two lone runs would hardly nest. It stays a contradiction of equal counters.
    let nested = own_a.is_subset(own_b) || own_b.is_subset(own_a);
    if out.lesser.is_none()
        && one_counter
        && !out.shared.pairs.is_empty()
        && out.basis == Basis::Extents
        && !seen_apart
        && nested
    {
        return;
    }
    if out.lesser.is_none() && one_counter && own_a == own_b {
        let former = content.and_then(|content| content.former.as_ref());
        match may_be_one_write(a, b, views, out).and(former).map(|former| former.one_write) {
            None => {}
            Some(None) => drop(out.doubts.insert(Doubt::OneWriteUnread)),
            // A joiner completes a block from layers that were not copied yet: what the write did not cover it lacks.
            Some(Some(bears)) => {
                let covered = match (a.joined, b.joined) {
                    (true, false) => bears.by_b && bears.stored,
                    (false, true) => bears.by_a && bears.stored,
                    _ => bears.by_a || bears.by_b,
                };
                if covered {
                    out.doubts.insert(Doubt::OneWrite);
                    return;
                }
                if a.joined != b.joined {
                    let holder = if a.joined { &mut out.newer_b } else { &mut out.newer_a };
                    holder.blocks = holder.blocks.union(&out.contested);
                    out.doubts.insert(Doubt::OneWrite);
                    return;
                }
            }
        }
    }
    out.newer_a.blocks = out.newer_a.blocks.union(&out.contested);
    out.newer_b.blocks = out.newer_b.blocks.union(&out.contested);
}

/// The run in which two sides differ, if it can be one write: the only difference, in both heads, over states that
/// neither counter is more than one write past.
///
/// Both heads stand on the newest shared state then: over a snapshot that only one side has, what that side wrote is of
/// another moment than the other's last write.
fn may_be_one_write(a: &Layers, b: &Layers, views: &Views, out: &Relation) -> Option<Run> {
    let differ = out.differ.as_ref()?;
    let [run] = differ.as_slice() else { return None };
    let newest = out.shared.newest();
    let in_head = |layers: &Layers, view: &Supply, over: Option<usize>| {
        !layers.is_cut()
            && layers.head() == Some(over.map_or(0, |over| over + 1))
            && differ.is_subset(&view.of(|level| Some(level) == layers.head()))
    };
    (*differ == out.contested
        && run.len() <= ONE_WRITE
        && in_head(a, &views.a, newest.map(|newest| newest.0))
        && in_head(b, &views.b, newest.map(|newest| newest.1)))
    .then_some(*run)
}

/// How many writes a replica counted above a level.
pub(super) fn counted_above(layers: &Layers, level: usize) -> Option<i64> {
    let Counter(now) = layers.counter?;
    let layer = layers.list.get(level)?;
    let Counter(then) = layer.counter?;
    Some(now - then)
}

/// Says which versions at the shared state would settle more.
fn want(
    a: &Layers,
    b: &Layers,
    views: &Views,
    (former_a, former_b): (&Formerly, &Formerly),
    out: &mut Relation,
) {
    let Some(at) = out.shared.newest() else { return };
    let of_a = out.unique_a.intersection(&former_a.kept);
    let of_b = out.unique_b.intersection(&former_b.kept);
    let one_counter = a.counter.is_some() && a.counter == b.counter;
    let one_write = may_be_one_write(a, b, views, out).filter(|_| one_counter).map(|run| {
        let stores = |layers: &Layers, top: usize| {
            Runs::from_unsorted(vec![run]).is_subset(&Supply::view(layers, Some(top)).of(|_| true))
        };
        let side = if stores(a, at.0) { Some(Side::A) } else { stores(b, at.1).then_some(Side::B) };
        (run, side)
    });
    if !of_a.is_empty() || !of_b.is_empty() || one_write.is_some() {
        out.wanted = Some(Wanted { at, of_a, of_b, one_write });
    }
}

/// Blocks that a side received in a join that did not end are the other side's live writes. A replica that did not
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

/// What the first is to the second, by what each holds.
pub(super) fn kind(a: &Layers, b: &Layers, out: &Relation) -> RelationKind {
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
