//! Many replicas: the DAG of their snapshots, common ancestors, divergence, and what each pair is to each other.
//!
//! Works on what [`replica`](crate::replica) described; reads nothing.

mod company;
mod dag;
mod earlier;
mod group;
mod kinship;
mod layers;
mod relate;
mod relation;
pub mod rescue;
mod shared;
mod space;
mod split;
mod supply;
mod together;
mod witness;

pub use dag::{Ancestor, Edge, Graph, Node};
pub use group::{Apart, Group, group};
pub use layers::{Layer, Layers};
pub(crate) use relate::relate;
pub use relation::{
    Basis, Content, Contents, Doubt, Former, Holds, Leaning, OneWrite, Relation, RelationKind, Side, Wanted,
};
pub use shared::{Shared, Stop, shared};
pub use space::{Held, Space};
pub use supply::{Segment, Supply, Zip};
pub use witness::{Witness, missing};

use rayon::prelude::*;

use crate::ident::Label;
use crate::replica::{Copies, Replica, State};

/// So many pairs are related by one thread.
const FEW: usize = 64;

/// The histories of one volume's replicas, sorted by label.
#[derive(Debug)]
#[non_exhaustive]
pub struct Lineage {
    /// Every replica's chain; empty where it cannot be followed.
    pub layers: Vec<Layers>,
    /// Every pair of replicas that Jiva could open, by label.
    pub relations: Vec<Relation>,
    /// All disks as states, with what stands on what.
    pub graph: Graph,
    /// Newest common ancestor of every set of two or more replicas that are judged.
    pub ancestors: Vec<Ancestor>,
    /// Replicas that nobody supplied.
    pub witnesses: Vec<Witness>,
    /// The replicas that are related, by label: `relations` has every pair of them, in this order.
    related: Vec<Label>,
}

impl Lineage {
    /// Relates the replicas of one volume, which are sorted by label.
    ///
    /// `factor` is the replication factor: where two wrote the same blocks, the others tell whose are newer. `contents` holds what a comparison of blocks found; a pair without an entry is judged by extents. A pair with a
    /// side whose copy may not be judged is related by nothing but its records, and unknown.
    pub fn of(replicas: &[Replica], contents: &Contents, copies: &Copies, factor: usize) -> Self {
        let (layers, relations) = relations(replicas, contents, copies, factor);
        let graph = Graph::of(replicas, &layers, &relations);
        let ancestors = graph.ancestors(replicas, &layers);
        let witnesses = missing(replicas);
        let related =
            replicas.iter().filter(|one| one.state != State::Broken).map(|one| one.label.clone()).collect();
        Self { layers, relations, graph, ancestors, witnesses, related }
    }

    /// The relation between two replicas, in whichever order it is kept.
    pub fn between(&self, one: &Label, two: &Label) -> Option<&Relation> {
        let (one, two) = (self.related.binary_search(one).ok()?, self.related.binary_search(two).ok()?);
        let (a, b) = (one.min(two), one.max(two));
        if a == b {
            return None;
        }
        // Before those of `a` come those of every earlier one with all that follow it.
        self.relations.get(a * (2 * self.related.len() - a - 1) / 2 + b - a - 1)
    }

    /// The chain of a replica.
    pub fn layers(&self, label: &Label) -> Option<&Layers> {
        let at = self.layers.binary_search_by(|layers| layers.label.cmp(label)).ok()?;
        Some(&self.layers[at])
    }
}

/// Every replica's chain, and every pair of those that Jiva could open; what [`Lineage::of`] makes its graph of.
pub(crate) fn relations(
    replicas: &[Replica],
    contents: &Contents,
    copies: &Copies,
    factor: usize,
) -> (Vec<Layers>, Vec<Relation>) {
    let layers: Vec<Layers> = replicas.iter().map(|replica| Layers::of(replica, copies)).collect();
    let opened: Vec<&Layers> = layers
        .iter()
        .zip(replicas)
        .filter(|(_, one)| one.state != State::Broken)
        .map(|(one, _)| one)
        .collect();
    let pairs: Vec<(&Layers, &Layers)> = opened
        .iter()
        .enumerate()
        .flat_map(|(at, a)| opened[at + 1..].iter().map(move |b| (*a, *b)))
        .collect();
    let pair = |(a, b): (&Layers, &Layers)| relate(a, b, contents.get(&(a.label.clone(), b.label.clone())));
    // A few pairs are done before a thread has woken up.
    let mut relations: Vec<Relation> = if pairs.len() > FEW {
        pairs.into_par_iter().map(pair).collect()
    } else {
        pairs.into_iter().map(pair).collect()
    };
    company::settle(&mut relations, &layers, contents, factor);
    (layers, relations)
}
