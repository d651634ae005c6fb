//! `export`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use jivascope::blocks::{
    self, ExportOptions, Format, Point, StreamError, Target, TargetError, Unread, Unreadable,
};
use jivascope::evidence::InputPath;

use crate::cli::args::{self, Inputs, Kind, Reading};
use crate::cli::error::{self, FAILED, usage};
use crate::cli::inputs;
use crate::cli::out::{self, Out};
use crate::cli::progress::Bar;
use crate::cli::trust;

#[derive(Debug, Args)]
#[command(
    override_usage = "\
jivascope export [OPTIONS] --replica <VIEW> --to <FILE> --format <FORMAT>
                        <[LABEL=]PATH>...
       jivascope export [OPTIONS] --to-dir <DIR> --format <FORMAT>
                        <[LABEL=]PATH>...",
    after_help = "\
The image gets its name when it is complete. The sum of the view is printed:\nwith --kind verity that of fs-verity, which costs no more than the stored data.
Where one of several views cannot be exported, the others are.

Exit codes: 0 exported; 4 exported from a defective copy; 1 operation failed,
2 wrong usage.

Examples:
  jivascope export ./copies --replica rep-2 --to rep-2.raw --format raw
  jivascope export rep-2.tar.zst --replica rep-2@volume-snap-e6fa71a8 \\
    --to rep-2.qcow2 --format qcow2
  jivascope export ./copies --to-dir images --format qcow2 --verify
  jivascope export ./copies --replica rep-2 --to - --format raw | zstd > 2.zst"
)]
pub(super) struct Export {
    #[command(flatten)]
    pub inputs: Inputs,
    /// View to export: LABEL is the view of the head, LABEL@DISK that of a disk and everything below it, LABEL@candidate-N
    /// that of a rescue candidate; can be repeated, each with its own --to [with --to-dir: every head by default]
    #[arg(long, value_name = "VIEW", value_parser = args::name(), required_unless_present = "to_dir")]
    pub replica: Vec<String>,
    /// Image file to write; it cannot be inside the inputs. `-` streams a single raw image to standard output, and the sum
    /// goes to standard error
    #[arg(long, value_name = "FILE", required_unless_present = "to_dir", conflicts_with = "to_dir")]
    pub to: Vec<PathBuf>,
    /// Directory for the images of all views, made if it is not there; each is called by its view and format
    #[arg(long, value_name = "DIR")]
    pub to_dir: Option<PathBuf>,
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
    /// Read the written image again, and give it its name only if it has the sum of the view
    #[arg(long, conflicts_with = "no_hash")]
    pub verify: bool,
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
    let streams = command.to.iter().any(|to| to == Path::new("-"));
    check(command, streams)?;
    let progress = Bar::new();
    let evidence = inputs::open_images(&command.inputs, &command.reading, &progress)?;
    let replicas = trust::describe(&evidence, command.reading.holes(), &progress)?;
    let points: Vec<Point<'_>> = if command.replica.is_empty() {
        replicas.iter().map(Point::from).collect()
    } else {
        command.replica.iter().map(|text| Point::parse(text, &replicas)).collect::<Result<_, _>>()?
    };
    if streams {
        return streamed(command, &points[0], &progress, out);
    }
    let places = inputs::places(&command.inputs, &evidence)?;
    let targets = match &command.to_dir {
        Some(dir) => inside(dir, &points, command.format, &places)?,
        None => command.to.clone(),
    };
    let (mut code, mut failed) = (0, false);
    for (point, to) in points.iter().zip(&targets) {
        match one(command, point, to, &places, &progress, out) {
            Ok(defective) => code = code.max(defective),
            Err(error) if points.len() == 1 => return Err(error),
            // The others can be exported all the same.
            Err(error) => {
                error::report(out, &error.context(point.name()));
                failed = true;
            }
        }
    }
    Ok(if failed { FAILED } else { code })
}

/// What is wrong with the command line alone.
fn check(command: &Export, streams: bool) -> anyhow::Result<()> {
    if command.clone_ranges && command.format != ImageFormat::Raw {
        return Err(usage("--clone-ranges: only a raw image has ranges of the images at their places").into());
    }
    if command.to_dir.is_none() && command.to.len() != command.replica.len() {
        let (views, files) = (command.replica.len(), command.to.len());
        let uneven = usage(format!("{views} views and {files} files: each --replica needs its own --to"));
        return Err(uneven.hint("--to-dir DIR writes all views into one directory").into());
    }
    if !streams {
        return Ok(());
    }
    let refused = if command.to.len() > 1 {
        usage("--to -: only one image can be written to standard output")
    } else if command.format != ImageFormat::Raw {
        usage("--to -: only a raw image can be written to standard output").hint(
            "a qcow2 image is written out of order; give a file name, or use serve and qemu-img convert",
        )
    } else if command.clone_ranges || command.verify || command.sync || command.force {
        usage("--to -: --clone-ranges, --verify, --sync and --force need an image file")
    } else if out::is_terminal() {
        usage("--to -: standard output is a terminal").hint("redirect it to a file or a pipe")
    } else {
        return Ok(());
    };
    Err(refused.into())
}

