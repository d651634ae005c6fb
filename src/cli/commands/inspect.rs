//! `inspect`.

use clap::Args;
use jivascope::analysis;
use jivascope::report::documents::InspectDocument;
use jivascope::report::text;

use crate::cli::args::{Inputs, Output};
use crate::cli::error::failed;
use crate::cli::inputs;
use crate::cli::out::Out;
use crate::cli::progress::Bar;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 every replica was shown, whatever its state; 1 operation failed,
2 wrong usage.

Examples:
  jivascope inspect ./pvc-a634b9a3-fdaa-4b45-9dc3-2486e716d755
  jivascope inspect rep-1.tar.zst --output json")]
pub(super) struct Inspect {
    #[command(flatten)]
    pub inputs: Inputs,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Output::Text)]
    pub output: Output,
}

pub(super) fn run(command: &Inspect, out: &Out) -> anyhow::Result<u8> {
    let progress = Bar::new();
    let mut evidence = inputs::open(&command.inputs, false, &progress)?;
    let replicas = analysis::describe(&evidence, &progress);
    analysis::remark_unread(&mut evidence.inputs, &replicas);
    drop(progress);
    if replicas.is_empty() && evidence.vacant().next().is_none() {
        return Err(failed("no replica found").into());
    }
    out.report(&match command.output {
        Output::Json => InspectDocument::of(&evidence.inputs, &replicas).to_text(),
        Output::Text => text::inspect(&evidence.inputs, &replicas, out.palette()),
    })?;
    Ok(0)
}
