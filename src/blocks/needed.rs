//! Of which blocks a comparison of sums needs the data: where two replicas differ, what each shows there.

use std::collections::BTreeMap;

use super::replicas::Comparison;
use super::versions::{disk, own};
use super::view::MergedView;
use crate::evidence::Sums;
use crate::ident::{Label, Run, Runs};
use crate::lineage::{self, Contents, Relation, Side};
use crate::replica::{Copies, Replica};

/// Whole blocks of one replica, by the name of the image that holds them.
pub type Blocks = BTreeMap<String, Runs>;

/// The blocks of each replica of a volume that hold data and stand where some pair of views of it and another differs; and
/// what stood there at the newest shared state, where it may be one write that they differ by.
///
/// Equal blocks are not among them, nor blocks of zeros, which need no data.
pub fn needed(
    replicas: &[Replica],
    found: &Comparison,
    copies: &Copies,
    factor: usize,
) -> BTreeMap<Label, Blocks> {
    // As they were before anything was read that would settle them.
    let before = |content: &lineage::Content| lineage::Content { former: None, ..content.clone() };
    let contents: Contents =
        found.contents.iter().map(|(pair, content)| (pair.clone(), before(content))).collect();
    let (_, relations) = lineage::relations(replicas, &contents, copies, factor);
    let mut out: BTreeMap<Label, BTreeMap<String, Vec<Run>>> = BTreeMap::new();
    let mut add = |replica: &Replica, view: Option<MergedView>, runs: &Runs| {
        if let Some(view) = view {
            supplied(&view, runs, out.entry(replica.label.clone()).or_default());
        }
    };
    for ((a, b), content) in &contents {
        let of = |label: &Label| Replica::among(replicas, label);
        let (Some(a), Some(b)) = (of(a), of(b)) else { continue };
        let apart = content.tips.union(&content.a_tip_b_all).union(&content.a_all_b_tip);
        for replica in [a, b] {
            add(replica, own(replica).ok(), &apart);
            if replica.clean_tip.is_some() {
                let head = replica.chain.first();
                add(replica, head.and_then(|head| MergedView::at(replica, head).ok()), &apart);
            }
        }
    }
    for relation in &relations {
        let of = |label: &Label| Replica::among(replicas, label);
        let (Some(a), Some(b)) = (of(&relation.a), of(&relation.b)) else { continue };
        if let Some((run, side, at)) = one_write(relation) {
            let (then, level) = if side == Some(Side::B) { (b, at.1) } else { (a, at.0) };
            let view = MergedView::at(then, &disk(then, level)).ok();
            add(then, view, &Runs::from_unsorted(vec![run]));
        }
    }
    out.into_iter().map(|(label, blocks)| (label, whole(blocks))).collect()
}

fn one_write(relation: &Relation) -> Option<(Run, Option<Side>, (usize, usize))> {
    let wanted = relation.wanted.as_ref()?;
    let (run, side) = wanted.one_write?;
    Some((run, side, wanted.at))
}

fn whole(blocks: BTreeMap<String, Vec<Run>>) -> Blocks {
    let all = blocks.into_iter().map(|(name, runs)| (name, Runs::from_unsorted(runs)));
    all.filter(|(_, runs)| !runs.is_empty()).collect()
}

/// What the layers of a view supply of these runs, by image, but for zeros.
fn supplied(view: &MergedView, runs: &Runs, out: &mut BTreeMap<String, Vec<Run>>) {
    let mut zeros: BTreeMap<usize, Runs> = BTreeMap::new();
    for run in runs {
        for segment in view.segments_in(*run) {
            let Some((source, entry)) = view.place(segment.level) else { continue };
            let zeros = zeros.entry(segment.level).or_insert_with(|| {
                source.sums().map(|sums: &dyn Sums| sums.zeros(entry)).unwrap_or_default()
            });
            let mut here = Runs::new();
            here.push(segment.run.start.max(run.start), segment.run.end.min(run.end));
            let blocks = here.to_blocks(u64::MAX).difference(zeros);
            out.entry(entry.name.clone()).or_default().extend(blocks.iter().copied());
        }
    }
}
