//! One test for each recorded case in which a plain rule would give a wrong answer; its name says which.

use std::collections::BTreeSet;

use crate::support::recorded::{Capture, captures};
use jivascope::analysis::{Analysis, Volume};
use jivascope::dialect::jiva::Generation;
use jivascope::finding::Code;
use jivascope::lineage::RelationKind;
use jivascope::replica::{Flag, LastJoin, Replica, State};
use jivascope::verdict::{Confidence, Start, VerdictKind};

/// Looks at a recording twice: by metadata, and with its blocks read. Left out where it is not here.
fn told(name: &str, look: impl Fn(&Capture, &Volume, bool)) {
    let Some(capture) = captures().get(name) else { return };
    for metadata_only in [true, false] {
        let analysis: Analysis = capture.judge(&capture.labels(), metadata_only, false);
        look(capture, &analysis.volumes[0], metadata_only);
    }
}

fn replica<'a>(volume: &'a Volume, label: &str) -> &'a Replica {
    volume.replicas.iter().find(|replica| replica.label.as_str() == label).unwrap()
}

fn holders(volume: &Volume) -> Vec<&str> {
    volume.verdict.holders.iter().map(|label| label.as_str()).collect()
}

fn spared(volume: &Volume) -> BTreeSet<&str> {
    volume.verdict.must_not_wipe.iter().map(|label| label.as_str()).collect()
}

fn kind(volume: &Volume, a: &str, b: &str) -> RelationKind {
    volume.lineage.relations.iter().find(|r| r.a.as_str() == a && r.b.as_str() == b).unwrap().kind
}

fn has(volume: &Volume, code: Code, label: Option<&str>) -> bool {
    volume
        .findings
        .iter()
        .any(|f| f.code() == code && (label.is_none() || f.replica.as_ref().map(|l| l.as_str()) == label))
}

fn is(volume: &Volume, kind: VerdictKind, named: &[&str]) {
    assert_eq!(
        (volume.verdict.kind, holders(volume)),
        (kind, named.to_vec()),
        "{:?}",
        volume.verdict.reasons
    );
}

#[test]
fn half_a_rebuild_of_a_wiped_replica_is_not_taken_for_a_copy() {
    told("02-interrupted-rebuild", |_, volume, _| {
        is(volume, VerdictKind::Authoritative, &["rep-1", "rep-2"]);
        let half = replica(volume, "rep-3");
        assert!(half.flags.contains(&Flag::Rebuilding) && half.clean_tip.is_some());
    });
}

#[test]
fn half_a_catch_up_mixes_two_histories_and_its_own_writes_are_not_forgotten() {
    told("04-interrupted-catchup", |_, volume, _| {
        // All that stands against the others are blocks where they have holes, in copies that show no stored zero.
        is(volume, VerdictKind::InsufficientEvidence, &[]);
        assert_eq!(replica(volume, "rep-3").last_join, LastJoin::Unfinished);
        assert!(has(volume, Code::UnfinishedJoin, Some("rep-3")));
        assert!(spared(volume).contains("rep-3"), "it holds 3000 blocks that no other has");
        assert_eq!(kind(volume, "rep-1", "rep-2"), RelationKind::Identical);
    });
}

#[test]
fn a_split_brain_that_left_no_mark_in_the_names_is_not_called_consistent() {
    told("05-split-brain", |_, volume, _| {
        is(volume, VerdictKind::Irreconcilable, &[]);
        // By the logs the third was with both before they ran alone, so it is no way of its own.
        assert_eq!(volume.verdict.ways, Some(2));
        let (one, two) = (replica(volume, "rep-1"), replica(volume, "rep-2"));
        assert_eq!(one.chain[1..], two.chain[1..], "the names tell nothing");
        assert_eq!(one.checkpoint, two.checkpoint);
        assert_eq!(kind(volume, "rep-1", "rep-2"), RelationKind::Diverged);
    });
}

#[test]
fn a_split_brain_with_as_many_writes_on_both_sides_is_not_decided_by_equal_counters() {
    told("06-split-brain-equal-counters", |_, volume, _| {
        is(volume, VerdictKind::Irreconcilable, &[]);
        let (one, two) = (replica(volume, "rep-1"), replica(volume, "rep-2"));
        assert_eq!((one.counter, &one.chain), (two.counter, &two.chain));
        assert_eq!(kind(volume, "rep-1", "rep-2"), RelationKind::Diverged);
    });
}

#[test]
fn equal_names_that_refused_joins_leave_are_not_a_common_ancestor() {
    told("07-no-ancestor", |_, volume, _| {
        is(volume, VerdictKind::Irreconcilable, &[]);
        assert_eq!(volume.verdict.ways, Some(3));
        assert!(has(volume, Code::EqualNamesOnly, None) && has(volume, Code::NoCommonAncestor, None));
        assert!(volume.lineage.ancestors.iter().all(|ancestor| ancestor.disks.is_empty()));
        assert!(volume.lineage.witnesses.is_empty(), "the RW side of each refusal is here");
    });
}

