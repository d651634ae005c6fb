//! The volumes of an analysis as JSON lines: one object a line, for whatever asks questions about many volumes.

use serde::Serialize;

use super::json::{self, ShownVolume, TOOL, Tool, volume};
use super::options::{ShownOptions, options};
use crate::analysis::Analysis;

/// Name and version of the form of a line; additions keep it.
pub const SCHEMA: &str = "jivascope.volume/1";

/// One volume: what the document of an analysis has of it, and what it was judged with.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VolumeLine<'a> {
    schema: &'static str,
    tool: Tool,
    options: ShownOptions<'a>,
    #[serde(flatten)]
    volume: ShownVolume<'a>,
}

/// A line for each volume, in the order of the document; a line feed ends each.
pub fn lines(analysis: &Analysis) -> String {
    let one = |one| {
        json::line(&VolumeLine {
            schema: SCHEMA,
            tool: TOOL,
            options: options(&analysis.options),
            volume: volume(one, analysis),
        })
    };
    analysis.volumes.iter().map(one).collect()
}
