//! From arguments to evidence.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use jivascope::evidence::capsule::Key;
use jivascope::evidence::{
    Evidence, Images, Input, InputKind, InputPath, InputReport, Options, gather, spelled, testimonies,
};
use jivascope::progress::Progress;

use super::args::{self, Inputs, Reading};
use super::error::{failed, usage};

/// Image data of compressed archives that may be put aside unless given.
const SPOOL_LIMIT: u64 = 64 << 30;

/// A key file is read so far.
const LONGEST_KEY: u64 = 1 << 20;

/// The inputs as they were typed.
///
/// # Errors
/// Where one is empty.
pub(super) fn parse(inputs: &Inputs) -> anyhow::Result<Vec<Input>> {
    let parsed: Vec<Input> = inputs.inputs.iter().map(|text| args::input(text)).collect();
    for input in &parsed {
        if matches!(&input.path, InputPath::Path(path) if path.as_os_str().is_empty()) {
            let whose = input.label.as_ref().map(|label| format!(" of {label}")).unwrap_or_default();
            return Err(usage(format!("the path{whose} is empty")).into());
        }
    }
    Ok(parsed)
}

/// Reads the inputs; image data of compressed archives are put aside only where blocks will be read.
pub(super) fn open(inputs: &Inputs, blocks: bool, progress: &dyn Progress) -> anyhow::Result<Evidence> {
    let evidence = gather_with(inputs, images(blocks), progress)?;
    with_witnesses(evidence, inputs)
}

/// Reads the inputs; image data of compressed archives go where the arguments say.
pub(super) fn open_images(
    inputs: &Inputs,
    reading: &Reading,
    progress: &dyn Progress,
) -> anyhow::Result<Evidence> {
    if let Some(dir) = reading.spool_dir.as_ref().filter(|dir| !dir.is_dir()) {
        let dir = InputPath::Path(dir.clone());
        return Err(failed(format!("--spool-dir {dir}: is not a directory")).into());
    }
    let evidence = gather_with(inputs, reading.images(), progress)?;
    with_witnesses(evidence, inputs)
}

/// Adds the witnesses that were given by their kind.
fn with_witnesses(mut evidence: Evidence, inputs: &Inputs) -> anyhow::Result<Evidence> {
    let kinds = [
        (InputKind::Log, &inputs.log),
        (InputKind::Api, &inputs.controller),
        (InputKind::Kubernetes, &inputs.kube),
    ];
    let mut reports = Vec::new();
    for (kind, paths) in kinds {
        for path in paths {
            let text = spelled(path);
            let found = testimonies(path).map_err(|error| failed(format!("{text}: {error}")))?;
            let mut report = InputReport::new(text, kind, Vec::new());
            report.testimonies = found;
            reports.push(report);
        }
    }
    reports.sort_by(|a, b| a.input.cmp(&b.input));
    // Replicas know their input by its place.
    evidence.inputs.extend(reports);
    Ok(evidence)
}

fn gather_with(inputs: &Inputs, images: Images, progress: &dyn Progress) -> anyhow::Result<Evidence> {
    let mut options = Options::new(images);
    options.progress = progress;
    options.key = inputs.capsule_key.as_deref().map(key).transpose()?;
    Ok(gather(&parse(inputs)?, &options)?)
}

/// The key of sums in a file. Its bytes are all that counts.
pub(super) fn key(path: &Path) -> anyhow::Result<Key> {
    let text = spelled(path);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST_KEY).read_to_end(&mut bytes));
    read.map_err(|error| failed(format!("{text}: {error}")))?;
    Key::new(&bytes).map_err(|error| failed(format!("{text}: {error}")).into())
}

/// The same for inputs that are parsed already.
pub(super) fn gather_parsed(
    parsed: &[Input],
    images: Images,
    progress: &dyn Progress,
) -> anyhow::Result<Evidence> {
    let mut options = Options::new(images);
    options.progress = progress;
    Ok(gather(parsed, &options)?)
}

/// Where image data of compressed archives go unless given.
pub(super) fn images(blocks: bool) -> Images {
    if blocks { Images::Spool { dir: None, limit: SPOOL_LIMIT } } else { Images::Skip }
}

/// Every place that belongs to the evidence; those inside archives are no places of the file system and are
/// passed over later.
pub(super) fn places(inputs: &Inputs, evidence: &Evidence) -> anyhow::Result<Vec<PathBuf>> {
    let given = parse(inputs)?.into_iter().map(|input| match input.path {
        InputPath::Path(path) => path,
        InputPath::StandardInput => PathBuf::from("/dev/stdin"),
    });
    Ok(given.chain(evidence.replicas.iter().map(|replica| PathBuf::from(&replica.path))).collect())
}
