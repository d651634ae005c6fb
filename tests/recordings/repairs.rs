//! Repairs of recordings in which a file was broken on purpose: what is made gives the view that was recorded, and loses nothing.
#![allow(clippy::print_stderr)]

use std::sync::Arc;

use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::blocks::{MergedView, sha256};
use jivascope::evidence::{Evidence, Found};
use jivascope::ident::{Label, Version};
use jivascope::repair::{Change, Overlay, Repair, RepairKind, forecast, repairs};
use jivascope::replica::Replica;

use crate::support::recorded::captures;

fn with(replicas: &[Found], label: &Label, changes: &[Change]) -> Vec<Found> {
    let mut out = replicas.to_vec();
    for found in out.iter_mut().filter(|found| found.label == *label) {
        found.source = Arc::new(Overlay::new(Arc::clone(&found.source), changes));
    }
    out
}

fn judged(replicas: Vec<Found>) -> Analysis {
    analyze(Evidence { inputs: Vec::new(), replicas }, Options::default(), &())
}

fn view(replica: &Replica) -> Option<String> {
    sha256(&MergedView::live(replica).ok()?, &()).ok()
}

/// The ways in which one replica is broken, and the repair that each asks for.
fn faults(replica: &Replica) -> Vec<(RepairKind, Vec<Change>)> {
    let mut out = vec![
        (RepairKind::VolumeMeta, vec![Change::write("volume.meta", "{\"Size\":1677")]),
        (RepairKind::VolumeMeta, vec![Change::remove("volume.meta")]),
        (RepairKind::Counter, vec![Change::remove("revision.counter")]),
        (RepairKind::LogInfo, vec![Change::write("log.info", "")]),
    ];
    out.extend(
        replica.chain.iter().take(2).map(|disk| (RepairKind::Record, vec![Change::remove(disk.record())])),
    );
    if let Some(mut meta) = replica.meta.clone() {
        meta.checkpoint = Some("volume-snap-nobody.img".to_owned());
        out.push((RepairKind::Checkpoint, vec![Change::write("volume.meta", meta.to_json())]));
    }
    out
}

#[test]
fn what_is_repaired_is_what_was_recorded() {
    let (mut broken, mut proven, mut made, mut kinds) = (0, 0, 0, std::collections::BTreeSet::new());
    let share = if std::env::var("JIVASCOPE_REPAIRS").is_ok_and(|value| value == "all") { 1 } else { 5 };
    for (at, capture) in
        captures().judged().iter().filter(|capture| !capture.separate()).enumerate().step_by(share)
    {
        let whole = capture.full();
        let [volume] = &whole.volumes[..] else { continue };
        // One of each recording, in turn.
        let Some(replica) = volume.replicas.get(at / share % volume.replicas.len().max(1)) else { continue };
        let Some(wanted) = view(replica) else { continue };
        for (kind, changes) in faults(replica) {
            let name = format!("{} {} {kind}", capture.name, replica.label);
            broken += 1;
            let replicas = with(capture.replicas(), &replica.label, &changes);
            let before = judged(replicas.clone());
            let Some(volume_before) = before
                .volumes
                .iter()
                .find(|volume| Replica::among(&volume.replicas, &replica.label).is_some())
            else {
                continue;
            };
            let faulty = Replica::among(&volume_before.replicas, &replica.label).unwrap();
            let asked = repairs(volume_before, faulty).into_iter().find(|(asked, _)| *asked == kind);
            let Some((_, Ok(repair))) = asked else { continue };
            proven += 1;
            assert!(!repair.proof.is_empty(), "{name}");
            let after = judged(with(&replicas, &replica.label, &repair.changes));
            let volume_after = &after.volumes[0];
            let Ok(()) = forecast::allowed(volume_before, volume_after, &after.options, &replica.label)
            else {
                continue;
            };
            made += 1;
            kinds.insert(kind);
            let repaired = Replica::among(&volume_after.replicas, &replica.label).unwrap();
            assert_eq!(view(repaired).as_ref(), Some(&wanted), "{name}: another view");
            assert!(volume_after.starts.iter().all(|row| !row.harms()), "{name}: a start loses data");
            assert!(repaired.counter <= replica.counter, "{name}: counts more writes than there were");
            assert_eq!(repaired.chain, replica.chain, "{name}: another chain");
        }
    }
    eprintln!("repairs: {broken} faults, {proven} proven, {made} made, of {kinds:?}");
    assert!(
        broken > 20 && made >= 5 && kinds.len() >= 4,
        "{broken} faults, {proven} proven, {made} made, of {kinds:?}"
    );
}

/// One recording with a directory changed, judged as of a version: the repair of a kind, and whether it is allowed.
fn asked(
    changes: &[Change],
    kind: RepairKind,
    version: Option<Version>,
) -> (Analysis, Option<Result<Repair, String>>, Vec<Found>) {
    let capture = captures().get("01-healthy").expect("it is bundled");
    let label = capture.replicas()[0].label.clone();
    let replicas = with(capture.replicas(), &label, changes);
    let before = judged_as(replicas.clone(), version);
    let replica = Replica::among(&before.volumes[0].replicas, &label).unwrap();
    let found = repairs(&before.volumes[0], replica).into_iter().find(|(asked, _)| *asked == kind);
    (before, found.map(|(_, asked)| asked), replicas)
}

