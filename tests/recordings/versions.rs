//! What old versions of Jiva do otherwise: how a join of theirs is told, who leads, what ends a process.

use std::path::Path;

use crate::support::builder::{Drawn, Layer, image, judge_directories};
use crate::support::directory::Directory;
use crate::support::{captures, collect, labelled};
use jivascope::analysis::{Options, Volume, analyze};
use jivascope::dialect::jiva::Generation;
use jivascope::dialect::jiva::engine::{Down, JoinError, Outcome};
use jivascope::evidence::Evidence;
use jivascope::ident::Version;
use jivascope::ident::{Counter, Label};
use jivascope::replica::{LastJoin, Replica, StartError};
use serde_json::Value;

const BYTES: u64 = 64 * 4096;

/// A chain as 0.6.0 to 1.5.x leave it: records without counters, snapshots that are called by the heads that they were.
/// `heads` are the numbers that the records tell, base first; the last is that of the head, whose file is `file`.
fn old(heads: &[u64], file: u64, counter: i64, rebuilding: bool) -> Drawn {
    let snapshots = heads.len() - 1;
    let layers = heads.iter().enumerate().map(|(at, head)| {
        let name = if at == snapshots { image(&format!("head{file}")) } else { image(&format!("s{at}")) };
        let mut layer = Layer::new(&name, None).store([at as u64], "all").at(1_600_000_000 + at as u64);
        layer.spelt = Some(image(&format!("head{head}")));
        layer
    });
    let mut drawn = Drawn::new(BYTES, layers.collect());
    drawn.counter = counter;
    drawn.meta.rebuilding = Some(rebuilding);
    (drawn.meta.checkpoint, drawn.meta.revision_counter, drawn.meta.uuid) = (None, None, None);
    drawn
}

fn replica<'a>(volume: &'a Volume, label: &str) -> &'a Replica {
    volume.replicas.iter().find(|replica| replica.label.as_str() == label).unwrap()
}

fn judged(directories: &[Directory]) -> Volume {
    judge_directories(directories, false).volumes.remove(0)
}

#[test]
fn a_join_without_counters_is_finished_where_the_record_of_its_snapshot_came_over() {
    for (heads, rebuilding, expected) in [
        // The other side's head was 003: its snapshot calls itself 002.
        (&[0, 1, 2, 3][..], false, LastJoin::Finished),
        // The snapshot is still the own former head, so the copying did not come that far.
        (&[0, 1, 0, 3], false, LastJoin::Unfinished),
        (&[0, 1, 0, 3], true, LastJoin::Unfinished),
        (&[0, 1, 2, 3], true, LastJoin::Unfinished),
        // Nothing came from anybody.
        (&[0, 1, 0, 1], false, LastJoin::None),
    ] {
        let volume = judged(&[
            old(&[0, 1, 2, 3], 3, 50, false).directory(),
            old(heads, 1, 50, rebuilding).directory(),
        ]);
        let joiner = replica(&volume, "b");
        assert_eq!(joiner.generation(), Some(Generation::From0_6));
        assert_eq!(joiner.last_join, expected, "{heads:?}, rebuilding {rebuilding}");
    }
}

#[test]
fn before_checkpoints_no_join_was_refused() {
    let mut drawn = Drawn::draw("s1:10{0-9} s2:20{10} head3:20 own=20 now=20 rebuilding");
    (drawn.meta.checkpoint, drawn.meta.uuid) = (None, None);
    let volume = judged(&[drawn.directory()]);
    assert_eq!(replica(&volume, "a").generation(), Some(Generation::From1_6));
    assert_eq!(replica(&volume, "a").last_join, LastJoin::Unfinished);
    drawn.meta.checkpoint = Some(String::new());
    let volume = judged(&[drawn.directory()]);
    assert_eq!(replica(&volume, "a").last_join, LastJoin::Refused);
}

