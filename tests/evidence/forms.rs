//! The room of evidence against real tools: one directory, and every archive form of it, are the same.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::{assert_same, captures, content, only, run};
use jivascope::evidence::{Kind, Origin, Source};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

/// A replica directory with everything that an archive can spoil.
///
/// `long` adds names and kinds that the oldest forms cannot hold.
fn replica(dir: &Path, long: bool) {
    fs::create_dir_all(dir).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).unwrap();
    write("volume.meta", b"{\"Head\":\"volume-head-000.img\"}\n");
    write("revision.counter", &[b"17".to_vec(), vec![0; 4094]].concat());
    write("log.info", b"");
    write("replica.log", &vec![b'l'; 70_000]);
    image(dir, "volume-head-000.img", 3 << 20, &[(8192, 4096, 1), (1 << 20, 300_000, 2), (2 << 20, 8192, 0)]);
    // Ends inside a block; its last block is stored.
    image(dir, "volume-snap-odd.img", 1_000_001, &[(0, 4096, 3), (999_424, 577, 4)]);
    // Ends in a hole, begins with stored zeros.
    image(dir, "volume-snap-end.img", 1 << 20, &[(0, 12288, 0), (65536, 4096, 5)]);
    image(dir, "volume-snap-hole.img", 1 << 20, &[]);
    image(dir, "volume-snap-dense.img", 200_000, &[(0, 200_000, 6)]);
    // More ranges than a header, an extension block or one block of a map can hold.
    let many: Vec<(u64, u64, u8)> = (0..300).map(|n| (n * 12288, 4096, n as u8)).collect();
    image(dir, "volume-snap-many.img", 300 * 12288 + 5000, &many);
    for name in ["volume-snap-a.img", "volume-snap-b.img"] {
        fs::hard_link(dir.join("volume-snap-many.img"), dir.join(name)).unwrap();
    }
    fs::hard_link(dir.join("volume.meta"), dir.join("a-link.meta")).unwrap();
    symlink("/etc/passwd", dir.join("link.img")).unwrap();
    fs::create_dir(dir.join("sub")).unwrap();
    fs::write(dir.join("sub/inner"), b"x").unwrap();
    write("volume-snap-ä.img.meta", b"{}");
    write("volume-snap-odd.img.meta", b"{\"Name\":\"volume-head-000.img\"}\n");
    for length in 4094..=4097 {
        let padded = [vec![b' '; length - 1], b"\n".to_vec()].concat();
        write(&format!("volume-snap-{length}.img.meta"), &padded);
    }
    File::create(dir.join(OsStr::from_bytes(b"volume-snap-\xff.img.meta"))).unwrap();
    if long {
        assert!(run(Command::new("mkfifo").arg(dir.join("pipe.img"))));
        write(&format!("volume-snap-{}.img.meta", "n".repeat(200)), b"long");
        let name = format!("volume-snap-{}.img", "s".repeat(180));
        image(dir, &name, 1 << 20, &[(16384, 4096, 7)]);
        fs::hard_link(dir.join(&name), dir.join(format!("z{name}"))).unwrap();
    }
}

/// An image of `size` bytes that stores these ranges: offset, length, and the byte they are made of.
/// Two ranges in three have content that no run of equal bytes is taken for a hole.
fn image(dir: &Path, name: &str, size: u64, ranges: &[(u64, u64, u8)]) {
    let file = File::create(dir.join(name)).unwrap();
    for &(offset, len, byte) in ranges {
        let bytes: Vec<u8> = (0..len).map(|n| if byte == 0 { 0 } else { byte ^ (n % 250) as u8 }).collect();
        file.write_all_at(&bytes, offset).unwrap();
    }
    file.set_len(size).unwrap();
}

/// Packs `dir` below `parent` with GNU tar.
fn tar(parent: &Path, dir: &str, archive: &str, options: &[&str]) -> bool {
    run(Command::new("tar").arg("-C").arg(parent).arg("-cf").arg(parent.join(archive)).args(options).arg(dir))
}

