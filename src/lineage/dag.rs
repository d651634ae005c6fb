//! All disks of a volume's replicas as one graph: a node is a state, an edge leads to the state it stands on.

use std::collections::BTreeMap;

use petgraph::graph::{DiGraph, NodeIndex};

use super::layers::Layers;
use super::relation::Relation;
use crate::ident::{DiskName, Label};
use crate::replica::Replica;

/// From this many replicas on, common ancestors are listed for pairs and for all together only: the number of
/// sets doubles with each replica.
const ALL_SETS_UP_TO: usize = 6;

/// A state: one disk, or the disks of several replicas that are the same state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// The disks, at most one of a replica; by label.
    pub disks: Vec<(Label, DiskName)>,
    /// Replicas whose active chain goes through it, ascending.
    pub on_chain: Vec<Label>,
    /// Replicas whose head it is, ascending.
    pub heads: Vec<Label>,
}

impl Node {
    /// Its name: the first disk's.
    pub fn name(&self) -> &DiskName {
        &self.disks[0].1
    }

    /// The disk of a replica, if one of its disks is this state.
    pub fn disk(&self, replica: &Label) -> Option<&DiskName> {
        self.disks.iter().find(|(label, _)| label == replica).map(|(_, disk)| disk)
    }
}

/// Why one state stands on another: whose record says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The replicas whose records name the parent, ascending.
    pub replicas: Vec<Label>,
}

/// The snapshot DAG.
#[derive(Debug, Default)]
pub struct Graph {
    /// States and what they stand on, child to parent. Free of circles unless a replica's records run in one.
    pub dag: DiGraph<Node, Edge>,
    /// The nodes of every replica's disks, in the order of their names; by label.
    places: Vec<(Label, Vec<NodeIndex>)>,
}

/// The newest state that all replicas of a set went through, if there is any, and the first disks above it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ancestor {
    /// The set, ascending.
    pub replicas: Vec<Label>,
    /// The state, as each of them names it; empty if there is none.
    pub disks: BTreeMap<Label, DiskName>,
    /// The first disk of each above it; for those that have one.
    pub divergence: BTreeMap<Label, DiskName>,
}

impl Graph {
    /// Builds it from all disks and from the shared states of all pairs; replicas are sorted by label.
    pub(super) fn of(replicas: &[Replica], layers: &[Layers], relations: &[Relation]) -> Self {
        let mut sets = Sets::of(replicas);
        for relation in relations {
            let of = |label: &Label| layers.binary_search_by(|layers| layers.label.cmp(label)).ok();
            let (Some(a), Some(b)) = (of(&relation.a), of(&relation.b)) else { continue };
            let place =
                |replica: usize, level: usize| replicas[replica].places.iter().rev().nth(level).copied();
            for (at, bt) in &relation.shared.pairs {
                if let (Some(at), Some(bt)) = (place(a, *at), place(b, *bt)) {
                    sets.join((a, at), (b, bt));
                }
            }
        }
        let mut graph = Self::default();
        let mut nodes = vec![NodeIndex::end(); sets.owner.len()];
        let classes = sets.classes();
        graph.dag.reserve_nodes(classes.len());
        graph.dag.reserve_edges(classes.len());
        for class in classes {
            let disk = |at: &usize| {
                let number = sets.owner[*at];
                let replica = &replicas[number];
                (replica.label.clone(), replica.disks[at - sets.first[number]].name.clone())
            };
            let disks: Vec<_> = class.iter().map(disk).collect();
            let on_chain = Vec::with_capacity(disks.len());
            let node = graph.dag.add_node(Node { disks, on_chain, heads: Vec::new() });
            class.iter().for_each(|at| nodes[*at] = node);
        }
        for (number, replica) in replicas.iter().enumerate() {
            let nodes = &nodes[sets.first[number]..];
            for (at, disk) in replica.disks.iter().enumerate() {
                let node = nodes[at];
                if disk.on_chain {
                    graph.dag[node].on_chain.push(replica.label.clone());
                }
                if Some(&disk.name) == replica.head.as_ref() {
                    graph.dag[node].heads.push(replica.label.clone());
                }
                // A parent that is not there is the replica's finding; the graph has no node for it.
                let Some(below) = replica.disks.below(at) else { continue };
                match graph.dag.find_edge(node, nodes[below]) {
                    Some(edge) => {
                        graph.dag[edge].replicas.push(replica.label.clone());
                    }
                    None => {
                        let mut edge = Edge { replicas: Vec::with_capacity(graph.dag[node].disks.len()) };
                        edge.replicas.push(replica.label.clone());
                        graph.dag.add_edge(node, nodes[below], edge);
                    }
                }
            }
            graph.places.push((replica.label.clone(), nodes[..replica.disks.len()].to_vec()));
        }
        graph
    }

    /// The node of a replica's disk.
    pub fn node(&self, replica: &Replica, disk: &DiskName) -> Option<NodeIndex> {
        let at = self.places.binary_search_by(|(label, _)| label.cmp(&replica.label)).ok()?;
        Some(self.places[at].1[replica.disks.place(disk.as_str())?])
    }

