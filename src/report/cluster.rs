//! The documents of `cluster`: JSON, and OpenMetrics for a monitoring system.

use std::fmt::Write;

use serde::Serialize;

use super::depth::ShownDepth;
use super::escape;
use super::json::{self, TOOL};
use crate::finding::{Exhibit, Severity};
use crate::witness::{Address, Cluster, RunningVolume, ShownChain, Tied, Witness};

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
    /// The chains of its replicas, as far as their replies and logs show them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chains: Vec<Chain<'a>>,
    findings: Vec<json::ShownFinding<'a>>,
}

/// The chain of one running replica.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Chain<'a> {
    /// What the replica is called: what its log or its address tells.
    replica: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a Address>,
    /// When the chain was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// Where.
    seen: &'a Exhibit,
    #[serde(flatten)]
    depth: ShownDepth,
    /// What its disks store, by the replica's own reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_bytes: Option<u64>,
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
        chains: volume.chains.iter().map(chain).collect(),
        findings: findings.collect(),
    }
}

fn chain(chain: &ShownChain) -> Chain<'_> {
    Chain {
        replica: &chain.replica,
        address: chain.address.as_ref(),
        at: chain.at.map(|at| at.to_string()),
        seen: &chain.seen,
        depth: ShownDepth::from(&chain.depth),
        stored_bytes: chain.stored,
    }
}

/// A gauge about a chain: its name, what it is, and its value where there is one.
type ChainGauge = (&'static str, &'static str, fn(&ShownChain) -> Option<u64>);

/// What is exported of each chain.
const CHAIN: &[ChainGauge] = &[
    ("layers", "Disks in the chain of a replica, head included, when it was last seen.", |chain| {
        Some(chain.depth.layers as u64)
    }),
    ("layers_limit", "The most disks that the chain may have.", |chain| {
        Some(chain.depth.limit?.layers as u64)
    }),
    ("days_to_limit", "Days until the limit, at the rate at which the chain grew.", |chain| {
        chain.depth.days_left()
    }),
    ("stored_bytes", "Bytes that the disks of the chain store, by the reply of the replica.", |chain| {
        chain.stored
    }),
];

fn chains(out: &mut String, cluster: &Cluster) {
    for (gauge, help, value) in CHAIN {
        let _ = writeln!(out, "# TYPE jivascope_chain_{gauge} gauge");
        let _ = writeln!(out, "# HELP jivascope_chain_{gauge} {help}");
        for (volume, chain) in
            cluster.volumes.iter().flat_map(|one| one.chains.iter().map(move |chain| (one, chain)))
        {
            let Some(value) = value(chain) else { continue };
            let (volume, replica) = (name(volume), quoted(&chain.replica));
            let _ = writeln!(out, "jivascope_chain_{gauge}{{volume={volume},replica={replica}}} {value}");
        }
    }
}

/// What was found as OpenMetrics: one gauge for each finding above info, one for each volume, and those of each chain.
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
    chains(&mut out, cluster);
    out.push_str("# TYPE jivascope_witness_files gauge\n");
    out.push_str("# HELP jivascope_witness_files Files that were read.\n");
    let _ = writeln!(out, "jivascope_witness_files {}", cluster.witnesses.len());
    out.push_str("# EOF\n");
    out
}

/// The volume of a gauge.
fn name(volume: &RunningVolume) -> String {
    quoted(volume.name.as_deref().unwrap_or_default())
}

/// A label's value in quotes: backslash, quote and line feed escaped, and nothing that moves a cursor.
fn quoted(text: &str) -> String {
    let plain = escape::terminal(text);
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
