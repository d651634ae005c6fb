//! What joins change, in blocks: the stacks that they leave, compared with what each replica held before.
//!
//! All stacks are compared in one pass, equal ones once. Where no blocks are read, which layer supplies what must do.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::ground::Ground;
use crate::blocks::{self, Compared, MergedView, ViewLayer};
use crate::dialect::jiva::engine::{Cluster, Original, Outcome};
use crate::ident::{DiskName, Label, Runs};
use crate::lineage::Supply;
use crate::progress::Progress;
use crate::replica::{Disk, Replica, State};

/// So many extents of stacks that joins leave are looked at together in any case.
const AT_ONCE: usize = 1 << 18;

/// Images on top of each other, as one replica serves them or would.
struct Stack {
    /// Whose, by place in the volume.
    replica: usize,
    /// The disk it is seen from.
    top: DiskName,
    /// Size of the volume in bytes.
    size: u64,
    /// Base first, each by the places of its replica and of its disk.
    images: Vec<(usize, usize)>,
}

impl Stack {
    /// What a replica would serve; a directory without volume.meta becomes an empty volume. `None` where it cannot
    /// be opened.
    fn live(number: usize, replica: &Replica) -> Option<Self> {
        if replica.state == State::Broken {
            return None;
        }
        if replica.meta.is_none() {
            let top = DiskName::from("volume-head-000.img");
            return Some(Self { replica: number, top, size: 0, images: Vec::new() });
        }
        let largest = || replica.chain_disks().filter_map(|disk| Some(disk.image.as_ref()?.size)).max();
        Some(Self {
            replica: number,
            top: replica.chain.first()?.clone(),
            size: replica.size.or_else(largest).unwrap_or(0),
            images: replica.places.iter().rev().map(|disk| (number, *disk)).collect(),
        })
    }

    fn disks<'a>(&self, replicas: &'a [Replica]) -> impl Iterator<Item = (&'a Replica, &'a Disk)> {
        self.images.iter().map(|(replica, disk)| (&replicas[*replica], &replicas[*replica].disks[*disk]))
    }

    /// Whether it is known of every image what that stores.
    fn is_known(&self, replicas: &[Replica]) -> bool {
        self.disks(replicas).all(|(_, disk)| disk.allocated().is_some())
    }

    fn supply(&self, replicas: &[Replica]) -> Supply {
        let extents =
            |disk: &Disk| disk.image.as_ref()?.extents.as_ref().ok().map(|e| e.runs.to_blocks(self.size));
        let stored: Vec<Runs> =
            self.disks(replicas).map(|(_, disk)| extents(disk).unwrap_or_default()).collect();
        Supply::stack(&stored.iter().collect::<Vec<_>>())
    }

    fn view(&self, replicas: &[Replica]) -> MergedView {
        let layer = |(replica, disk)| ViewLayer::of(replica, disk).expect("only known stacks are kept");
        let layers = self.disks(replicas).map(layer).collect();
        MergedView::stack(&replicas[self.replica].label, &self.top, self.size, layers)
    }
}

/// The stacks to be compared: each replica's before, and every one that some join leaves.
pub(super) struct Stacks<'a> {
    ground: &'a Ground<'a>,
    cluster: &'a Cluster,
    list: Vec<Stack>,
    places: Places,
    /// Live stack and stack after a join: as RW side and joiner, as the joiner before and after.
    sides: BTreeSet<(usize, usize)>,
    pairs: BTreeSet<(usize, usize)>,
}

/// Where the stacks of each replica are in the list of all, by the replica's place in the volume.
struct Places {
    live: Vec<Option<usize>>,
    left: Vec<BTreeMap<Vec<Original>, usize>>,
}

impl<'a> Stacks<'a> {
    pub fn of(ground: &'a Ground<'a>, cluster: &'a Cluster) -> Self {
        let mut places = Places { live: Vec::new(), left: Vec::new() };
        let mut list = Vec::new();
        for (number, replica) in ground.replicas.iter().enumerate() {
            let live = Stack::live(number, replica).filter(|stack| stack.is_known(ground.replicas));
            let at = live.is_some().then_some(list.len());
            list.extend(live);
            // A join that leaves everything in its place leaves this very stack.
            let standing = at.and_then(|at| Some((cluster.standing(&replica.label)?.stack(), at)));
            places.live.push(at);
            places.left.push(standing.into_iter().collect());
        }
        Self { ground, cluster, list, places, sides: BTreeSet::new(), pairs: BTreeSet::new() }
    }

