//! What is to be noticed about one replica, from its description.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{FileKind, LeftOver, chain_limit, clone, store};
use crate::dialect::notice::Seen;
use crate::dialect::reader::FileState;
use crate::evidence::{Entry, Kind, ReadError};
use crate::finding::{CrashStep, Exhibit, Facts, FileFault, Finding, ImageSize};
use crate::go::Remark;
use crate::ident::{Counter, DiskName, Label};
use crate::replica::{Depth, Flag, LastJoin, OpenError, RecordState, Replica, StartError, State};

/// Sets flags and findings.
pub(in crate::dialect) fn notice(replica: &mut Replica, seen: &Seen<'_>, found: &mut Vec<Finding>) {
    meta(replica, seen, found);
    counter(replica, seen, found);
    files(replica, seen, found);
    chain(replica, found);
    sizes(replica, found);
    links(replica, found);
    off_chain(replica, found);
    join(replica, found);
    power(replica, seen, found);
    clone::notice(replica, found);
    store::notice(replica, found);
}

/// What is wrong with a metadata file that is there and could not be parsed; `None` where that is a matter of the
/// reader.
fn fault(error: &ReadError) -> Option<FileFault> {
    match error {
        ReadError::NotAFile(file_type) => Some(FileFault::NotAFile { file_type: *file_type }),
        _ => None,
    }
}

fn invalid(error: &impl ToString) -> FileFault {
    FileFault::Invalid { error: error.to_string() }
}

fn meta(replica: &mut Replica, seen: &Seen<'_>, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    let file = || Exhibit::file(&label, "volume.meta");
    let unreadable = |fault| Finding::of(&label, Facts::VolumeMetaUnreadable { fault }, file());
    match &seen.meta {
        Some(FileState::Invalid(error)) => found.push(unreadable(invalid(error))),
        Some(FileState::Unreadable(error)) => found.extend(fault(error).map(unreadable)),
        Some(_) => {
            let facts = Facts::VolumeMetaMissing { disks: replica.disks.len() };
            found.push(Finding::of(&label, facts, file()));
        }
        None => {}
    }
    if let (Some(error), None) = (&replica.error, &seen.meta) {
        found.push(Finding::of(&label, Facts::CannotOpen { error: error.to_string() }, file()));
    }
    let Some(meta) = &replica.meta else { return };
    if meta.dirty == Some(true) {
        replica.flags.insert(Flag::Dirty);
        let exhibit = Exhibit::field(&label, "volume.meta", "Dirty", true);
        found.push(Finding::of(&label, Facts::DirtySet {}, exhibit));
    }
    if meta.rebuilding == Some(true) {
        replica.flags.insert(Flag::Rebuilding);
        let exhibit = Exhibit::field(&label, "volume.meta", "Rebuilding", true);
        found.push(Finding::of(&label, Facts::RebuildingSet {}, exhibit));
    }
    for remark in &meta.remarks {
        found.push(Finding::of(&label, leniency("volume.meta", remark), file()));
    }
    if let Some(head) = &replica.head {
        if !head.is_head() && replica.error.is_none() {
            found.push(
                Finding::of(
                    &label,
                    Facts::HeadNotAHead { head: head.clone() },
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
                    &label,
                    Facts::ParentDisagrees {
                        volume_meta: (!claimed.is_empty()).then(|| DiskName::from(claimed)),
                        head_record: replica.parent.clone(),
                    },
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
                &label,
                Facts::CheckpointNotInChain { checkpoint: checkpoint.clone() },
                Exhibit::field(&label, "volume.meta", "Checkpoint", checkpoint),
            )
            .on(checkpoint),
        );
    }
}

fn counter(replica: &Replica, seen: &Seen<'_>, found: &mut Vec<Finding>) {
    let label = &replica.label;
    let file = || Exhibit::file(label, "revision.counter");
    let unreadable = |fault| Finding::of(label, Facts::CounterUnreadable { fault }, file());
    match &seen.counter {
        FileState::Absent => found.push(Finding::of(label, Facts::CounterMissing {}, file())),
        FileState::Unreadable(error) => found.extend(fault(error).map(unreadable)),
        FileState::Invalid(error) => found.push(unreadable(invalid(error))),
        FileState::Read(counter) => {
            for remark in &counter.remarks {
                found.push(Finding::of(label, leniency("revision.counter", remark), file()));
            }
        }
    }
}

/// Something odd about a file that Jiva reads all the same.
fn leniency(file: &str, remark: &Remark) -> Facts {
    Facts::Leniency {
        file: file.to_owned(),
        field: remark.place.field.map(str::to_owned),
        offset: remark.place.offset,
        oddity: remark.kind.clone(),
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
            let facts = Facts::NotAFile { file: entry.name.clone(), file_type: entry.kind };
            found.push(Finding::of(&label, facts, file()));
        }
        match kind {
            FileKind::VolumeMetaTmp | FileKind::RecordTmp(_) | FileKind::LogInfoTmp => {
                let facts = Facts::TempFile { file: entry.name.clone(), size: entry.size };
                found.push(Finding::of(&label, facts, file()));
            }
            FileKind::ExtentProbe => {
                probe = true;
                found.push(Finding::of(&label, Facts::ExtentProbeLeft {}, file()));
            }
            _ => {}
        }
    }
    let log_info = match &seen.log_info {
        FileState::Invalid(error) => Some(invalid(error)),
        FileState::Unreadable(error) => fault(error),
        _ => None,
    };
    if let Some(fault) = log_info {
        let exhibit = Exhibit::file(&label, "log.info");
        found.push(Finding::of(&label, Facts::LogInfoUnreadable { fault }, exhibit));
    }
    // Some versions stop at the probe that an earlier start left.
    let dies = replica.generation().is_some_and(|g| g.may(|version| version.dies_of(LeftOver::ExtentProbe)));
    if probe && dies && replica.start_error.is_none() {
        replica.start_error = Some(StartError::ExtentProbe);
    }
}

