//! From the bytes of a file to lines of a process: everything that a collector put around or into them is taken off.
//!
//! Known are `kubectl logs` with and without times and prefixes, files of containerd and docker, journald's export, JSON
//! and short forms, Loki, stern, colours, CR LF, holes of NUL bytes, and text pasted into a document. What a line says is
//! for [`super::log`].

mod bytes;
mod framer;
mod json;
mod prefix;

pub(super) use framer::{Counts, Framer, floor};
pub(super) use json::loki_reply;

use crate::dialect::jiva::log::Moment;

/// One line as the process wrote it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    /// The clock of the collector, where it put one.
    pub(super) outer: Option<Moment>,
    /// Which container wrote it, as the collector names it.
    pub(super) who: Option<&'a str>,
    /// The line.
    pub(super) text: &'a str,
    /// Whether the file ends inside of it.
    pub(super) cut: bool,
}

/// Takes in lines.
pub(super) trait Sink {
    /// Takes in one.
    fn line(&mut self, line: Line<'_>);
}
