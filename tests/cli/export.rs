//! `export`, `hash` and `diff` as they are typed, against the tools that know better.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::captures;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn jivascope(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jivascope")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn good(arguments: &[&OsStr]) -> String {
    let output = jivascope(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether a tool is here; says that the test steps aside where it is not.
fn has(test: &str, tool: &str) -> bool {
    crate::support::stepping::have(test, &[tool])
}

fn tool(program: &str, arguments: &[&OsStr]) -> Output {
    Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Unpacks an archive of a capture with holes kept.
fn unpack(archive: &Path, into: &Path) {
    fs::create_dir_all(into).unwrap();
    let mut tar = Command::new("tar");
    assert!(tar.arg("--zstd").arg("-xf").arg(archive).arg("-C").arg(into).status().unwrap().success());
}

fn sha256(path: &Path) -> String {
    Sha256::digest(fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn archives(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut out: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let label = path.file_name()?.to_str()?.strip_suffix(".tar.zst")?.to_owned();
            Some((label, path))
        })
        .collect();
    out.sort();
    out
}

/// The Merkle sum is that of the kernel's format, by its own tool: of hash and of export, of small and of vast volumes.
#[test]
fn the_merkle_sum_is_what_fsverity_gives_of_the_exported_image() {
    if !has("the Merkle sum", "fsverity") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    small(&one);
    // Three levels of hashes, and stored blocks at their borders; the tool reads every hole of it.
    let blocks = [0, 127, 128, 16_383, 16_384, 40_000, 65_535];
    grown(&other, 256 << 20, &blocks.map(|block: u64| block << 12));
    for replica in [&one, &other] {
        let name = replica.file_name().unwrap().to_str().unwrap();
        let image = dir.path().join(format!("{name}.raw"));
        let exported = export(&[replica], name, &image, &["--format", "raw", "--kind", "verity"]);
        assert!(exported.status.success(), "{}", stderr(&exported));
        let line = String::from_utf8(exported.stdout).unwrap();
        let hashed = good(&["hash".as_ref(), replica.as_os_str(), "--kind".as_ref(), "verity".as_ref()]);
        assert_eq!(hashed, line);
        let digest = tool("fsverity", &["digest".as_ref(), "--block-size=4096".as_ref(), image.as_os_str()]);
        let digest = String::from_utf8(digest.stdout).unwrap();
        assert_eq!(line.split(' ').next(), digest.split(' ').next(), "{name}");
    }
}

/// Cloned or copied, the image has the same bytes and the same sum; where ranges cannot be cloned, that is said.
#[test]
fn an_image_of_cloned_ranges_is_the_image() {
    let dir = tempfile::tempdir().unwrap();
    let replica = dir.path().join("one");
    small(&replica);
    let [plain, cloned, summed] = ["plain", "cloned", "summed"].map(|name| dir.path().join(name));
    let raw = |to: &Path, more: &[&str]| {
        let output = export(&[&replica], "one", to, &[&["--format", "raw"], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        output
    };
    let sum = raw(&plain, &[]).stdout;
    raw(&cloned, &["--clone-ranges", "--no-hash"]);
    assert_eq!(raw(&summed, &["--clone-ranges"]).stdout, sum);
    assert_eq!(fs::read(&plain).unwrap(), fs::read(&cloned).unwrap());
    assert_eq!(fs::read(&plain).unwrap(), fs::read(&summed).unwrap());
    let qcow2 = export(&[&replica], "one", &dir.path().join("q"), &["--format", "qcow2", "--clone-ranges"]);
    assert_eq!(qcow2.status.code(), Some(2));
    let tar = dir.path().join("one.tar");
    tool("tar", &["-cSf".as_ref(), tar.as_os_str(), "-C".as_ref(), dir.path().as_os_str(), "one".as_ref()]);
    let from_tar = dir.path().join("from-tar");
    let output = export(&[&tar], "one", &from_tar, &["--format", "raw", "--clone-ranges"]);
    assert!(output.status.success() && stderr(&output).contains("could be cloned"), "{}", stderr(&output));
    assert_eq!(fs::read(&plain).unwrap(), fs::read(&from_tar).unwrap());
}

/// A replica directory made by hand: block 1 of the base is hidden by the head.
pub(crate) fn small(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let image = |name: &str, blocks: &[(u64, u8)]| {
        let file = fs::File::create(dir.join(name)).unwrap();
        file.set_len(1 << 20).unwrap();
        blocks.iter().for_each(|(at, fill)| file.write_all_at(&[*fill; 4096], at * 4096).unwrap());
        file
    };
    image("volume-snap-s0.img", &[(0, 1), (1, 2), (2, 3)]);
    image("volume-head-001.img", &[(1, 0), (9, 4)]);
    for (name, parent) in [("volume-snap-s0.img", ""), ("volume-head-001.img", "volume-snap-s0.img")] {
        let record = format!(
            r#"{{"Name":"{name}","Parent":"{parent}","Removed":false,"UserCreated":false,"Created":""}}"#
        );
        fs::write(dir.join(format!("{name}.meta")), record).unwrap();
    }
    fs::write(dir.join("volume.meta"), r#"{"Size":1048576,"Head":"volume-head-001.img"}"#).unwrap();
    fs::write(dir.join("revision.counter"), "4").unwrap();
}

/// The small one grown to a tebibyte, with a block at each of these places more.
fn vast(dir: &Path, places: &[u64]) {
    grown(dir, 1 << 40, places);
}

fn grown(dir: &Path, size: u64, places: &[u64]) {
    small(dir);
    for name in ["volume-snap-s0.img", "volume-head-001.img"] {
        fs::File::options().write(true).open(dir.join(name)).unwrap().set_len(size).unwrap();
    }
    fs::write(dir.join("volume.meta"), format!(r#"{{"Size":{size},"Head":"volume-head-001.img"}}"#)).unwrap();
    let head = fs::File::options().write(true).open(dir.join("volume-head-001.img")).unwrap();
    places.iter().for_each(|place| head.write_all_at(&[7; 4096], *place).unwrap());
}

fn export(inputs: &[&Path], replica: &str, to: &Path, more: &[&str]) -> Output {
    let mut arguments: Vec<&OsStr> = vec!["export".as_ref()];
    arguments.extend(inputs.iter().map(|path| path.as_os_str()));
    arguments.extend(["--replica".as_ref(), replica.as_ref(), "--to".as_ref(), to.as_os_str()]);
    arguments.extend(more.iter().map(OsStr::new));
    jivascope(arguments)
}

#[test]
fn views_of_directories_and_every_archive_form_have_the_hash_that_jiva_read() {
    let Some(captures) = captures("exports of recorded replicas") else { return };
    let test = "views_of_directories_and_every_archive_form";
    if !["tar", "zstd", "gzip", "xz", "bzip2"].iter().all(|tool| has(test, tool)) {
        return;
    }
    for capture in
        ["01-healthy", "10-blank-wins", "16-snapshot-crash-rejoined", "20-resized", "37-files-stale"]
    {
        let folder = captures.join(capture);
        let oracle = json(folder.join("oracle.json"));
        for (label, archive) in archives(&folder) {
            let Some(sum) = oracle["replicas"][&label]["sha256_of_flattened_view"].as_str() else { continue };
            let dir = tempfile::tempdir().unwrap();
            let out = dir.path().join(&label);
            unpack(&archive, &out);
            let mut forms = vec![archive, out.clone()];
            for (name, flags) in [
                ("gnu.tar", &["-S", "--format=gnu"][..]),
                ("pax00.tar", &["-S", "--format=pax", "--sparse-version=0.0"]),
                ("pax01.tar", &["-S", "--format=pax", "--sparse-version=0.1"]),
                ("pax10.tar", &["-S", "--format=pax", "--sparse-version=1.0"]),
                ("a.tar.gz", &["-S", "-z"]),
                ("a.tar.xz", &["-S", "-J"]),
                ("a.tar.bz2", &["-S", "-j"]),
            ] {
                let path = dir.path().join(name);
                let mut tar = Command::new("tar");
                let made =
                    tar.args(flags).arg("-cf").arg(&path).arg("-C").arg(&out).arg(".").status().unwrap();
                assert!(made.success());
                forms.push(path);
            }
            for form in forms {
                let mut input = std::ffi::OsString::from("x=");
                input.push(&form);
                let text = good(&["hash".as_ref(), &input]);
                assert_eq!(text, format!("{sum}  x\n"), "{capture} {label} {}", form.display());
            }
        }
    }
}

#[test]
fn exports_pass_qemu_and_equal_each_other() {
    let Some(captures) = captures("exports of recorded replicas") else { return };
    if !has("exports_pass_qemu_and_equal_each_other", "qemu-img") {
        return;
    }
    for (capture, label) in
        [("05-split-brain", "rep-2"), ("38-files-split-brain", "rep-1"), ("10-blank-wins", "rep-3")]
    {
        let archive = captures.join(capture).join(format!("{label}.tar.zst"));
        let dir = tempfile::tempdir().unwrap();
        let (raw, qcow2, again) =
            (dir.path().join("a.raw"), dir.path().join("a.qcow2"), dir.path().join("b.raw"));
        let one = export(&[&archive], label, &raw, &["--format", "raw"]);
        let two = export(&[&archive], label, &qcow2, &["--format", "qcow2"]);
        assert!(one.status.success() && two.status.success(), "{}{}", stderr(&one), stderr(&two));
        assert_eq!(one.stdout, two.stdout);
        let sum = String::from_utf8(one.stdout).unwrap();
        assert_eq!(sum, format!("{}  {label}\n", sha256(&raw)));
        assert!(fs::metadata(&raw).unwrap().blocks() * 512 < fs::metadata(&raw).unwrap().len(), "sparse");
        let checked = tool("qemu-img", &["check".as_ref(), qcow2.as_ref()]);
        assert!(checked.status.success(), "{}", stderr(&checked));
        let text = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(text.contains("No errors were found"), "{text}");
        let compared = tool(
            "qemu-img",
            &["compare", "-f", "raw", "-F", "qcow2"]
                .map(OsStr::new)
                .iter()
                .copied()
                .chain([raw.as_os_str(), qcow2.as_os_str()])
                .collect::<Vec<_>>(),
        );
        assert!(compared.status.success(), "{}", String::from_utf8_lossy(&compared.stdout));
        // The strict comparison wants equal allocation too, which no raw and qcow2 file have: of qemu-img's own making
        // neither. So the two are made one format first.
        for (format, from, to) in [("qcow2", &qcow2, &again), ("raw", &raw, &dir.path().join("c.raw"))] {
            let convert = ["convert", "-S", "4k", "-f", format, "-O", "raw"].map(OsStr::new);
            let arguments: Vec<&OsStr> =
                convert.into_iter().chain([from.as_os_str(), to.as_os_str()]).collect();
            assert!(tool("qemu-img", &arguments).status.success());
        }
        let strict = ["compare", "-s", "-f", "raw", "-F", "raw"].map(OsStr::new);
        let c = dir.path().join("c.raw");
        let arguments: Vec<&OsStr> = strict.into_iter().chain([again.as_os_str(), c.as_os_str()]).collect();
        let compared = tool("qemu-img", &arguments);
        assert!(compared.status.success(), "{}", String::from_utf8_lossy(&compared.stdout));
    }
}

/// More than one L2 table, more than one refcount block, and a volume of a terabyte with little in it.
#[test]
fn a_large_sparse_volume_becomes_a_sound_qcow2() {
    if !has("a_large_sparse_volume_becomes_a_sound_qcow2", "qemu-img") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let replica = dir.path().join("rep");
    vast(&replica, &[(1 << 29) - 4096, 1 << 29, (1 << 33) + 8192, (1 << 40) - 4096]);
    let began = Instant::now();
    let (raw, qcow2) = (dir.path().join("a.raw"), dir.path().join("a.qcow2"));
    for (format, to) in [("raw", &raw), ("qcow2", &qcow2)] {
        let output = export(&[&replica], "rep", to, &["--format", format, "--no-hash"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    assert!(began.elapsed() < Duration::from_secs(20), "costs what is stored, not the size");
    assert!(fs::metadata(&qcow2).unwrap().len() < 16 << 20);
    let checked = tool("qemu-img", &["check".as_ref(), qcow2.as_ref()]);
    assert!(checked.status.success(), "{}{}", stderr(&checked), String::from_utf8_lossy(&checked.stdout));
    let compared = tool(
        "qemu-img",
        &[
            "compare".as_ref(),
            "-f".as_ref(),
            "raw".as_ref(),
            "-F".as_ref(),
            "qcow2".as_ref(),
            raw.as_ref(),
            qcow2.as_ref(),
        ],
    );
    assert!(compared.status.success(), "{}", String::from_utf8_lossy(&compared.stdout));
}

#[test]
fn file_systems_inside_exports_are_what_the_recording_says() {
    let Some(captures) = captures("exports of recorded replicas") else { return };
    let test = "file_systems_inside_exports";
    if !has(test, "e2fsck") || !has(test, "debugfs") {
        return;
    }
    for capture in ["37-files-stale", "38-files-split-brain", "39-files-power-cut"] {
        let folder = captures.join(capture);
        let files = json(folder.join("files.json"));
        for (label, archive) in archives(&folder) {
            let dir = tempfile::tempdir().unwrap();
            let image = dir.path().join("volume.raw");
            let output = export(&[&archive], &label, &image, &["--format", "raw"]);
            assert!(output.status.success(), "{}", stderr(&output));
            let checked = tool("e2fsck", &["-fn".as_ref(), image.as_ref()]);
            assert_eq!(
                checked.status.code().map(i64::from),
                files[&label]["e2fsck_exit"].as_i64(),
                "{capture} {label}"
            );
            let expected = files[&label]["files"].as_object().unwrap();
            assert!(!expected.is_empty());
            for (path, file) in expected {
                let out = dir.path().join("file");
                let request = format!("dump \"/{path}\" {}", out.display());
                tool("debugfs", &["-R".as_ref(), request.as_ref(), image.as_ref()]);
                let there = fs::metadata(&out).map(|m| m.len()).ok();
                assert_eq!(there, file["size"].as_u64(), "{capture} {label} {path}");
                assert_eq!(Some(sha256(&out).as_str()), file["sha256"].as_str(), "{capture} {label} {path}");
                fs::remove_file(out).unwrap();
            }
        }
    }
}

/// A block that was allocated and never written hides what older layers hold, as for Jiva.
#[test]
fn an_unwritten_extent_hides_older_data() {
    let dir = tempfile::tempdir().unwrap();
    let replica = dir.path().join("rep");
    small(&replica);
    let head = fs::File::options().write(true).open(replica.join("volume-head-001.img")).unwrap();
    if let Err(error) = rustix::fs::fallocate(&head, rustix::fs::FallocateFlags::KEEP_SIZE, 2 * 4096, 4096) {
        crate::support::stepping::left_out(
            "an unwritten extent over older data",
            &format!("no fallocate here: {error}"),
        );
        return;
    }
    drop(head);
    let image = dir.path().join("a.raw");
    let output = export(&[&replica], "rep", &image, &["--format", "raw"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let bytes = fs::read(image).unwrap();
    let seen: Vec<u8> = (0..10).map(|block| bytes[block * 4096]).collect();
    if seen[2] == 3 {
        // Without FIEMAP nobody can tell it from a hole.
        crate::support::stepping::left_out(
            "an unwritten extent over older data",
            "this file system has no FIEMAP",
        );
        return;
    }
    assert_eq!(seen, [1, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
}

fn listing(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn nothing_is_written_into_the_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let replica = at("evidence/rep");
    small(&replica);
    fs::create_dir(at("out")).unwrap();
    std::os::unix::fs::symlink(&replica, at("out/link")).unwrap();
    std::os::unix::fs::symlink(replica.join("volume-head-001.img"), at("out/head.raw")).unwrap();
    fs::hard_link(replica.join("volume-head-001.img"), at("out/hard.raw")).unwrap();
    let before = (listing(&replica), sha256(&replica.join("volume-head-001.img")));
    let archive = at("rep.tar");
    assert!(
        Command::new("tar")
            .arg("-cSf")
            .arg(&archive)
            .arg("-C")
            .arg(&replica)
            .arg(".")
            .status()
            .unwrap()
            .success()
    );
    let sum = sha256(&archive);
    for (input, target) in [
        (at("evidence"), replica.join("new.raw")),
        (at("evidence"), at("evidence/new.raw")),
        (replica.clone(), at("out/link/new.raw")),
        (replica.clone(), at("out/../evidence/rep/new.raw")),
        (replica.clone(), replica.join("volume-head-001.img")),
        (replica.clone(), at("out/head.raw")),
        (replica.clone(), at("out/hard.raw")),
        (archive.clone(), archive.clone()),
    ] {
        for more in [&["--format", "raw"][..], &["--format", "qcow2", "--force"]] {
            let output = export(&[&input], "rep", &target, more);
            assert_eq!(output.status.code(), Some(1), "{}", target.display());
            assert!(
                stderr(&output).contains("never written to"),
                "{}: {}",
                target.display(),
                stderr(&output)
            );
        }
    }
    assert_eq!((listing(&replica), sha256(&replica.join("volume-head-001.img"))), before);
    assert_eq!(sha256(&archive), sum);
    assert_eq!(listing(&at("out")), ["hard.raw", "head.raw", "link"]);
}

#[test]
fn another_file_is_only_replaced_when_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let (replica, out) = (dir.path().join("rep"), dir.path().join("out"));
    small(&replica);
    fs::create_dir(&out).unwrap();
    let image = out.join("a.raw");
    fs::write(&image, "precious").unwrap();
    let refused = export(&[&replica], "rep", &image, &["--format", "raw"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("exists already"), "{}", stderr(&refused));
    assert_eq!(fs::read(&image).unwrap(), b"precious");
    let done = export(&[&replica], "rep@s0", &image, &["--format", "raw", "--force"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let bytes = fs::read(&image).unwrap();
    assert_eq!((bytes.len(), bytes[4096], bytes[9 * 4096]), (1 << 20, 2, 0));
    assert_eq!(listing(&out), ["a.raw"]);
    let directory = export(&[&replica], "rep", &out, &["--format", "raw", "--force"]);
    assert!(stderr(&directory).contains("is a directory, not an image file"), "{}", stderr(&directory));
}

#[test]
fn an_interrupted_export_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (replica, out) = (dir.path().join("rep"), dir.path().join("out"));
    fs::create_dir(&out).unwrap();
    // Hashing this takes minutes, so the export is certainly in the middle when it is ended.
    vast(&replica, &[(1 << 40) - 4096]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_jivascope"));
    child
        .arg("export")
        .arg(&replica)
        .args(["--replica", "rep", "--format", "raw", "--to"])
        .arg(out.join("a.raw"));
    let mut child = child.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none(), "it is still at work");
    let interrupted = Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap();
    assert!(interrupted.success());
    assert!(!child.wait().unwrap().success());
    assert_eq!(listing(&out), [] as [&str; 0]);
}

#[test]
fn what_jiva_could_not_read_stops_an_export_unless_zeros_will_do() {
    let dir = tempfile::tempdir().unwrap();
    let replica = dir.path().join("rep");
    small(&replica);
    fs::File::options()
        .write(true)
        .open(replica.join("volume-snap-s0.img"))
        .unwrap()
        .set_len(40_000)
        .unwrap();
    let image = dir.path().join("a.raw");
    let refused = export(&[&replica], "rep", &image, &["--format", "raw"]);
    assert_eq!(refused.status.code(), Some(1));
    // The head stores block 9, so the first byte that nobody has is that of block 10.
    assert!(stderr(&refused).contains("EOF at byte 40960"), "{}", stderr(&refused));
    assert!(!image.exists());
    let hashed = jivascope(["hash".as_ref(), replica.as_os_str()]);
    assert_eq!(hashed.status.code(), Some(1));
    assert!(stderr(&hashed).contains("EOF"), "{}", stderr(&hashed));
    let done = export(&[&replica], "rep", &image, &["--format", "raw", "--fill-unreadable", "zeros"]);
    // The work was done, on a copy that is not whole.
    assert_eq!(done.status.code(), Some(4), "{}", stderr(&done));
    assert!(stderr(&done).contains("bytes 40960 to 1048576 were written as zeros"), "{}", stderr(&done));
    let bytes = fs::read(&image).unwrap();
    assert_eq!((bytes.len(), bytes[9 * 4096], bytes[12 * 4096]), (1 << 20, 4, 0));
}

#[test]
fn diff_tells_ranges_and_ends_with_three_where_something_differs() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    small(&one);
    small(&two);
    let run = |more: &[&str]| {
        let mut arguments: Vec<&OsStr> = vec!["diff".as_ref(), one.as_ref(), two.as_ref()];
        arguments.extend(more.iter().map(OsStr::new));
        jivascope(arguments)
    };
    let equal = run(&[]);
    assert_eq!(equal.status.code(), Some(0), "{}", stderr(&equal));
    let head = fs::File::options().write(true).open(two.join("volume-head-001.img")).unwrap();
    head.write_all_at(&[5; 8192], 20 * 4096).unwrap();
    drop(head);
    let differs = run(&["--output", "json"]);
    assert_eq!(differs.status.code(), Some(3), "{}", stderr(&differs));
    let document: Value = serde_json::from_slice(&differs.stdout).unwrap();
    assert_eq!(document["schema"], "jivascope.diff/1");
    let pair = &document["volumes"][0]["pairs"][0];
    assert_eq!(pair["equal"], false);
    assert_eq!(pair["blocks"]["differ"], 2);
    let expected = serde_json::json!([
        {"start": 81920, "end": 90112, "blocks": 2, "meaning": "unique-b", "b": "volume-head-001.img"}
    ]);
    assert_eq!(pair["ranges"], expected);
    let text = run(&[]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("one and two differ in 2 blocks (8 KiB)."), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");

    let points = jivascope([
        "diff".as_ref(),
        one.as_os_str(),
        "--between".as_ref(),
        "one@s0".as_ref(),
        "one".as_ref(),
    ]);
    assert_eq!(points.status.code(), Some(3), "{}", stderr(&points));
    let text = String::from_utf8(points.stdout).unwrap();
    assert!(text.contains("differ in 2 blocks"), "{text}");
    let unknown = run(&["--between", "one@nowhere", "two"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("(available: volume-head-001.img"), "{}", stderr(&unknown));
    // Nothing can be said of a replica that cannot be read.
    fs::write(one.join("volume.meta"), "{").unwrap();
    let gap = run(&[]);
    assert_eq!(gap.status.code(), Some(4), "{}", String::from_utf8_lossy(&gap.stdout));
}

#[test]
fn image_data_are_put_aside_where_and_as_far_as_told() {
    let dir = tempfile::tempdir().unwrap();
    let replica = dir.path().join("rep");
    small(&replica);
    let big = fs::File::options().write(true).open(replica.join("volume-head-001.img")).unwrap();
    big.write_all_at(&vec![3; 900 << 10], 64 << 10).unwrap();
    drop(big);
    let archive = dir.path().join("rep.tar.gz");
    assert!(
        Command::new("tar")
            .arg("-cSzf")
            .arg(&archive)
            .arg("-C")
            .arg(&replica)
            .arg(".")
            .status()
            .unwrap()
            .success()
    );
    let hash = |more: &[&str]| {
        let mut arguments: Vec<&OsStr> = vec!["hash".as_ref(), archive.as_ref()];
        arguments.extend(more.iter().map(OsStr::new));
        jivascope(arguments)
    };
    let spool = dir.path().join("spool");
    fs::create_dir(&spool).unwrap();
    let text = spool.display().to_string();
    assert!(hash(&["--spool-dir", &text, "--spool-limit", "1M"]).status.success());
    assert_eq!(listing(&spool), [] as [&str; 0]);
    let limited = hash(&["--spool-limit", "100K"]);
    assert_eq!(limited.status.code(), Some(1));
    assert!(stderr(&limited).contains("limit of 102400 bytes"), "{}", stderr(&limited));
    let nowhere = hash(&["--spool-dir", "/nonexistent"]);
    assert!(stderr(&nowhere).contains("is not a directory"), "{}", stderr(&nowhere));
}

/// All heads at once, or chosen views each with its file: the images are those of single runs, and one that fails keeps no other
/// from being written.
#[test]
fn several_views_go_in_one_run() {
    let dir = tempfile::tempdir().unwrap();
    let copies = dir.path().join("copies");
    crate::support::tiny::stale(&copies);
    let single = |view: &str, format: &str| {
        let to = dir.path().join("single");
        let output = export(&[&copies], view, &to, &["--format", format, "--force"]);
        assert!(output.status.success(), "{}", stderr(&output));
        (fs::read(&to).unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let views = ["rep-1", "rep-2", "rep-3"];
    for format in ["raw", "qcow2"] {
        let images = dir.path().join(format);
        let all = ["export".as_ref(), copies.as_os_str(), "--to-dir".as_ref(), images.as_os_str()];
        let sums = good(&[&all[..], &["--format", format, "--verify"].map(OsStr::new)].concat());
        let mut wanted = String::new();
        for view in views {
            let (bytes, sum) = single(view, format);
            assert!(
                fs::read(images.join(format!("{view}.{format}"))).unwrap() == bytes,
                "{view} as {format}"
            );
            wanted += &sum;
        }
        assert_eq!(sums, wanted);
        assert_eq!(fs::read_dir(&images).unwrap().count(), 3);
        let again = jivascope([&all[..], &["--format", format].map(OsStr::new)].concat());
        assert_eq!(again.status.code(), Some(1), "nothing is written over unasked");
    }
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    let pairs = [
        "export".as_ref(),
        copies.as_os_str(),
        "--format".as_ref(),
        "raw".as_ref(),
        "--replica".as_ref(),
        "rep-3".as_ref(),
        "--to".as_ref(),
        a.as_os_str(),
        "--replica".as_ref(),
        "rep-1".as_ref(),
        "--to".as_ref(),
        b.as_os_str(),
    ];
    good(&pairs);
    assert!(
        fs::read(&a).unwrap() == single("rep-3", "raw").0
            && fs::read(&b).unwrap() == single("rep-1", "raw").0
    );
    fs::write(copies.join("rep-1/volume.meta"), "{").unwrap();
    let rest = dir.path().join("rest");
    let all = [
        "export".as_ref(),
        copies.as_os_str(),
        "--to-dir".as_ref(),
        rest.as_os_str(),
        "--format".as_ref(),
        "raw".as_ref(),
    ];
    let output = jivascope(all);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("error: rep-1"), "{}", stderr(&output));
    assert!(
        !rest.join("rep-1.raw").exists()
            && rest.join("rep-2.raw").exists()
            && rest.join("rep-3.raw").exists()
    );
    let inside = copies.join("rep-2/images");
    let output = jivascope([
        "export".as_ref(),
        copies.as_os_str(),
        "--to-dir".as_ref(),
        inside.as_os_str(),
        "--format".as_ref(),
        "raw".as_ref(),
    ]);
    assert!(
        output.status.code() == Some(1) && stderr(&output).contains("never written to") && !inside.exists()
    );
}

/// A stream is the image, its sum goes to standard error, and a reader that goes away ends it.
#[test]
fn a_stream_is_the_image() {
    let dir = tempfile::tempdir().unwrap();
    let replica = dir.path().join("one");
    small(&replica);
    let raw = dir.path().join("raw");
    let file = export(&[&replica], "one", &raw, &["--format", "raw"]);
    let stream = export(&[&replica], "one", Path::new("-"), &["--format", "raw"]);
    assert!(stream.status.success(), "{}", stderr(&stream));
    assert!(stream.stdout == fs::read(&raw).unwrap());
    assert_eq!(stderr(&stream), String::from_utf8(file.stdout).unwrap());
    for more in [
        &["--format", "qcow2"][..],
        &["--format", "raw", "--verify"],
        &["--format", "raw", "--replica", "one", "--to", "x"],
    ] {
        let refused = export(&[&replica], "one", Path::new("-"), more);
        assert!(
            refused.status.code() == Some(2) && refused.stdout.is_empty(),
            "{more:?}: {}",
            stderr(&refused)
        );
    }
    // A terabyte, of which somebody wants the first block.
    let vast_one = dir.path().join("vast");
    vast(&vast_one, &[1 << 39]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_jivascope"))
        .args(["export".as_ref(), vast_one.as_os_str()])
        .args(["--replica", "vast", "--to", "-", "--format", "raw", "--no-hash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut block = [0; 4096];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut block).unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str(), block[0]), (Some(0), "", 1));
    // What cannot be read ends it, and says what to do.
    let base = fs::File::options().write(true).open(replica.join("volume-snap-s0.img")).unwrap();
    base.set_len(12 << 12).unwrap();
    let failed = export(&[&replica], "one", Path::new("-"), &["--format", "raw"]);
    assert!(
        failed.status.code() == Some(1) && stderr(&failed).contains("--fill-unreadable"),
        "{}",
        stderr(&failed)
    );
    let filled =
        export(&[&replica], "one", Path::new("-"), &["--format", "raw", "--fill-unreadable", "zeros"]);
    assert_eq!((filled.status.code(), filled.stdout.len()), (Some(4), 1 << 20));
}
