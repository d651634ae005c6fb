//! What is to be noticed about one replica, from its description.

use std::collections::BTreeMap;

use super::open::{FileState, chain_limit};
use super::{Flag, LastJoin, OpenError, RecordState, Replica, StartError, State, clone, foreign, store};
use crate::evidence::{Entry, Kind, ReadError};
use crate::finding::{Code, Exhibit, Finding};
use crate::format::{CounterError, CounterFile, FileKind, LogInfo, MetaError, Signs, VolumeMeta};
use crate::ident::{Counter, DiskName, Label};
use crate::version::LeftOver;

/// From here on a chain is near its limit: so many layers are left.
const NEAR_LIMIT: usize = 64;

/// What `describe` read and the replica itself does not carry on.
pub(super) struct Seen<'a> {
    /// `volume.meta`, unless it was read.
    pub meta: Option<FileState<VolumeMeta, MetaError>>,
    pub counter: FileState<CounterFile, CounterError>,
    pub log_info: FileState<LogInfo, MetaError>,
    pub entries: &'a [Entry],
    pub signs: Signs,
}

/// Sets flags and findings.
pub(super) fn notice(replica: &mut Replica, seen: &Seen<'_>) {
    let mut found = Vec::new();
    if !replica.is_jivas() {
        return notice_foreign(replica, seen);
    }
    meta(replica, seen, &mut found);
    counter(replica, seen, &mut found);
    files(replica, seen, &mut found);
    chain(replica, &mut found);
    sizes(replica, &mut found);
    links(replica, &mut found);
    off_chain(replica, &mut found);
    join(replica, &mut found);
    power(replica, seen, &mut found);
    clone::notice(replica, &mut found);
    store::notice(replica, &mut found);
    unread(replica, &mut found);
    replica.findings = found;
}

/// What holds of a directory whatever engine wrote it.
fn notice_foreign(replica: &mut Replica, seen: &Seen<'_>) {
    let mut found = Vec::new();
    foreign::notice(replica, &seen.signs, &mut found);
    damage(replica, seen.entries, &mut found);
    images_unread(replica, &mut found);
    foreign::images(replica, &mut found);
    store::backing(replica, &mut found);
    if replica.disks.iter().any(|disk| !disk.on_chain) {
        replica.flags.insert(Flag::OffChainDisks);
    }
    unread(replica, &mut found);
    replica.findings = found;
}

/// What could not be read here.
fn unread(replica: &Replica, found: &mut Vec<Finding>) {
    let sentences: std::collections::BTreeSet<&String> = replica.unread.iter().collect();
    for sentence in sentences {
        let finding = Finding::volume(Code::NotReadHere, sentence.clone(), Vec::new());
        found.push(Finding { replica: Some(replica.label.clone()), ..finding });
    }
}