#[test]
fn a_replica_that_nobody_collected_is_not_forgotten() {
    told("08-missing-witness", |capture, volume, _| {
        is(volume, VerdictKind::Irreconcilable, &[]);
        assert!(!volume.verdict.complete);
        assert_eq!(volume.lineage.witnesses.len(), 3);
        assert_eq!(spared(volume), capture.labels());
        assert!(
            volume.verdict.collect.iter().any(|text| text.contains("volume-head-")),
            "{:?}",
            volume.verdict.collect
        );
    });
}

#[test]
fn a_replica_whose_checkpoint_was_merged_away_elsewhere_is_behind_and_not_a_stranger() {
    told("09-checkpoint-lost", |_, volume, _| {
        is(volume, VerdictKind::Authoritative, &["rep-1", "rep-2", "rep-4"]);
        for (a, b, wanted) in
            [("rep-1", "rep-3", RelationKind::Ahead), ("rep-3", "rep-4", RelationKind::Behind)]
        {
            assert_eq!(kind(volume, a, b), wanted);
        }
    });
}

#[test]
fn an_empty_replica_with_the_old_high_counter_is_not_kept_and_its_old_files_are_spared() {
    told("10-blank-wins", |_, volume, _| {
        is(volume, VerdictKind::Authoritative, &["rep-1", "rep-2"]);
        let empty = replica(volume, "rep-3");
        assert_eq!(empty.state, State::Blank);
        assert_eq!(empty.counter, replica(volume, "rep-1").counter, "the counter tells nothing");
        assert!(
            has(volume, Code::Reinitialised, Some("rep-3")) && has(volume, Code::BlankCanWin, Some("rep-3"))
        );
        assert_eq!(volume.verdict.start, Some(Start::Unsafe));
        assert!(spared(volume).contains("rep-3"));
    });
}

#[test]
fn two_wiped_replicas_do_not_outvote_the_only_one_with_data() {
    told("11-two-blank", |_, volume, _| {
        is(volume, VerdictKind::Authoritative, &["rep-3"]);
        assert_eq!(volume.verdict.keep.as_ref().map(|label| label.as_str()), Some("rep-3"));
        assert_eq!(replica(volume, "rep-3").last_join, LastJoin::Refused);
        assert!(has(volume, Code::BlankCanWin, None));
    });
}

#[test]
fn a_majority_rebuilt_from_the_stale_replica_is_wrong() {
    told("12-majority-stale", |_, volume, _| {
        assert_eq!(kind(volume, "rep-1", "rep-2"), RelationKind::Identical, "the majority");
        is(volume, VerdictKind::Irreconcilable, &[]);
        assert!(spared(volume).contains("rep-3"), "it holds 171 blocks that the majority lacks");
    });
}

#[test]
fn a_crash_inside_a_snapshot_leaves_two_heads_of_which_one_counts() {
    told("15-snapshot-crash", |_, volume, _| {
        is(volume, VerdictKind::Authoritative, &["rep-2", "rep-3"]);
        let crashed = replica(volume, "rep-1");
        assert!(crashed.flags.contains(&Flag::HardLinked) && !crashed.flags.contains(&Flag::ChainHardLinked));
        assert!(crashed.disks.names().filter(|name| name.is_head()).count() > 1);
        assert!(
            has(volume, Code::SnapshotCrash, Some("rep-1")) && has(volume, Code::LinkLeft, Some("rep-1"))
        );
    });
}

#[test]
fn a_link_that_a_crashed_snapshot_left_does_not_part_replicas_that_are_equal_again() {
    told("16-snapshot-crash-rejoined", |_, volume, _| {
        is(volume, VerdictKind::Consistent, &["rep-1", "rep-2", "rep-3"]);
        assert!(has(volume, Code::LinkLeft, Some("rep-2")));
        let keep = volume.verdict.keep.as_ref().unwrap();
        assert_ne!(keep.as_str(), "rep-2", "of equal ones not the one with a link left behind");
        assert_eq!(volume.verdict.confidence, Confidence::Strong);
    });
}

#[test]
fn a_join_that_equal_names_would_make_accepted_is_not_taken_for_a_common_past() {
    told("17-false-acceptance", |_, volume, _| {
        is(volume, VerdictKind::Irreconcilable, &[]);
        assert_eq!(kind(volume, "rep-1", "rep-2"), RelationKind::Unrelated);
        assert!(has(volume, Code::PoisonedCheckpoint, None));
        let accepted = volume.joins.iter().any(|join| {
            matches!(join.join.outcome, jivascope::dialect::jiva::engine::Outcome::Accepted { .. })
        });
        assert!(accepted, "Jiva would take it");
    });
}

