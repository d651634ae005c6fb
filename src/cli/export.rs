//! `export`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jivascope::blocks::{self, ExportOptions, Format, MergedView, Point, Target, Unreadable};
use jivascope::evidence::Evidence;

use super::args::Inputs;
use super::progress::Progress;
use super::reading::{self, Reading};

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    pub inputs: Inputs,
    /// The replica to take the data from: as its head shows them, from one of its disks down, or a rescue candidate
    #[arg(long, value_name = "LABEL[@DISK|@candidate-N]")]
    pub replica: String,
    /// The image to write; the evidence is never written to
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Form of the image
    #[arg(long, value_enum)]
    pub format: ImageFormat,
    /// Replace the image if it exists
    #[arg(long)]
    pub force: bool,
    /// What to do where the data cannot be read: give up, or write zeros and tell the ranges
    #[arg(long, value_enum, value_name = "WITH")]
    pub fill_unreadable: Option<Filling>,
    /// Leave out the sha256 of the view, which takes as long as the rest where the volume is mostly empty
    #[arg(long)]
    pub no_hash: bool,
    /// Wait until the image is on the disk before it gets its name
    #[arg(long)]
    pub sync: bool,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ImageFormat {
    Raw,
    Qcow2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Filling {
    Zeros,
}

pub(super) fn run(command: &Export) -> anyhow::Result<u8> {
    let progress = Progress::new();
    let evidence = reading::open(&command.inputs, &command.reading, &progress)?;
    let replicas = reading::describe(&evidence, &command.reading, &progress)?;
    let point = Point::parse(&command.replica, &replicas)?;
    let view = point.view()?;
    let defective = reading::warn(&point)?;
    let target = Target::create(&command.to, &untouchable(&command.inputs, &evidence), command.force)?;
    let mut options = ExportOptions::new(match command.format {
        ImageFormat::Raw => Format::Raw,
        ImageFormat::Qcow2 => Format::Qcow2,
    });
    options.hash = !command.no_hash;
    options.sync = command.sync;
    if command.fill_unreadable.is_some() {
        options.unreadable = Unreadable::Zeros;
    }
    let done = export(&view, target, &options, &progress)?;
    let mut err = std::io::stderr().lock();
    for unread in &done.filled {
        let (start, end) = (unread.run.start, unread.run.end);
        writeln!(err, "jivascope: {}: bytes {start} to {end} stand as zeros: {}", point.name(), unread.why)?;
    }
    if let Some(sum) = &done.sha256 {
        writeln!(std::io::stdout(), "{sum}  {}", point.name())?;
    }
    Ok(u8::from(defective) * reading::DEFECTIVE)
}

fn export(
    view: &MergedView,
    target: Target,
    options: &ExportOptions,
    progress: &Progress,
) -> anyhow::Result<blocks::Exported> {
    blocks::export(view, target, options, progress).map_err(|error| {
        let unreadable = matches!(error, blocks::ExportError::View(_));
        let error = anyhow::Error::from(error);
        if unreadable {
            error.context("not exported (--fill-unreadable zeros goes on with zeros)")
        } else {
            error
        }
    })
}

/// Every place that belongs to the evidence; those inside archives are no places of the file system and are
/// passed over later.
fn untouchable(inputs: &Inputs, evidence: &Evidence) -> Vec<PathBuf> {
    let given = inputs.inputs.iter().map(|input| match super::inputs::input(input).path {
        jivascope::evidence::InputPath::Path(path) => path,
        jivascope::evidence::InputPath::StandardInput => PathBuf::from("/dev/stdin"),
    });
    given.chain(evidence.replicas.iter().map(|replica| PathBuf::from(&replica.path))).collect()
}
