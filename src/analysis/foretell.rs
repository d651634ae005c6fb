//! What Jiva would do with a volume, with its price in blocks.
//!
//! `jiva` foretells which image ends up where; here those stacks are read like any view and compared with what each
//! replica held before. All stacks are compared in one pass, equal ones once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::course::{Row, rows};
use crate::blocks::{self, Compared, MergedView, ViewLayer};
use crate::ident::{DiskName, Label, Runs};
use crate::jiva::{Election, Join, Original, Outcome, Stage, Version};
use crate::lineage::{Contents, Lineage, Supply};
use crate::replica::Replica;
use crate::watch::Watch;

/// A join with its price.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ForetoldJoin {
    /// What Jiva does.
    pub join: Join,
    /// Blocks in which the joiner's view differs from the RW side's afterwards; `None` if blocks were not read.
    pub differing: Option<u64>,
    /// Blocks in which the joiner's view differs from its own before.
    pub changed: Option<u64>,
    /// Blocks whose version only the joiner had, and that no file of it still holds.
    pub lost: Option<u64>,
    /// Whether both sides would differ afterwards: by blocks, or, where those were not read, by which layer supplies
    /// what. False for a join that is not accepted.
    pub splits: bool,
}

/// Everything that Jiva would do with a volume.
pub(super) struct Foretold {
    /// The version whose rules were followed.
    pub version: Version,
    /// Every ordered pair.
    pub joins: Vec<ForetoldJoin>,
    /// Every order of registering.
    pub elections: Vec<Election>,
    /// Every way to start the volume, equal outcomes folded, best first.
    pub rows: Vec<Row>,
    /// Replicas whose process does not come up, with Jiva's message.
    pub down: Vec<(Label, String)>,
}

/// What a foretelling rests on.
pub(super) struct Ground<'a> {
    pub replicas: &'a [Replica],
    pub lineage: &'a Lineage,
    pub factor: usize,
    pub version: Version,
    /// Where the replicas' own contents differ, if all blocks of them were read; others are then read too.
    pub contents: Option<&'a Contents>,
}

impl<'a> Ground<'a> {
    pub fn replica(&self, label: &Label) -> Option<&'a Replica> {
        self.replicas.iter().find(|replica| replica.label == *label)
    }

    /// What `other` holds and `one` lacks, as far as they can be related.
    pub fn lacks(&self, one: &Label, other: &Label) -> Option<&'a crate::lineage::Holds> {
        self.lineage.between(one, other)?.lacks(one, other)
    }

    /// Whether `one` holds all that `other` holds.
    pub fn includes(&self, one: &Label, other: &Label) -> bool {
        one == other || self.lacks(one, other).is_some_and(crate::lineage::Holds::nothing)
    }
}

/// Foretells joins, elections and whole starts.
pub(super) fn foretell(ground: &Ground<'_>, watch: &dyn Watch) -> Foretold {
    let stage = Stage::of(ground.replicas, ground.version);
    let joins = stage.joins();
    let elections = stage.elections(ground.factor);
    let courses = stage.courses(&elections, ground.factor);
    let mut views = Views::of(ground, &stage);
    for join in &joins {
        if let Outcome::Accepted { stack, .. } = &join.outcome {
            views.ask(&join.rw, &join.wo, stack);
        }
    }
    for course in &courses {
        for step in &course.steps {
            if let Outcome::Accepted { stack, .. } = &step.outcome {
                views.ask(&course.leader, &step.joiner, stack);
            }
        }
    }
    let prices = views.price(watch);
    let joins = joins.into_iter().map(|join| priced(join, &prices)).collect();
    let rows = rows(ground, &courses, &elections, &prices);
    let down = stage.down().map(|(label, message)| (label.clone(), message.to_owned())).collect();
    Foretold { version: ground.version, joins, elections, rows, down }
}

fn priced(join: Join, prices: &Prices<'_>) -> ForetoldJoin {
    let mut out = ForetoldJoin { differing: None, changed: None, lost: None, splits: false, join };
    let Outcome::Accepted { stack, overwritten, .. } = &out.join.outcome else { return out };
    let (rw, wo) = (&out.join.rw, &out.join.wo);
    let Some(price) = prices.of(rw, wo, stack) else { return out };
    out.splits = price.splits();
    let gone = |image: Original| overwritten.contains(&image);
    out.lost = price.changed.is_some().then(|| prices.lost(rw, wo, &price, gone).blocks());
    out.differing = price.differing.as_ref().map(Runs::blocks);
    out.changed = price.changed.as_ref().map(Runs::blocks);
    out
}

