//! Why nothing can be judged.

use std::io;

use super::Kind;
use super::spool::SpoolError;

/// Why an input cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatherError {
    /// No input at all.
    #[error("no input was given")]
    Nothing,
    /// The path does not exist or may not be read.
    #[error("{input}: cannot be read")]
    Unreadable {
        /// The input as given.
        input: String,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing in it looks like a replica.
    #[error("no replica found in {input}{hint}")]
    NoReplica {
        /// The input as given.
        input: String,
        /// What may explain it: empty, or a text that begins with a colon.
        hint: String,
    },
    /// A file that is not an archive.
    #[error("{input} is neither a directory nor a tar archive (plain, gzip, zstd, xz, bzip2){hint}")]
    NotAnArchive {
        /// The input as given.
        input: String,
        /// What went wrong: empty, or a text that begins with a colon.
        hint: String,
    },
    /// A file of a known kind that is not read.
    #[error("{input} is {what}: {advice}")]
    OtherKind {
        /// The input as given.
        input: String,
        /// What it is.
        what: String,
        /// What to do instead.
        advice: String,
    },
    /// A capsule that cannot be used.
    #[error("{input}: {why}")]
    Capsule {
        /// The input as given.
        input: String,
        /// Why.
        why: String,
    },
    /// A named pipe, socket or device.
    #[error("{input} is a {kind}; give a directory, an archive, or - for standard input")]
    Special {
        /// The input as given.
        input: String,
        /// What it is.
        kind: Kind,
    },
    /// Two replicas would have one label.
    #[error("two replicas have the label {label}")]
    LabelTwice {
        /// The label.
        label: String,
    },
    /// Standard input can be read only once.
    #[error("standard input was given twice")]
    StandardInputTwice,
    /// Image data could not be put aside.
    #[error("{input}: image data cannot be put aside")]
    Spool {
        /// The input as given.
        input: String,
        /// Why.
        source: SpoolError,
    },
}
