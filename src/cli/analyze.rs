//! `analyze`.

use anyhow::bail;
use clap::Args;
use jivascope::analysis::{self, Analysis, Options};
use jivascope::report::json::Document;
use jivascope::report::text;

use super::args::{Inputs, Judging, Output};
use super::inputs;
use super::out::{self, Color};
use super::progress::Progress;
use super::reading::{self, Reading};
use super::verdicts::{self, FailOn};

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
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
    /// Exit with the verdict's code only for these, and with 0 for all others; unsafe and stuck give the verdict's
    /// code, or 10 if that is 0
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub fail_on: Vec<FailOn>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 consistent, 10 authoritative, 20 irreconcilable, 30 insufficient
evidence; 1 the work could not be done, 2 wrong usage. Of several volumes the
gravest counts.

Examples:
  jivascope analyze k8s01=./rep-1 k8s02=./rep-2 k8s03=rep-3.tar.gz
  jivascope analyze all-nodes.tar --volume pvc-a634b9a3-fdaa-4b45-9dc3-2486e716d755
  ssh node tar -C /var/openebs --sparse -cf - . | jivascope analyze -
  jivascope analyze ./copies --output json --fail-on irreconcilable,unsafe";

pub(super) fn run(command: &Analyze, color: Color) -> anyhow::Result<u8> {
    let mut options = inputs::options(&command.judging);
    options.sample = command.sample;
    options.holes = command.reading.holes();
    let analysis = read(&command.inputs, options, &command.reading)?;
    let vacant = analysis.inputs.iter().any(|input| !input.vacant.is_empty());
    if !vacant || analysis.options.volume.is_some() {
        some_volume(&analysis)?;
    }
    let text = match command.output {
        Output::Json => Document::of(&analysis).to_text(),
        Output::Text => text::analysis(&analysis, &color.palette()),
    };
    out::write(&text)?;
    let code = verdicts::exit_code(&analysis.volumes, &command.fail_on);
    if analysis.options.metadata_only {
        // Nothing was spooled, so there is nothing to clear away but memory, which the system takes back at once.
        std::mem::forget(analysis);
    }
    Ok(code)
}

/// From arguments to an analysis of at least one volume.
pub(super) fn analyze(given: &Inputs, options: Options, reading: &Reading) -> anyhow::Result<Analysis> {
    let analysis = read(given, options, reading)?;
    some_volume(&analysis)?;
    Ok(analysis)
}

fn read(given: &Inputs, options: Options, reading: &Reading) -> anyhow::Result<Analysis> {
    let watch = Progress::new();
    let evidence = if options.metadata_only {
        inputs::open(given, false, &watch)?
    } else {
        reading::open(given, reading, &watch)?
    };
    Ok(analysis::analyze(evidence, options, &watch))
}

fn some_volume(analysis: &Analysis) -> anyhow::Result<()> {
    if analysis.volumes.is_empty() {
        match &analysis.options.volume {
            Some(name) => bail!("no volume named {name} is among the evidence"),
            None => bail!("no replica was found; the directories given hold no data"),
        }
    }
    Ok(())
}
