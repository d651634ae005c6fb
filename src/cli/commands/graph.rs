//! `graph`.

use clap::{Args, ValueEnum};
use jivascope::report::documents::GraphDocument;
use jivascope::report::{dot, mermaid, svg, text};

use crate::cli::args::{Inputs, Judging, Reading};
use crate::cli::judging::{analyze, options};
use crate::cli::out::Out;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 the graph was drawn, whatever it shows; 1 operation failed,
2 wrong usage.

Examples:
  jivascope graph ./copies
  jivascope graph ./copies --output svg > history.svg
  jivascope graph ./copies --output dot | dot -Tsvg > history.svg")]
pub(super) struct Graph {
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub reading: Reading,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Text)]
    pub output: Form,
    /// Draw every snapshot; by default long stretches without branches are folded
    #[arg(long)]
    pub full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Text,
    Dot,
    Svg,
    Mermaid,
    Json,
}

pub(super) fn run(command: &Graph, out: &Out) -> anyhow::Result<u8> {
    let analysis = analyze(&command.inputs, options(&command.judging), &command.reading)?;
    out.report(&match command.output {
        Form::Text => text::graph(&analysis, command.full, out.palette()),
        Form::Dot => dot::graph(&analysis),
        Form::Svg => svg::graph(&analysis, command.full),
        Form::Mermaid => mermaid::graph(&analysis, command.full),
        Form::Json => GraphDocument::of(&analysis).to_text(),
    })?;
    Ok(0)
}
