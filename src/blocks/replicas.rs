//! Comparing the replicas of a volume: their own states, and what joins that did not end left above them.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::{Compared, StoredZeros, compare_views};
use super::quality::Zeros;
use super::unread::{Unread, merge};
use super::view::MergedView;
use crate::ident::{BLOCK_SIZE, Label, Run, Runs};
use crate::lineage::{Content, Contents};
use crate::progress::Progress;
use crate::replica::Replica;

/// What a comparison found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Comparison {
    /// Where the contents of each pair differ. A pair of which a side has no view is left out.
    pub contents: Contents,
    /// What could not be read, by replica and place.
    pub unread: Vec<Unread>,
    /// Replicas of which no view could be made, and why; those without any chain are passed over.
    pub without_view: Vec<(Label, String)>,
    /// Blocks of zeros that were met in each replica.
    pub zeros: BTreeMap<Label, Zeros>,
    /// Bytes of merged views that were read.
    pub bytes: u64,
    /// Share of the blocks that was looked at, if not all.
    pub sample: Option<f64>,
}

/// The views of one replica by their place in the list: its own state, and all it holds.
#[derive(Clone, Copy)]
struct Places {
    own: usize,
    all: usize,
}

/// Compares the own states of the given replicas, and for those whose last join did not end all they hold too.
pub fn compare(replicas: &[&Replica], sample: Option<f64>, progress: &dyn Progress) -> Comparison {
    let mut out = Comparison { sample, ..Comparison::default() };
    let mut views: Vec<MergedView> = Vec::new();
    let mut places: Vec<Option<Places>> = Vec::new();
    for replica in replicas {
        let made = replica.chain.first().map(|head| {
            let all = MergedView::at(replica, head)?;
            let own = replica.clean_tip.as_ref().map(|tip| MergedView::at(replica, tip)).transpose()?;
            Ok::<_, super::ViewError>((all, own))
        });
        places.push(match made {
            None => None,
            Some(Err(error)) => {
                out.without_view.push((replica.label.clone(), error.to_string()));
                None
            }
            Some(Ok((all, own))) => {
                views.push(all);
                let all = views.len() - 1;
                views.extend(own);
                Some(Places { own: views.len() - 1, all })
            }
        });
    }
    let visible: Vec<BTreeMap<usize, u64>> = views.iter().map(visible).collect();
    let compared = compare_views(views, &wanted(&places), sample, None, progress);
    out.bytes = compared.bytes;
    contents(replicas, &places, &compared, &mut out);
    for (replica, places) in replicas.iter().zip(&places) {
        if let Some(places) = places {
            let zeros = out.zeros.entry(replica.label.clone()).or_default();
            stored_zeros(replica, &compared.zeros[places.all], zeros);
            if sample.is_none() {
                let disk = |level: usize| replica.chain[replica.chain.len() - 1 - level].clone();
                zeros.visible =
                    visible[places.all].iter().map(|(level, blocks)| (disk(*level), *blocks)).collect();
            }
        }
    }
    out.unread = merge(compared.unread.into_iter().map(|(_, unread)| unread).collect());
    out
}

/// How many blocks each layer supplies, by level.
fn visible(view: &MergedView) -> BTreeMap<usize, u64> {
    let mut out = BTreeMap::new();
    for segment in view.supply().segments() {
        *out.entry(segment.level).or_default() += segment.run.len().div_ceil(BLOCK_SIZE);
    }
    out
}

/// The pairs of views of different replicas that some relation asks for.
fn wanted(places: &[Option<Places>]) -> Vec<(usize, usize)> {
    let mut pairs = BTreeSet::new();
    let known: Vec<Places> = places.iter().copied().flatten().collect();
    for (at, a) in known.iter().enumerate() {
        for b in &known[at + 1..] {
            for (x, y) in [(a.own, b.own), (a.own, b.all), (a.all, b.own)] {
                pairs.insert((x.min(y), x.max(y)));
            }
        }
    }
    pairs.into_iter().collect()
}

fn contents(replicas: &[&Replica], places: &[Option<Places>], compared: &Compared, out: &mut Comparison) {
    for (at, a) in replicas.iter().enumerate() {
        for (bt, b) in replicas.iter().enumerate().skip(at + 1) {
            let (Some(in_a), Some(in_b)) = (places[at], places[bt]) else { continue };
            let tips = compared.between(in_a.own, in_b.own);
            for (one, two, loser) in [(in_a, in_b, b), (in_b, in_a, a)] {
                let zeroed = compared.zeroed(one.own, two.own);
                if !zeroed.is_empty() && zeroed == tips {
                    let zeros = out.zeros.entry(loser.label.clone()).or_default();
                    zeros.lost = zeros.lost.max(zeroed.blocks());
                }
            }
            let all = [in_a.own, in_a.all, in_b.own, in_b.all];
            out.contents.insert(
                (a.label.clone(), b.label.clone()),
                Content {
                    tips,
                    a_tip_b_all: compared.between(in_a.own, in_b.all),
                    a_all_b_tip: compared.between(in_a.all, in_b.own),
                    unseen: compared.unseen.clone(),
                    zeros_a: compared.zeroed(in_a.own, in_b.own),
                    zeros_b: compared.zeroed(in_b.own, in_a.own),
                    former: None,
                    unread: all.iter().fold(Runs::new(), |all, view| all.union(&compared.failed(*view))),
                },
            );
        }
    }
}

/// Sums up by disk the stored zeros of all that a replica holds.
fn stored_zeros(replica: &Replica, view: &StoredZeros, out: &mut Zeros) {
    let disk = |level: usize| &replica.chain[replica.chain.len() - 1 - level];
    out.read = view.read;
    out.blocks = view.blocks.iter().map(|(level, blocks)| (disk(*level).clone(), *blocks)).collect();
    if view.first.is_empty() {
        return;
    }
    let twice = stored_twice(replica);
    for (run, level) in &view.first {
        let hidden = twice.clip(run.start, run.end).blocks();
        if hidden > 0 {
            *out.hiding.entry(disk(*level).clone()).or_default() += hidden;
        }
    }
}

/// What at least two images of the chain store: the layer that supplies it there hides something.
fn stored_twice(replica: &Replica) -> Runs {
    let size = replica.size.unwrap_or(u64::MAX - BLOCK_SIZE);
    let mut all: Vec<Run> = replica
        .chain_disks()
        .filter_map(|disk| disk.image.as_ref()?.extents.as_ref().ok())
        .flat_map(|extents| extents.runs.to_blocks(size).as_slice().to_vec())
        .collect();
    all.sort_unstable();
    let (mut out, mut reach) = (Runs::new(), 0);
    for run in all {
        out.push(run.start, run.end.min(reach));
        reach = reach.max(run.end);
    }
    out
}
