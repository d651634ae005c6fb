//! The snapshot DAG as JSON: what is held, and what other witnesses saw of replicas that nobody supplied.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use serde::Serialize;

use crate::analysis::Volume;
use crate::finding::Facts;
use crate::ident::{DiskName, Label};

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownGraph<'a> {
    nodes: Vec<ShownNode<'a>>,
    edges: Vec<ShownEdge>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownNode<'a> {
    id: usize,
    /// The disks that are held of it; none of a state that only other witnesses saw.
    disks: Vec<Place<'a>>,
    on_chain: Vec<&'a Label>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    heads: Vec<&'a Label>,
    /// Replicas that nobody supplied and that had it in their chain, by a log or a dump.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seen: Vec<Seen<'a>>,
}

/// A disk of a replica that nobody supplied.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Seen<'a> {
    address: &'a str,
    disk: &'a DiskName,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownEdge {
    child: usize,
    parent: usize,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Place<'a> {
    replica: &'a Label,
    disk: &'a DiskName,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownAncestor<'a> {
    replicas: &'a [Label],
    disks: Vec<Place<'a>>,
    divergence: Vec<Place<'a>>,
}

pub(super) fn ancestors(volume: &Volume) -> Vec<ShownAncestor<'_>> {
    let ancestors = volume.lineage.ancestors.iter();
    ancestors
        .map(|ancestor| ShownAncestor {
            replicas: &ancestor.replicas,
            disks: places(&ancestor.disks),
            divergence: places(&ancestor.divergence),
        })
        .collect()
}

fn places<'a>(disks: impl IntoIterator<Item = (&'a Label, &'a DiskName)>) -> Vec<Place<'a>> {
    disks.into_iter().map(|(replica, disk)| Place { replica, disk }).collect()
}

pub(super) fn graph(volume: &Volume) -> ShownGraph<'_> {
    let dag = &volume.lineage.graph.dag;
    let held = |at: NodeIndex| {
        let node = &dag[at];
        ShownNode {
            id: at.index(),
            disks: places(node.disks.iter().map(|(replica, disk)| (replica, disk))),
            on_chain: node.on_chain.iter().collect(),
            heads: node.heads.iter().collect(),
            seen: Vec::new(),
        }
    };
    let edges = dag.edge_indices().filter_map(|edge| dag.edge_endpoints(edge));
    let edges = edges.map(|(child, parent)| ShownEdge { child: child.index(), parent: parent.index() });
    let mut graph = ShownGraph { nodes: dag.node_indices().map(held).collect(), edges: edges.collect() };
    graph.add_seen(volume);
    graph.edges.sort_by_key(|edge| (edge.child, edge.parent));
    graph
}

impl<'a> ShownGraph<'a> {
    /// Adds what other witnesses saw of replicas that nobody supplied.
    ///
    /// A name alone is no state: the snapshot of a refused join lies on both sides, over what each had. So a disk is one of
    /// those that are held only if it stands on the same state. The lowest one that was seen is known by its name, where
    /// that is the name of one state.
    fn add_seen(&mut self, volume: &'a Volume) {
        let mut named: BTreeMap<&DiskName, Vec<usize>> = BTreeMap::new();
        for node in &self.nodes {
            for place in node.disks.iter().filter(|place| place.disk.is_snapshot()) {
                let ids = named.entry(place.disk).or_default();
                if ids.last() != Some(&node.id) {
                    ids.push(node.id);
                }
            }
        }
        let mut below: BTreeMap<usize, usize> =
            self.edges.iter().map(|edge| (edge.child, edge.parent)).collect();
        for finding in &volume.findings {
            let Facts::MissingWitness { seen: Some(missing), .. } = &finding.facts else { continue };
            let mut parent: Option<usize> = None;
            for disk in missing.chain.iter().rev() {
                let same = named.get(disk).map_or(&[][..], Vec::as_slice);
                let known = match parent {
                    Some(_) => same.iter().copied().find(|id| below.get(id).copied() == parent),
                    None => same.first().copied().filter(|_| same.len() == 1),
                };
                let id = known.unwrap_or_else(|| self.add(disk, parent, &mut named, &mut below));
                self.nodes[id].seen.push(Seen { address: &missing.address, disk });
                parent = Some(id);
            }
        }
    }

    /// A state that nobody holds.
    fn add(
        &mut self,
        disk: &'a DiskName,
        parent: Option<usize>,
        named: &mut BTreeMap<&'a DiskName, Vec<usize>>,
        below: &mut BTreeMap<usize, usize>,
    ) -> usize {
        let id = self.nodes.len();
        self.nodes.push(ShownNode { id, disks: vec![], on_chain: vec![], heads: vec![], seen: vec![] });
        if let Some(parent) = parent {
            self.edges.push(ShownEdge { child: id, parent });
            below.insert(id, parent);
        }
        if disk.is_snapshot() {
            named.entry(disk).or_default().push(id);
        }
        id
    }
}
