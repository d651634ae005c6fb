//! Evidence that is cut, wrong, or made to do harm: it is told, and nothing worse happens.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::tar_writer::{Tar, header, record, seal};
use crate::support::{assert_same, collect, content, labelled, only, plain, run};
use jivascope::evidence::{Entry, Evidence, GatherError, Images, Kind, Options, ReadError, Source, gather};
use jivascope::ident::Run;
use proptest::prelude::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// The file must live as long as what is read from it.
fn gather_bytes(bytes: &[u8]) -> (Result<Evidence, GatherError>, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, bytes).unwrap();
    (collect(&[labelled("rep", file.path())]), file)
}

/// Remarks, entries and what reading gives, one line each: the same for the plain and the packed form.
fn story(bytes: &[u8]) -> String {
    let (evidence, file) = gather_bytes(bytes);
    let evidence = match evidence {
        Ok(evidence) => evidence,
        Err(error) => {
            return format!("error: {error}").replace(&file.path().display().to_string(), "ARCHIVE");
        }
    };
    let mut lines: Vec<String> =
        evidence.inputs[0].remarks.iter().map(|line| format!("remark: {line}")).collect();
    for found in &evidence.replicas {
        for entry in found.source.entries() {
            lines.push(format!("{}: {}", found.label, describe(&*found.source, entry)));
        }
    }
    lines.join("\n").replace(&file.path().display().to_string(), "ARCHIVE")
}

fn describe(source: &dyn Source, entry: &Entry) -> String {
    let mut line = format!("{} {} {}", entry.name, entry.kind, entry.size);
    if let Some(link) = entry.link {
        line.push_str(&format!(" link {link}"));
    }
    if let Some(damage) = &entry.damage {
        line.push_str(&format!(" damage: {damage}"));
    }
    match source.read(entry) {
        Ok(bytes) => {
            line.push_str(&format!(" read {}", String::from_utf8_lossy(&bytes[..bytes.len().min(12)])))
        }
        Err(error) => line.push_str(&format!(" error: {error}")),
    }
    line
}

const META: &[u8] = b"{}";

fn base() -> Tar {
    Tar::new().file("volume.meta", META)
}

