//! Histories drawn by hand: what two or three chains share, where they part, and who lacks what.
//!
//! The signs of a drawing are explained in `support/builder.rs`.

use std::collections::BTreeMap;

use crate::support::builder::{image, judge};
use jivascope::analysis::Volume;
use jivascope::finding::Code;
use jivascope::lineage::{Doubt, Relation, RelationKind, Stop};
use jivascope::verdict::{Confidence, VerdictKind};

use RelationKind::{Ahead, Behind, Diverged, Equal, Identical, Unrelated};

/// Two replicas of three.
struct Pair {
    what: &'static str,
    a: &'static str,
    b: &'static str,
    /// The newest shared state, by extents and by blocks.
    ancestor: [&'static str; 2],
    /// What a is to b, by extents and by blocks.
    kind: [RelationKind; 2],
    /// Who holds everything, once the blocks are read.
    holders: &'static str,
}

const PAIRS: &[Pair] = &[
    Pair {
        what: "one history",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20-22} now=23 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{20-22} now=23 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Identical, Identical],
        holders: "ab",
    },
    Pair {
        what: "head numbers are nobody's business",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20-22@h} now=23 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head977:20{20-22@h} now=23 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Identical, Identical],
        holders: "ab",
    },
    Pair {
        what: "an earlier point of the same timeline: fewer writes, over blocks that the other wrote too",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20-22} now=23 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{20@before} now=21 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "a lone write behind a lower counter is no earlier point",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20-22} now=23 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{20@before,40} now=22 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "a snapshot of its own is no earlier point either, whatever the counters say",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20-22} now=30 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} own:22{20@own} head4:22 now=22 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "a lone run over blocks that the others wrote too, past the snapshot that they took without it",
        a: "s1:10{0-9} s2:20{10-19} t3:22{20-22} head4:22{23} now=30 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{20@lone} now=25 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "one write past that snapshot may be the one that was in flight",
        a: "s1:10{0-9} s2:20{10-19} t3:22{20-22} head4:22{23} now=30 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{20@before} now=23 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "killed while joining, after the snapshot and before the head record came: what lies above is the other's",
        a: "s1:10{0-9} s2:20{10-19} u3:28{20-22} head4:28{23} now=30 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} u3:22{20@before} head4:22{23} now=22 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "killed so after a lone run",
        a: "s1:10{0-9} s2:20{10-19} t3:22{20-22} u4:28{20} head5:28{23} now=30 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} u4:25{20@lone} head4:25{23} now=25 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "a snapshot of its own that nothing was written after, and the other went on no earlier than that",
        a: "s1:10{0-9} s2:20{10-19} t3:22{20-22} head4:22{23} now=30 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} own:22{20@before} head4:22 now=22 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "a snapshot of its own that something was written after",
        a: "s1:10{0-9} s2:20{10-19} t3:22{20-22} head4:22{23} now=30 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} own:22{20@before} head4:22{21@own} now=23 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "two lone runs of as many writes over other blocks",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20-22} now=23 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{30-32} now=23 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "two lone runs of as many writes over the same blocks: extents cannot show them, blocks do",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20,22,24} now=23 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{20@x,22@x,24@x} now=23 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Identical, Diverged],
        holders: "",
    },
    Pair {
        what: "histories part below the tips",
        a: "s1:10{0-9} s2:20{10-19} head3:20 now=20 cp=s1",
        b: "s1:10{0-9} t2:20{30-39} head3:20 now=20 cp=s1",
        ancestor: ["s1", "s1"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "clean-up merged s2 into s1, which took its counter",
        a: "s0:5 +9 s1:10{0-9} s2:20{10-19} s3:30{30-39} head4:30{50} now=33 cp=s3",
        b: "s0:5 +9 s1:20~10{0-9,10-19@s2} s3:30{30-39} head4:30{50} now=33 cp=s3",
        ancestor: ["s3", "s3"],
        kind: [Equal, Equal],
        holders: "ab",
    },
    Pair {
        what: "clean-up on one side, and it is behind",
        a: "s0:5 +9 s1:10{0-9} s2:20{10-19} s3:30{30-39} head4:30{50-52} now=33 cp=s3",
        b: "s0:5 +9 s1:20~10{0-9,10-19@s2} s3:30{30-39} head4:30 now=30 cp=s3",
        ancestor: ["s3", "s3"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "both cleaned up, each something else",
        a: "s0:5 +9 s1:20~10{0-9,10-19@s2} s3:30{30-39} s4:40{40-41} s5:50 head6:50 now=50 cp=s5",
        b: "s0:5 +9 s1:10{0-9} s2:30~20{10-19,30-39@s3} s4:40{40-41} s5:50 head6:50 now=50 cp=s5",
        ancestor: ["s5", "s5"],
        kind: [Equal, Equal],
        holders: "ab",
    },
    Pair {
        what: "both cleaned up, each something else, and one is behind",
        a: "s0:5 +9 s1:20~10{0-9,10-19@s2} s3:30{30-39} s4:40{40-41} s5:50 head6:50{7} now=51 cp=s5",
        b: "s0:5 +9 s1:10{0-9} s2:30~20{10-19,30-39@s3} s4:40{40-41} s5:50 head6:50 now=50 cp=s5",
        ancestor: ["s5", "s5"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "a user's snapshot is never merged away, so the histories parted below it",
        a: "s1:10{0-9} s2!:20{10-19} s3:30{30-39} head4:30 now=30 cp=s3",
        b: "s1:10{0-9} s3:30{30-39} head4:30 now=30 cp=s3",
        ancestor: ["s1", "s1"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "above the other's Checkpoint nothing is merged away",
        a: "s1:10{0-9} s2:20{10-19} s3:30{30-39} head4:30 now=30 cp=s1",
        b: "s1:10{0-9} s3:30{30-39,44} head4:30 now=30 cp=s1",
        ancestor: ["s1", "s1"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "one name with two counters is no shared state",
        a: "s1:10{0-9} s2:20{10-19} head3:20 now=20 cp=s1",
        b: "s1:10{0-9} s2:25~20{30-39} head3:25 now=25 cp=s1",
        ancestor: ["s1", "s1"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "names of refused joins over unrelated pasts",
        a: "s1:10{0-9} s2:20{10-19} u1:30{20-22} u2:30 head5=head9/u2:77 now=30 cp=s2 rebuilding",
        b: "t1:12{0-9} t2:40{30-39} u1:60{40-42} u2:77{43} head9:77 now=80 cp=t2",
        ancestor: ["", ""],
        kind: [Unrelated, Unrelated],
        holders: "",
    },
    Pair {
        what: "names of refused joins above one past",
        a: "s1:10{0-9} s2:20{10-19} u1:30{20-22} u2:30 head5=head9/u2:77 now=30 cp=s2 rebuilding",
        b: "s1:10{0-9} t2:40{30-39} u1:60{40-42} u2:77{43} head9:77 now=80 cp=t2",
        ancestor: ["s1", "s1"],
        kind: [Diverged, Diverged],
        holders: "",
    },
    Pair {
        what: "what was received while joining is no part of the joiner's own state, and not lost either",
        a: "s1:10{0-9} s2:20{10-19} u1:20 u2:20{45@live} head5=head9/u2:77 now=20 cp=s2 rebuilding",
        b: "s1:10{0-9} s2:20{10-19} u1:60{40-42} u2:77{43} head9:77{45@live} now=80 cp=s1",
        ancestor: ["s2", "s2"],
        kind: [Behind, Behind],
        holders: "b",
    },
    Pair {
        what: "a snapshot from before the first write got its counter at some opening, another on each side",
        a: "s0:44~5 s1:10{0-9} s2:20{10-19} head3:20 now=20 cp=s2",
        b: "s0:57~5 s1:10{0-9} s2:20{10-19} head3:20 now=20 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Identical, Identical],
        holders: "ab",
    },
    Pair {
        what: "old versions count nothing in their records",
        a: "s1{0-9} s2{10-19} head3{20} now=20",
        b: "s1{0-9} s2{10-19} head3{20} now=20",
        ancestor: ["s2", "s2"],
        kind: [Identical, Identical],
        holders: "ab",
    },
    Pair {
        what: "blocks lost below the shared state",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20} now=21 cp=s2",
        b: "s1:10{0-9} s2:20{10-14} head3:20{20} now=21 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "older data stand where the newer were lost",
        a: "s1:10{0-9,15@s1} s2:20{10-19} head3:20{20} now=21 cp=s2",
        b: "s1:10{0-9,15@s1} s2:20{10-14,16-19} head3:20{20} now=21 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "records call it one state, and most of its blocks differ",
        a: "s1:10{0-9} s2:20{10-19} head3:20 now=20 cp=s2",
        b: "s1:10{0-9} s2:20{10-19@other} head3:20 now=20 cp=s2",
        ancestor: ["s2", "s1"],
        kind: [Identical, Diverged],
        holders: "",
    },
    Pair {
        what: "an empty replica with the highest counter",
        a: "s1:10{0-9} s2:20{10-19} head3:20 now=20 cp=s2",
        b: "head0:900 now=900",
        ancestor: ["", ""],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "stored zeros hide what lies below, and are data",
        a: "s1:10{0-9} s2:20{10-19,5z} head3:20 now=20 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20 now=20 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
    Pair {
        what: "the last write reached one side only: equal counters, one run in both heads",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20-21} now=21 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{20-21@unacknowledged} now=21 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Identical, Identical],
        holders: "ab",
    },
    Pair {
        what: "a write over a snapshot that the other lacks is not the one that was in flight when that went",
        a: "s1:10{0-9} s2:20{10-19} t3:22{20-21@unacknowledged} head4:22{20-21} now=23 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{20-21@last} now=23 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Equal, Diverged],
        holders: "",
    },
    Pair {
        what: "counters one apart: two of three make a write acknowledged, so the higher is whole",
        a: "s1:10{0-9} s2:20{10-19} head3:20{20-21} now=24 cp=s2",
        b: "s1:10{0-9} s2:20{10-19} head3:20{20,21@before} now=23 cp=s2",
        ancestor: ["s2", "s2"],
        kind: [Ahead, Ahead],
        holders: "a",
    },
];

fn between<'a>(volume: &'a Volume, a: &str, b: &str) -> &'a Relation {
    volume.lineage.between(&a.into(), &b.into()).unwrap_or_else(|| panic!("{a} and {b} are not related"))
}

fn short(name: &jivascope::ident::DiskName) -> String {
    name.short()
}

#[test]
fn pairs_are_related_as_drawn() {
    for pair in PAIRS {
        for (way, metadata_only) in [(0, true), (1, false)] {
            let analysis = judge(&[pair.a, pair.b], metadata_only);
            let volume = &analysis.volumes[0];
            let relation = between(volume, "a", "b");
            let what = format!("{} ({})", pair.what, if metadata_only { "extents" } else { "blocks" });
            let ancestor = relation.ancestor.as_ref().map_or(String::new(), |(a, _)| short(a));
            assert_eq!(ancestor, pair.ancestor[way], "{what}");
            assert_eq!(relation.kind, pair.kind[way], "{what}: {relation:?}");
            if !metadata_only {
                let named: String = volume.verdict.holders.iter().map(|label| label.as_str()).collect();
                assert_eq!(named, pair.holders, "{what}: {:?}", volume.verdict);
            }
        }
    }
}

/// The mirror image: who is a and who is b makes no difference.
#[test]
fn pairs_turned_round_are_related_the_other_way_round() {
    let turned = |kind| match kind {
        Ahead => Behind,
        Behind => Ahead,
        other => other,
    };
    for pair in PAIRS {
        for metadata_only in [true, false] {
            let (one, other) =
                (judge(&[pair.a, pair.b], metadata_only), judge(&[pair.b, pair.a], metadata_only));
            let (r, s) = (between(&one.volumes[0], "a", "b"), between(&other.volumes[0], "a", "b"));
            assert_eq!(r.kind, turned(s.kind), "{}", pair.what);
            assert_eq!((&r.newer_a, &r.newer_b), (&s.newer_b, &s.newer_a), "{}", pair.what);
            assert_eq!(
                (&r.lost_a, &r.unique_a, &r.foreign_a),
                (&s.lost_b, &s.unique_b, &s.foreign_b),
                "{}",
                pair.what
            );
            assert_eq!(r.doubts, s.doubts, "{}", pair.what);
        }
    }
}

fn find(what: &str) -> &'static Pair {
    PAIRS.iter().find(|pair| pair.what.starts_with(what)).unwrap()
}

