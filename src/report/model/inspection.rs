//! What `inspect` says of each replica: what `volume.meta` says, every disk, the chains that may be rescued, every finding.

use std::collections::BTreeMap;

use crate::analysis;
use crate::blocks::{self, Seen};
use crate::filesystem::Contents;
use crate::finding::{Code, Finding};
use crate::ident::{DiskName, Label};
use crate::lineage::{Held, rescue};
use crate::replica::{Copied, Disk, Flag, Quality, RecordState, Replica};
use crate::report::{json, words};

/// Disks of a candidate that are named, so that a chain of a thousand fits a screen.
const CANDIDATE_DISKS: usize = 8;

/// The names that are one file, by file.
type Links<'a> = BTreeMap<u64, Vec<&'a DiskName>>;

/// One replica in full.
#[derive(Debug)]
#[non_exhaustive]
pub struct Inspection<'a> {
    /// Its label and state.
    pub title: String,
    /// What is known of it: a name and a text each.
    pub facts: Vec<(&'static str, String)>,
    /// How long its chain is and what it stores.
    pub chain: String,
    /// Every disk: the chain head first, then the others.
    pub disks: Vec<InspectedDisk>,
    /// The chains that may be rescued, likeliest first.
    pub candidates: Option<Candidates>,
    /// Every finding, gravest first.
    pub findings: Vec<&'a Finding>,
}

/// One disk.
#[derive(Debug)]
#[non_exhaustive]
pub struct InspectedDisk {
    /// Its name.
    pub name: DiskName,
    /// The place of its parent among the disks.
    pub parent: Option<usize>,
    /// Whether it is the head.
    pub is_head: bool,
    /// Whether the chain reaches it.
    pub on_chain: bool,
    /// What is said of it.
    pub notes: Vec<String>,
}

/// The chains that may be rescued from one replica.
#[derive(Debug)]
#[non_exhaustive]
pub struct Candidates {
    /// What they are.
    pub title: String,
    /// Each: what it is, its disks, and what speaks for and against it.
    pub each: Vec<(String, String, Vec<String>)>,
    /// How to use the first.
    pub hint: String,
}

impl<'a> Inspection<'a> {
    /// The account of each replica.
    pub fn of(replicas: &'a [Replica], inside: &BTreeMap<Label, Contents>) -> Vec<Self> {
        replicas.iter().map(|replica| one(replica, replicas, inside.get(&replica.label))).collect()
    }
}

fn one<'a>(replica: &'a Replica, replicas: &[Replica], inside: Option<&Contents>) -> Inspection<'a> {
    let disks = json::in_order(replica);
    let places: BTreeMap<&str, usize> =
        disks.iter().enumerate().map(|(at, disk)| (disk.name.as_str(), at)).collect();
    let mut links: Links<'_> = BTreeMap::new();
    for disk in &disks {
        if let Some(link) = disk.image.as_ref().and_then(|image| image.link) {
            links.entry(link).or_default().push(&disk.name);
        }
    }
    let mut findings: Vec<&Finding> = replica.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
    let room = analysis::room(replica, None);
    let depth = room.as_ref().map(super::depth::facts).unwrap_or_default();
    let held = room.and_then(|room| room.space).map(|space| space.disks).unwrap_or_default();
    Inspection {
        title: format!("{} · {}", replica.label, words::condition(replica, !replica.defects.is_empty())),
        facts: facts(replica).into_iter().chain(depth).chain(contents(inside)).collect(),
        chain: chain(replica, &disks),
        candidates: candidates(replica, replicas),
        findings,
        disks: disks
            .iter()
            .enumerate()
            .map(|(at, disk)| InspectedDisk {
                name: disk.name.clone(),
                parent: disk.parent().and_then(|parent| places.get(parent).copied()),
                is_head: Some(&disk.name) == replica.head.as_ref(),
                on_chain: disk.on_chain,
                // The chain comes first, head first, as what its disks hold does.
                notes: notes(replica, disk, &links, held.get(at)),
            })
            .collect(),
    }
}

fn chain(replica: &Replica, disks: &[&Disk]) -> String {
    let stored: u64 = disks.iter().filter_map(|disk| disk.allocated()).sum();
    let off = disks.iter().filter(|disk| !disk.on_chain).count();
    let mut text = format!("chain of {}, head first", words::count(replica.chain.len(), "disk"));
    if off > 0 {
        text.push_str(&format!("; {off} off-chain, marked x"));
    }
    if replica.has_images() {
        text.push_str(&format!("; {} stored in total", words::bytes(stored)));
    }
    text
}