fn meta(replica: &mut Replica, seen: &Seen<'_>, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    let file = || Exhibit::file(&label, "volume.meta");
    match &seen.meta {
        Some(FileState::Invalid(error)) => found.push(Finding::of(
            Code::VolumeMetaUnreadable,
            &label,
            format!("volume.meta does not decode: {error}"),
            file(),
        )),
        Some(FileState::Unreadable(error @ ReadError::NotAFile(_))) => {
            found.push(Finding::of(
                Code::VolumeMetaUnreadable,
                &label,
                format!("volume.meta {error}"),
                file(),
            ));
        }
        Some(FileState::Unreadable(_)) => {} // told as a matter of the reader
        Some(_) => {
            let disks = replica.disks.len();
            found.push(Finding::of(
                Code::VolumeMetaMissing,
                &label,
                format!("there is no volume.meta beside {disks} disks"),
                file(),
            ));
        }
        None => {}
    }
    if let (Some(error), None) = (&replica.error, &seen.meta) {
        found.push(Finding::of(Code::CannotOpen, &label, format!("Jiva's message: {error}"), file()));
    }
    let Some(meta) = &replica.meta else { return };
    if meta.dirty == Some(true) {
        replica.flags.insert(Flag::Dirty);
        found.push(Finding::of(
            Code::DirtySet,
            &label,
            "volume.meta says Dirty",
            Exhibit::field(&label, "volume.meta", "Dirty", true),
        ));
    }
    if meta.rebuilding == Some(true) {
        replica.flags.insert(Flag::Rebuilding);
        found.push(Finding::of(
            Code::RebuildingSet,
            &label,
            "volume.meta says Rebuilding",
            Exhibit::field(&label, "volume.meta", "Rebuilding", true),
        ));
    }
    for remark in &meta.remarks {
        found.push(Finding::of(Code::Leniency, &label, format!("volume.meta: {remark}"), file()));
    }
    if let Some(head) = &replica.head {
        if !head.is_head() && replica.error.is_none() {
            found.push(
                Finding::of(
                    Code::HeadNotAHead,
                    &label,
                    format!("the active head is {head}"),
                    Exhibit::field(&label, "volume.meta", "Head", head),
                )
                .on(head),
            );
        }
        let claimed = meta.parent.as_deref().unwrap_or("");
        let actual = replica.parent.as_ref().map_or("", DiskName::as_str);
        if !replica.chain.is_empty() && claimed != actual {
            found.push(
                Finding::of(
                    Code::ParentDisagrees,
                    &label,
                    "volume.meta and the head record name different parents",
                    Exhibit::field(&label, "volume.meta", "Parent", claimed),
                )
                .and(Exhibit::field(&label, head.record(), "Parent", actual)),
            );
        }
    }
    if let Some(checkpoint) = &replica.checkpoint
        && replica.error.is_none()
        && !replica.chain.contains(checkpoint)
    {
        found.push(
            Finding::of(
                Code::CheckpointNotInChain,
                &label,
                format!("the Checkpoint {checkpoint} is not in its own chain"),
                Exhibit::field(&label, "volume.meta", "Checkpoint", checkpoint),
            )
            .on(checkpoint),
        );
    }
}

fn counter(replica: &Replica, seen: &Seen<'_>, found: &mut Vec<Finding>) {
    let label = &replica.label;
    let file = || Exhibit::file(label, "revision.counter");
    match &seen.counter {
        FileState::Absent => found.push(Finding::of(
            Code::CounterMissing,
            label,
            "there is no revision.counter; Jiva would make one that says 1",
            file(),
        )),
        FileState::Unreadable(error @ ReadError::NotAFile(_)) => {
            found.push(Finding::of(
                Code::CounterUnreadable,
                label,
                format!("revision.counter {error}"),
                file(),
            ));
        }
        FileState::Unreadable(_) => {} // told as a matter of the reader
        FileState::Invalid(error) => {
            found.push(Finding::of(Code::CounterUnreadable, label, error.to_string(), file()));
        }
        FileState::Read(counter) => {
            for remark in &counter.remarks {
                found.push(Finding::of(Code::Leniency, label, format!("revision.counter: {remark}"), file()));
            }
        }
    }
}

