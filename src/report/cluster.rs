//! The documents of `cluster`: JSON, and OpenMetrics for a monitoring system.

use std::fmt::Write;

use serde::Serialize;

use super::escape;
use super::json::{self, TOOL};
use crate::finding::Severity;
use crate::witness::{Cluster, RunningVolume, Tied, Witness};

/// Name and version of the form of the document; additions keep it.
pub const SCHEMA: &str = "jivascope.cluster/1";

/// The document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClusterDocument<'a> {
    schema: &'static str,
    tool: json::Tool,
    /// The exit code: 0 nothing, 10 a warning, 20 a danger.
    status: u8,
    witnesses: &'a [Witness],
    volumes: Vec<Shown<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    status: u8,
    addresses: &'a [Tied],
    findings: Vec<json::ShownFinding<'a>>,
}

/// The exit code of a severity.
pub fn status(severity: Option<Severity>) -> u8 {
    match severity {
        Some(Severity::Danger) => 20,
        Some(Severity::Warning) => 10,
        Some(Severity::Info) | None => 0,
    }
}

impl<'a> ClusterDocument<'a> {
    /// Makes the document.
    pub fn of(cluster: &'a Cluster) -> Self {
        Self {
            schema: SCHEMA,
            tool: TOOL,
            status: status(cluster.status()),
            witnesses: &cluster.witnesses,
            volumes: cluster.volumes.iter().map(shown).collect(),
        }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        json::pretty(self)
    }
}

fn shown(volume: &RunningVolume) -> Shown<'_> {
    let findings = volume.findings.iter().map(|(severity, one)| json::finding(one).at(*severity));
    Shown {
        name: volume.name.as_deref(),
        status: status(volume.status()),
        addresses: &volume.addresses,
        findings: findings.collect(),
    }
}

/// What was found as OpenMetrics: one gauge for each finding above info, and one for each volume.
pub fn openmetrics(cluster: &Cluster) -> String {
    let mut out = String::new();
    out.push_str("# TYPE jivascope_volume_status gauge\n");
    out.push_str("# HELP jivascope_volume_status 0 nothing, 10 a warning, 20 a danger.\n");
    for volume in &cluster.volumes {
        // Writing to a string cannot fail.
        let _ =
            writeln!(out, "jivascope_volume_status{{volume={}}} {}", name(volume), status(volume.status()));
    }
    out.push_str("# TYPE jivascope_findings gauge\n");
    out.push_str("# HELP jivascope_findings Findings of one name in one volume.\n");
    for volume in &cluster.volumes {
        let mut counts = std::collections::BTreeMap::<(Severity, &str), u64>::new();
        for (severity, finding) in volume.findings.iter().filter(|(severity, _)| *severity > Severity::Info) {
            *counts.entry((*severity, finding.code().name())).or_default() += 1;
        }
        for ((severity, finding), count) in counts {
            let _ = writeln!(
                out,
                "jivascope_findings{{volume={},finding=\"{finding}\",severity=\"{severity}\"}} {count}",
                name(volume)
            );
        }
    }
    out.push_str("# TYPE jivascope_witness_files gauge\n");
    out.push_str("# HELP jivascope_witness_files Files that were read.\n");
    let _ = writeln!(out, "jivascope_witness_files {}", cluster.witnesses.len());
    out.push_str("# EOF\n");
    out
}

/// A label's value in quotes: backslash, quote and line feed escaped, and nothing that moves a cursor.
fn name(volume: &RunningVolume) -> String {
    let plain = escape::terminal(volume.name.as_deref().unwrap_or_default());
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
