//! What Jiva would do with a volume, with its price in blocks.
//!
//! `jiva` foretells which image ends up where; here those stacks are read like any view and compared with what each
//! replica held before. All stacks are compared in one pass, equal ones once.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::course::{Row, rows};
use crate::blocks::{self, Compared, MergedView, ViewLayer};
use crate::ident::{DiskName, Label, Runs};
use crate::jiva::{self, Course, Election, Join, Original, Outcome, Standing, Version};
use crate::lineage::{Lineage, Supply};
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
    /// Whether all blocks may be read.
    pub read: bool,
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
    let version = ground.version;
    let started: Vec<Result<Standing, String>> =
        ground.replicas.iter().map(|replica| jiva::start(replica, version)).collect();
    let labelled = || ground.replicas.iter().map(|replica| &replica.label).zip(&started);
    let sides: Vec<(&Label, &Result<Standing, String>)> = labelled().collect();
    let pairs: Vec<_> = sides
        .iter()
        .flat_map(|rw| sides.iter().filter(|wo| wo.0 != rw.0).map(move |wo| (*rw, *wo)))
        .collect();
    let joins: Vec<Join> = pairs
        .into_par_iter()
        .map(|((rw, rw_side), (wo, wo_side))| jiva::join(rw_side, wo_side, (rw, wo), version))
        .collect();
    let running: Vec<Standing> = started.iter().flatten().cloned().collect();
    let elections = jiva::elections(&running, ground.factor);
    let leaders: BTreeSet<&Label> = elections.iter().map(|election| &election.leader).collect();
    let courses: Vec<Course> = leaders
        .into_par_iter()
        .flat_map(|leader| jiva::courses(&running, leader, ground.factor, version))
        .collect();
    let down: Vec<(Label, String)> =
        labelled().filter_map(|(label, side)| Some((label.clone(), side.as_ref().err()?.clone()))).collect();

    let mut views = Views::of(ground);
    for join in &joins {
        if let Outcome::Accepted { stack, .. } = &join.outcome {
            views.ask(ground, &join.rw, &join.wo, stack);
        }
    }
    for course in &courses {
        for member in &course.members[1..] {
            views.ask(ground, &course.leader, &member.label, &member.stack());
        }
    }
    let prices = views.price(ground.read, watch);
    let joins = joins.into_iter().map(|join| priced(ground, join, &prices)).collect();
    let rows = rows(ground, &courses, &elections, &down, &prices);
    Foretold { version, joins, elections, rows, down }
}

fn priced(ground: &Ground<'_>, join: Join, prices: &Prices) -> ForetoldJoin {
    let mut out = ForetoldJoin { differing: None, changed: None, lost: None, splits: false, join };
    let Outcome::Accepted { stack, overwritten, .. } = &out.join.outcome else { return out };
    let (rw, wo) = (&out.join.rw, &out.join.wo);
    let Some(price) = prices.of(ground, rw, wo, stack) else { return out };
    out.splits = price.splits();
    let gone = |disk: &DiskName| overwritten.contains(disk);
    out.lost = price.changed.is_some().then(|| prices.lost(ground, rw, wo, &price, gone).blocks());
    out.differing = price.differing.as_ref().map(Runs::blocks);
    out.changed = price.changed.as_ref().map(Runs::blocks);
    out
}

/// The views to be compared: each replica's before, and every stack that some join leaves.
struct Views {
    list: Vec<MergedView>,
    live: BTreeMap<Label, usize>,
    stacks: BTreeMap<(Label, Vec<Original>), usize>,
    pairs: BTreeSet<(usize, usize)>,
}

impl Views {
    fn of(ground: &Ground<'_>) -> Self {
        let mut views =
            Self { list: Vec::new(), live: BTreeMap::new(), stacks: BTreeMap::new(), pairs: BTreeSet::new() };
        for replica in ground.replicas {
            if let Some(view) = live_view(replica) {
                views.live.insert(replica.label.clone(), views.list.len());
                views.list.push(view);
            }
        }
        views
    }