#[test]
fn the_walk_says_why_it_stopped() {
    for (what, stop) in [
        ("names of refused joins over", Some(Stop::Base)),
        ("a user's snapshot", Some(Stop::Unmerged(image("s3").as_str().into()))),
        ("above the other's", Some(Stop::Unmerged(image("s3").as_str().into()))),
        ("one history", None),
        ("clean-up merged", None),
    ] {
        let pair = find(what);
        let analysis = judge(&[pair.a, pair.b], true);
        assert_eq!(between(&analysis.volumes[0], "a", "b").shared.stop, stop, "{what}");
    }
    let pair = find("one name with two counters");
    let analysis = judge(&[pair.a, pair.b], true);
    assert!(
        matches!(&between(&analysis.volumes[0], "a", "b").shared.stop, Some(Stop::Counters(name, ..)) if short(name) == "s2")
    );
    let pair = find("records call it one state");
    let analysis = judge(&[pair.a, pair.b], false);
    assert!(
        matches!(&between(&analysis.volumes[0], "a", "b").shared.stop, Some(Stop::Content(name)) if short(name) == "s2")
    );
}

#[test]
fn doubts_keep_a_verdict_from_being_proven() {
    for (what, doubt) in [
        ("blocks lost below", Doubt::HoleBelow),
        ("the last write reached", Doubt::OneWrite),
        ("records call it one state", Doubt::ContentContradicts),
        ("what was received", Doubt::ForeignBlocks),
        ("an earlier point", Doubt::DecidedByCounter),
    ] {
        let pair = find(what);
        let analysis = judge(&[pair.a, pair.b], false);
        let volume = &analysis.volumes[0];
        assert!(
            between(volume, "a", "b").doubts.contains(&doubt),
            "{what}: {:?}",
            between(volume, "a", "b").doubts
        );
        assert_ne!(volume.verdict.confidence, Confidence::Proven, "{what}");
    }
}