fn files(replica: &mut Replica, seen: &Seen<'_>, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    let mut probe = false;
    let odd =
        |entry: &&Entry| entry.kind != Kind::File || entry.damage.is_some() || entry.name.ends_with(".tmp");
    for entry in seen.entries.iter().filter(odd) {
        let kind = FileKind::of(&entry.name);
        let file = || Exhibit::file(&label, &*entry.name);
        let known = !matches!(kind, FileKind::Foreign | FileKind::Log);
        if known && entry.kind != Kind::File {
            found.push(Finding::of(
                Code::NotAFile,
                &label,
                format!("{} is a {}", entry.name, entry.kind),
                file(),
            ));
        }
        match kind {
            FileKind::VolumeMetaTmp | FileKind::RecordTmp(_) | FileKind::LogInfoTmp => {
                found.push(Finding::of(
                    Code::TempFile,
                    &label,
                    format!("{} ({} bytes) was left by an unfinished write", entry.name, entry.size),
                    file(),
                ))
            }
            FileKind::ExtentProbe => {
                probe = true;
                found.push(Finding::of(
                    Code::ExtentProbeLeft,
                    &label,
                    "the file with which Jiva tests the file system was not removed",
                    file(),
                ));
            }
            _ => {}
        }
    }
    damage(replica, seen.entries, found);
    images_unread(replica, found);
    if let FileState::Invalid(error) = &seen.log_info {
        found.push(Finding::of(
            Code::LogInfoUnreadable,
            &label,
            format!("log.info does not decode: {error}"),
            Exhibit::file(&label, "log.info"),
        ));
    }
    if let FileState::Unreadable(error @ ReadError::NotAFile(_)) = &seen.log_info {
        found.push(Finding::of(
            Code::LogInfoUnreadable,
            &label,
            format!("log.info {error}"),
            Exhibit::file(&label, "log.info"),
        ));
    }
    // Some versions stop at the probe that an earlier start left.
    let dies = replica.generation().is_some_and(|g| g.may(|version| version.dies_of(LeftOver::ExtentProbe)));
    if probe && dies && replica.start_error.is_none() {
        replica.start_error = Some(StartError::ExtentProbe);
    }
}

/// Files of which the copy lacks something.
fn damage(replica: &mut Replica, entries: &[Entry], found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    for entry in entries {
        let Some(damage) = &entry.damage else { continue };
        if matches!(FileKind::of(&entry.name), FileKind::Foreign | FileKind::Log) {
            continue;
        }
        replica.flags.insert(Flag::UnfaithfulCopy);
        let text = format!("{}: {damage}", entry.name);
        found.push(Finding::of(Code::CopyIncomplete, &label, text, Exhibit::file(&label, &*entry.name)));
    }
}

/// Images of the chain whose extents are not known: without them an image would pass for an empty one.
fn images_unread(replica: &mut Replica, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    for disk in replica.places.iter().map(|at| &replica.disks[*at]) {
        let Some(Err(error)) = disk.image.as_ref().map(|image| &image.extents) else { continue };
        replica.flags.insert(Flag::UnfaithfulCopy);
        found.push(Finding::of(
            Code::CopyIncomplete,
            &label,
            format!("{}: which blocks it stores cannot be told: {error}", disk.name),
            Exhibit::file(&label, disk.name.as_str()),
        ));
    }
}

fn chain(replica: &mut Replica, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    for disk in replica.chain_disks() {
        let name = &disk.name;
        if let Some(record) = disk.read_record() {
            for remark in &record.remarks {
                let text = format!("{}: {remark}", name.record());
                found.push(
                    Finding::of(Code::Leniency, &label, text, Exhibit::file(&label, name.record())).on(name),
                );
            }
        }
        if disk.removed() {
            found.push(
                Finding::of(
                    Code::MarkedRemoved,
                    &label,
                    format!("{name} is marked for removal and still in the chain"),
                    Exhibit::field(&label, name.record(), "Removed", true),
                )
                .on(name),
            );
        }
    }
    if let Some(closing @ OpenError::Loop(_)) = &replica.error {
        found.push(Finding::of(
            Code::ChainLoop,
            &label,
            closing.to_string(),
            Exhibit::file(&label, "volume.meta"),
        ));
    }
    let limit = chain_limit(replica.generation());
    let depth = replica.chain.len();
    if depth > limit {
        replica.flags.insert(Flag::ChainOverLimit);
    }
    if depth + NEAR_LIMIT >= limit {
        replica.flags.insert(Flag::ChainNearLimit);
        found.push(Finding::of(
            Code::ChainNearLimit,
            &label,
            format!("the chain has {depth} of {limit} layers"),
            Exhibit::field(&label, "volume.meta", "Head", replica.head.as_ref().map_or("", DiskName::as_str)),
        ));
    }
    // The head of a join that did not end carries the other side's counter, of another timeline.
    let own = usize::from(replica.clean_tip.is_some());
    let counters: Vec<(&DiskName, Counter)> =
        replica.chain_disks().skip(own).filter_map(|disk| Some((&disk.name, disk.counter()?))).collect();
    if let Some(pair) = counters.windows(2).find(|pair| pair[1].1 > pair[0].1) {
        let [(above, upper), (below, lower)] = [pair[0], pair[1]];
        found.push(
            Finding::of(
                Code::CountersFilledIn,
                &label,
                format!("{below} carries {lower}, more than {upper} of {above} above it"),
                Exhibit::field(&label, below.record(), "RevisionCounter", lower),
            )
            .and(Exhibit::field(&label, above.record(), "RevisionCounter", upper)),
        );
    }
}

