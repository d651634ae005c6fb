//! Repairs of recordings in which a file was broken on purpose: what is made gives the view that was recorded, and loses nothing.
#![allow(clippy::print_stderr)]

use std::sync::Arc;

use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::blocks::{MergedView, sha256};
use jivascope::evidence::{Evidence, Found};
use jivascope::ident::Label;
use jivascope::repair::{Change, Overlay, RepairKind, forecast, repairs};
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
