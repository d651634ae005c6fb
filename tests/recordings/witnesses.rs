//! Recordings of the other witnesses: logs, dumps and pod lists of the real controller and replicas. What is known to be
//! true must be found, and nothing else may be called a fault.
#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::evidence::{self, Images, Input, InputPath, gather, testimonies};
use jivascope::report::cluster::ClusterDocument;
use jivascope::report::json::Document;
use jivascope::verdict::VerdictKind;
use jivascope::witness::{Cluster, Collection};
use serde_json::Value;

use crate::support::witnesses;

/// The folders of the recordings; none where they are not here.
fn folders() -> Vec<PathBuf> {
    let Some(root) = witnesses() else {
        eprintln!("the recordings of the other witnesses are not here");
        return Vec::new();
    };
    let mut out: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    out.retain(|path| path.join("witness.json").is_file());
    out.sort();
    assert!(out.len() >= 20, "only {} recordings", out.len());
    out
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Analyses what would have been collected: everything but what nobody saw.
fn analysis(folder: &Path, keep: impl Fn(&str) -> bool) -> Analysis {
    let hidden = ["unseen", "story.txt", "witness.json", "kube-address-reused"];
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !hidden.contains(&name.as_str()) && keep(&name) {
            inputs.push(Input { label: None, path: InputPath::Path(path) });
        }
    }
    let options = evidence::Options::new(Images::Spool { dir: None, limit: 1 << 32 });
    analyze(gather(&inputs, &options).unwrap(), Options::default(), &())
}

fn findings(analysis: &Analysis) -> Vec<Value> {
    let document: Value = serde_json::from_str(&Document::of(analysis).to_text()).unwrap();
    document["volumes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|v| v["findings"].as_array().unwrap().clone())
        .collect()
}

/// Facts that say whom a finding is about.
const SUBJECTS: &[&str] =
    &["address", "replica", "holder", "joiner", "session_of", "waiting_for", "victim", "addresses", "state"];

/// Names under which a fault may be told.
const NAMES: &[&str] = &[
    "missing-replica",
    "ghost-entry",
    "unlisted-open-replica",
    "controller-frozen",
    "join-refused",
    "rebuild-interrupted",
    "rebuild-taken-over",
    "source-removed-during-rebuild",
    "blank-leader",
    "reads-without-source",
    "stale-session",
    "two-initiators",
    "no-majority",
    "disk-full",
    "restart-loop",
    "directory-made-anew",
];

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim_start_matches("tcp://").trim_end_matches(":9502").to_owned(),
        Value::Array(list) => {
            let mut all: Vec<String> = list.iter().map(plain).collect();
            all.sort();
            all.join(" ")
        }
        other => other.to_string(),
    }
}

fn is_told(wanted: &Value, finding: &Value) -> bool {
    let facts = &finding["facts"];
    finding["name"] == wanted["finding"]
        && SUBJECTS.iter().all(|key| wanted[key].is_null() || plain(&facts[key]) == plain(&wanted[key]))
}

