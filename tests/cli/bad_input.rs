//! What nobody should give and somebody will, through the program: a clear finding or error each, never a hang, a
//! crash or a wrong verdict. Archives made to do harm are in `hostile_archives.rs`.
#![cfg(feature = "cli")]

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::builder::{Drawn, Layer, image};
use crate::support::directory::Directory;
use crate::support::stepping::left_out;
use crate::support::tar_writer::Tar;
use serde_json::Value;

/// No case may take longer, on a machine that does other work beside it.
const TIME: Duration = Duration::from_secs(60);

/// No case may use more memory: the largest, of 100,000 disks, takes some 4 KiB for each with its JSON.
const MEMORY: u64 = 512 << 20;

/// The nobody of most systems.
const NOBODY: u32 = 65534;

const DRAWING: &str = "s1:10{0-9} s2:20{10-19,30z} head3:20{20-22} now=23 cp=s2";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// The only volume of the answer.
    fn volume(&self) -> Value {
        let document: Value =
            serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err));
        let volumes = document["volumes"].as_array().unwrap();
        assert_eq!(volumes.len(), 1);
        volumes[0].clone()
    }

    fn fails(&self, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (1, ""), "{}", self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not said: {}", self.err);
        }
    }
}

/// Runs `analyze --output json`, watches time and memory, and ends it where it takes too much of either.
fn analyze(arguments: &[OsString]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
    command.args(["analyze", "--output", "json"]).args(arguments);
    watch(command).unwrap()
}

fn watch(mut command: Command) -> std::io::Result<Ran> {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| std::fs::File::create(dir.path().join(name)).unwrap();
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err")).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let code = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended.code().unwrap_or_else(|| panic!("killed: {ended}"));
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let (took, peak) = (begun.elapsed(), peak.unwrap_or(0) << 10);
        if took > TIME || peak > MEMORY {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?}: {took:?}, {peak} bytes of memory");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let read = |name: &str| String::from_utf8(std::fs::read(dir.path().join(name)).unwrap()).unwrap();
    let ran = Ran { code, out: read("out"), err: read("err") };
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    Ok(ran)
}

fn named(label: &str, path: &Path) -> OsString {
    format!("{label}={}", path.display()).into()
}

/// A good replica and one that was made bad, judged together.
fn beside_a_good_one(spoil: impl FnOnce(&Path)) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let (good, bad) = (dir.path().join("good"), dir.path().join("bad"));
    let directory = Drawn::draw(DRAWING).directory();
    directory.write_to(&good);
    directory.write_to(&bad);
    spoil(&bad);
    analyze(&[named("good", &good), named("bad", &bad)])
}

fn replica(volume: &Value, label: &str) -> Value {
    let all = volume["replicas"].as_array().unwrap();
    all.iter().find(|replica| replica["label"] == label).unwrap().clone()
}

fn has(volume: &Value, code: &str, label: &str) -> bool {
    let all = volume["findings"].as_array().unwrap();
    all.iter().any(|finding| finding["code"] == code && finding["replica"] == label)
}

/// The bad one could not be read here, which is never told as Jiva's error; it is spared, and named by nobody.
fn is_unread(ran: &Ran, why: &str) {
    let volume = ran.volume();
    let bad = replica(&volume, "bad");
    assert!(bad.get("error").is_none(), "{}", bad["error"]);
    assert!(bad["unread"][0].as_str().unwrap().contains(why), "{why:?}: {}", bad["unread"]);
    is_spared(&volume, "JV046");
}

/// The bad one is broken for this reason, told, spared, and named by nobody.
fn is_broken(ran: &Ran, error: &str, code: &str) {
    let volume = ran.volume();
    let bad = replica(&volume, "bad");
    assert_eq!(bad["state"], "broken", "{bad}");
    assert!(bad["error"].as_str().unwrap().contains(error), "{error:?}: {}", bad["error"]);
    is_spared(&volume, code);
}

