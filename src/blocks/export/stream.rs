//! A raw image into a pipe: every byte in order, and what is not stored as zeros.

use std::io::{self, Write};

use super::super::pass::{Sink, Stopped, pass};
use super::super::unread::Unread;
use super::super::view::MergedView;
use super::ExportOptions;
use crate::progress::Progress;

/// What was written into a stream.
#[derive(Debug)]
#[non_exhaustive]
pub struct Streamed {
    /// The sum of the whole view, in hexadecimal; `None` if none was asked for.
    pub sum: Option<String>,
    /// Ranges that could not be read and were written as zeros.
    pub filled: Vec<Unread>,
}

/// Why a stream ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The view cannot be read to its end.
    #[error(transparent)]
    View(#[from] super::super::view::ViewError),
    /// The other end takes no more.
    #[error("the stream cannot be written")]
    Write(#[source] io::Error),
}

/// Writes a view to a stream as a raw image. The format of the options, cloned ranges and what happens to files do not matter
/// here. What was written before an error stays written.
///
/// # Errors
/// Where the view cannot be read (unless that is to be zeros) or the stream takes no more.
pub fn stream(
    view: &MergedView,
    to: &mut dyn Write,
    options: &ExportOptions,
    progress: &dyn Progress,
) -> Result<Streamed, StreamError> {
    let mut sink = InOrder { to, at: 0 };
    progress.begin("exporting", Some(view.size()));
    let kind = options.hash.then_some(options.kind);
    let passed = match pass(view, options.unreadable, kind, &mut sink, progress) {
        Ok(passed) => passed,
        Err(Stopped::View(error)) => return Err(error.into()),
        Err(Stopped::Write(error)) => return Err(StreamError::Write(error)),
    };
    sink.zeros_to(view.size()).and_then(|()| sink.to.flush()).map_err(StreamError::Write)?;
    progress.end();
    Ok(Streamed { sum: passed.sum, filled: passed.unread })
}

struct InOrder<'a> {
    to: &'a mut dyn Write,
    at: u64,
}

impl InOrder<'_> {
    fn zeros_to(&mut self, end: u64) -> io::Result<()> {
        static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
        while self.at < end {
            let step = (end - self.at).min(ZEROS.len() as u64);
            self.to.write_all(&ZEROS[..step as usize])?;
            self.at += step;
        }
        Ok(())
    }
}

impl Sink for InOrder<'_> {
    fn data(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.zeros_to(at)?;
        self.to.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}
