//! Bare programs: the least that must be asked of the system for the same work, and nothing else.

use std::fs::{self, File};
use std::num::NonZeroU64;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Advice, SeekFrom, fadvise, seek};
use rustix::io::Errno;

/// Bytes looked at together.
const WINDOW: u64 = 128 << 10;

/// Bytes read at a time where there is nothing to compare.
const CHUNK: u64 = 1 << 20;

/// So much is asked for before it is read.
const SOON: u64 = 16 << 20;

pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Compares flat files by positional reads, window by window on all threads; returns how many windows differ.
pub fn compare(files: &[PathBuf]) -> u64 {
    let files: Vec<File> = files.iter().map(|path| File::open(path).expect("it was there")).collect();
    let size = files[0].metadata().expect("its status").len();
    let (next, differ) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                let mut bufs = vec![vec![0; WINDOW as usize]; files.len()];
                loop {
                    let at = next.fetch_add(WINDOW, Ordering::Relaxed);
                    if at >= size {
                        break;
                    }
                    let len = WINDOW.min(size - at) as usize;
                    for (file, buf) in files.iter().zip(&mut bufs) {
                        file.read_exact_at(&mut buf[..len], at).expect("readable");
                    }
                    if bufs[1..].iter().any(|buf| buf[..len] != bufs[0][..len]) {
                        differ.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    differ.into_inner()
}

/// The stored ranges of a file, by SEEK_DATA and SEEK_HOLE.
pub fn stored(file: &File) -> Vec<(u64, u64)> {
    let (mut out, mut at) = (Vec::new(), 0);
    loop {
        let start = match seek(file, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => return out,
            Err(error) => panic!("{error}"),
        };
        let end = seek(file, SeekFrom::Hole(start)).expect("a hole, or the end");
        out.push((start, end));
        at = end;
    }
}

/// Reads everything that the images below a directory store, file by file, with read-ahead asked for; returns how much.
pub fn read_ahead(root: &Path) -> u64 {
    let mut bytes = 0;
    let mut buf = vec![0; CHUNK as usize];
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let path = entry.expect("readable").into_path();
        if path.extension().is_none_or(|ending| ending != "img") {
            continue;
        }
        let file = File::open(&path).expect("it was there");
        let ranges = stored(&file);
        let pieces = ranges.iter().flat_map(|(start, end)| {
            (*start..*end).step_by(CHUNK as usize).map(move |at| (at, CHUNK.min(end - at)))
        });
        let pieces: Vec<(u64, u64)> = pieces.collect();
        let (mut asked, mut ahead) = (0, 0);
        for (at, len) in &pieces {
            while asked < pieces.len() && ahead < SOON {
                let (from, len) = pieces[asked];
                fadvise(&file, from, NonZeroU64::new(len), Advice::WillNeed).expect("a file");
                (asked, ahead) = (asked + 1, ahead + len);
            }
            file.read_exact_at(&mut buf[..*len as usize], *at).expect("readable");
            ahead -= len;
            bytes += len;
        }
    }
    bytes
}

/// Lists directories of replicas, reads the records, and opens each image, asks for its status and its extents, and closes
/// it; returns how many records and how many extents there were.
///
/// The extents are asked for by SEEK_DATA and SEEK_HOLE, which took 1.1 times as long as FIEMAP, as no safe call has that.
pub fn records_and_extents(root: &Path) -> (u64, u64) {
    let listed = walkdir::WalkDir::new(root).into_iter().map(|entry| entry.expect("readable"));
    let dirs: Vec<PathBuf> = listed
        .filter(|entry| entry.path().join("volume.meta").is_file())
        .map(|entry| entry.into_path())
        .collect();
    let (next, records, extents) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                let mut buf = [0; 4097];
                while let Some(dir) = dirs.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    let mut names: Vec<(u64, PathBuf)> = Vec::new();
                    for entry in fs::read_dir(dir).expect("readable") {
                        let entry = entry.expect("readable");
                        names.push((std::os::unix::fs::DirEntryExt::ino(&entry), entry.path()));
                    }
                    names.sort_unstable();
                    for (_, path) in names {
                        let file = File::open(&path).expect("it was there");
                        match path.extension().and_then(|ending| ending.to_str()) {
                            Some("img") => {
                                let status = file.metadata().expect("its status");
                                let found = if status.blocks() > 0 { stored(&file).len() } else { 0 };
                                extents.fetch_add(found as u64, Ordering::Relaxed);
                            }
                            _ => {
                                let _ = file.read_at(&mut buf, 0).expect("readable");
                                records.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    }
                }
            });
        }
    });
    (records.into_inner(), extents.into_inner())
}