#[test]
fn damage_is_told() {
    let image = vec![7u8; 20_000];
    let cut = |tar: Tar, at: usize| tar.bytes[..at].to_vec();
    let bad_number =
        |tar: Tar| tar.edited("bad.img", b'0', b"", |h| h[124..136].copy_from_slice(b"00000000x00\0"));
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("whole", base().end(), &["rep: volume.meta file 2 read {}"]),
        (
            "cut in a payload",
            cut(base().file("volume-head-000.img", &image), 1536 + 5000),
            &[
                "remark: volume-head-000.img: the archive ends at byte 6536, inside this file",
                "rep: volume-head-000.img file 20000 damage: the archive ends at byte 6536, inside this file error: the archive",
                "rep: volume.meta file 2 read {}",
            ],
        ),
        (
            "cut in a small file",
            cut(base().file("revision.counter", &image[..1000]), 1536 + 10),
            &["rep: revision.counter file 1000 damage: the archive ends at byte 1546"],
        ),
        (
            "cut in a header",
            cut(base().file("x", b"y"), 1024 + 100),
            &[
                "remark: the archive ends at byte 1124, inside the header at byte 1024",
                "rep: volume.meta file 2 read {}",
            ],
        ),
        (
            "cut between members",
            base().bytes,
            &["remark: the archive ends at byte 1024 without its end mark"],
        ),
        (
            "cut in an extended header",
            cut(base().pax(b'x', &[("path", &"p".repeat(900))]), 1536 + 100),
            &["remark: extended header at byte 1024: the archive ends inside it at byte 1636"],
        ),
        (
            "a header that is none",
            [base().bytes, vec![b'x'; 512], base().end()].concat(),
            &["remark: tar checksum: not a number at offset 148 of the header at byte 1024; nothing behind"],
        ),
        (
            "a checksum that is wrong",
            {
                let mut bytes = base().file("x", b"").end();
                bytes[1024 + 5] ^= 1;
                bytes
            },
            &["remark: tar checksum: the header at byte 1024 sums up to", "rep: volume.meta file 2 read {}"],
        ),
        (
            "a size that is none",
            bad_number(base()).end(),
            &["remark: tar size: not a number at offset 132 of the header at byte 1024"],
        ),
        (
            "a size of more than 8 EiB",
            base().claiming("x.img", b'0', u64::MAX).end(),
            &[
                "remark: tar size: 18446744073709551615 at offset 124 of the header at byte 1024 is out of range",
            ],
        ),
        (
            "a size of 8 EiB less one",
            base().claiming("x.img", b'0', i64::MAX as u64).end(),
            &["rep: x.img file 9223372036854775807 damage: the archive ends at byte 2560"],
        ),
        (
            "a long name of 8 EiB",
            base().claiming("././@LongLink", b'L', i64::MAX as u64).end(),
            &["remark: long name at byte 1024: 9223372036854775807 bytes are more than the limit of 1048576"],
        ),
        (
            "a long name beyond the limit, and what follows it",
            base().member("././@LongLink", b'L', &vec![b'n'; (1 << 20) + 1]).file("rest", b"r").end(),
            &[
                "remark: long name at byte 1024: 1048577 bytes",
                "rep: rest file 1 damage: long name at byte 1024",
            ],
        ),
        (
            "an extended header of nonsense",
            base().member("p", b'x', b"nonsense").file("x", b"y").end(),
            &["remark: pax record at offset 0", "rep: x file 1 damage: pax record at offset 0"],
        ),
        (
            "a global header of nonsense",
            base().member("p", b'g', b"nonsense").file("x", b"y").end(),
            &["remark: pax record at offset 0 of the extended header: its length", "rep: x file 1 read y"],
        ),
        (
            "a record of more than its limit",
            base().pax(b'x', &[("path", &"p".repeat((1 << 20) + 1))]).file("x", b"y").end(),
            &["remark: pax record path: 1048577 bytes are more than the limit of 1048576"],
        ),
        (
            "two sizes",
            base()
                .pax(b'x', &[("size", "3")])
                .edited("x", b'0', b"abc", |h| h[124..136].copy_from_slice(b"00000000002\0"))
                .end(),
            &[
                "remark: x: its extended header says 3 bytes, the header at byte 2048 says 2",
                "rep: x file 3 read abc",
            ],
        ),
        (
            "one name twice",
            base().file("x", b"old").file("x", b"new").end(),
            &["remark: x: stands again at byte 2048; the last one counts", "rep: x file 3 read new"],
        ),
        (
            "names that point outside",
            base().file("/etc/x", b"1").file("../../y", b"2").file("a/../b/z", b"3").end(),
            &[
                "remark: 3 names begin with a slash or hold '..', first /etc/x",
                "rep: b directory 0 error: is a directory",
                "rep: etc directory 0",
                "rep: y file 1 read 2",
            ],
        ),
        (
            "a name of nothing",
            base().file("./", b"").file("..", b"x").end(),
            &["remark: ..: the name of the member at byte 1536 is empty"],
        ),
        (
            "links before and behind what they name",
            base().link("first", "x").file("x", b"y").link("last", "x").link("more", "first").end(),
            &[
                "rep: first file 1 link 0 read y",
                "rep: last file 1 link 0 read y",
                "rep: more file 1 link 0 read y",
            ],
        ),
        (
            "a link to what is replaced later",
            base().file("x", b"old").link("l", "x").file("x", b"new").end(),
            &["rep: l file 3 read old", "rep: x file 3 read new"],
        ),
        (
            "links in a circle",
            base().link("a", "b").link("b", "a").link("self", "self").link("lost", "nowhere").end(),
            &[
                "rep: a file 0 damage: is a hard link to b, which",
                "rep: b file 0 damage: is a hard link to a, which",
                "rep: lost file 0 damage: is a hard link to nowhere, which",
                "rep: self file 0 damage: is a hard link to self, which",
            ],
        ),
        (
            "a link with payload, as POSIX allows",
            base().file("x", b"data").edited("l", b'1', b"data", |h| h[157] = b'x').file("after", b"a").end(),
            &["rep: after file 1 read a", "rep: l file 4 link 0 read data"],
        ),
        (
            "a directory that claims payload and has none",
            base().claiming("d", b'5', 4096).file("after", b"a").end(),
            &["rep: after file 1 read a", "rep: d directory 0"],
        ),
        (
            "things that are not files",
            base()
                .member("l", b'2', b"")
                .member("c", b'3', b"")
                .member("b", b'4', b"")
                .member("p", b'6', b"")
                .end(),
            &[
                "rep: b device 0 error: is a device, not a file",
                "rep: c device 0",
                "rep: l symbolic link 0 error: is a symbolic link, not a file",
                "rep: p named pipe 0",
            ],
        ),
        (
            "a type nobody knows",
            base().member("q", b'Q', b"q").end(),
            &["remark: q: member type 'Q'", "rep: q file 1 read q"],
        ),
        (
            "a part of another volume",
            base().member("m", b'M', b"m").file("x", b"y").end(),
            &["remark: member type 'M' at byte 1024 is not understood", "rep: x file 1 read y"],
        ),
        (
            "a single block of zeros",
            [base().bytes, vec![0; 512], Tar::new().file("x", b"y").end()].concat(),
            &["remark: a single block of zeros at byte 1024"],
        ),
        (
            "two archives",
            [base().end(), Tar::new().file("x", b"y").end()].concat(),
            &["remark: more follows at byte 2048 behind the end mark at byte 1024"],
        ),
    ];
    for (name, bytes, expected) in cases {
        let plain = story(&bytes);
        for part in expected {
            assert!(plain.lines().any(|line| line.starts_with(part)), "{name}: no line {part:?} in\n{plain}");
        }
        assert_eq!(plain, story(&gzip(&bytes)), "{name}: packed");
    }
}

