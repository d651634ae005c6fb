//! Many volumes: one line of JSON each, and the questions of docs/fleet.md, asked with DuckDB of what the recordings give.
#![cfg(feature = "cli")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::cli::{captures, folders, run};
use crate::support::stepping::step_aside;

/// The lines of all recordings, or of those that lie in the repository.
fn lines(test: &str) -> String {
    let captures =
        captures(test).unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures"));
    let mut text = String::new();
    for folder in folders(&captures) {
        let arguments = ["analyze", "--metadata-only", "--output", "jsonl"].map(OsStr::new);
        let ran = run(arguments.into_iter().chain([folder.as_os_str()]));
        assert!([0, 10, 20, 30].contains(&ran.code), "{}: {}", folder.display(), ran.err);
        text.push_str(&ran.out);
    }
    text
}

#[test]
fn each_line_is_one_volume_of_the_document() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let inputs = ["incident-2026-01-06", "incident-2026-02-22", "incident-2026-03-28", "incident-2026-07-13"]
        .map(|name| place.join(name));
    let with = |form: &str| {
        let mut arguments: Vec<OsString> =
            ["analyze", "--metadata-only", "--output", form].map(OsString::from).into();
        arguments.extend(inputs.iter().map(|input| input.clone().into_os_string()));
        run(arguments)
    };
    let (whole, lines) = (with("json"), with("jsonl"));
    assert_eq!(whole.code, lines.code);
    let document: Value = serde_json::from_str(&whole.out).unwrap();
    let volumes = document["volumes"].as_array().unwrap();
    assert!(volumes.len() > 2 && lines.out.lines().count() == volumes.len());
    for (line, volume) in lines.out.lines().zip(volumes) {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let object = line.as_object_mut().unwrap();
        assert_eq!(object.remove("schema").unwrap(), "jivascope.volume/1");
        assert_eq!(object.remove("tool").as_ref(), Some(&document["tool"]));
        assert_eq!(object.remove("options").as_ref(), Some(&document["options"]));
        assert_eq!(line, *volume);
    }
}

/// The questions of the page.
fn questions() -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fleet.md")).unwrap();
    let parts = page.split("```sql\n").skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn duckdb_answers_the_questions_of_the_page() {
    const TEST: &str = "duckdb_answers_the_questions_of_the_page";
    let python = |arguments: &[&str]| Command::new("python3").args(arguments).output();
    if !python(&["-c", "import duckdb"]).is_ok_and(|output| output.status.success()) {
        step_aside(TEST, "the Python package duckdb is not installed");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let text = lines(TEST);
    fs::write(place.path().join("volumes.jsonl"), &text).unwrap();
    let volumes: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(volumes.len() >= 15, "{}", volumes.len());
    let script = "import duckdb, json, os, sys\nos.chdir(sys.argv[1])\n\
                  print(json.dumps([duckdb.sql(q).fetchall() for q in json.loads(sys.argv[2])]))";
    let questions = questions();
    assert_eq!(questions.len(), 5);
    let asked = serde_json::to_string(&questions).unwrap();
    let output = python(&["-c", script, place.path().to_str().unwrap(), &asked]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Vec<Vec<Value>>> = serde_json::from_slice(&output.stdout).unwrap();

    let mut kinds: BTreeMap<(String, String), u64> = BTreeMap::new();
    for volume in &volumes {
        let of = |key: &str| volume["verdict"][key].as_str().unwrap_or_default().to_owned();
        *kinds.entry((of("kind"), of("start"))).or_default() += 1;
    }
    let counted: BTreeMap<(String, String), u64> = answers[0]
        .iter()
        .map(|row| {
            let text = |at: usize| row[at].as_str().unwrap_or_default().to_owned();
            ((text(0), text(1)), row[2].as_u64().unwrap())
        })
        .collect();
    assert_eq!(counted, kinds);

    let kept: usize = volumes
        .iter()
        .filter(|volume| volume["verdict"].get("keep").is_some())
        .map(|volume| volume["verdict"]["must_not_wipe"].as_array().unwrap().len())
        .filter(|count| *count > 1)
        .sum();
    assert!(kept > 0 && answers[1].len() == kept, "{} of {kept}", answers[1].len());

    let mut found: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (at, volume) in volumes.iter().enumerate() {
        for finding in volume["findings"].as_array().unwrap() {
            found.entry(finding["code"].as_str().unwrap().to_owned()).or_default().insert(at);
        }
    }
    let counted: u64 = answers[2].iter().map(|row| row[3].as_u64().unwrap()).sum();
    // A code whose severity differs from volume to volume has a row for each.
    assert!(
        answers[2].len() >= found.len() && counted >= found.values().map(BTreeSet::len).sum::<usize>() as u64
    );
    assert_eq!(
        answers[2].iter().map(|row| row[0].as_str().unwrap()).collect::<BTreeSet<_>>().len(),
        found.len()
    );

    let replicas = || volumes.iter().flat_map(|volume| volume["replicas"].as_array().unwrap());
    let least = replicas().filter_map(|replica| replica["depth"]["left"].as_u64()).min();
    assert_eq!(answers[3].len(), 20);
    assert_eq!(answers[3][0][3].as_u64(), least);

    let hidden: u64 = replicas().filter_map(|replica| replica["space"]["shadowed_bytes"].as_u64()).sum();
    let answered: u64 = answers[4].iter().map(|row| row[1].as_u64().unwrap()).sum();
    assert!(hidden > 0 && answered == hidden, "{answered} of {hidden}");
}
