//! `analyze`.

use std::io::Write;

use jivascope::analysis;
use jivascope::report::json::Document;

use super::args::{Analyze, Output};
use super::inputs;

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
