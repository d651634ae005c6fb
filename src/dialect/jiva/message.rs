//! The errors of opening and starting, in Jiva's own words.

use std::fmt;

use crate::evidence::Kind;
use crate::replica::{CounterError, OpenError, StartError};

/// The directory as it is called inside a replica's container; Jiva's messages carry it.
const DIR: &str = "openebs";

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

impl fmt::Display for CounterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.go_text(), self.offset)
    }
}

impl std::error::Error for CounterError {}

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
