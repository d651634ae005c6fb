//! Whose the blocks are that two replicas both wrote, asked of all replicas together.
//!
//! Between two, a lower counter and a subset of the blocks look alike whether the one is an earlier point of the other or
//! both ran alone. But a write needs factor/2 + 1 RW replicas. So the writes that the higher counter is ahead by had
//! company, or the factor was lowered: then counters decide nothing, and the blocks stay with both.

use std::collections::BTreeMap;

use super::layers::Layers;
use super::relate::{counted_above, kind};
use super::relation::{Basis, Contents, Doubt, Relation, Side};
use super::together::{self, Order};
use crate::ident::{Label, Runs};

/// What is known of the volume beside its pairs.
pub(super) struct Volume<'a> {
    layers: &'a [Layers],
    contents: &'a Contents,
    /// The replication factor.
    factor: usize,
    /// How many directories these are, copies of one counted once.
    supplied: usize,
    /// The place of the relation of every two replicas, by their own places, the lesser first.
    places: Vec<Option<u32>>,
    /// Whether an earlier replica has the same UUID or a later one has, by place: most have none, and need not be compared.
    copied: Vec<bool>,
}

/// What the others say of a pair whose order the counters give.
enum Company {
    /// The higher counter had it, or needed none.
    Shown,
    /// It had the other as its company, by their logs.
    Logged,
    /// Each wrote without the other, by their logs.
    RanApart,
    /// The replicas that could show it are not here.
    Unknown,
    /// It had none.
    None,
    /// A third replica shows that the order is wrong.
    Contradicted,
}

/// Settles every pair, those of the highest counters first, since they are the company of the lower ones.
pub(super) fn settle(relations: &mut [Relation], layers: &[Layers], contents: &Contents, factor: usize) {
    let volume = &Volume::of(relations, layers, contents, factor);
    let mut order = volume.pairs();
    order.sort_by_key(|(at, a, b)| {
        let counter = volume.layers[*a].counter.min(volume.layers[*b].counter);
        (std::cmp::Reverse(counter), *at)
    });
    for (at, a_at, b_at) in order {
        let (a, b) = (&volume.layers[a_at], &volume.layers[b_at]);
        if relations[at].doubts.contains(&Doubt::OneWrite)
            && !few_writes(a_at, b_at, &relations[at], relations, volume)
        {
            let relation = &mut relations[at];
            relation.doubts.remove(&Doubt::OneWrite);
            relation.newer_a.blocks = relation.newer_a.blocks.union(&relation.contested);
            relation.newer_b.blocks = relation.newer_b.blocks.union(&relation.contested);
            relation.kind = kind(a, b, relation);
        }
        let Some(lesser) = relations[at].lesser.filter(|_| !relations[at].contested.is_empty()) else {
            continue;
        };
        let (less, more) = if lesser == Side::A { (a, b) } else { (b, a) };
        let (less_at, more_at) = if lesser == Side::A { (a_at, b_at) } else { (b_at, a_at) };
        let company = company(less_at, more_at, &relations[at], relations, volume);
        let relation = &mut relations[at];
        match company {
            Company::Shown | Company::Logged | Company::Unknown => {
                let newer = match lesser {
                    Side::A => &mut relation.newer_a,
                    Side::B => &mut relation.newer_b,
                };
                newer.blocks = newer.blocks.difference(&relation.contested);
                relation.doubts.insert(match company {
                    Company::Logged => Doubt::DecidedByLogs,
                    _ => Doubt::DecidedByCounter,
                });
                if matches!(company, Company::Unknown) {
                    relation.doubts.insert(Doubt::CompanyUnknown);
                }
                if less.counted_at.zip(more.counted_at).is_some_and(|(less, more)| less > more) {
                    relation.doubts.insert(Doubt::YoungerCounter);
                }
            }
            Company::RanApart => {
                relation.doubts.insert(Doubt::RanApart);
            }
            Company::None => {
                relation.doubts.insert(Doubt::NoCompany);
            }
            // As good as no company.
            Company::Contradicted => {
                relation.doubts.extend([Doubt::NoCompany, Doubt::OrderContradicted]);
            }
        }
        relation.kind = kind(a, b, relation);
    }
}

/// Whether one of two replicas holds nothing that the other lacks, as far as it is settled.
fn lacks_nothing(holder: usize, other: usize, relations: &[Relation], volume: &Volume<'_>) -> Option<bool> {
    let relation = volume.relation(holder, other, relations)?;
    Some(if holder < other { relation.newer_b.nothing() } else { relation.newer_a.nothing() })
}

/// The counter of the newest state that two replicas share: one that stands in both chains, or the live state of the one
/// that the other includes.
fn shared_counter(one: usize, other: usize, relations: &[Relation], volume: &Volume<'_>) -> Option<i64> {
    let relation = volume.relation(one, other, relations)?;
    let level = relation.shared.newest().map(|(a, b)| if one < other { a } else { b });
    let snapshot = level
        .and_then(|level| volume.layers[one].list.get(level))
        .filter(|layer| layer.counts)
        .and_then(|layer| layer.counter)
        .map(|counter| counter.0);
    let of = |at: usize| volume.layers[at].counter.map(|counter| counter.0);
    let joined_once = !relation.shared.pairs.is_empty() && !relation.doubts.contains(&Doubt::NotJudged);
    let live = match (
        lacks_nothing(one, other, relations, volume)?,
        lacks_nothing(other, one, relations, volume)?,
    ) {
        _ if !joined_once => None,
        (true, true) => of(one).min(of(other)),
        (true, false) => of(other),
        (false, true) => of(one),
        (false, false) => None,
    };
    snapshot.max(live)
}