fn options(command: &Export) -> ExportOptions {
    let mut options = ExportOptions::new(match command.format {
        ImageFormat::Raw => Format::Raw,
        ImageFormat::Qcow2 => Format::Qcow2,
    });
    options.hash = !command.no_hash;
    options.kind = command.kind.of();
    options.sync = command.sync;
    options.verify = command.verify;
    options.clone_ranges = command.clone_ranges;
    if command.fill_unreadable.is_some() {
        options.unreadable = Unreadable::Zeros;
    }
    options
}

/// Exports one view to a file.
fn one(
    command: &Export,
    point: &Point<'_>,
    to: &Path,
    places: &[PathBuf],
    progress: &Bar,
    out: &Out,
) -> anyhow::Result<u8> {
    trust::with_data(point, "export")?;
    let view = point.view()?;
    let defective = trust::warn(point, out)?;
    let target = Target::create(to, places, command.force)?;
    let done = blocks::export(&view, target, &options(command), progress)?;
    if command.clone_ranges && !done.cloned {
        out.warn("no range could be cloned here (another file system, or an archive): the image was written in the usual way")?;
    }
    warn_of_filled(point, &done.filled, out)?;
    if let Some(sum) = &done.sum {
        out.line(&command.kind.line(sum, &point.name()))?;
    }
    Ok(u8::from(defective) * trust::DEFECTIVE)
}

/// Exports one view to standard output.
fn streamed(command: &Export, point: &Point<'_>, progress: &Bar, out: &Out) -> anyhow::Result<u8> {
    trust::with_data(point, "export")?;
    let view = point.view()?;
    let code = u8::from(trust::warn(point, out)?) * trust::DEFECTIVE;
    let done = match blocks::stream(&view, &mut out.bytes(), &options(command), progress) {
        Ok(done) => done,
        // A reader that goes away has what it wanted, and nobody wants the rest.
        Err(StreamError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => return Ok(code),
        Err(StreamError::Write(error)) => return Err(error).context("standard output"),
        Err(error) => return Err(error.into()),
    };
    warn_of_filled(point, &done.filled, out)?;
    if let Some(sum) = &done.sum {
        out.aside(&command.kind.line(sum, &point.name()))?;
    }
    Ok(code)
}

fn warn_of_filled(point: &Point<'_>, filled: &[Unread], out: &Out) -> anyhow::Result<()> {
    for unread in filled {
        let (start, end) = (unread.run.start, unread.run.end);
        out.warn(&format!("{}: bytes {start} to {end} were written as zeros: {}", point.name(), unread.why))?;
    }
    Ok(())
}

/// A file for each view in a directory, which is made if it is not there.
fn inside(
    dir: &Path,
    points: &[Point<'_>],
    format: ImageFormat,
    places: &[PathBuf],
) -> anyhow::Result<Vec<PathBuf>> {
    let shown = InputPath::Path(dir.to_owned());
    let around = |path: &Path| {
        blocks::evidence_around(path, places).with_context(|| format!("{shown}: cannot be looked up"))
    };
    // A file in it shows whether it is one of the inputs, or lies in one.
    let input = if dir.is_dir() { around(&dir.join("x"))? } else { around(dir)? };
    if let Some(input) = input {
        return Err(TargetError::Evidence { path: dir.to_owned(), input }.into());
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for point in points {
        let file = dir.join(file_name(&point.name(), format));
        if files.contains(&file) {
            return Err(TargetError::Exists { path: file }.into());
        }
        files.push(file);
    }
    if !dir.is_dir() {
        std::fs::create_dir(dir).with_context(|| format!("{shown}: cannot be created"))?;
    }
    Ok(files)
}

/// A view's name as a file name: one part of a path, not hidden, without what moves a terminal's cursor.
fn file_name(view: &str, format: ImageFormat) -> String {
    let plain = |char: char| char.is_alphanumeric() || "-._@+=,".contains(char);
    let name: String = view.chars().map(|char| if plain(char) { char } else { '_' }).collect();
    let name = name.trim_end_matches(".img");
    let hidden = if name.starts_with(['.', '-']) || name.is_empty() { "_" } else { "" };
    // File systems take 255 bytes.
    let mut end = name.len().min(200);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let ending = match format {
        ImageFormat::Raw => "raw",
        ImageFormat::Qcow2 => "qcow2",
    };
    format!("{hidden}{}.{ending}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_one_part_of_a_path() {
        for (view, name) in [
            ("rep-1", "rep-1.raw"),
            ("rep-1@volume-snap-a.img", "rep-1@volume-snap-a.raw"),
            ("../../etc/x", "_.._.._etc_x.raw"),
            ("..", "_...raw"),
            ("-rf", "_-rf.raw"),
            ("a/b\n\u{1b}[2J c", "a_b___2J_c.raw"),
            ("", "_.raw"),
        ] {
            assert_eq!(file_name(view, ImageFormat::Raw), name);
        }
        assert!(file_name(&"é".repeat(300), ImageFormat::Qcow2).len() <= 206);
    }
}