#[test]
fn wrong_sparse_maps_are_told() {
    let data = vec![b'd'; 8192];
    for (map, message) in [
        (&[(8192, 4096), (0, 4096)][..], "entry 1 at 0 begins before 12288"),
        (&[(0, 4096), (4095, 4096)], "entry 1 at 4095 begins before 4096"),
        (
            &[(0, 4096), (1 << 20, 4096)],
            "entry 1 of 4096 bytes at 1048576 ends beyond the file's 1048576 bytes",
        ),
        (&[(0, 4096), (i64::MAX as u64, 4096)], "ends beyond the file's"),
        (&[(0, 4096)], "accounts for 4096 bytes, and 8192 are stored"),
        (&[(0, 4096), (8192, 4096), (16384, 4096)], "accounts for 12288 bytes, and 8192 are stored"),
    ] {
        let name = "volume-head-000.img";
        let after = |tar: Tar| tar.file("after", b"a").end();
        for bytes in [
            after(base().old_sparse(name, 1 << 20, map, &data)),
            after(base().star_sparse(name, 1 << 20, map, &data, false)),
            after(base().pax_sparse_00(name, 1 << 20, map, &data)),
            after(base().pax_sparse_01(name, 1 << 20, map, &data)),
            after(base().pax_sparse_10(name, 1 << 20, map, &data)),
        ] {
            let told = story(&bytes);
            let line = format!("{name} file 1048576 damage: sparse map: ");
            assert!(told.lines().any(|l| l.contains(&line) && l.contains(message)), "{map:?}:\n{told}");
            assert!(told.contains("rep: after file 1 read a"), "{map:?}:\n{told}");
            assert_eq!(told, story(&gzip(&bytes)));
            let (evidence, _file) = gather_bytes(&bytes);
            let evidence = evidence.unwrap();
            let source = &evidence.replicas[0].source;
            let entry = source.entries().iter().find(|e| e.name == name).unwrap();
            assert!(matches!(source.extents(entry), Err(ReadError::Damaged(_))));
        }
    }
    for (text, message) in [
        ("1000000000000000000\n", "1000000000000000000 entries, more than the limit"),
        ("99999999999999999999999\n", "more than 19 digits"),
        ("2\n0\n4096\nx\n4096\n", "\"x\" is not a number"),
        ("2\n0\n", "more than 19 digits"),
    ] {
        let told = story(&base().pax_sparse_10_text("x.img", 1 << 20, text, &[]).file("after", b"a").end());
        assert!(told.contains(message) && told.contains("rep: after file 1 read a"), "{told}");
    }
    let odd = base()
        .pax(b'x', &[("GNU.sparse.major", "7"), ("GNU.sparse.minor", "0")])
        .file("volume-head-000.img", &data)
        .end();
    assert!(story(&odd).contains("damage: sparse form 7.0 is not understood"), "{}", story(&odd));
}

