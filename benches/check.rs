//! How long `check` takes: over the bundled cases, and over cases that `new-case` makes of every recording.
//!
//! `cargo bench --bench check`; the recordings are those of `JIVASCOPE_CAPTURES`, else those beside the checkout, else
//! the bundled ones.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Race, option, output, time};

const PROGRAM: &str = env!("CARGO_BIN_EXE_jivascope");
const HERE: &str = env!("CARGO_MANIFEST_DIR");
/// A pipeline runs it at every push; nobody should notice.
const BUDGET: f64 = 5.0;
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn main() {
    support::machine();
    let rounds = option("rounds", 5) as usize;
    let bundled = Path::new(HERE).join("fixtures");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let made = cases(&captures(), dir.path());
    let mut race = Race::new(format!("check, {} cases made by new-case", made));
    let lanes = [("the bundled cases", &*bundled), ("cases made of every recording", dir.path())];
    for (name, cases) in lanes {
        race.lane(name, move || {
            time(|| {
                let said = output(Command::new(PROGRAM).arg("check").arg(cases));
                assert!(said.trim_end().ends_with("as expected"), "{said}");
            })
        });
    }
    println!(
        "left out: the second set of recordings (captures-2), and the cases from the field: both are judged by the tests"
    );
    let times = race.run(rounds);
    for (name, _) in lanes {
        let median = times.median(name);
        let word = if median < BUDGET { "met" } else { "MISSED" };
        println!("  {name}: {median:.3} s; budget {BUDGET} s: {word}");
    }
}

fn captures() -> PathBuf {
    let beside = Path::new(HERE).join("../shared/captures");
    let named = std::env::var_os("JIVASCOPE_CAPTURES").map_or(beside, PathBuf::from);
    if named.is_dir() {
        return named;
    }
    println!(
        "left out: all but the bundled recordings (no captures beside the checkout, and JIVASCOPE_CAPTURES names none)"
    );
    Path::new(HERE).join("fixtures/captures")
}

/// Makes a case of each set of replicas below `captures`, and of each damaged directory; returns how many.
fn cases(captures: &Path, to: &Path) -> usize {
    let mut made = 0;
    for entry in walkdir::WalkDir::new(captures).sort_by_file_name() {
        let dir = entry.expect("readable").into_path();
        if !dir.join("oracle.json").is_file() {
            continue;
        }
        let archives = archives(&dir);
        let at_once = if dir.join("rep-1.tar.zst").is_file() { archives.len() } else { 1 };
        for set in archives.chunks(at_once) {
            let place = to.join(format!("case-{made}"));
            output(Command::new(PROGRAM).args(["new-case", "--key", KEY, "--to"]).arg(place).args(set));
            made += 1;
        }
    }
    made
}

fn archives(dir: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(dir).expect("readable");
    let mut archives: Vec<PathBuf> = listed
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.to_string_lossy().ends_with(".tar.zst"))
        .collect();
    archives.sort();
    archives
}
