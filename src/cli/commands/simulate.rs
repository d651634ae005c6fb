//! `simulate`.

use clap::Args;
use jivascope::report::simulation::SimulateDocument;
use jivascope::report::text;

use crate::cli::args::{Inputs, Judging, Output, Reading};
use crate::cli::judging::{analyze, options};
use crate::cli::out::Out;

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is started and nothing is changed: the outcome follows from the
replicas as they are.

Exit codes: 0 simulated, whatever the outcome; 1 operation failed, 2 wrong
usage.

Examples:
  jivascope simulate ./copies
  jivascope simulate rep-1=a.tar rep-2=b.tar rep-3=c.tar --output json")]
pub(super) struct Simulate {
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub reading: Reading,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Output::Text)]
    pub output: Output,
}

pub(super) fn run(command: &Simulate, out: &Out) -> anyhow::Result<u8> {
    let analysis = analyze(&command.inputs, options(&command.judging), &command.reading)?;
    out.report(&match command.output {
        Output::Text => text::simulation(&analysis, out.palette()),
        Output::Json => SimulateDocument::of(&analysis).to_text(),
    })?;
    Ok(0)
}
