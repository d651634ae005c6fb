//! Arguments that several commands share. Those of one command stand in its own file.

mod input;
mod kind;
mod reading;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jivascope::evidence;
use jivascope::ident::Version;

pub(super) use input::input;
pub(super) use kind::Kind;
pub(super) use reading::Reading;
pub(super) use values::{share, size};

#[derive(Debug, Args)]
pub(super) struct Inputs {
    /// Replica directories, tar archives or capsules of them, or directories that contain any, at any depth; `-` reads
    /// an archive from standard input
    #[arg(required = true, value_name = "[LABEL=]PATH")]
    pub inputs: Vec<OsString>,
    /// A log of a replica or the controller, read as a witness; logs among the inputs are known by their content
    #[arg(long, value_name = "FILE")]
    pub log: Vec<PathBuf>,
    /// A reply of the controller's or a replica's REST API, read as a witness
    #[arg(long, value_name = "FILE")]
    pub controller: Vec<PathBuf>,
    /// Key file of keyed capsules; only with it can data be compared with them
    #[arg(long, value_name = "FILE")]
    pub capsule_key: Option<PathBuf>,
    /// Kubernetes objects, as `kubectl get -o json` or `-o wide` print them, read as a witness
    #[arg(long, value_name = "FILE")]
    pub kube: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Judging {
    /// Compare records and extents only; read no image data
    #[arg(long)]
    pub metadata_only: bool,
    /// Ignore traces of replicas that were not supplied
    #[arg(long)]
    pub without_missing: bool,
    /// Use the defective copy of this replica as if the node held the same; can be repeated
    #[arg(long, value_name = "LABEL", value_parser = name())]
    pub as_found: Vec<String>,
    /// Replication factor of the volume; it is not recorded in the replica directories
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub replication_factor: u16,
    /// Jiva version to simulate [default: newest version detected]
    #[arg(long, value_name = "VERSION")]
    pub jiva_version: Option<Version>,
    /// Only this volume
    #[arg(long, value_name = "NAME", value_parser = name())]
    pub volume: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}

/// A name out of the evidence: a label, a disk, a volume. What is not UTF-8 is written as the evidence spells it, so a name
/// can be typed as it is and as it is shown.
pub(super) fn name() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|text| evidence::spelled(&text))
}
