//! What opening a replica would do in Jiva: nothing, or one exact error.

use super::message::FIRST_SNAPSHOT;
use super::next_head_name;
use super::version::Generation;
use crate::dialect::reader::FileState;
use crate::evidence::{Entry, Kind, ReadError};
use crate::go::MetaError;
use crate::ident::{DiskName, Version};
use crate::replica::chain::{End, Walk};
use crate::replica::{Disks, OpenError, RecordState, State, VolumeMeta};

/// The most disks a live chain may have, head included, in the version that a directory shows.
pub fn chain_limit(shown: Option<Generation>) -> usize {
    Version::shown_by(shown).chain_limit()
}

pub(in crate::dialect) struct Facts<'a> {
    pub meta: &'a FileState<VolumeMeta, MetaError>,
    /// The message for a counter that cannot be used.
    pub counter_error: Option<&'a OpenError>,
    pub walk: Option<&'a Walk>,
    pub disks: &'a Disks,
    pub entries: &'a [Entry],
}

/// The state in which Jiva would find the directory, and its error if it fails; broken without one where what keeps it
/// from being read is a matter of this copy or reader.
pub(in crate::dialect) fn open(facts: &Facts<'_>) -> (State, Option<OpenError>) {
    let meta = match facts.meta {
        // Jiva makes a new empty volume here; nothing fails.
        FileState::Absent => return (State::Blank, None),
        FileState::Invalid(error) => return broken(OpenError::VolumeMeta(error.clone())),
        FileState::Unreadable(ReadError::NotAFile(kind)) => {
            return broken(OpenError::MetadataNotAFile { file: "volume.meta".to_owned(), kind: *kind });
        }
        // Jiva reads it on the node, where it may be whole: this has no message of Jiva's.
        FileState::Unreadable(_) => return (State::Broken, None),
        FileState::Read(meta) => meta,
    };
    let size = meta.size.unwrap_or(0);
    if size % 512 != 0 {
        return broken(OpenError::Size(size));
    }
    if let Some(error) = facts.counter_error {
        return broken(error.clone());
    }
    let Some(head) = meta.head.as_deref().filter(|head| !head.is_empty()) else {
        return broken(OpenError::NoHead);
    };
    if head.contains('/') {
        return broken(OpenError::HeadIsPath(head.to_owned()));
    }
    let Some(walk) = facts.walk else {
        return broken(OpenError::NoHead);
    };
    match &walk.end {
        End::Base => {}
        End::Loop(name) => return broken(OpenError::Loop(name.clone())),
        End::Invalid(name) => return (State::Broken, record_error(facts.disks, name)),
        End::Missing(name) if walk.places.is_empty() => return broken(create_over(facts, name)),
        End::Missing(name) => return broken(OpenError::NoRecord(name.clone())),
    }
    let limit = chain_limit(meta.generation());
    if walk.places.len() > limit {
        return broken(OpenError::ChainTooLong(walk.places.len()));
    }
    // Jiva opens the images from base to head, for writing, and creates what is not there.
    let in_the_way: Vec<&Entry> = facts.entries.iter().filter(|entry| entry.kind != Kind::File).collect();
    for at in walk.places.iter().rev() {
        let name = &facts.disks[*at].name;
        if let Ok(found) = in_the_way.binary_search_by(|entry| entry.name.as_str().cmp(name.as_str())) {
            return broken(OpenError::ImageNotAFile { disk: name.clone(), kind: in_the_way[found].kind });
        }
    }
    (State::Usable, None)
}

fn broken(error: OpenError) -> (State, Option<OpenError>) {
    (State::Broken, Some(error))
}

fn entry<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.binary_search_by(|e| e.name.as_str().cmp(name)).ok().map(|at| &entries[at])
}

/// Jiva's error for a record; `None` for one that could not be read here.
fn record_error(disks: &Disks, name: &DiskName) -> Option<OpenError> {
    Some(match disks.get(name).map(|disk| &disk.record) {
        Some(RecordState::Invalid(error)) => OpenError::Record { disk: name.clone(), error: error.clone() },
        Some(RecordState::Unreadable(ReadError::NotAFile(kind))) => {
            OpenError::MetadataNotAFile { file: name.record(), kind: *kind }
        }
        Some(RecordState::Unreadable(_)) => return None,
        _ => OpenError::NoRecord(name.clone()),
    })
}

/// No record of the head: Jiva then takes the branch for a new disk, makes the next head, and fails when it
/// links the old one as the snapshot `000`.
fn create_over(facts: &Facts<'_>, head: &DiskName) -> OpenError {
    let Some(next) = next_head_name(head.as_str()) else {
        return OpenError::InvalidHeadName(head.clone());
    };
    let stored = |name: &str| {
        facts.disks.get(name).and_then(|disk| disk.image.as_ref()).is_some_and(|image| {
            image.extents.as_ref().map_or(image.size > 0, |extents| !extents.runs.is_empty())
        })
    };
    if stored(&next) {
        return OpenError::NextHeadStores(next);
    }
    let base = FIRST_SNAPSHOT;
    if entry(facts.entries, base).is_some() || entry(facts.entries, &format!("{base}.meta")).is_some() {
        return OpenError::OldFile(base.to_owned());
    }
    OpenError::NoFileToLink { head: head.clone(), has_image: entry(facts.entries, head.as_str()).is_some() }
}
