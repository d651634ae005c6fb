//! Capsules: taking one against reading and hashing the same bytes, and comparing three of them against comparing the
//! directories.
//!
//! `cargo bench --bench capsule`, with more data as `-- --gib=4`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::Command;

use jivascope::analysis::describe;
use jivascope::blocks::compare;
use jivascope::evidence::capsule::{TakeOptions, take};
use support::stack::Stack;
use support::volume::evidence;
use support::{Race, installed, option, output, time};

const GIB: u64 = 1 << 30;

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

    let mut race = Race::new(format!("taking a capsule of {} GiB in 1 TiB", data / GIB));
    race.lane(COLLECT, || time(|| taken(&replicas.join("rep-1"), &dir.path().join("again.capsule"))));
    if installed("b3sum") {
        race.lane(BARE, || time(|| output(Command::new("b3sum").args(["--num-threads", "2"]).arg(&flat))));
    } else {
        race.lane(BARE, || time(|| hashed(&flat)));
    }
    support::cache::fill(dir.path());
    race.run(rounds).at_most(COLLECT, BARE, 1.3);

    let mut race = Race::new(format!("comparing three replicas of {} GiB in 1 TiB", data / GIB));
    race.lane(CAPSULES, || time(|| compared(&capsules)));
    race.lane(DIRECTORIES, || time(|| compared(&replicas)));
    support::cache::fill(dir.path());
    race.run(rounds).at_most(CAPSULES, DIRECTORIES, 0.05);
    let own = std::env::current_exe().expect("it has a path");
    let measure = format!("--measure={}", replicas.join("rep-1").display());
    let peak: f64 = output(Command::new(own).arg(measure)).trim().parse().expect("a number");
    println!("memory while a capsule is taken: {:.0} MiB", peak / f64::from(1 << 20));
}

const COLLECT: &str = "collect";
const BARE: &str = "b3sum of a dense file of the same size";
const CAPSULES: &str = "three capsules";
const DIRECTORIES: &str = "three directories";

fn taken(dir: &Path, to: &Path) {
    let mut file = File::create(to).expect("a file");
    let taken = take(&[dir.to_owned()], &TakeOptions::default(), &mut file, &()).expect("a capsule");
    assert!(taken.directories.iter().all(|one| one.changed.is_empty()));
}

fn compared(root: &Path) {
    let evidence = evidence(root);
    let replicas = describe(&evidence, &());
    let all: Vec<_> = replicas.iter().collect();
    assert_eq!(all.len(), 3);
    let found = compare(&all, None, &());
    assert!(found.unread.is_empty());
    assert!(found.contents.values().all(|content| content.tips.is_empty()), "the replicas are equal");
}

/// Where there is no b3sum: the same hash, block by block, on one thread.
fn hashed(path: &Path) {
    let (mut file, mut buf) = (File::open(path).expect("a file"), vec![0; 1 << 20]);
    let mut all = 0_u64;
    loop {
        let got = file.read(&mut buf).expect("it can be read");
        if got == 0 {
            break;
        }
        for block in buf[..got].chunks(4096) {
            all += u64::from(blake3::hash(block).as_bytes()[0]);
        }
    }
    assert!(all > 0, "it hashes");
}
