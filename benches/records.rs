//! Describing and judging 600 replicas of 300 disks by their records, against bare reading, jq and Python.
//!
//! `cargo bench --bench records`, smaller with `-- --volumes=20`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jivascope::analysis::{Options, analyze};
use support::volume::{Chain, evidence, settle};
use support::{Race, Seed, bare, installed, option, output, shell, time};

const DEPTH: usize = 300;

const ONCE: &str = "bare list, read; open, fstat, extents, close";

/// Counts records and adds up their counters; the sum proves that every record was read.
const JQ: &str = r#"find "$1" -name 'volume-*.meta' -print0 | xargs -0 jq -n \
    'reduce inputs as $r ([0, 0]; [.[0] + 1, .[1] + $r.RevisionCounter]) | @tsv' -r"#;

const PYTHON: &str = r#"
import json, os, sys
count = total = 0
def visit(path):
    global count, total
    records, meta = {}, None
    with os.scandir(path) as listing:
        for entry in listing:
            if entry.is_dir(follow_symlinks=False):
                visit(entry.path)
            elif entry.name.endswith(".img.meta"):
                with open(entry.path, "rb") as file:
                    records[entry.name[:-5]] = json.loads(file.read())
            elif entry.name == "volume.meta":
                with open(entry.path, "rb") as file:
                    meta = json.loads(file.read())
    at = meta and meta["Head"]
    while at:
        record = records[at]
        count += 1
        total += record["RevisionCounter"]
        at = record["Parent"]
visit(sys.argv[1])
print(count, total, sep="\t")
"#;

fn main() {
    support::machine();
    let volumes = option("volumes", 200);
    let rounds = option("rounds", 5) as usize;
    for blocks in [0, 2] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        build(dir.path(), volumes, blocks);
        settle(dir.path());
        let what =
            if blocks == 0 { "records only" } else { "records, and sparse images of two stored blocks" };
        race(dir.path(), what, blocks > 0, rounds);
    }
}

/// Three equal replicas of each volume; the images are left out where no block is to be stored.
fn build(root: &Path, volumes: u64, blocks: u64) {
    std::thread::scope(|scope| {
        for node in 0..3 {
            scope.spawn(move || {
                let mut seed = Seed(1);
                for _ in 0..volumes {
                    let name = format!("pvc-{}", seed.uuid());
                    let mut chain = Chain::new(&mut seed, DEPTH, 5 << 30);
                    for layer in &mut chain.layers {
                        layer.blocks = (0..blocks).map(|n| (n * 100_000 + seed.below(90_000), 1)).collect();
                    }
                    let dir = root.join(format!("node-{node}")).join(name);
                    chain
                        .write(&dir, blocks > 0, |level, at, buf| {
                            buf.fill((level as u64 ^ at >> 12) as u8 | 1)
                        })
                        .expect("the input can be written");
                }
            });
        }
    });
}

fn race(root: &Path, what: &str, images: bool, rounds: usize) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (records, all) = paths(root);
    let expected = (records.len() as u64, ours(root));
    let mut race = Race::new(format!("{} records, {what}", records.len()));
    race.lane("jivascope", || {
        let mut found = None;
        // Until the answer is there: the program ends without freeing its memory piece by piece.
        let took = time(|| found = Some(analyze(evidence(root), options(), &())));
        let analysis = found.expect("an answer");
        assert_eq!(analysis.volumes.len() * 3 * DEPTH, records.len());
        // Records alone name nobody: nothing shows what a head holds.
        let named = if images { 3 } else { 0 };
        assert!(analysis.volumes.iter().all(|volume| volume.verdict.holders.len() == named));
        took
    });
    race.lane("bare open, read, close", || bare(&all, threads));
    if images {
        race.lane(ONCE, || {
            time(|| {
                let (count, extents) = bare::records_and_extents(root);
                assert!(count as usize > records.len() && extents as usize >= records.len());
            })
        });
    }
    if installed("jq") {
        race.lane("one batched jq", || {
            time(|| {
                let sums = output(&mut shell(JQ, &[root]));
                let (count, total) = sums.lines().fold((0, 0), |sum, line| {
                    let (count, total) = pair(line);
                    (sum.0 + count, sum.1 + total)
                });
                assert_eq!((count, total), expected);
            })
        });
    }
    if installed("python3") {
        race.lane("python", || {
            time(|| {
                assert_eq!(pair(&output(Command::new("python3").args(["-c", PYTHON]).arg(root))), expected)
            })
        });
    }
    let times = race.run(rounds);
    if images {
        times.at_most("jivascope", ONCE, 1.5);
        println!("  (the others below do not look at the images; jivascope asks each for its extents)");
        times.at_most("jivascope", "bare open, read, close", 3.5);
        return;
    }
    times.at_most("jivascope", "bare open, read, close", 1.5);
    times.faster("jivascope", "one batched jq", 6.0);
    times.faster("jivascope", "python", 4.0);
}

fn options() -> Options {
    let mut options = Options::default();
    options.metadata_only = true;
    options
}

/// The sum of all counters of all chains, as the library reads them.
fn ours(root: &Path) -> u64 {
    let analysis = analyze(evidence(root), options(), &());
    let replicas = analysis.volumes.iter().flat_map(|volume| &volume.replicas);
    let counters = replicas.flat_map(|replica| {
        replica.chain.iter().map(|name| replica.disks[name].counter().expect("every record has one").0 as u64)
    });
    counters.sum()
}

fn pair(line: &str) -> (u64, u64) {
    let (count, total) = line.trim().split_once('\t').expect("two numbers");
    (count.parse().expect("a number"), total.parse().expect("a number"))
}

/// The paths of all disk records, and of all files that end in `.meta`.
fn paths(root: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let all: Vec<PathBuf> = walkdir::WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("readable").into_path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "meta"))
        .collect();
    (all.iter().filter(|path| !path.ends_with("volume.meta")).cloned().collect(), all)
}

/// Opens, reads and closes the files, whose paths are known beforehand, and looks at nothing.
fn bare(paths: &[PathBuf], threads: usize) -> Duration {
    time(|| {
        std::thread::scope(|scope| {
            for part in paths.chunks(paths.len().div_ceil(threads)) {
                scope.spawn(move || {
                    let mut buf = [0; 4096];
                    for path in part {
                        let mut file = File::open(path).expect("it was there");
                        while file.read(&mut buf).expect("readable") > 0 {}
                    }
                });
            }
        });
    })
}
