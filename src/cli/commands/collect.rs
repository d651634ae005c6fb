//! `collect` and `manifest`.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, ValueEnum};
use jivascope::analysis::{self, SecondVisit};
use jivascope::blocks::Target;
use jivascope::evidence::capsule::{self, Key, TakeOptions, Taken};
use jivascope::evidence::{self, Input, InputPath, spelled};

use crate::cli::args::{self, size};
use crate::cli::error::{failed, usage};
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

With --with-blocks differing the capsule HOLDS DATA OF THE VOLUME, also with a
key: what this replica holds at the places in which two replicas of the capsules
given differ, and at no other place. Give the first capsules of all replicas,
and the directories as they were then. How many bytes that will be is said
before they are taken.

Exit codes: 0 taken; 4 taken, and something changed meanwhile or could not be
read; 1 operation failed, 2 wrong usage.

Examples:
  jivascope collect /var/openebs/pvc-a634b9a3 --to node1.capsule
  jivascope collect /var/openebs --to node1.capsule --key shared.key
  jivascope collect /var/openebs/pvc-a634b9a3 --to node1-second.capsule \\
    --with-blocks differing node1.capsule node2.capsule node3.capsule
  jivascope analyze node1.capsule node2.capsule node3.capsule")]
pub(super) struct Collect {
    /// Replica directories, or directories that contain them, on the node itself; with --with-blocks also the files of
    /// the first capsules, in any order ([LABEL=]CAPSULE)
    #[arg(required = true, value_name = "DIR|CAPSULE")]
    pub paths: Vec<OsString>,
    /// Second visit: take the data of the blocks in which the replicas of the capsules given differ, too. The capsule
    /// then holds data of the volume, which a key does not disguise
    #[arg(long, value_enum, value_name = "WHICH")]
    pub with_blocks: Option<WithBlocks>,
    /// Maximum size of these data, such as 500M or 20GiB
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = size, requires = "with_blocks")]
    pub blocks_limit: u64,
    #[command(flatten)]
    pub taking: Taking,
}

/// Of which blocks the data are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WithBlocks {
    /// Those in which two replicas differ.
    Differing,
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
    let mut options = options(&command.taking, true)?;
    if command.with_blocks.is_none() {
        let directories: Vec<PathBuf> = command.paths.iter().map(PathBuf::from).collect();
        if let Some(file) = directories.iter().find(|path| path.is_file()) {
            let refused = failed(format!("{}: this is a file; collect takes directories", spelled(file)));
            return Err(refused
                .hint("analyze reads archives and capsules; --with-blocks differing takes those of a first visit")
                .into());
        }
        return run(&directories, &[], &command.taking, &options, out);
    }
    let (directories, capsules) = sides(&command.paths)?;
    let choice = Arc::new(compare(&capsules, options.key.as_ref())?);
    let bytes = capsule::weigh(&directories, &*choice)?;
    let said = format!("{bytes} bytes of the volume's data are to be taken");
    if bytes > command.blocks_limit {
        let limit = command.blocks_limit;
        let refused = failed(format!("{said}, more than the limit of {limit} bytes"));
        return Err(refused.hint("--blocks-limit SIZE allows more").into());
    }
    let is_stream = command.taking.to == Path::new("-");
    if is_stream {
        out.aside(&said)?
    } else {
        out.line(&said)?
    }
    options.blocks = Some(choice);
    let capsules: Vec<PathBuf> = capsules.into_iter().filter_map(|input| place(&input)).collect();
    run(&directories, &capsules, &command.taking, &options, out)
}

/// The directories to visit, and the capsules of the first visit: files among the directories.
fn sides(paths: &[OsString]) -> anyhow::Result<(Vec<PathBuf>, Vec<Input>)> {
    let (mut directories, mut capsules) = (Vec::new(), Vec::new());
    for text in paths {
        let input = args::input(text);
        match place(&input).filter(|path| path.is_dir()) {
            None => capsules.push(input),
            Some(path) if input.label.is_none() => directories.push(path),
            Some(path) => {
                let path = spelled(path);
                return Err(usage(format!("{path}: a label is for capsules, and this is a directory")).into());
            }
        }
    }
    if directories.is_empty() {
        return Err(usage("--with-blocks: no directory to visit was given").into());
    }
    if capsules.is_empty() {
        let refused = usage("--with-blocks: no capsule of the first visit was given");
        return Err(refused.hint("give the capsules of all replicas beside the directories").into());
    }
    Ok((directories, capsules))
}