fn is_spared(volume: &Value, code: &str) {
    let bad = replica(volume, "bad");
    assert_eq!(bad["state"], "broken", "{bad}");
    assert!(has(volume, code, "bad"), "{code} is missing: {}", volume["findings"]);
    let verdict = &volume["verdict"];
    assert_eq!(verdict["complete"], false);
    let list = |key: &str| {
        verdict[key].as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(list("must_not_wipe").contains(&"bad".to_owned()));
    assert!(!list("holders").contains(&"bad".to_owned()));
    assert_ne!(verdict["kind"], "consistent");
    assert_ne!(verdict["confidence"], "proven");
    assert_eq!(replica(volume, "good")["state"], "usable");
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    Drawn::draw(DRAWING).directory().write_to(&dir.path().join("good"));
    let missing = dir.path().join("no-such-place");
    analyze(&[missing.clone().into()]).fails(&["no-such-place", "No such file or directory"]);
    analyze(&[named("a", &dir.path().join("good")), named("b", &missing)]).fails(&["no-such-place"]);
}

#[test]
fn where_there_is_no_replica_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    analyze(&[empty.clone().into()]).fails(&["no replica found in", "empty"]);
    std::fs::create_dir(empty.join("deeper")).unwrap();
    std::fs::write(empty.join("deeper/notes.txt"), "nothing of Jiva's").unwrap();
    analyze(&[empty.into()]).fails(&["no replica found in"]);
    let archive = dir.path().join("notes.tar");
    std::fs::write(&archive, Tar::new().file("notes.txt", b"nothing of Jiva's").end()).unwrap();
    analyze(&[archive.into()]).fails(&["no replica found in", "notes.tar"]);
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "neither a directory nor an archive").unwrap();
    analyze(&[text.into()]).fails(&["notes.txt", "neither a directory nor a tar archive"]);
    let nothing = dir.path().join("nothing.tar");
    std::fs::write(&nothing, b"").unwrap();
    analyze(&[nothing.into()]).fails(&["nothing.tar"]);
}

#[test]
fn a_named_pipe_or_socket_as_input_is_refused_and_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    fifo(&pipe);
    analyze(&[pipe.into()]).fails(&["pipe"]);
    let socket = dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    analyze(&[socket.into()]).fails(&["socket"]);
}

fn fifo(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

#[test]
fn a_file_that_may_not_be_read_is_told_and_spares_the_replica() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let place = |name: &str| dir.path().join(name);
    for name in ["good", "bad"] {
        Drawn::draw(DRAWING).directory().write_to(&place(name));
        let counter = place(name).join("revision.counter");
        std::fs::set_permissions(&counter, PermissionsExt::from_mode(0o644)).unwrap();
    }
    let locked = place("bad").join("volume.meta");
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o000)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
    command
        .args(["analyze", "--output", "json"])
        .args([named("good", &place("good")), named("bad", &place("bad"))]);
    if std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        // Root reads everything: as nobody, then.
        command.uid(NOBODY).gid(NOBODY);
    }
    match watch(command) {
        Ok(ran) => is_unread(&ran, "you may not read bad/volume.meta"),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            left_out("a_file_that_may_not_be_read", "nobody may not run the program where it was built");
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn an_archive_cut_in_the_middle_gives_what_is_there_and_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good.tar");
    let whole = Drawn::draw(DRAWING).directory();
    std::fs::write(&good, whole.tar("pvc-1")).unwrap();
    let gzip = |bytes: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    };
    let (mut answered, mut asked) = (0, 0);
    for (ending, bytes) in [
        ("tar", whole.tar("pvc-1")),
        ("tar.zst", whole.tar_zst("pvc-1")),
        ("tar.gz", gzip(&whole.tar("pvc-1"))),
    ] {
        for part in 1..12 {
            let bad = dir.path().join(format!("bad.{ending}"));
            std::fs::write(&bad, &bytes[..bytes.len() * part / 12]).unwrap();
            let ran = analyze(&[named("good", &good), named("bad", &bad)]);
            asked += 1;
            if ran.code == 1 {
                // Nothing of a replica lies before the cut, or not one block of the stream came whole.
                ran.fails(&[&format!("bad.{ending}")]);
                continue;
            }
            answered += 1;
            let document: Value = serde_json::from_str(&ran.out).unwrap();
            let remarks: Vec<&Value> = document["evidence"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|input| input["remarks"].as_array().unwrap())
                .collect();
            let volume = ran.volume();
            let told = !remarks.is_empty() || has(&volume, "JV033", "bad");
            assert!(told, "{ending} {part}/12: nothing says that it is cut");
            let verdict = &volume["verdict"];
            assert_ne!(verdict["confidence"], "proven", "{ending} {part}/12");
            // What was cut away may be all that this replica held alone.
            assert!(
                verdict["complete"] == false || replica(&volume, "bad")["state"] == "usable",
                "{ending} {part}/12: {verdict}"
            );
        }
    }
    assert!(answered * 3 >= asked, "{answered} of {asked} were answered");
}

