//! Cases for continuous integration: what is expected of a set of replicas, and where the answer differs.
//!
//! An expectation is a small JSON file beside the inputs. Only what it states is compared. Nothing here opens a file.

mod compare;
mod expected;
mod found;
mod update;

use serde::Serialize;

pub use compare::{Difference, differences};
pub use expected::{
    Expected, ExpectedError, ExpectedFindings, ExpectedOptions, ExpectedRelation, ExpectedReplica,
    ExpectedVerdict, FILE_NAME,
};
pub use found::Unfit;
pub use update::{picture, updated};

/// A case that was run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Checked {
    /// What the case is called: its path as given, without what lies outside the working directory.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// Everything is as expected.
    Same,
    /// Something is not.
    Differs(Vec<Difference>),
    /// The expectation was written anew.
    Updated,
    /// It could not be run, for this reason.
    Failed(String),
}

/// One word for an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OutcomeKind {
    /// Everything is as expected.
    Same,
    /// Something is not.
    Differs,
    /// The expectation was written anew.
    Updated,
    /// It could not be run.
    Failed,
}

impl Checked {
    /// A case and what came of it.
    pub fn new(name: impl Into<String>, outcome: Outcome) -> Self {
        Self { name: name.into(), outcome }
    }
}

impl Outcome {
    /// Its word.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Same => OutcomeKind::Same,
            Self::Differs(_) => OutcomeKind::Differs,
            Self::Updated => OutcomeKind::Updated,
            Self::Failed(_) => OutcomeKind::Failed,
        }
    }
}

/// How many cases came out in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Counts {
    /// As expected.
    pub same: usize,
    /// Not as expected.
    pub differs: usize,
    /// Written anew.
    pub updated: usize,
    /// Could not be run.
    pub failed: usize,
}

impl Counts {
    /// Counts outcomes.
    pub fn of(cases: &[Checked]) -> Self {
        let mut counts = Self::default();
        for case in cases {
            *match case.outcome.kind() {
                OutcomeKind::Same => &mut counts.same,
                OutcomeKind::Differs => &mut counts.differs,
                OutcomeKind::Updated => &mut counts.updated,
                OutcomeKind::Failed => &mut counts.failed,
            } += 1;
        }
        counts
    }

    /// The exit code of `check`: 0 all as expected, 3 some differ, 1 some could not be run.
    pub fn exit_code(self) -> u8 {
        match self {
            Self { failed: 1.., .. } => 1,
            Self { differs: 1.., .. } => 3,
            _ => 0,
        }
    }
}
