//! The cases from the field and from attacks: each answer written down beside the evidence must come out.
//!
//! They lie in `JIVASCOPE_CASES`, or in `cases` beside the captures; without them the test says that it is left out.
//! `JIVASCOPE_CASE=name` runs one.
#![cfg(feature = "cli")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Cases that do not hold yet, and the issue that mends them. One that holds must leave the list.
const WAIT: &[(&str, u32, &str)] = &[];

/// Cases without assertions (they need another user, a terminal or many directories), and where they are held.
const ELSEWHERE: &[(&str, &str)] = &[
    ("export-hash-diff-silent-on-missing", "tests/cli/defective_output.rs"),
    ("fuzz-gzip-of-nothing", "tests/evidence/inputs.rs"),
    ("not-root", "tests/cli/not_root.rs"),
    ("json-raw-c1", "issue 3"),
    ("label-escaped-twice", "issue 3"),
    ("new-case-keeps-free-text", "issue 3"),
    ("many-replicas-one-volume", "issue 4"),
];

fn root() -> Option<PathBuf> {
    let beside = || crate::support::cli::captures("all cases")?.parent().map(|parent| parent.join("cases"));
    let path = std::env::var_os("JIVASCOPE_CASES").map(PathBuf::from).or_else(beside)?;
    if path.is_dir() {
        return Some(path);
    }
    let _ = writeln!(std::io::stderr(), "left out: all cases (no {})", path.display());
    None
}

fn failures(folder: &Path) -> Vec<String> {
    let must: Value = serde_json::from_slice(&std::fs::read(folder.join("must.json")).unwrap()).unwrap();
    let runs = must["runs"].as_array().unwrap();
    assert!(!runs.is_empty(), "{}: no runs", folder.display());
    runs.iter()
        .flat_map(|run| crate::support::answers::failures(crate::support::cli::program(), folder, run))
        .collect()
}

#[test]
fn every_case_holds_but_those_that_wait() {
    let Some(root) = root() else { return };
    let one = std::env::var("JIVASCOPE_CASE").ok();
    let (mut asserted, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for entry in std::fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.join("must.json").is_file() {
            asserted.insert(name);
        } else if path.join("case.md").is_file() {
            silent.insert(name);
        }
    }
    let mut complaints = Vec::new();
    let mut holding = 0;
    for name in asserted.iter().filter(|name| one.as_ref().is_none_or(|one| *name == one)) {
        let fails = failures(&root.join(name));
        holding += usize::from(fails.is_empty());
        match (fails.is_empty(), WAIT.iter().find(|row| row.0 == name)) {
            (true, Some((_, issue, _))) => {
                complaints.push(format!("{name}: holds; it no longer waits for issue {issue}"));
            }
            (false, None) => complaints.extend(fails.iter().map(|fail| format!("{name}: {fail}"))),
            _ => {}
        }
    }
    for name in silent.iter().filter(|name| !ELSEWHERE.iter().any(|row| row.0 == *name)) {
        complaints.push(format!("{name}: has no must.json, and nothing says where it is held"));
    }
    for name in WAIT.iter().map(|row| row.0).filter(|name| !asserted.contains(*name)) {
        complaints.push(format!("{name}: waits, and is no case with assertions"));
    }
    for name in ELSEWHERE.iter().map(|row| row.0).filter(|name| !silent.contains(*name)) {
        complaints.push(format!("{name}: is held elsewhere, and is no case without assertions"));
    }
    let waiting = WAIT.len();
    let _ = writeln!(
        std::io::stderr(),
        "cases: {holding} of {} hold, {waiting} wait for later issues",
        asserted.len()
    );
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
