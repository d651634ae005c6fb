//! A merged view as an image: sparse raw, or qcow2.
//!
//! One pass reads every stored byte once, hashes the view and writes what is not zero. The image has no name until it
//! is complete.

mod clone;
mod qcow2;
mod raw;
mod target;

use std::io;
use std::path::PathBuf;

use super::pass::{Passed, Sink, Stopped, SumKind, Unreadable, pass};
use super::unread::Unread;
use super::view::{MergedView, ViewError};
use crate::evidence::spelled;
use crate::progress::Progress;

pub use target::{Target, TargetError, evidence_above};

/// Form of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The bytes of the volume; what is zero is a hole.
    Raw,
    /// qcow2 version 3 with clusters of 64 KiB and without a backing file. Its size is rounded up to 512 bytes.
    Qcow2,
}

/// How to export.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ExportOptions {
    /// Form of the image.
    pub format: Format,
    /// What becomes of ranges that cannot be read.
    pub unreadable: Unreadable,
    /// Whether the view is hashed on the way.
    pub hash: bool,
    /// Which sum that is.
    pub kind: SumKind,
    /// Whether ranges of the images are cloned instead of read and written, where the system can do that: on a file system that
    /// shares blocks, no data are copied then. What is stored stays stored, also zeros. Only for raw images.
    pub clone_ranges: bool,
    /// Whether to wait until the data are on the disk before the image gets its name.
    pub sync: bool,
}

impl ExportOptions {
    /// The usual way: hashed, and failing where the view cannot be read.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            unreadable: Unreadable::Fail,
            hash: true,
            kind: SumKind::Sha256,
            clone_ranges: false,
            sync: false,
        }
    }
}

/// What was exported.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exported {
    /// The sum of the whole view that was asked for, in hexadecimal, whatever the format; `None` if none was.
    pub sum: Option<String>,
    /// Ranges that could not be read and stand as zeros.
    pub filled: Vec<Unread>,
    /// Bytes that are not in blocks of zeros; all that are stored, where they were cloned.
    pub bytes: u64,
    /// Whether ranges were cloned.
    pub cloned: bool,
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The view cannot be read to its end.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The image cannot be written.
    #[error("{path}: cannot be written", path = spelled(path))]
    Write {
        /// The image.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The image cannot get its name.
    #[error(transparent)]
    Target(#[from] TargetError),
}

/// Writes a view into a target and gives it its name. On any error there is no file of that name that was not there
/// before.
///
/// # Errors
/// Where the view cannot be read (unless that is to be zeros) or the image cannot be written.
pub fn export(
    view: &MergedView,
    target: Target,
    options: &ExportOptions,
    progress: &dyn Progress,
) -> Result<Exported, ExportError> {
    let failed = |source| ExportError::Write { path: target.path().to_owned(), source };
    let kind = options.hash.then_some(options.kind);
    let run = |sink: &mut dyn Sink| match pass(view, options.unreadable, kind, sink, progress) {
        Ok(passed) => Ok(passed),
        Err(Stopped::View(error)) => Err(error.into()),
        Err(Stopped::Write(error)) => Err(failed(error)),
    };
    progress.begin("exporting", Some(view.size()));
    let may_clone =
        options.clone_ranges && options.format == Format::Raw && options.unreadable == Unreadable::Fail;
    let cloned = match may_clone.then(|| clone::ranges(view, target.file())) {
        Some(Ok(cloned)) => cloned,
        Some(Err(Stopped::View(error))) => return Err(error.into()),
        Some(Err(Stopped::Write(error))) => return Err(failed(error)),
        None => None,
    };
    let passed = match options.format {
        Format::Raw if cloned.is_some() => {
            target.file().set_len(view.size()).map_err(failed)?;
            // Only a sum needs the bytes.
            let mut passed = match kind {
                Some(_) => run(&mut ())?,
                None => Passed { sum: None, unread: Vec::new(), bytes: 0 },
            };
            passed.bytes = cloned.unwrap_or(0);
            passed
        }
        Format::Raw => {
            let mut image = raw::Raw::new(target.file(), view.size()).map_err(failed)?;
            let passed = run(&mut image)?;
            image.finish().map_err(failed)?;
            passed
        }
        Format::Qcow2 => {
            let mut image = qcow2::Qcow2::new(target.file(), view.size());
            let passed = run(&mut image)?;
            image.finish().map_err(failed)?;
            passed
        }
    };
    progress.end();
    if options.sync {
        target.file().sync_all().map_err(failed)?;
    }
    target.publish()?;
    Ok(Exported { sum: passed.sum, filled: passed.unread, bytes: passed.bytes, cloned: cloned.is_some() })
}