fn sizes(replica: &mut Replica, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    let Some(size) = replica.size else { return };
    if replica.flags.contains(&Flag::RecordsOnly) {
        return;
    }
    let mut seen = BTreeMap::new();
    for (at, name) in replica.chain.iter().enumerate() {
        let base = at + 1 == replica.chain.len();
        let exhibit = Exhibit::file(&label, name.as_str());
        let Some(image) = &replica.disks[name].image else {
            replica.flags.insert(Flag::ImageMissing);
            let text = format!("{name} is in the chain and has no image; Jiva would make an empty one");
            found.push(Finding::of(Code::ImageMissing, &label, text, exhibit.clone()).on(name));
            if base && size > 0 {
                let text = format!("the base {name} has no image: reads that fall through to it fail");
                found.push(Finding::of(Code::BaseShort, &label, text, exhibit).on(name));
            }
            continue;
        };
        seen.entry(image.size).or_insert(name);
        let (code, word) = match image.size.cmp(&size) {
            std::cmp::Ordering::Less if base => (Code::BaseShort, "shorter"),
            std::cmp::Ordering::Less => (Code::ImageShort, "shorter"),
            std::cmp::Ordering::Greater => (Code::ImageLong, "longer"),
            std::cmp::Ordering::Equal => continue,
        };
        let text = format!("{name} has {} bytes, {word} than the volume's {size}", image.size);
        found.push(Finding::of(code, &label, text, exhibit).on(name));
    }
    if seen.len() > 1 {
        let evidence =
            seen.iter().map(|(size, name)| Exhibit::field(&label, name.as_str(), "size", size)).collect();
        let mut finding =
            Finding::volume(Code::SizesMixed, "the images of the chain differ in size", evidence);
        finding.replica = Some(label);
        found.push(finding);
    }
}

fn links(replica: &mut Replica, found: &mut Vec<Finding>) {
    let mut by_link: BTreeMap<u64, Vec<&DiskName>> = BTreeMap::new();
    for disk in replica.disks.iter() {
        if let Some(link) = disk.image.as_ref().and_then(|image| image.link) {
            by_link.entry(link).or_default().push(&disk.name);
        }
    }
    let label = &replica.label;
    let mut flags = Vec::new();
    for names in by_link.values().filter(|names| names.len() > 1) {
        flags.push(Flag::HardLinked);
        let on: Vec<&&DiskName> = names.iter().filter(|name| replica.disks[**name].on_chain).collect();
        let list = names.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", ");
        let evidence = || names.iter().map(|name| Exhibit::file(label, name.as_str())).collect::<Vec<_>>();
        let mut finding = if on.len() > 1 {
            flags.push(Flag::ChainHardLinked);
            let text = format!("{list} are one file, and {} of these names are in the chain", on.len());
            Finding::volume(Code::TwoNamesOneInode, text, evidence())
        } else {
            Finding::volume(Code::LinkLeft, format!("{list} are one file"), evidence())
        };
        finding.replica = Some(label.clone());
        found.push(finding);
        if let Some(step) = snapshot_crash(replica, names) {
            let mut finding = Finding::volume(Code::SnapshotCrash, step, evidence());
            finding.replica = Some(label.clone());
            found.push(finding);
        }
    }
    replica.flags.extend(flags);
}

