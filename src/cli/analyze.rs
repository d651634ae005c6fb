//! `analyze`.

use std::io::Write;

use clap::Args;
use jivascope::analysis;
use jivascope::report::json::Document;

use super::args::{Inputs, Judging, Output};
use super::inputs;

#[derive(Debug, Args)]
pub(super) struct Analyze {
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub judging: Judging,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

pub(super) fn run(command: &Analyze) -> anyhow::Result<u8> {
    let options = inputs::options(&command.judging);
    let evidence = inputs::open(&command.inputs, !options.metadata_only, &())?;
    let analysis = analysis::analyze(evidence, options, &());
    let mut out = std::io::stdout().lock();
    match command.output {
        Output::Json | Output::Text => out.write_all(Document::of(&analysis).to_text().as_bytes())?,
    }
    out.flush()?;
    Ok(analysis.volumes.iter().map(|volume| volume.verdict.kind.exit_code()).max().unwrap_or(0))
}