fn facts(replica: &Replica) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let mut fact = |name: &'static str, text: Option<String>| out.extend(text.map(|text| (name, text)));
    let name = |name: &Option<DiskName>| name.as_ref().map(DiskName::to_string);
    fact("found in", Some(replica.path.clone()));
    fact("copy fidelity", copied(&blocks::quality(replica, Seen::Extents)));
    fact("volume", replica.volume.clone());
    fact("size", replica.size.map(|size| format!("{} ({size} bytes)", words::bytes(size))));
    fact("written by", words::dialect(replica).map(|_| "Longhorn, by the keys of its files".to_owned()));
    fact("error", replica.error.as_ref().map(ToString::to_string));
    fact("cannot start", replica.start_error.as_ref().map(ToString::to_string));
    fact("head", name(&replica.head));
    fact("parent", name(&replica.parent));
    if replica.is_jivas() {
        fact("Checkpoint", Some(name(&replica.checkpoint).unwrap_or_else(|| "none".to_owned())));
    }
    fact("counter", Some(replica.counter.map_or_else(|| "none readable".to_owned(), |c| c.to_string())));
    fact("backing file", replica.backing_file.clone());
    if let Some(meta) = &replica.meta {
        let shown = |flag: Option<bool>| flag.map_or_else(|| "absent".to_owned(), |flag| flag.to_string());
        fact("Dirty", Some(shown(meta.dirty)));
        fact("Rebuilding", Some(shown(meta.rebuilding)));
        fact("CloneStatus", meta.clone_status.clone().filter(|text| !text.is_empty()));
        fact("sector size", meta.sector_size.map(|size| size.to_string()));
        fact(
            "last snapshot",
            meta.revision_counter.map(|counter| format!("counter {counter} at last snapshot")),
        );
        fact("UUID", meta.uuid.clone());
        fact(
            "written by",
            meta.generation()
                .filter(|_| replica.is_jivas())
                .map(|version| format!("Jiva {version}, by the keys of volume.meta")),
        );
    }
    if replica.is_jivas() {
        fact("last rebuild", Some(words::last_join(replica.last_join).to_owned()));
    }
    fact("clean tip", name(&replica.clean_tip));
    if let Some(peer) = &replica.peer {
        let counter =
            peer.counter.map_or_else(|| "no counter".to_owned(), |counter| format!("counter {counter}"));
        let at = peer.created.as_deref().map_or_else(String::new, |at| format!(" at {}", words::when(at)));
        fact("last peer seen", Some(format!("head {}, {counter}{at}", peer.head)));
        fact("rebuild snapshot", Some(peer.join_snapshot.to_string()));
    }
    out
}

/// What is inside the view.
fn contents(inside: Option<&Contents>) -> Vec<(&'static str, String)> {
    let texts = inside.map(super::inside::contents).unwrap_or_default();
    texts.into_iter().map(|text| ("inside", text)).collect()
}

fn candidates(replica: &Replica, replicas: &[Replica]) -> Option<Candidates> {
    let found = rescue::candidates(replica, replicas);
    let (label, first) = (&replica.label, &found.first()?.name);
    let each = found.iter().map(|candidate| {
        let end = if candidate.complete { "to a base" } else { "but is incomplete" };
        let disks = words::count(candidate.chain.len(), "disk");
        let names: Vec<&str> = candidate.chain.iter().take(CANDIDATE_DISKS).map(DiskName::as_str).collect();
        let more = candidate.chain.len().saturating_sub(CANDIDATE_DISKS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let what = format!("{}@{}: {disks} {end}", replica.label, candidate.name);
        (what, format!("{}{more}", names.join(", ")), candidate.reasons.clone())
    });
    Some(Candidates {
        title: format!("{} {}", Code::RescueCandidates, Code::RescueCandidates.row().title),
        each: each.collect(),
        hint: format!("Use it as {label}@{first} in diff --between, hash and export."),
    })
}

/// Date, counter, size and what is special about a disk.
fn notes(replica: &Replica, disk: &Disk, links: &Links<'_>, held: Option<&Held>) -> Vec<String> {
    let mut parts = Vec::new();
    match &disk.record {
        RecordState::Absent => parts.push("no record".to_owned()),
        RecordState::Invalid(error) => parts.push(format!("the record does not decode: {error}")),
        RecordState::Unreadable(error) => parts.push(format!("the record {error}")),
        RecordState::Read(record) => {
            parts.extend(record.created.as_deref().map(words::when));
            if replica.is_jivas() {
                parts.push(
                    record
                        .counter
                        .map_or_else(|| "no counter".to_owned(), |counter| format!("counter {counter}")),
                );
            }
            // In Longhorn a snapshot's record keeps the name of the head that it was.
            let name = record.name.as_deref().filter(|_| replica.is_jivas());
            if let Some(name) = name.filter(|name| *name != disk.name.as_str()) {
                parts.push(format!("record Name: {name}"));
            }
        }
    }
    match &disk.image {
        None if replica.flags.contains(&Flag::RecordsOnly) => {}
        None => parts.push("no image".to_owned()),
        Some(image) => {
            parts.push(match disk.allocated() {
                Some(stored) => format!("{} stored", words::bytes(stored)),
                None => "stored ranges unknown".to_owned(),
            });
            parts.extend(held.into_iter().flat_map(super::depth::notes));
            if replica.size.is_some_and(|size| size != image.size) {
                parts.push(format!("{} long", words::bytes(image.size)));
            }
            let same = image.link.and_then(|link| links.get(&link)).into_iter().flatten();
            parts.extend(
                same.filter(|other| ***other != disk.name).map(|other| format!("hard link to {other}")),
            );
        }
    }
    if disk.user_created() {
        parts.push("user-created".to_owned());
    }
    if disk.removed() {
        parts.push("marked for removal".to_owned());
    }
    if Some(&disk.name) == replica.checkpoint.as_ref() {
        parts.push("Checkpoint".to_owned());
    }
    if Some(&disk.name) == replica.clean_tip.as_ref() {
        parts.push("clean tip".to_owned());
    }
    if let Some(missing) = disk.parent().filter(|parent| replica.disk(*parent).is_none()) {
        parts.push(format!("parent {missing} is missing"));
    }
    parts
}

/// What the copy of a replica is worth, and what shows it; `None` where it has no image that could show it.
fn copied(copied: &Copied) -> Option<String> {
    let how = match copied.quality {
        Quality::Attested => "attested",
        Quality::Faithful => "faithful",
        Quality::Defective => "defective",
        _ if copied.images.is_empty() => return None,
        _ => "unknown",
    };
    Some(format!("{how}: {}", copied.why))
}
