//! `analyze`.

use clap::{Args, ValueEnum};
use jivascope::report::json::Document;
use jivascope::report::lines::lines;
use jivascope::report::{html, text};

use crate::cli::args::{self, Inputs, Judging, Reading};
use crate::cli::judging;
use crate::cli::out::Out;
use crate::cli::verdicts::{self, FailOn};

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Analyze {
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub judging: Judging,
    /// Compare only this share of the blocks, such as 5% or 0.05; the verdict is then at most `weak`
    #[arg(long, value_name = "SHARE", value_parser = args::share, conflicts_with = "metadata_only")]
    pub sample: Option<f64>,
    #[command(flatten)]
    pub reading: Reading,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Text)]
    pub output: Form,
    /// Exit with the verdict's code only for these kinds, and with 0 otherwise; for `unsafe`, `stuck` and `incomplete` with the
    /// verdict's code, or 10 if that is 0
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub fail_on: Vec<FailOn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// The answer for a terminal
    Text,
    /// Everything, for programs
    Json,
    /// One line of JSON for each volume, for questions about many
    Jsonl,
    /// One page for the review afterwards, with drawings; it runs and fetches nothing
    Html,
}

const EXIT_CODES: &str = "\
Exit codes: 0 consistent, 10 authoritative, 20 irreconcilable, 30 insufficient
evidence; 1 operation failed, 2 wrong usage. With several volumes the highest
code is used.

Examples:
  jivascope analyze k8s01=./rep-1 k8s02=./rep-2 k8s03=rep-3.tar.gz
  jivascope analyze all-nodes.tar \\
    --volume pvc-a634b9a3-fdaa-4b45-9dc3-2486e716d755
  ssh node tar -C /var/openebs --sparse -cf - . | jivascope analyze -
  jivascope analyze ./copies --output html > report.html
  jivascope analyze ./fleet --metadata-only --output jsonl > volumes.jsonl
  jivascope analyze ./copies --output json --fail-on irreconcilable,unsafe";

pub(super) fn run(command: &Analyze, out: &Out) -> anyhow::Result<u8> {
    let mut options = judging::options(&command.judging);
    options.sample = command.sample;
    options.holes = command.reading.holes();
    let analysis = judging::analyze_or_vacant(&command.inputs, options, &command.reading)?;
    out.report(&match command.output {
        Form::Json => Document::of(&analysis).to_text(),
        Form::Jsonl => lines(&analysis),
        Form::Text => text::analysis(&analysis, out.palette()),
        Form::Html => html::analysis(&analysis),
    })?;
    Ok(verdicts::exit_code(&analysis.volumes, &command.fail_on))
}
