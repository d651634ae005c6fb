//! The JSON documents of `inspect` and `graph`: parts of the document of an analysis, in the same form.

use std::collections::BTreeMap;

use serde::Serialize;

use super::candidates;
use super::graph::{ShownAncestor, ShownGraph, ancestors, graph};
use super::json::{ShownFinding, ShownReplica, TOOL, Tool, finding, pretty, replica};
use crate::analysis::{self, Analysis};
use crate::blocks::{self, Seen};
use crate::evidence::InputReport;
use crate::filesystem::Contents;
use crate::ident::Label;
use crate::lineage::rescue;
use crate::replica::Replica;
use crate::replica::VolumeMeta;

/// Every replica in full, unjudged: `jivascope.inspect/1`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InspectDocument<'a> {
    schema: &'static str,
    tool: Tool,
    evidence: &'a [InputReport],
    replicas: Vec<InFull<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct InFull<'a> {
    #[serde(flatten)]
    replica: ShownReplica<'a>,
    /// `volume.meta`, as it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    volume_meta: Option<&'a VolumeMeta>,
    /// What is inside its view, where something was recognised and it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    inside: Option<&'a Contents>,
    findings: Vec<ShownFinding<'a>>,
}

impl<'a> InspectDocument<'a> {
    /// Makes the document.
    pub fn of(
        inputs: &'a [InputReport],
        replicas: &'a [Replica],
        inside: &'a BTreeMap<Label, Contents>,
    ) -> Self {
        let in_full = |one: &'a Replica| InFull {
            replica: replica(one, Some(&blocks::quality(one, Seen::Extents)))
                .with_candidates(candidates::alone(rescue::candidates(one, replicas)))
                .with_room(analysis::room(one, None).as_ref()),
            volume_meta: one.meta.as_ref(),
            inside: inside.get(&one.label),
            findings: one.findings.iter().map(finding).collect(),
        };
        Self {
            schema: "jivascope.inspect/1",
            tool: TOOL,
            evidence: inputs,
            replicas: replicas.iter().map(in_full).collect(),
        }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        pretty(self)
    }
}

/// The snapshot DAG of every volume: `jivascope.graph/1`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GraphDocument<'a> {
    schema: &'static str,
    tool: Tool,
    volumes: Vec<Drawn<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Drawn<'a> {
    name: &'a str,
    #[serde(flatten)]
    graph: ShownGraph<'a>,
    ancestors: Vec<ShownAncestor<'a>>,
}

impl<'a> GraphDocument<'a> {
    /// Makes the document.
    pub fn of(analysis: &'a Analysis) -> Self {
        let volumes = analysis.volumes.iter();
        let drawn = volumes.map(|volume| Drawn {
            name: &volume.name,
            graph: graph(volume),
            ancestors: ancestors(volume),
        });
        Self { schema: "jivascope.graph/1", tool: TOOL, volumes: drawn.collect() }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        pretty(self)
    }
}
