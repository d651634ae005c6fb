//! How deep a chain is against its limit, how fast it grows, and what its disks hold: of directories, and of running replicas
//! as logs and replies show them.

use std::fs;
use std::path::Path;

use crate::support::builder::{Drawn, Layer, image, judge_directories};
use crate::support::directory::Directory;
use jivascope::analysis::{Analysis, room};
use jivascope::evidence::testimonies;
use jivascope::finding::Severity;
use jivascope::report::cluster::{ClusterDocument, openmetrics};
use jivascope::report::json::Document;
use jivascope::report::model::{Inspection, Report};
use jivascope::witness::{Cluster, Collection};
use serde_json::Value;

const DAY: u64 = 86_400;
const START: u64 = 1_700_000_000;

/// A chain whose snapshots were made at these moments.
fn chain(moments: impl IntoIterator<Item = u64>) -> Directory {
    let mut layers: Vec<Layer> = moments
        .into_iter()
        .enumerate()
        .map(|(at, moment)| Layer::new(&image(&format!("s{at}")), Some(10 + at as i64)).at(moment))
        .collect();
    let last = layers.last().map_or(START, |layer| layer.created);
    let count = layers.len() as i64;
    layers[0] = layers[0].clone().store(0..8, "old");
    layers.push(Layer::new(&image("head1"), Some(10 + count)).at(last).store(2..6, "new"));
    Drawn::new(64 * 4096, layers).directory()
}

fn document(analysis: &Analysis) -> Value {
    serde_json::from_str(&Document::of(analysis).to_text()).unwrap()
}

fn codes(document: &Value) -> Vec<String> {
    let findings = document["volumes"][0]["findings"].as_array().unwrap();
    findings.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_chain_is_measured_against_its_limit() {
    // 21 snapshots in ten days.
    let steady = chain((0..21).map(|at| START + at * DAY / 2));
    let analysis = judge_directories(std::slice::from_ref(&steady), false);
    let document = document(&analysis);
    let replica = &document["volumes"][0]["replicas"][0];
    assert_eq!(replica["depth"]["layers"], 22);
    assert_eq!(replica["depth"]["limit"], 1024);
    assert_eq!(replica["depth"]["limit_by"], "version");
    assert_eq!(replica["depth"]["left"], 1002);
    assert_eq!(replica["depth"]["growth"]["per_day"], 2.0);
    assert_eq!(replica["depth"]["growth"]["snapshots"], 21);
    assert_eq!(replica["depth"]["days_to_limit"], 501);
    // The head hides half of what the base stores, and both store the rest alone.
    assert_eq!(replica["space"]["stored_bytes"], 12 * 4096);
    assert_eq!(replica["space"]["shown_bytes"], 8 * 4096);
    assert_eq!(replica["space"]["shadowed_bytes"], 4 * 4096);
    let disks = replica["disks"].as_array().unwrap();
    let of = |at: usize| (disks[at]["alone_bytes"].as_u64(), disks[at]["shadowed_bytes"].as_u64());
    assert_eq!(of(0), (Some(0), Some(0)));
    assert_eq!(of(disks.len() - 1), (Some(4 * 4096), Some(4 * 4096)));
    assert!(!codes(&document).iter().any(|code| ["JV020", "JV120", "JV121"].contains(&code.as_str())));
    // Nothing to worry about: the screen is not longer for it.
    assert!(Report::of(&analysis).volumes[0].depth.is_empty());
    let inspections = Inspection::of(&analysis.volumes[0].replicas, &Default::default());
    let facts = &inspections[0].facts;
    let fact = |name: &str| &facts.iter().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!(fact("chain limit"), "22 of 1024 disks, the limit of its version");
    assert!(fact("growth").starts_with("2.0 snapshots a day (21 snapshots in the chain from 2023-11-14"));
    assert!(fact("growth").ends_with("full in 501 days at that rate"));
    assert_eq!(fact("space"), "48 KiB stored, 16 KiB of it hidden by newer disks");
    let base = inspections[0].disks.last().unwrap().notes.join(", ");
    assert!(base.contains("16 KiB only here, 16 KiB hidden by newer disks"), "{base}");
}

#[test]
fn a_loop_of_snapshots_is_found_before_the_limit() {
    // A month of rest, then one attempt to rejoin after another.
    let moments =
        (0..3).map(|at| START + at * 15 * DAY).chain((0..90).map(|at| START + 30 * DAY + 600 + at * 60));
    let analysis = judge_directories(&[chain(moments)], true);
    let document = document(&analysis);
    let found: Vec<&Value> = document["volumes"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["code"] == "JV120")
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["facts"]["snapshots"], 90);
    assert_eq!(found[0]["facts"]["seconds"], 86_400);
    assert_eq!(found[0]["facts"]["days"], 10);
    let text = found[0]["text"].as_str().unwrap();
    assert!(text.contains("grew by 90 snapshots in 24 hours; at that rate it is full in 10 days"), "{text}");
    let lines = &Report::of(&analysis).volumes[0].depth;
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("a: 94 of 1024 disks; 90.0 snapshots a day (the 24 hours before 2023-12-1"),
        "{lines:?}"
    );
    // Near the limit it is one finding, the graver.
    let near = judge_directories(&[chain((0..970).map(|at| START + at * 600))], true);
    let codes = codes(&self::document(&near));
    assert!(codes.contains(&"JV020".to_owned()) && !codes.contains(&"JV120".to_owned()), "{codes:?}");
}

