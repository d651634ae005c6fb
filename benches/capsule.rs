//! Capsules: taking one against reading and hashing the same bytes, from the disk and from the cache, and comparing three of
//! them against comparing the directories.
//!
//! `cargo bench --bench capsule`, with more data as `-- --gib=4`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};

use jivascope::evidence::capsule::{TakeOptions, take};
use rayon::prelude::*;
use support::stack::Stack;
use support::volume::equal;
use support::{Race, Times, installed, option, output, time};

const GIB: u64 = 1 << 30;

/// Bytes that one thread reads at a time.
const PIECE: u64 = 1 << 20;

fn main() {
    if let Some(root) = std::env::args().find_map(|arg| arg.strip_prefix("--measure=").map(str::to_owned)) {
        taken(Path::new(&root), Path::new("/dev/null"));
        println!("{}", support::peak_memory().unwrap_or(0));
        return;
    }
    support::machine();
    let data = option("gib", 1) * GIB;
    let rounds = option("rounds", 5) as usize;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (replicas, capsules) = (dir.path().join("replicas"), dir.path().join("capsules"));
    Stack::new(16, 1024 * GIB, data).replicas(&replicas);
    fs::create_dir(&capsules).expect("a directory");
    let flat = dir.path().join("flat");
    Stack::new(16, data, data).flattened(&flat);
    for number in 1..=3 {
        let name = format!("rep-{number}");
        taken(&replicas.join(&name), &capsules.join(format!("{name}.capsule")));
    }
    let size = fs::metadata(capsules.join("rep-1.capsule")).expect("it is there").len();
    println!("a capsule takes {:.2} % of what is stored", size as f64 * 100.0 / data as f64);

    let again = dir.path().join("again.capsule");
    let b3sum = || output(Command::new("b3sum").args(["--num-threads", "2"]).arg(&flat));
    let piped = || piped(&replicas.join("rep-1"), data);
    let with_b3sum = installed("b3sum");
    let mut race = Race::new(format!("taking a capsule of {} GiB in 1 TiB, from the disk", data / GIB));
    race.cold_lane(COLLECT, data, || {
        support::cache::drop(&replicas);
        time(|| taken(&replicas.join("rep-1"), &again))
    });
    race.cold_lane(BLOCKS, data, || {
        support::cache::drop(&flat);
        time(|| hashed(&flat))
    });
    if with_b3sum {
        race.cold_lane(PIPED, data, || {
            support::cache::drop(&replicas);
            time(piped)
        });
        race.cold_lane(DENSE, data, || {
            support::cache::drop(&flat);
            time(b3sum)
        });
    }
    judge(&race.run(rounds), with_b3sum);

    let mut race = Race::new(format!("taking a capsule of {} GiB in 1 TiB, from the cache", data / GIB));
    race.lane(COLLECT, || time(|| taken(&replicas.join("rep-1"), &again)));
    race.lane(BLOCKS, || time(|| hashed(&flat)));
    if with_b3sum {
        race.lane(PIPED, || time(piped));
        race.lane(DENSE, || time(b3sum));
    }
    support::cache::fill(dir.path());
    judge(&race.run(rounds), with_b3sum);

    let mut race = Race::new(format!("comparing three replicas of {} GiB in 1 TiB", data / GIB));
    race.lane(CAPSULES, || time(|| equal(&capsules)));
    race.lane(DIRECTORIES, || time(|| equal(&replicas)));
    support::cache::fill(dir.path());
    race.run(rounds).at_most(CAPSULES, DIRECTORIES, 0.05);
    let own = std::env::current_exe().expect("it has a path");
    let measure = format!("--measure={}", replicas.join("rep-1").display());
    let peak: f64 = output(Command::new(own).arg(measure)).trim().parse().expect("a number");
    println!("memory while a capsule is taken: {:.0} MiB", peak / f64::from(1 << 20));
}

const COLLECT: &str = "collect";
const PIPED: &str = "the stored bytes read into b3sum --num-threads 2";
const DENSE: &str = "b3sum --num-threads 2 of a dense file of the same size";
const BLOCKS: &str = "the same hash of each of its blocks alone";
const CAPSULES: &str = "three capsules";
const DIRECTORIES: &str = "three directories";

fn judge(times: &Times, with_b3sum: bool) {
    times.at_most(COLLECT, BLOCKS, 1.3);
    if with_b3sum {
        times.at_most(COLLECT, PIPED, 1.3);
        println!("  (nobody has a dense file of a sparse volume; b3sum maps it and hashes it as one tree)");
        times.at_most(COLLECT, DENSE, 1.3);
    }
}

/// What the images of a directory store, read in order into b3sum. Given the images themselves it would read their holes.
fn piped(dir: &Path, data: u64) {
    let mut b3sum = Command::new("b3sum")
        .args(["--num-threads", "2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("it is installed");
    let mut to = b3sum.stdin.take().expect("piped");
    let (mut buf, mut bytes) = (vec![0; PIECE as usize], 0);
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|ending| ending != "img") {
            continue;
        }
        let file = File::open(&path).expect("an image");
        for (start, end) in support::bare::stored(&file) {
            let mut at = start;
            while at < end {
                let len = PIECE.min(end - at) as usize;
                file.read_exact_at(&mut buf[..len], at).expect("readable");
                to.write_all(&buf[..len]).expect("b3sum reads");
                at += len as u64;
            }
            bytes += end - start;
        }
    }
    drop(to);
    assert!(b3sum.wait().expect("it ends").success() && bytes >= data);
}

fn taken(dir: &Path, to: &Path) {
    let mut file = File::create(to).expect("a file");
    let taken = take(&[dir.to_owned()], &TakeOptions::default(), &mut file, &()).expect("a capsule");
    assert!(taken.directories.iter().all(|one| one.changed.is_empty()));
}

/// The same hash, block by block, on as many threads. b3sum hashes a file as one tree, many blocks at a time.
fn hashed(path: &Path) {
    let file = File::open(path).expect("a file");
    let pieces = file.metadata().expect("a file").len().div_ceil(PIECE);
    let all: u64 = (0..pieces)
        .into_par_iter()
        .map_init(
            || vec![0; PIECE as usize],
            |buf, piece| {
                let got = file.read_at(buf, piece * PIECE).expect("it can be read");
                buf[..got].chunks(4096).map(|block| u64::from(blake3::hash(block).as_bytes()[0])).sum::<u64>()
            },
        )
        .sum();
    assert!(all > 0, "it hashes");
}