#[test]
fn chains_that_each_replica_cleaned_by_itself_have_not_diverged() {
    told("18-cleaned", |_, volume, _| {
        is(volume, VerdictKind::Consistent, &["rep-1", "rep-2", "rep-3"]);
        assert_ne!(
            replica(volume, "rep-1").chain[1..],
            replica(volume, "rep-2").chain[1..],
            "the chains differ"
        );
        assert_eq!(kind(volume, "rep-1", "rep-2"), RelationKind::Equal);
        assert!(has(volume, Code::CleanUpSkew, None) && !has(volume, Code::SilentDamage, None));
        // No image shows a stored zero of its own, so nobody can say whether the copies kept them.
        assert_eq!(volume.verdict.confidence, Confidence::Strong);
    });
}

#[test]
fn a_replica_that_is_behind_over_cleaned_chains_is_neither_equal_nor_diverged() {
    told("36-cleaned-behind", |_, volume, _| {
        is(volume, VerdictKind::Authoritative, &["rep-2", "rep-3"]);
        assert_eq!(kind(volume, "rep-1", "rep-2"), RelationKind::Behind);
        assert_eq!(kind(volume, "rep-2", "rep-3"), RelationKind::Equal);
        assert!(has(volume, Code::CleanUpSkew, None) && !has(volume, Code::SilentDamage, None));
    });
}

#[test]
fn without_checkpoints_every_join_is_accepted_and_destroys_a_lineage() {
    told("23-no-checkpoint", |_, volume, _| {
        is(volume, VerdictKind::Irreconcilable, &[]);
        assert_eq!(volume.verdict.ways, Some(3));
        assert!(volume.replicas.iter().all(|replica| replica.checkpoint.is_none()));
        let all = volume.joins.iter().all(|join| {
            matches!(join.join.outcome, jivascope::dialect::jiva::engine::Outcome::Accepted { .. })
        });
        assert!(all && has(volume, Code::RollBack, None));
        assert_eq!(volume.verdict.start, Some(Start::Unsafe));
    });
}

/// A key that an old version did not write is absent, and nothing is read into it.
#[test]
fn what_old_versions_did_not_write_is_not_read_as_empty() {
    let old = |generation: Option<Generation>| generation.is_some_and(|g| g < Generation::From2_6);
    for (name, oldest) in [
        ("24-stale-1.6.0", 3),
        ("25-upgraded-from-1.6.0", 1),
        ("26-stale-1.12.0", 3),
        ("27-upgraded-from-1.12.0", 1),
        ("28-stale-2.0.0", 3),
        ("29-upgraded-from-2.0.0", 1),
    ] {
        told(name, |_, volume, _| {
            is(volume, VerdictKind::Authoritative, &["rep-1", "rep-2"]);
            assert_eq!(kind(volume, "rep-1", "rep-3"), RelationKind::Ahead, "{name}");
            let metas = volume.replicas.iter().filter_map(|replica| replica.meta.as_ref());
            assert_eq!(metas.clone().filter(|meta| old(meta.generation())).count(), oldest, "{name}");
            for meta in metas.filter(|meta| old(meta.generation())) {
                assert_eq!(meta.uuid, None, "{name}: absent, not empty");
                let has_checkpoint = name.ends_with("2.0.0");
                assert_eq!(meta.checkpoint.is_some(), has_checkpoint, "{name}");
            }
        });
    }
}

#[test]
fn power_lost_under_load_leaves_equal_replicas_equal() {
    for name in ["30-power-cut", "31-power-cut-xfs"] {
        told(name, |_, volume, _| {
            is(volume, VerdictKind::Consistent, &["rep-1", "rep-2", "rep-3"]);
            assert!(volume.replicas.iter().all(|replica| replica.flags.contains(&Flag::Dirty)));
        });
    }
}

/// The recording's truth knows acknowledged writes that are on no replica: nothing in the directories can tell, and
/// the answer does not claim that nothing was lost before.
#[test]
fn what_a_power_cut_took_from_all_three_does_not_part_them() {
    told("32-power-cut-rejoined", |capture, volume, _| {
        is(volume, VerdictKind::Consistent, &["rep-1", "rep-2", "rep-3"]);
        let lost = &capture.truth.as_ref().unwrap()["blocks_with_an_acknowledged_write_on_no_replica"];
        assert!(lost.as_u64().unwrap() > 0);
    });
}

#[test]
fn the_one_replica_that_lost_power_is_not_kept() {
    told("33-power-cut-one", |_, volume, _| {
        is(volume, VerdictKind::Authoritative, &["rep-1", "rep-3"]);
        assert_eq!(kind(volume, "rep-1", "rep-2"), RelationKind::Ahead);
    });
}