/// As star stores images of 8 GiB and more: the real size in a record of its own, the prefix of the name beside the map.
#[test]
fn sparse_members_of_star_have_their_real_size() {
    let data: Vec<u8> = (0..12288u32).map(|n| (n % 251) as u8 | 1).collect();
    let size = (40 << 30) + 4096;
    let map = [(4096, 4096), (9 << 30, 8192), (size, 0)];
    let tar = base().star_sparse("volume-head-000.img", size, &map, &data, false);
    // The prefix ends where the real size begins.
    let deep = "d".repeat(107);
    let mut stored = vec![0; 512];
    stored[..23].copy_from_slice(b"00000000000\x0000000001000");
    stored.extend_from_slice(&data[..512]);
    let tar = tar.edited("volume.meta", b'S', &stored, |header| {
        header[345..452].copy_from_slice(deep.as_bytes());
        header[452..464].copy_from_slice(b"00000001000\0");
    });
    let bytes = tar.file("after", b"a").end();
    for bytes in [gzip(&bytes), bytes] {
        let (evidence, _file) = gather_bytes(&bytes);
        let evidence = evidence.unwrap();
        assert_eq!(evidence.inputs[0].remarks, Vec::<String>::new());
        let [own, beside] = &evidence.replicas[..] else { panic!("{:?}", evidence.inputs) };
        let (own, beside) = if own.path.ends_with(&deep) { (beside, own) } else { (own, beside) };
        let source = &*own.source;
        let entry = source.entries().iter().find(|e| e.name == "volume-head-000.img").unwrap();
        assert_eq!((entry.size, &entry.damage), (size, &None));
        let runs = source.extents(entry).unwrap().runs;
        let run = |start, end| Run { start, end };
        assert_eq!(runs.as_slice(), [run(4096, 8192), run(9 << 30, (9 << 30) + 8192)]);
        let mut block = vec![0; 4096];
        assert_eq!(source.read_at(entry, (9 << 30) + 4096, &mut block).unwrap(), 4096);
        assert!(block == data[8192..]);
        assert!(source.entries().iter().any(|e| e.name == "after"));
        assert!(beside.path.ends_with(&format!(":{deep}")), "{}", beside.path);
        let meta = &beside.source.entries()[0];
        assert_eq!((meta.name.as_str(), meta.size), ("volume.meta", 512));
    }
    // Without a map nobody knows where the bytes belong.
    let told = story(&base().pax(b'x', &[("SCHILY.realsize", "8192")]).file("x.img", &data[..4096]).end());
    assert!(told.contains("SCHILY.realsize: 8192 bytes, and 4096 are stored without a map"), "{told}");
    let same = story(&base().pax(b'x', &[("SCHILY.realsize", "4096")]).file("x.img", &data[..4096]).end());
    assert!(!same.contains("damage"), "{same}");
}

#[test]
fn gnu_tar_reads_sparse_members_of_star_alike() {
    let data: Vec<u8> = (0..26 * 4096u32).map(|n| (n % 251) as u8 | 1).collect();
    let map: Vec<(u64, u64)> = (0..26).map(|n| (n * 12288 + 4096, 4096)).chain([(1 << 20, 0)]).collect();
    let dir = tempfile::tempdir().unwrap();
    for in_header in [false, true] {
        let bytes = base().star_sparse("volume-head-000.img", 1 << 20, &map, &data, in_header).end();
        let (archive, unpacked) = (dir.path().join("star.tar"), dir.path().join(in_header.to_string()));
        fs::write(&archive, bytes).unwrap();
        fs::create_dir(&unpacked).unwrap();
        if !run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&unpacked)) {
            return;
        }
        assert_same(&*only(&unpacked).source, &*only(&archive).source, false, "star");
    }
}

/// What lies before the cut of a sparse member is read, and what lies behind it only where it is a hole.
#[test]
fn a_cut_image_is_read_up_to_the_cut() {
    let data: Vec<u8> = (0..12288u32).map(|n| (n % 251) as u8 | 1).collect();
    let map = [(4096, 4096), (16384, 8192)];
    let tar = base().pax_sparse_10("volume-head-000.img", 65536, &map, &data);
    let bytes = &tar.bytes[..tar.bytes.len() - 8192 + 100];
    for bytes in [bytes.to_vec(), gzip(bytes)] {
        let (evidence, _file) = gather_bytes(&bytes);
        let evidence = evidence.unwrap();
        let source = &evidence.replicas[0].source;
        let entry = &source.entries()[0];
        let runs = source.extents(entry).unwrap().runs;
        assert_eq!(runs.as_slice(), [Run { start: 4096, end: 8192 }, Run { start: 16384, end: 24576 }]);
        let mut buf = vec![9; 12288];
        assert_eq!(source.read_at(entry, 0, &mut buf).unwrap(), 12288);
        assert!(buf[..4096].iter().chain(&buf[8192..]).all(|&b| b == 0) && buf[4096..8192] == data[..4096]);
        assert_eq!(source.read_at(entry, 16384, &mut buf[..100]).unwrap(), 100);
        assert_eq!(buf[..100], data[4096..4196]);
        assert!(matches!(source.read_at(entry, 16384, &mut buf[..101]), Err(ReadError::Damaged(_))));
        assert_eq!(source.read_at(entry, 24576, &mut buf).unwrap(), 12288);
        assert_eq!(buf, vec![0; 12288]);
    }
}

