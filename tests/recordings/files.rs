//! Recordings with an ext4 inside: files, sizes and sums of every replica, and what each choice loses in files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::{captures, collect, labelled};
use jivascope::analysis::{self, Options};
use jivascope::blocks::MergedView;
use jivascope::filesystem::{Contents, FileKind, Files};
use serde_json::Value;

/// The recordings that say what their files are.
fn recorded() -> Option<Vec<PathBuf>> {
    let first = captures("files of recordings")?;
    let second = std::env::var_os("JIVASCOPE_CAPTURES_2")
        .map_or_else(|| first.parent().unwrap().join("captures-2"), PathBuf::from);
    let list = ["37-files-stale", "38-files-split-brain", "39-files-power-cut"].map(|name| first.join(name));
    Some(list.into_iter().chain([second.join("made/files-same-database")]).collect())
}

fn judged(folder: &Path) -> analysis::Analysis {
    let inputs: Vec<_> = ["rep-1", "rep-2", "rep-3"]
        .map(|label| labelled(label, folder.join(format!("{label}.tar.zst"))))
        .to_vec();
    analysis::analyze(collect(&inputs).unwrap(), Options::default(), &())
}

#[test]
fn files_sizes_and_sums_are_those_that_were_recorded() {
    let Some(folders) = recorded() else { return };
    let mut replicas = 0;
    for folder in &folders {
        let text = std::fs::read_to_string(folder.join("files.json")).unwrap();
        let truth: Value = serde_json::from_str(&text).unwrap();
        let analysis = judged(folder);
        for replica in &analysis.volumes[0].replicas {
            let view = MergedView::live(replica).unwrap();
            let contents = Contents::of(&view);
            let files = Files::open(&view, contents.only().unwrap()).unwrap();
            let tree = files.all().unwrap();
            assert!(tree.complete, "{:?}", tree.remarks);
            let regular = tree.entries.iter().filter(|entry| entry.kind == FileKind::File);
            let mine: BTreeMap<String, Value> = regular
                .map(|entry| {
                    let sum = files.sha256(entry).unwrap();
                    (entry.name(), serde_json::json!({"size": entry.size, "sha256": sum}))
                })
                .collect();
            let wanted = &truth[replica.label.as_str()]["files"];
            assert_eq!(
                serde_json::to_value(&mine).unwrap(),
                *wanted,
                "{}: {}",
                folder.display(),
                replica.label
            );
            replicas += 1;
        }
    }
    assert_eq!(replicas, 12);
}

#[test]
fn what_each_choice_loses_is_named_in_files() {
    let Some(folders) = recorded() else { return };
    for (at, own) in [(1, true), (3, false)] {
        let analysis = judged(&folders[at]);
        let losses = &analysis.volumes[0].file_losses;
        for (keep, lost, only) in
            [("rep-1", "rep-2", "logs/only-2.txt"), ("rep-2", "rep-1", "logs/only-1.txt")]
        {
            let loss =
                losses.iter().find(|one| one.keep.as_str() == keep && one.lost.as_str() == lost).unwrap();
            let named: Vec<String> =
                loss.loss.as_ref().unwrap().files.iter().map(|file| file.entry.name()).collect();
            let expected = if own { vec!["config/app.db", only] } else { vec!["config/app.db"] };
            assert_eq!(named, expected, "{keep}, {lost}");
        }
    }
}
