//! `check` as one JSON document.

use serde::Serialize;

use crate::check::{Checked, Counts, Difference, Outcome, OutcomeKind};
use crate::report::json::{TOOL, Tool, pretty};

/// Name and version of the form of the document; additions keep it.
pub const SCHEMA: &str = "jivascope.check/1";

/// The document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckDocument<'a> {
    schema: &'static str,
    tool: Tool,
    counts: Counts,
    cases: Vec<ShownCase<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownCase<'a> {
    name: &'a str,
    outcome: OutcomeKind,
    #[serde(skip_serializing_if = "<[Difference]>::is_empty")]
    differences: &'a [Difference],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> CheckDocument<'a> {
    /// Makes the document of a run.
    pub fn of(cases: &'a [Checked]) -> Self {
        let shown = cases.iter().map(|case| {
            let (differences, error): (&[Difference], _) = match &case.outcome {
                Outcome::Differs(differences) => (differences, None),
                Outcome::Failed(why) => (&[], Some(why.as_str())),
                Outcome::Same | Outcome::Updated => (&[], None),
            };
            ShownCase { name: &case.name, outcome: case.outcome.kind(), differences, error }
        });
        Self { schema: SCHEMA, tool: TOOL, counts: Counts::of(cases), cases: shown.collect() }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        pretty(self)
    }
}
