//! The snapshot DAG for Graphviz.

use std::fmt::Write;

use super::escape;
use super::model::{History, StateKind};
use crate::analysis::Analysis;
use crate::ident::Label;

/// All volumes in one digraph, a cluster each; arrows lead from a state to what it stands on.
pub fn graph(analysis: &Analysis) -> String {
    let mut out =
        String::from("digraph jivascope {\n  rankdir=TB;\n  node [shape=box, fontname=\"monospace\"];\n");
    for (at, volume) in analysis.volumes.iter().enumerate() {
        cluster(&mut out, at, &volume.name, &History::of(volume));
    }
    out.push_str("}\n");
    out
}

// Writing to a string cannot fail, so what `writeln` returns is left alone.
fn cluster(out: &mut String, at: usize, name: &str, history: &History) {
    let _ = writeln!(out, "  subgraph cluster_{at} {{\n    label=\"{}\";", escape::dot(name));
    for (node, state) in history.states.iter().enumerate() {
        let names: Vec<String> = state.names.iter().map(|name| escape::dot(name)).collect();
        let mut lines = vec![names.join(", "), labels(&state.held_by)];
        if !state.heads.is_empty() {
            lines.push(format!("head of {}", labels(&state.heads)));
        }
        let style = match state.kind {
            StateKind::Head => ", style=bold",
            StateKind::OffChain => ", style=dashed",
            StateKind::Snapshot => "",
        };
        let _ = writeln!(out, "    v{at}_{node} [label=\"{}\"{style}];", lines.join("\\n"));
    }
    for (child, parents) in history.parents.iter().enumerate() {
        for parent in parents {
            let _ = writeln!(out, "    v{at}_{child} -> v{at}_{parent};");
        }
    }
    out.push_str("  }\n");
}

fn labels(labels: &[Label]) -> String {
    let escaped: Vec<String> = labels.iter().map(|label| escape::dot(label.as_str())).collect();
    escaped.join(", ")
}
