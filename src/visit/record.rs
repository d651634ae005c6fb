//! What came of a visit, and the record of it that lies beside what was brought home.

use serde::Serialize;

use crate::report::json;

/// A capsule that was brought home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Taken {
    /// What it is called.
    pub label: String,
    /// The node that it is from.
    pub node: String,
    /// The directory on that node.
    pub path: String,
    /// The file, below the folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Its sum.
    pub sha256: String,
    /// What stands against trusting it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
}

/// Something that could not be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Missing {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// Whether a replica may be missing for it.
    pub replica: bool,
}

/// Something that was made in the cluster and may be there still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Left {
    /// The Job.
    pub job: String,
    /// Why it could not be removed.
    pub why: String,
    /// The command that removes it.
    pub command: String,
}

/// A command that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Ran {
    pub command: String,
    pub changes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// What came of a visit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Visited {
    /// The volume, once it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// The namespace of its pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Capsules.
    pub taken: Vec<Taken>,
    /// What could not be had.
    pub missing: Vec<Missing>,
    /// What could not be removed.
    pub left: Vec<Left>,
    /// Whether the user ended it early.
    pub interrupted: bool,
    pub(super) commands: Vec<Ran>,
}

/// The record as a document.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Tool,
    at: &'a str,
    #[serde(flatten)]
    visited: &'a Visited,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Visited {
    /// Whether every replica that was found came home, and nothing says that there are more.
    pub fn is_complete(&self) -> bool {
        !self.interrupted && !self.missing.iter().any(|one| one.replica)
    }

    pub(super) fn to_text(&self, at: &str) -> String {
        let tool = Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
        json::pretty(&Document { schema: "jivascope.visit/1", tool, at, visited: self })
    }
}