#[test]
fn every_form_of_gnu_tar_is_the_directory() {
    let temp = tempfile::tempdir().unwrap();
    let parent = temp.path();
    replica(&parent.join("rep"), true);
    replica(&parent.join("short"), false);
    for (form, options, sparse) in [
        ("v7", &["--format=v7"][..], false),
        ("ustar", &["--format=ustar"], false),
        ("oldgnu", &["--format=oldgnu"], false),
        ("gnu", &["--format=gnu"], false),
        ("pax", &["--format=posix"], false),
        ("oldgnu-sparse", &["--format=oldgnu", "--sparse"], true),
        ("gnu-sparse", &["--format=gnu", "--sparse"], true),
        ("pax-0.0", &["--format=posix", "--sparse", "--sparse-version=0.0"], true),
        ("pax-0.1", &["--format=posix", "--sparse", "--sparse-version=0.1"], true),
        ("pax-1.0", &["--format=posix", "--sparse", "--sparse-version=1.0"], true),
    ] {
        let dir = if matches!(form, "v7" | "ustar") { "short" } else { "rep" };
        let archive = format!("{form}.tar");
        if !tar(parent, dir, &archive, options) {
            return;
        }
        let (packed, unpacked) = (only(parent.join(&archive)), only(parent.join(dir)));
        assert_same(&*unpacked.source, &*packed.source, sparse, form);
        assert_origins(&*packed.source, sparse, form);
        for (program, ending) in [("gzip", "gz"), ("zstd", "zst"), ("xz", "xz"), ("bzip2", "bz2")] {
            let compressed = parent.join(format!("{archive}.{ending}"));
            let bytes = crate::support::output(program, &parent.join(&archive));
            if !bytes.is_empty() {
                fs::write(&compressed, bytes).unwrap();
                let packed = only(&compressed);
                assert_same(&*unpacked.source, &*packed.source, sparse, &format!("{form}.{ending}"));
            }
        }
    }
}

fn assert_origins(source: &dyn Source, sparse: bool, form: &str) {
    for entry in source.entries().iter().filter(|entry| entry.kind == Kind::File) {
        let extents = source.extents(entry).unwrap();
        let holed = sparse && entry.name.ends_with(".img") && !entry.name.contains("dense");
        let expected = if holed { Origin::SparseMap } else { Origin::Dense };
        assert_eq!(extents.origin, expected, "{form}: {}", entry.name);
        if expected == Origin::Dense {
            assert_eq!(extents.runs.bytes(), entry.size.next_multiple_of(4096), "{form}: {}", entry.name);
        }
    }
}

#[test]
fn other_writers_are_understood() {
    let temp = tempfile::tempdir().unwrap();
    let parent = temp.path();
    replica(&parent.join("rep"), true);
    let unpacked = only(parent.join("rep"));
    for (format, long) in [("USTAR_FORMAT", false), ("GNU_FORMAT", true), ("PAX_FORMAT", true)] {
        let dir = if long { "rep" } else { "short" };
        if !long {
            replica(&parent.join("short"), false);
        }
        let script = "import sys, tarfile\n\
            with tarfile.open(sys.argv[2], 'w', format=getattr(tarfile, sys.argv[1])) as t: t.add(sys.argv[3], 'rep')";
        let archive = parent.join("python.tar");
        let mut python = Command::new("python3");
        if run(python.args(["-c", script, format]).arg(&archive).arg(parent.join(dir))) {
            assert_same(&*only(parent.join(dir)).source, &*only(&archive).source, false, format);
        }
    }
    let sparse = parent.join("bsd.tar");
    for (options, holes) in [(&["--format=pax"][..], true), (&["--format=gnutar"], false)] {
        let mut bsdtar = Command::new("bsdtar");
        if run(bsdtar.arg("-C").arg(parent).arg("-cf").arg(&sparse).args(options).arg("rep")) {
            assert_same(&*unpacked.source, &*only(&sparse).source, holes, options[0]);
        }
    }
}