/// The views to be compared: each replica's before, and every stack that some join leaves.
struct Views<'a> {
    ground: &'a Ground<'a>,
    stage: &'a Stage,
    list: Vec<MergedView>,
    live: BTreeMap<Label, usize>,
    stacks: BTreeMap<Label, HashMap<Vec<Original>, usize>>,
    /// Live view and view after a join: as RW side and joiner, as the joiner before and after.
    sides: BTreeSet<(usize, usize)>,
    pairs: BTreeSet<(usize, usize)>,
}

impl<'a> Views<'a> {
    fn of(ground: &'a Ground<'a>, stage: &'a Stage) -> Self {
        let mut views = Self {
            ground,
            stage,
            list: Vec::new(),
            live: BTreeMap::new(),
            stacks: BTreeMap::new(),
            sides: BTreeSet::new(),
            pairs: BTreeSet::new(),
        };
        for replica in ground.replicas {
            if let Some(view) = live_view(replica) {
                let at = views.list.len();
                views.list.push(view);
                views.live.insert(replica.label.clone(), at);
                if let Some(standing) = stage.standing(&replica.label) {
                    // A join that leaves everything in its place leaves this very view.
                    views.stacks.entry(replica.label.clone()).or_default().insert(standing.stack(), at);
                }
            }
        }
        views
    }

    /// Wants a stack compared with what both sides held before.
    fn ask(&mut self, rw: &Label, wo: &Label, stack: &[Original]) {
        let (Some(&rw_view), Some(&wo_view)) = (self.live.get(rw), self.live.get(wo)) else { return };
        let after = match self.stacks.get(wo).and_then(|known| known.get(stack)) {
            Some(after) => *after,
            None => {
                let Some(layers) = self.layers(stack) else { return };
                let size = |label: &Label| self.ground.replica(label).and_then(|replica| replica.size);
                let size = size(wo).or_else(|| size(rw)).unwrap_or(0);
                self.list.push(MergedView::stack(wo, &DiskName::from("after-the-join"), size, layers));
                let after = self.list.len() - 1;
                self.stacks.entry(wo.clone()).or_default().insert(stack.to_vec(), after);
                after
            }
        };
        self.sides.insert((rw_view, after));
        if after != wo_view {
            self.pairs.extend([(rw_view, after), (wo_view, after)]);
        } else if known(self.ground, rw, wo).is_none() {
            self.pairs.insert((rw_view.min(after), rw_view.max(after)));
        }
    }

    fn layers(&self, stack: &[Original]) -> Option<Vec<ViewLayer>> {
        let layer = |original: &Original| {
            let (replica, disk) = self.stage.original(*original);
            let replica = &self.ground.replicas[replica];
            ViewLayer::of(replica, &replica.disks[disk]).ok()
        };
        stack.iter().map(layer).collect()
    }

    fn price(self, watch: &dyn Watch) -> Prices<'a> {
        let Self { ground, stage, list, live, stacks, sides, pairs } = self;
        let names = numbered_names(&list);
        let by_layers = sides
            .into_iter()
            .map(|(rw, after)| {
                let (rw_side, joiner) = ((&list[rw], &names[rw][..]), (&list[after], &names[after][..]));
                ((rw, after), other_layers(rw_side, joiner))
            })
            .collect();
        let supplies = list.iter().map(|view| view.supply().clone()).collect();
        let compared = ground.contents.is_some().then(|| {
            let pairs: Vec<_> = pairs.into_iter().collect();
            blocks::compare_views(list, &pairs, None, watch)
        });
        Prices { ground, stage, live, stacks, supplies, by_layers, compared }
    }
}

/// Where the live views of two replicas differ, if comparing the replicas has told it already.
fn known<'a>(ground: &Ground<'a>, one: &Label, other: &Label) -> Option<&'a Runs> {
    let content = |a: &Label, b: &Label| ground.contents?.get(&(a.clone(), b.clone()));
    let whole = |label| ground.replica(label).is_some_and(|replica| replica.clean_tip.is_none());
    let content = content(one, other).or_else(|| content(other, one))?;
    (whole(one) && whole(other)).then_some(&content.tips)
}

/// What comparing all stacks found.
pub(super) struct Prices<'a> {
    ground: &'a Ground<'a>,
    pub stage: &'a Stage,
    live: BTreeMap<Label, usize>,
    stacks: BTreeMap<Label, HashMap<Vec<Original>, usize>>,
    supplies: Vec<Supply>,
    by_layers: BTreeMap<(usize, usize), Runs>,
    compared: Option<Compared>,
}

