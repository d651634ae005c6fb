//! What a page of the report and a plan cost, as a part of the analysis that they are made of.
//!
//! `cargo bench --bench report`
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::plan::Plan;
use jivascope::report::runbook::{Site, markdown};
use jivascope::report::{html, svg};
use support::stack::Stack;
use support::volume::evidence;
use support::{Race, option, time};

/// Neither a page nor a plan may cost more than the analysis does.
const BUDGET: f64 = 1.0;

fn main() {
    support::machine();
    let rounds = option("rounds", 5) as usize;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let size = option("mib", 512) << 20;
    for (name, layers, alike) in [("ranges", 16, false), ("snapshots", 500, true)] {
        let root = dir.path().join(name);
        let stack = if alike { Stack::new(layers, size, size / 16) } else { Stack::fragmented(layers, size) };
        stack.replicas(&root);
        apart(&stack, &root.join("rep-2"));
        for metadata_only in [false, true] {
            race(
                &format!("{name}, {}", if metadata_only { "metadata only" } else { "every block" }),
                &root,
                metadata_only,
                rounds,
            );
        }
    }
}

/// Changes every other block of the head, so that as many ranges differ.
fn apart(stack: &Stack, replica: &Path) {
    let head = stack.chain.layers.last().expect("a head");
    let file = File::options().write(true).open(replica.join(&head.name)).expect("the head");
    for (at, count) in &head.blocks {
        for block in (*at..at + count).step_by(2) {
            file.write_all_at(b"another", block * 4096).expect("room on the disk");
        }
    }
}

fn analyzed(root: &Path, metadata_only: bool) -> Analysis {
    let mut options = Options::default();
    options.metadata_only = metadata_only;
    analyze(evidence(root), options, &())
}

/// The plan of each volume, played and written, and after the first choice that it leaves.
fn planned(analysis: &Analysis) -> usize {
    let plans = analysis.volumes.iter().flat_map(|volume| {
        let plan = Plan::of(volume, &analysis.options, None);
        let chosen = plan.choices.first().map(|one| Plan::of(volume, &analysis.options, Some(&one.keep)));
        [Some(plan), chosen]
    });
    markdown(&plans.flatten().collect::<Vec<_>>(), analysis, &Site::default()).len()
}

fn race(title: &str, root: &Path, metadata_only: bool, rounds: usize) {
    let analysis = analyzed(root, metadata_only);
    println!("\n{title}: a page of {} KiB", html::analysis(&analysis).len() >> 10);
    let mut race = Race::new(format!("the report, {title}"));
    race.lane("the analysis", || time(|| analyzed(root, metadata_only)));
    race.lane("the page", || time(|| html::analysis(&analysis)));
    race.lane("the drawing", || time(|| svg::graph(&analysis, false)));
    race.lane("the plan", || time(|| planned(&analysis)));
    let times = race.run(rounds);
    let whole = times.median("the analysis");
    for name in ["the page", "the drawing", "the plan"] {
        let part = times.median(name) / whole;
        println!(
            "  {name}: {part:.2} of the analysis; budget {BUDGET}: {}",
            if part < BUDGET { "met" } else { "MISSED" }
        );
    }
}
