//! Archives made to do harm, through the whole program: each ends in an answer with a remark, or in a clear error, in
//! bounded time and memory.
//!
//! `JIVASCOPE_TABLE=1 cargo test --test cli hostile_archives:: -- --nocapture` prints the table of `docs/reliability.md`.
#![cfg(feature = "cli")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::tar_writer::{Tar, number, record};

const HEAD: &str = "volume-head-000.img";
const META: &[u8] = br#"{"Size":1048576,"Head":"volume-head-000.img","Dirty":false,"Rebuilding":false,"Parent":"","SectorSize":512,"BackingFileName":"","CloneStatus":"NA","Checkpoint":"","RevisionCounter":1}"#;
const RECORD: &[u8] = br#"{"Name":"volume-head-000.img","Parent":"","Removed":false,"UserCreated":false,"Created":"2026-01-01T00:00:00Z","RevisionCounter":1}"#;

/// Longest time and most memory of one archive.
const TIME: Duration = Duration::from_secs(60);
const MEMORY: u64 = 1 << 30;

fn replica() -> Tar {
    Tar::new()
        .file("r/volume.meta", META)
        .file(&format!("r/{HEAD}.meta"), RECORD)
        .file("r/revision.counter", b"1")
        .pax_sparse_10(&format!("r/{HEAD}"), 1 << 20, &[(0, 4096)], &[1; 4096])
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Zeros compress a thousand to one.
fn bomb(len: usize) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(&replica().bytes).unwrap();
    out.write_all(&crate::support::tar_writer::header("r/volume-snap-z.img", b'0', len as u64)).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..len >> 20 {
        out.write_all(&zeros).unwrap();
    }
    out.finish().unwrap()
}

