//! Copies beside capsules of the same replica: a copy that is as its replica was is judged as that. Where the copy holds nothing
//! else, but has other holes and zeros, as tools make them, or is cut, the capsule is judged instead; where data differ, both are.

use std::collections::BTreeSet;

use super::Options;
use crate::blocks::{self, ImageCopy};
use crate::evidence::Evidence;
use crate::finding::{AttestedCopy, CopyChange, CopyFiles, CopyLength, Exhibit, Facts, Finding};
use crate::ident::{DiskName, Label, Run, Runs};
use crate::progress::Progress;
use crate::replica::{Disk, Replica};

/// Ranges that are kept of what changed.
const RANGES: usize = 8;

/// Holds copies against capsules; of each pair one is left. Whatever goes is remarked under its input.
pub(super) fn attest(
    replicas: &mut Vec<Replica>,
    evidence: &mut Evidence,
    options: &Options,
    progress: &dyn Progress,
) {
    supersede(replicas, evidence);
    let mut gone: BTreeSet<Label> = BTreeSet::new();
    let mut notes: Vec<(Label, String)> = Vec::new();
    for at in 0..replicas.len() {
        if !attests(&replicas[at]) {
            continue;
        }
        let copies: Vec<usize> = (0..replicas.len())
            .filter(|of| {
                let copy = &replicas[*of];
                let capsule = &replicas[at];
                !copy.is_without_data()
                    && !gone.contains(&copy.label)
                    && (is_same_replica(capsule, copy) || is_part_of(copy, capsule))
            })
            .collect();
        let mut replaced = false;
        for of in copies {
            let (capsule, copy) = (&replicas[at], &replicas[of]);
            let (own, other) = (copy.label.clone(), capsule.label.clone());
            let lost = lost_files(capsule, copy);
            // What of a defective copy cannot be read may be all that it has of an image.
            let whole = copy.defects.is_empty() && lost.is_empty();
            let looked = if options.metadata_only {
                Err("no block was read".to_owned())
            } else {
                blocks::attest(capsule, copy, progress).map_err(|error| error.to_string())
            };
            match looked {
                Ok(images) if whole && images.iter().all(ImageCopy::is_same) => {
                    let facts = AttestedCopy { capsule: capsule.path.clone(), images: images.len() };
                    let exhibit = Exhibit::file(&own, "volume.meta");
                    let finding = Finding::of(&own, Facts::CopyAttested(facts), exhibit);
                    notes.push((other.clone(), format!("{other}: attests the copy {own}, which is judged")));
                    replicas[of].attested = true;
                    replicas[of].findings.push(finding);
                    replicas[of].findings.sort();
                    replaced = true;
                }
                Ok(images) if !images.iter().all(ImageCopy::is_part) => {
                    // No tool writes other data. Of two states of one replica nobody knows here which is the later one.
                    let findings = changes(&other, &copy.path, &images, lost);
                    notes.push((own.clone(), format!(
                        "{own}: differs from its replica by the capsule {other} in what it holds, so one of them is of another \
                         time; both are judged"
                    )));
                    replicas[at].findings.extend(findings);
                    replicas[at].findings.sort();
                }
                Ok(images) => {
                    let findings = changes(&other, &copy.path, &images, lost);
                    notes.push((own.clone(), format!(
                        "{own}: is a copy that holds nothing beyond the capsule {other} of its replica, and is not whole or has \
                         other holes; the capsule is judged"
                    )));
                    gone.insert(own);
                    replicas[at].findings.extend(findings);
                    replicas[at].findings.sort();
                }
                Err(why) => {
                    notes.push((own.clone(), format!(
                        "{own}: was not held against the capsule {other} of the same replica: {why}; both are judged"
                    )));
                }
            }
        }
        if replaced {
            gone.insert(replicas[at].label.clone());
        }
    }
    for replica in replicas.iter() {
        if !replica.is_attested() && replica.source.sums().is_some_and(|sums| sums.is_attested()) {
            let label = &replica.label;
            notes.push((label.clone(), format!(
                "{label}: the image of its head is younger than its record, so the capsule was taken from a restored copy; it \
                 attests nothing of the replica (collect --origin, where that is where Jiva uses it)"
            )));
        }
    }
    leave_out(replicas, evidence, &gone, notes);
}

/// Leaves out a capsule beside one of a second visit to the same replica that shows the same and holds data besides.
fn supersede(replicas: &mut Vec<Replica>, evidence: &mut Evidence) {
    let (mut gone, mut notes, mut attested) = (BTreeSet::new(), Vec::new(), Vec::new());
    let held = |replica: &Replica| replica.source.sums().map_or(0, |sums| sums.held());
    for first in replicas.iter().filter(|one| one.is_without_data() && one.defects.is_empty()) {
        let second = replicas.iter().find(|second| {
            held(second) > held(first)
                && second.defects.is_empty()
                && is_same_replica(first, second)
                && blocks::same_sums(first, second)
        });
        if let Some(second) = second {
            let (own, other) = (first.label.clone(), second.label.clone());
            notes.push((
                own.clone(),
                format!("{own}: shows the same as the later capsule {other}, which is judged"),
            ));
            gone.insert(own);
            // They show one content, so what attests the first attests the second.
            attested.extend(first.is_attested().then_some(other));
        }
    }
    for label in attested {
        replicas.iter_mut().filter(|one| one.label == label).for_each(|one| one.attested = true);
    }
    leave_out(replicas, evidence, &gone, notes);
}

