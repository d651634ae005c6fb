//! Why an engine would not open or start a replica: typed. The engine's own words for it stand with the
//! [dialect](crate::dialect).

use crate::evidence::Kind;
use serde::Serialize;

use crate::go::MetaError;
use crate::ident::DiskName;

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

/// Why a counter could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CounterErrorKind {
    /// Not a decimal number, or no text at all.
    Syntax,
    /// A number outside of 64 bits.
    Range,
}

/// A counter file that Jiva does not accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CounterError {
    /// Byte offset of the text, behind NULs at the start; 0 if there is no text.
    pub offset: u64,
    /// The text that was to be a number, quoted as Go does.
    pub quoted: String,
    /// What is wrong with it.
    pub kind: CounterErrorKind,
}
