//! `repair-copy`: corrected metadata in a new directory, never in place, with a proof and a forecast, or a refusal.
#![cfg(feature = "cli")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::cli::{Ran, run};
use crate::support::stepping;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Three equal replicas, unpacked with their holes; `None` where the tools are not here.
fn healthy(test: &str) -> Option<tempfile::TempDir> {
    if !stepping::have(test, &["tar", "zstd"]) {
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures/01-healthy");
    for replica in ["rep-1", "rep-2", "rep-3"] {
        let into = dir.path().join("copies").join(replica);
        fs::create_dir_all(&into).unwrap();
        let mut tar = Command::new("tar");
        tar.arg("--zstd").arg("-xf").arg(captures.join(format!("{replica}.tar.zst"))).arg("-C").arg(&into);
        assert!(tar.status().unwrap().success());
    }
    Some(dir)
}

/// The file of one name pattern in a replica.
fn file(dir: &Path, begins: &str, ends: &str) -> PathBuf {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let fits = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(begins) && name.ends_with(ends)
    };
    entries.into_iter().find(fits).unwrap()
}

fn repair(dir: &Path, more: &[&str]) -> Ran {
    let (copies, to) = (dir.join("copies"), dir.join("out"));
    run([
        &["repair-copy", copies.to_str().unwrap(), "--replica", "rep-2", "--to", to.to_str().unwrap()],
        more,
    ]
    .concat())
}

fn state(dir: &Path) -> Vec<(PathBuf, i64, u64)> {
    let mut all: Vec<_> = walkdir::WalkDir::new(dir)
        .into_iter()
        .map(|entry| {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            (entry.into_path(), meta.mtime_nsec() + meta.ctime_nsec(), meta.len())
        })
        .collect();
    all.sort();
    all
}

#[test]
fn a_lost_file_is_made_again_as_it_was() {
    let Some(dir) = healthy("a_lost_file_is_made_again_as_it_was") else { return };
    let rep = dir.path().join("copies/rep-2");
    for (begins, ends, kind) in [
        ("volume-head", ".meta", "record"),
        ("volume-snap-daily-1", ".meta", "record"),
        ("volume.meta", "", "volume-meta"),
        ("revision.counter", "", "counter"),
    ] {
        let lost = file(&rep, begins, ends);
        let name = lost.file_name().unwrap().to_str().unwrap().to_owned();
        let content = fs::read(&lost).unwrap();
        fs::remove_file(&lost).unwrap();
        let before = state(&dir.path().join("copies"));
        let ran = repair(dir.path(), &[]);
        assert_eq!(ran.code, 0, "{name}: {}{}", ran.out, ran.err);
        assert_eq!(state(&dir.path().join("copies")), before, "{name}: the evidence changed");
        assert!(ran.out.contains(&format!("{kind}: ")) && ran.out.contains("proof: "), "{}", ran.out);
        assert!(
            ran.out.contains("after: rep-2 usable; verdict consistent, strong; start safe"),
            "{}",
            ran.out
        );
        let out = dir.path().join("out");
        let manifest: Value = serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
        let made = fs::read(out.join(&name)).unwrap();
        let sum: String = Sha256::digest(&made).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(manifest["files"][0]["file"], name.as_str());
        assert_eq!(manifest["files"][0]["new_sha256"], sum.as_str());
        assert!(manifest["files"][0].get("old_sha256").is_none());
        assert_eq!(fs::read_dir(&out).unwrap().count(), 2, "only what changes, and the manifest");
        if kind == "record" {
            assert_eq!(String::from_utf8_lossy(&made), String::from_utf8_lossy(&content), "{name}");
        }
        // In its place, it is what the forecast said.
        fs::copy(out.join(&name), &lost).unwrap();
        let analysis = run(["analyze".as_ref(), dir.path().join("copies").as_os_str()]);
        assert_eq!(analysis.code, 0, "{name}: {}", analysis.out);
        fs::remove_dir_all(&out).unwrap();
        fs::write(&lost, content).unwrap();
    }
}

