//! What is in the system's cache, and what came from a disk.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use rustix::fs::{Advice, fadvise};

/// Bytes that this process and its ended children had read from a disk, as the system counts them.
pub fn read_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("read_bytes:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

/// Takes a file, or every file below a directory, out of the cache.
pub fn drop(path: &Path) {
    for entry in walkdir::WalkDir::new(path) {
        let entry = entry.expect("readable");
        if entry.file_type().is_file() {
            let file = File::open(entry.path()).expect("it was there");
            // What is not yet on the disk stays in the cache.
            file.sync_all().expect("a disk that takes it");
            fadvise(&file, 0, None, Advice::DontNeed).expect("a file");
        }
    }
}

/// Brings what a file stores, or every file below a directory, into the cache by reading it in order. Holes are not read: a
/// terabyte of them takes minutes, and pages.
pub fn fill(path: &Path) {
    for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
        let entry = entry.expect("readable");
        if entry.file_type().is_file() {
            let file = File::open(entry.path()).expect("it was there");
            for (start, end) in super::bare::stored(&file) {
                (&file).seek(SeekFrom::Start(start)).expect("it has such a place");
                std::io::copy(&mut (&file).take(end - start), &mut std::io::sink()).expect("readable");
            }
        }
    }
}
