//! The bundled incidents: what is stored is what the builder draws, and each gives what it must.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{incidents, labelled};
use jivascope::analysis::{Analysis, Options, Volume, analyze};
use jivascope::evidence::{Images, gather};
use jivascope::finding::{Code, Facts};
use jivascope::lineage::RelationKind;
use jivascope::report::json::Document;
use jivascope::verdict::VerdictKind;
use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn judge(name: &str, metadata_only: bool) -> Analysis {
    let inputs: Vec<_> = ["rep-1", "rep-2", "rep-3"]
        .map(|label| labelled(label, folder(name).join(format!("{label}.tar.zst"))))
        .into();
    let options = jivascope::evidence::Options::new(Images::Spool { dir: None, limit: 1 << 30 });
    let evidence = gather(&inputs, &options).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut options = Options::default();
    options.metadata_only = metadata_only;
    analyze(evidence, options, &())
}

fn json(analysis: &Analysis) -> Value {
    serde_json::from_str(&Document::of(analysis).to_text()).unwrap()
}

/// Everything that `expected.json` states.
fn hold_against_expected(name: &str) {
    let path = folder(name).join("expected.json");
    let expected: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let found = &json(&judge(name, false))["volumes"][0];
    let stated = expected["verdict"].as_object().unwrap();
    assert!(stated.len() >= 4, "{name}: too little is expected");
    for (key, value) in stated {
        assert_eq!(found["verdict"].get(key).unwrap_or(&Value::Null), value, "{name}: verdict.{key}");
    }
    let codes: BTreeSet<String> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|finding| {
            let code = finding["code"].as_str().unwrap();
            [code.to_owned(), format!("{code} {}", finding["replica"].as_str().unwrap_or("-"))]
        })
        .collect();
    for code in expected["findings"]["present"].as_array().unwrap() {
        assert!(codes.contains(code.as_str().unwrap()), "{name}: {code} is not among {codes:?}");
    }
    for (label, replica) in expected["replicas"].as_object().into_iter().flatten() {
        let seen =
            found["replicas"].as_array().unwrap().iter().find(|seen| seen["label"] == **label).unwrap();
        for (key, value) in replica.as_object().unwrap() {
            assert_eq!(&seen[key], value, "{name}: {label}.{key}");
        }
    }
}

/// With `JIVASCOPE_WRITE_FIXTURES=1` the archives are written; without, what is stored is compared.
#[test]
fn the_stored_archives_are_what_the_builder_draws() {
    let write = std::env::var_os("JIVASCOPE_WRITE_FIXTURES").is_some_and(|value| value == "1");
    for incident in incidents::all() {
        for (file, plain, packed) in incident.archives() {
            let path = folder(incident.name).join(file);
            if write {
                std::fs::create_dir_all(folder(incident.name)).unwrap();
                std::fs::write(&path, &packed).unwrap();
            }
            let stored = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            // The archive itself, not its compression, whose bytes another version of the compressor may change.
            let mut unpacked = Vec::new();
            let mut decoder = ruzstd::decoding::StreamingDecoder::new(&stored[..]).unwrap();
            std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
            assert!(unpacked == plain, "{} is not what the builder draws", path.display());
        }
    }
}

#[test]
fn the_bundle_stays_small_and_every_part_says_where_it_comes_from() {
    let mut total = 0;
    for entry in walkdir::WalkDir::new(folder("")) {
        let entry = entry.unwrap();
        let size = entry.metadata().unwrap().len();
        if entry.file_type().is_file() {
            assert!(size <= 5 << 20, "{}: {size} bytes", entry.path().display());
            total += size;
        }
    }
    assert!(total <= 25 << 20, "{total} bytes");
    let origins = std::fs::read_to_string(folder("README.md")).unwrap();
    for parent in ["", "captures", "captures/random", "cases"] {
        for entry in std::fs::read_dir(folder(parent)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(
                parent.is_empty() && name == "README.md" || origins.contains(&format!("`{name}`")),
                "{name}"
            );
        }
    }
}

#[test]
fn march_has_three_ways_and_nothing_in_common() {
    hold_against_expected("incident-2026-03-28");
    for metadata_only in [false, true] {
        let analysis = judge("incident-2026-03-28", metadata_only);
        let volume = &analysis.volumes[0];
        assert_eq!((volume.verdict.kind, volume.verdict.ways), (VerdictKind::Irreconcilable, Some(3)));
        assert!(volume.lineage.ancestors.iter().all(|ancestor| ancestor.disks.is_empty()));
        assert!(volume.lineage.relations.iter().all(|relation| relation.kind == RelationKind::Unrelated));
        assert_eq!(must_not_wipe(volume), ["rep-1", "rep-2", "rep-3"]);
    }
    assert_eq!(exit("incident-2026-03-28"), 20);
}

