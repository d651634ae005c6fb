//! `collect` and `manifest`.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jivascope::blocks::Target;
use jivascope::evidence::capsule::{self, TakeOptions, Taken};

use crate::cli::error::usage;
use crate::cli::inputs;
use crate::cli::out::{self, Out};
use crate::cli::progress::Bar;
use crate::cli::trust::DEFECTIVE;

#[derive(Debug, Args)]
#[command(after_help = "\
A capsule holds records, logs, extents and a sum of every stored block, and no
data: about 1 % of what is stored. analyze takes it like a directory. The
directories are only read, without locks. What changes meanwhile is named, and
the capsule proves nothing about it: stop the replica first.

Exit codes: 0 taken; 4 taken, and something changed meanwhile or could not be
read; 1 operation failed, 2 wrong usage.

Examples:
  jivascope collect /var/openebs/pvc-a634b9a3 --to node1.capsule
  jivascope collect /var/openebs --to node1.capsule --key shared.key
  jivascope analyze node1.capsule node2.capsule node3.capsule")]
pub(super) struct Collect {
    /// Replica directories, or directories that contain them, on the node itself
    #[arg(required = true, value_name = "DIR")]
    pub directories: Vec<PathBuf>,
    #[command(flatten)]
    pub taking: Taking,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A manifest is a capsule without logs. Take it before you copy the directory, and
give both to analyze: it then shows whether the copy holds what the replica held,
and names every hole, zero and block that copying changed.

Exit codes: 0 taken; 4 taken, and something changed meanwhile or could not be
read; 1 operation failed, 2 wrong usage.

Examples:
  jivascope manifest /var/openebs/pvc-a634b9a3 --to rep-1.manifest
  jivascope analyze rep-1.manifest rep-1.tar.zst rep-2.tar.zst rep-3.tar.zst")]
pub(super) struct Manifest {
    /// Replica directory, or a directory that contains some, on the node itself
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    #[command(flatten)]
    pub taking: Taking,
}

#[derive(Debug, Args)]
pub(super) struct Taking {
    /// File to write; it cannot be inside the directories. `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Make the sums with the key in this file (16 bytes or more), so that nobody without it can test guesses about the
    /// data; only capsules of one key can be compared. The key is never written
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// These directories are where Jiva uses them, even where they look like a restored copy
    #[arg(long)]
    pub origin: bool,
    /// Replace an existing file
    #[arg(long)]
    pub force: bool,
}

pub(super) fn collect(command: &Collect, out: &Out) -> anyhow::Result<u8> {
    run(&command.directories, &command.taking, true, out)
}

pub(super) fn manifest(command: &Manifest, out: &Out) -> anyhow::Result<u8> {
    run(std::slice::from_ref(&command.directory), &command.taking, false, out)
}

fn run(directories: &[PathBuf], taking: &Taking, logs: bool, out: &Out) -> anyhow::Result<u8> {
    let mut options = TakeOptions::default();
    options.logs = logs;
    options.origin = taking.origin;
    options.key = taking.key.as_deref().map(inputs::key).transpose()?;
    let progress = Bar::new();
    if taking.to == Path::new("-") {
        if out::is_terminal() {
            let refused = usage("--to -: standard output is a terminal");
            return Err(refused.hint("redirect it to a file or a pipe").into());
        }
        let mut bytes = out.bytes();
        let taken = capsule::take(directories, &options, &mut bytes, &progress)?;
        bytes.flush().context("standard output")?;
        drop(bytes);
        return say(&taken, &|line| out.aside(line), out);
    }
    let target = Target::create(&taking.to, directories, taking.force)?;
    let taken = capsule::take(directories, &options, &mut target.file(), &progress)?;
    target.publish()?;
    say(&taken, &|line| out.line(line), out)
}

/// Says what was taken, and what stands against trusting it.
fn say(taken: &Taken, line: &dyn Fn(&str) -> anyhow::Result<()>, out: &Out) -> anyhow::Result<u8> {
    let mut changed = false;
    for remark in &taken.remarks {
        out.warn(remark)?;
    }
    for one in &taken.directories {
        let s = if one.images == 1 { "" } else { "s" };
        line(&format!("{}: {} image{s}, {} bytes stored", one.path, one.images, one.stored))?;
        for process in &one.open_in {
            out.warn(&format!("{}: open in a running process: {process}", one.path))?;
        }
        for change in &one.changed {
            changed = true;
            out.warn(&format!("{}: {change}", one.path))?;
        }
        for log in &one.left_out {
            out.warn(&format!("{}: {log} is too long and was left out", one.path))?;
        }
        if one.restored {
            out.warn(&format!(
                "{}: the files are older than their own creation: this is a restored copy, and the capsule attests \
                 nothing of the replica",
                one.path
            ))?;
            out.hint("--origin, if this is the directory that Jiva uses")?;
        }
    }
    if changed {
        out.hint("stop the replica and take the capsule again")?;
    }
    Ok(u8::from(changed) * DEFECTIVE)
}