    /// Wants what a join leaves compared with what both sides held before. `None` for one that is not accepted, and
    /// where a side cannot be served.
    pub fn ask(&mut self, rw: &Label, wo: &Label, outcome: &Outcome) -> Option<Asked> {
        let Outcome::Accepted { stack, .. } = outcome else { return None };
        let replicas = self.ground.replicas;
        let (rw_place, wo_place) = (self.ground.place(rw)?, self.ground.place(wo)?);
        let (source, before) = (self.places.live[rw_place]?, self.places.live[wo_place]?);
        let after = match self.places.left[wo_place].get(stack) {
            Some(after) => *after,
            None => {
                let size = replicas[wo_place].size.or(replicas[rw_place].size).unwrap_or(0);
                let images = stack.iter().map(|original| self.cluster.original(*original)).collect();
                let left = Stack { replica: wo_place, top: DiskName::from("after-the-join"), size, images };
                if !left.is_known(replicas) {
                    return None;
                }
                self.list.push(left);
                let after = self.list.len() - 1;
                self.places.left[wo_place].insert(stack.clone(), after);
                after
            }
        };
        self.sides.insert((source, after));
        if after != before {
            self.pairs.extend([(source, after), (before, after)]);
        } else if known(self.ground, rw, wo).is_none() {
            self.pairs.insert((source.min(after), source.max(after)));
        }
        Some(Asked { rw: rw_place, wo: wo_place, source, before, after })
    }

    /// Compares everything that was asked for.
    pub fn loss(self, progress: &dyn Progress) -> Losses<'a> {
        let Self { ground, cluster, list, places, sides, pairs } = self;
        let replicas = ground.replicas;
        // Each join leaves a stack of its own, so there are as many as pairs: what supplies one is not kept.
        let live = &list[..places.live.iter().flatten().count()];
        let before: Option<Vec<MergedView>> =
            ground.contents.is_some().then(|| live.iter().map(|stack| stack.view(replicas)).collect());
        let supplies: Vec<Supply> = match &before {
            Some(views) => views.iter().map(|view| view.supply().clone()).collect(),
            None => live.par_iter().map(|stack| stack.supply(replicas)).collect(),
        };
        let stores = |disk: &Disk| disk.allocated().is_none_or(|bytes| bytes > 0);
        let stored = replicas.iter().flat_map(|replica| replica.disks.iter()).any(stores);
        let mut by_layers = BTreeMap::new();
        if stored {
            let names: Vec<Layers> = live.iter().map(|stack| Layers::of(stack, replicas, cluster)).collect();
            let found = |(rw, after): (usize, usize)| {
                let source = (&supplies[rw], &names[rw]);
                let runs = match supplies.get(after) {
                    Some(supply) => other_layers(source, (supply, &names[after])),
                    None => {
                        let (left, supply) = (&list[after], list[after].supply(replicas));
                        other_layers(source, (&supply, &Layers::of(left, replicas, cluster)))
                    }
                };
                ((rw, after), runs)
            };
            let sides: Vec<(usize, usize)> = sides.into_iter().collect();
            // Each thread makes the map of a stack, as long as its extents are many.
            let few = supplies.iter().map(|supply| supply.segments().len()).sum::<usize>() <= AT_ONCE;
            let found: Vec<_> = if few {
                sides.into_par_iter().map(found).collect()
            } else {
                sides.into_iter().map(found).collect()
            };
            by_layers = found.into_iter().collect();
        }
        let compared = before.map(|before| compare(&list, &before, replicas, &pairs, progress));
        let own = list.iter().map(|stack| stack.images.iter().all(|(replica, _)| *replica == stack.replica));
        Losses { ground, cluster, own: own.collect(), supplies, by_layers, compared }
    }
}

