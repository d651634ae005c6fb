//! A merged view as an image: sparse raw, or qcow2.
//!
//! One pass reads every stored byte once, hashes the view and writes what is not zero. The image has no name until it
//! is complete.

mod qcow2;
mod raw;
mod target;

use std::io;
use std::path::PathBuf;

use super::pass::{Sink, Stopped, Unreadable, pass};
use super::unread::Unread;
use super::view::{MergedView, ViewError};
use crate::evidence::spelled;
use crate::progress::Progress;

pub use target::{Target, TargetError};

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
    /// Whether to wait until the data are on the disk before the image gets its name.
    pub sync: bool,
}

impl ExportOptions {
    /// The usual way: hashed, and failing where the view cannot be read.
    pub fn new(format: Format) -> Self {
        Self { format, unreadable: Unreadable::Fail, hash: true, sync: false }
    }
}

/// What was exported.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exported {
    /// Of the whole view, in hexadecimal, whatever the format; `None` if it was not asked for.
    pub sha256: Option<String>,
    /// Ranges that could not be read and stand as zeros.
    pub filled: Vec<Unread>,
    /// Bytes that are not in blocks of zeros.
    pub bytes: u64,
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
    let run = |sink: &mut dyn Sink| match pass(view, options.unreadable, options.hash, sink, progress) {
        Ok(passed) => Ok(passed),
        Err(Stopped::View(error)) => Err(error.into()),
        Err(Stopped::Write(error)) => Err(failed(error)),
    };
    progress.begin("exporting", Some(view.size()));
    let passed = match options.format {
        Format::Raw => {
            let mut image = raw::Raw::new(target.file());
            let passed = run(&mut image)?;
            image.finish(view.size()).map_err(failed)?;
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
    Ok(Exported { sha256: passed.sha256, filled: passed.unread, bytes: passed.bytes })
}