/// A replica that all files came over to: its counter after the join, its own before, the other side's, and what of it
/// shows that the join ended.
#[test]
fn a_join_is_finished_only_if_its_end_left_a_mark() {
    for (what, own, theirs, now, stores, checkpoint, expected) in [
        ("it took the counter over", 20, 30, 30, false, false, LastJoin::Finished),
        ("it wrote since", 20, 30, 35, true, false, LastJoin::Finished),
        ("its own was ahead, and still stands", 40, 24, 40, true, false, LastJoin::Unfinished),
        ("its own was behind, and still stands", 20, 30, 20, true, false, LastJoin::Unfinished),
        ("all are equal", 30, 30, 30, true, false, LastJoin::Unfinished),
        ("all are equal, and all were RW", 30, 30, 30, false, true, LastJoin::Finished),
    ] {
        let mut drawn = Drawn::draw("s1:10{0-9} s2:20{10} s3:20{11} head4:20");
        drawn.chain[2].counter = Some(theirs);
        drawn.chain[2].received = true;
        drawn.chain[3].counter = Some(theirs);
        drawn.chain[3].received = true;
        drawn.chain[3].spelt = Some(image("head9"));
        if stores {
            drawn.chain[3] = drawn.chain[3].clone().store([12], "live");
        }
        drawn.counter = now;
        drawn.meta.revision_counter = Some(Counter(own));
        drawn.meta.checkpoint = Some(image(if checkpoint { "s3" } else { "s1" }));
        let volume = judged(&[drawn.directory()]);
        assert_eq!(replica(&volume, "a").last_join, expected, "{what}");
    }
}

/// At equal counters and chains nothing is copied. Blocks in the head that no counter tells of came while it joined.
#[test]
fn a_join_that_copied_nothing_is_told_by_the_head() {
    for (stores, expected) in [(false, LastJoin::Finished), (true, LastJoin::Refused)] {
        let mut drawn = Drawn::draw("s1:10{0-9} s2:20{10} s3:30{11} head4:30 now=30 own=30 cp=s1");
        drawn.chain[3].received = true;
        drawn.chain[3].spelt = Some(image("head9"));
        if stores {
            drawn.chain[3] = drawn.chain[3].clone().store([12], "live");
        }
        let volume = judged(&[drawn.directory()]);
        assert_eq!(replica(&volume, "a").last_join, expected, "blocks in the head: {stores}");
    }
}

#[test]
fn a_replica_being_rebuilt_never_leads_up_to_1_9_0() {
    let directories = [
        old(&[0, 1], 1, 50, false).directory(),
        old(&[0, 1], 1, 90, true).directory(),
        old(&[0, 1], 1, 50, false).directory(),
    ];
    let volume = judged(&directories);
    assert_eq!(volume.jiva_version, Version::new(1, 5, 0));
    assert!(volume.elections.iter().all(|election| election.leader.as_str() != "b"));
    let orders: Vec<String> =
        volume.elections.iter().map(|e| format!("{}{}", e.order[0], e.order[1])).collect();
    assert_eq!(orders, ["ab", "ac", "ba", "bc", "ca", "cb"]);
    for join in &volume.joins {
        let never = matches!(join.join.outcome, Outcome::Error(JoinError::NeverElected));
        assert_eq!(never, join.join.rw.as_str() == "b", "{:?}", join.join);
    }
    // From 1.10.0 on it clears the flag first, and its counter is the highest.
    let replicas = Evidence { inputs: Vec::new(), replicas: found(&directories) };
    let mut options = Options::default();
    options.jiva_version = Some(Version::new(1, 10, 0));
    let volume = analyze(replicas, options, &()).volumes.remove(0);
    assert!(volume.elections.iter().any(|election| election.leader.as_str() == "b"));
}

fn found(directories: &[Directory]) -> Vec<jivascope::evidence::Found> {
    let label = |label: char| Label::new(label.to_string());
    let found = |(directory, name): (&Directory, char)| jivascope::evidence::Found {
        label: label(name),
        path: name.to_string(),
        input: 0,
        source: std::sync::Arc::new(directory.source()),
        labelled: true,
        damage: Vec::new(),
        volume: None,
    };
    directories.iter().zip('a'..).map(found).collect()
}

#[test]
fn disks_without_volume_meta_end_the_process_up_to_1_12_0() {
    let mut lost = old(&[0, 1], 1, 50, false).directory();
    lost.remove("volume.meta");
    let good = old(&[0, 1], 1, 50, false).directory();
    let volume = judged(&[good.clone(), lost.clone()]);
    let error = StartError::NoVolumeMeta.to_string();
    assert_eq!(volume.down, [(Label::from("b"), error.clone())]);
    assert!(
        volume.joins.iter().all(|join| join.join.outcome
            == Outcome::Error(JoinError::Down(Down::Start(StartError::NoVolumeMeta))))
    );
    // Beside a directory of today's it begins anew.
    let volume = judged(&[Drawn::draw("s1:10{0-9} head2:20{1} now=20").directory(), lost]);
    assert!(volume.down.is_empty());
}

