//! A plan as a runbook: what is true, what must not be done, then numbered steps with the commands.

mod command;
mod markdown;

use std::collections::BTreeMap;

use serde::Serialize;

use super::json::{TOOL, Tool, pretty};
use crate::analysis::Analysis;
use crate::ident::Label;
use crate::plan::{Linted, Plan, Task, Unread};

pub use command::Command;
pub use markdown::markdown;

/// Where the replicas of a volume live. What is not known stands in the commands as a variable to be filled in.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Site {
    /// The namespace of the controller and the replicas.
    pub namespace: Option<String>,
    /// The node of each replica.
    pub nodes: BTreeMap<Label, String>,
    /// The directory of each replica on its node.
    pub paths: BTreeMap<Label, String>,
    /// The Deployment of each replica.
    pub deployments: BTreeMap<Label, String>,
}

/// The document of `plan`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanDocument<'a> {
    schema: &'static str,
    tool: Tool,
    volumes: Vec<Planned<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Planned<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    /// The commands of each step, in the order of the steps.
    commands: Vec<Vec<Command>>,
}

impl<'a> PlanDocument<'a> {
    /// Makes the document.
    pub fn of(plans: &'a [Plan], analysis: &Analysis, site: &Site) -> Self {
        let volumes = plans.iter().map(|plan| {
            let commands = plan.steps.iter().map(|task| commands(task, plan, analysis, site)).collect();
            Planned { plan, commands }
        });
        Self { schema: "jivascope.plan/1", tool: TOOL, volumes: volumes.collect() }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        pretty(self)
    }
}

/// The commands of a step.
fn commands(task: &Task, plan: &Plan, analysis: &Analysis, site: &Site) -> Vec<Command> {
    let volume = analysis.volumes.iter().find(|volume| volume.name == plan.volume);
    let Some(volume) = volume else { return Vec::new() };
    task.acts.iter().flat_map(|act| command::of(act, volume, analysis, site)).collect()
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
