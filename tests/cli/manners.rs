//! How the program behaves: exit codes, errors. What holds for every command is in `cli_commands.rs`.
#![cfg(feature = "cli")]

use std::path::PathBuf;

use crate::support::cli::{archives, captures, run};
use crate::support::evil::{EVIL, is_harmless, replica};

/// Every string of a document, keys included.
fn strings<'a>(value: &'a serde_json::Value, out: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::String(text) => out.push(text),
        serde_json::Value::Array(list) => list.iter().for_each(|one| strings(one, out)),
        serde_json::Value::Object(members) => members.iter().for_each(|(key, one)| {
            out.push(key);
            strings(one, out);
        }),
        _ => {}
    }
}

#[test]
fn every_json_is_safe_on_a_terminal_and_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let evil = EVIL.replace(['/', '='], "_");
    let case = dir.path().join(format!("case{evil}"));
    let labels = [format!("x{evil}"), format!("y{evil}")];
    for label in &labels {
        replica(&case.join(label), EVIL);
    }
    let expectation = case.join("expected.json");
    let wrong = serde_json::json!({ "replicas": { &labels[0]: { "error": EVIL }, "none": {} } });
    std::fs::write(&expectation, wrong.to_string()).unwrap();
    let given = labels.iter().map(|label| format!("{label}={}", case.join(label).display()));
    let given: Vec<String> = given.collect();
    let path = case.display().to_string();
    for (command, holds) in [
        ("analyze --output json", &labels[0]),
        ("analyze --metadata-only --output json", &labels[0]),
        ("inspect --output json", &labels[1]),
        ("graph --output json", &labels[1]),
        ("diff --output json", &labels[1]),
        ("simulate --output json", &labels[0]),
        ("check --output json", &format!("case{evil}")),
        ("check --output sarif", &evil),
    ] {
        let mut arguments: Vec<String> = command.split(' ').map(str::to_owned).collect();
        match command.starts_with("check") {
            true => arguments.push(path.clone()),
            false => arguments.extend(given.clone()),
        }
        let ran = run(&arguments);
        is_harmless(&ran.out, command);
        let read: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| {
            panic!("{command}: {error}\n{}{}", ran.out, ran.err);
        });
        let mut found = Vec::new();
        strings(&read, &mut found);
        let there =
            found.iter().any(|text| text == holds || (command.ends_with("sarif") && text.contains(holds)));
        assert!(there, "{command}: the name does not read back\n{}", ran.out);
    }
    std::fs::write(&expectation, "").unwrap();
    let ran = run(["check", "--update", &path]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let written = std::fs::read_to_string(&expectation).unwrap();
    is_harmless(&written, "expected.json");
    let read: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert!(read["replicas"][&labels[0]].is_object(), "{written}");
}

#[test]
fn dot_labels_stay_inside_their_quotes() {
    let dir = tempfile::tempdir().unwrap();
    replica(&dir.path().join("a"), EVIL);
    let ran = run(["graph".as_ref(), "--output".as_ref(), "dot".as_ref(), dir.path()]);
    for line in ran.out.lines() {
        let mut open = false;
        let mut escaped = false;
        let outside: String = line
            .chars()
            .filter(|c| {
                if *c == '"' && !escaped {
                    open = !open;
                }
                escaped = *c == '\\' && !escaped;
                !open
            })
            .collect();
        assert!(!open && !outside.contains("evil"), "{line}");
    }
}

#[test]
fn verdicts_have_their_exit_codes() {
    let Some(captures) = captures("verdicts_have_their_exit_codes") else { return };
    let analyze = |name: &str, only: usize, more: &[&str]| {
        let mut arguments: Vec<PathBuf> = vec!["analyze".into()];
        arguments.extend(more.iter().map(PathBuf::from));
        arguments.extend(archives(&captures.join(name)).into_iter().take(only));
        run(arguments).code
    };
    assert_eq!(analyze("01-healthy", 3, &[]), 0);
    assert_eq!(analyze("03-stale", 3, &[]), 10);
    assert_eq!(analyze("05-split-brain", 3, &[]), 20);
    assert_eq!(analyze("01-healthy", 1, &[]), 30);
    assert_eq!(analyze("01-healthy", 1, &["--replication-factor", "1"]), 0);
    assert_eq!(analyze("05-split-brain", 3, &["--fail-on", "authoritative"]), 0);
    assert_eq!(analyze("05-split-brain", 3, &["--fail-on", "authoritative,irreconcilable"]), 20);
    // All hold the same data, but Jiva cannot start two of them.
    assert_eq!(analyze("35-power-cut-early", 3, &[]), 0);
    assert_eq!(analyze("35-power-cut-early", 3, &["--fail-on", "stuck"]), 10);
    assert_eq!(analyze("35-power-cut-early", 3, &["--fail-on", "unsafe"]), 0);
    assert_eq!(analyze("35-power-cut-early", 3, &["--output", "json", "--fail-on", "stuck"]), 10);
}

