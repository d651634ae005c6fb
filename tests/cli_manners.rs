//! How the program behaves: exit codes, colour, hostile names, readers that go away.
#![cfg(feature = "cli")]

#[path = "support/cli.rs"]
mod cli;

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cli::{archives, captures, program, run};

/// One small replica. `evil` stands in everything that is free text.
fn replica(dir: &Path, evil: &str) {
    std::fs::create_dir_all(dir).unwrap();
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let snapshot = format!("volume-snap-s{evil}.img").replace('/', "_");
    let record = |name: &str, parent: &str, count: u8| {
        format!(
            r#"{{"Name":{},"Parent":{},"Removed":false,"UserCreated":true,"Created":{},"RevisionCounter":{count}}}"#,
            quoted(name),
            quoted(parent),
            quoted(&format!("2026-03-28T04:00:00Z{evil}")),
        )
    };
    let head = "volume-head-001.img";
    std::fs::write(dir.join(format!("{head}.meta")), record(&format!("{head}{evil}"), &snapshot, 5)).unwrap();
    std::fs::write(dir.join(format!("{snapshot}.meta")), record(&snapshot, "", 4)).unwrap();
    std::fs::write(dir.join(head), [1; 8192]).unwrap();
    std::fs::write(dir.join(&snapshot), [2; 8192]).unwrap();
    let meta = format!(
        r#"{{"Size":8192,"Head":"{head}","Dirty":true,"Rebuilding":false,"Parent":{},"SectorSize":512,"BackingFileName":{},"CloneStatus":{},"Checkpoint":{},"RevisionCounter":4,"UUID":{}}}"#,
        quoted(&snapshot),
        quoted(evil),
        quoted(evil),
        quoted(&snapshot),
        quoted(evil)
    );
    std::fs::write(dir.join("volume.meta"), meta).unwrap();
    let mut counter = [0; 4096];
    counter[0] = b'7';
    std::fs::write(dir.join("revision.counter"), counter).unwrap();
}

const EVIL: &str =
    "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}backward\u{9b}2J\u{200b}\"];evil[label=\"x\n\tb\r";

fn is_harmless(text: &str, what: &str) {
    let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}');
    if let Some(at) = text.find(bad) {
        panic!("{what}: {:?} at {at}:\n{text}", text[at..].chars().next());
    }
}

#[test]
fn hostile_names_never_reach_the_terminal_raw() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join(format!("a{EVIL}")), dir.path().join("b"));
    replica(&one, EVIL);
    replica(&two, EVIL);
    // A replica that Jiva would refuse, with a message that quotes the evidence.
    let three = dir.path().join("c");
    replica(&three, "");
    std::fs::write(three.join("volume.meta"), format!("{{\"Head\":\"{}\" x", EVIL.replace('"', ""))).unwrap();
    std::fs::write(three.join(format!("volume-head-{EVIL}.img.meta.tmp").replace('/', "_")), "").unwrap();
    let labelled = |label: &str, path: &Path| {
        let mut argument = OsString::from(format!("{label}="));
        argument.push(path);
        argument
    };
    let given: Vec<OsString> = vec![
        labelled(&format!("x{}", EVIL.replace(['/', '='], "_")), &one),
        labelled("y", &two),
        labelled("z", &three),
    ];
    let commands: [&[&str]; 8] = [
        &["analyze"],
        &["analyze", "--metadata-only"],
        &["analyze", "--output", "json"],
        &["inspect"],
        &["inspect", "--output", "json"],
        &["graph"],
        &["graph", "--output", "dot"],
        &["hash"],
    ];
    for command in commands {
        for inputs in [given.clone(), vec![dir.path().as_os_str().to_owned()]] {
            let mut arguments: Vec<OsString> = command.iter().map(OsString::from).collect();
            arguments.extend(inputs);
            let ran = run(&arguments);
            assert!(ran.out.len() > 100, "{command:?}: {}{}", ran.out, ran.err);
            assert!(ran.out.contains("backward"), "{command:?}: the test shows nothing\n{}", ran.out);
            is_harmless(&ran.err, &format!("{command:?}"));
            if !command.contains(&"json") {
                is_harmless(&ran.out, &format!("{command:?}"));
            } else {
                serde_json::from_str::<serde_json::Value>(&ran.out).unwrap();
                assert!(!ran.out.contains('\u{1b}'));
            }
        }
    }
    let missing = run(["analyze".to_owned(), format!("no{EVIL}path")]);
    assert_eq!(missing.code, 1);
    is_harmless(&missing.err, "missing path");
    is_harmless(&run(["explain", EVIL]).err, "explain");
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
fn no_colour_in_pipes_and_the_same_words_with_it() {
    let dir = tempfile::tempdir().unwrap();
    replica(&dir.path().join("a"), "");
    replica(&dir.path().join("b"), "");
    let path = dir.path().to_str().unwrap();
    let plain = run(["analyze", path]).out;
    assert!(!plain.contains('\u{1b}'));
    assert_eq!(plain, run(["analyze", "--color", "never", path]).out);
    let coloured = run(["analyze", "--color", "always", path]).out;
    assert!(coloured.contains("\u{1b}[1m"));
    assert_eq!(strip(&coloured), plain);
}

/// Takes the codes of colour out.
fn strip(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out.push_str(part.split_once('m').expect("a code of colour ends with m").1);
    }
    out
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
        assert!(ran.err.starts_with("jivascope: ") && ran.out.is_empty(), "{command}: {}", ran.err);
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
    let ran = run(["explain", "JV113"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("JV013"), "{}", ran.err);
    let list = run(["explain"]).out;
    for name in ["JV001", "R-N-WAYS", "irreconcilable", "proven", "blank", "refused-join", "stuck"] {
        assert!(list.contains(name), "{name}");
    }
}

#[test]
fn help_tells_exit_codes_and_fits_80_columns() {
    for arguments in [
        &["--help"][..],
        &["analyze", "--help"],
        &["inspect", "--help"],
        &["graph", "--help"],
        &["explain", "--help"],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("Exit codes"), "{arguments:?}");
        assert!(ran.out.contains("Examples:"), "{arguments:?}");
        for line in ran.out.lines() {
            assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    replica(&dir.path().join("a"), "");
    replica(&dir.path().join("b"), "");
    let expected = run(["analyze".as_ref(), dir.path()]).code;
    let mut child = program()
        .arg("analyze")
        .arg(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(expected));
    assert_eq!(error, "");
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