/// A directory of archives gives what they give by name: the same document but for the way to them.
#[test]
fn a_directory_of_archives_is_those_archives() {
    let run = |inputs: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
        command.args(["analyze", "--output", "json"]).args(inputs).current_dir(folder("incident-2026-07-13"));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(10));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        // What else lies in the directory is told of the input. Paths and commands name the inputs as they were given.
        document["volumes"].to_string()
    };
    let by_name = run(&["rep-1.tar.zst", "rep-2.tar.zst", "rep-3.tar.zst"]);
    assert_eq!(run(&["."]).replace("./rep-", "rep-"), by_name);
    let here = run(&["../incident-2026-07-13"]);
    assert_eq!(here.replace("../incident-2026-07-13/rep-", "rep-"), by_name);
}

fn must_not_wipe(volume: &Volume) -> Vec<&str> {
    volume.verdict.must_not_wipe.iter().map(|label| label.as_str()).collect()
}

/// The exit status of the program on a fixture's archives.
fn exit(name: &str) -> i32 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
    command.arg("analyze");
    for label in ["rep-1", "rep-2", "rep-3"] {
        command.arg(format!("{label}={}", folder(name).join(format!("{label}.tar.zst")).display()));
    }
    command.output().unwrap().status.code().unwrap()
}

#[test]
fn march_with_head_records_forbids_wiping_before_the_fourth_is_found() {
    let name = "incident-2026-03-28-fourth-replica";
    hold_against_expected(name);
    for metadata_only in [false, true] {
        let analysis = judge(name, metadata_only);
        let volume = &analysis.volumes[0];
        let verdict = &volume.verdict;
        assert_eq!(
            (verdict.kind, verdict.ways, verdict.complete),
            (VerdictKind::Irreconcilable, Some(3), false)
        );
        let heads: BTreeSet<&str> = volume.lineage.witnesses.iter().map(|w| w.record.head.as_str()).collect();
        assert_eq!(
            heads,
            BTreeSet::from(["volume-head-897.img", "volume-head-898.img", "volume-head-899.img"])
        );
        let said = verdict
            .reasons
            .iter()
            .any(|reason| reason.text.contains("RW") && reason.text.contains("not here"));
        assert!(said, "{:?}", verdict.reasons);
        assert!(!verdict.collect.is_empty());
        assert_eq!(must_not_wipe(volume), ["rep-1", "rep-2", "rep-3"]);
    }
    assert_eq!(exit(name), 20);
}

#[test]
fn february_is_consistent_though_an_unseen_replica_refused_all_three() {
    let name = "incident-2026-02-22";
    hold_against_expected(name);
    let analysis = judge(name, false);
    let volume = &analysis.volumes[0];
    let has = |code: Code| volume.findings.iter().any(|finding| finding.code() == code);
    assert!(has(Code::MissingWitness), "the unseen replica is told");
    assert!(has(Code::StuckByRefusal), "that Jiva will not bring them up by itself is told");
    let keep = volume.verdict.keep.as_ref().unwrap().as_str();
    let why = volume
        .verdict
        .reasons
        .iter()
        .any(|reason| reason.text.contains(keep) && reason.text.contains("keep"));
    assert!(why, "why {keep}: {:?}", volume.verdict.reasons);
    assert_eq!(exit(name), 0);
}

#[test]
fn july_names_both_equal_replicas_and_spares_the_one_that_cannot_open() {
    let name = "incident-2026-07-13";
    hold_against_expected(name);
    let analysis = judge(name, false);
    let volume = &analysis.volumes[0];
    assert!(must_not_wipe(volume).contains(&"rep-2"));
    assert_eq!(
        volume.replicas[1].disks.iter().filter(|disk| !disk.on_chain && disk.image.is_some()).count(),
        11
    );
    assert_eq!(exit(name), 10);
}

#[test]
fn january_is_consistent_and_in_danger_of_its_length() {
    let name = "incident-2026-01-06";
    hold_against_expected(name);
    let analysis = judge(name, false);
    let findings = analysis.volumes[0].findings.iter();
    let depth: Vec<_> = findings.filter(|finding| finding.code() == Code::ChainNearLimit).collect();
    assert_eq!(depth.len(), 3);
    let facts = Facts::ChainNearLimit { layers: 1011, limit: 1024 };
    assert!(depth.iter().all(|finding| finding.facts == facts), "{depth:?}");
    assert_eq!(Code::ChainNearLimit.severity(), jivascope::finding::Severity::Danger);
    assert_eq!(exit(name), 0);
}
