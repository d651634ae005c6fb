//! `cluster`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jivascope::evidence;
use jivascope::report::cluster::{ClusterDocument, openmetrics, status};
use jivascope::report::text;
use jivascope::witness::{Cluster as Found, Collection};

use crate::cli::error::failed;
use crate::cli::out::Out;

#[derive(Debug, Args)]
#[command(after_help = "\
Logs are read in every shape: kubectl with or without times and prefixes, files
of containerd and docker, journald, Loki, stern; packed with gzip, zstd, xz or
bzip2. Replies of the REST API are read as they come, Kubernetes objects as
`kubectl get -o json`, `kubectl get -o wide` and `kubectl describe` print them.
A file taken-at.txt with a time in UTC says when the files beside it were taken.

Exit codes: 0 nothing found, 10 a warning, 20 data are at stake; 1 operation
failed, 2 wrong usage.

Examples:
  jivascope cluster controller.log rep-*.log pods.json
  kubectl logs -n openebs deploy/PVC-ctrl > ctrl.log; jivascope cluster ctrl.log
  jivascope cluster ./dumps --output openmetrics")]
pub(super) struct Cluster {
    /// Logs, replies of the REST API and Kubernetes objects, or directories that hold some
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Replication factor of the volume, where no controller's log names it
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub replication_factor: u16,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Text)]
    pub output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Text,
    Json,
    Openmetrics,
}

pub(super) fn run(command: &Cluster, out: &Out) -> anyhow::Result<u8> {
    let mut files = Vec::new();
    for path in &command.files {
        let found = evidence::testimonies(path)
            .map_err(|error| failed(format!("{}: {error}", evidence::spelled(path))))?;
        files.extend(found);
    }
    let collection = Collection::read(&files.iter().collect::<Vec<_>>(), &[]);
    if collection.given.is_empty() {
        return Err(failed(
            "no file given is a log of Jiva, a reply of its REST API or a list of Kubernetes objects",
        )
        .hint("for replica directories there is jivascope analyze")
        .into());
    }
    let cluster = Found::of(&collection, usize::from(command.replication_factor));
    out.report(&match command.output {
        Form::Text => text::cluster(&cluster, out.palette()),
        Form::Json => ClusterDocument::of(&cluster).to_text(),
        Form::Openmetrics => openmetrics(&cluster),
    })?;
    Ok(status(cluster.status()))
}