/// What one join changes.
pub(super) struct Price {
    /// Where the joiner then differs from the RW side, if blocks were read.
    pub differing: Option<Runs>,
    /// Where the joiner then differs from itself before.
    pub changed: Option<Runs>,
    /// Where another layer supplies the joiner than the RW side.
    by_layers: Runs,
}

impl Price {
    /// Whether both sides would then differ.
    pub fn splits(&self) -> bool {
        !self.differing.as_ref().unwrap_or(&self.by_layers).is_empty()
    }
}

impl Prices<'_> {
    /// The price of a join that leaves this stack.
    pub fn of(&self, rw: &Label, wo: &Label, stack: &[Original]) -> Option<Price> {
        let after = *self.stacks.get(wo)?.get(stack)?;
        let (rw_view, wo_view) = (*self.live.get(rw)?, *self.live.get(wo)?);
        let mut by_layers = self.by_layers.get(&(rw_view, after)).cloned().unwrap_or_default();
        let own = |original: &Original| self.ground.replicas[self.stage.original(*original).0].label == *wo;
        if stack.iter().all(own) {
            // Nothing was copied, so what either side holds alone it still holds alone.
            for lacking in [self.ground.lacks(rw, wo), self.ground.lacks(wo, rw)].into_iter().flatten() {
                by_layers = by_layers.union(&lacking.blocks);
            }
        }
        let (differing, changed) = match &self.compared {
            None => (None, None),
            Some(compared) if after != wo_view => {
                (Some(compared.between(rw_view, after)), Some(compared.between(wo_view, after)))
            }
            Some(compared) => {
                let known = known(self.ground, rw, wo).cloned();
                (Some(known.unwrap_or_else(|| compared.between(rw_view, after))), Some(Runs::new()))
            }
        };
        Some(Price { differing, changed, by_layers })
    }

    /// What only the joiner had and no longer has in any file, where `gone` tells which images are nowhere.
    pub fn lost(&self, rw: &Label, wo: &Label, price: &Price, gone: impl Fn(Original) -> bool) -> Runs {
        let Some(only_joiner) = self.ground.lacks(rw, wo).filter(|holds| !holds.blocks.is_empty()) else {
            return Runs::new();
        };
        let (Some(standing), Some(view)) = (self.stage.standing(wo), self.live.get(wo)) else {
            return Runs::new();
        };
        let gone: Vec<bool> = standing.images().rev().map(|image| image.is_some_and(&gone)).collect();
        let held_there = self.supplies[*view].of(|level| gone.get(level).is_some_and(|gone| *gone));
        let lost = only_joiner.blocks.intersection(&held_there);
        price.changed.as_ref().map_or_else(|| lost.clone(), |changed| lost.intersection(changed))
    }
}

/// For each view the names of its layers as numbers, base first; all heads are one name.
fn numbered_names(views: &[MergedView]) -> Vec<Vec<usize>> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut out = Vec::new();
    for view in views {
        let names = (0..).map_while(|level| view.layer(level));
        let names = names.map(|name| if name.is_head() { "head" } else { name.as_str() });
        let number = |name| {
            let next = numbers.len();
            *numbers.entry(name).or_insert(next)
        };
        out.push(names.map(number).collect());
    }
    out
}

/// Where the joiner is supplied by another layer than the RW side: images of one name that both chains have count as
/// equal, and a layer that the other side has merged away as nothing known.
fn other_layers(
    (rw, rw_names): (&MergedView, &[usize]),
    (after, after_names): (&MergedView, &[usize]),
) -> Runs {
    let there = |names: &[usize]| -> HashSet<usize> { names.iter().copied().collect() };
    let mut out = Runs::new();
    let mut segments = rw.supply().zip(after.supply()).peekable();
    if segments.peek().is_none() {
        return out;
    }
    let (in_rw, in_after) = (there(rw_names), there(after_names));
    for (run, at, bt) in segments {
        let (theirs, own) = (at.map(|level| rw_names[level]), bt.map(|level| after_names[level]));
        let known = theirs.is_none_or(|name| in_after.contains(&name))
            && own.is_none_or(|name| in_rw.contains(&name));
        if known && theirs != own {
            out.push(run.start, run.end);
        }
    }
    out
}

/// The view of a replica as it would be opened; a directory without volume.meta becomes an empty volume.
fn live_view(replica: &Replica) -> Option<MergedView> {
    if replica.meta.is_none() && replica.error.is_none() {
        let head = DiskName::from("volume-head-000.img");
        return Some(MergedView::stack(&replica.label, &head, 0, Vec::new()));
    }
    MergedView::live(replica).ok()
}
