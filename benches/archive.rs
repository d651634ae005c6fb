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