#[test]
fn bombs_are_bounded() {
    let begun = Instant::now();
    // More small files than may be kept.
    let mut tar = base();
    let big = vec![0; 1 << 20];
    for n in 0..300 {
        tar = tar.file(&format!("f{n}"), &big);
    }
    let told = story(&gzip(&tar.end()));
    assert!(told.contains("not kept, small files take more than 268435456 bytes"), "{told}");
    assert!(told.contains("rep: volume.meta file 2 read {}"));
    // Names that are nothing but depth.
    let deep = "d/".repeat(20_000);
    let mut tar = base();
    for n in 0..200 {
        tar = tar.pax(b'x', &[("path", &format!("{n}/{deep}x"))]).file("x", b"");
    }
    let told = story(&gzip(&tar.end()));
    assert!(told.contains("names take more than 536870912 bytes"), "{told}");
    // A record that claims to be a gibibyte.
    let told = story(&Tar::new().claiming("volume.meta", b'0', 1 << 30).payload(&vec![b'{'; 1 << 20]).bytes);
    assert!(told.contains("holds 1073741824 bytes, more than the limit of 1048576"), "{told}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn many_members_take_bounded_time() {
    let mut bytes = base().bytes;
    for n in 0..200_000 {
        bytes.extend_from_slice(&header(&format!("pvc-{}/volume-snap-{n}.img.meta", n % 7), b'0', 0));
    }
    let begun = Instant::now();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, &bytes).unwrap();
    let evidence = collect(&[plain(file.path())]).unwrap();
    assert_eq!(evidence.replicas.len(), 8);
    assert_eq!(evidence.replicas.iter().map(|r| r.source.entries().len()).sum::<usize>(), 200_008);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn decoders_are_held_in_check() {
    // A frame that asks for a window of 3.75 TiB.
    let told = story(b"\x28\xb5\x2f\xfd\x00\xff\x01\x00\x00");
    assert!(told.contains("not a tar archive: ") && told.contains("indow"), "{told}");
    // A block of xz that asks for a dictionary of 4 GiB.
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), base().end()).unwrap();
    let mut xz = crate::support::output("xz", &dir.path().join("a"));
    if !xz.is_empty() {
        // Stream header of 12 bytes; then size, flags, filter, length of properties, dictionary, CRC.
        let len = (usize::from(xz[12]) + 1) * 4;
        let at = xz[12..12 + len].windows(2).position(|w| w == [0x21, 1]).unwrap() + 12 + 2;
        xz[at] = 40;
        let mut crc = flate2::Crc::new();
        crc.update(&xz[12..12 + len - 4]);
        xz[12 + len - 4..12 + len].copy_from_slice(&crc.sum().to_le_bytes());
        let told = story(&xz);
        assert!(told.contains("not a tar archive: ") && told.contains("emory"), "{told}");
    }
}

#[test]
fn what_is_no_archive_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let error = |name: &str| collect(&[plain(path(name))]).unwrap_err().to_string();
    fs::write(path("empty"), b"").unwrap();
    fs::write(path("text"), b"hello ".repeat(1000)).unwrap();
    fs::write(path("zeros"), vec![0; 1 << 20]).unwrap();
    fs::write(path("text.gz"), gzip(b"hello")).unwrap();
    fs::write(path("cut.gz"), &gzip(b"hello")[..12]).unwrap();
    fs::create_dir(path("d")).unwrap();
    for (name, message) in [
        ("empty", "is neither a directory nor a tar archive (plain, gzip, zstd, xz, bzip2)"),
        ("text", "is neither a directory nor a tar archive"),
        ("text.gz", "is neither a directory nor a tar archive"),
        ("cut.gz", "is neither a directory nor a tar archive (plain, gzip, zstd, xz, bzip2): "),
        ("zeros", "no replica found in "),
        ("d", "no replica found in "),
        ("nowhere", "nowhere: cannot be read"),
    ] {
        assert!(error(name).contains(message), "{name}: {}", error(name));
    }
    assert!(run(Command::new("mkfifo").arg(path("pipe"))));
    assert!(error("pipe").contains("is a named pipe"), "{}", error("pipe"));
    assert!(collect(&[plain("/dev/null")]).unwrap_err().to_string().contains("is a device"));
    fs::write(path("d/rep.tar.gz"), b"").unwrap();
    assert!(error("d").ends_with("d: rep.tar.gz: not a tar archive: it is empty"), "{}", error("d"));
}