fn archives() -> Vec<(String, Vec<u8>)> {
    let mut out: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| out.push((name.to_owned(), bytes));
    for (what, name) in [
        ("an absolute path", "/etc/passwd"),
        ("a path out of the archive", "../../../../tmp/evil"),
        ("a path out and in again", "r/../../r/volume.meta"),
        ("a name of dots", "r/..."),
        ("a name that ends in dots", "r/volume.meta/.."),
        ("an empty name", ""),
        ("a slash alone", "/"),
        ("escape codes in a name", "r/\u{1b}[2J\u{1b}]0;x\u{7}volume-snap-a.img"),
        ("a line feed in a name", "r/volume-snap-a\n.img"),
        ("text turned around in a name", "r/\u{202e}gmi.a-pans-emulov"),
        ("a file where a directory is", "r"),
        ("a directory where a file is", "r/volume.meta/x"),
    ] {
        add(what, replica().file(name, b"x").end());
        add(
            &format!("{what}, in a PAX record"),
            replica().pax(b'x', &[("path", name)]).file("y", b"x").end(),
        );
    }
    for (what, kind) in [
        ("a character device", b'3'),
        ("a block device", b'4'),
        ("a named pipe", b'6'),
        ("an unknown kind of member", b'?'),
        ("a volume header", b'V'),
        ("a multi-volume rest", b'M'),
    ] {
        add(what, replica().member("r/volume-snap-a.img", kind, b"").end());
        add(&format!("{what} for volume.meta"), replica().member("r/volume.meta", kind, b"").end());
    }
    for (what, target) in [
        ("out", "../../etc/passwd"),
        ("to the root", "/etc/shadow"),
        ("to itself", "r/a.img"),
        ("to nothing", "r/none"),
    ] {
        add(&format!("a hard link {what}"), replica().link("r/a.img", target).end());
        let symlink =
            |header: &mut [u8; 512]| header[157..157 + target.len()].copy_from_slice(target.as_bytes());
        add(&format!("a symbolic link {what}"), replica().edited("r/volume.meta", b'2', b"", symlink).end());
    }
    add("hard links in a circle", replica().link("r/a.img", "r/b.img").link("r/b.img", "r/a.img").end());
    for (what, size) in [("8 EiB", 1 << 62), ("8 EiB less one", (1u64 << 63) - 1), ("8 GiB", 1 << 33)] {
        let huge = |header: &mut [u8; 512]| number(&mut header[124..136], size);
        add(
            &format!("a member that claims {what}"),
            replica().edited("r/volume-snap-a.img", b'0', b"", huge).end(),
        );
        let text = size.to_string();
        let pax = |key: &str| replica().pax(b'x', &[(key, &text)]).file("r/volume-snap-a.img", b"x").end();
        add(&format!("a PAX size of {what}"), pax("size"));
        add(&format!("a real size of {what}"), pax("GNU.sparse.realsize"));
        let sparse = replica().pax_sparse_10("r/volume-snap-a.img", size, &[(0, 4096)], &[1; 4096]);
        add(&format!("a sparse file of {what}"), sparse.end());
    }
    add(
        "PAX size against header size",
        replica().pax(b'x', &[("size", "5")]).file("r/volume.meta", META).end(),
    );
    add("a PAX record that is too long", replica().member("p", b'x', b"999 path=x\n").file("y", b"").end());
    add("a PAX record of no length", replica().member("p", b'x', b"0 path=x\n").file("y", b"").end());
    add("a PAX record with NUL", replica().member("p", b'x', &record("path", "a\0b")).file("y", b"").end());
    add("a PAX header of 2 MiB", replica().member("p", b'x', &vec![b'1'; 2 << 20]).file("y", b"").end());
    add("a long name of 2 MiB", replica().member("p", b'L', &vec![b'n'; 2 << 20]).file("y", b"").end());
    add(
        "a global header that names every file",
        replica().pax(b'g', &[("path", "r/volume.meta")]).file("y", b"").end(),
    );
    for (what, map) in [
        ("overlapping", &[(0u64, 4096u64), (2048, 4096)][..]),
        ("falling", &[(8192, 4096), (0, 4096)]),
        ("overflowing", &[(u64::MAX - 4096, 8192)]),
        ("too long", &[(0, 1 << 40)]),
    ] {
        add(
            &format!("a sparse map that is {what}"),
            replica().pax_sparse_10("r/a.img", 1 << 20, map, &[1; 8192]).end(),
        );
        add(
            &format!("an old sparse map that is {what}"),
            replica().old_sparse("r/a.img", 1 << 20, map, &[1; 8192]).end(),
        );
    }
    let claim = "99999999999\n";
    add(
        "a sparse map that claims to be endless",
        replica().pax_sparse_10_text("r/a.img", 1 << 20, claim, b"").end(),
    );
    let mut twice = replica();
    for _ in 0..2000 {
        twice = twice.file("r/volume.meta", META);
    }
    add("one name two thousand times", twice.end());
    let mut many = replica().bytes;
    for n in 0..1_000_000 {
        many.extend_from_slice(&crate::support::tar_writer::header(&format!("junk/{n}"), b'0', 0));
    }
    add("a million members, packed", gz(&many));
    let mut disks = replica().bytes;
    for n in 0..50_000 {
        disks.extend_from_slice(&crate::support::tar_writer::header(
            &format!("r/volume-snap-{n}.img.meta"),
            b'0',
            0,
        ));
    }
    add("fifty thousand empty records in one replica, packed", gz(&disks));
    let deep = "d/".repeat(50_000);
    add("a path of fifty thousand levels", replica().pax(b'x', &[("path", &deep)]).file("y", b"").end());
    add("a bomb of 1 GiB, a thousand to one", bomb(1 << 30));
    let mut nested = gz(&replica().end());
    (0..4).for_each(|_| nested = gz(&nested));
    add("gzip five times over", nested);
    let whole = replica().end();
    for cut in [0, 1, 511, 512, 700, 1500, whole.len() - 1024] {
        add(&format!("cut at {cut} bytes"), whole[..cut].to_vec());
    }
    let packed = gz(&whole);
    add("a gzip stream cut in the middle", packed[..packed.len() / 2].to_vec());
    let mut flipped = packed.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    add("a gzip stream with a wrong byte", flipped);
    add("gzip with bytes behind it", [&packed[..], b"garbage"].concat());
    add("two gzip streams", [&packed[..], &packed[..]].concat());
    add("a zstd frame that is none", b"\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff".to_vec());
    add("an xz stream that is none", b"\xfd7zXZ\0\0\0\0\0".to_vec());
    add("a bzip2 stream that is none", b"BZh91AY&SY\0\0".to_vec());
    add("two blocks of zeros", vec![0; 1024]);
    let mut meta = META.to_vec();
    meta.splice(8..15, b"9223372036854775296".iter().copied());
    add("a volume of 8 EiB", replica().file("r/volume.meta", &meta).end());
    let brackets = [b"{\"Size\":", "[".repeat(1 << 19).as_bytes()].concat();
    add("JSON of half a million brackets", replica().file("r/volume.meta", &brackets).end());
    add("a record that is its own parent", {
        let own = String::from_utf8(RECORD.to_vec())
            .unwrap()
            .replace("\"Parent\":\"\"", &format!("\"Parent\":\"{HEAD}\""));
        replica().file(&format!("r/{HEAD}.meta"), own.as_bytes()).end()
    });
    add("a head outside the directory", {
        let out = String::from_utf8(META.to_vec()).unwrap().replace(HEAD, "../../../etc/passwd");
        replica().file("r/volume.meta", out.as_bytes()).end()
    });
    out
}

