//! What Jiva would do, against what the real one did.

mod support;

use std::path::Path;

use jivascope::analysis::{self, Analysis, FinalState, Options, Row, Volume};
use jivascope::evidence::{self, Images, Input, InputPath, gather};
use jivascope::finding::Code;
use jivascope::ident::Label;
use jivascope::jiva::{self, Version};
use jivascope::verdict::Start;
use serde_json::Value;
use support::captures;
use walkdir::WalkDir;

fn evidence(dir: &Path, images: bool) -> evidence::Evidence {
    let mut inputs: Vec<Input> = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(label) = name.strip_suffix(".tar.zst") {
            inputs.push(Input { label: Some(label.to_owned()), path: InputPath::Path(path) });
        }
    }
    let images = if images { Images::Spool { dir: None, limit: 1 << 30 } } else { Images::Skip };
    gather(&inputs, &evidence::Options { images, watch: &() }).unwrap()
}

fn oracle(dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join("oracle.json")).unwrap()).unwrap()
}

/// Every recorded directory, opened by the real Jiva on a copy. In 21 a temporary file is a race of the recording.
#[test]
fn an_opening_changes_what_the_real_one_changed() {
    let Some(captures) = captures() else { return };
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in WalkDir::new(&captures).sort_by_file_name().into_iter().map(Result::unwrap) {
        if entry.file_name() != "oracle.json" {
            continue;
        }
        let dir = entry.path().parent().unwrap();
        let oracle = oracle(dir);
        let replicas = analysis::describe(&evidence(dir, false), &());
        let engine = oracle["engine"].as_str().unwrap().rsplit(' ').next().unwrap().parse().ok();
        for replica in &replicas {
            let seen = &oracle["replicas"][replica.label.as_str()]["directory_changes_by_open"];
            let Some(seen) = seen.as_array() else { continue };
            let mut seen: Vec<&str> = seen.iter().map(|name| name.as_str().unwrap()).collect();
            if dir.ends_with("21-replication-one") {
                seen.retain(|name| *name != "+volume.meta.tmp");
            }
            let foretold = jiva::opening_changes(replica, engine.unwrap_or(Version::NEWEST));
            count += 1;
            if foretold != seen {
                wrong.push(format!("{} {}: {foretold:?}, Jiva {seen:?}", dir.display(), replica.label));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 400, "{count}");
    eprintln!("openings: {count} of {count} agree");
}

fn analyze(dir: &Path, factor: usize) -> Analysis {
    let mut options = Options::default();
    options.factor = factor;
    analysis::analyze(evidence(dir, true), options, &())
}

/// The one volume of a capture.
fn capture(name: &str) -> Option<Volume> {
    let dir = captures()?.join(name);
    let mut volumes = analyze(&dir, 3).volumes;
    assert_eq!(volumes.len(), 1, "{name}");
    volumes.pop()
}

fn codes(volume: &Volume, code: Code) -> Vec<&str> {
    let of = volume.findings.iter().filter(|finding| finding.code == code);
    of.filter_map(|finding| finding.replica.as_ref()).map(Label::as_str).collect()
}

/// Rows in which this replica leads.
fn led_by<'a>(volume: &'a Volume, leader: &str) -> Vec<&'a Row> {
    volume.foretold.rows.iter().filter(|row| row.leader.as_str() == leader).collect()
}
