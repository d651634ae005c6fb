//! Writing the merged view of a replica to a raw file, against qemu-img and cp.
//!
//! `cargo bench --bench export`, with more data as `-- --gib=4`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jivascope::analysis::describe;
use jivascope::blocks::{ExportOptions, Format, MergedView, Target, export};
use support::stack::Stack;
use support::volume::evidence;
use support::{Race, installed, option, output, time};

const GIB: u64 = 1 << 30;

fn main() {
    support::machine();
    let data = option("gib", 1) * GIB;
    let rounds = option("rounds", 5) as usize;
    // Half of the volume is stored: an export must keep the holes.
    let stack = Stack::new(16, 2 * data, data);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name);
    let (replicas, flat) = (at("replicas"), at("flat"));
    stack.replicas(&replicas);
    stack.flattened(&flat);

    let mut race = Race::new(format!("{} GiB in 16 layers, exported to a sparse raw file", data / GIB));
    for (name, hash) in [("jivascope", false), ("jivascope, with sha256", true)] {
        let (replicas, flat, to) = (&replicas, &flat, at("ours"));
        race.lane(name, move || {
            fresh(&to, flat, || {
                let evidence = evidence(replicas);
                let described = describe(&evidence, &());
                let view = MergedView::live(&described[0]).expect("a view");
                let mut options = ExportOptions::new(Format::Raw);
                options.hash = hash;
                let target = Target::create(&to, std::slice::from_ref(replicas), false).expect("a target");
                export(&view, target, &options, &()).expect("an export");
            })
        });
    }
    if installed("qemu-img") {
        let (top, to, flat) = (stack.qcow2(&at("chain")), at("theirs"), &flat);
        race.lane("qemu-img convert of a qcow2 chain", move || {
            fresh(&to, flat, || {
                output(Command::new("qemu-img").args(["convert", "-O", "raw"]).args([&top, &to]));
            })
        });
    }
    if installed("cp") {
        let (to, flat) = (at("copy"), &flat);
        race.lane("cp --sparse=auto of the flattened file", move || {
            fresh(&to, flat, || {
                output(Command::new("cp").arg("--sparse=auto").args([flat, &to]));
            })
        });
    }
    let times = race.run(rounds);
    for ours in ["jivascope", "jivascope, with sha256"] {
        times.faster(ours, "qemu-img convert of a qcow2 chain", 1.0);
        times.at_most(ours, "cp --sparse=auto of the flattened file", 1.3);
    }
}

/// Writes a file that is not there, checks it, and removes it.
fn fresh(to: &PathBuf, flat: &Path, write: impl FnOnce()) -> Duration {
    let took = time(write);
    if installed("cmp") {
        output(Command::new("cmp").args([to.as_path(), flat]));
    }
    std::fs::remove_file(to).expect("it was written");
    took
}
