//! Chains built from what lies in a directory that Jiva would not open, or opened anew over older files.

use std::path::Path;
use std::sync::Arc;

use crate::support::builder::{Drawn, judge_directories};
use crate::support::captures;
use crate::support::directory::{Body, Directory, Fill, Item};
use jivascope::blocks::{Held, MergedView, Point, between};
use jivascope::dialect::describe;
use jivascope::evidence::{self, Found, Images, Input, InputPath, MemorySource, gather};
use jivascope::finding::{CandidateHolds, Code, Facts, Severity};
use jivascope::ident::Label;
use jivascope::lineage::rescue::candidates;
use jivascope::replica::{Replica, State};

fn replica(archive: &Path, label: &str) -> Replica {
    let input = Input { label: Some(label.to_owned()), path: InputPath::Path(archive.to_owned()) };
    let images = Images::Spool { dir: None, limit: 1 << 30 };
    let evidence = gather(&[input], &evidence::Options::new(images)).unwrap();
    describe(&evidence.replicas[0])
}

fn bytes(view: &MergedView) -> Vec<u8> {
    let mut bytes = vec![0; view.size() as usize];
    view.read_at(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn a_directory_whose_volume_meta_is_gone_gives_its_whole_view_back() {
    let Some(captures) = captures("rescue from recorded directories") else { return };
    let untouched = replica(&captures.join("damaged/untouched.tar.zst"), "untouched");
    let truth = bytes(&MergedView::live(&untouched).unwrap());
    for name in [
        "volume-meta-empty",
        "volume-meta-cut",
        "volume-meta-missing",
        "volume-meta-no-head",
        "head-record-missing",
        "head-record-cut",
    ] {
        let damaged = replica(&captures.join(format!("damaged/{name}.tar.zst")), name);
        // A head without a record is placed by what volume.meta still says.
        let found = candidates(&damaged, std::slice::from_ref(&untouched));
        let first = &found.first().unwrap_or_else(|| panic!("{name}: no candidate"));
        assert!(first.complete && first.name == "candidate-1", "{name}: {first:?}");
        assert_eq!(first.chain, untouched.chain, "{name}");
        assert!(bytes(&MergedView::of_candidate(&damaged, first).unwrap()) == truth, "{name}");
    }
    assert!(candidates(&untouched, &[]).is_empty());
}

#[test]
fn a_missing_record_is_taken_from_a_peer_and_said_so() {
    let Some(captures) = captures("rescue from recorded directories") else { return };
    let untouched = replica(&captures.join("damaged/untouched.tar.zst"), "untouched");
    let damaged = replica(&captures.join("damaged/snapshot-record-missing.tar.zst"), "damaged");
    assert_eq!(damaged.state, State::Broken);
    let alone = candidates(&damaged, &[]);
    assert!(
        alone.iter().all(|candidate| !candidate.complete || candidate.chain.len() < untouched.chain.len())
    );
    let found = candidates(&damaged, std::slice::from_ref(&untouched));
    assert_eq!(found[0].chain, untouched.chain);
    assert!(
        found[0].reasons.iter().any(|text| text.contains("is taken from untouched")),
        "{:?}",
        found[0].reasons
    );
}

/// 10: a replica that lost its volume.meta and was started is empty; all its data lie beside the new head.
#[test]
fn what_a_re_initialised_replica_held_is_found_among_its_orphans() {
    let Some(captures) = captures("rescue from recorded directories") else { return };
    let dir = captures.join("10-blank-wins");
    let blank = replica(&dir.join("rep-3.tar.zst"), "rep-3");
    let peer = replica(&dir.join("rep-1.tar.zst"), "rep-1");
    let truth = bytes(&MergedView::live(&peer).unwrap());
    let found = candidates(&blank, std::slice::from_ref(&peer));
    assert!(found[0].complete, "{found:?}");
    assert!(bytes(&MergedView::of_candidate(&blank, &found[0]).unwrap()) == truth);
}

/// The incident of 2026-07-13: volume.meta names a head that is not there, eleven snapshots lie about.
#[test]
fn orphan_snapshots_without_a_head_give_a_chain_that_says_what_it_lacks() {
    let mut source = MemorySource::new()
        .file("volume.meta", br#"{"Size":65536,"Head":"volume-head-017.img","Dirty":true,"Rebuilding":false,"Parent":"volume-snap-s11.img","SectorSize":512,"BackingFileName":"","CloneStatus":"NA","Checkpoint":"","RevisionCounter":110,"UUID":"x"}"#.to_vec())
        .file("revision.counter", b"115".to_vec());
    for at in 1..=11u64 {
        let parent = if at == 1 { String::new() } else { format!("volume-snap-s{}.img", at - 1) };
        let record = format!(
            "{{\"Name\":\"volume-snap-s{at}.img\",\"Parent\":\"{parent}\",\"Removed\":false,\"UserCreated\":false,\
             \"Created\":\"2026-07-{at:02}T00:00:00Z\",\"RevisionCounter\":{}}}\n",
            at * 10
        );
        source = source
            .image(&format!("volume-snap-s{at}.img"), 65536, [(at * 4096, vec![at as u8; 4096])])
            .file(&format!("volume-snap-s{at}.img.meta"), record.into_bytes());
    }
    let found = Found {
        label: Label::from("rep-1"),
        path: "memory".to_owned(),
        input: 0,
        source: Arc::new(source),
        labelled: true,
        volume: None,
        damage: Vec::new(),
    };
    let replica = describe(&found);
    assert_eq!(
        replica.error.as_ref().map(ToString::to_string).as_deref(),
        Some("link openebs/volume-head-017.img openebs/volume-snap-000.img: no such file or directory")
    );
    let found = candidates(&replica, &[]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].chain.len(), found[0].complete), (11, true));
    assert!(found[0].reasons.iter().any(|text| text.contains("there is no head over volume-snap-s11.img")));
    let view = bytes(&MergedView::of_candidate(&replica, &found[0]).unwrap());
    assert!((1..=11).all(|at| view[at * 4096] == at as u8));
}

/// A joiner that died between an image and its record: Jiva cannot open it, and its record is with the other side.
fn cut_between_image_and_record(own: Option<u64>) -> (Directory, Directory) {
    let mut good = Drawn::draw("s1:10{0-9} s2:20{10-19} head3:20{20-22} now=23 cp=s1");
    let mut cut = Drawn::draw("s1:10{0-9} s2:20{10-19} head3:20 now=20 cp=s1");
    // Zeros of their own, so that the copies are known to be faithful.
    for drawn in [&mut good, &mut cut] {
        drawn.chain[1].blocks.insert(30, Fill::Zeros);
    }
    good.chain[2].blocks.insert(31, Fill::Zeros);
    // What came over while it joined: equal to what the other side wrote.
    for block in [20, 31] {
        let fill = good.chain[2].blocks[&block].clone();
        cut.chain[2].blocks.insert(block, fill);
    }
    if let Some(block) = own {
        cut.chain[2] = cut.chain[2].clone().store([block], "own");
    }
    let mut cut = cut.directory();
    cut.remove("volume-snap-s2.img.meta");
    (good.directory(), cut)
}

#[test]
fn a_candidate_is_looked_at_by_its_name() {
    let (good, cut) = cut_between_image_and_record(None);
    let volume = judge_directories(&[good, cut], false).volumes.remove(0);
    let point = Point::parse("b@candidate-1", &volume.replicas).unwrap();
    assert_eq!(point.name(), "b@candidate-1");
    let other = Point::parse("a@s2", &volume.replicas).unwrap();
    assert_eq!(between(&point, &other, None, &()).unwrap().blocks(), 1);
    let live = Point::parse("a", &volume.replicas).unwrap();
    let apart = between(&point, &live, None, &()).unwrap();
    assert_eq!(apart.blocks(), 2);
    assert!(
        apart.ranges.iter().all(|range| range.b.is_some_and(|disk| disk.as_str() == "volume-head-003.img"))
    );
    for (text, told) in [
        ("b@candidate-2", "b has no disk candidate-2 (available: candidate-1"),
        ("a@candidate-1", "a has no disk"),
    ] {
        let error = Point::parse(text, &volume.replicas).unwrap_err().to_string();
        assert!(error.starts_with(told), "{error}");
    }
}

#[test]
fn a_candidate_that_holds_nothing_of_its_own_frees_its_directory() {
    let (good, cut) = cut_between_image_and_record(None);
    let volume = judge_directories(&[good.clone(), good.clone(), cut], false).volumes.remove(0);
    let rescued = &volume.rescued[&Label::from("c")];
    assert_eq!(rescued.held_by(&Label::from("a")), Held::Proven, "{rescued:?}");
    let candidate = &volume.candidates[&Label::from("c")][0];
    assert_eq!(candidate.donors.len(), 1);
    assert_eq!(candidate.donors[0].replica.as_str(), "a");
    assert!(!volume.verdict.must_not_wipe.contains(&Label::from("c")), "{:?}", volume.verdict);
    let told = volume.findings.iter().find(|finding| finding.code() == Code::RescueCandidates).unwrap();
    assert_eq!(told.severity(), Severity::Warning);
    let Facts::RescueCandidates { likeliest, compared, .. } = &told.facts else { unreachable!() };
    assert_eq!(likeliest.name, "c@candidate-1");
    assert_eq!(likeliest.records_elsewhere[0].disk.as_str(), "volume-snap-s2.img");
    assert_eq!(likeliest.records_elsewhere[0].replica.as_str(), "a");
    assert!(compared.iter().all(|one| one.holds == CandidateHolds::Nothing) && !compared.is_empty());
}

#[test]
fn a_candidate_with_something_of_its_own_does_not() {
    for block in [21, 40] {
        let (good, cut) = cut_between_image_and_record(Some(block));
        let volume = judge_directories(&[good.clone(), good, cut], false).volumes.remove(0);
        let held = volume.rescued[&Label::from("c")].held_by(&Label::from("a"));
        assert!(held < Held::Proven, "block {block}: {held:?}");
        assert!(volume.verdict.must_not_wipe.contains(&Label::from("c")), "block {block}");
    }
}

#[test]
fn data_outside_every_candidate_keep_a_directory() {
    let (good, mut cut) = cut_between_image_and_record(None);
    // Two images whose records form a circle belong to no chain.
    for (name, parent) in [("x", "y"), ("y", "x")] {
        let record = format!(r#"{{"Name":"volume-snap-{name}.img","Parent":"volume-snap-{parent}.img"}}"#);
        cut.put(&format!("volume-snap-{name}.img.meta"), record);
        let image = Item {
            body: Body::Sparse(64 * 4096, [(50, Fill::Text("circle".to_owned()))].into()),
            mode: 0o644,
            modified: 1_600_000_000,
        };
        cut.files.insert(format!("volume-snap-{name}.img"), image);
    }
    let volume = judge_directories(&[good.clone(), good, cut], false).volumes.remove(0);
    let rescued = &volume.rescued[&Label::from("c")];
    assert_eq!(rescued.outside.len(), 2, "{:?}", rescued.outside);
    assert_eq!(rescued.held_by(&Label::from("a")), Held::No);
    assert!(volume.verdict.must_not_wipe.contains(&Label::from("c")));
}
