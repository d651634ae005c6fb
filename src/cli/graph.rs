//! `graph`.

use clap::{Args, ValueEnum};
use jivascope::report::documents::GraphDocument;
use jivascope::report::{dot, text};

use super::analyze::analyze;
use super::args::{Inputs, Judging};
use super::inputs;
use super::out::{self, Color};
use super::reading::Reading;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 the graph was drawn, whatever it shows; 1 the work could not
be done; 2 wrong usage.

Examples:
  jivascope graph ./copies
  jivascope graph ./copies --output dot | dot -Tsvg > history.svg")]
pub(super) struct Graph {
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub reading: Reading,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub output: Form,
    /// Draw every snapshot; long stretches without branches are folded otherwise
    #[arg(long)]
    pub full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Text,
    Dot,
    Json,
}

pub(super) fn run(command: &Graph, color: Color) -> anyhow::Result<u8> {
    let analysis = analyze(&command.inputs, inputs::options(&command.judging), &command.reading)?;
    let text = match command.output {
        Form::Text => text::graph(&analysis, command.full, &color.palette()),
        Form::Dot => dot::graph(&analysis),
        Form::Json => GraphDocument::of(&analysis).to_text(),
    };
    out::write(&text)?;
    Ok(0)
}