/// Takes replicas out of the evidence, and remarks that under their inputs.
fn leave_out(
    replicas: &mut Vec<Replica>,
    evidence: &mut Evidence,
    gone: &BTreeSet<Label>,
    notes: Vec<(Label, String)>,
) {
    for (label, note) in notes {
        let input = evidence.inputs.iter_mut().find(|input| input.replicas.contains(&label));
        if let Some(input) = input {
            input.remarks.push(note);
        }
    }
    for input in &mut evidence.inputs {
        input.replicas.retain(|label| !gone.contains(label));
    }
    evidence.replicas.retain(|found| !gone.contains(&found.label));
    replicas.retain(|replica| !gone.contains(&replica.label));
}

/// Whether a replica is a capsule that attests something.
fn attests(replica: &Replica) -> bool {
    replica.is_without_data() && replica.is_attested() && replica.defects.is_empty()
}

/// When each image was written last, in whole seconds, as archives keep it; `None` where that is not known of all.
fn written(replica: &Replica) -> Option<Vec<(&str, i64)>> {
    let images = replica.source.entries().iter().filter(|entry| entry.name.ends_with(".img"));
    let seconds = |at: i128| i64::try_from(at.div_euclid(1_000_000_000)).ok();
    images.map(|entry| Some((entry.name.as_str(), seconds(replica.source.modified(entry)?)?))).collect()
}

/// Whether two directories are one by everything but their images.
fn is_same_replica(one: &Replica, other: &Replica) -> bool {
    let records = |replica: &Replica| {
        let disks = replica.disks.iter();
        disks.filter_map(|disk| Some((disk.name.clone(), disk.read_record()?.clone()))).collect::<Vec<_>>()
    };
    let sorted = |replica: &Replica| {
        let mut records = records(replica);
        records.sort_by(|a, b| a.0.cmp(&b.0));
        records
    };
    // Members that agree are alike in all of that; without a UUID only the times of their images show a copy.
    (one.uuid().is_some() || written(one).is_some_and(|own| written(other) == Some(own)))
        && one.uuid() == other.uuid()
        && one.counter == other.counter
        && one.meta == other.meta
        && sorted(one) == sorted(other)
}

/// Whether a defective copy is of a capsule's replica: it may have lost records and the counter, and what it has is the same.
fn is_part_of(copy: &Replica, capsule: &Replica) -> bool {
    let known = |disk: &Disk| {
        disk.read_record()
            .is_none_or(|record| capsule.disk(&disk.name).and_then(Disk::read_record) == Some(record))
    };
    !copy.defects.is_empty()
        && copy.uuid().is_some()
        && copy.uuid() == capsule.uuid()
        && copy.meta == capsule.meta
        && (copy.counter == capsule.counter || copy.counter.is_none() && is_of_one_time(copy, capsule))
        && copy.disks.iter().all(known)
}

/// Whether the images of a copy, the head among them, were written last when a capsule shows it. A counter counts every
/// write; without it only the times say that what the copy lost is not newer.
fn is_of_one_time(copy: &Replica, capsule: &Replica) -> bool {
    let (Some(own), Some(there)) = (written(copy), written(capsule)) else { return false };
    let head = copy.head.as_ref().map(DiskName::as_str);
    own.iter().any(|(name, _)| Some(*name) == head) && own.iter().all(|image| there.contains(image))
}

/// Records of a capsule, and its counter, that a copy lacks.
fn lost_files(capsule: &Replica, copy: &Replica) -> Vec<String> {
    let lost = |disk: &&Disk| copy.disk(&disk.name).and_then(Disk::read_record).is_none();
    let disks = capsule.disks.iter().filter(|disk| disk.read_record().is_some());
    let mut files: Vec<String> = disks.filter(lost).map(|disk| format!("{}.meta", disk.name)).collect();
    if capsule.counter.is_some() && copy.counter.is_none() {
        files.push("revision.counter".to_owned());
    }
    files.sort();
    files
}

/// What copying changed, by image.
fn changes(capsule: &Label, copy: &str, images: &[ImageCopy], files: Vec<String>) -> Vec<Finding> {
    let mut out = Vec::new();
    if let Some(first) = files.first() {
        let exhibit = Exhibit::file(capsule, first);
        let facts = CopyFiles { copy: copy.to_owned(), files };
        out.push(Finding::of(capsule, Facts::CopyFilesLost(facts), exhibit));
    }
    for image in images {
        let change = |runs: &Runs| CopyChange {
            copy: copy.to_owned(),
            image: image.disk.clone(),
            blocks: runs.blocks(),
            ranges: runs.iter().take(RANGES).copied().collect(),
        };
        let mut add = |facts: Facts, first: Option<Run>| {
            let name = image.disk.as_str();
            let exhibit = match first {
                Some(run) => Exhibit::bytes(capsule, name, run),
                None => Exhibit::file(capsule, name),
            };
            out.push(Finding::of(capsule, facts, exhibit).on(&image.disk));
        };
        if image.size != image.copied {
            let facts = CopyLength {
                copy: copy.to_owned(),
                image: image.disk.clone(),
                size: image.size,
                copied: image.copied,
            };
            add(Facts::CopyLengthDiffers(facts), None);
        }
        let kinds = [
            (&image.filled, Facts::CopyFilledHoles(change(&image.filled))),
            (&image.dropped, Facts::CopyDroppedZeros(change(&image.dropped))),
            (&image.differ, Facts::CopyBlocksDiffer(change(&image.differ))),
            (&image.lost, Facts::CopyBlocksLost(change(&image.lost))),
        ];
        for (runs, facts) in kinds.into_iter().filter(|(runs, _)| !runs.is_empty()) {
            add(facts, runs.as_slice().first().copied());
        }
    }
    out
}
