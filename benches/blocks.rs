//! Comparing three replicas block by block, against cmp and qemu-img on the same volume; and what layers, size and
//! memory cost.
//!
//! `cargo bench --bench blocks`, with more data as `-- --gib=4`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::path::Path;
use std::process::Command;

use jivascope::analysis::{Options, analyze};
use jivascope::report::json::Document;
use support::stack::{Stack, copy};
use support::volume::{equal, evidence};
use support::{Race, bare, installed, option, output, time};

const GIB: u64 = 1 << 30;

fn main() {
    let measured = std::env::args().find_map(|arg| arg.strip_prefix("--measure=").map(str::to_owned));
    if let Some(root) = measured {
        return memory_of_this(Path::new(&root));
    }
    support::machine();
    let data = option("gib", 1) * GIB;
    let rounds = option("rounds", 5) as usize;
    others(data, rounds);
    cold(data, rounds);
    shapes(data, rounds);
    memory(data);
}

/// Everything from the directories to the differing blocks.
fn ours(root: &Path, data: u64) -> u64 {
    let (replicas, found) = equal(root);
    assert!(found.bytes >= 3 * data, "{} bytes of views", found.bytes);
    replicas.iter().flat_map(|replica| replica.disks.iter()).map(extents).sum()
}

fn extents(disk: &jivascope::replica::Disk) -> u64 {
    let stored = disk.image.as_ref().and_then(|image| image.extents.as_ref().ok());
    stored.map_or(0, |extents| extents.runs.len() as u64)
}

/// All sides find the same: nothing differs.
fn others(data: u64, rounds: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let stack = Stack::new(16, data, data);
    let (replicas, flat, other) =
        (dir.path().join("replicas"), dir.path().join("flat-1"), dir.path().join("flat-2"));
    stack.replicas(&replicas);
    stack.flattened(&flat);
    stack.flattened(&other);
    let mut race = Race::new(format!("{} GiB in 16 layers, three equal replicas", data / GIB));
    race.lane("jivascope, three sides", || time(|| ours(&replicas, data)));
    if installed("cmp") {
        race.lane("cmp, two flattened files", || time(|| output(Command::new("cmp").args([&flat, &other]))));
    }
    let (one, two) = (dir.path().join("chain-1"), dir.path().join("chain-2"));
    if installed("qemu-img") {
        race.lane("qemu-img compare, two flattened files", || {
            time(|| {
                output(
                    Command::new("qemu-img")
                        .args(["compare", "-f", "raw", "-F", "raw"])
                        .args([&flat, &other]),
                )
            })
        });
        let top = stack.qcow2(&one);
        copy(&one, &two);
        let second = two.join(top.file_name().expect("a name"));
        race.lane("qemu-img compare, two qcow2 chains", move || {
            time(|| output(Command::new("qemu-img").arg("compare").args([&top, &second])))
        });
    }
    let third = dir.path().join("flat-3");
    stack.flattened(&third);
    let flat_files = [flat.clone(), other.clone(), third];
    race.lane(BARE, move || time(|| assert_eq!(bare::compare(&flat_files), 0)));
    // All sides are brought into the cache in the same way: how a page came there changes the rate.
    support::cache::fill(dir.path());
    let times = race.run(rounds);
    times.at_most("jivascope, three sides", BARE, 1.15);
    println!("  (time for the same volume, so ratios are those of bytes of view per second and side)");
    times.faster("jivascope, three sides", "cmp, two flattened files", 2.0);
    times.faster("jivascope, three sides", "qemu-img compare, two flattened files", 1.0);
    times.faster("jivascope, three sides", "qemu-img compare, two qcow2 chains", 3.0);
}

const BARE: &str = "bare pread and memcmp, three flattened files";

/// The same from the disk: what was in the cache is dropped file by file before each round.
fn cold(data: u64, rounds: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    Stack::new(16, data, data).replicas(dir.path());
    let root = dir.path();
    let mut race = Race::new(format!("{} GiB in 16 layers, three equal replicas, cold", data / GIB));
    race.cold_lane("jivascope, cold", 3 * data, move || {
        support::cache::drop(root);
        time(|| ours(root, data))
    });
    race.cold_lane("bare reading of the same extents, read-ahead asked for", 3 * data, move || {
        support::cache::drop(root);
        time(|| assert!(bare::read_ahead(root) >= 3 * data))
    });
    let times = race.run(rounds);
    times.at_most("jivascope, cold", "bare reading of the same extents, read-ahead asked for", 1.2);
}

/// The same extents in other layers, and in a far larger volume.
fn shapes(data: u64, rounds: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut race = Race::new("the same extents, otherwise layered and spread");
    for (name, layers, size) in
        [("16 layers", 16, data), ("1024 layers", 1024, data), ("16 layers, 1 TiB", 16, 1024 * GIB)]
    {
        let root = dir.path().join(name);
        Stack::new(layers, size, data).replicas(&root);
        race.lane(name, move || time(|| ours(&root, data)));
    }
    let times = race.run(rounds);
    times.at_most("1024 layers", "16 layers", 2.0);
    times.at_most("16 layers, 1 TiB", "16 layers", 1.25);
}

/// What a process of its own holds at most.
fn memory(data: u64) {
    println!("\npeak memory of a process that analyzes and writes JSON, as the program does");
    for (name, stack) in [
        ("16 layers", Stack::new(16, data, data)),
        ("1024 layers", Stack::new(1024, data, data)),
        ("16 layers, every block an extent", Stack::fragmented(16, data)),
    ] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        stack.replicas(dir.path());
        let mut child = Command::new(std::env::current_exe().expect("this program"));
        let text = output(child.arg(format!("--measure={}", dir.path().display())));
        let (peak, extents) = text.trim().split_once(' ').expect("two numbers");
        let (peak, extents): (u64, u64) =
            (peak.parse().expect("a number"), extents.parse().expect("a number"));
        let budget = (64 << 20) + 64 * extents;
        let word = if peak <= budget { "met" } else { "MISSED" };
        println!(
            "  {name}: {} MiB with {extents} extents; budget 64 MiB + 64 bytes per extent = {} MiB: {word}",
            peak >> 20,
            budget >> 20
        );
    }
}

fn memory_of_this(root: &Path) {
    let analysis = analyze(evidence(root), Options::default(), &());
    let disks =
        || analysis.volumes.iter().flat_map(|volume| &volume.replicas).flat_map(|one| one.disks.iter());
    let text = Document::of(&analysis).to_text();
    assert!(text.len() > 1000);
    let extents: u64 = disks().map(extents).sum();
    println!("{} {extents}", support::peak_memory().unwrap_or(0));
}
