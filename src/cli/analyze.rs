//! `analyze`.

use std::io::Write;

use clap::Args;
use jivascope::analysis;
use jivascope::report::json::Document;

use super::args::{Inputs, Judging, Output};
use super::inputs;
use super::progress::Progress;
use super::reading::{self, Reading};

#[derive(Debug, Args)]
pub(super) struct Analyze {
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub judging: Judging,
    /// Compare only this share of the blocks, as in 5% or 0.05; nothing is proven then
    #[arg(long, value_name = "SHARE", value_parser = reading::share, conflicts_with = "metadata_only")]
    pub sample: Option<f64>,
    #[command(flatten)]
    pub reading: Reading,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

pub(super) fn run(command: &Analyze) -> anyhow::Result<u8> {
    let mut options = inputs::options(&command.judging);
    options.sample = command.sample;
    options.holes = command.reading.holes();
    let progress = Progress::new();
    let evidence = if options.metadata_only {
        inputs::open(&command.inputs, false, &progress)?
    } else {
        reading::open(&command.inputs, &command.reading, &progress)?
    };
    let analysis = analysis::analyze(evidence, options, &progress);
    let mut out = std::io::stdout().lock();
    match command.output {
        Output::Json | Output::Text => out.write_all(Document::of(&analysis).to_text().as_bytes())?,
    }
    out.flush()?;
    Ok(analysis.volumes.iter().map(|volume| volume.verdict.kind.exit_code()).max().unwrap_or(0))
}
