//! All disks of a volume's replicas as one graph: a node is a state, an edge leads to the state it stands on.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex};

use super::layers::Layers;
use super::relation::Relation;
use crate::ident::{DiskName, Label};
use crate::replica::Replica;

/// From this many replicas on, common ancestors are told for pairs and for all together only: the number of
/// sets doubles with each replica.
const ALL_SETS_UP_TO: usize = 6;

/// A state: one disk, or the disks of several replicas that are the same state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The disks, by replica.
    pub disks: BTreeMap<Label, DiskName>,
    /// Replicas whose active chain goes through it.
    pub on_chain: BTreeSet<Label>,
    /// Replicas whose head it is.
    pub heads: BTreeSet<Label>,
}

impl Node {
    /// Its name: the first disk's.
    pub fn name(&self) -> &DiskName {
        self.disks.values().next().expect("a node has at least one disk")
    }
}

/// Why one state stands on another: whose record says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The replicas whose records name the parent.
    pub replicas: BTreeSet<Label>,
}

/// The snapshot DAG.
#[derive(Debug, Default)]
pub struct Graph {
    /// States and what they stand on, child to parent. Free of circles unless a replica's records run in one.
    pub dag: DiGraph<Node, Edge>,
    places: BTreeMap<(Label, DiskName), NodeIndex>,
}

/// The newest state that all replicas of a set went through, if there is any, and the first disks above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    /// The set, ascending.
    pub replicas: Vec<Label>,
    /// The state, as each of them names it; empty if there is none.
    pub disks: BTreeMap<Label, DiskName>,
    /// The first disk of each above it; for those that have one.
    pub divergence: BTreeMap<Label, DiskName>,
}

impl Graph {
    /// Builds it from all disks and from the shared states of all pairs.
    pub(super) fn of(replicas: &[Replica], layers: &[Layers], relations: &[Relation]) -> Self {
        let mut sets = Sets::default();
        for replica in replicas {
            for name in replica.disks.keys() {
                sets.add(&replica.label, name);
            }
        }
        for relation in relations {
            let of = |label: &Label| layers.iter().find(|layers| layers.label == *label);
            let (Some(a), Some(b)) = (of(&relation.a), of(&relation.b)) else { continue };
            for (at, bt) in &relation.shared.pairs {
                sets.join((&a.label, &a.list[*at].name), (&b.label, &b.list[*bt].name));
            }
        }
        let mut graph = Self::default();
        for members in sets.classes() {
            let disks: BTreeMap<Label, DiskName> = members.iter().cloned().collect();
            let node = graph.dag.add_node(Node { disks, on_chain: BTreeSet::new(), heads: BTreeSet::new() });
            for member in members {
                graph.places.insert(member, node);
            }
        }
        for replica in replicas {
            for disk in replica.disks.values() {
                let node = graph.places[&(replica.label.clone(), disk.name.clone())];
                if disk.on_chain {
                    graph.dag[node].on_chain.insert(replica.label.clone());
                }
                if Some(&disk.name) == replica.head.as_ref() {
                    graph.dag[node].heads.insert(replica.label.clone());
                }
                let Some(parent) = disk.parent() else { continue };
                // A parent that is not there is the replica's finding; the graph has no node for it.
                let Some(&below) = graph.places.get(&(replica.label.clone(), parent)) else { continue };
                match graph.dag.find_edge(node, below) {
                    Some(edge) => {
                        graph.dag[edge].replicas.insert(replica.label.clone());
                    }
                    None => {
                        let replicas = BTreeSet::from([replica.label.clone()]);
                        graph.dag.add_edge(node, below, Edge { replicas });
                    }
                }
            }
        }
        graph
    }

    /// The node of a replica's disk.
    pub fn node(&self, replica: &Label, disk: &DiskName) -> Option<NodeIndex> {
        self.places.get(&(replica.clone(), disk.clone())).copied()
    }

