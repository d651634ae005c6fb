//! A plan as a runbook: what is true, what must not be done, then numbered steps with the commands.

mod command;
mod markdown;
mod names;
mod word;

use serde::Serialize;

use super::json::{TOOL, Tool, pretty};
use crate::analysis::Analysis;
use crate::plan::{Linted, Plan, Unread};
use crate::report::model::without_data;

pub use command::Command;
pub use markdown::markdown;
pub use names::{Site, Variable};

use names::Names;

/// The document of `plan`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanDocument<'a> {
    schema: &'static str,
    tool: Tool,
    volumes: Vec<Planned<'a>>,
    /// Directories in which no data lie, and what is left in each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without_data: Vec<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Planned<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    /// The names that the commands use.
    names: Vec<Variable>,
    /// The commands of each step, in the order of the steps.
    commands: Vec<Vec<Command>>,
}

impl<'a> PlanDocument<'a> {
    /// Makes the document.
    pub fn of(plans: &'a [Plan], analysis: &Analysis, site: &Site) -> Self {
        let planned = |plan: &'a Plan| {
            let Some(volume) = analysis.volumes.iter().find(|volume| volume.name == plan.volume) else {
                return Planned { plan, names: Vec::new(), commands: Vec::new() };
            };
            let names = Names::of(volume, site);
            let commands = command::commands(plan, volume, analysis, &names);
            let script =
                commands.iter().flatten().map(|one| one.shell.as_str()).collect::<Vec<_>>().join("\n");
            let names = names.used(&script).into_iter().cloned().collect();
            Planned { plan, names, commands }
        };
        Self {
            schema: "jivascope.plan/1",
            tool: TOOL,
            volumes: plans.iter().map(planned).collect(),
            without_data: without_data(&analysis.inputs),
        }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        pretty(self)
    }
}

/// The document of `plan --lint`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LintDocument<'a> {
    schema: &'static str,
    tool: Tool,
    volume: &'a str,
    #[serde(flatten)]
    linted: &'a Linted,
    /// Lines that were not understood.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<ShownUnread<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownUnread<'a> {
    line: usize,
    text: &'a str,
    why: &'a str,
}

impl<'a> LintDocument<'a> {
    /// Makes the document.
    pub fn of(volume: &'a str, linted: &'a Linted, unread: &'a [Unread]) -> Self {
        let shown = |one: &'a Unread| ShownUnread { line: one.number, text: &one.text, why: &one.why };
        Self {
            schema: "jivascope.lint/1",
            tool: TOOL,
            volume,
            linted,
            unread: unread.iter().map(shown).collect(),
        }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        pretty(self)
    }
}
