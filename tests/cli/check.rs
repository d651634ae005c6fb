//! `check` as a pipeline uses it.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn check(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jivascope"))
        .current_dir(dir)
        .arg("check")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A directory of two cases, filled by `--update`.
fn cases() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, make) in
        [("b/stale", crate::support::tiny::stale as fn(&Path)), ("a-split", crate::support::tiny::split)]
    {
        let case = dir.path().join("cases").join(name);
        make(&case);
        fs::write(case.join("expected.json"), "").unwrap();
    }
    let filled = check(dir.path(), &["--update", "cases"]);
    assert_eq!(filled.status.code(), Some(0), "{}", text(&filled));
    assert_eq!(
        text(&filled),
        "updated  cases/a-split\nupdated  cases/b/stale\n2 cases: 0 as expected, 2 updated\n"
    );
    dir
}

/// Replaces text in an expectation; the text must be there.
fn change(dir: &Path, case: &str, from: &str, to: &str) {
    let path = dir.join("cases").join(case).join("expected.json");
    let before = fs::read_to_string(&path).unwrap();
    assert!(before.contains(from), "{before}");
    fs::write(path, before.replacen(from, to, 1)).unwrap();
}

#[test]
fn what_was_filled_in_is_as_expected() {
    let dir = cases();
    let same = check(dir.path(), &["-v", "cases"]);
    assert_eq!(text(&same), "same     cases/a-split\nsame     cases/b/stale\n2 cases: 2 as expected\n");
    assert_eq!(same.status.code(), Some(0));
    let stale = fs::read_to_string(dir.path().join("cases/b/stale/expected.json")).unwrap();
    for said in
        [r#""kind": "authoritative""#, r#""keep": "rep-1""#, r#""kind": "ahead""#, r#""state": "usable""#]
    {
        assert!(stale.contains(said), "{said}: {stale}");
    }
    let again = check(dir.path(), &["--update", "cases"]);
    assert_eq!(text(&again), "2 cases: 2 as expected\n");
}

#[test]
fn what_differs_is_told_in_every_form() {
    let dir = cases();
    change(dir.path(), "b/stale", "\"authoritative\"", "\"consistent\"");
    change(dir.path(), "b/stale", "\"rep-1\",\n      \"rep-2\"", "\"rep-2\", \"rep-3\"");
    let differs = check(dir.path(), &["cases"]);
    assert_eq!(differs.status.code(), Some(3));
    assert_eq!(
        text(&differs),
        "DIFFERS  cases/b/stale\n           verdict.kind\n             - consistent\n             + authoritative\n           \
         verdict.holders\n             - rep-2, rep-3\n             + rep-1, rep-2\n2 cases: 1 as expected, 1 differ\n"
    );
    let junit = text(&check(dir.path(), &["cases", "--output", "junit"]));
    assert!(junit.contains("tests=\"2\" failures=\"1\" errors=\"0\""), "{junit}");
    assert!(junit.contains("verdict.kind: expected consistent, found authoritative\n"), "{junit}");
    let json: serde_json::Value =
        serde_json::from_str(&text(&check(dir.path(), &["cases", "--output", "json"]))).unwrap();
    assert_eq!(json["cases"][1]["differences"][1]["found"], "rep-1, rep-2");
    let sarif: serde_json::Value =
        serde_json::from_str(&text(&check(dir.path(), &["cases", "--output", "sarif"]))).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "cases/b/stale/expected.json"
    );
}

