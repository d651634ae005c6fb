//! What grows: many directories taken for one volume, many volumes, many extents. Each is measured in a process of its
//! own, which analyzes by records and extents and writes its screen.
//!
//! `cargo bench --bench scale`; other numbers of directories as `-- --most=400`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use jivascope::analysis::{Options, analyze};
use jivascope::report::text::{Palette, analysis};
use support::stack::Stack;
use support::volume::{Chain, evidence};
use support::{Seed, option, output, time};

const DEPTH: usize = 20;
const SIZE: u64 = 1 << 20;

fn main() {
    let measured = std::env::args().find_map(|arg| arg.strip_prefix("--measure=").map(str::to_owned));
    if let Some(root) = measured {
        return this(Path::new(&root));
    }
    support::machine();
    let most = option("most", 1000);
    for (what, shared) in [("19 of 20 disks in common", DEPTH - 1), ("nothing in common", 0)] {
        println!("\none volume of many directories, {what}, metadata only");
        let mut last: Option<(u64, f64, f64)> = None;
        for count in [100, 400, 1000].into_iter().filter(|count| *count <= most) {
            let dir = tempfile::tempdir().expect("a temporary directory");
            one_volume(dir.path(), count, shared);
            let (seconds, peak) = measure(dir.path());
            let budget = match count {
                100 => word(seconds <= 0.5 && peak <= 100e6, "0.5 s and 100 MB"),
                400 => word(seconds <= 5.0 && peak <= 1e9, "5 s and 1 GB"),
                _ => String::new(),
            };
            let growth = last.map_or_else(String::new, |(before, was, held)| {
                let power = |now: f64, then: f64| (now / then).ln() / (count as f64 / before as f64).ln();
                format!(
                    "; since {before}: time R^{:.1}, memory R^{:.1}",
                    power(seconds, was),
                    power(peak, held)
                )
            });
            println!("  {count}: {seconds:.2} s, {:.0} MB{growth}{budget}", peak / 1e6);
            last = Some((count, seconds, peak));
        }
    }
    println!("\nvolumes of three replicas of {DEPTH} disks");
    for count in [250, most] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for number in 0..count {
            let volume = dir.path().join(format!("pvc-{number:08}"));
            for replica in 0..3 {
                directory(
                    &volume.join(format!("rep-{replica}")),
                    number + 1,
                    replica,
                    DEPTH,
                    200 + number as i64,
                );
            }
        }
        let (seconds, peak) = measure(dir.path());
        println!("  {count}: {seconds:.2} s, {:.0} MB", peak / 1e6);
    }
    println!("\nthree replicas of many extents in 16 layers");
    for extents in [10_000, 100_000, 1_000_000].into_iter().filter(|extents| *extents <= most * 1000) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Stack::fragmented(16, extents * 4096).replicas(dir.path());
        let (seconds, peak) = measure(dir.path());
        let budget = ((64_u64 << 20) + 3 * 64 * extents) as f64;
        let told = word(peak <= budget, "64 MiB + 64 B per extent");
        println!("  3 × {extents}: {seconds:.2} s, {:.0} MB of {:.0}{told}", peak / 1e6, budget / 1e6);
    }
}

fn word(met: bool, budget: &str) -> String {
    format!("; budget {budget}: {}", if met { "met" } else { "MISSED" })
}

/// Directories of one volume, below nodes of their own.
fn one_volume(root: &Path, count: u64, shared: usize) {
    for number in 0..count {
        let dir = root.join(format!("n{number:05}/pvc-aaaaaaaa"));
        directory(&dir, 1, number, shared, 10_000 + (number % 7) as i64);
    }
}

/// A directory: the first disks are those of the trunk, and the rest its own.
fn directory(dir: &Path, trunk: u64, own: u64, shared: usize, counter: i64) {
    let names = |seed: u64| Chain::new(&mut Seed(seed), DEPTH, SIZE).layers;
    let mut chain = Chain { size: SIZE, layers: names(trunk) };
    for (layer, other) in chain.layers[..DEPTH - 1].iter_mut().zip(names(1 << 32 | own)).skip(shared) {
        layer.name = other.name;
    }
    fs::create_dir_all(dir).expect("a directory can be made");
    for (name, content) in chain.small_files() {
        let content = match &*name {
            "revision.counter" => {
                let mut text = counter.to_string().into_bytes();
                text.resize(4096, 0);
                text
            }
            "volume.meta" => {
                let text = String::from_utf8(content).expect("text");
                let at = text.find("\"UUID\":\"").expect("it has one") + 8;
                format!("{}{own:040x}{}", &text[..at], &text[at + 40..]).into_bytes()
            }
            _ => content,
        };
        fs::write(dir.join(name), content).expect("room on the disk");
    }
    for (level, layer) in chain.layers.iter().enumerate() {
        let file = File::create(dir.join(&layer.name)).expect("a file can be made");
        file.set_len(SIZE).expect("as large as this");
        file.write_all_at(&[level as u8 + 1; 4096], 4096 * level as u64).expect("room on the disk");
    }
}

/// Time and peak memory of a process of its own.
fn measure(root: &Path) -> (f64, f64) {
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    let text = output(child.arg(format!("--measure={}", root.display())));
    let (seconds, peak) = text.trim().split_once(' ').expect("two numbers");
    (seconds.parse().expect("a number"), peak.parse().expect("a number"))
}

fn this(root: &Path) {
    let took = time(|| {
        let mut options = Options::default();
        options.metadata_only = true;
        let found = analyze(evidence(root), options, &());
        let text = analysis(&found, &Palette::plain());
        assert!(text.len() > 100);
        found
    });
    let peak = support::peak_memory().unwrap_or(0);
    println!("{} {peak}", took.as_secs_f64());
}