#[test]
fn of_several_volumes_the_gravest_counts_and_all_are_summed_up() {
    let Some(captures) = captures("of_several_volumes_the_gravest_counts") else { return };
    let dir = tempfile::tempdir().unwrap();
    for (name, volume) in [("01-healthy", "pvc-aaaa"), ("05-split-brain", "pvc-bbbb")] {
        for archive in archives(&captures.join(name)) {
            let label = archive.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
            let to = dir.path().join(label).join(volume);
            std::fs::create_dir_all(&to).unwrap();
            let tar = std::process::Command::new("tar")
                .arg("--zstd")
                .arg("-xf")
                .arg(&archive)
                .arg("-C")
                .arg(&to)
                .status();
            if !tar.is_ok_and(|status| status.success()) {
                eprint("STEPPED ASIDE: of_several_volumes_the_gravest_counts: tar or zstd is not installed");
                return;
            }
        }
    }
    let path = dir.path().to_str().unwrap();
    let ran = run(["analyze", path]);
    assert_eq!(ran.code, 20, "{}", ran.out);
    assert!(ran.out.starts_with("2 volumes\n"), "{}", ran.out);
    assert_eq!(run(["analyze", path, "--volume", "pvc-aaaa"]).code, 0);
    let unknown = run(["analyze", path, "--volume", "pvc-cccc"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (1, ""));
    assert!(unknown.err.contains("pvc-cccc"), "{}", unknown.err);
}

#[allow(clippy::print_stderr, reason = "a test that steps aside says so")]
fn eprint(text: &str) {
    eprintln!("{text}");
}

#[test]
fn what_cannot_be_done_is_1_and_wrong_usage_is_2() {
    let empty = tempfile::tempdir().unwrap();
    for command in ["analyze", "inspect", "graph"] {
        let ran = run([command, "/no/such/path"]);
        assert_eq!(ran.code, 1, "{command}: {}", ran.err);
        assert!(ran.err.starts_with("error: ") && ran.out.is_empty(), "{command}: {}", ran.err);
        let ran = run([command, empty.path().to_str().unwrap()]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{command}: {}", ran.err);
        assert_eq!(run([command]).code, 2);
        assert_eq!(run([command, "--no-such-option", "."]).code, 2);
    }
    assert_eq!(run(["analyze", "--fail-on", "everything", "."]).code, 2);
    assert_eq!(run(["analyze", "--replication-factor", "0", "."]).code, 2);
}

#[test]
fn explain_knows_codes_and_names_near_ones() {
    let ran = run(["explain", "jv013"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("JV013") && ran.out.contains("log.info"), "{}", ran.out);
    assert_eq!(run(["explain", "log-info-unreadable"]).out, ran.out);
    let ran = run(["explain", "JV913"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.starts_with("error: unknown code JV913; did you mean JV013"), "{}", ran.err);
    let list = run(["explain"]).out;
    for name in ["JV001", "R-N-WAYS", "irreconcilable", "proven", "blank", "refused-join", "stuck"] {
        assert!(list.contains(name), "{name}");
    }
}

/// A directory in which thousands of records name one parent, and thousands of names are one file.
#[test]
fn a_fan_of_thousands_is_told_without_being_drawn() {
    let dir = tempfile::tempdir().unwrap();
    replica(dir.path(), "");
    for at in 0..5000 {
        let name = format!("volume-snap-x{at}.img");
        let record = format!(
            r#"{{"Name":"{name}","Parent":"volume-snap-s.img","Removed":false,"UserCreated":false,"Created":"2026-03-28T04:00:00Z","RevisionCounter":4}}"#
        );
        std::fs::write(dir.path().join(format!("{name}.meta")), record).unwrap();
    }
    let path = dir.path().to_str().unwrap();
    let graph = run(["graph", path]);
    assert!(graph.out.contains("too many branches"), "{}", graph.out);
    let inspect = run(["inspect", path]);
    assert!(inspect.out.contains("volume-snap-x4999.img"), "{}", inspect.err);
    assert_eq!(run(["analyze", path]).code, 30);
}

/// A command line that is wrong whatever lies on the disk is 2, with a hint where one helps.
#[test]
fn errors_say_whose_matter_they_are_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    replica(&dir.path().join("a"), "");
    replica(&dir.path().join("b"), "");
    let (a, b) = (dir.path().join("a").display().to_string(), dir.path().join("b").display().to_string());
    let (x_a, x_b) = (format!("x={a}"), format!("x={b}"));
    std::fs::write(dir.path().join("there"), "").unwrap();
    let there = dir.path().join("there").display().to_string();
    let inside = format!("{a}/new");
    let export = |to: &str| {
        ["export", &a, "--replica", "a", "--format", "raw", "--to", to].map(str::to_owned).to_vec()
    };
    let qcow2 = |to: &str| {
        ["export", &a, "--replica", "a", "--format", "qcow2", "--to", to].map(str::to_owned).to_vec()
    };
    let plain = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    for (arguments, code, error, hint) in [
        (
            plain(&["analyze", &x_a, &x_b]),
            2,
            "two replicas have the label x",
            "give each replica its own label",
        ),
        (
            plain(&["inspect", &x_a, &x_b]),
            2,
            "two replicas have the label x",
            "give each replica its own label",
        ),
        (plain(&["hash", &x_a, &x_b]), 2, "two replicas have the label x", "give each replica its own label"),
        (plain(&["analyze", "-", "-"]), 2, "standard input was given twice", ""),
        (plain(&["analyze", ""]), 2, "the path is empty", ""),
        (plain(&["analyze", "x="]), 2, "the path of x is empty", ""),
        (plain(&["analyze", &a, "--volume", "v"]), 1, "no volume named v", "without --volume"),
        (plain(&["diff", &a]), 1, "only one replica was given", "--between"),
        (plain(&["diff", &a, &b, "--volume", "v"]), 1, "no volume named v", ""),
        (plain(&["hash", &a, "--replica", "z"]), 1, "no replica named z (available: a)", "jivascope inspect"),
        (plain(&["hash", &a, "--replica", "a@z"]), 1, "a has no disk z (available: volume-head-001.img", ""),
        (plain(&["new-case", &a, "--to", "n", "--key", "z"]), 2, "--key: is not 64 hexadecimal digits", ""),
        (plain(&["explain", "zzzzzz"]), 1, "unknown code zzzzzz", "jivascope explain lists"),
        (plain(&["hash", &a, "--spool-dir", "/none"]), 1, "--spool-dir /none: is not a directory", ""),
        (qcow2("-"), 2, "--to -: only a raw image can be written to standard output", "qemu-img convert"),
        (export("none/"), 1, "none/: is a directory, not an image file", "rep-1.raw"),
        (export("none/."), 1, "none/.: is a directory, not an image file", "rep-1.raw"),
        (export(".."), 1, "..: is a directory, not an image file", "rep-1.raw"),
        (export(&b), 1, "is a directory, not an image file", "rep-1.raw"),
        (export(&there), 1, "exists already", "--force"),
        (export(&inside), 1, "belongs to the evidence", "outside the inputs"),
        (export("/none/x"), 1, "/none/x: cannot be created: No such file", ""),
    ] {
        let ran = run(&arguments);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{arguments:?}: {}", ran.err);
        let mut lines = ran.err.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("error: ") && first.contains(error), "{arguments:?}: {first}");
        let second = lines.next().unwrap_or_default();
        assert_eq!(second.starts_with("hint: "), !hint.is_empty(), "{arguments:?}: {second}");
        assert!(second.contains(hint) && lines.next().is_none(), "{arguments:?}: {}", ran.err);
    }
    assert!(!std::path::Path::new("none").exists());
}