#[test]
fn only_what_is_stated_is_looked_at() {
    let dir = cases();
    let path = dir.path().join("cases/a-split/expected.json");
    for (stated, code) in [
        (r#"{"verdict": {"kind": "irreconcilable"}}"#, 0),
        (r#"{"verdict": {"keep": null, "ways": 2}}"#, 0),
        (r#"{"verdict": {"keep": "rep-1"}}"#, 3),
        (r#"{"verdict": {"ways": null}}"#, 3),
        (r#"{"relations": [{"a": "rep-2", "b": "rep-1", "kind": "diverged"}]}"#, 0),
        (r#"{"relations": [{"a": "rep-2", "b": "rep-4", "kind": "diverged"}]}"#, 3),
        (r#"{"replicas": {"rep-1": {"state": "usable", "error": null}}}"#, 0),
        (r#"{"replicas": {"rep-9": {"state": "usable"}}}"#, 3),
        (r#"{"findings": {"absent": ["JV001", "JV003 rep-1"]}}"#, 0),
        (r#"{"findings": {"present": ["JV001"]}}"#, 3),
        (
            r#"{"inputs": ["x=rep-1", "y=../b/stale/rep-3"], "relations": [{"a": "y", "b": "x", "kind": "behind"}]}"#,
            0,
        ),
        (r#"{"options": {"replication_factor": 2}, "verdict": {"complete": true}}"#, 0),
        (r#"{"options": {"metadata_only": true}, "verdict": {"confidence": "proven"}}"#, 3),
        (r#"{"inputs": ["/etc"]}"#, 1),
        (r#"{"inputs": ["rep-7"], "verdict": {}}"#, 1),
        (r#"{"verdict": {"knd": 1}}"#, 1),
        ("{}", 1),
    ] {
        fs::write(&path, stated).unwrap();
        let output = check(dir.path(), &["cases/a-split"]);
        assert_eq!(output.status.code(), Some(code), "{stated}: {}", text(&output));
        assert!(!text(&output).contains(dir.path().to_str().unwrap()), "{stated}: {}", text(&output));
    }
}

#[test]
fn no_output_names_the_place() {
    let dir = cases();
    change(dir.path(), "a-split", "\"kind\"", "\"knd\"");
    let absolute = dir.path().join("cases");
    for form in ["text", "json", "junit", "sarif"] {
        let here = text(&check(dir.path(), &["cases", "--output", form]));
        let there = text(&check(Path::new("/"), &[absolute.to_str().unwrap(), "--output", form]));
        assert_eq!(here, there);
        assert!(here.contains("unknown field `knd`"), "{here}");
    }
    let nothing = check(dir.path(), &["cases/b/stale/rep-1"]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(text(&nothing).contains("no expected.json in it or below"), "{}", text(&nothing));
}

/// An archive of a case is the case, where its replicas are directories.
#[test]
fn an_archive_of_a_case_is_one() {
    let dir = cases();
    let mut tar = tar::Builder::new(fs::File::create(dir.path().join("stale.tar")).unwrap());
    tar.append_dir_all("x/stale", dir.path().join("cases/b/stale")).unwrap();
    tar.finish().unwrap();
    let packed = check(dir.path(), &["-v", "stale.tar"]);
    // The writer keeps no holes, so that less is certain than beside it.
    let said = text(&packed);
    assert!(said.contains("stale.tar") && matches!(packed.status.code(), Some(0 | 3)), "{said}");
    let stated = r#"{"inputs": ["a=rep-1", "b=rep-3"], "replicas": {"a": {"state": "usable"}, "b": {}}}"#;
    fs::write(dir.path().join("cases/b/stale/expected.json"), stated).unwrap();
    let mut tar = tar::Builder::new(fs::File::create(dir.path().join("two.tar")).unwrap());
    tar.append_dir_all("", dir.path().join("cases/b/stale")).unwrap();
    tar.finish().unwrap();
    assert_eq!(text(&check(dir.path(), &["-v", "two.tar"])), "same     two.tar\n1 cases: 1 as expected\n");
    // One label for two replicas is no answer to the question whose state is meant, packed or not.
    let twice = r#"{"inputs": ["a=rep-1", "a=rep-3"], "replicas": {"a": {"state": "usable"}}}"#;
    let beside = dir.path().join("cases/b/stale/expected.json");
    fs::write(&beside, twice).unwrap();
    let mut tar = tar::Builder::new(fs::File::create(dir.path().join("twice.tar")).unwrap());
    tar.append_dir_all("", dir.path().join("cases/b/stale")).unwrap();
    tar.finish().unwrap();
    for place in ["twice.tar", "cases/b/stale"] {
        let output = check(dir.path(), &[place]);
        assert_eq!(output.status.code(), Some(1), "{place}: {}", text(&output));
        assert!(text(&output).contains("two replicas have the label a"), "{place}: {}", text(&output));
    }
    let refused = check(dir.path(), &["--update", "two.tar"]);
    assert_eq!(refused.status.code(), Some(0), "nothing to write: {}", text(&refused));
    assert!(
        text(&check(dir.path(), &["cases/b/stale/rep-1/volume.meta"]))
            .contains("no archive with expected.json")
    );
}