#[test]
fn a_volume_meta_that_is_no_file_is_not_opened() {
    is_broken(
        &beside_a_good_one(|bad| {
            std::fs::remove_file(bad.join("volume.meta")).unwrap();
            fifo(&bad.join("volume.meta"));
        }),
        "named pipe",
        "JV037",
    );
    is_broken(
        &beside_a_good_one(|bad| {
            std::fs::remove_file(bad.join("volume.meta")).unwrap();
            std::fs::create_dir(bad.join("volume.meta")).unwrap();
        }),
        "is a directory",
        "JV037",
    );
    is_broken(
        &beside_a_good_one(|bad| {
            std::fs::rename(bad.join("volume.meta"), bad.join("elsewhere")).unwrap();
            std::os::unix::fs::symlink("elsewhere", bad.join("volume.meta")).unwrap();
        }),
        "symbolic link",
        "JV037",
    );
    // The socket's path is bound elsewhere and moved, since such paths must be short.
    let dir = tempfile::tempdir().unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
    is_broken(
        &beside_a_good_one(|bad| {
            std::fs::remove_file(bad.join("volume.meta")).unwrap();
            std::fs::rename(dir.path().join("s"), bad.join("volume.meta")).unwrap();
        }),
        "socket",
        "JV037",
    );
}

#[test]
fn a_volume_meta_of_a_gibibyte_is_not_read() {
    let ran = beside_a_good_one(|bad| {
        std::fs::File::options().write(true).open(bad.join("volume.meta")).unwrap().set_len(1 << 30).unwrap();
    });
    is_unread(&ran, "1073741824 bytes");
}

#[test]
fn a_chain_with_a_loop_is_told_and_ends() {
    let record = |bad: &Path, name: &str, parent: &str| {
        let path = bad.join(format!("{}.meta", image(name)));
        let text = std::fs::read_to_string(&path).unwrap();
        let at = text.find("\"Parent\":\"").unwrap() + 10;
        let end = at + text[at..].find('"').unwrap();
        std::fs::write(&path, format!("{}{}{}", &text[..at], image(parent), &text[end..])).unwrap();
    };
    for (name, parent) in [("s1", "s2"), ("head3", "head3"), ("s1", "head3")] {
        let ran = beside_a_good_one(|bad| record(bad, name, parent));
        is_broken(&ran, "opening never ends", "JV004");
    }
}

/// A chain of so many disks, in one archive: records and empty images.
fn long(disks: usize) -> Directory {
    let mut chain: Vec<Layer> = (1..disks)
        .map(|n| {
            Layer::new(
                &image(&format!("{n:08}-0000-4000-a000-000000000000")),
                Some(i64::try_from(n + 10).unwrap()),
            )
        })
        .collect();
    chain.push(Layer::new(&image("head7"), Some(200_000)).store([1, 2], "head"));
    Drawn::new(1 << 20, chain).directory()
}

#[test]
fn a_hundred_thousand_disks_are_too_many_for_jiva_and_not_for_us() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| dir.path().join(name);
    let good = place("good");
    Drawn::draw(DRAWING).directory().write_to(&good);
    std::fs::write(place("bad.tar"), long(100_000).tar("pvc-1")).unwrap();
    let ran = analyze(&[named("good", &good), named("bad", &place("bad.tar"))]);
    is_broken(&ran, "Live chain is too long: 100000", "JV003");
    // And in text, where every disk could be a line.
    let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
    command.arg("analyze").args([named("good", &good), named("bad", &place("bad.tar"))]);
    let ran = watch(command).unwrap();
    assert!(ran.out.lines().count() < 400, "{} lines", ran.out.lines().count());
}

#[test]
fn sixty_directories_given_as_one_volume_are_judged() {
    let dir = tempfile::tempdir().unwrap();
    let places: Vec<_> = (0..60).map(|at| dir.path().join(format!("r{at:02}"))).collect();
    places.iter().for_each(|place| Drawn::draw(DRAWING).directory().write_to(place));
    let inputs: Vec<_> =
        places.iter().enumerate().map(|(at, place)| named(&format!("r{at:02}"), place)).collect();
    let ran = analyze(&inputs);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["volumes"][0]["verdict"]["holders"].as_array().unwrap().len(), 60);
    // With more orders of registering than anybody reads one is told for each that can lead.
    for (factor, leaders) in [("20", 12), ("64", 0)] {
        let more = ["--replication-factor".into(), factor.into()];
        let ran = analyze(&[&inputs[..12], &more[..]].concat());
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(document["volumes"][0]["elections"].as_array().unwrap().len(), leaders, "{factor}");
    }
}

