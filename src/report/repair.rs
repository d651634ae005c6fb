//! The manifest of a repaired copy: `jivascope.repair/1`.

use serde::Serialize;

use super::json::{TOOL, Tool, pretty};
use crate::analysis::Volume;
use crate::repair::{Repair, RepairKind};
use crate::replica::Replica;

/// What was repaired, the files that change, and what Jiva makes of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RepairDocument<'a> {
    schema: &'static str,
    tool: Tool,
    /// The replica.
    replica: &'a str,
    /// Where its directory was found.
    path: &'a str,
    repairs: Vec<Made<'a>>,
    /// The files that change; every other file of the directory stays as it is.
    files: Vec<ChangedFile>,
    before: Outlook<'a>,
    after: Outlook<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Made<'a> {
    name: RepairKind,
    proof: &'a [String],
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangedFile {
    /// Its name in the directory.
    pub file: String,
    /// What happens to it: `written` or `removed`.
    pub change: &'static str,
    /// SHA-256 of what is there now; absent where there is no such file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_sha256: Option<String>,
    /// SHA-256 of what is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_sha256: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Outlook<'a> {
    state: &'a str,
    verdict: &'static str,
    confidence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<&'static str>,
}

fn outlook(volume: &Volume, replica: &Replica) -> Outlook<'static> {
    use crate::replica::State;
    let verdict = &volume.verdict;
    let state = match replica.state {
        State::Usable if replica.start_error.is_some() => "does not start",
        State::Usable => "usable",
        State::Broken => "broken",
        State::Blank => "blank",
    };
    let (verdict, confidence, start) =
        (verdict.kind.as_str(), verdict.confidence.as_str(), verdict.start.map(|start| start.as_str()));
    Outlook { state, verdict, confidence, start }
}

impl<'a> RepairDocument<'a> {
    /// Of repairs that were made of one replica, in the volume as it is and as it would be.
    pub fn of(
        repairs: &'a [Repair],
        files: Vec<ChangedFile>,
        before: (&Volume, &'a Replica),
        after: (&Volume, &Replica),
    ) -> Self {
        let made = repairs.iter().map(|repair| Made { name: repair.kind, proof: &repair.proof });
        Self {
            schema: "jivascope.repair/1",
            tool: TOOL,
            replica: before.1.label.as_str(),
            path: &before.1.path,
            repairs: made.collect(),
            files,
            before: outlook(before.0, before.1),
            after: outlook(after.0, after.1),
        }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        pretty(self)
    }

    /// What Jiva makes of it, in two lines.
    pub fn forecast(&self) -> [String; 2] {
        let line = |when: &str, one: &Outlook<'_>| {
            let start = match one.start.unwrap_or("unknown") {
                // A result of which a start could lose something is not written.
                "unsafe" if when == "after" => "unsafe: not every replica comes up, but no order loses data",
                start => start,
            };
            format!(
                "{when}: {} {}; verdict {}, {}; start {start}",
                self.replica, one.state, one.verdict, one.confidence
            )
        };
        [line("before", &self.before), line("after", &self.after)]
    }
}
