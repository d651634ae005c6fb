//! Walks the DAG of snapshots with petgraph: every state, children before parents, with who holds it.
//!
//! ```text
//! cargo run --example walk_dag -- DIRECTORY
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::error::Error;
use std::path::PathBuf;

use jivascope::analysis::{self, Options};
use jivascope::evidence::{self, Images, Input, InputPath};
use petgraph::Direction;
use petgraph::visit::Topo;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: walk_dag DIRECTORY")?;
    let input = Input { label: None, path: InputPath::Path(PathBuf::from(path)) };
    let evidence = evidence::gather(&[input], &evidence::Options::new(Images::Skip))?;
    let mut options = Options::default();
    options.metadata_only = true; // the DAG follows from records
    for volume in &analysis::analyze(evidence, options, &()).volumes {
        let dag = &volume.lineage.graph.dag;
        println!("{}: {} states", volume.name, dag.node_count());
        let mut walk = Topo::new(dag);
        while let Some(at) = walk.next(dag) {
            let node = &dag[at];
            let held: Vec<&str> = node.on_chain.iter().map(|label| label.as_str()).collect();
            let fork = dag.neighbors_directed(at, Direction::Incoming).count() > 1;
            let mark = if fork { ", histories part here" } else { "" };
            println!("  {} on {}{mark}", node.name(), held.join(", "));
        }
    }
    Ok(())
}
