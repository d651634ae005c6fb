//! `collect` and `manifest` as they are typed, and what the other commands make of a capsule.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;

use crate::support::cli::run;

fn words(line: &str, dir: &Path) -> Vec<String> {
    line.split(' ').map(|word| word.replace('%', &dir.display().to_string())).collect()
}

#[test]
fn a_capsule_is_judged_and_gives_no_data() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    crate::support::tiny::split(&dir.join("in"));
    fs::write(dir.join("key"), "sixteen bytes or more").unwrap();
    for number in [1, 2] {
        let ran = run(words(&format!("collect %/in/rep-{number} --to %/{number}.capsule --key %/key"), dir));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains("2 images, 20480 bytes stored"), "{}", ran.out);
    }
    let both = "rep-1=%/1.capsule rep-2=%/2.capsule";
    let ran = run(words(&format!("analyze {both} --replication-factor 2"), dir));
    assert_eq!(ran.code, 20, "{}", ran.out);
    for said in ["IRRECONCILABLE", "proven", "a capsule holds no data"] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    assert_eq!(run(words(&format!("diff {both}"), dir)).code, 3);
    // A directory beside a keyed capsule needs the key.
    let mixed = "rep-1=%/1.capsule rep-2=%/in/rep-2 --replication-factor 2";
    assert_eq!(run(words(&format!("analyze {mixed}"), dir)).code, 30);
    assert_eq!(run(words(&format!("analyze {mixed} --capsule-key %/key"), dir)).code, 20);
    for line in [
        "export --replica rep-1 --format raw --to %/raw",
        "export --replica rep-1 --format raw --to %/raw --fill-unreadable zeros",
        "hash",
        "files --replica rep-1",
        "serve --list",
    ] {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let line = format!("{command} {both} {rest}");
        let ran = run(words(line.trim_end(), dir));
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{line}: {}", ran.err);
        assert!(ran.err.contains("a capsule holds no data"), "{line}: {}", ran.err);
        assert!(!dir.join("raw").exists());
    }
    // It is one file at a place, and says so where it is not.
    let zstd = ruzstd::encoding::compress_to_vec(
        &fs::read(dir.join("1.capsule")).unwrap()[..],
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    fs::write(dir.join("1.capsule.zst"), zstd).unwrap();
    let ran = run(words("analyze %/1.capsule.zst", dir));
    assert!(ran.code == 1 && ran.err.contains("give it as a plain file"), "{}", ran.err);
    // Nothing is written over, and nothing into the evidence.
    assert_eq!(run(words("manifest %/in/rep-1 --to %/1.capsule", dir)).code, 1);
    assert_eq!(run(words("manifest %/in/rep-1 --to %/1.capsule --force", dir)).code, 0);
    assert_eq!(run(words("manifest %/in/rep-1 --to %/in/rep-1/x", dir)).code, 1);
}