    /// The newest common ancestor of every set of two or more replicas with a chain.
    pub(super) fn ancestors(&self, replicas: &[Replica], layers: &[Layers]) -> Vec<Ancestor> {
        let known = (0..replicas.len()).filter(|at| !layers[*at].list.is_empty());
        let chains: Vec<Chain<'_>> =
            known.map(|at| self.chain(&layers[at], &self.places[at].1, &replicas[at].places)).collect();
        let count = chains.len();
        let mut sets: Vec<Vec<&Chain<'_>>> = Vec::new();
        if count <= ALL_SETS_UP_TO {
            for mask in 0u32..1 << count {
                if mask.count_ones() > 1 {
                    sets.push((0..count).filter(|at| mask & (1 << at) != 0).map(|at| &chains[at]).collect());
                }
            }
        } else {
            for at in 0..count {
                sets.extend((at + 1..count).map(|bt| vec![&chains[at], &chains[bt]]));
            }
            sets.push(chains.iter().collect());
        }
        let mut out: Vec<Ancestor> = sets.iter().map(|set| ancestor(set)).collect();
        out.sort_by(|a, b| (a.replicas.len(), &a.replicas).cmp(&(b.replicas.len(), &b.replicas)));
        out
    }

    /// `places` are those of the chain's disks in the list of all, head first.
    fn chain<'a>(&self, layers: &'a Layers, disks: &[NodeIndex], places: &[usize]) -> Chain<'a> {
        let nodes: Vec<NodeIndex> = places.iter().rev().map(|place| disks[*place]).collect();
        // Of a node that comes twice, the upper level.
        let mut levels: Vec<(NodeIndex, usize)> =
            nodes.iter().enumerate().rev().map(|(level, node)| (*node, level)).collect();
        levels.sort_by_key(|(node, _)| *node);
        levels.dedup_by_key(|(node, _)| *node);
        Chain { layers, nodes, levels }
    }
}

/// A chain with the way from its levels to nodes and back.
struct Chain<'a> {
    layers: &'a Layers,
    nodes: Vec<NodeIndex>,
    /// By node.
    levels: Vec<(NodeIndex, usize)>,
}

impl Chain<'_> {
    /// The level of a node.
    fn level(&self, node: NodeIndex) -> Option<usize> {
        let at = self.levels.binary_search_by_key(&node, |(node, _)| *node).ok()?;
        Some(self.levels[at].1)
    }
}

fn ancestor(set: &[&Chain<'_>]) -> Ancestor {
    let in_all = |node: &NodeIndex| set.iter().all(|chain| chain.level(*node).is_some());
    let newest = set[0].nodes.iter().rev().find(|node| in_all(node));
    let mut disks = BTreeMap::new();
    let mut divergence = BTreeMap::new();
    for chain in set {
        let list = &chain.layers.list;
        let label = &chain.layers.label;
        let shared = newest.and_then(|node| chain.level(*node));
        if let Some(level) = shared {
            disks.insert(label.clone(), list[level].name.clone());
        }
        if let Some(layer) = list.get(shared.map_or(0, |level| level + 1)) {
            divergence.insert(label.clone(), layer.name.clone());
        }
    }
    Ancestor { replicas: set.iter().map(|chain| chain.layers.label.clone()).collect(), disks, divergence }
}

/// Disjoint sets of disks, which are numbered through all replicas.
struct Sets {
    /// The number of each disk's replica.
    owner: Vec<usize>,
    parent: Vec<usize>,
    /// The number of each replica's first disk.
    first: Vec<usize>,
}

impl Sets {
    /// Every disk a set of its own.
    fn of(replicas: &[Replica]) -> Self {
        let (mut owner, mut first) = (Vec::new(), Vec::new());
        for (number, replica) in replicas.iter().enumerate() {
            first.push(owner.len());
            owner.resize(owner.len() + replica.disks.len(), number);
        }
        Self { parent: (0..owner.len()).collect(), owner, first }
    }

    fn root(&self, mut at: usize) -> usize {
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    /// Puts two disks into one set, each given by replica and place.
    fn join(&mut self, a: (usize, usize), b: (usize, usize)) {
        let (a, b) = (self.root(self.first[a.0] + a.1), self.root(self.first[b.0] + b.1));
        // Towards the smaller place, so that the order of joining does not matter.
        self.parent[a.max(b)] = a.min(b);
    }

    /// The sets, ordered by their first member; members ascending. Two disks of one replica are never one
    /// state, even if records of others say so in a roundabout way: the later one stands alone then.
    fn classes(&self) -> Vec<Vec<usize>> {
        // A root is the first of its set, so sets come up in the order of their first members.
        let mut out: Vec<Vec<usize>> = Vec::new();
        let mut number = vec![0; self.owner.len()];
        let mut alone: Vec<(usize, usize)> = Vec::new();
        for at in 0..self.owner.len() {
            let root = self.root(at);
            if root == at {
                number[at] = out.len();
                let mut class = Vec::with_capacity(self.first.len());
                class.push(at);
                out.push(class);
                continue;
            }
            let class = &mut out[number[root]];
            if class.iter().any(|other| self.owner[*other] == self.owner[at]) {
                alone.push((number[root], at));
            } else {
                class.push(at);
            }
        }
        if alone.is_empty() {
            return out;
        }
        // Those follow the set that they were parted from.
        alone.sort_unstable();
        let mut rest = alone.into_iter().peekable();
        let mut ordered = Vec::new();
        for (place, class) in out.into_iter().enumerate() {
            ordered.push(class);
            while let Some((_, at)) = rest.next_if(|(of, _)| *of == place) {
                ordered.push(vec![at]);
            }
        }
        ordered
    }
}
