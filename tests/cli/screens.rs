//! The screens: what a person sees, in 80 columns, without anything that moves the cursor.
#![cfg(feature = "cli")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::cli::{archives, captures, folders, program, run};
use jivascope::analysis::{self, Analysis, Options};
use jivascope::evidence::{Images, Input, InputPath, gather};
use jivascope::report::documents::{GraphDocument, InspectDocument};
use jivascope::report::json::Document;
use jivascope::report::text::{self, Palette, WIDTH};
use jivascope::report::{dot, explain, mermaid};
use unicode_width::UnicodeWidthStr;

fn gathered(paths: &[PathBuf]) -> jivascope::evidence::Evidence {
    let inputs: Vec<Input> =
        paths.iter().map(|path| Input { label: None, path: InputPath::Path(path.clone()) }).collect();
    gather(&inputs, &jivascope::evidence::Options::new(Images::Skip)).unwrap()
}

fn with_blocks(paths: &[PathBuf]) -> jivascope::evidence::Evidence {
    let inputs: Vec<Input> =
        paths.iter().map(|path| Input { label: None, path: InputPath::Path(path.clone()) }).collect();
    let images = Images::Spool { dir: None, limit: 1 << 30 };
    gather(&inputs, &jivascope::evidence::Options::new(images)).unwrap()
}

fn analyzed(paths: &[PathBuf]) -> Analysis {
    let mut options = Options::default();
    options.metadata_only = true;
    analysis::analyze(gathered(paths), options, &())
}

fn check_page(text: &str, width: usize, what: &str) {
    assert!(text.ends_with('\n') && !text.contains("\n\n\n"), "{what}:\n{text}");
    for line in text.lines() {
        // A word of a command that is longer than a line stays whole: somebody may paste it.
        let one_word = !line.trim().trim_end_matches(" \\").contains(' ');
        assert!(line.width() <= width || one_word, "{what}: {} columns: {line}", line.width());
        assert!(!line.chars().any(char::is_control), "{what}: {line:?}");
        assert_eq!(line, line.trim_end(), "{what}");
    }
}

/// What stands before the history: the verdict, what not to do, what to do, what is lost, who is who.
fn first_page(text: &str) -> usize {
    text.lines().take_while(|line| *line != "history, newest first").count()
}

/// The screens themselves. Read a changed one before it is accepted.
#[test]
fn screens_of_analyze() {
    let Some(captures) = captures("screens_of_analyze") else { return };
    for name in [
        "03-stale",
        "05-split-brain",
        "08-missing-witness",
        "10-blank-wins",
        "11-two-blank",
        "07-no-ancestor",
        "15-snapshot-crash",
        "19-reverted",
        "18-cleaned",
        "21-replication-one",
        "33-power-cut-one",
        "35-power-cut-early",
    ] {
        let folder = captures.join(name);
        assert!(folder.is_dir(), "{name}");
        let mut analysis = analysis::analyze(with_blocks(&archives(&folder)), Options::default(), &());
        // Commands name the inputs, which lie elsewhere on every machine.
        for input in &mut analysis.inputs {
            input.input = input.input.rsplit('/').next().unwrap_or_default().to_owned();
        }
        for width in [60, 80, 120] {
            let screen = text::analysis(&analysis, &Palette::plain().wide(width));
            check_page(&screen, width, name);
            let name = if width == WIDTH { name.to_owned() } else { format!("{name}-{width}") };
            if width == WIDTH && analysis.volumes[0].replicas.len() <= 3 {
                assert!(
                    first_page(&screen) <= 40,
                    "{name}: {} lines before the history",
                    first_page(&screen)
                );
            }
            insta::assert_snapshot!(name, screen);
        }
    }
}

#[test]
fn screens_of_inspect_and_graph() {
    let Some(captures) = captures("screens_of_inspect_and_graph") else { return };
    let folder = captures.join("15-snapshot-crash");
    // Run where the recordings are: a screen breaks its lines by the length of a path.
    let inspected = program()
        .args(["inspect", "15-snapshot-crash/rep-1.tar.zst"])
        .current_dir(&captures)
        .output()
        .unwrap();
    let shown = String::from_utf8(inspected.stdout).unwrap();
    insta::assert_snapshot!("inspect-15-snapshot-crash", shown);
    for form in ["text", "dot", "svg"] {
        let mut arguments: Vec<PathBuf> = vec!["graph".into(), "--output".into(), form.into()];
        arguments.extend(archives(&folder));
        insta::assert_snapshot!(format!("graph-15-snapshot-crash-{form}"), run(arguments).out);
    }
}

