//! Remarks about one input: bounded, so that a hostile archive cannot fill the memory with them.

/// A report of more than this many lines helps nobody.
const LIMIT: usize = 64;

/// Sentences about one input, in the order in which they came up.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    lines: Vec<String>,
    more: u64,
}

impl Remarks {
    /// Adds one sentence, or counts it where there are too many.
    pub(super) fn push(&mut self, line: impl Into<String>) {
        if self.lines.len() < LIMIT {
            self.lines.push(line.into());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The sentences, the last of which tells how many were left out.
    pub(super) fn into_lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.push(format!("and {} more remarks", self.more));
        }
        self.lines
    }
}