fn place(input: &Input) -> Option<PathBuf> {
    match &input.path {
        InputPath::Path(path) => Some(path.clone()),
        InputPath::StandardInput => None,
    }
}

/// Compares the capsules of the first visit.
fn compare(capsules: &[Input], key: Option<&Key>) -> anyhow::Result<SecondVisit> {
    let progress = Bar::new();
    let mut options = evidence::Options::new(inputs::images(true));
    options.progress = &progress;
    options.key = key.cloned();
    let evidence = evidence::gather(capsules, &options)?;
    if evidence.replicas.len() < 2 {
        let refused =
            usage("--with-blocks: only one replica's capsule was given, so there is nothing to compare");
        return Err(refused.hint("give the capsules of all replicas beside the directories").into());
    }
    if let Some((input, why)) = evidence.incomplete().next() {
        // What was not read could differ, too.
        return Err(failed(format!("{}: {why}", input.input)).into());
    }
    Ok(SecondVisit::of(evidence, &analysis::Options::default(), key, &progress)?)
}

pub(super) fn manifest(command: &Manifest, out: &Out) -> anyhow::Result<u8> {
    let options = options(&command.taking, false)?;
    run(std::slice::from_ref(&command.directory), &[], &command.taking, &options, out)
}

fn options(taking: &Taking, logs: bool) -> anyhow::Result<TakeOptions> {
    let mut options = TakeOptions::default();
    options.logs = logs;
    options.origin = taking.origin;
    options.key = taking.key.as_deref().map(inputs::key).transpose()?;
    Ok(options)
}

fn run(
    directories: &[PathBuf],
    capsules: &[PathBuf],
    taking: &Taking,
    options: &TakeOptions,
    out: &Out,
) -> anyhow::Result<u8> {
    let progress = Bar::new();
    if taking.to == Path::new("-") {
        if out::is_terminal() {
            let refused = usage("--to -: standard output is a terminal");
            return Err(refused.hint("redirect it to a file or a pipe").into());
        }
        let mut bytes = out.bytes();
        let taken = capsule::take(directories, options, &mut bytes, &progress)?;
        bytes.flush().context("standard output")?;
        drop(bytes);
        return say(&taken, &|line| out.aside(line), out);
    }
    let target = Target::create(&taking.to, &[directories, capsules].concat(), taking.force)?;
    let taken = capsule::take(directories, options, &mut target.file(), &progress)?;
    target.publish()?;
    let answer = say(&taken, &|line| out.line(line), out)?;
    put_back(&taking.to, out)?;
    Ok(answer)
}

/// Says where a head is younger than its own record: only the capsule as a whole shows that.
fn put_back(capsule: &Path, out: &Out) -> anyhow::Result<()> {
    let input = Input { label: None, path: InputPath::Path(capsule.to_owned()) };
    let evidence = evidence::gather(&[input], &evidence::Options::new(inputs::images(true)))?;
    for replica in analysis::describe(&evidence, &()) {
        let sums = replica.source.sums();
        if !replica.is_attested() && sums.is_some_and(|sums| sums.is_attested()) {
            out.warn(&format!(
                "{}: the image of its head is younger than its record: this is a restored copy, and the capsule attests \
                 nothing of the replica",
                replica.label
            ))?;
            out.hint("--origin, if this is the directory that Jiva uses")?;
        }
    }
    Ok(())
}

/// Says what was taken, and what stands against trusting it.
fn say(taken: &Taken, line: &dyn Fn(&str) -> anyhow::Result<()>, out: &Out) -> anyhow::Result<u8> {
    let (mut changed, mut missed) = (false, false);
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
        for miss in &one.missed {
            missed = true;
            out.warn(&format!("{}: {miss}", one.path))?;
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
    if missed {
        out.hint("take the first capsules of all replicas again, and then this one")?;
    }
    let data: u64 = taken.directories.iter().map(|one| one.data).sum();
    if data > 0 {
        line(&format!(
            "this capsule holds {data} bytes of the volume's data: keep it as you keep the volume"
        ))?;
    }
    Ok(u8::from(changed || missed) * DEFECTIVE)
}
