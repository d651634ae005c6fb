//! `simulate`.

use clap::{Args, ValueEnum};
use jivascope::report::simulation::SimulateDocument;
use jivascope::report::text;

use super::analyze::analyze;
use super::args::{Inputs, Judging};
use super::inputs;
use super::out::{self, Color};
use super::reading::Reading;

#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is started and nothing is changed: what Jiva would do is worked out from what lies there.
Exit codes: 0 it was worked out, whatever it shows; 1 the work could not be done; 2 wrong usage.

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
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub output: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Text,
    Json,
}

pub(super) fn run(command: &Simulate, color: Color) -> anyhow::Result<u8> {
    let analysis = analyze(&command.inputs, inputs::options(&command.judging), &command.reading)?;
    let text = match command.output {
        Form::Text => text::simulation(&analysis, &color.palette()),
        Form::Json => SimulateDocument::of(&analysis).to_text(),
    };
    out::write(&text)?;
    Ok(0)
}