#[test]
fn a_left_over_probe_ends_old_processes_and_the_screen_says_which_file() {
    let mut left = old(&[0, 1], 1, 50, false).directory();
    left.put("tmpFile.tmp", "This is temp file\n");
    left.put("log.info.tmp", "");
    let volume = judged(&[left]);
    assert_eq!(replica(&volume, "a").start_error, Some(StartError::ExtentProbe));
    let mut left = Drawn::draw("s1:10{0-9} head2:20{1} now=20").directory();
    left.put("tmpFile.tmp", "This is temp file\n");
    left.put("log.info.tmp", "");
    assert_eq!(replica(&judged(&[left]), "a").start_error, None);
}

/// The second set of recordings, made with old versions: every join, when the version is told. The keys of
/// `volume.meta` alone do not tell 0.8.0 from 1.5.0.
#[test]
fn joins_of_old_versions_are_as_recorded() {
    let Some(captures) = captures("joins of old versions") else { return };
    let old = captures.join("../captures-2/old");
    if !old.is_dir() {
        crate::support::stepping::left_out("joins of old versions", "no second set of captures");
        return;
    }
    let (mut good, mut wrong) = (0, Vec::new());
    let mut folders: Vec<_> = std::fs::read_dir(&old).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let (version, _) = name.split_once('-').unwrap();
        let volume = recorded(&folder, version.parse().unwrap(), name.contains("upgraded"));
        let oracle: Value =
            serde_json::from_slice(&std::fs::read(folder.join("oracle.json")).unwrap()).unwrap();
        for want in oracle["joins"].as_array().unwrap() {
            match disagreement(&volume, want) {
                None => good += 1,
                Some(text) => wrong.push(format!("{name}: {} <- {}: {text}", want["rw"], want["wo"])),
            }
        }
    }
    // In these two the joiner tried twice, so the leader has one snapshot more, of a name that was in no directory.
    assert_eq!(
        wrong,
        [
            r#"0.8.0-healthy: "rep-1" <- "rep-3": copies 5 images, Jiva 6"#,
            r#"0.8.0-split-brain: "rep-3" <- "rep-1": copies 3 images, Jiva 4"#
        ]
    );
    assert!(good >= 120, "{good}");
}

fn recorded(folder: &Path, version: Version, upgraded: bool) -> Volume {
    let inputs: Vec<_> = ["rep-1", "rep-2", "rep-3", "rep-4"]
        .iter()
        .map(|label| (*label, folder.join(format!("{label}.tar.zst"))))
        .filter(|(_, path)| path.is_file())
        .map(|(label, path)| labelled(label, path))
        .collect();
    let mut options = Options::default();
    // Those were started by 3.6.0, which their keys show.
    options.jiva_version = (!upgraded).then_some(version);
    analyze(collect(&inputs).unwrap(), options, &()).volumes.remove(0)
}

fn disagreement(volume: &Volume, want: &Value) -> Option<String> {
    let side = |key: &str, label: &Label| want[key].as_str() == Some(label.as_str());
    let ours = volume.joins.iter().find(|j| side("rw", &j.join.rw) && side("wo", &j.join.wo)).unwrap();
    let Outcome::Accepted { copied, .. } = &ours.join.outcome else {
        return (want["accepted"] == true).then(|| format!("{:?}", ours.join.outcome));
    };
    if want["accepted"] != true {
        return Some(format!("accepted, Jiva {}", want["message"]));
    }
    let images = |name: &&Value| !name.as_str().unwrap().ends_with(".meta");
    let theirs = want["synced"].as_array().map_or(0, |files| files.iter().filter(images).count());
    if copied.len() != theirs {
        return Some(format!("copies {} images, Jiva {theirs}", copied.len()));
    }
    let differing = want["wo_blocks_differing_from_rw_after"].as_u64();
    let changed = want["wo_view_blocks_changed_by_join"].as_u64();
    let same = |ours: Option<u64>, theirs: Option<u64>| theirs.is_none() || ours == theirs;
    (!same(ours.differing, differing) || !same(ours.changed, changed))
        .then(|| format!("{:?} and {:?}, Jiva {differing:?} and {changed:?}", ours.differing, ours.changed))
}