/// Compares pairs of stacks; `before` are the views of the first of them, those of the replicas as they are.
///
/// Mostly in one pass. But each join leaves a stack of its own, and the map of a view is as long as its extents are many; so
/// those that are looked at together have at most two thirds of the extents of the replicas themselves, or as many as little
/// memory holds.
fn compare(
    list: &[Stack],
    before: &[MergedView],
    replicas: &[Replica],
    pairs: &BTreeSet<(usize, usize)>,
    progress: &dyn Progress,
) -> BTreeMap<(usize, usize), Runs> {
    let extents = |stack: &Stack| -> usize {
        let stored = stack.disks(replicas).filter_map(|(_, disk)| disk.image.as_ref()?.extents.as_ref().ok());
        stored.map(|extents| extents.runs.len()).sum()
    };
    let at_once = (list[..before.len()].iter().map(extents).sum::<usize>() / 3 * 2).max(AT_ONCE);
    // By what a join leaves, which is the greater of both but for joins that leave everything.
    let mut by_after: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    pairs.iter().for_each(|(a, b)| by_after.entry(*a.max(b)).or_default().push((*a, *b)));
    let (mut out, mut batch, mut taken) = (BTreeMap::new(), Vec::new(), 0);
    let mut rest = by_after.into_iter().peekable();
    while let Some((after, pairs)) = rest.next() {
        taken += if after < before.len() { 0 } else { extents(&list[after]) };
        batch.extend(pairs);
        let next = rest.peek().map_or(usize::MAX, |(next, _)| taken.saturating_add(extents(&list[*next])));
        if next > at_once {
            let numbers: BTreeSet<usize> = batch.iter().flat_map(|(a, b)| [*a, *b]).collect();
            let numbers: Vec<usize> = numbers.into_iter().collect();
            let view = |at: &usize| before.get(*at).cloned().unwrap_or_else(|| list[*at].view(replicas));
            let place = |at: usize| numbers.binary_search(&at).unwrap_or_default();
            let asked = batch.iter().map(|(a, b)| (place(*a.min(b)), place(*a.max(b))));
            let asked: Vec<(usize, usize)> = asked.collect();
            let views = numbers.iter().map(view).collect();
            let found: Compared = blocks::compare_views(views, &asked, None, None, progress);
            out.extend(found.differ.into_iter().map(|((a, b), runs)| ((numbers[a], numbers[b]), runs)));
            (batch, taken) = (Vec::new(), 0);
        }
    }
    out
}

/// Where two stacks differ; nothing for a pair that was not asked for.
fn between(compared: &BTreeMap<(usize, usize), Runs>, one: usize, two: usize) -> Runs {
    compared.get(&(one.min(two), one.max(two))).cloned().unwrap_or_default()
}

/// Where the live views of two replicas differ, if comparing the replicas has shown it already.
fn known<'a>(ground: &Ground<'a>, one: &Label, other: &Label) -> Option<&'a Runs> {
    let content = |a: &Label, b: &Label| ground.contents?.get(&(a.clone(), b.clone()));
    let whole = |label| ground.replica(label).is_some_and(|replica| replica.clean_tip.is_none());
    let content = content(one, other).or_else(|| content(other, one))?;
    (whole(one) && whole(other)).then_some(&content.tips)
}

/// What comparing all stacks found.
pub(super) struct Losses<'a> {
    ground: &'a Ground<'a>,
    pub cluster: &'a Cluster,
    /// By stack whether all its images are of the replica that serves it.
    own: Vec<bool>,
    /// What supplies each replica as it is before, by stack.
    supplies: Vec<Supply>,
    by_layers: BTreeMap<(usize, usize), Runs>,
    /// Where the pairs of stacks that were asked for differ, if blocks were read.
    compared: Option<BTreeMap<(usize, usize), Runs>>,
}

/// A join whose loss was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// RW side and joiner, by their places in the volume.
    rw: usize,
    wo: usize,
    /// The stacks of the RW side, and of the joiner before and after, by their places in the list of all.
    source: usize,
    before: usize,
    after: usize,
}