fn judged_as(replicas: Vec<Found>, version: Option<Version>) -> Analysis {
    let mut options = Options::default();
    options.jiva_version = version;
    analyze(Evidence { inputs: Vec::new(), replicas }, options, &())
}

/// The repair is made, its forecast allows it, and the view is what it was.
fn mends(before: &Analysis, replicas: &[Found], repair: &Repair, version: Option<Version>) {
    let (volume, label) = (&before.volumes[0], before.volumes[0].replicas[0].label.clone());
    let after = judged_as(with(replicas, &label, &repair.changes), version);
    let allowed = forecast::allowed(volume, &after.volumes[0], &after.options, &label);
    assert_eq!(allowed, Ok(()), "{repair:?}");
    let repaired = Replica::among(&after.volumes[0].replicas, &label).unwrap();
    let recorded = captures().get("01-healthy").unwrap().volume();
    assert_eq!(view(repaired), view(&recorded.replicas[0]));
    assert!(!repair.proof.is_empty() && after.volumes[0].starts.iter().all(|row| !row.harms()));
}

/// A next head that stores what the view holds anyway goes; one that stores something else stays.
#[test]
fn a_next_head_is_removed_only_where_it_holds_nothing_of_its_own() {
    let capture = captures().get("01-healthy").expect("it is bundled");
    let replica = &capture.volume().replicas[0];
    let number: u32 = replica.head.as_ref().unwrap().as_str()[12..15].parse().unwrap();
    let next = format!("volume-head-{:03}.img", number + 1);
    let mut block = vec![0; 4096];
    MergedView::live(replica).unwrap().read_at(0, &mut block).unwrap();
    let (before, found, replicas) = asked(&[Change::write(&next, block.clone())], RepairKind::NextHead, None);
    let repair = found.expect("it is in the way").expect("it holds nothing of its own");
    assert_eq!(repair.changes, [Change::remove(&next)]);
    mends(&before, &replicas, &repair, None);
    block[7] ^= 1;
    let (_, found, _) = asked(&[Change::write(&next, block)], RepairKind::NextHead, None);
    let refused = found.expect("it is in the way").unwrap_err();
    assert!(refused.contains("holds data that the view does not, first at byte 7"), "{refused}");
}

/// What a version before 1.4.0 ends on is removed where it is the small file that a start makes.
#[test]
fn a_probe_that_was_left_is_removed() {
    let capture = captures().get("01-healthy").expect("it is bundled");
    let meta = capture.volume().replicas[0].meta.clone().unwrap();
    let old = |probe: Vec<u8>| {
        let text = format!(
            "{{\"Size\":{},\"Head\":\"{}\",\"Dirty\":true,\"Rebuilding\":false,\"Parent\":\"{}\",\"SectorSize\":512,\
             \"BackingFileName\":\"\",\"CloneStatus\":\"NA\"}}\n",
            capture.volume().size.unwrap(),
            capture.volume().replicas[0].head.as_ref().unwrap(),
            capture.volume().replicas[0].parent.as_ref().unwrap(),
        );
        vec![Change::write("volume.meta", text), Change::write("tmpFile.tmp", probe)]
    };
    assert!(meta.revision_counter.is_some());
    let version = Some(Version::new(1, 3, 0));
    let (before, found, replicas) =
        asked(&old(b"This is temp file\n".to_vec()), RepairKind::ExtentProbe, version);
    let repair = found.expect("it is in the way").expect("it is small");
    assert_eq!(repair.changes, [Change::remove("tmpFile.tmp")]);
    let after = judged_as(with(&replicas, &before.volumes[0].replicas[0].label, &repair.changes), version);
    let repaired = &after.volumes[0].replicas[0];
    assert!(before.volumes[0].replicas[0].start_error.is_some() && repaired.start_error.is_none());
    assert_eq!(view(repaired), view(&capture.volume().replicas[0]));
    let (_, found, _) = asked(&old(vec![1; 5000]), RepairKind::ExtentProbe, version);
    assert!(found.expect("it is in the way").unwrap_err().contains("look into it first"));
}

/// Rebuilding is cleared where every block is another's, in versions that do not clear it themselves; where a block differs
/// nothing is proven.
#[test]
fn rebuilding_is_cleared_only_where_nothing_is_left_to_rebuild() {
    let capture = captures().get("01-healthy").expect("it is bundled");
    let replica = &capture.volume().replicas[0];
    let mut meta = replica.meta.clone().unwrap();
    meta.rebuilding = Some(true);
    let set = Change::write("volume.meta", meta.to_json());
    let keeps = Some(Version::new(0, 8, 0));
    let (before, found, replicas) = asked(std::slice::from_ref(&set), RepairKind::Rebuilding, keeps);
    let repair = found.expect("it is set").expect("every block is another's");
    mends(&before, &replicas, &repair, keeps);
    let (_, found, _) = asked(std::slice::from_ref(&set), RepairKind::Rebuilding, None);
    assert!(found.expect("it is set").unwrap_err().contains("clears it itself"));
    // Of a replica alone nothing is proven.
    let alone = with(&capture.replicas()[..1], &replica.label, &[set]);
    let volume = &judged_as(alone, keeps).volumes[0];
    let found =
        repairs(volume, &volume.replicas[0]).into_iter().find(|(kind, _)| *kind == RepairKind::Rebuilding);
    assert!(found.unwrap().1.unwrap_err().contains("no other replica is shown"));
}
