//! `files`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::Args;
use jivascope::blocks::Point;
use jivascope::evidence::spelled;
use jivascope::filesystem::{
    self, Contents, FileKind, FileSystem, Files, FsError, Look, Sqlite, Taken, TargetDirectory, shown,
};
use jivascope::report::files::{Listing, json};
use jivascope::report::text;

use crate::cli::args::{self, Inputs, Output, Reading};
use crate::cli::error::{Refusal, failed};
use crate::cli::inputs;
use crate::cli::out::Out;
use crate::cli::progress::Bar;
use crate::cli::trust::{self, DEFECTIVE};

#[derive(Debug, Args)]
#[command(
    override_usage = "\
jivascope files [OPTIONS] --replica <VIEW> <[LABEL=]PATH>...",
    after_help = "\
Files of ext2, ext3, ext4 and XFS are read. The journal of ext3 and ext4 is
applied in memory, so the list is what the next mount would show. The log of XFS
is not replayed: where it is dirty, the list is what lies on the disk, and the
exit code is 4. Others are recognised and not read: export the view and mount
the image read-only.

Exit codes: 0 listed or taken out; 4 the copy is defective, or not all could be
read; 1 operation failed, 2 wrong usage.

Examples:
  jivascope files ./copies --replica rep-2
  jivascope files ./copies --replica rep-2@volume-snap-e6fa71a8 --path config
  jivascope files ./copies --replica rep-2 --path config/app.db --to ./app"
)]
pub(super) struct FilesCommand {
    #[command(flatten)]
    pub inputs: Inputs,
    /// View to look into: LABEL is the view of the head, LABEL@DISK that of a disk and everything below it,
    /// LABEL@candidate-N that of a rescue candidate
    #[arg(long, value_name = "VIEW", value_parser = args::name())]
    pub replica: String,
    /// File or directory inside the view, from its root; symbolic links on the way are not followed [default: everything]
    #[arg(long, value_name = "PATH")]
    pub path: Option<OsString>,
    /// New directory to take the files out into, with their sums and times; it cannot be inside the inputs
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Also print the SHA-256 of each file, and what each SQLite database shows; this reads all files
    #[arg(long)]
    pub sums: bool,
    /// Number of the partition, where the view has several with a file system
    #[arg(long, value_name = "N")]
    pub partition: Option<u32>,
    #[command(flatten)]
    pub reading: Reading,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Output::Text)]
    pub output: Output,
}

pub(super) fn run(command: &FilesCommand, out: &Out) -> anyhow::Result<u8> {
    let progress = Bar::new();
    let evidence = inputs::open_images(&command.inputs, &command.reading, &progress)?;
    let replicas = trust::describe(&evidence, command.reading.holes(), &progress)?;
    let point = Point::parse(&command.replica, &replicas)?;
    trust::with_data(&point, "look into")?;
    let view = point.view()?;
    let defective = trust::warn(&point, out)?;
    let contents = Contents::of(&view);
    let name = point.name();
    let file_system = wanted(command, &name, &contents)?;
    let refused = |error: FsError| failed(format!("{name}: {error}"));
    let files = Files::open(&view, file_system).map_err(refused)?;
    let path = command.path.as_ref().map_or(&[][..], |path| path.as_bytes());
    let start = files.find(path).map_err(|error| failed(format!("{name}: /{}: {error}", shown(path))))?;
    let tree = files.list(&start);
    let entries = match &command.to {
        Some(to) => {
            let target = TargetDirectory::create(to, &inputs::places(&command.inputs, &evidence)?)?;
            filesystem::take(&files, &tree, &start, target, &progress)?
        }
        None => tree
            .entries
            .iter()
            .map(|entry| {
                let summed = command.sums && entry.kind == FileKind::File;
                let sum = summed.then(|| files.sha256(entry)).transpose();
                let look = if command.sums { Look::Structure } else { Look::Header };
                // A listing of many reads no content.
                let looked_at = command.sums || tree.entries.len() == 1;
                let sqlite = looked_at.then(|| Sqlite::of(&files, &tree, entry, look)).flatten();
                Taken::listed(entry.clone(), sum.map_err(|error| format!("not read: {error}")), sqlite)
            })
            .collect(),
    };
    drop(progress);
    let listing = Listing {
        inputs: &evidence.inputs,
        view: name.clone(),
        contents: &contents,
        file_system,
        replayed: files.replayed(),
        entries,
        remarks: &tree.remarks,
        complete: tree.complete,
        to: command.to.as_ref().map(spelled),
    };
    out.report(&match command.output {
        Output::Json => json(&listing),
        Output::Text => text::files(&listing, out.palette()),
    })?;
    Ok(if defective || !listing.is_whole() { DEFECTIVE } else { 0 })
}

/// The file system that is meant.
fn wanted<'a>(command: &FilesCommand, name: &str, contents: &'a Contents) -> Result<&'a FileSystem, Refusal> {
    let all = &contents.file_systems;
    let found = match command.partition {
        Some(number) => all.iter().find(|one| one.partition == Some(number)),
        None => contents.only(),
    };
    if let Some(found) = found {
        return Ok(found);
    }
    let known: Vec<String> = all
        .iter()
        .map(|one| match one.partition {
            Some(number) => format!("{} in partition {number}", one.kind),
            None => one.kind.to_owned(),
        })
        .collect();
    let refusal = match (&known[..], &contents.unread) {
        ([], Some(why)) => failed(format!("{name}: {why}")),
        ([], None) => failed(format!("{name}: no file system is recognised in this view")),
        _ => failed(format!("{name}: which file system? {}", known.join(", ")))
            .hint("name one with --partition N"),
    };
    Err(refusal)
}
