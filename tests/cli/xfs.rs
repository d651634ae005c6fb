//! Replicas with an XFS inside, through the program: what `inspect`, `files`, `diff --files` and `analyze` say of it.
#![cfg(feature = "cli")]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::support::cli::run;
use crate::support::tiny;
use crate::support::xfs::kept;

/// A replica whose snapshot holds one image, and whose head the blocks in which another differs.
fn replica(dir: &Path, base: &[u8], head: &[u8]) {
    tiny::replica(dir, 14, &[], &[]);
    let open = |name: &str| OpenOptions::new().write(true).open(dir.join(name)).unwrap();
    let zeros = [0; 4096];
    for (name, image, below) in [
        ("volume-snap-5d5f2c9e-0f0b-4c43-9a3a-000000000001.img", base, None),
        ("volume-head-001.img", head, Some(base)),
    ] {
        let file = open(name);
        file.set_len(image.len() as u64).unwrap();
        for (at, block) in image.chunks(4096).enumerate() {
            let under = below.map_or(&zeros[..], |below| &below[at * 4096..][..4096]);
            if block != under {
                file.write_all_at(block, at as u64 * 4096).unwrap();
            }
        }
    }
    let meta = fs::read_to_string(dir.join("volume.meta")).unwrap();
    fs::write(dir.join("volume.meta"), meta.replace("\"Size\":1048576", &format!("\"Size\":{}", base.len())))
        .unwrap();
}

#[test]
fn replicas_with_an_xfs_are_told_apart_in_files() {
    let temp = tempfile::tempdir().unwrap();
    let (clean, dirty) = (kept("clean"), kept("dirty"));
    // Another version of one file, in its place.
    let mut other = clean.clone();
    let place = other.windows(2500).position(|window| window.iter().all(|byte| *byte == b'a')).unwrap();
    other[place..place + 100].fill(b'c');
    replica(&temp.path().join("rep-1"), &clean, &dirty);
    replica(&temp.path().join("rep-2"), &clean, &other);
    replica(&temp.path().join("rep-3"), &clean, &other);
    let dir = temp.path().to_str().unwrap();

    let ran = run(["inspect", dir]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for said in ["XFS \"kernel\", 20 MiB, its journal needs recovery", "XFS \"kernel\", 20 MiB, clean"] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }

    let ran = run(["files", dir, "--replica", "rep-2", "--path", "config", "--sums"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("-rwsr-x--- 3000") && ran.out.contains("config/app.db"), "{}", ran.out);
    let ran = run(["files", dir, "--replica", "rep-1", "--path", "config"]);
    assert_eq!(ran.code, 4, "{}", ran.out);
    assert!(ran.out.contains("the log of XFS is dirty and was not replayed"), "{}", ran.out);

    // On the dirty side nothing is called free, since the log can have given it to a file.
    let ran = run(["diff", dir, "--files", "--between", "rep-1", "rep-2"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "In files (XFS \"kernel\"): 1 path differs.",
        "and 12 KiB free or in use, which is unknown. rep-1@",
        "the log of XFS is dirty and was not replayed",
        "and 12 KiB free space (no loss). other content",
        "config/app.db: rep-1@volume-head-001.img 3000 bytes",
    ] {
        assert!(text.contains(said), "{said}: {}", ran.out);
    }

    let ran = run(["analyze", dir, "--output", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let losses = answer["volumes"][0]["file_losses"].as_array().unwrap();
    assert!(!losses.is_empty(), "{}", ran.out);
    for loss in losses {
        assert_eq!((&loss["log_not_replayed"], &loss["complete"]), (&true.into(), &false.into()), "{loss}");
        assert_eq!(loss["files"][0]["path"], "config/app.db", "{loss}");
    }
    let ran = run(["analyze", dir]);
    let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("since the log of XFS was not replayed"), "{}", ran.out);
}
