//! `repair-copy`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use jivascope::analysis::{self, Analysis, Volume};
use jivascope::blocks::{self, TargetError};
use jivascope::evidence::{Evidence, InputPath, Source};
use jivascope::ident::Label;
use jivascope::repair::{self, Overlay, Repair, RepairKind};
use jivascope::replica::Replica;
use jivascope::report::repair::{ChangedFile, RepairDocument};
use sha2::{Digest, Sha256};

use crate::cli::args::{self, Inputs, Judging, Reading};
use crate::cli::error::{failed, usage};
use crate::cli::out::Out;
use crate::cli::progress::Bar;
use crate::cli::{inputs, judging};

/// Exit code where nothing can be repaired.
const REFUSED: u8 = 3;

#[derive(Debug, Args)]
#[command(after_help = "\
Only the files that change are written, into a new directory, with a manifest of
their old and new sums. Nothing is repaired in place, and nothing of a defective
copy. What cannot be proven is refused with the reason, and so is a result with
which a start could lose data. Give all replicas of the volume.

Exit codes: 0 written, or listed; 3 nothing could be repaired, or it was
refused; 1 operation failed, 2 wrong usage.

Examples:
  jivascope repair-copy ./copies --list
  jivascope repair-copy ./copies --replica rep-2 --to rep-2-repaired")]
pub(super) struct RepairCopy {
    #[command(flatten)]
    pub inputs: Inputs,
    /// The replica to repair
    #[arg(long, value_name = "LABEL", value_parser = args::name(), required_unless_present = "list")]
    pub replica: Option<String>,
    /// Directory to create for the files that change; it must not exist
    #[arg(long, value_name = "DIR", required_unless_present = "list")]
    pub to: Option<PathBuf>,
    /// Make only this repair, by its name; can be repeated [default: every repair that is proven]
    #[arg(long, value_name = "NAME", value_parser = kind)]
    pub repair: Vec<RepairKind>,
    /// Show what could be repaired, and why not, and write nothing
    #[arg(long, conflicts_with_all = ["to", "repair"])]
    pub list: bool,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub reading: Reading,
}

fn kind(text: &str) -> Result<RepairKind, String> {
    let names = || RepairKind::ALL.map(RepairKind::as_str).join(", ");
    let found = RepairKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| format!("is not one of {}", names()))
}

pub(super) fn run(command: &RepairCopy, out: &Out) -> anyhow::Result<u8> {
    let progress = Bar::new();
    let options = judging::options(&command.judging);
    if options.metadata_only {
        return Err(usage("--metadata-only: a proof needs the blocks").into());
    }
    let evidence = inputs::open_images(&command.inputs, &command.reading, &progress)?;
    let places = inputs::places(&command.inputs, &evidence)?;
    // The same evidence is judged twice.
    let again = Evidence { inputs: evidence.inputs.clone(), replicas: evidence.replicas.clone() };
    let analysis = analysis::analyze(evidence, options.clone(), &progress);
    judging::some_volume(&analysis)?;
    let (Some(label), Some(to)) = (&command.replica, &command.to) else {
        return list(command, &analysis, out);
    };
    let (volume, replica) = find(&analysis, label)?;
    ensure_new(to, &places)?;
    let Some(made) = chosen(command, volume, replica, out)? else { return Ok(REFUSED) };
    let repaired = with(again, &replica.label, &made);
    let after = analysis::analyze(repaired, options, &progress);
    let (volume_after, replica_after) = find(&after, label)?;
    if let Err(why) = repair::forecast::allowed(volume, volume_after, &analysis.options, &replica.label) {
        out.error("refused", &format!("{label}: {why}"))?;
        return Ok(REFUSED);
    }
    let files = files(replica, &made)?;
    let document = RepairDocument::of(&made, files, (volume, replica), (volume_after, replica_after));
    write(to, &made, &document)?;
    for one in &made {
        out.line(&format!("{}: {}", one.kind, one.kind.about()))?;
        for why in &one.proof {
            out.line(&format!("  proof: {why}"))?;
        }
    }
    for line in document.forecast() {
        out.line(&line)?;
    }
    let shown = InputPath::Path(to.clone());
    out.line(&format!(
        "written to {shown}; manifest.json says which files they replace, and which to move aside"
    ))?;
    Ok(0)
}

fn list(command: &RepairCopy, analysis: &Analysis, out: &Out) -> anyhow::Result<u8> {
    let mut any = false;
    for volume in &analysis.volumes {
        for replica in &volume.replicas {
            if command.replica.as_ref().is_some_and(|label| *label != replica.label.as_str()) {
                continue;
            }
            for (kind, asked) in repair::repairs(volume, replica) {
                any = true;
                let what = match asked {
                    Ok(_) => "can be made, if the forecast allows it".to_owned(),
                    Err(why) => format!("refused: {why}"),
                };
                out.line(&format!("{}  {kind}: {}; {what}", replica.label, kind.about()))?;
            }
        }
    }
    if !any {
        out.line("nothing that could be repaired was found")?;
    }
    Ok(0)
}

