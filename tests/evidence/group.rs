//! Which directories are one volume: by names, by shared snapshots, and by what tells a clone from its source.

use std::sync::Arc;

use crate::support::builder::Drawn;
use jivascope::dialect::describe;
use jivascope::evidence::Found;
use jivascope::finding::ApartBy;
use jivascope::ident::Label;
use jivascope::lineage::{Group, group};

/// A directory: its label, the volume's name in its path, its CloneStatus, its UUID, its chain.
///
/// In a chain `A` to `F` stand for automatic snapshots, whose names are UUIDs.
#[derive(Clone)]
struct Dir {
    label: String,
    volume: Option<&'static str>,
    status: Option<&'static str>,
    uuid: Option<String>,
    chain: &'static str,
    labelled: bool,
}

fn dir(label: &str, volume: Option<&'static str>, status: &'static str, chain: &'static str) -> Dir {
    Dir { label: label.to_owned(), volume, status: Some(status), uuid: None, chain, labelled: false }
}

/// One directory of each name of a list `pvc-a pvc-b`, labelled after it; equal names get numbers.
fn each(volumes: &[&'static str], status: &'static str, chain: &'static str) -> Vec<Dir> {
    let all = volumes.iter().enumerate();
    all.map(|(at, volume)| dir(&format!("{volume}.{at}"), Some(volume), status, chain)).collect()
}

fn found(dir: &Dir) -> Found {
    let word = |word: &str| match word.as_bytes() {
        [letter @ b'A'..=b'F', rest @ ..] => {
            let number = letter - b'A' + 1;
            format!("{number:08}-1111-4111-8111-000000000000{}", String::from_utf8_lossy(rest))
        }
        _ => word.to_owned(),
    };
    let chain: Vec<String> = dir.chain.split_whitespace().map(word).collect();
    let mut drawn = Drawn::draw(&chain.join(" "));
    drawn.meta.clone_status = dir.status.map(str::to_owned);
    drawn.meta.uuid = dir.uuid.clone();
    Found {
        label: Label::new(dir.label.clone()),
        path: dir.label.clone(),
        input: 0,
        source: Arc::new(drawn.directory().source()),
        damage: Vec::new(),
        labelled: dir.labelled,
        volume: dir.volume.map(str::to_owned),
    }
}

fn groups(dirs: &[Dir]) -> Vec<Group> {
    group(dirs.iter().map(|dir| describe(&found(dir))).collect())
}

/// The labels of each group.
fn labels(groups: &[Group]) -> Vec<Vec<&str>> {
    let mut all: Vec<Vec<&str>> =
        groups.iter().map(|group| group.replicas.iter().map(|r| r.label.as_str()).collect()).collect();
    all.sort();
    all
}

const SOURCE: &str = "A:10{0-9} B:20{1} daily!:30{2} head3:30{3} now=40";
/// The source after the cloned snapshot was deleted there and merged away.
const SOURCE_WITHOUT: &str = "A:10{0-9} B:30{1,2} E:40{3} head4:40{4} now=50";
const FRESH: &str = "A:10{0-9} B:20{1} daily!:30{2} head0:30{4} now=31";
const JOINED: &str = "A:10{0-9} B:20{1} daily!:30{2} C:1{4} head1:1{5} now=20";
/// Another clone of the same snapshot.
const OTHER: &str = "A:10{0-9} B:20{1} daily!:30{2} D:1{6} head1:1{7} now=9";
/// A clone that took a snapshot of its own.
const WEEKLY: &str = "A:10{0-9} B:20{1} daily!:30{2} C:1{4} weekly!:15{5} head2:15{6} now=20";
/// A clone of that one.
const OF_CLONE: &str = "A:10{0-9} B:20{1} daily!:30{2} C:1{4} weekly!:15{5} F:1{8} head1:1{9} now=4";
const UNRELATED: &str = "s1:10{0-9} head1:10{1} now=12";

/// What it is, the directories, and the volumes by their labels.
type Row = (&'static str, Vec<Dir>, Vec<Vec<&'static str>>);

#[test]
fn directories_come_together_and_stay_apart() {
    let old = |volume: &'static str, status, chain| each(&[volume, volume, volume], status, chain);
    let some = |parts: &[Vec<Dir>]| parts.concat();
    let copy = |mut dir: Dir, uuid: &str, label: &str| {
        dir.uuid = Some(uuid.repeat(40));
        dir.label = label.to_owned();
        dir
    };
    let given = |mut dir: Dir| {
        dir.labelled = true;
        dir
    };
    let absent = |mut dir: Dir| {
        dir.status = None;
        dir
    };
    let rows: Vec<Row> = vec![
        (
            "old layout: a volume and its clone on three nodes each",
            some(&[old("pvc-a", "NA", SOURCE), old("pvc-b", "completed", JOINED)]),
            vec![vec!["pvc-a.0", "pvc-a.1", "pvc-a.2"], vec!["pvc-b.0", "pvc-b.1", "pvc-b.2"]],
        ),
        (
            "… where a later start wrote NA into the clone",
            some(&[old("pvc-a", "NA", SOURCE), old("pvc-b", "NA", JOINED)]),
            vec![vec!["pvc-a.0", "pvc-a.1", "pvc-a.2"], vec!["pvc-b.0", "pvc-b.1", "pvc-b.2"]],
        ),
        (
            "… where only one replica of the clone is here",
            some(&[old("pvc-a", "NA", SOURCE), each(&["pvc-b"], "completed", FRESH)]),
            vec![vec!["pvc-a.0", "pvc-a.1", "pvc-a.2"], vec!["pvc-b.0"]],
        ),
        (
            "… a clone that was cut off",
            some(&[old("pvc-a", "NA", SOURCE), each(&["pvc-b"], "inProgress", "head0:1 now=1 | A:10")]),
            vec![vec!["pvc-a.0", "pvc-a.1", "pvc-a.2"], vec!["pvc-b.0"]],
        ),
        (
            "… a clone that failed",
            some(&[old("pvc-a", "NA", SOURCE), each(&["pvc-b"], "error", "head0:1 now=1 | A:10")]),
            vec![vec!["pvc-a.0", "pvc-a.1", "pvc-a.2"], vec!["pvc-b.0"]],
        ),
        (
            "CSI: each replica has a name of its own",
            each(&["pvc-1", "pvc-2", "pvc-3"], "NA", SOURCE),
            vec![vec!["pvc-1.0", "pvc-2.1", "pvc-3.2"]],
        ),
        (
            "CSI: a volume and its clone",
            some(&[
                each(&["pvc-1", "pvc-2", "pvc-3"], "NA", SOURCE),
                each(&["pvc-4", "pvc-5", "pvc-6"], "completed", JOINED),
            ]),
            vec![vec!["pvc-1.0", "pvc-2.1", "pvc-3.2"], vec!["pvc-4.0", "pvc-5.1", "pvc-6.2"]],
        ),
        (
            "CSI: the source has merged away what was cloned",
            some(&[each(&["pvc-1", "pvc-2"], "NA", SOURCE_WITHOUT), each(&["pvc-4"], "completed", FRESH)]),
            vec![vec!["pvc-1.0", "pvc-2.1"], vec!["pvc-4.0"]],
        ),
        (
            "CSI: clones that share nothing above what was cloned may be two volumes",
            some(&[each(&["pvc-1"], "NA", SOURCE), each(&["pvc-4", "pvc-5"], "completed", FRESH)]),
            vec![vec!["pvc-1.0"], vec!["pvc-4.0"], vec!["pvc-5.1"]],
        ),
        (
            "CSI: two clones of one snapshot",
            some(&[
                each(&["pvc-1"], "NA", SOURCE),
                each(&["pvc-4"], "completed", JOINED),
                each(&["pvc-5"], "completed", OTHER),
            ]),
            vec![vec!["pvc-1.0"], vec!["pvc-4.0"], vec!["pvc-5.0"]],
        ),
        (
            "CSI: a newest snapshot that a user asked for may be what was cloned",
            some(&[each(&["pvc-1"], "NA", SOURCE), each(&["pvc-4", "pvc-5"], "completed", WEEKLY)]),
            vec![vec!["pvc-1.0"], vec!["pvc-4.0"], vec!["pvc-5.1"]],
        ),
        (
            "CSI: a clone of a clone",
            some(&[
                each(&["pvc-1"], "NA", SOURCE),
                each(&["pvc-4"], "completed", WEEKLY),
                each(&["pvc-5"], "completed", OF_CLONE),
            ]),
            vec![vec!["pvc-1.0"], vec!["pvc-4.0"], vec!["pvc-5.0"]],
        ),
        (
            "CSI: a replica of a clone that was made anew carries NA",
            some(&[each(&["pvc-4", "pvc-5"], "completed", JOINED), each(&["pvc-6"], "NA", JOINED)]),
            vec![vec!["pvc-4.0", "pvc-5.1", "pvc-6.0"]],
        ),
        (
            "CSI: each directory copied twice is still on one node",
            vec![
                copy(dir("", Some("pvc-1"), "NA", SOURCE), "1", "x1"),
                copy(dir("", Some("pvc-1"), "NA", SOURCE), "1", "y1"),
                copy(dir("", Some("pvc-2"), "NA", SOURCE), "2", "x2"),
                copy(dir("", Some("pvc-2"), "NA", SOURCE), "2", "y2"),
            ],
            vec![vec!["x1", "x2", "y1", "y2"]],
        ),
        (
            "versions before 0.6.0 have no CloneStatus",
            each(&["pvc-1", "pvc-2"], "NA", SOURCE).into_iter().map(absent).collect(),
            vec![vec!["pvc-1.0", "pvc-2.1"]],
        ),
        (
            "what is given with labels is one volume, whatever it says",
            vec![
                given(dir("a", Some("pvc-1"), "NA", SOURCE)),
                given(dir("b", Some("pvc-2"), "completed", FRESH)),
                given(dir("c", None, "NA", UNRELATED)),
            ],
            vec![vec!["a", "b", "c"]],
        ),
        (
            "what has no name is one volume",
            vec![dir("a", None, "NA", SOURCE), dir("b", None, "NA", SOURCE), dir("c", None, "NA", UNRELATED)],
            vec![vec!["a", "b", "c"]],
        ),
        (
            "… but not a clone beside its source",
            vec![
                dir("a", None, "NA", SOURCE),
                dir("b", None, "NA", SOURCE),
                dir("c", None, "completed", FRESH),
            ],
            vec![vec!["a", "b"], vec!["c"]],
        ),
        (
            "… and a clone beside what it shares nothing with stays",
            vec![dir("a", None, "NA", UNRELATED), dir("c", None, "completed", FRESH)],
            vec![vec!["a", "c"]],
        ),
        (
            "… nor half a clone into which nothing was copied yet",
            vec![dir("a", None, "NA", SOURCE), dir("c", None, "inProgress", "head0:1 now=1")],
            vec![vec!["a"], vec!["c"]],
        ),
        (
            "a directory that shares with two volumes makes no one of them",
            some(&[
                old("pvc-a", "NA", SOURCE),
                old("pvc-b", "NA", WEEKLY),
                vec![dir("stray", None, "NA", "A:10{0-9} B:20{1} daily!:30{2} head9:30 now=30")],
            ]),
            vec![vec!["pvc-a.0", "pvc-a.1", "pvc-a.2", "stray"], vec!["pvc-b.0", "pvc-b.1", "pvc-b.2"]],
        ),
        (
            "names that share nothing",
            some(&[each(&["pvc-1"], "NA", SOURCE), each(&["pvc-2"], "NA", UNRELATED)]),
            vec![vec!["pvc-1.0"], vec!["pvc-2.0"]],
        ),
    ];
    for (case, dirs, expected) in rows {
        let groups_of = groups(&dirs);
        assert_eq!(labels(&groups_of), expected, "{case}");
        // The order of the inputs changes nothing.
        let mut turned = dirs.clone();
        turned.reverse();
        assert_eq!(labels(&groups(&turned)), expected, "{case}, in the other order");
    }
}

#[test]
fn what_was_told_apart_is_said_on_both_sides() {
    let dirs = [each(&["pvc-1"], "NA", SOURCE), each(&["pvc-4"], "completed", FRESH)].concat();
    let groups = groups(&dirs);
    for (at, other) in [(0, "pvc-4"), (1, "pvc-1")] {
        let [apart] = &groups[at].apart[..] else { panic!("{:?}", groups[at].apart) };
        assert_eq!(apart.name, other);
        let (replica, clone_status) = (Label::from("pvc-4.0"), "completed".to_owned());
        assert_eq!(apart.why, ApartBy::Clone { replica, clone_status });
    }
    assert!(!groups[0].by_history);
}

#[test]
fn what_was_grouped_by_history_is_said() {
    let groups = groups(&each(&["pvc-1", "pvc-2"], "NA", SOURCE));
    assert!(groups[0].by_history && groups[0].apart.is_empty());
    let unnamed = [dir("a", None, "NA", UNRELATED), dir("c", None, "completed", FRESH)];
    assert!(!self::groups(&unnamed)[0].by_history, "nothing was found out here");
}