struct Ran {
    code: Option<i32>,
    out: Vec<u8>,
    err: String,
    time: Duration,
    memory: u64,
}

/// Runs `analyze` on a file and watches its largest resident size.
fn analyze(path: &Path) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let (out, err) = (dir.path().join("out"), dir.path().join("err"));
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_jivascope"))
        .args(["analyze", "--output", "json"])
        .arg(format!("x={}", path.display()))
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    let code = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended.code();
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        memory = memory.max(peak.unwrap_or(0_u64) << 10);
        if begun.elapsed() > TIME || memory > MEMORY {
            child.kill().unwrap();
            break child.wait().unwrap().code();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let err = String::from_utf8_lossy(&fs::read(&err).unwrap()).into_owned();
    Ran { code, out: fs::read(&out).unwrap(), err, time: begun.elapsed(), memory }
}

#[test]
fn every_archive_ends_well() {
    let table = std::env::var_os("JIVASCOPE_TABLE").is_some();
    let archives = archives();
    assert!(archives.len() >= 60, "{}", archives.len());
    let mut lines =
        String::from("| archive | ends in | peak memory, MiB | time, ms |\n| --- | --- | --- | --- |\n");
    for (name, bytes) in &archives {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evidence");
        fs::write(&path, bytes).unwrap();
        let ran = analyze(&path);
        assert!(ran.time < TIME && ran.memory < MEMORY, "{name}: {:?}, {} bytes", ran.time, ran.memory);
        assert!(!ran.err.contains("panicked"), "{name}: {}", ran.err);
        let ends = match ran.code {
            Some(1) => {
                assert!(ran.err.starts_with("error: ") && ran.out.is_empty(), "{name}: {}", ran.err);
                "an error"
            }
            Some(0 | 10 | 20 | 30) => {
                let text = String::from_utf8(ran.out).unwrap();
                assert!(!text.contains('\u{1b}') && !text.contains("root:"), "{name}");
                let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
                let told = |pointer: &str| answer.pointer(pointer).and_then(serde_json::Value::as_array);
                let remarks = told("/evidence/0/remarks").is_some_and(|list| !list.is_empty());
                let findings = told("/volumes/0/findings").is_some_and(|list| !list.is_empty());
                if remarks {
                    "a remark"
                } else if findings {
                    "a finding"
                } else {
                    "the answer alone"
                }
            }
            code => panic!("{name}: ended with {code:?}: {}", ran.err),
        };
        assert!(!ran.err.contains('\u{1b}'), "{name}: {}", ran.err);
        let (memory, time) = (ran.memory.div_ceil(1 << 20), ran.time.as_millis());
        lines += &format!("| {name} | {ends} | {memory} | {time} |\n");
    }
    if table {
        let _ = std::io::stderr().write_all(lines.as_bytes());
    }
}