    /// The newest common ancestor of every set of two or more replicas with a chain.
    pub(super) fn ancestors(&self, layers: &[Layers]) -> Vec<Ancestor> {
        let with_chain: Vec<&Layers> = layers.iter().filter(|layers| !layers.list.is_empty()).collect();
        let count = with_chain.len();
        let mut sets: Vec<Vec<&Layers>> = Vec::new();
        if count <= ALL_SETS_UP_TO {
            for mask in 0u32..1 << count {
                if mask.count_ones() > 1 {
                    sets.push(
                        (0..count).filter(|at| mask & (1 << at) != 0).map(|at| with_chain[at]).collect(),
                    );
                }
            }
        } else {
            for at in 0..count {
                sets.extend((at + 1..count).map(|bt| vec![with_chain[at], with_chain[bt]]));
            }
            sets.push(with_chain);
        }
        let mut out: Vec<Ancestor> = sets.iter().map(|set| self.ancestor(set)).collect();
        out.sort_by(|a, b| (a.replicas.len(), &a.replicas).cmp(&(b.replicas.len(), &b.replicas)));
        out
    }

    fn ancestor(&self, set: &[&Layers]) -> Ancestor {
        let nodes = |layers: &Layers| -> BTreeMap<NodeIndex, usize> {
            let own = layers.list.iter().enumerate();
            own.filter_map(|(at, layer)| Some((self.node(&layers.label, &layer.name)?, at))).collect()
        };
        let all: Vec<BTreeMap<NodeIndex, usize>> = set.iter().map(|layers| nodes(layers)).collect();
        let newest = all[0]
            .iter()
            .filter(|(node, _)| all[1..].iter().all(|other| other.contains_key(node)))
            .max_by_key(|(_, at)| **at)
            .map(|(node, _)| *node);
        let mut disks = BTreeMap::new();
        let mut divergence = BTreeMap::new();
        for (layers, nodes) in set.iter().zip(&all) {
            let above = match newest {
                Some(node) => {
                    disks.insert(layers.label.clone(), layers.list[nodes[&node]].name.clone());
                    nodes[&node] + 1
                }
                None => 0,
            };
            if let Some(layer) = layers.list.get(above) {
                divergence.insert(layers.label.clone(), layer.name.clone());
            }
        }
        Ancestor { replicas: set.iter().map(|layers| layers.label.clone()).collect(), disks, divergence }
    }
}

/// Disjoint sets of disks.
#[derive(Default)]
struct Sets {
    members: Vec<(Label, DiskName)>,
    parent: Vec<usize>,
    places: BTreeMap<(Label, DiskName), usize>,
}

impl Sets {
    fn add(&mut self, label: &Label, name: &DiskName) {
        let member = (label.clone(), name.clone());
        self.places.insert(member.clone(), self.members.len());
        self.parent.push(self.members.len());
        self.members.push(member);
    }

    fn root(&self, mut at: usize) -> usize {
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, a: (&Label, &DiskName), b: (&Label, &DiskName)) {
        let place =
            |(label, name): (&Label, &DiskName)| self.places.get(&(label.clone(), name.clone())).copied();
        let (Some(a), Some(b)) = (place(a), place(b)) else { return };
        let (a, b) = (self.root(a), self.root(b));
        // Towards the smaller index, so that the order of joining does not matter.
        self.parent[a.max(b)] = a.min(b);
    }

    /// The sets, ordered by their first member; members ascending. Two disks of one replica are never one
    /// state, even if records of others say so in a roundabout way: the later one stands alone then.
    fn classes(&self) -> Vec<Vec<(Label, DiskName)>> {
        let mut by_root: BTreeMap<usize, Vec<(Label, DiskName)>> = BTreeMap::new();
        for (at, member) in self.members.iter().enumerate() {
            by_root.entry(self.root(at)).or_default().push(member.clone());
        }
        let mut out = Vec::new();
        for members in by_root.into_values() {
            let mut whose = BTreeSet::new();
            let (first, rest): (Vec<_>, Vec<_>) =
                members.into_iter().partition(|m| whose.insert(m.0.clone()));
            out.push(first);
            out.extend(rest.into_iter().map(|member| vec![member]));
        }
        out
    }
}