#[test]
fn what_happened_is_found_and_nothing_else() {
    let (mut wanted, mut faults) = (0, Vec::new());
    for folder in folders() {
        let truth = json(&folder.join("witness.json"));
        let must = truth["must_find"].as_array().unwrap();
        let found = findings(&analysis(&folder, |_| true));
        wanted += must.len();
        for entry in must {
            if !found.iter().any(|finding| is_told(entry, finding)) {
                faults.push(format!("{}: not found: {entry}", folder.display()));
            }
        }
        for finding in &found {
            let named = NAMES.contains(&finding["name"].as_str().unwrap()) && finding["severity"] != "info";
            if named && !must.iter().any(|entry| is_told(entry, finding)) {
                faults.push(format!("{}: extra: {} {}", folder.display(), finding["name"], finding["facts"]));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {wanted}: {}", faults.len(), faults.join("\n"));
}

/// Whatever is left out, nothing is called a fault that was none; only a dump cannot tell for whom a controller waits.
#[test]
fn with_less_less_is_told_and_nothing_wrong() {
    type Keep = fn(&str) -> bool;
    let ways: [(&str, Keep); 4] = [
        ("without dumps", |name| name != "dumps"),
        ("without logs", |name| !name.contains(".log") && name != "lives" && name != "shapes"),
        ("without Kubernetes", |name| name != "kube"),
        ("without the controller's log", |name| {
            !name.starts_with("controller.log") && name != "lives" && name != "shapes"
        }),
    ];
    for folder in folders() {
        let truth = json(&folder.join("witness.json"));
        for (what, keep) in ways {
            for finding in findings(&analysis(&folder, keep)) {
                let named =
                    NAMES.contains(&finding["name"].as_str().unwrap()) && finding["severity"] != "info";
                let told =
                    truth["must_find"].as_array().unwrap().iter().any(|entry| is_told(entry, &finding));
                let frozen =
                    finding["name"] == "controller-frozen" && finding["facts"]["waiting_for"].is_null();
                assert!(!named || told || frozen, "{} {what}: {finding}", folder.display());
            }
        }
    }
}

#[test]
fn quiet_ones_give_no_warning() {
    for folder in folders()
        .iter()
        .filter(|folder| folder.ends_with("01-healthy") || folder.ends_with("02-rolling-restart"))
    {
        for finding in findings(&analysis(folder, |_| true)) {
            assert_eq!(finding["severity"], "info", "{}: {finding}", folder.display());
        }
    }
}

/// The refused join that every shape of one log shows, as `cluster` tells it from that file alone.
#[test]
fn every_shape_of_a_log_says_the_same() {
    let Some(folder) = folders().into_iter().find(|folder| folder.ends_with("11-crash-loop")) else { return };
    let shapes = folder.join("shapes");
    let expected = &json(&shapes.join("expect.json"))["every_shape_of_rep_1_says"];
    let mut told = BTreeMap::new();
    for file in testimonies(&shapes).unwrap() {
        let name = file.path.split("/shapes/").last().unwrap().to_owned();
        let collection = Collection::read(&[&file], &[]);
        let cluster = Cluster::of(&collection, 3);
        let document: Value = serde_json::from_str(&ClusterDocument::of(&cluster).to_text()).unwrap();
        let all: Vec<Value> = document["volumes"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|v| v["findings"].as_array().unwrap().clone())
            .collect();
        let latest = all.iter().filter(|f| f["name"] == "join-refused").map(|f| &f["facts"]["latest"]);
        let whole = latest.filter(|latest| latest["address"] == expected["address"]).any(|latest| {
            let rest = ["rw_address", "rw_counter", "own_counter", "rw_head", "rw_chain_length", "own_head"];
            (latest["at"] == expected["at"] || latest["at"].is_null())
                && rest.iter().all(|key| latest[key] == expected[key])
        });
        let incomplete = all.iter().any(|f| f["name"] == "evidence-incomplete");
        told.insert(name, (whole, incomplete));
    }
    assert!(told.len() >= 30, "{told:?}");
    // Other replicas, another life, and the end of the line that would tell.
    let other = [
        "skewed/",
        "controller",
        "timestamps-other-zone",
        "plain-previous",
        "4.log",
        "rep-2_",
        "cut-end",
        "all-containers-no-prefix",
    ];
    for (name, (whole, incomplete)) in told {
        let part = name.contains("export-with-colours");
        if !other.iter().any(|other| name.contains(other)) && !part {
            assert!(whole, "{name} does not say what every shape of it says");
        }
        if ["cut-", "selector-tail", "pasted/"].iter().any(|cut| name.contains(cut)) {
            assert!(incomplete, "{name} does not say that it is not whole");
        }
    }
}

#[test]
fn an_unseen_replica_bears_on_the_answer_until_it_is_supplied() {
    for name in ["10-live-fourth", "11-crash-loop", "17-march"] {
        let Some(folder) = folders().into_iter().find(|folder| folder.ends_with(name)) else { return };
        let found = analysis(&folder, |_| true);
        let verdict = &found.volumes[0].verdict;
        assert!(!verdict.complete && verdict.kind != VerdictKind::Consistent, "{name}: {verdict:?}");
        assert_eq!(verdict.must_not_wipe.len(), 3, "{name}: nothing may be wiped");
        its_chain_is_drawn(&found);
        let mut inputs: Vec<Input> = Vec::new();
        for directory in [folder.clone(), folder.join("unseen")] {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let file = path.file_name().unwrap().to_string_lossy().into_owned();
                if file.ends_with(".tar.zst") || file.ends_with(".log.gz") {
                    inputs.push(Input { label: None, path: InputPath::Path(path) });
                }
            }
        }
        let options = evidence::Options::new(Images::Skip);
        let mut settings = Options::default();
        settings.metadata_only = true;
        let whole = analyze(gather(&inputs, &options).unwrap(), settings, &());
        let missing =
            findings(&whole).iter().any(|f| f["name"] == "missing-replica" && f["severity"] != "info");
        assert!(!missing, "{name}: the fourth is here");
    }
}

/// What was seen of a replica that nobody supplied stands in the graph: on what is held, and beside it.
fn its_chain_is_drawn(analysis: &Analysis) {
    let document: Value = serde_json::from_str(&Document::of(analysis).to_text()).unwrap();
    let graph = &document["volumes"][0]["graph"];
    let nodes = graph["nodes"].as_array().unwrap();
    let ids: Vec<u64> = nodes.iter().map(|node| node["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..nodes.len() as u64).collect::<Vec<_>>());
    let of = |edge: &Value, end: &str| usize::try_from(edge[end].as_u64().unwrap()).unwrap();
    let seen = |at: usize| nodes[at].get("seen").is_some();
    let held = |at: usize| !nodes[at]["disks"].as_array().unwrap().is_empty();
    let edges = graph["edges"].as_array().unwrap();
    let alone = (0..nodes.len()).filter(|at| seen(*at) && !held(*at)).count();
    assert!(alone > 0, "its head is nobody's");
    let stands = edges.iter().any(|edge| seen(of(edge, "child")) && seen(of(edge, "parent")));
    assert!(stands, "its disks stand on each other");
    assert!((0..nodes.len()).all(|at| seen(at) || held(at)), "a node of nobody");
}
