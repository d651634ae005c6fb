//! `inspect`.

use anyhow::bail;
use clap::Args;
use jivascope::analysis;
use jivascope::report::documents::InspectDocument;
use jivascope::report::text;

use super::args::{Inputs, Output};
use super::inputs;
use super::out::{self, Color};
use super::progress::Progress;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 every replica was shown, whatever its state; 1 the work could not
be done; 2 wrong usage.

Examples:
  jivascope inspect ./pvc-a634b9a3-fdaa-4b45-9dc3-2486e716d755
  jivascope inspect rep-1.tar.zst --output json")]
pub(super) struct Inspect {
    #[command(flatten)]
    pub inputs: Inputs,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

pub(super) fn run(command: &Inspect, color: Color) -> anyhow::Result<u8> {
    let watch = Progress::new();
    let mut evidence = inputs::open(&command.inputs, false, &watch)?;
    let replicas = analysis::describe(&evidence, &watch);
    analysis::remark_unread(&mut evidence.inputs, &replicas);
    drop(watch);
    if replicas.is_empty() {
        bail!("no replica was found");
    }
    let text = match command.output {
        Output::Json => InspectDocument::of(&evidence.inputs, &replicas).to_text(),
        Output::Text => text::inspect(&evidence.inputs, &replicas, &color.palette()),
    };
    out::write(&text)?;
    Ok(0)
}
