//! `timeline`.

use clap::{Args, ValueEnum};
use jivascope::report::text;
use jivascope::report::timeline::{TimelineDocument, csv};

use crate::cli::args::{Inputs, Judging, Reading};
use crate::cli::judging::{analyze, options};
use crate::cli::out::Out;

#[derive(Debug, Args)]
#[command(after_help = "\
Shown are starts, ends, elections, rebuilds, losses and sessions from the logs
among the inputs, the replicas' own logs included, and the times in the records.
Each entry names its source and its clock; clocks of two hosts may differ.

Exit codes: 0 shown; 1 operation failed, 2 wrong usage.

Examples:
  jivascope timeline ./incident
  jivascope timeline ./incident --output csv > timeline.csv")]
pub(super) struct Timeline {
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub reading: Reading,
    /// Show all entries, not the last page
    #[arg(long)]
    pub all: bool,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Text)]
    pub output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Text,
    Json,
    Csv,
}

pub(super) fn run(command: &Timeline, out: &Out) -> anyhow::Result<u8> {
    let mut options = options(&command.judging);
    // No block bears a time.
    options.metadata_only = true;
    let analysis = analyze(&command.inputs, options, &command.reading)?;
    out.report(&match command.output {
        Form::Text => text::timeline(&analysis, command.all, out.palette()),
        Form::Json => TimelineDocument::of(&analysis).to_text(),
        Form::Csv => csv(&analysis),
    })?;
    Ok(0)
}
