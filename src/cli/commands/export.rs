//! `export`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jivascope::blocks::{self, ExportOptions, Format, Point, Target, Unreadable};

use crate::cli::args::{self, Inputs, Kind, Reading};
use crate::cli::error::usage;
use crate::cli::inputs;
use crate::cli::out::Out;
use crate::cli::progress::Bar;
use crate::cli::trust;

#[derive(Debug, Args)]
#[command(
    override_usage = "\
jivascope export [OPTIONS] --replica <VIEW> --to <FILE> --format <FORMAT>
                        <[LABEL=]PATH>...",
    after_help = "\
The image gets its name when it is complete. The sum of the view is printed:\nwith --kind verity that of fs-verity, which costs no more than the stored data.

Exit codes: 0 exported; 4 exported from a defective copy; 1 operation failed,
2 wrong usage.

Examples:
  jivascope export ./copies --replica rep-2 --to rep-2.raw --format raw
  jivascope export rep-2.tar.zst --replica rep-2@volume-snap-e6fa71a8 \\
    --to rep-2.qcow2 --format qcow2"
)]
pub(super) struct Export {
    #[command(flatten)]
    pub inputs: Inputs,
    /// View to export: LABEL is the view of the head, LABEL@DISK that of a disk and everything below it,
    /// LABEL@candidate-N that of a rescue candidate
    #[arg(long, value_name = "VIEW", value_parser = args::name())]
    pub replica: String,
    /// Image file to write; it cannot be inside the inputs
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Image format
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: ImageFormat,
    /// Replace an existing image file
    #[arg(long)]
    pub force: bool,
    /// Write zeros where data cannot be read, and report the ranges [default: fail]
    #[arg(long, value_enum, value_name = "WITH")]
    pub fill_unreadable: Option<Filling>,
    /// Skip the SHA-256 of the view, which dominates the run time of a mostly empty volume
    #[arg(long)]
    pub no_hash: bool,
    /// Kind of the sum that is printed
    #[arg(long, value_enum, value_name = "KIND", default_value_t)]
    pub kind: Kind,
    /// Clone ranges of the image files where the system can, without copying data on a file system that shares blocks (XFS,
    /// btrfs); zeros that are stored stay stored. Only for raw images, and not with --fill-unreadable
    #[arg(long, conflicts_with = "fill_unreadable")]
    pub clone_ranges: bool,
    /// fsync before renaming into place
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

pub(super) fn run(command: &Export, out: &Out) -> anyhow::Result<u8> {
    if command.to == Path::new("-") {
        let stream = usage("--to -: an image cannot be written to standard output");
        return Err(stream.hint("give a file name, such as rep-1.raw; ./- is a file of that name").into());
    }
    if command.clone_ranges && command.format != ImageFormat::Raw {
        return Err(usage("--clone-ranges: only a raw image has ranges of the images at their places").into());
    }
    let progress = Bar::new();
    let evidence = inputs::open_images(&command.inputs, &command.reading, &progress)?;
    let replicas = trust::describe(&evidence, command.reading.holes(), &progress)?;
    let point = Point::parse(&command.replica, &replicas)?;
    let view = point.view()?;
    let defective = trust::warn(&point, out)?;
    let target =
        Target::create(&command.to, &inputs::untouchable(&command.inputs, &evidence)?, command.force)?;
    let mut options = ExportOptions::new(match command.format {
        ImageFormat::Raw => Format::Raw,
        ImageFormat::Qcow2 => Format::Qcow2,
    });
    options.hash = !command.no_hash;
    options.kind = command.kind.of();
    options.sync = command.sync;
    options.clone_ranges = command.clone_ranges;
    if command.fill_unreadable.is_some() {
        options.unreadable = Unreadable::Zeros;
    }
    let done = blocks::export(&view, target, &options, &progress)?;
    if command.clone_ranges && !done.cloned {
        out.warn("no range could be cloned here (another file system, or an archive): the image was written in the usual way")?;
    }
    for unread in &done.filled {
        let (start, end) = (unread.run.start, unread.run.end);
        out.warn(&format!("{}: bytes {start} to {end} were written as zeros: {}", point.name(), unread.why))?;
    }
    if let Some(sum) = &done.sum {
        out.line(&command.kind.line(sum, &point.name()))?;
    }
    Ok(u8::from(defective) * trust::DEFECTIVE)
}
