//! What can be typed: the commands, and the arguments that several of them share. Those of one command stand in its
//! own file.

use clap::{Args, Parser, Subcommand, ValueEnum};
use jivascope::version::Version;

use super::analyze::Analyze;
use super::check::Check;
use super::diff::Diff;
use super::explain::Explain;
use super::export::Export;
use super::generate::Generate;
use super::graph::Graph;
use super::hash::Hash;
use super::inspect::Inspect;
use super::new_case::NewCase;
use super::out::Color;
use super::simulate::Simulate;
#[derive(Debug, Parser)]
#[command(name = "jivascope", version, about, max_term_width = 80, after_help = HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// Colour in text
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub color: Color,
}

const HELP: &str = "\
No input is ever changed. Give copies of replica directories, or tar archives of
them, as they are.

Exit codes of analyze: 0 consistent, 10 authoritative, 20 irreconcilable,
30 insufficient evidence. Of all commands: 1 the work could not be done,
2 wrong usage. Each command's --help tells its own.

Examples:
  jivascope analyze ./copies
  jivascope analyze k8s01=rep-1.tar.gz k8s02=rep-2.tar.gz k8s03=rep-3.tar.gz
  jivascope inspect rep-1.tar.gz
  jivascope explain irreconcilable";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say which replica may be kept, with proof, or that there is no such one
    Analyze(Analyze),
    /// Show each replica in full: its chain as a tree, every disk, every finding
    Inspect(Inspect),
    /// Draw the histories of all replicas as one graph
    Graph(Graph),
    /// Tell what differs between replicas, or between two points of one, by range and layer
    Diff(Diff),
    /// Write a replica's merged view into an image file
    Export(Export),
    /// Compare cases with what is expected of them: for continuous integration
    Check(Check),
    /// Write completions for shells, or manual pages
    Generate(Generate),
    /// Make a small case for check that is safe to share: the structure kept, the content gone
    NewCase(NewCase),
    /// Print the sha256 of each replica's merged view
    Hash(Hash),
    /// Say in plain words what a code or a word of an answer means
    Explain(Explain),
    /// Say what Jiva would do if the replicas were started, in every order, and the price
    Simulate(Simulate),
}

#[derive(Debug, Args)]
pub(super) struct Inputs {
    /// Replica directories, tar archives of them, or directories that hold some of either; - is standard input
    #[arg(required = true, value_name = "[LABEL=]PATH")]
    pub inputs: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Judging {
    /// Read no block: judge by records and extents alone
    #[arg(long)]
    pub metadata_only: bool,
    /// Judge without the replicas that nobody supplied
    #[arg(long)]
    pub without_missing: bool,
    /// Take the defective copy of this replica for what lies on the node; may be given again
    #[arg(long, value_name = "LABEL")]
    pub as_found: Vec<String>,
    /// How many replicas the volume should have; it stands in no file
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub replication_factor: u16,
    /// Foretell what this version of Jiva would do; the newest that any directory shows unless given
    #[arg(long, value_name = "VERSION")]
    pub jiva_version: Option<Version>,
    /// Only the volume of this name
    #[arg(long, value_name = "NAME")]
    pub volume: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}
