//! What opening a replica would do in Jiva: nothing, or one exact error.

use super::chain::{End, Walk};
use super::{Disks, RecordState, State};
use crate::evidence::{Entry, Kind, ReadError};
use crate::format::{Generation, MetaError, VolumeMeta, next_head_name};
use crate::ident::DiskName;

/// What stands in the place of a file that is read whole.
#[derive(Debug)]
pub(super) enum FileState<T, E> {
    Absent,
    Unreadable(ReadError),
    Invalid(E),
    Read(T),
}

impl<T, E> FileState<T, E> {
    pub(super) fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            _ => None,
        }
    }

    /// Why it could not be read.
    pub(super) fn unread(&self) -> Option<&ReadError> {
        match self {
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

/// The directory as it is called inside a replica's container; Jiva's messages carry it.
const DIR: &str = "openebs";

/// The most disks a live chain may have, head included.
pub fn chain_limit(generation: Option<Generation>) -> usize {
    match generation {
        Some(Generation::Before0_6) => 250,
        Some(Generation::From0_6) => 512,
        _ => 1024,
    }
}

/// Text for a file that Jiva would open and read, and that is not a regular file.
pub(super) fn not_a_file(path: &str, kind: Kind) -> String {
    match kind {
        Kind::Directory => format!("read {DIR}/{path}: is a directory"),
        kind => format!("{path} is a {kind}, not a file"),
    }
}

pub(super) struct Facts<'a> {
    pub meta: &'a FileState<VolumeMeta, MetaError>,
    /// The message for a counter that cannot be used.
    pub counter_error: Option<&'a str>,
    pub walk: Option<&'a Walk>,
    pub disks: &'a Disks,
    pub entries: &'a [Entry],
}

/// The state in which Jiva would find the directory, and its message if it fails; broken without a message where
/// what keeps it from being read is a matter of this copy or reader.
pub(super) fn open(facts: &Facts<'_>) -> (State, Option<String>) {
    let meta = match facts.meta {
        // Jiva makes a new empty volume here; nothing fails.
        FileState::Absent => return (State::Blank, None),
        FileState::Invalid(error) => return broken(error.go_text()),
        FileState::Unreadable(ReadError::NotAFile(kind)) => return broken(not_a_file("volume.meta", *kind)),
        // Jiva reads it on the node, where it may be whole: this has no message of Jiva's.
        FileState::Unreadable(_) => return (State::Broken, None),
        FileState::Read(meta) => meta,
    };
    let size = meta.size.unwrap_or(0);
    if size % 512 != 0 {
        return broken(format!("Size {size} not a multiple of sector size 512"));
    }
    if let Some(error) = facts.counter_error {
        return broken(error.to_owned());
    }
    let Some(head) = meta.head.as_deref().filter(|head| !head.is_empty()) else {
        return broken("r.info.Head is nil".to_owned());
    };
    if head.contains('/') {
        // Seen with the real Jiva: the records are found, the head is not among them, and the process dies.
        return broken(format!("the process dies while opening: Head is a path, not a file name: {head}"));
    }
    let Some(walk) = facts.walk else {
        return broken("r.info.Head is nil".to_owned());
    };
    match &walk.end {
        End::Base => {}
        End::Loop(name) => {
            return broken(format!("opening never ends: the chain comes back to {name}"));
        }
        End::Invalid(name) => return (State::Broken, record_error(facts.disks, name)),
        End::Missing(name) if walk.places.is_empty() => return broken(create_over(facts, name)),
        End::Missing(name) => return broken(format!("Failed to find metadata for {name}")),
    }
    let limit = chain_limit(meta.generation());
    if walk.places.len() > limit {
        return broken(format!("Live chain is too long: {}", walk.places.len()));
    }
    // Jiva opens the images from base to head, for writing, and creates what is not there.
    let in_the_way: Vec<&Entry> = facts.entries.iter().filter(|entry| entry.kind != Kind::File).collect();
    for at in walk.places.iter().rev() {
        let name = &facts.disks[*at].name;
        if let Ok(found) = in_the_way.binary_search_by(|entry| entry.name.as_str().cmp(name.as_str())) {
            let entry = in_the_way[found];
            return broken(match entry.kind {
                Kind::Directory => format!("open {DIR}/{name}: is a directory"),
                kind => format!("{name} is a {kind}, not a file"),
            });
        }
    }
    (State::Usable, None)
}

fn broken(error: String) -> (State, Option<String>) {
    (State::Broken, Some(error))
}

fn entry<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.binary_search_by(|e| e.name.as_str().cmp(name)).ok().map(|at| &entries[at])
}

/// Jiva's message for a record; `None` for one that could not be read here.
fn record_error(disks: &Disks, name: &DiskName) -> Option<String> {
    Some(match disks.get(name).map(|disk| &disk.record) {
        Some(RecordState::Invalid(error)) => error.go_text(),
        Some(RecordState::Unreadable(ReadError::NotAFile(kind))) => not_a_file(&name.record(), *kind),
        Some(RecordState::Unreadable(_)) => return None,
        _ => format!("Failed to find metadata for {name}"),
    })
}

/// No record of the head: Jiva then takes the branch for a new disk, makes the next head, and fails when it
/// links the old one as the snapshot `000`.
fn create_over(facts: &Facts<'_>, head: &DiskName) -> String {
    let Some(next) = next_head_name(head.as_str()) else {
        return format!("Invalid name {head} does not match pattern: volume-head-(\\d+).img");
    };
    let stored = |name: &str| {
        facts.disks.get(name).and_then(|disk| disk.image.as_ref()).is_some_and(|image| {
            image.extents.as_ref().map_or(image.size > 0, |extents| !extents.runs.is_empty())
        })
    };
    if stored(&next) {
        return format!("Can't remove head file {next} as it contains some data");
    }
    let base = "volume-snap-000.img";
    if entry(facts.entries, base).is_some() || entry(facts.entries, &format!("{base}.meta")).is_some() {
        return format!("Old file :{base} already exists");
    }
    let missing = if entry(facts.entries, head.as_str()).is_some() { ".meta" } else { "" };
    format!("link {DIR}/{head}{missing} {DIR}/{base}{missing}: no such file or directory")
}
