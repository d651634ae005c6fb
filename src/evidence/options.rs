//! How evidence is gathered.

use std::fmt;
use std::path::PathBuf;

use crate::progress::Progress;

/// What becomes of image data in archives that can be read only once: compressed, or on standard input.
/// The images of directories and of plain archives are always at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Images {
    /// They are left out; reading them is [`ReadError::NotKept`](super::ReadError::NotKept). Sizes and
    /// stored ranges are known all the same.
    Skip,
    /// What is stored in them and not zero goes into one temporary file without a name.
    Spool {
        /// The directory of the temporary file; the system's where none is given.
        dir: Option<PathBuf>,
        /// Most bytes that may be put aside for all inputs together.
        limit: u64,
    },
}

/// How to gather.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options<'a> {
    /// What becomes of image data.
    pub images: Images,
    /// Who is said of the progress, in bytes of archives.
    pub progress: &'a dyn Progress,
    /// The key of keyed capsules: with it data can be compared with them.
    #[cfg(feature = "capsule")]
    pub key: Option<super::capsule::Key>,
}

impl Options<'_> {
    /// Nobody is said of the progress.
    pub fn new(images: Images) -> Self {
        Self {
            images,
            progress: &(),
            #[cfg(feature = "capsule")]
            key: None,
        }
    }
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("images", &self.images).finish_non_exhaustive()
    }
}