#[test]
fn a_directory_full_of_traps_is_described() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    assert!(run(Command::new("mkfifo").arg(path("volume.meta"))));
    symlink("/etc/passwd", path("revision.counter")).unwrap();
    symlink(".", path("loop")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("volume-head-000.img")).unwrap();
    fs::create_dir(path("volume-snap-a.img")).unwrap();
    fs::write(path("volume-snap-b.img"), b"").unwrap();
    let found = only(dir.path());
    let kinds: Vec<(&str, Kind)> = found.source.entries().iter().map(|e| (e.name.as_str(), e.kind)).collect();
    let expected = [
        ("loop", Kind::Symlink),
        ("revision.counter", Kind::Symlink),
        ("volume-head-000.img", Kind::Socket),
        ("volume-snap-a.img", Kind::Directory),
        ("volume-snap-b.img", Kind::File),
        ("volume.meta", Kind::Fifo),
    ];
    assert_eq!(kinds, expected);
    for entry in found.source.entries().iter().filter(|entry| entry.kind != Kind::File) {
        assert!(matches!(found.source.read(entry), Err(ReadError::NotAFile(_))), "{}", entry.name);
        assert!(matches!(found.source.extents(entry), Err(ReadError::NotAFile(_))));
        assert!(matches!(found.source.read_at(entry, 0, &mut [0]), Err(ReadError::NotAFile(_))));
    }
    // What changes after it was described is noticed, and a pipe in a file's place stops nobody.
    let file = &found.source.entries()[4];
    fs::remove_file(path("volume-snap-b.img")).unwrap();
    assert!(run(Command::new("mkfifo").arg(path("volume-snap-b.img"))));
    assert!(found.source.read(file).is_ok_and(|bytes| bytes.is_empty()));
}

#[test]
fn files_that_change_are_noticed() {
    const RECORD: &[u8] = b"{}\n";
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::write(path("volume.meta"), RECORD).unwrap();
    fs::write(path("a.img"), vec![1; 8192]).unwrap();
    fs::write(path("b.img"), vec![1; 8192]).unwrap();
    for name in ["c.img.meta", "d.img.meta", "e.img.meta"] {
        fs::write(path(name), RECORD).unwrap();
    }
    fs::write(path("replica.log"), b"log").unwrap();
    let found = only(dir.path());
    let [a, b, record, renamed, piped, log, meta] = found.source.entries() else { panic!() };
    let time = found.source.modified(record);
    assert!(time.is_some());
    fs::File::options().write(true).open(path("a.img")).unwrap().set_len(100).unwrap();
    fs::write(path("c.img"), vec![2; 8192]).unwrap();
    fs::rename(path("c.img"), path("b.img")).unwrap();
    fs::write(path("volume.meta"), vec![b'x'; 3 << 20]).unwrap();
    fs::write(path("replica.log"), vec![b'x'; 3 << 20]).unwrap();
    assert_eq!(found.source.modified(record), time);
    fs::write(path("c.img.meta"), "another").unwrap();
    fs::write(path("new"), b"[]\n").unwrap();
    fs::rename(path("new"), path("d.img.meta")).unwrap();
    fs::remove_file(path("e.img.meta")).unwrap();
    assert!(run(Command::new("mkfifo").arg(path("e.img.meta"))));
    let mut buf = vec![0; 8192];
    assert!(matches!(found.source.read_at(a, 0, &mut buf), Err(ReadError::Damaged(_))));
    assert!(matches!(found.source.read_at(b, 0, &mut buf), Err(ReadError::Damaged(_))));
    assert!(matches!(found.source.extents(b), Err(ReadError::Damaged(_))));
    assert!(matches!(found.source.read(log), Err(ReadError::TooLarge { .. })));
    for record in [record, renamed, piped, meta] {
        assert_eq!(found.source.read(record).unwrap(), RECORD, "records are read with the first look");
        assert_eq!(crate::support::content(&*found.source, record), RECORD);
        assert_eq!(found.source.modified(record), None, "the time of a file is not that of another");
        assert!(matches!(found.source.extents(record), Err(ReadError::Damaged(_))));
    }
    // An archive that shrinks while it is open ends reads with an error, not the process.
    let tar = path("rep.tar");
    fs::write(&tar, base().file("volume-head-000.img", &vec![3; 1 << 20]).end()).unwrap();
    let found = only(&tar);
    fs::File::options().write(true).open(&tar).unwrap().set_len(4096).unwrap();
    assert!(matches!(
        found.source.read_at(&found.source.entries()[0], 0, &mut buf),
        Err(ReadError::Damaged(_))
    ));
}

