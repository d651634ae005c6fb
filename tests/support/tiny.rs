//! Replica directories of one snapshot and a head, for tests of what stands around an analysis.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

pub const SIZE: u64 = 1 << 20;
const BASE: &str = "volume-snap-5d5f2c9e-0f0b-4c43-9a3a-000000000001.img";
const HEAD: &str = "volume-head-001.img";

/// Writes a replica: blocks of the snapshot, blocks of the head, each a place and the byte it is filled with.
pub fn replica(dir: &Path, counter: i64, base: &[(u64, u8)], head: &[(u64, u8)]) {
    fs::create_dir_all(dir).unwrap();
    let record = |name: &str, parent: &str, counter: i64| {
        format!(
            r#"{{"Name":"{name}","Parent":"{parent}","Removed":false,"UserCreated":false,"Created":"2026-01-01T00:00:00Z","RevisionCounter":{counter}}}"#
        ) + "\n"
    };
    fs::write(dir.join(format!("{BASE}.meta")), record(BASE, "", 10)).unwrap();
    fs::write(dir.join(format!("{HEAD}.meta")), record(HEAD, BASE, counter)).unwrap();
    let meta = format!(
        r#"{{"Size":{SIZE},"Head":"{HEAD}","Dirty":false,"Rebuilding":false,"Parent":"{BASE}","SectorSize":512,"BackingFileName":"","CloneStatus":"NA","Checkpoint":"{BASE}","RevisionCounter":{counter},"UUID":"{}"}}"#,
        uuid(dir)
    );
    fs::write(dir.join("volume.meta"), meta + "\n").unwrap();
    let mut text = counter.to_string().into_bytes();
    text.resize(4096, 0);
    fs::write(dir.join("revision.counter"), text).unwrap();
    for (name, blocks) in [(BASE, base), (HEAD, head)] {
        let file = File::create(dir.join(name)).unwrap();
        file.set_len(SIZE).unwrap();
        for (at, byte) in blocks {
            file.write_all_at(&[*byte; 4096], at * 4096).unwrap();
        }
    }
}

/// A UUID for each directory: two with one UUID would be copies of one.
fn uuid(dir: &Path) -> String {
    let name = dir.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Two equal replicas and one that missed two writes.
pub fn stale(dir: &Path) {
    let base = [(0, 1), (1, 2), (2, 0)];
    replica(&dir.join("rep-1"), 14, &base, &[(5, 5), (6, 6)]);
    replica(&dir.join("rep-2"), 14, &base, &[(5, 5), (6, 6)]);
    replica(&dir.join("rep-3"), 12, &base, &[(5, 5)]);
}

/// Two replicas that each wrote what the other lacks.
pub fn split(dir: &Path) {
    let base = [(0, 1), (1, 2), (2, 0)];
    replica(&dir.join("rep-1"), 14, &base, &[(5, 5), (6, 6)]);
    replica(&dir.join("rep-2"), 14, &base, &[(7, 7), (8, 8)]);
}
