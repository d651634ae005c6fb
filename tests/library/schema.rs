//! The JSON Schemas: they are those of the types, and every output keeps to them.
#![cfg(feature = "schema")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{captures, collect, labelled};
use jivascope::analysis::{self, Options};
use jivascope::check::{Checked, Expected, Outcome, differences, updated};
use jivascope::report::check::CheckDocument;
use jivascope::report::documents::{GraphDocument, InspectDocument};
use jivascope::report::json::Document;
use jivascope::report::lines::lines;
use jivascope::report::schema::{schemas, to_text};
use jivascope::report::simulation::SimulateDocument;
use jsonschema::Validator;
use serde_json::{Value, json};

fn checked_in(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(format!("{name}.json"))
}

/// The schema as it is checked in, not as it is made.
fn validator(name: &str) -> Validator {
    let text = fs::read_to_string(checked_in(name)).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn holds(validator: &Validator, document: &Value, what: &str) {
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}");
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn schemas_are_current() {
    for (name, schema) in schemas() {
        let there = fs::read_to_string(checked_in(name)).unwrap_or_default();
        assert!(
            there == to_text(&schema),
            "docs/schema/{name}.json is not current: jivascope generate schema --to docs/schema (feature schema)"
        );
    }
}

/// Everything that an analysis says, and what `check` makes of it.
fn all_forms(inputs: &[(String, PathBuf)], what: &str) {
    let (analysis, check, expected) = (validator("analysis"), validator("check"), validator("expected"));
    let volume = validator("volume");
    let (graph, inspect, simulate) = (validator("graph"), validator("inspect"), validator("simulate"));
    diff_keeps(inputs, what);
    let labelled: Vec<_> = inputs.iter().map(|(label, path)| labelled(label, path)).collect();
    for metadata_only in [false, true] {
        let mut options = Options::default();
        options.metadata_only = metadata_only;
        options.volume = None;
        let found = analysis::analyze(collect(&labelled).unwrap(), options, &());
        holds(&analysis, &value(&Document::of(&found).to_text()), what);
        for line in lines(&found).lines() {
            holds(&volume, &value(line), what);
        }
        holds(&simulate, &value(&SimulateDocument::of(&found).to_text()), what);
        holds(&graph, &value(&GraphDocument::of(&found).to_text()), what);
        let first = &found.volumes[0];
        holds(
            &inspect,
            &value(&InspectDocument::of(&found.inputs, &first.replicas, &first.inside).to_text()),
            what,
        );
        let filled = updated(&Expected::default(), &found).unwrap();
        holds(&expected, &value(&filled.to_text()), what);
        let mut wrong = filled.clone();
        wrong.verdict.as_mut().unwrap().complete = Some(!found.volumes[0].verdict.complete);
        let cases = [
            Checked::new("a", Outcome::Same),
            Checked::new("b", Outcome::Differs(differences(&wrong, &found).unwrap())),
            Checked::new("c", Outcome::Failed("why".to_owned())),
            Checked::new("d", Outcome::Updated),
        ];
        holds(&check, &value(&CheckDocument::of(&cases).to_text()), what);
    }
}

/// `diff` is asked as it is used: its document is made of a reading of its own.
#[cfg(feature = "cli")]
fn diff_keeps(inputs: &[(String, PathBuf)], what: &str) {
    if inputs.len() < 2 {
        return;
    }
    let inputs = inputs.iter().map(|(label, path)| format!("{label}={}", path.display()));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_jivascope"));
    let output = command.args(["diff", "--files", "--output", "json"]).args(inputs).output().unwrap();
    if output.stdout.is_empty() {
        return; // nothing in it can be read; an error was told
    }
    holds(&validator("diff"), &value(&String::from_utf8(output.stdout).unwrap()), what);
}

#[cfg(not(feature = "cli"))]
fn diff_keeps(_: &[(String, PathBuf)], _: &str) {}

#[test]
#[cfg(feature = "cli")]
fn files_keeps_to_its_schema() {
    let dir = tempfile::tempdir().unwrap();
    crate::support::evil::replica(dir.path(), "");
    let image = crate::support::ext::image(b"name", b"content");
    fs::write(dir.path().join("volume-head-001.img"), image).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_jivascope"));
    let given = format!("x={}", dir.path().display());
    let output =
        command.args(["files", "--sums", "--replica", "x", "--output", "json", &given]).output().unwrap();
    let document = value(&String::from_utf8(output.stdout).unwrap());
    holds(&validator("files"), &document, "files");
    assert_eq!(document["entries"][1]["path"], "name");
    assert!(document["entries"][1]["sha256"].is_string());
}

#[test]
fn outputs_keep_to_the_schemas() {
    let dir = tempfile::tempdir().unwrap();
    crate::support::tiny::stale(dir.path());
    all_forms(&["rep-1", "rep-2", "rep-3"].map(|name| (name.to_owned(), dir.path().join(name))), "stale");
}

#[test]
fn outputs_for_every_capture_keep_to_the_schemas() {
    let Some(captures) = captures("schemas against captures") else { return };
    let mut archives: Vec<PathBuf> = walkdir::WalkDir::new(captures)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.to_string_lossy().ends_with(".tar.zst"))
        .collect();
    archives.sort();
    let label = |path: &Path| path.file_name().unwrap().to_str().unwrap().replace(".tar.zst", "");
    let mut sets: Vec<Vec<PathBuf>> = Vec::new();
    for archive in archives {
        let alone = archive.parent().unwrap().ends_with("damaged");
        match sets.last_mut().filter(|set| !alone && set[0].parent() == archive.parent()) {
            Some(set) => set.push(archive),
            None => sets.push(vec![archive]),
        }
    }
    assert!(sets.len() > 100, "{}", sets.len());
    for set in sets {
        let inputs: Vec<_> = set.iter().map(|path| (label(path), path.clone())).collect();
        all_forms(&inputs, &set[0].display().to_string());
    }
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    crate::support::tiny::split(dir.path());
    let inputs = ["rep-1", "rep-2"].map(|name| labelled(name, dir.path().join(name)));
    let found = analysis::analyze(collect(&inputs).unwrap(), Options::default(), &());
    let (validator, good) = (validator("analysis"), value(&Document::of(&found).to_text()));
    for (pointer, wrong) in [
        ("/volumes/0/verdict/kind", json!("perhaps")),
        ("/volumes/0/verdict/rule", json!("R-NO-SUCH")),
        ("/volumes/0/replicas/0/size", json!("1 MiB")),
        ("/volumes/0/relations/0/blocks/unique_a", json!(-1)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&bad), "{pointer}");
    }
    let mut bad = good.clone();
    bad["volumes"][0]["verdict"].as_object_mut().unwrap().remove("complete");
    assert!(!validator.is_valid(&bad));
}