/// The step of a snapshot at which it crashed, told from which name of one file the chain uses.
fn snapshot_crash(replica: &Replica, names: &[&DiskName]) -> Option<String> {
    let head = replica.head.as_ref()?;
    let snapshot = names.iter().find(|name| name.is_snapshot())?;
    if names.contains(&head) {
        return Some(format!(
            "stopped after {head} was linked as {snapshot} and before volume.meta named the next head: the \
             snapshot is an alias of the live head"
        ));
    }
    let old = names.iter().find(|name| name.is_head() && !replica.disks[**name].on_chain)?;
    Some(format!("stopped after volume.meta named {head} and before the old head {old} was removed"))
}

fn off_chain(replica: &mut Replica, found: &mut Vec<Finding>) {
    // Where the chain could not be read here, nothing tells what lies outside of it.
    let unknown = replica.state == State::Broken && replica.error.is_none();
    if replica.alternates.is_empty() || unknown {
        return;
    }
    replica.flags.insert(Flag::OffChainDisks);
    let label = &replica.label;
    let off: Vec<_> = replica.disks.iter().filter(|disk| !disk.on_chain).collect();
    let bytes: u64 = off.iter().filter_map(|disk| disk.allocated()).sum();
    let disks = if off.len() == 1 { "1 disk is".to_owned() } else { format!("{} disks are", off.len()) };
    let text = format!("{disks} outside the chain, with {bytes} bytes stored");
    let evidence = off.iter().take(16).map(|disk| Exhibit::file(label, disk.name.as_str())).collect();
    let mut finding = Finding::volume(Code::OffChainDisks, text, evidence);
    finding.replica = Some(label.clone());
    found.push(finding);
    for disk in &off {
        if let RecordState::Invalid(error) = &disk.record {
            let text = format!("{}: {error}", disk.name.record());
            let exhibit = Exhibit::file(label, disk.name.record());
            found.push(Finding::of(Code::StrayRecordUnreadable, label, text, exhibit).on(&disk.name));
        }
        stale_head(replica, &disk.name, label, found);
    }
    let empty_head = replica.state == State::Blank && replica.chain.len() == 1;
    if empty_head && off.iter().any(|disk| disk.allocated().unwrap_or(1) > 0) {
        let head = &replica.chain[0];
        let text = format!("{head} is empty and alone in the chain; {} older disks lie beside it", off.len());
        let exhibit = Exhibit::file(label, head.record());
        found.push(Finding::of(Code::Reinitialised, label, text, exhibit).on(head));
        replica.flags.insert(Flag::Reinitialised);
    }
}

/// A head beside the active one: what a snapshot or revert that crashed left.
fn stale_head(replica: &Replica, name: &DiskName, label: &Label, found: &mut Vec<Finding>) {
    let (Some(stale), Some(active)) =
        (name.head_number(), replica.head.as_ref().and_then(DiskName::head_number))
    else {
        return;
    };
    let disk = &replica.disks[name];
    if disk.image.as_ref().is_some_and(|image| image.link.is_some()) {
        return; // told with the link
    }
    if replica.blocked_head().is_some_and(|blocked| blocked.name == *name) {
        return; // told by itself: this one is in the way
    }
    let text = if stale == active + 1 {
        format!("stopped after {name} was made and before volume.meta named it")
    } else if stale < active && disk.image.is_some() {
        format!("stopped before the old head {name} was removed: a snapshot or a revert did not end")
    } else if disk.image.is_none() && disk.read_record().is_some() {
        format!("stopped between removing the image and the record of {name}")
    } else {
        return;
    };
    found.push(Finding::of(Code::SnapshotCrash, label, text, Exhibit::file(label, name.as_str())).on(name));
}