fn find<'a>(analysis: &'a Analysis, label: &str) -> anyhow::Result<(&'a Volume, &'a Replica)> {
    let all =
        || analysis.volumes.iter().flat_map(|volume| volume.replicas.iter().map(move |one| (volume, one)));
    let found = all().find(|(_, replica)| replica.label.as_str() == label);
    let known: Vec<&str> = all().map(|(_, replica)| replica.label.as_str()).collect();
    Ok(found.ok_or_else(|| failed(format!("no replica named {label} (available: {})", known.join(", "))))?)
}

/// The repairs to make; `None` where there is none, which is said.
fn chosen(
    command: &RepairCopy,
    volume: &Volume,
    replica: &Replica,
    out: &Out,
) -> anyhow::Result<Option<Vec<Repair>>> {
    let label = &replica.label;
    let mut made: Vec<Repair> = Vec::new();
    let mut refused = false;
    let wanted = |kind: RepairKind| command.repair.is_empty() || command.repair.contains(&kind);
    for (kind, asked) in repair::repairs(volume, replica).into_iter().filter(|(kind, _)| wanted(*kind)) {
        let touched = |one: &Repair| {
            made.iter()
                .flat_map(|other| &other.changes)
                .any(|change| one.changes.iter().any(|own| own.file == change.file))
        };
        match asked {
            Ok(one) if touched(&one) => {
                refused = true;
                out.error(
                    "refused",
                    &format!("{label}: {kind}: another repair changes the same file; choose with --repair"),
                )?;
            }
            Ok(one) => made.push(one),
            Err(why) => {
                refused = true;
                out.error("refused", &format!("{label}: {kind}: {why}"))?;
            }
        }
    }
    // One that is missing is said, and a part is not taken for the whole.
    if made.is_empty() && !refused {
        out.error("refused", &format!("{label}: nothing of it could be repaired"))?;
    }
    Ok((!made.is_empty()).then_some(made))
}

/// The evidence as it would be.
fn with(mut evidence: Evidence, label: &Label, made: &[Repair]) -> Evidence {
    for found in evidence.replicas.iter_mut().filter(|found| found.label == *label) {
        let changes = made.iter().flat_map(|repair| &repair.changes);
        found.source = Arc::new(Overlay::new(Arc::clone(&found.source), changes));
    }
    evidence
}

/// Nothing is there, and it lies in no input.
fn ensure_new(to: &Path, places: &[PathBuf]) -> anyhow::Result<()> {
    let shown = InputPath::Path(to.to_owned());
    if let Some(input) =
        blocks::evidence_around(to, places).with_context(|| format!("{shown}: cannot be created"))?
    {
        return Err(TargetError::Evidence { path: to.to_owned(), input }.into());
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(failed(format!("{shown}: exists already"))
            .hint("give a directory that is not there yet")
            .into());
    }
    Ok(())
}

fn files(replica: &Replica, made: &[Repair]) -> anyhow::Result<Vec<ChangedFile>> {
    let hex = |sum: &[u8]| sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut out = Vec::new();
    for change in made.iter().flat_map(|repair| &repair.changes) {
        let file = change.file.clone();
        let old_sha256 = old(&*replica.source, &file)
            .with_context(|| format!("{}/{file}: cannot be read", replica.label))?
            .map(|sum| hex(&sum));
        let new_sha256 = change.content.as_ref().map(|content| hex(&Sha256::digest(content)));
        let change = if new_sha256.is_some() { "written" } else { "removed" };
        out.push(ChangedFile { file, change, old_sha256, new_sha256 });
    }
    Ok(out)
}

/// The sum of a file as it lies there.
fn old(source: &dyn Source, file: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(entry) = source.entries().iter().find(|entry| entry.name == file) else { return Ok(None) };
    let (mut sum, mut at, mut buf) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        match source.read_at(entry, at, &mut buf)? {
            0 => return Ok(Some(sum.finalize().to_vec())),
            count => {
                sum.update(&buf[..count]);
                at += count as u64;
            }
        }
    }
}

/// The directory gets its name when it is complete.
fn write(to: &Path, made: &[Repair], document: &RepairDocument<'_>) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let shown = InputPath::Path(to.to_owned());
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || format!("{shown}: cannot be written");
    let dir = tempfile::Builder::new().prefix(".repair-copy-").tempdir_in(parent).with_context(written)?;
    let put = |name: &str, content: &[u8]| -> anyhow::Result<()> {
        let mut file = fs::File::create_new(dir.path().join(name)).with_context(written)?;
        file.write_all(content).with_context(written)
    };
    for change in made.iter().flat_map(|repair| &repair.changes) {
        if let Some(content) = &change.content {
            put(&change.file, content)?;
        }
    }
    put("manifest.json", document.to_text().as_bytes())?;
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).with_context(written)?;
    rustix::fs::renameat_with(
        rustix::fs::CWD,
        dir.path(),
        rustix::fs::CWD,
        to,
        rustix::fs::RenameFlags::NOREPLACE,
    )
    .with_context(written)?;
    let _ = dir.keep(); // the name is gone already
    Ok(())
}
