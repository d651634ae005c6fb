//! The JSON document of `simulate`: joins, leaders, and every way to start a volume.

use serde::Serialize;

use super::json;
use crate::analysis::{Analysis, LeftOut, Row, Volume};
use crate::ident::{BLOCK_SIZE, Label};
use crate::verdict::Start;

/// Name and version of the form of the document; additions keep it.
pub const SCHEMA: &str = "jivascope.simulate/1";

/// The document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SimulateDocument<'a> {
    schema: &'static str,
    replication_factor: usize,
    block_size: u64,
    volumes: Vec<Simulated<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Simulated<'a> {
    name: &'a str,
    jiva_version: String,
    blocks_read: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Start>,
    joins: Vec<json::ShownJoin<'a>>,
    elections: Vec<json::ShownElection<'a>>,
    /// Orders of registering and of starting that were not walked: there are more than anybody reads. Counts end at 10^15.
    #[serde(skip_serializing_if = "LeftOut::is_nothing")]
    left_out: LeftOut,
    /// Best first.
    starts: &'a [Row],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    down: Vec<Down<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Down<'a> {
    replica: &'a Label,
    message: &'a str,
}

impl<'a> SimulateDocument<'a> {
    /// Makes the document of an analysis.
    pub fn of(analysis: &'a Analysis) -> Self {
        Self {
            schema: SCHEMA,
            replication_factor: analysis.options.factor,
            block_size: BLOCK_SIZE,
            volumes: analysis.volumes.iter().map(simulated).collect(),
        }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        json::pretty(self)
    }
}

fn simulated(volume: &Volume) -> Simulated<'_> {
    Simulated {
        name: &volume.name,
        jiva_version: volume.jiva_version.to_string(),
        blocks_read: volume.comparison.is_some(),
        start: volume.verdict.start,
        joins: volume.joins.iter().map(json::join).collect(),
        elections: volume.elections.iter().map(json::election).collect(),
        left_out: volume.left_out,
        starts: &volume.starts,
        down: volume.down.iter().map(|(replica, message)| Down { replica, message }).collect(),
    }
}