fn join(replica: &mut Replica, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    let head = replica.head.clone();
    let record = || head.as_ref().map_or_else(String::new, DiskName::record);
    if let Some(peer) = &replica.peer {
        replica.flags.insert(Flag::PeerHeadRecord);
        let counter = peer.counter.map_or_else(|| "no counter".to_owned(), |c| format!("counter {c}"));
        let text = format!("written by a replica whose head was {} ({counter})", peer.head);
        let exhibit = Exhibit::field(&label, record(), "Name", &peer.head);
        found.push(Finding::of(Code::PeerHeadRecord, &label, text, exhibit).and(Exhibit::field(
            &label,
            record(),
            "Parent",
            &peer.join_snapshot,
        )));
    }
    let tip = replica.clean_tip.as_ref().map_or("", DiskName::as_str);
    match replica.last_join {
        LastJoin::Refused => {
            replica.flags.insert(Flag::RefusedJoin);
            found.push(Finding::of(
                Code::RefusedJoin,
                &label,
                if replica.counter_unread {
                    format!("how its last join ended cannot be told without the counter; its own state ended with {tip}")
                } else {
                    format!("its last join ended before anything was copied; its own state ends with {tip}")
                },
                Exhibit::field(
                    &label,
                    record(),
                    "Parent",
                    replica.parent.as_ref().map_or("", DiskName::as_str),
                ),
            ));
        }
        LastJoin::Unfinished => {
            replica.flags.insert(Flag::UnfinishedJoin);
            found.push(Finding::of(
                Code::UnfinishedJoin,
                &label,
                if replica.counter_unread {
                    format!("whether its last join ended cannot be told without the counter; its own state ended with {tip}")
                } else {
                    format!("nothing shows that its last join ended; its own state ended with {tip}")
                },
                Exhibit::field(
                    &label,
                    record(),
                    "Parent",
                    replica.parent.as_ref().map_or("", DiskName::as_str),
                ),
            ));
        }
        LastJoin::None | LastJoin::Finished => {}
    }
}

fn power(replica: &mut Replica, seen: &Seen<'_>, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    let empty_log_info = seen.entries.iter().any(|entry| entry.name == "log.info" && entry.size == 0);
    if empty_log_info {
        replica.flags.insert(Flag::PowerLossSuspected);
        found.push(Finding::of(
            Code::PowerLossSuspected,
            &label,
            "log.info is empty, which only a power cut soon after a start leaves",
            Exhibit::file(&label, "log.info"),
        ));
    }
    // Every counted write went into the head that was active, so a counter that moved past the head's record
    // over a head without one block counted writes that are gone.
    let Some(head) = replica.head.as_ref().and_then(|head| replica.disks.get(head)) else { return };
    let counted = match (replica.counter, head.counter()) {
        // While it joins nothing is counted here, and the head's record has the other side's counter.
        _ if replica.clean_tip.is_some() => 0,
        (Some(now), Some(then)) if then.0 > 1 => now.0 - then.0,
        _ => 0,
    };
    if counted > 0 && head.image.is_some() && head.allocated() == Some(0) && replica.has_images() {
        replica.flags.insert(Flag::PowerLossSuspected);
        let text =
            format!("{counted} writes were counted since {} was made, and it holds no block", head.name);
        let now = replica.counter.map_or(0, |c| c.0);
        let then = head.counter().map_or(0, |c| c.0);
        found.push(
            Finding::of(
                Code::CounterOverstates,
                &label,
                text,
                Exhibit::field(&label, "revision.counter", "counter", now),
            )
            .and(Exhibit::field(&label, head.name.record(), "RevisionCounter", then))
            .on(&head.name),
        );
    }
}