#[test]
fn directories_without_rights_are_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("rep")).unwrap();
    fs::create_dir_all(dir.path().join("shut")).unwrap();
    fs::write(dir.path().join("rep/volume.meta"), META).unwrap();
    fs::set_permissions(dir.path().join("shut"), fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read_dir(dir.path().join("shut")).is_ok() {
        crate::support::stepping::left_out("directories without rights", "this user may read everything");
        return;
    }
    let evidence = collect(&[plain(dir.path())]).unwrap();
    assert!(evidence.inputs[0].remarks[0].contains("shut"), "{:?}", evidence.inputs);
    let shut = collect(&[labelled("a", dir.path().join("shut"))]).unwrap_err();
    assert!(shut.to_string().contains("cannot be read"), "{shut}");
}

#[test]
fn image_data_are_limited_or_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let tar = dir.path().join("rep.tar.gz");
    let data: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    fs::write(&tar, gzip(&base().file("volume-head-000.img", &data).end())).unwrap();
    let with = |images| gather(&[plain(&tar)], &Options::new(images));
    let error = with(Images::Spool { dir: None, limit: 50_000 }).unwrap_err();
    assert!(error.to_string().contains("image data cannot be put aside"), "{error}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("limit of 50000 bytes"), "{source}");
    let evidence = with(Images::Skip).unwrap();
    let source = &evidence.replicas[0].source;
    let [image, meta] = source.entries() else { panic!() };
    assert_eq!(source.extents(image).unwrap().runs.bytes(), 102_400);
    assert!(matches!(source.read_at(image, 0, &mut [0; 9]), Err(ReadError::NotKept)));
    assert_eq!(source.read(meta).unwrap(), META);
}

