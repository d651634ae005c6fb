//! What is inside a view: a partition table or none, and which file systems, as their superblocks say.

use serde::Serialize;

use super::bytes::{Bytes, FsError, Within};
use super::clock::Moment;
use super::ext;
use super::known::known;
use super::partitions::{Table, partitions};
use super::xfs::{self, Log};
use crate::ident::Run;

/// Partitions whose contents are looked at.
const LOOKED_AT: usize = 16;

/// What is inside a view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Contents {
    /// The kind of its partition table, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition_table: Option<Table>,
    /// The file systems that were recognised, by their place.
    pub file_systems: Vec<FileSystem>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

/// One file system, as its superblock says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FileSystem {
    /// `ext2`, `ext3`, `ext4`, `XFS`, `btrfs`, `swap`, …
    pub kind: &'static str,
    /// Number of its partition; absent where it fills the view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<u32>,
    /// Where it may lie, in bytes of the view.
    pub place: Run,
    /// Size that it claims, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// How many inodes are in use: files, directories and links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_inodes: Option<u64>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// What it says of its state; absent where that is not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<FsState>,
    /// Last mount, by the guest's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounted: Option<Moment>,
    /// Where it was mounted last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounted_on: Option<String>,
    /// Last write to the superblock, by the guest's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<Moment>,
    /// When it was made, by the guest's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<Moment>,
    /// Last full check, by the guest's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<Moment>,
}

/// What a superblock says of its file system's state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FsState {
    /// Whether it was unmounted cleanly.
    pub clean: bool,
    /// Whether its journal must be replayed before it can be used.
    pub needs_recovery: bool,
    /// Whether it says of itself that it has errors.
    pub errors: bool,
    /// How many errors were counted.
    #[serde(skip_serializing_if = "is_zero")]
    pub error_count: u32,
    /// The first of them, by the guest's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<Moment>,
    /// The last of them, by the guest's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<Moment>,
    /// The function of the kernel that saw the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error_in: Option<String>,
    /// Whether the superblock's checksum does not fit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wrong_checksum: bool,
    /// Bytes that it claims and that are not there.
    #[serde(skip_serializing_if = "is_zero_long")]
    pub missing_bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero_long(number: &u64) -> bool {
    *number == 0
}

impl FsState {
    /// Whether the file system itself says that something is wrong with it; a journal to be replayed is not.
    pub fn is_broken(&self) -> bool {
        self.errors || self.wrong_checksum || self.missing_bytes > 0
    }
}

impl Contents {
    /// Looks into a view. A few blocks of it are read.
    pub fn of(bytes: &dyn Bytes) -> Self {
        let mut out = Self::default();
        if let Err(error) = out.look(bytes) {
            out.unread = Some(error.to_string());
        }
        out
    }

    fn look(&mut self, bytes: &dyn Bytes) -> Result<(), FsError> {
        let all = Run { start: 0, end: bytes.size() };
        if let Some(found) = file_system(bytes, None, all)? {
            self.file_systems.push(found);
            return Ok(());
        }
        let Some((table, list)) = partitions(bytes)? else { return Ok(()) };
        self.partition_table = Some(table);
        for (number, place) in list.into_iter().take(LOOKED_AT) {
            let place = Run { start: place.start, end: place.end.min(all.end) };
            if place.start < place.end {
                self.file_systems.extend(file_system(bytes, Some(number), place)?);
            }
        }
        Ok(())
    }

    /// The file system that is meant where none is named: the only one whose files can be read, or the only one.
    pub fn only(&self) -> Option<&FileSystem> {
        let mut readable = self.file_systems.iter().filter(|one| one.is_readable());
        match (readable.next(), readable.next(), &self.file_systems[..]) {
            (Some(one), None, _) | (None, _, [one]) => Some(one),
            _ => None,
        }
    }
}

impl FileSystem {
    /// Whether its files can be listed here.
    pub fn is_readable(&self) -> bool {
        matches!(self.kind, "ext2" | "ext3" | "ext4" | "XFS")
    }
}

fn file_system(bytes: &dyn Bytes, partition: Option<u32>, place: Run) -> Result<Option<FileSystem>, FsError> {
    let part = Within { bytes, place };
    let empty = FileSystem {
        kind: "",
        partition,
        place,
        size: None,
        used_inodes: None,
        label: None,
        uuid: None,
        state: None,
        mounted: None,
        mounted_on: None,
        written: None,
        made: None,
        checked: None,
    };
    if let Some(superblock) = ext::Superblock::read(&part)? {
        return Ok(Some(FileSystem {
            kind: superblock.kind(),
            size: Some(superblock.size()),
            used_inodes: Some(u64::from(superblock.inodes.saturating_sub(superblock.free_inodes))),
            state: Some(state(&superblock, place.len())),
            label: superblock.label,
            uuid: superblock.uuid,
            mounted: superblock.mounted,
            mounted_on: superblock.mounted_on,
            written: superblock.written,
            made: superblock.made,
            checked: superblock.checked,
            ..empty
        }));
    }
    if let Some(superblock) = xfs::Superblock::read(&part)? {
        let state = xfs_state(&part, &superblock);
        return Ok(Some(FileSystem {
            kind: "XFS",
            size: Some(superblock.size()),
            used_inodes: superblock.inodes.checked_sub(superblock.free_inodes),
            state,
            label: superblock.label,
            uuid: superblock.uuid,
            ..empty
        }));
    }
    let found = known(&part)?;
    Ok(found.map(|known| {
        let missing = known.size.map_or(0, |size| size.saturating_sub(place.len()));
        let state = FsState { missing_bytes: missing, ..FsState::default() };
        FileSystem {
            kind: known.kind,
            size: known.size,
            label: known.label,
            uuid: known.uuid,
            // Of these only what is wrong is known, never that all is well.
            state: state.is_broken().then_some(state),
            ..empty
        }
    }))
}

fn state(superblock: &ext::Superblock, room: u64) -> FsState {
    const CLEAN: u16 = 1;
    const ERRORS: u16 = 2;
    let needs_recovery = superblock.needs_recovery();
    FsState {
        clean: superblock.state & CLEAN != 0 && !needs_recovery,
        needs_recovery,
        errors: superblock.state & ERRORS != 0,
        error_count: superblock.errors,
        first_error: superblock.first_error,
        last_error: superblock.last_error,
        last_error_in: superblock.last_error_in.clone(),
        wrong_checksum: superblock.checksum == Some(false),
        missing_bytes: superblock.size().saturating_sub(room),
    }
}

/// Of XFS the log says whether it was unmounted. Where that is unknown, only what is wrong is said, never that all is well.
fn xfs_state(part: &Within<'_>, superblock: &xfs::Superblock) -> Option<FsState> {
    let log = xfs::log(part, superblock);
    let state = FsState {
        clean: log == Log::Clean && !superblock.unfinished,
        needs_recovery: matches!(log, Log::Dirty { .. }),
        errors: superblock.unfinished || superblock.needs_repair,
        wrong_checksum: superblock.checksum == Some(false),
        missing_bytes: superblock.size().saturating_sub(part.size()),
        ..FsState::default()
    };
    (state.is_broken() || !matches!(log, Log::Unknown(_))).then_some(state)
}