/// What one join changes.
pub(super) struct Loss {
    /// Where the joiner then differs from the RW side, if blocks were read.
    pub differing: Option<Runs>,
    /// Where the joiner then differs from itself before.
    pub changed: Option<Runs>,
    /// Where another layer supplies the joiner than the RW side.
    by_layers: Runs,
}

impl Loss {
    /// Whether both sides would then differ.
    pub fn splits(&self) -> bool {
        !self.differing.as_ref().unwrap_or(&self.by_layers).is_empty()
    }
}

impl Losses<'_> {
    /// The loss of a join.
    pub fn of(&self, asked: &Asked) -> Loss {
        let Asked { source, before, after, .. } = *asked;
        let (rw, wo) = self.sides(asked);
        let mut by_layers = self.by_layers.get(&(source, after)).cloned().unwrap_or_default();
        if self.own[after] {
            // Nothing was copied, so what either side holds alone it still holds alone.
            for lacking in [self.ground.lacks(rw, wo), self.ground.lacks(wo, rw)].into_iter().flatten() {
                by_layers = by_layers.union(&lacking.blocks);
            }
        }
        let (differing, changed) = match &self.compared {
            None => (None, None),
            Some(compared) if after != before => {
                (Some(between(compared, source, after)), Some(between(compared, before, after)))
            }
            Some(compared) => {
                let known = known(self.ground, rw, wo).cloned();
                (Some(known.unwrap_or_else(|| between(compared, source, after))), Some(Runs::new()))
            }
        };
        Loss { differing, changed, by_layers }
    }

    /// What only the joiner had and no longer has in any file, where `gone` tells which images are nowhere.
    pub fn lost(&self, asked: &Asked, loss: &Loss, gone: impl Fn(Original) -> bool) -> Runs {
        let (rw, wo) = self.sides(asked);
        let Some(only_joiner) = self.ground.lacks(rw, wo).filter(|holds| !holds.blocks.is_empty()) else {
            return Runs::new();
        };
        let Some(standing) = self.cluster.standing(wo) else { return Runs::new() };
        let gone: Vec<bool> = standing.images().rev().map(|image| image.is_some_and(&gone)).collect();
        let held_there = self.supplies[asked.before].of(|level| gone.get(level).is_some_and(|gone| *gone));
        let lost = only_joiner.blocks.intersection(&held_there);
        loss.changed.as_ref().map_or_else(|| lost.clone(), |changed| lost.intersection(changed))
    }

    fn sides(&self, asked: &Asked) -> (&Label, &Label) {
        (&self.ground.replicas[asked.rw].label, &self.ground.replicas[asked.wo].label)
    }
}

/// The layers of a stack by name; all heads are one name.
struct Layers {
    /// For each layer, base first, the number of its name.
    names: Vec<usize>,
    /// The same in ascending order.
    sorted: Vec<usize>,
}

impl Layers {
    fn of(stack: &Stack, replicas: &[Replica], cluster: &Cluster) -> Self {
        const HEAD: usize = 0;
        let number = |place, head| if head { HEAD } else { 1 + cluster.name_number(place) };
        let heads = stack.disks(replicas).map(|(_, disk)| disk.name.is_head());
        let names: Vec<usize> =
            stack.images.iter().zip(heads).map(|(place, head)| number(*place, head)).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        Self { names, sorted }
    }

    /// Whether the stack has a layer of a name.
    fn has(&self, name: usize) -> bool {
        self.sorted.binary_search(&name).is_ok()
    }
}

/// Where the joiner is supplied by another layer than the RW side: images of one name that both chains have count as
/// equal, and a layer that the other side has merged away as nothing known.
fn other_layers((rw, rw_layers): (&Supply, &Layers), (after, after_layers): (&Supply, &Layers)) -> Runs {
    let mut out = Runs::new();
    for (run, at, bt) in rw.zip(after) {
        let (theirs, own) =
            (at.map(|level| rw_layers.names[level]), bt.map(|level| after_layers.names[level]));
        let known =
            theirs.is_none_or(|name| after_layers.has(name)) && own.is_none_or(|name| rw_layers.has(name));
        if known && theirs != own {
            out.push(run.start, run.end);
        }
    }
    out
}
