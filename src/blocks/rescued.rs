//! What the rescue candidates of a replica hold that the judged replicas lack, by blocks.
//!
//! A replica that Jiva cannot open, or that was made anew over older files, may hold what no other does. Its candidates
//! are compared with the others like replicas. That never makes it one of them; it can only show that it holds nothing
//! of its own.

use std::collections::BTreeSet;

use serde::Serialize;

use super::compare::compare_views;
use super::quality::chain_quality;
use super::unread::{Unread, merge};
use super::view::MergedView;
use crate::ident::{DiskName, Label, Runs};
use crate::lineage::rescue::{self, Candidate};
use crate::lineage::{Basis, Content, Layers, Relation, relate};
use crate::progress::Progress;
use crate::replica::{Quality, Replica};

/// How sure it is that another replica holds everything that the candidates of one hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Held {
    /// They hold something that it lacks, or it is unknown.
    No,
    /// Nothing is found that it lacks, and something about that rests on a counter, a hole or a guess.
    Likely,
    /// Every block in which they differ from it was written by it alone since a state that both share.
    Proven,
}

/// A candidate compared with one judged replica.
#[derive(Debug)]
#[non_exhaustive]
pub struct RescuedRelation {
    /// What the candidate is called behind the label: `candidate-1`.
    pub candidate: String,
    /// The judged replica.
    pub other: Label,
    /// The relation; its first side is the candidate.
    pub relation: Relation,
    /// Whether the candidate reaches a base and all of its images and of the other's were read.
    pub whole: bool,
    /// What the copies of the candidate's images are worth.
    pub quality: Quality,
}

/// The candidates of one replica, compared with the judged replicas of its volume.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rescued {
    /// Whose candidates.
    pub label: Label,
    /// Each candidate with each judged replica, likeliest candidate first.
    pub relations: Vec<RescuedRelation>,
    /// Disks that store something, or may, and are part of no candidate that was compared.
    pub outside: Vec<DiskName>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

impl RescuedRelation {
    /// Whether the other replica holds everything that the candidate holds.
    pub fn held(&self) -> Held {
        let relation = &self.relation;
        if !self.whole
            || self.quality == Quality::Defective
            || relation.basis != Basis::Blocks
            || !relation.newer_a.nothing()
        {
            return Held::No;
        }
        // Whose the blocks are that both wrote only counters and company could say, and a guess has neither.
        if !relation.contested.is_empty() {
            return Held::No;
        }
        // The chain is a guess, so the proof may rest on nothing but blocks of faithful copies, and no doubt is left.
        let proven =
            self.quality >= Quality::Faithful && relation.doubts.is_empty() && relation.wanted.is_none();
        if proven { Held::Proven } else { Held::Likely }
    }
}

impl Rescued {
    /// Whether `other` holds everything that the candidates hold, off-chain disks included.
    pub fn held_by(&self, other: &Label) -> Held {
        if !self.outside.is_empty() {
            return Held::No;
        }
        let found = self.relations.iter().filter(|relation| relation.other == *other);
        found.map(RescuedRelation::held).min().unwrap_or(Held::No)
    }
}

/// Compares the candidates of a replica with judged replicas, whose layers are given with them.
pub fn rescued(
    replica: &Replica,
    candidates: &[Candidate],
    judged: &[(&Replica, &Layers)],
    progress: &dyn Progress,
) -> Rescued {
    let mut views = Vec::new();
    let mut own = Vec::new();
    for candidate in candidates {
        if let Ok(view) = MergedView::of_candidate(replica, candidate) {
            views.push(view);
            own.push((candidate, views.len() - 1));
        }
    }
    // Of each judged replica its own state, and all it holds.
    let mut others = Vec::new();
    for (other, layers) in judged {
        let Some(head) = other.chain.first() else { continue };
        let tip = other.tip().unwrap_or(head);
        let (Ok(all), Ok(tip)) = (MergedView::at(other, head), MergedView::at(other, tip)) else { continue };
        views.extend([all, tip]);
        others.push((*other, *layers, views.len() - 1, views.len() - 2));
    }
    let pairs: Vec<(usize, usize)> = own
        .iter()
        .flat_map(|(_, view)| others.iter().flat_map(|(_, _, tip, all)| [(*view, *tip), (*view, *all)]))
        .collect();
    let compared = compare_views(views, &pairs, None, None, progress);
    let mut relations = Vec::new();
    for (candidate, view) in &own {
        let layers = rescue::layers(replica, candidate);
        let quality = chain_quality(replica, &candidate.chain);
        for (other, theirs, tip, all) in &others {
            let unread = [*view, *tip, *all]
                .iter()
                .fold(Runs::new(), |runs, view| runs.union(&compared.failed(*view)));
            let whole = is_whole(replica, candidate) && unread.is_empty() && layers.size == theirs.size;
            let content = Content {
                tips: compared.between(*view, *tip),
                a_tip_b_all: compared.between(*view, *all),
                a_all_b_tip: compared.between(*view, *tip),
                unseen: Runs::new(),
                zeros_a: compared.zeroed(*view, *tip),
                zeros_b: compared.zeroed(*tip, *view),
                former: None,
                unread,
            };
            let relation = relate(&layers, theirs, Some(&content));
            let other = other.label.clone();
            relations.push(RescuedRelation {
                candidate: candidate.name.clone(),
                other,
                relation,
                whole,
                quality,
            });
        }
    }
    let seen: BTreeSet<&DiskName> = own.iter().flat_map(|(candidate, _)| &candidate.chain).collect();
    let served = |disk: &DiskName| replica.error.is_none() && replica.chain.contains(disk);
    let outside = replica
        .disks
        .iter()
        .filter(|disk| disk.allocated() != Some(0) && !seen.contains(&disk.name) && !served(&disk.name))
        .map(|disk| disk.name.clone())
        .collect();
    Rescued {
        label: replica.label.clone(),
        relations,
        outside,
        unread: merge(compared.unread.into_iter().map(|(_, unread)| unread).collect()),
    }
}

/// Whether a candidate reaches a base and each of its images is here, as long as the volume, with known extents.
fn is_whole(replica: &Replica, candidate: &Candidate) -> bool {
    candidate.complete
        && candidate.chain.iter().all(|name| {
            replica.disk(name).and_then(|disk| disk.image.as_ref()).is_some_and(|image| {
                image.extents.is_ok() && replica.size.is_none_or(|size| image.size >= size)
            })
        })
}
