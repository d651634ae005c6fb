//! The screen of `inspect`: each replica in full.

use std::collections::BTreeMap;

use super::lanes::draw;
use super::page::Page;
use super::palette::{Palette, Role};
use super::{findings, screen};
use crate::blocks::{self, Seen};
use crate::evidence::InputReport;
use crate::finding::Code;
use crate::ident::DiskName;
use crate::lineage::rescue;
use crate::replica::{Copied, Disk, Flag, Quality, RecordState, Replica};
use crate::report::json::in_order;
use crate::report::{model, words};

/// More lanes than this leave too little room for names.
const LANES: usize = 12;

/// Disks of a candidate that are named, so that a chain of a thousand fits a screen.
const CANDIDATE_DISKS: usize = 8;

/// The names that are one file, by file.
type Links<'a> = BTreeMap<u64, Vec<&'a DiskName>>;

/// Every replica: what volume.meta says, the chain as a tree, every disk, every finding.
pub fn inspect(inputs: &[InputReport], replicas: &[Replica], palette: &Palette) -> String {
    let mut page = Page::new(palette);
    for replica in replicas {
        page.gap();
        page.say(
            Role::Heading,
            0,
            &format!("{} · {}", replica.label, words::condition(replica, !replica.defects.is_empty())),
        );
        facts(&mut page, replica);
        disks(&mut page, replica);
        candidates(&mut page, replica, replicas);
        page.gap();
        if replica.findings.is_empty() {
            page.say(Role::Good, 2, "no findings");
        } else {
            page.say(Role::Heading, 2, "findings");
            let mut findings: Vec<_> = replica.findings.iter().collect();
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
            for finding in findings {
                findings::in_full(&mut page, finding);
            }
        }
    }
    screen::without_data(&mut page, &model::without_data(inputs));
    screen::inputs(&mut page, &model::remarks(inputs));
    page.finish()
}

fn facts(page: &mut Page<'_>, replica: &Replica) {
    let mut fact = |name: &str, text: Option<String>| {
        if let Some(text) = text {
            page.item(Role::Plain, &format!("  {name:16} "), &text);
        }
    };
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
}

/// The chains that may be rescued, likeliest first, each with what speaks for and against it.
fn candidates(page: &mut Page<'_>, replica: &Replica, replicas: &[Replica]) {
    let found = rescue::candidates(replica, replicas);
    if found.is_empty() {
        return;
    }
    page.gap();
    let title = Code::RescueCandidates.row().title;
    page.say(Role::Heading, 2, &format!("{} {title}", Code::RescueCandidates));
    for candidate in &found {
        let end = if candidate.complete { "to a base" } else { "but is incomplete" };
        let disks = words::count(candidate.chain.len(), "disk");
        let text = format!("{}@{}: {disks} {end}", replica.label, candidate.name);
        page.item(Role::Plain, "    ", &text);
        let names: Vec<&str> = candidate.chain.iter().take(CANDIDATE_DISKS).map(DiskName::as_str).collect();
        let more = candidate.chain.len().saturating_sub(CANDIDATE_DISKS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        page.say(Role::Faint, 6, &format!("{}{more}", names.join(", ")));
        for reason in &candidate.reasons {
            page.item(Role::Plain, "      - ", reason);
        }
    }
    let (label, first) = (&replica.label, &found[0].name);
    page.say(Role::Plain, 4, &format!("Use it as {label}@{first} in diff --between, hash and export."));
}

fn disks(page: &mut Page<'_>, replica: &Replica) {
    let disks = in_order(replica);
    page.gap();
    let stored: u64 = disks.iter().filter_map(|disk| disk.allocated()).sum();
    let off = disks.iter().filter(|disk| !disk.on_chain).count();
    let mut text = format!("chain of {}, head first", words::count(replica.chain.len(), "disk"));
    if off > 0 {
        text.push_str(&format!("; {off} off-chain, marked x"));
    }
    if replica.has_images() {
        text.push_str(&format!("; {} stored in total", words::bytes(stored)));
    }
    page.say(Role::Heading, 2, &text);
    let places: BTreeMap<&str, usize> =
        disks.iter().enumerate().map(|(at, disk)| (disk.name.as_str(), at)).collect();
    let place = |name: &str| places.get(name).copied();
    let mut links: Links<'_> = BTreeMap::new();
    for disk in &disks {
        if let Some(link) = disk.image.as_ref().and_then(|image| image.link) {
            links.entry(link).or_default().push(&disk.name);
        }
    }
    let parents: Vec<Vec<usize>> =
        disks.iter().map(|disk| disk.parent().and_then(place).into_iter().collect()).collect();
    let mark = |at: usize| match disks[at] {
        disk if Some(&disk.name) == replica.head.as_ref() => '*',
        disk if disk.on_chain => 'o',
        _ => 'x',
    };
    let Some(rows) = draw(&parents, LANES, mark) else {
        page.say(Role::Faint, 2, "too many branches to draw: the list is in order, head to base");
        for (at, disk) in disks.iter().enumerate() {
            one(page, replica, disk, &links, &format!("  {} ", mark(at)), "    ");
        }
        return;
    };
    for row in rows {
        let lead = format!("  {} ", row.lanes.trim_end());
        let under = format!("  {:1$} ", row.under.trim_end(), lead.chars().count() - 3);
        match row.node {
            Some(at) => one(page, replica, disks[at], &links, &lead, &under),
            None => page.laid_out(Role::Plain, &lead),
        }
    }
}

fn one(page: &mut Page<'_>, replica: &Replica, disk: &Disk, links: &Links<'_>, lead: &str, under: &str) {
    let role = if Some(&disk.name) == replica.head.as_ref() { Role::Heading } else { Role::Plain };
    page.led(role, lead, under, disk.name.as_str());
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
    page.led(Role::Faint, under, under, &parts.join(", "));
}

/// What the copy of a replica is worth, and what shows it; `None` where it has no image that could show it.
fn copied(copied: &Copied) -> Option<String> {
    let how = match copied.quality {
        Quality::Faithful => "faithful",
        Quality::Defective => "defective",
        _ if copied.images.is_empty() => return None,
        _ => "unknown",
    };
    Some(format!("{how}: {}", copied.why))
}
