//! The snapshot DAG for Graphviz.

use std::fmt::Write;

use super::escape;
use crate::analysis::{Analysis, Volume};
use crate::ident::Label;

/// All volumes in one digraph, a cluster each; arrows lead from a state to what it stands on.
pub fn graph(analysis: &Analysis) -> String {
    let mut out =
        String::from("digraph jivascope {\n  rankdir=TB;\n  node [shape=box, fontname=\"monospace\"];\n");
    for (at, volume) in analysis.volumes.iter().enumerate() {
        cluster(&mut out, at, volume);
    }
    out.push_str("}\n");
    out
}

// Writing to a string cannot fail, so what `writeln` returns is left alone.
fn cluster(out: &mut String, at: usize, volume: &Volume) {
    let dag = &volume.lineage.graph.dag;
    let _ = writeln!(out, "  subgraph cluster_{at} {{\n    label=\"{}\";", escape::dot(&volume.name));
    for node in dag.node_indices() {
        let state = &dag[node];
        let names: std::collections::BTreeSet<String> =
            state.disks.iter().map(|(_, name)| name.short()).collect();
        let names: Vec<String> = names.iter().map(|name| escape::dot(name)).collect();
        let mut lines = vec![names.join(", ")];
        lines.push(labels(state.disks.iter().map(|(label, _)| label)));
        if !state.heads.is_empty() {
            lines.push(format!("head of {}", labels(&state.heads)));
        }
        let style = match (state.heads.is_empty(), state.on_chain.is_empty()) {
            (false, _) => ", style=bold",
            (true, true) => ", style=dashed",
            (true, false) => "",
        };
        let _ = writeln!(out, "    v{at}_{} [label=\"{}\"{style}];", node.index(), lines.join("\\n"));
    }
    let mut edges: Vec<(usize, usize)> = dag
        .edge_indices()
        .filter_map(|edge| dag.edge_endpoints(edge))
        .map(|(child, parent)| (child.index(), parent.index()))
        .collect();
    edges.sort_unstable();
    for (child, parent) in edges {
        let _ = writeln!(out, "    v{at}_{child} -> v{at}_{parent};");
    }
    out.push_str("  }\n");
}

fn labels<'a>(labels: impl IntoIterator<Item = &'a Label>) -> String {
    let escaped: Vec<String> = labels.into_iter().map(|label| escape::dot(label.as_str())).collect();
    escaped.join(", ")
}
