//! What changed an answer, as its JSON document says.

use serde::Serialize;

use crate::analysis::Options;
use crate::blocks::Holes;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownOptions<'a> {
    replication_factor: usize,
    metadata_only: bool,
    without_missing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<f64>,
    /// `zeros`: blocks of zeros were taken for holes in copies whose holes were filled, so those are reconstructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    holes: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<&'a str>,
    /// Replicas whose defective copy was taken for what lies on the node.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    as_found: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    jiva_version: Option<String>,
}

pub(super) fn options(options: &Options) -> ShownOptions<'_> {
    ShownOptions {
        replication_factor: options.factor,
        metadata_only: options.metadata_only,
        without_missing: options.without_missing,
        sample: options.sample,
        holes: (options.holes == Holes::Zeros).then_some("zeros"),
        volume: options.volume.as_deref(),
        as_found: &options.as_found,
        jiva_version: options.jiva_version.map(|version| version.to_string()),
    }
}