#[test]
fn what_is_not_proven_is_refused_and_nothing_is_written() {
    let Some(dir) = healthy("what_is_not_proven_is_refused") else { return };
    let copies = dir.path().join("copies");
    let rep = copies.join("rep-2");
    let out = dir.path().join("out");
    let refused = |word: &str, more: &[&str]| {
        let ran = repair(dir.path(), more);
        assert_eq!(ran.code, 3, "{word}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains("refused: rep-2") && ran.err.contains(word), "{word}: {}", ran.err);
        assert!(!out.exists());
    };
    refused("nothing of it", &[]);
    refused("nothing of it", &["--repair", "checkpoint"]);
    // A head whose record came from a peer: volume.meta alone would say whether the join ended.
    let record = file(&rep, "volume-head", ".meta");
    let (own, meta) = (fs::read_to_string(&record).unwrap(), fs::read(rep.join("volume.meta")).unwrap());
    fs::write(&record, own.replace("volume-head-003", "volume-head-009")).unwrap();
    fs::write(rep.join("volume.meta"), "{").unwrap();
    refused("another replica", &[]);
    // Two heads.
    fs::write(&record, &own).unwrap();
    fs::write(rep.join("volume-head-009.img.meta"), own.replace("volume-head-003", "volume-head-009"))
        .unwrap();
    refused("heads lie here", &[]);
    fs::remove_file(rep.join("volume-head-009.img.meta")).unwrap();
    // The images are not of one size: such a copy is defective too.
    fs::File::options()
        .write(true)
        .open(file(&rep, "volume-snap-daily-1", ".img"))
        .unwrap()
        .set_len(4096)
        .unwrap();
    refused("", &[]);
    fs::write(rep.join("volume.meta"), meta).unwrap();
    // A snapshot that no other has.
    let other = tempfile::tempdir().unwrap();
    let alone = run([
        "repair-copy".as_ref(),
        rep.as_os_str(),
        "--replica".as_ref(),
        "rep-2".as_ref(),
        "--to".as_ref(),
        other.path().join("out").as_os_str(),
    ]);
    assert_eq!(alone.code, 3, "{}{}", alone.out, alone.err);
}

#[test]
fn it_writes_only_into_a_directory_of_its_own() {
    let Some(dir) = healthy("it_writes_only_into_a_directory_of_its_own") else { return };
    let copies = dir.path().join("copies");
    fs::remove_file(copies.join("rep-2/revision.counter")).unwrap();
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let ran = repair(dir.path(), &[]);
    assert!(ran.code == 1 && ran.err.contains("exists already"), "{}", ran.err);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    fs::remove_dir(&out).unwrap();
    std::os::unix::fs::symlink(dir.path().join("nowhere"), &out).unwrap();
    assert_eq!(repair(dir.path(), &[]).code, 1);
    let inside = copies.join("rep-2/out");
    let ran = run([
        "repair-copy".as_ref(),
        copies.as_os_str(),
        "--replica".as_ref(),
        "rep-2".as_ref(),
        "--to".as_ref(),
        inside.as_os_str(),
    ]);
    assert!(ran.code == 1 && ran.err.contains("never written to") && !inside.exists(), "{}", ran.err);
    // Left-overs of a run that was refused or failed: none.
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// An empty log.info, in a recording: the file is named as one to move aside, and the forecast says what comes of it.
#[test]
fn an_empty_log_info_unlocks_a_start() {
    let copies = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures/35-power-cut-early");
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("out");
    let list = run(["repair-copy".as_ref(), copies.as_os_str(), "--list".as_ref()]);
    assert_eq!((list.code, list.out.matches("log-info: ").count()), (0, 2), "{}", list.out);
    let ran = run([
        "repair-copy".as_ref(),
        copies.as_os_str(),
        "--replica".as_ref(),
        "rep-2".as_ref(),
        "--to".as_ref(),
        to.as_os_str(),
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("before: rep-2 does not start; verdict consistent, proven; start stuck"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("after: rep-2 usable; "), "{}", ran.out);
    let manifest: Value = serde_json::from_slice(&fs::read(to.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["files"][0]["change"], "removed");
    assert_eq!(manifest["schema"], "jivascope.repair/1");
}