    /// Wants a stack compared with what both sides held before.
    fn ask(&mut self, ground: &Ground<'_>, rw: &Label, wo: &Label, stack: &[Original]) {
        let (Some(&rw_view), Some(&wo_view)) = (self.live.get(rw), self.live.get(wo)) else { return };
        let key = (wo.clone(), stack.to_vec());
        let after = match self.stacks.get(&key) {
            Some(after) => *after,
            None => {
                let layers: Option<Vec<ViewLayer>> = stack
                    .iter()
                    .map(|(label, disk)| ViewLayer::of(ground.replica(label)?, disk).ok())
                    .collect();
                let Some(layers) = layers else { return };
                let size = |label: &Label| ground.replica(label).and_then(|replica| replica.size);
                let size = size(wo).or_else(|| size(rw)).unwrap_or(0);
                self.list.push(MergedView::stack(wo, &DiskName::from("after-the-join"), size, layers));
                self.stacks.insert(key, self.list.len() - 1);
                self.list.len() - 1
            }
        };
        self.pairs.extend([(rw_view, after), (wo_view, after)]);
    }

    fn price(self, read: bool, watch: &dyn Watch) -> Prices {
        let Self { list, live, stacks, pairs } = self;
        let by_layers = stacks
            .iter()
            .map(|((_, stack), after)| (*after, stack))
            .flat_map(|(after, stack)| live.values().map(move |rw| ((*rw, after), stack)))
            .filter(|(pair, _)| pairs.contains(pair))
            .map(|((rw, after), _)| ((rw, after), other_layers(&list[rw], &list[after])))
            .collect();
        let supplies = list.iter().map(|view| view.supply().clone()).collect();
        let compared = read.then(|| {
            let pairs: Vec<_> = pairs.into_iter().collect();
            blocks::compare_views(list, &pairs, None, watch)
        });
        Prices { live, stacks, supplies, by_layers, compared }
    }
}

/// What comparing all stacks found.
pub(super) struct Prices {
    live: BTreeMap<Label, usize>,
    stacks: BTreeMap<(Label, Vec<Original>), usize>,
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

impl Prices {
    /// The price of a join that leaves this stack.
    pub fn of(&self, ground: &Ground<'_>, rw: &Label, wo: &Label, stack: &[Original]) -> Option<Price> {
        let after = *self.stacks.get(&(wo.clone(), stack.to_vec()))?;
        let (rw_view, wo_view) = (*self.live.get(rw)?, *self.live.get(wo)?);
        let between = |view: usize| self.compared.as_ref().map(|compared| compared.between(view, after));
        let mut by_layers = self.by_layers.get(&(rw_view, after)).cloned().unwrap_or_default();
        if stack.iter().all(|(label, _)| label == wo) {
            // Nothing was copied, so what either side holds alone it still holds alone.
            for lacking in [ground.lacks(rw, wo), ground.lacks(wo, rw)].into_iter().flatten() {
                by_layers = by_layers.union(&lacking.blocks);
            }
        }
        Some(Price { differing: between(rw_view), changed: between(wo_view), by_layers })
    }

    /// What only the joiner had and no longer has in any file, where `gone` names its images that are overwritten.
    pub fn lost(
        &self,
        ground: &Ground<'_>,
        rw: &Label,
        wo: &Label,
        price: &Price,
        gone: impl Fn(&DiskName) -> bool,
    ) -> Runs {
        let Some(only_joiner) = ground.lacks(rw, wo) else { return Runs::new() };
        let (Some(replica), Some(view)) = (ground.replica(wo), self.live.get(wo)) else { return Runs::new() };
        let chain = &replica.chain;
        let held_there = self.supplies[*view].of(|level| chain.iter().rev().nth(level).is_some_and(&gone));
        let lost = only_joiner.blocks.intersection(&held_there);
        price.changed.as_ref().map_or_else(|| lost.clone(), |changed| lost.intersection(changed))
    }
}

/// Where the joiner is supplied by another layer than the RW side: images of one name that both chains have count as
/// equal, all heads as one, and a layer that the other side has merged away as nothing known.
fn other_layers(rw: &MergedView, after: &MergedView) -> Runs {
    let name = |view: &MergedView, level: usize| {
        view.layer(level).map(|name| if name.is_head() { DiskName::from("head") } else { name.clone() })
    };
    let names =
        |view: &MergedView| -> BTreeSet<DiskName> { (0..).map_while(|level| name(view, level)).collect() };
    let (rw_names, after_names) = (names(rw), names(after));
    let mut out = Runs::new();
    for (run, at, bt) in rw.supply().zip(after.supply()) {
        let theirs = at.and_then(|level| name(rw, level));
        let own = bt.and_then(|level| name(after, level));
        let known = theirs.as_ref().is_none_or(|name| after_names.contains(name))
            && own.as_ref().is_none_or(|name| rw_names.contains(name));
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