fn company(
    less_at: usize,
    more_at: usize,
    relation: &Relation,
    relations: &[Relation],
    volume: &Volume<'_>,
) -> Company {
    let (less, more) = (&volume.layers[less_at], &volume.layers[more_at]);
    let (Some(low), Some(high)) = (less.counter, more.counter) else { return Company::None };
    let others = || {
        (0..volume.layers.len()).filter(|other| {
            *other != less_at
                && *other != more_at
                && !volume.is_copy(*other, less_at)
                && !volume.is_copy(*other, more_at)
        })
    };
    if others().any(|third| contradicts(less, more, &volume.layers[third], relation, volume)) {
        return Company::Contradicted;
    }
    match together::order(less, more, volume.layers) {
        Some(Order::Earlier) => return Company::Logged,
        Some(Order::Apart) => return Company::RanApart,
        None => {}
    }
    if high.0 - low.0 <= 1 {
        return Company::Shown;
    }
    let shares = |other: &usize| {
        shared_counter(more_at, *other, relations, volume).is_some_and(|counter| counter > low.0)
    };
    let needed = (volume.factor / 2).max(1);
    // No more are looked at than are needed: of hundreds of replicas the first few tell.
    if volume.factor > 1 && others().filter(shares).take(needed).count() == needed {
        return Company::Shown;
    }
    let supplied = volume.supplied;
    let all_judged = volume.layers.iter().all(|layers| layers.judged);
    if volume.factor < 2 || supplied < volume.factor.max(3) || !all_judged {
        return Company::Unknown;
    }
    Company::None
}

/// Whether a third replica, older than both, has what the later one shows at a block where the earlier one differs: by
/// that order the block would have gone from one content to another and back.
fn contradicts(
    less: &Layers,
    more: &Layers,
    third: &Layers,
    relation: &Relation,
    volume: &Volume<'_>,
) -> bool {
    let older = third.counter.zip(less.counter).is_some_and(|(third, less)| third < less);
    if !older || relation.basis != Basis::Blocks {
        return false;
    }
    let Some(content) = volume.between(more, third) else { return false };
    let Some(own) = volume.between(less, more) else { return false };
    // A block that is zeros again was emptied as a rule.
    let zeros = if less.label < more.label { &own.zeros_b } else { &own.zeros_a };
    let back: Runs = relation.contested.difference(&content.tips).difference(zeros);
    !back.is_empty() && !third.list.is_empty() && !third.is_empty()
}

impl<'a> Volume<'a> {
    fn of(relations: &[Relation], layers: &'a [Layers], contents: &'a Contents, factor: usize) -> Self {
        let of: BTreeMap<&Label, usize> =
            layers.iter().enumerate().map(|(at, layers)| (&layers.label, at)).collect();
        let mut places = vec![None; layers.len() * layers.len()];
        for (at, relation) in relations.iter().enumerate() {
            if let (Some(a), Some(b)) = (of.get(&relation.a), of.get(&relation.b)) {
                places[a * layers.len() + b] = u32::try_from(at).ok();
            }
        }
        let mut uuids: BTreeMap<&str, usize> = BTreeMap::new();
        for uuid in layers.iter().filter_map(|one| one.uuid.as_deref()) {
            *uuids.entry(uuid).or_default() += 1;
        }
        let times = |one: &Layers| one.uuid.as_deref().map_or(1, |uuid| uuids[uuid]);
        let copied: Vec<bool> = layers.iter().map(|one| times(one) > 1).collect();
        let alone = layers.iter().filter(|one| one.uuid.is_none()).count();
        Self { layers, contents, factor, supplied: alone + uuids.len(), places, copied }
    }

    /// Every relation by its place, with the places of its sides.
    fn pairs(&self) -> Vec<(usize, usize, usize)> {
        let count = self.layers.len();
        let pair = |(at, place): (usize, &Option<u32>)| Some(((*place)? as usize, at / count, at % count));
        self.places.iter().enumerate().filter_map(pair).collect()
    }

    /// Whether both are copies of one directory.
    fn is_copy(&self, one: usize, other: usize) -> bool {
        self.copied[one] && self.copied[other] && self.layers[one].is_copy_of(&self.layers[other])
    }

    /// The relation of two replicas.
    fn relation<'r>(&self, one: usize, other: usize, relations: &'r [Relation]) -> Option<&'r Relation> {
        let place = self.places[one.min(other) * self.layers.len() + one.max(other)]?;
        relations.get(place as usize)
    }

    /// What comparing two replicas showed.
    fn between(&self, one: &Layers, other: &Layers) -> Option<&super::relation::Content> {
        let (a, b) = if one.label < other.label { (one, other) } else { (other, one) };
        self.contents.get(&(a.label.clone(), b.label.clone()))
    }
}

/// Whether one write can explain how far the counters went: past the newest state that the two share, or that one of
/// them shares with a third, neither moved by more than one.
fn few_writes(
    a_at: usize,
    b_at: usize,
    relation: &Relation,
    relations: &[Relation],
    volume: &Volume<'_>,
) -> bool {
    let (a, b) = (&volume.layers[a_at], &volume.layers[b_at]);
    let few = |counted: i64| (0..=1).contains(&counted);
    if let Some((at, bt)) = relation.shared.newest()
        && counted_above(a, at).is_some_and(few)
        && counted_above(b, bt).is_some_and(few)
    {
        return true;
    }
    let others = (0..volume.layers.len()).filter(|other| *other != a_at && *other != b_at);
    let newest = others
        .flat_map(|other| [a_at, b_at].map(|one| shared_counter(one, other, relations, volume)))
        .flatten()
        .max();
    let now = |layers: &Layers| layers.counter.map(|counter| counter.0);
    newest.is_some_and(|then| [a, b].into_iter().all(|layers| now(layers).is_some_and(|now| few(now - then))))
}
