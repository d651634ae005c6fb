//! Sums of views: the Merkle sum of a vast volume with little in it must cost what that little costs.
//!
//! `cargo bench --bench sums`, with more data as `-- --gib=4`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::process::Command;

use jivascope::analysis::describe;
use jivascope::blocks::{MergedView, SumKind, sum};
use support::stack::Stack;
use support::volume::evidence;
use support::{Race, installed, option, output, time};

const GIB: u64 = 1 << 30;

fn main() {
    support::machine();
    let data = option("gib", 1) * GIB;
    let rounds = option("rounds", 5) as usize;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let flat = dir.path().join("flat");
    let mut race = Race::new(format!("sums of a view with {} GiB of data in 16 layers", data / GIB));
    for (name, size, kind) in [
        (DENSE, data, SumKind::Verity),
        (SPARSE, 1024 * GIB, SumKind::Verity),
        ("sha256, dense", data, SumKind::Sha256),
    ] {
        let root = dir.path().join(format!("{}", size / GIB));
        if !root.exists() {
            Stack::new(16, size, data).replicas(&root);
        }
        let replicas = describe(&evidence(&root), &());
        race.lane(name, move || {
            let view = MergedView::live(&replicas[0]).expect("a view");
            time(|| sum(&view, kind, &()).expect("a sum"))
        });
    }
    if installed("fsverity") {
        Stack::new(16, data, data).flattened(&flat);
        race.lane(TOOL, || {
            time(|| output(Command::new("fsverity").args(["digest", "--block-size=4096"]).arg(&flat)))
        });
    }
    let times = race.run(rounds);
    times.at_most(SPARSE, DENSE, 1.2);
    times.faster(DENSE, TOOL, 1.0);
}

const DENSE: &str = "Merkle sum, dense";
const SPARSE: &str = "Merkle sum, spread over 1 TiB";
const TOOL: &str = "fsverity digest of the flattened file";
