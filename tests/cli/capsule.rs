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
        let line = format!("collect %/in/rep-{number} --to %/{number}.capsule --key %/key --origin");
        let ran = run(words(&line, dir));
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
    // What a plan exports comes from the copies that it has made.
    let ran = run(words(&format!("plan {both} --replication-factor 2"), dir));
    for line in ["jivascope export rep-1=rep-1.tar --replica rep-1", "> rep-1.tar"] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    assert!(!ran.out.contains("export rep-1=/"), "{}", ran.out);
    // A directory beside a keyed capsule needs the key.
    let mixed = "rep-1=%/1.capsule rep-2=%/in/rep-2 --replication-factor 2";
    let ran = run(words(&format!("analyze {mixed}"), dir));
    assert_eq!(ran.code, 30);
    for said in
        ["for want of a key", "Collect the key of the capsules (--capsule-key)", "usable, key missing"]
    {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    assert!(!ran.out.contains("different content"), "{}", ran.out);
    let ran = run(words("diff rep-1=%/1.capsule rep-2=%/in/rep-2", dir));
    assert!(ran.code == 4 && ran.out.contains("was not compared"), "{}", ran.out);
    let ran = run(words("diff rep-1=%/1.capsule rep-2=%/in/rep-2 --between rep-1 rep-2", dir));
    assert!(ran.code == 1 && ran.err.contains("cannot be compared"), "{}", ran.err);
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
    let ran = run(words("collect %/in/rep-1 %/1.capsule --to %/third.capsule", dir));
    assert!(ran.code == 1 && ran.err.contains("this is a file"), "{}", ran.err);
    let ran = run(words(
        "collect %/in/rep-1 %/1.capsule --with-blocks differing --key %/key --to %/third.capsule",
        dir,
    ));
    assert!(ran.code == 2 && ran.err.contains("nothing to compare"), "{}", ran.err);
    // A manifest has everything but logs, and lacks nothing for that. These records are older than their images.
    let ran = run(words("manifest %/in/rep-1 --to %/1.manifest", dir));
    assert_eq!(ran.code, 0);
    if fs::metadata(dir).unwrap().created().is_ok() {
        assert!(ran.err.contains("younger than its record"), "{}", ran.err);
        assert!(ran.err.contains("hint: --origin"), "{}", ran.err);
    }
    assert!(!run(words("analyze rep-1=%/1.manifest", dir)).out.contains("JV046"));
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

/// The second visit: the capsule says that it holds data, and settles what the first one could not; the commands that need
/// all of the data say what is lacking, as before.
#[test]
fn the_second_visit_takes_what_differs_and_says_so() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    for (name, byte) in [("rep-1", 5), ("rep-2", 6)] {
        crate::support::tiny::replica(&dir.join("in").join(name), 11, &[(0, 1), (5, 9)], &[(5, byte)]);
    }
    crate::support::tiny::replica(&dir.join("other/rep-3"), 12, &[(0, 2)], &[(1, 1)]);
    fs::write(dir.join("key"), "sixteen bytes or more").unwrap();
    let did = |code: u8, line: &str| {
        let ran = run(words(line, dir));
        assert_eq!(ran.code, i32::from(code), "{line}: {} {}", ran.out, ran.err);
        ran
    };
    let first = "%/1.capsule %/2.capsule";
    for number in [1, 2] {
        did(0, &format!("collect %/in/rep-{number} --to %/{number}.capsule --key %/key --origin"));
        did(0, &format!("collect %/in/rep-{number} --to %/{number}.plain --origin"));
    }
    // The capsules stand before, behind and between directories and options.
    let lines = [
        ("second-1", format!("collect --with-blocks differing --origin --key %/key {first} %/in/rep-1 --to")),
        (
            "second-2",
            "collect %/in/rep-2 --key %/key --origin --with-blocks differing a=%/1.capsule b=%/2.capsule --to"
                .to_owned(),
        ),
        ("both", format!("collect %/in --with-blocks differing {first} --origin --key %/key --to")),
    ];
    for ((to, line), bytes) in lines.iter().zip([8192, 4096, 12288]) {
        let ran = did(0, &format!("{line} %/{to}"));
        assert!(
            ran.out.starts_with(&format!("{bytes} bytes of the volume's data are to be taken")),
            "{}",
            ran.out
        );
        assert!(
            ran.out.contains(&format!("this capsule holds {bytes} bytes of the volume's data")),
            "{}",
            ran.out
        );
        assert_eq!(ran.err, "");
    }
    let second = "rep-1=%/second-1 rep-2=%/second-2";
    let truth = did(0, "analyze rep-1=%/in/rep-1 rep-2=%/in/rep-2 --replication-factor 2");
    for capsules in [second, "%/both"] {
        let ran = did(0, &format!("analyze {capsules} --replication-factor 2 --capsule-key %/key"));
        assert!(ran.out.contains("bytes of the volume's"), "{}", ran.out);
    }
    assert!(truth.out.contains("JV062 one write is on one side only"), "{}", truth.out);
    did(20, "analyze rep-1=%/1.capsule rep-2=%/2.capsule --replication-factor 2");
    for command in
        ["export --replica rep-1 --format raw --to %/raw", "hash", "files --replica rep-1", "serve --list"]
    {
        let (command, rest) = command.split_once(' ').unwrap_or((command, ""));
        let ran = did(1, format!("{command} {second} --capsule-key %/key {rest}").trim_end());
        assert!(ran.err.contains("a capsule holds no data to"), "{}", ran.err);
    }
    // What is wrong about it is said before anything is read for long, and nothing is written.
    for (code, line, said) in [
        (2, "collect %/in/rep-1 --to %/x --with-blocks differing", "no capsule of the first visit"),
        (2, "collect %/1.plain --to %/x --with-blocks differing", "no directory to visit"),
        (2, "collect %/in/rep-1 --to %/x --with-blocks all %/1.plain", "--with-blocks"),
        (2, "collect %/in/rep-1 --to %/x --blocks-limit 5", "--with-blocks"),
        (2, "collect a=%/in/rep-1 %/1.plain --to %/x --with-blocks differing", "a label is for capsules"),
        (1, "collect %/in/rep-1 --to %/x --with-blocks differing %/none", "none"),
        (
            1,
            "collect %/in/rep-1 --to %/x --with-blocks differing %/1.plain %/2.plain --blocks-limit 8191",
            "8192 bytes",
        ),
        (
            1,
            "collect %/other --to %/x --with-blocks differing %/1.plain %/2.plain",
            "none of the capsules given is of this",
        ),
        (1, "collect %/in/rep-1 --to %/x --with-blocks differing %/1.capsule %/2.capsule", "the same key"),
        (
            1,
            "collect %/in/rep-1 --to %/x --with-blocks differing %/1.plain %/2.plain --key %/key",
            "without a key",
        ),
        (
            1,
            "collect %/in/rep-1 --to %/1.plain --with-blocks differing %/1.plain %/2.plain --force",
            "1.plain",
        ),
    ] {
        let ran = did(code, line);
        assert!(ran.err.contains(said), "{line}: {}", ran.err);
        assert!(!dir.join("x").exists(), "{line}");
    }
    // A chosen block that changed since is left out, and that is said.
    let head = fs::File::options().write(true).open(dir.join("in/rep-2/volume-head-001.img")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&head, b"x", 5 * 4096).unwrap();
    let ran = did(4, "collect %/in/rep-2 --to %/x --with-blocks differing %/1.plain %/2.plain");
    assert!(ran.err.contains("1 chosen block is not what the first capsule shows"), "{}", ran.err);
    assert!(!ran.out.contains("this capsule holds"), "{}", ran.out);
    fs::write(dir.join("in/rep-2/revision.counter"), "12").unwrap();
    let ran = did(1, "collect %/in/rep-2 --to %/y --with-blocks differing %/1.plain %/2.plain");
    assert!(ran.err.contains("counts other writes"), "{}", ran.err);
}
