//! Why Jiva would not open or start a replica: typed, and in Jiva's own words when shown.

use std::fmt;

use crate::evidence::Kind;
use crate::format::{CounterError, MetaError};
use crate::ident::DiskName;

/// The directory as it is called inside a replica's container; Jiva's messages carry it.
pub(super) const DIR: &str = "openebs";

/// The error with which opening a replica fails. `Display` gives Jiva's exact text; where Jiva gives none, because it
/// hangs, dies or would read something that is no file, it says so in words of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// `volume.meta` does not decode.
    VolumeMeta(MetaError),
    /// The record of a disk of the chain does not decode.
    Record {
        /// The disk.
        disk: DiskName,
        /// Why.
        error: MetaError,
    },
    /// `revision.counter` does not hold a number.
    Counter(CounterError),
    /// `revision.counter` is a directory.
    CounterIsDirectory,
    /// A metadata file is something else than a file.
    MetadataNotAFile {
        /// Its name.
        file: String,
        /// What it is.
        kind: Kind,
    },
    /// An image of the chain is something else than a file.
    ImageNotAFile {
        /// The disk.
        disk: DiskName,
        /// What it is.
        kind: Kind,
    },
    /// `Size` is not a number of sectors.
    Size(i64),
    /// `volume.meta` names no head.
    NoHead,
    /// `volume.meta` names a path as the head.
    HeadIsPath(String),
    /// The records lead back to this disk.
    Loop(DiskName),
    /// A disk of the chain has no record.
    NoRecord(DiskName),
    /// The chain has more disks than the version opens.
    ChainTooLong(usize),
    /// The head has no record, and its name leads to no next head.
    InvalidHeadName(DiskName),
    /// The head has no record, and the next head stores data.
    NextHeadStores(String),
    /// The head has no record, and the snapshot that Jiva would make of it is there already.
    OldFile(String),
    /// The head has no record, and Jiva fails to make a snapshot of it.
    NoFileToLink {
        /// The head.
        head: DiskName,
        /// Whether its image is there, so that the record is what is missed.
        has_image: bool,
    },
}

/// The snapshot that Jiva would make of a head without a record.
pub(super) const FIRST_SNAPSHOT: &str = "volume-snap-000.img";

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VolumeMeta(error) | Self::Record { error, .. } => f.write_str(&error.go_text()),
            Self::Counter(error) => f.write_str(&error.go_text()),
            Self::CounterIsDirectory => {
                write!(f, "fail to open revision counter file: open {DIR}/revision.counter: is a directory")
            }
            Self::MetadataNotAFile { file, kind: Kind::Directory } => {
                write!(f, "read {DIR}/{file}: is a directory")
            }
            Self::ImageNotAFile { disk, kind: Kind::Directory } => {
                write!(f, "open {DIR}/{disk}: is a directory")
            }
            Self::MetadataNotAFile { file, kind } => write!(f, "{file} is a {kind}, not a file"),
            Self::ImageNotAFile { disk, kind } => write!(f, "{disk} is a {kind}, not a file"),
            Self::Size(size) => write!(f, "Size {size} not a multiple of sector size 512"),
            Self::NoHead => f.write_str("r.info.Head is nil"),
            // Seen with the real Jiva: the records are found, the head is not among them, and the process dies.
            Self::HeadIsPath(head) => {
                write!(f, "the process dies while opening: Head is a path, not a file name: {head}")
            }
            Self::Loop(disk) => write!(f, "opening never ends: the chain comes back to {disk}"),
            Self::NoRecord(disk) => write!(f, "Failed to find metadata for {disk}"),
            Self::ChainTooLong(disks) => write!(f, "Live chain is too long: {disks}"),
            Self::InvalidHeadName(head) => {
                write!(f, "Invalid name {head} does not match pattern: volume-head-(\\d+).img")
            }
            Self::NextHeadStores(next) => write!(f, "Can't remove head file {next} as it contains some data"),
            Self::OldFile(file) => write!(f, "Old file :{file} already exists"),
            Self::NoFileToLink { head, has_image } => {
                let missing = if *has_image { ".meta" } else { "" };
                write!(
                    f,
                    "link {DIR}/{head}{missing} {DIR}/{FIRST_SNAPSHOT}{missing}: no such file or directory"
                )
            }
        }
    }
}

impl std::error::Error for OpenError {}

impl OpenError {
    /// The disk that it is about, where it is one.
    pub fn disk(&self) -> Option<&DiskName> {
        match self {
            Self::Record { disk, .. }
            | Self::ImageNotAFile { disk, .. }
            | Self::Loop(disk)
            | Self::NoRecord(disk)
            | Self::InvalidHeadName(disk)
            | Self::NoFileToLink { head: disk, .. } => Some(disk),
            _ => None,
        }
    }
}

/// The error that ends a replica's process before it opens anything. `Display` gives Jiva's exact text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// `log.info` does not decode.
    LogInfo(MetaError),
    /// An earlier start left `tmpFile.tmp` behind.
    ExtentProbe,
    /// There are disks and no `volume.meta`.
    NoVolumeMeta,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogInfo(error) => {
                write!(f, "Error running start replica command: {}", error.go_text())
            }
            Self::ExtentProbe => f.write_str("Error running start replica command: invalid argument"),
            // Recorded with 1.0.0, with two spaces.
            Self::NoVolumeMeta => f.write_str(
                "Caught FATAL error:  runtime error: invalid memory address or nil pointer dereference",
            ),
        }
    }
}

impl std::error::Error for StartError {}

impl StartError {
    /// The file that it is about: present and unfit, left behind, or missing.
    pub fn file(&self) -> &'static str {
        match self {
            Self::LogInfo(_) => "log.info",
            Self::ExtentProbe => "tmpFile.tmp",
            Self::NoVolumeMeta => "volume.meta",
        }
    }
}