#[test]
fn blocks_count_for_the_side_that_holds_them() {
    let count = |pair: &Pair| {
        let analysis = judge(&[pair.a, pair.b], false);
        let r = between(&analysis.volumes[0], "a", "b");
        [&r.unique_a, &r.unique_b, &r.contested, &r.lost_a, &r.lost_b, &r.foreign_a].map(|runs| runs.blocks())
    };
    assert_eq!(count(find("two lone runs of as many writes over other")), [3, 3, 0, 0, 0, 0]);
    assert_eq!(count(find("two lone runs of as many writes over the same")), [0, 0, 3, 0, 0, 0]);
    assert_eq!(count(find("blocks lost below")), [0, 0, 0, 0, 5, 0]);
    assert_eq!(count(find("older data stand")), [0, 0, 0, 0, 1, 0]);
    assert_eq!(count(find("a lone write")), [2, 1, 1, 0, 0, 0]);
    assert_eq!(count(find("names of refused joins above")), [13, 14, 0, 0, 0, 0]);
}

fn names(disks: &BTreeMap<jivascope::ident::Label, jivascope::ident::DiskName>) -> String {
    disks.iter().map(|(label, disk)| format!("{label}:{}", short(disk))).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_subset_has_its_own_newest_ancestor_and_first_disks_above_it() {
    let analysis = judge(
        &[
            "s1:10{0-9} s2:20{10-19} s3:30{20-29} head4:30{50} now=31 cp=s1",
            "s1:10{0-9} s2:20{10-19} t3:30{30-39} head4:30{51} now=31 cp=s1",
            "s1:10{0-9} x2:20{40-49} head3:20{52} now=21 cp=s1",
        ],
        true,
    );
    let found: Vec<(String, String, String)> = analysis.volumes[0]
        .lineage
        .ancestors
        .iter()
        .map(|ancestor| {
            let set = ancestor.replicas.iter().map(|label| label.as_str()).collect();
            (set, names(&ancestor.disks), names(&ancestor.divergence))
        })
        .collect();
    let row = |set: &str, at: &str, above: &str| (set.to_owned(), at.to_owned(), above.to_owned());
    let mut wanted = vec![
        row("ab", "a:s2 b:s2", "a:s3 b:t3"),
        row("ac", "a:s1 c:s1", "a:s2 c:x2"),
        row("bc", "b:s1 c:s1", "b:s2 c:x2"),
        row("abc", "a:s1 b:s1 c:s1", "a:s2 b:s2 c:x2"),
    ];
    let mut found = found;
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn a_set_with_a_stranger_has_no_ancestor_and_the_others_keep_theirs() {
    let analysis = judge(
        &[
            "s1:10{0-9} head2:10{50} now=11 cp=s1",
            "s1:10{0-9} head2:10{50} now=11 cp=s1",
            "x1:10{0-9@x} head2:10{52} now=11 cp=x1",
        ],
        true,
    );
    for ancestor in &analysis.volumes[0].lineage.ancestors {
        let stranger = ancestor.replicas.iter().any(|label| label.as_str() == "c");
        assert_eq!(ancestor.disks.is_empty(), stranger, "{ancestor:?}");
    }
}

#[test]
fn a_merged_snapshot_stands_where_it_went_in_the_graph() {
    let pair = find("clean-up merged");
    let analysis = judge(&[pair.a, pair.b], true);
    let volume = &analysis.volumes[0];
    let node = |label: &str, disk: &str| {
        let replica = volume.replicas.iter().find(|replica| replica.label.as_str() == label).unwrap();
        volume.lineage.graph.node(replica, &image(disk).as_str().into()).unwrap()
    };
    assert_eq!(node("a", "s1"), node("b", "s1"));
    assert_eq!(node("a", "s3"), node("b", "s3"));
    assert_ne!(node("a", "s2"), node("a", "s1"));
    assert_ne!(node("a", "head4"), node("b", "head4"), "a head is never shared");
}

const JOINED: &str = "s1:10{0-9} s2:20{10-19} u1:30{20} head5=head9/u1:77 now=30 cp=s2 rebuilding";

#[test]
fn a_peer_whose_join_snapshot_nobody_has_is_a_missing_witness() {
    let rest = "s1:10{0-9} s2:20{10-19} head3:20{20@u1} now=30 cp=s2";
    for metadata_only in [true, false] {
        let analysis = judge(&[JOINED, rest], metadata_only);
        let volume = &analysis.volumes[0];
        let [witness] = &volume.lineage.witnesses[..] else { panic!("{:?}", volume.lineage.witnesses) };
        assert_eq!((witness.seen_by.as_str(), short(&witness.record.head)), ("a", "head-009".to_owned()));
        assert_eq!(
            (short(&witness.record.join_snapshot), witness.record.counter.map(|c| c.0)),
            ("u1".to_owned(), Some(77))
        );
        assert_eq!(witness.doubted_by, None);
        assert_eq!(volume.verdict.kind, VerdictKind::InsufficientEvidence);
        assert!(!volume.verdict.complete && !volume.verdict.holders.is_empty());
        assert!(volume.verdict.confidence < Confidence::Proven);
        assert!(volume.findings.iter().any(|finding| finding.code() == Code::MissingWitness));
    }
}

#[test]
fn a_peer_whose_join_snapshot_is_here_is_no_missing_witness_even_off_the_chain() {
    for rest in [
        "s1:10{0-9} s2:20{10-19} u1:77{40} head9:77 now=80 cp=s2",
        "s1:10{0-9} s2:20{10-19} u1:77{40} u2:90 head12:90 now=90 cp=s2",
        "s1:10{0-9} s2:20{10-19} head3:20{20@u1} now=30 cp=s2 | u1<s2:77",
    ] {
        let analysis = judge(&[JOINED, rest], true);
        assert_eq!(analysis.volumes[0].lineage.witnesses, [], "{rest}");
    }
}

#[test]
fn no_verdict_turns_on_a_peer_that_may_be_here_with_its_join_snapshot_merged_away() {
    let newer = "s1:10{0-9} s2:20{10-19} s9!:90{40} head12:90 now=90 cp=s9";
    let analysis = judge(&[JOINED, newer, newer], true);
    let volume = &analysis.volumes[0];
    assert_eq!(volume.lineage.witnesses.len(), 1);
    assert_eq!(volume.lineage.witnesses[0].doubted_by.as_ref().map(|label| label.as_str()), Some("b"));
    assert!(volume.findings.iter().any(|finding| finding.code() == Code::WitnessInDoubt));
    assert!(!volume.findings.iter().any(|finding| finding.code() == Code::MissingWitness));
    let without = judge(&["s1:10{0-9} s2:20{10-19} head3:20{20@u1} now=30 cp=s2", newer, newer], true);
    assert_eq!(volume.verdict.kind, without.volumes[0].verdict.kind);
}

#[test]
fn a_checkpoint_moved_by_two_of_three_is_a_mark_against_equal_counters() {
    let run = "s1:10{0-9} s2:20{10-19} s3:20 head4:20{20,30} now=22 cp=s3";
    let third = "s1:10{0-9} s2:20{10-19} head3:20 now=20 cp=s2";
    let analysis = judge(&[run, run, third], true);
    let volume = &analysis.volumes[0];
    assert!(volume.findings.iter().any(|finding| finding.code() == Code::CheckpointByFewer));
    assert_eq!(volume.verdict.confidence, Confidence::Weak);
    // The blocks settle it.
    let other = "s1:10{0-9} s2:20{10-19} s3:20 head4:20{20@lone,30@lone} now=22 cp=s3";
    assert_eq!(judge(&[run, run, third], false).volumes[0].verdict.kind, VerdictKind::Authoritative);
    assert_eq!(judge(&[run, other, third], false).volumes[0].verdict.kind, VerdictKind::Irreconcilable);
}

#[test]
fn three_refused_replicas_of_one_checkpoint_need_no_witness() {
    let refused = |label: &str, number: u32| {
        format!(
            "s1:10{{0-9}} s2:20{{10-19}} {label}:30{{20@own}} head{number}=head9/{label}:77 now=30 cp=s2 rebuilding"
        )
    };
    let drawings = [refused("u1", 5), refused("u2", 6), refused("u3", 7)];
    let drawings: Vec<&str> = drawings.iter().map(String::as_str).collect();
    for metadata_only in [true, false] {
        let analysis = judge(&drawings, metadata_only);
        let verdict = &analysis.volumes[0].verdict;
        assert_eq!(
            (verdict.kind, verdict.confidence),
            (VerdictKind::Consistent, Confidence::Strong),
            "{verdict:?}"
        );
        assert_eq!(verdict.holders.len(), 3);
    }
    // One fewer, and it could have been the third.
    assert_eq!(judge(&drawings[..2], true).volumes[0].verdict.kind, VerdictKind::InsufficientEvidence);
}