#[test]
fn power_lost_in_a_rebuild_leaves_the_joiner_behind() {
    told("34-power-cut-in-rebuild", |_, volume, _| {
        is(volume, VerdictKind::Authoritative, &["rep-1", "rep-2"]);
        assert_eq!(kind(volume, "rep-1", "rep-3"), RelationKind::Ahead);
    });
}

/// An empty `log.info` ends the process at every start; the data are as good as ever.
#[test]
fn an_empty_log_info_does_not_make_a_replica_broken() {
    told("35-power-cut-early", |_, volume, _| {
        is(volume, VerdictKind::Consistent, &["rep-1", "rep-2", "rep-3"]);
        for (label, dies) in [("rep-1", false), ("rep-2", true), ("rep-3", true)] {
            let replica = replica(volume, label);
            assert_eq!((replica.state, &replica.error), (State::Usable, &None));
            let error = "Error running start replica command: EOF";
            assert_eq!(
                replica.start_error.as_ref().map(ToString::to_string).as_deref(),
                dies.then_some(error),
                "{label}"
            );
            assert_eq!(has(volume, Code::LogInfoUnreadable, Some(label)), dies);
        }
        assert_eq!(
            volume.verdict.keep.as_ref().map(|label| label.as_str()),
            Some("rep-1"),
            "the one that starts"
        );
        assert_eq!(volume.verdict.start, Some(Start::Stuck), "one of three starts, two make a quorum");
    });
}

#[test]
fn three_replicas_that_cannot_start_still_hold_their_data() {
    told("random/p214", |capture, volume, metadata_only| {
        assert!(volume.replicas.iter().all(|replica| replica.start_error.is_some()));
        assert!(volume.replicas.iter().all(|replica| replica.state == State::Usable));
        assert!(has(volume, Code::NothingStarts, None));
        assert_eq!(volume.verdict.start, Some(Start::Stuck));
        if metadata_only {
            assert!(holders(volume).contains(&"rep-1"));
        } else {
            is(volume, VerdictKind::Consistent, &capture.labels().into_iter().collect::<Vec<_>>());
        }
    });
}

/// Blocks that an earlier accepted rebuild left stale or zero below the shared state.
#[test]
fn blocks_lost_below_the_shared_state_are_found_and_counted_against_the_loser() {
    for (name, loser, witness, lost, named) in [
        ("random/r112", "rep-1", "rep-2", 6, &[][..]),
        ("random/r128", "rep-2", "rep-1", 9, &["rep-1"]),
        ("random/r136", "rep-2", "rep-1", 4, &["rep-1"]),
        ("random/p216", "rep-3", "rep-2", 335, &["rep-2"]),
    ] {
        told(name, |capture, volume, metadata_only| {
            let kind =
                if named.is_empty() { VerdictKind::Irreconcilable } else { VerdictKind::Authoritative };
            is(volume, kind, named);
            if metadata_only {
                return;
            }
            let relation = volume
                .lineage
                .relations
                .iter()
                .find(|relation| relation.is_between(&loser.into(), &witness.into()));
            let relation = relation.unwrap();
            let (runs, other) = if relation.a.as_str() == loser {
                (&relation.lost_a, &relation.lost_b)
            } else {
                (&relation.lost_b, &relation.lost_a)
            };
            assert_eq!((runs.blocks(), other.blocks()), (lost, 0), "{name}");
            let truth = &capture.truth.as_ref().unwrap()["pairs"];
            assert_eq!(
                truth[format!("{witness} newer than {loser}")].as_u64(),
                Some(lost),
                "{name}: by the writes"
            );
            // Told with range and layer: the one that has it, which lies in the chain of the witness.
            let finding = volume.findings.iter().find(|finding| {
                finding.code() == Code::SilentDamage
                    && finding.replica.as_ref().is_some_and(|label| label.as_str() == loser)
                    && finding
                        .evidence
                        .iter()
                        .any(|e| e.replica.as_ref().is_some_and(|l| l.as_str() == witness))
            });
            let finding = finding.unwrap_or_else(|| panic!("{name}: {:?}", volume.findings));
            let chain = &replica(volume, witness).chain;
            for exhibit in
                finding.evidence.iter().filter(|e| e.replica.as_ref().is_some_and(|l| l.as_str() == witness))
            {
                let (file, run) = (exhibit.file.as_deref().unwrap(), exhibit.bytes.unwrap());
                assert!(chain.iter().any(|disk| disk.as_str() == file), "{name}: {file} is no layer");
                let inside = runs.iter().any(|lost| lost.start <= run.start && run.end <= lost.end);
                assert!(inside, "{name}: {run:?} is not among what was lost");
            }
            assert!(!holders(volume).contains(&loser), "{name}");
            assert_ne!(
                volume.verdict.confidence,
                Confidence::Proven,
                "{name}: a hole may be a loss or zeros"
            );
        });
    }
}
