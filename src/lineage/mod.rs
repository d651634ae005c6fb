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
mod split;
mod supply;
mod witness;

pub use dag::{Ancestor, Edge, Graph, Node};
pub use group::{Apart, Group, group};
pub use layers::{Layer, Layers};
pub(crate) use relate::relate;
pub use relation::{
    Basis, Content, Contents, Doubt, Former, Holds, Leaning, OneWrite, Relation, RelationKind, Side, Wanted,
};
pub use shared::{Shared, Stop, shared};
pub use supply::{Segment, Supply, Zip};
pub use witness::{Witness, missing};

use crate::ident::Label;
use crate::replica::{Copies, Replica, State};

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
        Self { layers, relations, graph, ancestors, witnesses }
    }

    /// The relation between two replicas, in whichever order it is kept.
    pub fn between(&self, one: &Label, two: &Label) -> Option<&Relation> {
        let pair = (one.min(two), one.max(two));
        let at = self.relations.binary_search_by(|relation| (&relation.a, &relation.b).cmp(&pair)).ok()?;
        Some(&self.relations[at])
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
    let mut relations = Vec::new();
    for (at, a) in layers.iter().enumerate() {
        for (bt, b) in layers.iter().enumerate().skip(at + 1) {
            if replicas[at].state != State::Broken && replicas[bt].state != State::Broken {
                let content = contents.get(&(a.label.clone(), b.label.clone()));
                relations.push(relate(a, b, content));
            }
        }
    }
    company::settle(&mut relations, &layers, contents, factor);
    (layers, relations)
}
