//! What a copy shows beside a capsule of the same replica.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::phrases::{blocks, count, list, many};
use crate::ident::{DiskName, Run};

/// Ranges that are written out.
const SHOWN: usize = 3;

/// Copies that hold what the capsule of the same replica shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttestedCopy {
    /// Where the capsule is.
    pub capsule: String,
    /// Images whose blocks were compared.
    pub images: usize,
}

/// What copying changed in one image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CopyChange {
    /// Where the copy is.
    pub copy: String,
    /// The image.
    pub image: DiskName,
    /// Blocks that changed.
    pub blocks: u64,
    /// The first ranges of them, in bytes.
    pub ranges: Vec<Run>,
}

/// An image that is missing in a copy, or has another length there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CopyLength {
    /// Where the copy is.
    pub copy: String,
    /// The image.
    pub image: DiskName,
    /// Its size where the replica lay, in bytes; absent where it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its size in the copy; absent where it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copied: Option<u64>,
}

/// Records and other small files that a copy lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CopyFiles {
    /// Where the copy is.
    pub copy: String,
    /// Their names, sorted.
    pub files: Vec<String>,
}

/// Why a replica cannot be compared with the others, for want of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyFault {
    /// Its sums were made with a key that is not given.
    OwnNotGiven,
    /// It holds data, or sums without a key, and those of the others were made with a key that is not given.
    OthersNotGiven,
    /// Its sums and those of the others were made with two keys, or with one and without.
    Different,
}

impl Display for KeyFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OwnNotGiven => "its sums were made with a key that is not given (--capsule-key), so they cannot be compared",
            Self::OthersNotGiven => {
                "the sums of the others were made with a key that is not given (--capsule-key), so it cannot be compared"
            }
            Self::Different => {
                "its sums and those of the others were not made with one key, so they cannot be compared"
            }
        })
    }
}

impl Display for AttestedCopy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let images = many(self.images, "image");
        write!(f, "the capsule {} has the same extents and blocks in {images}", self.capsule)
    }
}

impl CopyChange {
    pub(super) fn filled(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} are stored zeros in {} and holes in the replica",
            self.copy,
            blocks(self.blocks),
            self.image
        )?;
        self.places(f)
    }

    pub(super) fn dropped(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} are holes in {} and stored zeros in the replica",
            self.copy,
            blocks(self.blocks),
            self.image
        )?;
        self.places(f)
    }

    pub(super) fn differ(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {} are not those of the replica", self.copy, blocks(self.blocks), self.image)?;
        self.places(f)
    }

    pub(super) fn lost(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} of {} that the replica stores are not here",
            self.copy,
            blocks(self.blocks),
            self.image
        )?;
        self.places(f)
    }

    fn places(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, run) in self.ranges.iter().take(SHOWN).enumerate() {
            let lead = if at == 0 { ", at bytes " } else { ", " };
            write!(f, "{lead}{} to {}", run.start, run.end)?;
        }
        if self.ranges.len() > SHOWN { f.write_str(" and so on") } else { Ok(()) }
    }
}

impl Display for CopyFiles {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: of the replica's records these are missing or cannot be read: {}",
            self.copy,
            list(&self.files)
        )
    }
}

impl Display for CopyLength {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (copy, image) = (&self.copy, &self.image);
        match (self.size, self.copied) {
            (Some(size), Some(copied)) => {
                let (size, copied) = (count(size, "byte"), count(copied, "byte"));
                write!(f, "{copy}: {image} has {copied}, and {size} in the replica")
            }
            (Some(_), None) => write!(f, "{copy}: {image} is missing"),
            (None, _) => write!(f, "{copy}: {image} is not in the replica"),
        }
    }
}
