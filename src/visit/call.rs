//! One command: what `kubectl` is asked, why, and how long and how much it may answer.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::evidence::spelled;
use crate::report::escape;

/// Most bytes that a list may have.
pub(super) const MOST: u64 = 256 << 20;

/// A command. Its words go to the program as they are; no shell reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// What it is for.
    pub why: String,
    /// Its words behind the name of the program.
    pub words: Vec<OsString>,
    /// Whether it changes anything in the cluster.
    pub changes: bool,
    /// Whether its end is waited for even where the user wants to end: only then it is known what was made.
    pub whole: bool,
    /// Most bytes that its answer may have.
    pub most: u64,
    /// How long it may take.
    pub limit: Duration,
    /// The file that takes its answer, where it is kept.
    pub to: Option<PathBuf>,
}

impl Call {
    /// The command as a shell would read it.
    pub fn shown(&self, program: &str) -> String {
        let word = |word: &OsString| escape::shell(&spelled(word));
        let mut out = vec![escape::shell(program)];
        out.extend(self.words.iter().map(word));
        if let Some(to) = &self.to {
            out.push(format!("> {}", escape::shell(&spelled(to))));
        }
        out.join(" ")
    }
}