#[test]
fn no_rate_is_claimed_where_the_times_give_none() {
    let within_a_day = chain((0..20).map(|at| START + at * 60));
    let falling = chain([START, START + 9 * DAY, START + 2 * DAY, START + 20 * DAY]);
    for directory in [within_a_day, falling] {
        let analysis = judge_directories(&[directory], true);
        let replica = &document(&analysis)["volumes"][0]["replicas"][0];
        assert!(replica["depth"].get("growth").is_none() && replica["depth"].get("days_to_limit").is_none());
        let room = room(&analysis.volumes[0].replicas[0], None).unwrap();
        assert_eq!(room.depth.days_left(), None);
    }
}

const OWN: &str = r#"{"type":"replica","links":{"self":"http://10.0.0.7:9502/v1/replicas/1"},"state":"open",
"chain":["volume-head-003.img","volume-snap-b.img","volume-snap-a.img"],"remainsnapshots":LEFT,"replicamode":"RW",
"revisioncounter":"9","disks":{"volume-head-003.img":{"created":"2026-03-09T00:00:00Z","size":"4096"},
"volume-snap-b.img":{"created":"2026-03-09T00:00:00Z","size":"8192"},
"volume-snap-a.img":{"created":"2026-03-05T00:00:00Z","size":"12288"}}}"#;

fn log(limit: &str, disks: usize) -> String {
    let names: Vec<String> = (1..disks).map(|at| format!("volume-snap-s{at}.img")).collect();
    let line = |second: u32, text: &str| {
        format!("time=\"2026-03-09T10:00:{second:02}Z\" level=info msg=\"{text}\"\n")
    };
    [
        line(1, limit),
        line(2, "Configured logging with debug file"),
        line(3, "Setting replicaAddr: 10.0.0.9"),
        line(
            4,
            &format!("RW replica chain: [volume-head-009.img volume-snap-s1.img], cur replica chain: [volume-head-004.img {}]", names.join(" ")),
        ),
    ]
    .concat()
}

fn cluster(place: &Path, files: &[(&str, String)]) -> Cluster {
    for (name, text) in files {
        fs::write(place.join(name), text).unwrap();
    }
    let found = testimonies(place).unwrap();
    Cluster::of(&Collection::read(&found.iter().collect::<Vec<_>>(), &[]), 3)
}

#[test]
fn running_replicas_are_measured_by_replies_and_logs() {
    let place = tempfile::tempdir().unwrap();
    let files = [("own.json", OWN.replace("LEFT", "1020")), ("rep.log", log("MAX_CHAIN_LENGTH: 70", 12))];
    let found = cluster(place.path(), &files);
    let document: Value = serde_json::from_str(&ClusterDocument::of(&found).to_text()).unwrap();
    let chains = document["volumes"][0]["chains"].as_array().unwrap();
    assert_eq!(chains.len(), 2, "{chains:?}");
    let of =
        |name: &str| chains.iter().find(|one| one["replica"] == name).unwrap_or_else(|| panic!("{chains:?}"));
    let own = of("10.0.0.7");
    assert_eq!((&own["layers"], &own["limit"], &own["limit_by"]), (&3.into(), &1024.into(), &"reply".into()));
    assert_eq!(own["growth"]["per_day"], 0.25);
    assert_eq!((&own["days_to_limit"], &own["stored_bytes"]), (&4084.into(), &24_576.into()));
    let logged = of("rep");
    assert_eq!(
        (&logged["layers"], &logged["limit"], &logged["limit_by"]),
        (&12.into(), &70.into(), &"log".into())
    );
    assert!(logged.get("growth").is_none());
    assert_eq!(found.status(), Some(Severity::Danger));
    let finding = &document["volumes"][0]["findings"][0];
    assert_eq!(finding["code"], "JV121");
    assert_eq!(finding["text"], "the chain of rep has 12 of 70 layers (MAX_CHAIN_LENGTH in its log)");
    assert!(
        finding["evidence"][0]["line"] == 4
            && finding["evidence"][0]["file"].as_str().unwrap().ends_with("rep.log")
    );
    let metrics = openmetrics(&found);
    for line in [
        "jivascope_chain_layers{volume=\"\",replica=\"rep\"} 12",
        "jivascope_chain_layers_limit{volume=\"\",replica=\"rep\"} 70",
        "jivascope_chain_layers_limit{volume=\"\",replica=\"10.0.0.7\"} 1024",
        "jivascope_chain_days_to_limit{volume=\"\",replica=\"10.0.0.7\"} 4084",
        "jivascope_chain_stored_bytes{volume=\"\",replica=\"10.0.0.7\"} 24576",
    ] {
        assert!(metrics.lines().any(|have| have == line), "{line}\n{metrics}");
    }
    assert!(!metrics.contains("days_to_limit{volume=\"\",replica=\"rep\"}"));
}

#[test]
fn what_a_log_says_of_the_limit_is_not_what_its_default_is() {
    let place = tempfile::tempdir().unwrap();
    let said = "MAX_CHAIN_LENGTH env not set, default value is 512";
    let found = cluster(place.path(), &[("rep.log", log(said, 12))]);
    let document: Value = serde_json::from_str(&ClusterDocument::of(&found).to_text()).unwrap();
    let chain = &document["volumes"][0]["chains"][0];
    assert_eq!((&chain["limit"], &chain["limit_by"]), (&1024.into(), &"default".into()));
    assert_eq!(found.status(), None, "nothing is wrong");
    // A reply that says no more than what is no number of any replica.
    let hostile = OWN.replace("LEFT", "18446744073709551615");
    let other = tempfile::tempdir().unwrap();
    let found = cluster(other.path(), &[("own.json", hostile)]);
    assert!(found.volumes[0].chains[0].depth.limit.is_none());
}
