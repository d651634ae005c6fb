//! From arguments to evidence.

use std::path::PathBuf;

use anyhow::Context;
use jivascope::analysis;
use jivascope::evidence::{Evidence, Images, Input, InputPath, Options, gather};
use jivascope::watch::Watch;

use super::args::{Inputs, Judging};

/// Image data of compressed archives that may be put aside unless told otherwise.
const SPOOL_LIMIT: u64 = 64 << 30;

/// Reads the inputs; image data of compressed archives are put aside only where blocks will be read.
pub(super) fn open(inputs: &Inputs, blocks: bool, watch: &dyn Watch) -> anyhow::Result<Evidence> {
    gather_images(inputs, images(blocks), watch)
}

/// Reads the inputs; image data of compressed archives go where `images` says.
pub(super) fn gather_images(inputs: &Inputs, images: Images, watch: &dyn Watch) -> anyhow::Result<Evidence> {
    let parsed: Vec<Input> = inputs.inputs.iter().map(|text| input(text)).collect();
    gather_parsed(&parsed, images, watch)
}

/// The same for inputs that are parsed already.
pub(super) fn gather_parsed(parsed: &[Input], images: Images, watch: &dyn Watch) -> anyhow::Result<Evidence> {
    let mut options = Options::new(images);
    options.watch = watch;
    gather(parsed, &options).context("cannot read the evidence")
}

/// Where image data of compressed archives go unless told otherwise.
pub(super) fn images(blocks: bool) -> Images {
    if blocks { Images::Spool { dir: None, limit: SPOOL_LIMIT } } else { Images::Skip }
}

/// `LABEL=PATH`, `PATH` or `-`. A path that exists is never cut at its equals sign.
pub(super) fn input(text: &str) -> Input {
    let place = |path: &str| match path {
        "-" => InputPath::StandardInput,
        path => InputPath::Path(PathBuf::from(path)),
    };
    match text.split_once('=') {
        Some((label, path)) if !label.is_empty() && !label.contains('/') && !PathBuf::from(text).exists() => {
            Input { label: Some(label.to_owned()), path: place(path) }
        }
        _ => Input { label: None, path: place(text) },
    }
}

/// What changes the answer.
pub(super) fn options(judging: &Judging) -> analysis::Options {
    let mut options = analysis::Options::default();
    options.factor = usize::from(judging.replication_factor);
    options.without_missing = judging.without_missing;
    options.metadata_only = judging.metadata_only;
    options.volume = judging.volume.clone();
    options.as_found = judging.as_found.clone();
    options.jiva_version = judging.jiva_version;
    options
}
