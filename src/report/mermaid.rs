//! The snapshot DAG for Mermaid, as Markdown pages draw it.

use std::fmt::Write;

use super::escape;
use super::model::{History, Spot, StateKind};
use crate::analysis::Analysis;

/// All volumes in one flow chart, a group each; arrows lead from a state to what it stands on. Long stretches without
/// branches are one box unless `full`.
pub fn graph(analysis: &Analysis, full: bool) -> String {
    let mut out = String::from(
        "flowchart TD\n  classDef head stroke-width:3px\n  classDef offChain stroke-dasharray:5 5\n",
    );
    for (at, volume) in analysis.volumes.iter().enumerate() {
        group(&mut out, at, &volume.name, &History::of(volume), full);
    }
    out
}

// Writing to a string cannot fail, so what `writeln` returns is left alone.
fn group(out: &mut String, at: usize, name: &str, history: &History, full: bool) {
    let (spots, parents) = history.fold(true, full);
    let _ = writeln!(out, "  subgraph volume{at}[\"{}\"]", escape::mermaid(name));
    for (place, spot) in spots.iter().enumerate() {
        let (text, class) = match spot {
            Spot::Stretch(states) => (format!("{} snapshots", states.len()), ""),
            Spot::State(state) => {
                let state = &history.states[*state];
                let lines: Vec<String> = state.notes.iter().map(|note| escape::mermaid(note)).collect();
                let class = match state.kind {
                    StateKind::Head => ":::head",
                    StateKind::OffChain => ":::offChain",
                    StateKind::Snapshot => "",
                };
                (lines.join("<br/>"), class)
            }
        };
        let _ = writeln!(out, "    v{at}_{place}[\"{text}\"]{class}");
    }
    out.push_str("  end\n");
    for (child, parents) in parents.iter().enumerate() {
        for parent in parents {
            let _ = writeln!(out, "  v{at}_{child} --> v{at}_{parent}");
        }
    }
}