#[test]
fn names_with_escape_codes_or_ways_out_stay_names() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside.img");
    std::fs::write(&outside, "not to be read").unwrap();
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[31m\u{202e}";
    let drawn = Drawn::draw(DRAWING);
    let mut bad = drawn.directory();
    let meta = bad.text("volume.meta");
    let escaped = serde_json::to_string(evil).unwrap();
    let checkpoint = format!("\"Checkpoint\":\"volume-snap-{}.img\"", &escaped[1..escaped.len() - 1]);
    bad.put("volume.meta", meta.replace("\"Checkpoint\":\"volume-snap-s2.img\"", &checkpoint));
    let stray = bad.text("volume-snap-s1.img.meta");
    bad.put(&format!("volume-snap-{evil}.img.meta"), stray.clone());
    bad.write_to(&dir.path().join("bad"));
    std::fs::write(dir.path().join("bad.tar"), bad.tar("pvc-1")).unwrap();
    drawn.directory().write_to(&dir.path().join("good"));
    for path in ["bad", "bad.tar"] {
        for form in ["json", "text"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
            command.args(["analyze", "--output", form]);
            command.args([named("good", &dir.path().join("good")), named("bad", &dir.path().join(path))]);
            let ran = watch(command).unwrap();
            assert!([0, 10, 20, 30].contains(&ran.code), "{}", ran.err);
            let raw = ran
                .out
                .chars()
                .chain(ran.err.chars())
                .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
            assert!(raw.is_none() || form == "json" && raw == Some('\u{202e}'), "{path} {form}: {raw:?}");
        }
    }
    // Ways out of the directory: a head, a parent, and members of an archive.
    for head in ["../outside.img", "/etc/passwd", "x/../../outside.img"] {
        let mut bad = drawn.directory();
        let meta = bad.text("volume.meta").replace("volume-head-003.img", head);
        bad.put("volume.meta", meta);
        bad.write_to(&dir.path().join("out"));
        let ran = analyze(&[named("good", &dir.path().join("good")), named("bad", &dir.path().join("out"))]);
        is_broken(&ran, "the process dies while opening: Head is a path", "JV003");
        assert!(!ran.out.contains("not to be read") && !ran.out.contains("root:"));
    }
    let archive = dir.path().join("out.tar");
    let mut tar = Tar { bytes: drawn.directory().tar("pvc-1") };
    tar.bytes.truncate(tar.bytes.len() - 1024);
    let out = tar
        .file("../outside.img", b"overwritten")
        .file("/outside.img", b"overwritten")
        .link("pvc-1/volume-snap-x.img", "../outside.img");
    std::fs::write(&archive, out.end()).unwrap();
    let ran = analyze(&[named("good", &dir.path().join("good")), named("bad", &archive)]);
    assert_eq!(replica(&ran.volume(), "bad")["state"], "usable");
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "not to be read");
    assert!(!ran.out.contains("not to be read"));
}

#[test]
fn a_decompression_bomb_in_a_metadata_member_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good");
    Drawn::draw(DRAWING).directory().write_to(&good);
    for member in ["volume.meta", "volume-head-003.img.meta", "revision.counter", "log.info"] {
        let mut rest = Drawn::draw(DRAWING).directory();
        rest.remove(member);
        let mut tar = rest.tar("pvc-1");
        tar.truncate(tar.len() - 1024);
        let size: usize = 512 << 20;
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        bomb.write_all(&Tar { bytes: tar }.claiming(&format!("pvc-1/{member}"), b'0', size as u64).bytes)
            .unwrap();
        let blank = vec![b' '; 1 << 20];
        for _ in 0..size >> 20 {
            bomb.write_all(&blank).unwrap();
        }
        bomb.write_all(&[0; 1024]).unwrap();
        let path = dir.path().join("bad.tar.gz");
        std::fs::write(&path, bomb.finish().unwrap()).unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() < 8 << 20);
        let ran = analyze(&[named("good", &good), named("bad", &path)]);
        match member {
            "log.info" | "revision.counter" => {
                let bad = replica(&ran.volume(), "bad");
                let said = [bad["error"].as_str(), bad["start_error"].as_str()]
                    .iter()
                    .flatten()
                    .any(|e| e.contains("536870912"));
                let noted = ran.volume()["findings"].to_string().contains("536870912");
                assert!(said || noted, "{member}: {bad}");
            }
            _ => is_unread(&ran, "536870912 bytes"),
        }
    }
}

/// Where a test's own directory lies does not matter to what is said.
#[test]
fn a_relative_path_works_as_an_absolute_one() {
    let dir = tempfile::tempdir().unwrap();
    Drawn::draw(DRAWING).directory().write_to(&dir.path().join("good"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
    command.current_dir(dir.path()).args(["analyze", "--output", "json", "a=good", "b=./good/"]);
    let ran = watch(command).unwrap();
    let paths: Vec<PathBuf> = ran.volume()["replicas"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["path"].as_str().unwrap().into())
        .collect();
    assert!(paths.iter().all(|path| path.is_relative()), "{paths:?}");
}