fn chain(replica: &mut Replica, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    for disk in replica.chain_disks() {
        let name = &disk.name;
        if let Some(record) = disk.read_record() {
            for remark in &record.remarks {
                let facts = leniency(&name.record(), remark);
                found.push(Finding::of(&label, facts, Exhibit::file(&label, name.record())).on(name));
            }
        }
        if disk.removed() {
            let exhibit = Exhibit::field(&label, name.record(), "Removed", true);
            let facts = Facts::MarkedRemoved { snapshot: name.clone() };
            found.push(Finding::of(&label, facts, exhibit).on(name));
        }
    }
    if let Some(OpenError::Loop(back_to)) = &replica.error {
        let facts = Facts::ChainLoop { back_to: back_to.clone() };
        found.push(Finding::of(&label, facts, Exhibit::file(&label, "volume.meta")));
    }
    let limit = chain_limit(replica.generation());
    let depth = replica.chain.len();
    if depth > limit {
        replica.flags.insert(Flag::ChainOverLimit);
    }
    if depth + Depth::NEAR >= limit {
        replica.flags.insert(Flag::ChainNearLimit);
        found.push(Finding::of(
            &label,
            Facts::ChainNearLimit { layers: depth, limit },
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
                &label,
                Facts::CountersFilledIn {
                    below: below.clone(),
                    counter_below: lower,
                    above: above.clone(),
                    counter_above: upper,
                },
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
            let facts = Facts::ImageMissing { image: name.clone() };
            found.push(Finding::of(&label, facts, exhibit.clone()).on(name));
            if base && size > 0 {
                let facts = Facts::BaseShort { image: name.clone(), size: None, volume_size: size };
                found.push(Finding::of(&label, facts, exhibit).on(name));
            }
            continue;
        };
        seen.entry(image.size).or_insert(name);
        let (own, volume_size, name) = (image.size, size, name.clone());
        let facts = match own.cmp(&volume_size) {
            Ordering::Less if base => Facts::BaseShort { image: name.clone(), size: Some(own), volume_size },
            Ordering::Less => Facts::ImageShort { image: name.clone(), size: own, volume_size },
            Ordering::Greater => Facts::ImageLong { image: name.clone(), size: own, volume_size },
            Ordering::Equal => continue,
        };
        found.push(Finding::of(&label, facts, exhibit).on(&name));
    }
    if seen.len() > 1 {
        let evidence =
            seen.iter().map(|(size, name)| Exhibit::field(&label, name.as_str(), "size", size)).collect();
        let sizes =
            seen.iter().map(|(size, name)| ImageSize { disk: (*name).clone(), size: *size }).collect();
        found.push(Finding::volume(Facts::SizesMixed { sizes }, evidence).about(&label));
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
        let all: Vec<DiskName> = names.iter().map(|name| (*name).clone()).collect();
        let evidence = || names.iter().map(|name| Exhibit::file(label, name.as_str())).collect::<Vec<_>>();
        let facts = if on.len() > 1 {
            flags.push(Flag::ChainHardLinked);
            Facts::TwoNamesOneInode { names: all, in_chain: on.len() }
        } else {
            Facts::LinkLeft { names: all }
        };
        found.push(Finding::volume(facts, evidence()).about(label));
        if let Some(step) = snapshot_crash(replica, names) {
            found.push(Finding::volume(Facts::SnapshotCrash { step }, evidence()).about(label));
        }
    }
    replica.flags.extend(flags);
}

/// The step of a snapshot at which it crashed, by which name of one file the chain uses.
fn snapshot_crash(replica: &Replica, names: &[&DiskName]) -> Option<CrashStep> {
    let head = replica.head.as_ref()?;
    let snapshot = names.iter().find(|name| name.is_snapshot())?;
    if names.contains(&head) {
        return Some(CrashStep::SnapshotLinked { head: head.clone(), snapshot: (*snapshot).clone() });
    }
    let old = names.iter().find(|name| name.is_head() && !replica.disks[**name].on_chain)?;
    Some(CrashStep::OldHeadLinked { head: head.clone(), old_head: (*old).clone() })
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
    let evidence = off.iter().take(16).map(|disk| Exhibit::file(label, disk.name.as_str())).collect();
    let facts = Facts::OffChainDisks { disks: off.len(), bytes };
    found.push(Finding::volume(facts, evidence).about(label));
    for disk in &off {
        if let RecordState::Invalid(error) = &disk.record {
            let record = disk.name.record();
            let exhibit = Exhibit::file(label, record.clone());
            let facts = Facts::StrayRecordUnreadable { record, error: error.to_string() };
            found.push(Finding::of(label, facts, exhibit).on(&disk.name));
        }
        stale_head(replica, &disk.name, label, found);
    }
    let empty_head = replica.state == State::Blank && replica.chain.len() == 1;
    if empty_head && off.iter().any(|disk| disk.allocated().unwrap_or(1) > 0) {
        let head = &replica.chain[0];
        let facts = Facts::Reinitialised { head: head.clone(), older_disks: off.len() };
        found.push(Finding::of(label, facts, Exhibit::file(label, head.record())).on(head));
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
        return; // reported with the link
    }
    if replica.blocked_head().is_some_and(|blocked| blocked.name == *name) {
        return; // reported by itself: this one is in the way
    }
    let step = if stale == active + 1 {
        CrashStep::NextHeadMade { next_head: name.clone() }
    } else if stale < active && disk.image.is_some() {
        CrashStep::OldHeadLeft { old_head: name.clone() }
    } else if disk.image.is_none() && disk.read_record().is_some() {
        CrashStep::RecordLeft { disk: name.clone() }
    } else {
        return;
    };
    let facts = Facts::SnapshotCrash { step };
    found.push(Finding::of(label, facts, Exhibit::file(label, name.as_str())).on(name));
}

fn join(replica: &mut Replica, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    let head = replica.head.clone();
    let record = || head.as_ref().map_or_else(String::new, DiskName::record);
    if let Some(peer) = &replica.peer {
        replica.flags.insert(Flag::PeerHeadRecord);
        let exhibit = Exhibit::field(&label, record(), "Name", &peer.head);
        let facts = Facts::PeerHeadRecord { peer: peer.sighting() };
        found.push(Finding::of(&label, facts, exhibit).and(Exhibit::field(
            &label,
            record(),
            "Parent",
            &peer.join_snapshot,
        )));
    }
    let (clean_tip, counter_unread) = (replica.clean_tip.clone(), replica.counter_unread);
    let (flag, facts) = match replica.last_join {
        LastJoin::Refused => (Flag::RefusedJoin, Facts::RefusedJoin { clean_tip, counter_unread }),
        LastJoin::Unfinished => (Flag::UnfinishedJoin, Facts::UnfinishedJoin { clean_tip, counter_unread }),
        LastJoin::None | LastJoin::Finished => return,
    };
    replica.flags.insert(flag);
    let parent = replica.parent.as_ref().map_or("", DiskName::as_str);
    found.push(Finding::of(&label, facts, Exhibit::field(&label, record(), "Parent", parent)));
}

fn power(replica: &mut Replica, seen: &Seen<'_>, found: &mut Vec<Finding>) {
    let label = replica.label.clone();
    let empty_log_info = seen.entries.iter().any(|entry| entry.name == "log.info" && entry.size == 0);
    if empty_log_info {
        replica.flags.insert(Flag::PowerLossSuspected);
        let exhibit = Exhibit::file(&label, "log.info");
        found.push(Finding::of(&label, Facts::PowerLossSuspected {}, exhibit));
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
        let now = replica.counter.unwrap_or(Counter(0));
        let then = head.counter().unwrap_or(Counter(0));
        let facts = Facts::CounterOverstates {
            head: head.name.clone(),
            writes: counted,
            counter: now,
            head_counter: then,
        };
        found.push(
            Finding::of(&label, facts, Exhibit::field(&label, "revision.counter", "counter", now))
                .and(Exhibit::field(&label, head.name.record(), "RevisionCounter", then))
                .on(&head.name),
        );
    }
}
