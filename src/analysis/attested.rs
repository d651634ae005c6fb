//! Copies beside capsules of the same replica: a copy that is as its replica was is judged as that. Where the copy holds nothing
//! else, but has other holes and zeros, as tools make them, or is cut, the capsule is judged instead; where data differ, both are.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use crate::blocks::{self, ImageCopy};
use crate::evidence::Evidence;
use crate::finding::{AttestedCopy, CopyChange, CopyFiles, CopyLength, Exhibit, Facts, Finding};
use crate::ident::{DiskName, Label, Run, Runs};
use crate::progress::Progress;
use crate::replica::{Disk, Replica};

/// Ranges that are kept of what changed.
const RANGES: usize = 8;

/// A capsule and a copy of one replica, held against each other.
struct Pair {
    capsule: usize,
    copy: usize,
    /// The images; or why they could not be compared.
    images: Result<Vec<ImageCopy>, String>,
    /// Records that the copy lacks.
    lost: Vec<String>,
}

impl Pair {
    /// Whether the copy is as its replica was, with every flaw that it had.
    fn is_same(&self, replicas: &[Replica]) -> bool {
        self.is_whole(replicas) && self.is(ImageCopy::is_same)
    }

    /// Whether the copy has no fault of its own: what of it cannot be read may be all that it has of an image.
    fn is_whole(&self, replicas: &[Replica]) -> bool {
        let (capsule, copy) = (&replicas[self.capsule], &replicas[self.copy]);
        copy.defects == capsule.defects && self.lost.is_empty()
    }

    /// Whether copying alone made the difference: the copy holds nothing that its replica did not hold, and was made of that
    /// state.
    fn is_by_copying(&self, replicas: &[Replica]) -> bool {
        let (capsule, copy) = (&replicas[self.capsule], &replicas[self.copy]);
        if self.is_whole(replicas) && self.is(ImageCopy::is_same_data) {
            !is_later(copy, capsule)
        } else {
            copy.cut && self.is(ImageCopy::is_part) && is_of_one_time(copy, capsule)
        }
    }

    fn is(&self, good: impl Fn(&ImageCopy) -> bool) -> bool {
        self.images.as_ref().is_ok_and(|images| images.iter().all(good))
    }
}