fn ranges() -> impl Strategy<Value = (Vec<(u64, u64)>, u64)> {
    let pair = (0..9u64, prop_oneof![3 => 1..4u64, 1 => 4..90u64], any::<bool>());
    (proptest::collection::vec(pair, 0..60), 0..9000u64).prop_map(|(pairs, tail)| {
        let mut at = 0;
        let mut map: Vec<(u64, u64)> = Vec::new();
        for (gap, len, odd) in pairs {
            at += gap * 4096;
            let len = if odd { len * 4096 - 1000 } else { len * 4096 };
            match map.last_mut() {
                Some(last) if last.0 + last.1 == at => last.1 += len,
                _ => map.push((at, len)),
            }
            at += len;
        }
        (map, at + tail)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_form_gives_back_ranges_and_bytes((map, size) in ranges(), seed in any::<u8>(), zeros in any::<bool>()) {
        let sum: u64 = map.iter().map(|(_, len)| len).sum();
        let byte = |n: u64| if zeros && (n / 4096).is_multiple_of(3) { 0 } else { (n as u8).wrapping_mul(31) ^ seed };
        let payload: Vec<u8> = (0..sum).map(byte).collect();
        let mut whole = vec![0; size as usize];
        let mut used = 0;
        for &(at, len) in &map {
            whole[at as usize..(at + len) as usize].copy_from_slice(&payload[used..used + len as usize]);
            used += len as usize;
        }
        let memory = jivascope::evidence::MemorySource::new()
            .file("volume.meta", META)
            .image("volume-head-000.img", size, map.iter().map(|&(at, len)| {
                (at, whole[at as usize..(at + len) as usize].to_vec())
            }))
            .modified("volume.meta", (0o14_000_000_000i128) * 1_000_000_000)
            .modified("volume-head-000.img", (0o14_000_000_000i128) * 1_000_000_000);
        let name = "volume-head-000.img";
        for (form, tar) in [
            ("old", base().old_sparse(name, size, &map, &payload)),
            ("star", base().star_sparse(name, size, &map, &payload, false)),
            ("old star", base().star_sparse(name, size, &map, &payload, !map.is_empty())),
            ("0.0", base().pax_sparse_00(name, size, &map, &payload)),
            ("0.1", base().pax_sparse_01(name, size, &map, &payload)),
            ("1.0", base().pax_sparse_10(name, size, &map, &payload)),
        ] {
            let bytes = tar.end();
            for bytes in [gzip(&bytes), bytes] {
                let (evidence, _file) = gather_bytes(&bytes);
let evidence = evidence.unwrap();
                prop_assert_eq!(&evidence.inputs[0].remarks, &Vec::<String>::new());
                let source = &*evidence.replicas[0].source;
                assert_same(&memory, source, true, form);
                prop_assert!(content(source, &source.entries()[0]) == whole);
            }
        }
        let (dense, _file) = gather_bytes(&gzip(&base().file(name, &whole).end()));
let dense = dense.unwrap();
        assert_same(&memory, &*dense.replicas[0].source, false, "dense");
    }

    #[test]
    fn noise_is_survived(noise in proptest::collection::vec(any::<u8>(), 0..4000), kind in 0..6usize) {
        let starts: [&[u8]; 6] = [b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh91AY&SY", &base().bytes];
        story(&[starts[kind], &noise].concat());
    }

    #[test]
    fn broken_streams_are_survived(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        kind in 0..3usize,
    ) {
        let content: Vec<u8> = (0..60_000u32).map(|n| (n * n / 977 % 40) as u8).collect();
        let bytes = base().file("volume-head-000.img", &content).end();
        let mut packed = match kind {
            0 => gzip(&bytes),
            1 => ruzstd::encoding::compress_to_vec(&bytes[..], ruzstd::encoding::CompressionLevel::Fastest),
            _ => {
                let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                out.write_all(&bytes).unwrap();
                out.finish().unwrap()
            }
        };
        for (at, byte) in changes {
            let at = 8 + at.index(packed.len() - 8);
            packed[at] = byte;
        }
        story(&packed);
    }

    #[test]
    fn mutations_are_survived(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<proptest::sample::Index>(),
        whole in any::<bool>(),
        sealed in any::<bool>(),
    ) {
        let map = [(0, 4096), (8192, 4096), (20480, 1000), (40960, 4096), (65536, 512), (70000, 3)];
        let payload = vec![5; 4096 * 3 + 1000 + 512 + 3];
        let mut bytes = base()
            .old_sparse("volume-head-000.img", 80000, &map, &payload)
            .star_sparse("volume-snap-s.img", 80000, &map, &payload, false)
            .pax_sparse_00("volume-snap-a.img", 80000, &map, &payload)
            .pax_sparse_01("volume-snap-b.img", 80000, &map, &payload)
            .pax_sparse_10("volume-snap-c.img", 80000, &map, &payload)
            .link("volume-snap-d.img", "volume-snap-a.img")
            .member("././@LongLink", b'L', &[b'n'; 300])
            .file("n", b"n")
            .end();
        for (at, byte) in changes {
            // Half of the changes hit headers and records, which are where the harm is.
            let at = at.index(bytes.len());
            let at = if byte % 2 == 0 { at / 512 * 512 + (at % 512) } else { at };
            bytes[at] = byte;
        }
        if sealed {
            for block in bytes.chunks_exact_mut(512) {
                if block[257..262] == *b"ustar" {
                    seal(block.try_into().unwrap());
                }
            }
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        let begun = Instant::now();
        prop_assert_eq!(story(&bytes), story(&gzip(&bytes)));
        prop_assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

/// The length of a record counts its own digits; the writer of the tests must get it right.
#[test]
fn records_count_themselves() {
    for (key, len) in [(1, 1), (4, 1), (5, 1), (90, 5), (94, 0), (95, 0), (990, 2)] {
        let bytes = record(&"k".repeat(key), &"v".repeat(len));
        let digits = bytes.iter().position(|&b| b == b' ').unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes[..digits]), bytes.len().to_string());
    }
}

/// Damage in a compressed stream keeps what came before it.
#[test]
fn cut_streams_keep_their_prefix() {
    let dir = tempfile::tempdir().unwrap();
    let noise: Vec<u8> = (0..2_500_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let bytes = base().file("volume-head-000.img", &noise).file("z", b"z").end();
    fs::write(dir.path().join("a"), bytes).unwrap();
    for program in ["gzip", "zstd", "xz", "bzip2"] {
        let packed = crate::support::output(program, Path::new(&dir.path().join("a")));
        if packed.is_empty() {
            continue;
        }
        let told = story(&packed[..packed.len() * 2 / 3]);
        assert!(
            told.contains("remark: volume-head-000.img: the archive cannot be read beyond byte"),
            "{program}: {told}"
        );
        // Whole blocks of bzip2, of 900 kB, are in it.
        assert!(told.contains("rep: volume.meta file 2 read {}"), "{program}: {told}");
    }
}
