//! The commands, one file each. A command takes its arguments and the writer, and gives an exit code.

mod analyze;
mod check;
mod cluster;
mod collect;
mod collect_pvc;
mod diff;
mod explain;
mod export;
mod files;
mod generate;
mod graph;
mod hash;
mod inspect;
mod new_case;
mod plan;
mod repair_copy;
mod serve;
mod simulate;
mod timeline;

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::out::{Color, Out};

#[derive(Debug, Parser)]
#[command(name = "jivascope", bin_name = "jivascope", version, about, max_term_width = 80, after_help = HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to use color
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub color: Color,
}

const HELP: &str = "\
Inputs are only read, never changed. Give copies of replica directories, or tar
archives of them, as they are.

Exit codes: analyze exits with 0 consistent, 10 authoritative, 20
irreconcilable, 30 insufficient evidence. All commands: 1 operation failed,
2 wrong usage. The --help of each command lists its own.

Examples:
  jivascope analyze ./copies
  jivascope analyze k8s01=rep-1.tar.gz k8s02=rep-2.tar.gz k8s03=rep-3.tar.gz
  jivascope inspect rep-1.tar.gz
  jivascope explain irreconcilable";

#[derive(Debug, Subcommand)]
enum Command {
    /// Decide which replica can be kept, and show why, or that there is none
    Analyze(analyze::Analyze),
    /// Show each replica in full: its chain as a tree, every disk, every finding
    Inspect(inspect::Inspect),
    /// Draw the history of all replicas as one graph
    Graph(graph::Graph),
    /// Show what differs between replicas, or between two points of one, by range and layer
    Diff(diff::Diff),
    /// Write a replica's merged view to an image file
    Export(export::Export),
    /// List the files inside a view, or take them out
    Files(files::FilesCommand),
    /// Check cases against their expected verdicts, for continuous integration
    Check(check::Check),
    /// Collect everything about one volume from a running cluster, through kubectl
    CollectPvc(collect_pvc::CollectPvc),
    /// Check the running side from logs, API replies and pod lists alone, for periodic checks
    Cluster(cluster::Cluster),
    /// Take a capsule of replica directories on their node: records, logs and a sum of every block; no data unless asked for
    Collect(collect::Collect),
    /// Take a manifest of a replica directory, which later shows what copying changed
    Manifest(collect::Manifest),
    /// Generate shell completions or manual pages
    Generate(generate::Generate),
    /// Make a small case for `check` that is safe to share: structure kept, content replaced
    NewCase(new_case::NewCase),
    /// Print the SHA-256 of each replica's merged view
    Hash(hash::Hash),
    /// Explain a finding, a rule or a word of a report
    Explain(explain::Explain),
    /// Write safe steps, or play the steps that you have in mind and name the first that destroys data
    Plan(plan::PlanCommand),
    /// Write corrected metadata into a new directory, each repair with a proof, and show what Jiva makes of it
    RepairCopy(repair_copy::RepairCopy),
    /// Serve views as read-only network block devices (NBD), to look into them without a copy
    Serve(serve::Serve),
    /// Simulate what Jiva would do in every order of starting, and what data each order would lose
    Simulate(simulate::Simulate),
    /// Show what happened in one ordered account, from logs, records and times
    Timeline(timeline::Timeline),
}

impl Arguments {
    /// Reads the command line. Called under the name of a plugin of kubectl's, it is the same program and says so in its help.
    pub(super) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        let called = words.first().and_then(|name| Path::new(name).file_name());
        let mut command = Self::command();
        if called.is_some_and(|name| name == "kubectl-jivascope") {
            command = command.bin_name("kubectl jivascope");
        }
        Self::from_arg_matches(&command.try_get_matches_from(words)?)
    }
}

/// Runs the command that was typed.
pub(super) fn run(arguments: &Arguments, out: &Out) -> anyhow::Result<u8> {
    match &arguments.command {
        Command::Analyze(command) => analyze::run(command, out),
        Command::Inspect(command) => inspect::run(command, out),
        Command::Graph(command) => graph::run(command, out),
        Command::Diff(command) => diff::run(command, out),
        Command::Export(command) => export::run(command, out),
        Command::Files(command) => files::run(command, out),
        Command::Check(command) => check::run(command, out),
        Command::Cluster(command) => cluster::run(command, out),
        Command::CollectPvc(command) => collect_pvc::run(command, out),
        Command::Collect(command) => collect::collect(command, out),
        Command::Manifest(command) => collect::manifest(command, out),
        Command::Timeline(command) => timeline::run(command, out),
        Command::Generate(command) => generate::run(command, Arguments::command()),
        Command::NewCase(command) => new_case::run(command, out),
        Command::Hash(command) => hash::run(command, out),
        Command::Explain(command) => explain::run(command, out),
        Command::Plan(command) => plan::run(command, out),
        Command::RepairCopy(command) => repair_copy::run(command, out),
        Command::Serve(command) => serve::run(command, out),
        Command::Simulate(command) => simulate::run(command, out),
    }
}