#[test]
fn every_screen_of_every_recording_is_80_columns_wide_and_its_words_are_explained() {
    let Some(captures) = captures("every_screen_of_every_recording") else { return };
    let palette = Palette::plain();
    let mut cases: Vec<Vec<PathBuf>> = folders(&captures).iter().map(|folder| archives(folder)).collect();
    cases.extend(archives(&captures.join("damaged")).into_iter().map(|path| vec![path]));
    assert!(cases.len() > 40);
    for paths in cases {
        let what = paths[0].display().to_string();
        let analysis = analyzed(&paths);
        check_page(&text::analysis(&analysis, &palette), WIDTH, &what);
        check_page(&text::graph(&analysis, false, &palette), WIDTH, &what);
        check_page(&text::graph(&analysis, true, &palette), WIDTH, &what);
        let evidence = gathered(&paths);
        let replicas = analysis::describe(&evidence, &());
        check_page(
            &text::inspect(&evidence.inputs, &replicas, &analysis::inside(&replicas), &palette),
            WIDTH,
            &what,
        );
        explained(&Document::of(&analysis).to_text(), &what);
        // The order of inputs is nobody's business.
        let mut backward = paths.clone();
        backward.reverse();
        assert_eq!(
            text::analysis(&analyzed(&backward), &palette),
            text::analysis(&analysis, &palette),
            "{what}"
        );
    }
}

/// The heads of the tables and the words of the lanes: each stands on a screen, and `explain` knows it.
#[test]
fn every_word_of_the_screen_is_explained() {
    let Some(captures) = captures("every_word_of_the_screen_is_explained") else { return };
    let screen = ["03-stale", "08-missing-witness"].map(|name| {
        text::analysis(
            &analysis::analyze(with_blocks(&archives(&captures.join(name))), Options::default(), &()),
            &Palette::plain(),
        )
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
    });
    for word in [
        "replica",
        "chain",
        "counter",
        "diverged after",
        "last rebuild",
        "state",
        "keep",
        "Checkpoint",
        "clean tip",
        "head",
        "snapshot",
        "RW",
        "rule",
    ] {
        assert!(screen.iter().any(|text| text.contains(word)), "{word} is on no screen");
        assert!(!explain::explain(word).is_empty(), "{word} is not explained");
    }
}

/// Whether `explain` knows every word with which an answer speaks.
fn explained(document: &str, what: &str) {
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let mut words: BTreeSet<String> = BTreeSet::new();
    let mut take = |value: &serde_json::Value| words.extend(value.as_str().map(str::to_owned));
    for volume in document["volumes"].as_array().unwrap() {
        for key in ["kind", "confidence", "rule", "start"] {
            take(&volume["verdict"][key]);
        }
        for replica in volume["replicas"].as_array().unwrap() {
            take(&replica["state"]);
            take(&replica["last_join"]);
            replica["flags"].as_array().unwrap().iter().for_each(&mut take);
        }
        volume["relations"].as_array().unwrap().iter().for_each(|relation| take(&relation["kind"]));
        volume["findings"].as_array().unwrap().iter().for_each(|finding| take(&finding["code"]));
    }
    for word in words {
        assert!(!explain::explain(&word).is_empty(), "{what}: {word} is not explained");
    }
}

#[test]
fn the_graph_is_the_same_in_every_form() {
    let Some(captures) = captures("the_graph_is_the_same_in_every_form") else { return };
    for folder in folders(&captures) {
        let analysis = analyzed(&archives(&folder));
        let json: serde_json::Value = serde_json::from_str(&GraphDocument::of(&analysis).to_text()).unwrap();
        let whole: serde_json::Value = serde_json::from_str(&Document::of(&analysis).to_text()).unwrap();
        let dot = dot::graph(&analysis);
        let mermaid = mermaid::graph(&analysis, true);
        let full = text::graph(&analysis, true, &Palette::plain());
        let (mut nodes, mut edges) = (0, 0);
        for (one, other) in
            json["volumes"].as_array().unwrap().iter().zip(whole["volumes"].as_array().unwrap())
        {
            assert_eq!(one["nodes"], other["graph"]["nodes"]);
            assert_eq!(one["edges"], other["graph"]["edges"]);
            // What only other witnesses saw stands in the JSON alone; drawings show its replica by itself.
            let held: BTreeSet<u64> = (one["nodes"].as_array().unwrap().iter())
                .filter(|node| !node["disks"].as_array().unwrap().is_empty())
                .map(|node| node["id"].as_u64().unwrap())
                .collect();
            let of = |edge: &serde_json::Value, end: &str| held.contains(&edge[end].as_u64().unwrap());
            nodes += held.len();
            let all = one["edges"].as_array().unwrap().iter();
            edges += all.filter(|edge| of(edge, "child") && of(edge, "parent")).count();
        }
        assert_eq!(dot.matches(" [label=").count(), nodes, "{}", folder.display());
        assert_eq!(dot.matches(" -> ").count(), edges, "{}", folder.display());
        assert_eq!(mermaid.matches("    v").count(), nodes, "{}", folder.display());
        assert_eq!(mermaid.matches(" --> ").count(), edges, "{}", folder.display());
        let rows = full.lines().filter(|line| line.starts_with("  ") && line.contains(['*', 'o', 'x']));
        // Every state has a row that begins with its sign; only lanes stand before it.
        let marked = rows.filter(|line| {
            let sign = line.trim_start_matches([' ', '│']).chars().next();
            sign.is_some_and(|sign| "*ox".contains(sign)) && !line.contains("* head   o snapshot")
        });
        assert_eq!(marked.count(), nodes, "{}\n{full}", folder.display());
    }
}

