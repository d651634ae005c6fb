//! Indexing a plain tar with much payload, which must cost what its members cost, against `tar -tf`.
//!
//! `cargo bench --bench archive`.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod support;

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use jivascope::analysis::{Options, analyze};
use jivascope::evidence::{self, Images, Input, InputPath, gather};
use support::stack::Stack;
use support::volume::{Chain, evidence};
use support::{Race, Seed, installed, option, output, time};

const GIB: u64 = 1 << 30;

fn main() {
    support::machine();
    let rounds = option("rounds", 15) as usize;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let depth = option("depth", 300) as usize;
    let mut race = Race::new(format!("a plain tar of three replicas of {depth} disks"));
    let mut members = 0;
    for (name, payload) in [("10 GiB", 10 * GIB), ("1 GiB", GIB)] {
        let path = dir.path().join(format!("{payload}.tar"));
        members = write(&path, depth, payload);
        let (index, judge, list) = (path.clone(), path.clone(), path);
        race.lane(format!("{name}: index"), move || {
            time(|| {
                let evidence = evidence(&index);
                let entries: usize =
                    evidence.replicas.iter().map(|replica| replica.source.entries().len()).sum();
                assert_eq!(entries, members);
                evidence
            })
        });
        race.lane(format!("{name}: index and judge"), move || {
            time(|| {
                let mut options = Options::default();
                options.metadata_only = true;
                let analysis = analyze(evidence(&judge), options, &());
                assert!(analysis.volumes[0].replicas.iter().all(|replica| replica.chain.len() == depth));
                analysis
            })
        });
        if installed("tar") {
            race.lane(format!("{name}: tar -tf"), move || {
                time(|| {
                    assert_eq!(output(Command::new("tar").arg("-tf").arg(&list)).lines().count(), members)
                })
            });
        }
    }
    println!("{members} members");
    let times = race.run(rounds);
    times.at_most("10 GiB: index", "10 GiB: tar -tf", 1.5);
    times.at_most("10 GiB: index and judge", "10 GiB: tar -tf", 1.5);
    times.at_most("10 GiB: index", "1 GiB: index", 1.2);
    packed(dir.path(), rounds.min(5));
}

/// One archive of three replicas, packed, against decoding it alone with the same library.
fn packed(dir: &Path, rounds: usize) {
    let root = dir.join("to-pack");
    Stack::new(16, GIB / 4, GIB / 8).packable_replicas(&root);
    for (ending, tool) in [("zst", "zstd"), ("gz", "gzip")] {
        if !installed("tar") || !installed(tool) {
            continue;
        }
        let path = dir.join(format!("replicas.tar.{ending}"));
        output(Command::new("tar").args(["--sparse", "-caf"]).arg(&path).arg("-C").arg(&root).arg("."));
        let (ours, bare) = (format!("{ending}: analyzed by records"), format!("{ending}: decoded alone"));
        let mut race = Race::new(format!("one .tar.{ending} of three replicas"));
        let (archive, same) = (path.clone(), path);
        race.lane(&*ours, move || {
            time(|| {
                let input = Input { label: None, path: InputPath::Path(archive.clone()) };
                let images = Images::Spool { dir: None, limit: GIB };
                let evidence = gather(&[input], &evidence::Options::new(images)).expect("an archive");
                let mut options = Options::default();
                options.metadata_only = true;
                analyze(evidence, options, &())
            })
        });
        race.lane(&*bare, move || time(|| decoded(&same)));
        race.run(rounds).at_most(&ours, &bare, 1.1);
    }
}

fn decoded(path: &Path) -> u64 {
    let file = std::io::BufReader::with_capacity(256 << 10, File::open(path).expect("it was there"));
    let to = &mut std::io::sink();
    let done = match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => std::io::copy(&mut flate2::bufread::GzDecoder::new(file), to),
        _ => std::io::copy(&mut ruzstd::decoding::StreamingDecoder::new(file).expect("a frame"), to),
    };
    done.expect("whole")
}

/// Three replicas in one archive whose images are `payload` bytes together and all holes of the archive's own file;
/// returns the number of members.
fn write(path: &PathBuf, depth: usize, payload: u64) -> usize {
    let mut file = File::create(path).expect("a file can be made");
    let each = payload / (3 * depth as u64) / 4096 * 4096;
    let mut members = 0;
    for replica in 1..=3 {
        let chain = Chain::new(&mut Seed(9), depth, each);
        for (name, content) in chain.small_files() {
            header(&mut file, replica, &name, content.len() as u64);
            file.write_all(&content).expect("room on the disk");
            pad(&mut file);
            members += 1;
        }
        for layer in &chain.layers {
            header(&mut file, replica, &layer.name, each);
            file.seek(SeekFrom::Current(each as i64)).expect("a file can be as large as this");
            members += 1;
        }
    }
    file.write_all(&[0; 1024]).expect("room on the disk");
    members
}

fn header(file: &mut File, replica: u64, name: &str, size: u64) {
    let mut header = tar::Header::new_gnu();
    header.set_path(Path::new(&format!("rep-{replica}")).join(name)).expect("a short path");
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(1_764_000_000);
    header.set_cksum();
    file.write_all(header.as_bytes()).expect("room on the disk");
}

fn pad(file: &mut File) {
    let at = file.stream_position().expect("a position");
    file.write_all(&vec![0; (at.next_multiple_of(512) - at) as usize]).expect("room on the disk");
}