/// Holds copies against capsules; of each pair that is one state, one is left. Whatever goes is remarked under its input.
pub(super) fn attest(
    replicas: &mut Vec<Replica>,
    evidence: &mut Evidence,
    options: &Options,
    progress: &dyn Progress,
) {
    supersede(replicas, evidence);
    let pairs = pairs(replicas, options, progress);
    let (mut gone, mut notes) = (BTreeSet::new(), Vec::new());
    // First who attests whom: what one capsule attests, another of an earlier or later state cannot set aside.
    let (same, rest): (Vec<Pair>, Vec<Pair>) = pairs.into_iter().partition(|pair| pair.is_same(replicas));
    // Who stands for the state of a capsule.
    let mut stands: BTreeMap<usize, usize> = BTreeMap::new();
    for pair in same {
        let (own, other) = (replicas[pair.copy].label.clone(), replicas[pair.capsule].label.clone());
        let images = pair.images.map_or(0, |images| images.len());
        let facts = AttestedCopy { capsule: replicas[pair.capsule].path.clone(), images };
        let finding = Finding::of(&own, Facts::CopyAttested(facts), Exhibit::file(&own, "volume.meta"));
        notes.push((other.clone(), format!("{other}: attests the copy {own}, which is judged")));
        replicas[pair.copy].attested = true;
        note(&mut replicas[pair.copy], [finding]);
        stands.entry(pair.capsule).or_insert(pair.copy);
        gone.insert(other);
    }
    let by_copying = |pair: &Pair| pair.is_by_copying(replicas) && !replicas[pair.copy].attested;
    let (copied, mut rest): (Vec<Pair>, Vec<Pair>) = rest.into_iter().partition(by_copying);
    // Of which state a copy is, one capsule shows; in what it differs from another says nothing then.
    let known: BTreeSet<usize> = copied.iter().map(|pair| pair.copy).collect();
    rest.retain(|pair| !known.contains(&pair.copy));
    for pair in copied.into_iter().chain(rest) {
        let (own, other) = (replicas[pair.copy].label.clone(), replicas[pair.capsule].label.clone());
        let by_copying = known.contains(&pair.copy);
        let images = match pair.images {
            Ok(images) => images,
            Err(why) => {
                notes.push((own.clone(), format!(
                    "{own}: was not held against the capsule {other} of the same replica: {why}; both are judged"
                )));
                continue;
            }
        };
        let stands = *stands.get(&pair.capsule).unwrap_or(&pair.capsule);
        let label = replicas[stands].label.clone();
        let findings = changes(&label, &replicas[pair.copy].path, &images, pair.lost);
        note(&mut replicas[stands], findings);
        notes.push((own.clone(), if by_copying {
            format!(
                "{own}: is a copy that holds nothing beyond the capsule {other} of its replica, and is not whole or has \
                 other holes; {label} is judged"
            )
        } else {
            // No tool writes other data. Of two states of one replica nobody knows here which is the later one.
            format!(
                "{own}: differs from its replica by the capsule {other}, so one of them may be of another time; both are \
                 judged"
            )
        }));
        gone.extend(by_copying.then_some(own));
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

/// Every capsule that attests something, with every copy of its replica that is not taken as found.
fn pairs(replicas: &[Replica], options: &Options, progress: &dyn Progress) -> Vec<Pair> {
    let mut out = Vec::new();
    for (at, capsule) in replicas.iter().enumerate().filter(|(_, one)| attests(one)) {
        for (of, copy) in replicas.iter().enumerate() {
            let as_found = options.as_found.iter().any(|label| *label == *copy.label.as_str());
            let one = is_same_replica(capsule, copy) || is_part_of(copy, capsule);
            if copy.is_without_data() || as_found || !one {
                continue;
            }
            let images = if options.metadata_only {
                Err("no block was read".to_owned())
            } else {
                blocks::attest(capsule, copy, progress).map_err(|error| error.to_string())
            };
            out.push(Pair { capsule: at, copy: of, images, lost: lost_files(capsule, copy) });
        }
    }
    out
}

fn note(replica: &mut Replica, findings: impl IntoIterator<Item = Finding>) {
    replica.findings.extend(findings);
    replica.findings.sort();
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

/// Whether a replica is a capsule that attests something: all of it could be read, and stayed as it was meanwhile. What is
/// missing in it was missing where it lay.
fn attests(replica: &Replica) -> bool {
    let damaged = replica.cut || replica.source.entries().iter().any(|entry| entry.damage.is_some());
    replica.is_without_data() && replica.is_attested() && !damaged
}

/// When each image was written last, in whole seconds, as archives keep it; `None` where that is not known of all.
fn written(replica: &Replica) -> Option<Vec<(&str, i128)>> {
    let images = replica.source.entries().iter().map(|entry| entry.name.as_str());
    images.filter(|name| name.ends_with(".img")).map(|name| Some((name, replica.changed_at(name)?))).collect()
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
        && brings_nothing(other, one)
        && one.uuid() == other.uuid()
        && one.counter == other.counter
        && one.meta == other.meta
        && sorted(one) == sorted(other)
}

/// Whether a copy has no image, nor what was made of one, of which a capsule knows nothing.
fn brings_nothing(copy: &Replica, capsule: &Replica) -> bool {
    let known: BTreeSet<&str> = capsule.source.entries().iter().map(|entry| entry.name.as_str()).collect();
    let names = copy.source.entries().iter().map(|entry| entry.name.as_str());
    names.filter(|name| name.contains(".img")).all(|name| known.contains(name))
}

/// Whether a cut copy is of a capsule's replica: it may have lost records and the counter, and what it has is the same.
fn is_part_of(copy: &Replica, capsule: &Replica) -> bool {
    let known = |disk: &Disk| {
        disk.read_record()
            .is_none_or(|record| capsule.disk(&disk.name).and_then(Disk::read_record) == Some(record))
    };
    copy.cut
        && brings_nothing(copy, capsule)
        && copy.uuid().is_some()
        && copy.uuid() == capsule.uuid()
        && copy.meta == capsule.meta
        && (copy.counter == capsule.counter || copy.counter.is_none())
        && copy.disks.iter().all(known)
}

/// Whether the images of a copy, the head among them, were written last when a capsule shows it: then what the copy lost is
/// not newer.
fn is_of_one_time(copy: &Replica, capsule: &Replica) -> bool {
    let (Some(own), Some(there)) = (written(copy), written(capsule)) else { return false };
    let head = copy.head.as_ref().map(DiskName::as_str);
    own.iter().any(|(name, _)| Some(*name) == head) && own.iter().all(|image| there.contains(image))
}

/// Whether a copy that kept the times of its files shows an image that was written after the capsule was taken. The counter
/// may not show it: in a copy of a running replica it can be older than the images.
fn is_later(copy: &Replica, capsule: &Replica) -> bool {
    let names = || copy.source.entries().iter().map(|entry| entry.name.as_str());
    let times = |name: &str| Some((copy.changed_at(name)?, capsule.changed_at(name)?));
    let kept = |name: &str| name.ends_with(".meta") && times(name).is_some_and(|(at, was)| at == was);
    let since = |name: &str| name.ends_with(".img") && times(name).is_some_and(|(at, was)| at > was);
    names().any(kept) && names().any(since)
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