#[test]
fn inspect_tells_of_replicas_what_analyze_tells() {
    let Some(captures) = captures("inspect_tells_of_replicas_what_analyze_tells") else { return };
    let paths = archives(&captures.join("08-missing-witness"));
    let evidence = gathered(&paths);
    let replicas = analysis::describe(&evidence, &());
    let text = InspectDocument::of(&evidence.inputs, &replicas, &BTreeMap::new()).to_text();
    let inspected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let whole: serde_json::Value = serde_json::from_str(&Document::of(&analyzed(&paths)).to_text()).unwrap();
    assert_eq!(inspected["schema"], "jivascope.inspect/1");
    let pairs = inspected["replicas"]
        .as_array()
        .unwrap()
        .iter()
        .zip(whole["volumes"][0]["replicas"].as_array().unwrap());
    for (one, other) in pairs {
        // What each copy is worth too, as far as it is told without reading a block.
        assert!(one["quality"].is_string());
        for (key, value) in other.as_object().unwrap() {
            assert_eq!(&one[key], value, "{key}");
        }
        assert!(one["volume_meta"].is_object() && one["findings"].is_array());
    }
}

#[test]
fn inspect_tells_how_a_replica_was_copied() {
    let damaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures/damaged");
    for (name, word, shown) in [
        ("untouched", "unknown", "unknown: the blocks of"),
        ("holes-filled", "unknown", "unknown: the blocks of"),
        ("middle-image-missing", "defective", "defective: volume-snap-"),
    ] {
        let evidence = gathered(&[damaged.join(format!("{name}.tar.zst"))]);
        let replicas = analysis::describe(&evidence, &());
        let text = InspectDocument::of(&evidence.inputs, &replicas, &BTreeMap::new()).to_text();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["replicas"][0]["quality"], word, "{name}");
        let screen = text::inspect(&evidence.inputs, &replicas, &BTreeMap::new(), &Palette::plain());
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&format!(" copy fidelity {shown}")), "{name}:\n{screen}");
    }
}

/// A chain of hundreds of snapshots is one line.
#[test]
fn long_stretches_are_folded() {
    let dir = tempfile::tempdir().unwrap();
    chain(dir.path(), 300);
    let folded = run(["graph".as_ref(), dir.path()]);
    assert_eq!(folded.code, 0, "{}", folded.err);
    assert!(folded.out.contains("· 298 snapshots"), "{}", folded.out);
    assert!(folded.out.lines().count() < 12, "{}", folded.out);
    let full = run(["graph".as_ref(), "--full".as_ref(), dir.path()]);
    assert_eq!(full.out.lines().filter(|line| line.starts_with("  o ")).count(), 300, "{}", full.out);
}

fn chain(dir: &Path, snapshots: usize) {
    let name = |at: usize| format!("volume-snap-s{at:04}.img");
    let head = "volume-head-007.img".to_owned();
    for at in 0..=snapshots {
        let (own, parent) = (
            if at == snapshots { head.clone() } else { name(at) },
            if at == 0 { String::new() } else { name(at - 1) },
        );
        let record = format!(
            r#"{{"Name":"{own}","Parent":"{parent}","Removed":false,"UserCreated":false,"Created":"2026-03-28T04:00:00Z","RevisionCounter":{}}}"#,
            at + 2
        );
        std::fs::write(dir.join(format!("{own}.meta")), record).unwrap();
        std::fs::File::create(dir.join(own)).unwrap().set_len(1 << 20).unwrap();
    }
    std::fs::write(dir.join(name(0)), [7; 4096]).unwrap();
    std::fs::File::options().write(true).open(dir.join(name(0))).unwrap().set_len(1 << 20).unwrap();
    let meta = format!(
        r#"{{"Size":1048576,"Head":"{head}","Dirty":false,"Rebuilding":false,"Parent":"{}","SectorSize":512,"BackingFileName":"","CloneStatus":"NA","Checkpoint":"","RevisionCounter":9,"UUID":"x"}}"#,
        name(snapshots - 1)
    );
    std::fs::write(dir.join("volume.meta"), meta).unwrap();
    let mut counter = [0; 4096];
    counter[..3].copy_from_slice(b"500");
    std::fs::write(dir.join("revision.counter"), counter).unwrap();
}
