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
    // A file system that shares blocks shows what cloning ranges is worth: `-- --at=DIR` names a place on one.
    let at = std::env::args().find_map(|arg| arg.strip_prefix("--at=").map(str::to_owned));
    let dir = at.map_or_else(tempfile::tempdir, tempfile::tempdir_in).expect("a temporary directory");
    let at = |name: &str| dir.path().join(name);
    let (replicas, flat) = (at("replicas"), at("flat"));
    stack.replicas(&replicas);
    stack.flattened(&flat);

    let mut race = Race::new(format!("{} GiB in 16 layers, exported to a sparse raw file", data / GIB));
    for (name, hash, clone) in
        [("jivascope", false, false), ("jivascope, with sha256", true, false), (CLONED, false, true)]
    {
        let (replicas, flat, to, mut checked) = (&replicas, &flat, at("ours"), false);
        race.lane(name, move || {
            fresh(&to, flat, &mut checked, || {
                let evidence = evidence(replicas);
                let described = describe(&evidence, &());
                let view = MergedView::live(&described[0]).expect("a view");
                let mut options = ExportOptions::new(Format::Raw);
                options.hash = hash;
                options.clone_ranges = clone;
                let target = Target::create(&to, std::slice::from_ref(replicas), false).expect("a target");
                export(&view, target, &options, &()).expect("an export");
            })
        });
    }
    // The sum of the file just written is what somebody without jivascope runs next.
    let sums: &[bool] = if installed("sha256sum") { &[false, true] } else { &[false] };
    if installed("qemu-img") {
        let top = stack.qcow2(&at("chain"));
        for sum in sums {
            let (top, to, flat, mut checked) = (top.clone(), at("theirs"), &flat, false);
            race.lane(with_sum(CONVERT, *sum), move || {
                fresh(&to, flat, &mut checked, || {
                    output(Command::new("qemu-img").args(["convert", "-O", "raw"]).args([&top, &to]));
                    summed(&to, *sum);
                })
            });
        }
    }
    if installed("cp") {
        for sum in sums {
            let (to, flat, mut checked) = (at("copy"), &flat, false);
            race.lane(with_sum(COPY, *sum), move || {
                fresh(&to, flat, &mut checked, || {
                    output(Command::new("cp").arg("--sparse=auto").args([flat, &to]));
                    summed(&to, *sum);
                })
            });
        }
    }
    if installed("cp") {
        let (to, flat, mut checked) = (at("reflink"), &flat, false);
        race.lane(REFLINK, move || {
            fresh(&to, flat, &mut checked, || {
                output(Command::new("cp").args(["--sparse=auto", "--reflink=auto"]).args([flat, &to]));
            })
        });
    }
    let times = race.run(rounds);
    times.at_most(CLONED, REFLINK, 2.0);
    for (ours, sum) in
        [("jivascope", false), ("jivascope, with sha256", true), ("jivascope, with sha256", false)]
    {
        times.faster(ours, &with_sum(CONVERT, sum), 1.0);
        times.at_most(ours, &with_sum(COPY, sum), 1.3);
    }
}

const CLONED: &str = "jivascope, ranges cloned";
const REFLINK: &str = "cp --reflink=auto of the flattened file";
const CONVERT: &str = "qemu-img convert of a qcow2 chain";
const COPY: &str = "cp --sparse=auto of the flattened file";

fn with_sum(name: &str, sum: bool) -> String {
    if sum { format!("{name}, then sha256sum") } else { name.to_owned() }
}

fn summed(file: &Path, sum: bool) {
    if sum {
        output(Command::new("sha256sum").arg(file));
    }
}

/// Writes a file that is not there, checks it the first time, and removes it.
fn fresh(to: &PathBuf, flat: &Path, checked: &mut bool, write: impl FnOnce()) -> Duration {
    let took = time(write);
    if !std::mem::replace(checked, true) && installed("cmp") {
        output(Command::new("cmp").args([to.as_path(), flat]));
    }
    std::fs::remove_file(to).expect("it was written");
    took
}
