//! From arguments to an analysis.

use jivascope::analysis::{self, Analysis, Options};

use super::args::{Inputs, Judging, Reading};
use super::error::{failed, usage};
use super::inputs;
use super::progress::Bar;

/// What changes the answer.
pub(super) fn options(judging: &Judging) -> Options {
    let mut options = Options::default();
    options.factor = usize::from(judging.replication_factor);
    options.without_missing = judging.without_missing;
    options.metadata_only = judging.metadata_only;
    options.volume = judging.volume.clone();
    options.as_found = judging.as_found.clone();
    options.jiva_version = judging.jiva_version;
    options
}

/// From arguments to an analysis of at least one volume.
pub(super) fn analyze(given: &Inputs, options: Options, reading: &Reading) -> anyhow::Result<Analysis> {
    let analysis = read(given, options, reading)?;
    some_volume(&analysis)?;
    Ok(analysis)
}

/// From arguments to an analysis of a volume, or of directories in which no data lie: of these too it can be said what to do.
pub(super) fn analyze_or_vacant(
    given: &Inputs,
    options: Options,
    reading: &Reading,
) -> anyhow::Result<Analysis> {
    let analysis = read(given, options, reading)?;
    let vacant = analysis.inputs.iter().any(|input| !input.vacant.is_empty());
    if !vacant || analysis.options.volume.is_some() {
        some_volume(&analysis)?;
    }
    Ok(analysis)
}

/// From arguments to an analysis, which may be of no volume at all.
pub(super) fn read(given: &Inputs, options: Options, reading: &Reading) -> anyhow::Result<Analysis> {
    let progress = Bar::new();
    let evidence = if options.metadata_only {
        inputs::open(given, false, &progress)?
    } else {
        inputs::open_images(given, reading, &progress)?
    };
    let known = |label: &String| evidence.replicas.iter().any(|replica| *replica.label.as_str() == **label);
    if let Some(label) = options.as_found.iter().find(|label| !known(label)) {
        let labels: Vec<&str> = evidence.replicas.iter().map(|replica| replica.label.as_str()).collect();
        return Err(usage(format!("--as-found {label}: no replica has this label"))
            .hint(format!("the labels are {}", labels.join(", ")))
            .into());
    }
    Ok(analysis::analyze(evidence, options, &progress))
}

/// Holds that there is a volume to speak of.
pub(super) fn some_volume(analysis: &Analysis) -> anyhow::Result<()> {
    if !analysis.volumes.is_empty() {
        return Ok(());
    }
    Err(match &analysis.options.volume {
        Some(name) => failed(format!("no volume named {name}"))
            .hint("jivascope analyze without --volume names every volume found"),
        None => failed("no replica found; the directories given hold no data"),
    }
    .into())
}