/// Every recorded directory, unpacked by GNU tar and read where it is packed.
#[test]
fn captures_are_the_same_packed_and_unpacked() {
    let Some(captures) = captures("recorded archives against their directories") else { return };
    // Every fifth: all of them take minutes, and no two differ in form.
    let archives: Vec<_> = WalkDir::new(captures)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.to_string_lossy().ends_with(".tar.zst"))
        .step_by(5)
        .collect();
    assert!(!archives.is_empty());
    archives.par_iter().for_each(|archive| {
        let dir = tempfile::tempdir().unwrap();
        let (tar, out) = (dir.path().join("plain.tar"), dir.path().join("out"));
        fs::create_dir(&out).unwrap();
        if run(Command::new("zstd").arg("-qdk").arg(archive).arg("-o").arg(&tar))
            && run(Command::new("tar").arg("-xf").arg(&tar).arg("-C").arg(&out))
        {
            let what = archive.display().to_string();
            let unpacked = only(&out);
            assert_same(&*unpacked.source, &*only(archive).source, true, &what);
            assert_same(&*unpacked.source, &*only(&tar).source, true, &what);
        }
    });
}

/// Everything about a tree that reading might change, access times aside.
fn portrait(dir: &Path) -> BTreeMap<String, (u64, u64, i64, i64, String)> {
    let mut tree = BTreeMap::new();
    for entry in WalkDir::new(dir).into_iter().map(Result::unwrap) {
        let meta = entry.metadata().unwrap();
        let hash = if meta.is_file() {
            format!("{:x?}", Sha256::digest(fs::read(entry.path()).unwrap()))
        } else {
            String::new()
        };
        let facts = (meta.ino(), meta.blocks(), meta.mtime_nsec(), meta.ctime_nsec(), hash);
        tree.insert(format!("{}", entry.path().display()), facts);
    }
    tree
}

#[test]
fn nothing_is_changed() {
    let temp = tempfile::tempdir().unwrap();
    replica(&temp.path().join("rep"), true);
    if !tar(temp.path(), "rep", "rep.tar.gz", &["-z", "--sparse"]) {
        return;
    }
    // What is written is on the disk before the first look: allocation may be late.
    assert!(run(&mut Command::new("sync")));
    let before = portrait(temp.path());
    for found in [only(temp.path().join("rep")), only(temp.path().join("rep.tar.gz"))] {
        for entry in found.source.entries().iter().filter(|entry| entry.kind == Kind::File) {
            found.source.extents(entry).unwrap();
            content(&*found.source, entry);
        }
    }
    assert_eq!(before, portrait(temp.path()));
}

/// A stream of several parts, as parallel compressors and `cat` make them.
#[test]
fn parts_of_a_stream_are_one_archive() {
    let temp = tempfile::tempdir().unwrap();
    replica(&temp.path().join("rep"), true);
    if !tar(temp.path(), "rep", "rep.tar", &["--sparse", "--format=posix"]) {
        return;
    }
    let bytes = fs::read(temp.path().join("rep.tar")).unwrap();
    let unpacked = only(temp.path().join("rep"));
    for program in ["gzip", "zstd", "xz", "bzip2"] {
        let mut whole = File::create(temp.path().join("whole")).unwrap();
        for part in bytes.chunks(bytes.len() / 5 + 1) {
            fs::write(temp.path().join("part"), part).unwrap();
            whole.write_all(&crate::support::output(program, &temp.path().join("part"))).unwrap();
        }
        if fs::metadata(temp.path().join("whole")).unwrap().len() > 0 {
            assert_same(&*unpacked.source, &*only(temp.path().join("whole")).source, true, program);
        }
    }
}

/// A file system without FIEMAP is asked for data and holes.
#[test]
fn memory_file_systems_tell_their_holes() {
    let Ok(temp) = tempfile::tempdir_in("/dev/shm") else {
        crate::support::stepping::left_out("a memory file system", "there is no /dev/shm");
        return;
    };
    replica(&temp.path().join("rep"), true);
    let found = only(temp.path().join("rep"));
    let many = found.source.entries().iter().find(|entry| entry.name == "volume-snap-many.img").unwrap();
    let extents = found.source.extents(many).unwrap();
    if extents.origin != Origin::SeekData {
        crate::support::stepping::left_out("a memory file system", "/dev/shm is no memory file system");
        return;
    }
    assert_eq!((extents.runs.len(), extents.runs.bytes()), (300, 300 * 4096));
}
