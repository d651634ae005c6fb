//! `inspect`.

use std::collections::BTreeMap;

use clap::Args;
use jivascope::analysis;
use jivascope::report::documents::InspectDocument;
use jivascope::report::text;

use crate::cli::args::{Inputs, Output, Reading};
use crate::cli::error::failed;
use crate::cli::inputs;
use crate::cli::out::Out;
use crate::cli::progress::Bar;
use crate::cli::trust;

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
    #[command(flatten)]
    pub reading: Reading,
    /// Read records and extents only, and nothing of the data: what is inside the views stays unknown
    #[arg(long)]
    pub metadata_only: bool,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Output::Text)]
    pub output: Output,
}

pub(super) fn run(command: &Inspect, out: &Out) -> anyhow::Result<u8> {
    let progress = Bar::new();
    let mut evidence = if command.metadata_only {
        inputs::open(&command.inputs, false, &progress)?
    } else {
        inputs::open_images(&command.inputs, &command.reading, &progress)?
    };
    let replicas = trust::describe(&evidence, command.reading.holes(), &progress)?;
    analysis::remark_unread(&mut evidence.inputs, &replicas);
    let inside = if command.metadata_only { BTreeMap::new() } else { analysis::inside(&replicas) };
    drop(progress);
    if replicas.is_empty() && evidence.vacant().next().is_none() {
        return Err(failed("no replica found").into());
    }
    out.report(&match command.output {
        Output::Json => InspectDocument::of(&evidence.inputs, &replicas, &inside).to_text(),
        Output::Text => text::inspect(&evidence.inputs, &replicas, &inside, out.palette()),
    })?;
    Ok(0)
}
