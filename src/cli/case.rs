//! Cases on disk: finding them, reading what is expected, analysing what lies beside it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail, ensure};
use jivascope::analysis::{self, Analysis};
use jivascope::check::{Expected, FILE_NAME};
use jivascope::evidence::{
    Beside, Evidence, Found, Input, InputPath, is_archive_name, read_beside, spelled, without_archive_ending,
};
use jivascope::ident::Label;
use jivascope::report::escape::json;
use walkdir::WalkDir;

use super::inputs;

/// The most bytes of an expectation.
const LIMIT: u64 = 1 << 20;

/// A directory with an expectation in it, or an archive of one.
#[derive(Debug, Clone)]
pub(super) struct CaseDir {
    /// What it is called in every output.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Where in the archive the case is, and what is expected of it; `None` for a directory.
    pub archived: Option<Beside>,
}

/// The cases at or below a path, sorted by name. A case is not searched for others.
pub(super) fn find(given: &Path) -> anyhow::Result<Vec<CaseDir>> {
    let meta = fs::metadata(given).with_context(|| format!("{}: cannot be read", spelled(given)))?;
    let base = base_name(given);
    if !meta.is_dir() {
        let found = read_beside(given, FILE_NAME).with_context(|| format!("{base}: cannot be read"))?;
        let found = found
            .with_context(|| format!("{base}: is no directory, and no archive with {FILE_NAME} in it"))?;
        return Ok(vec![CaseDir { name: base, path: given.to_owned(), archived: Some(found) }]);
    }
    let mut cases = Vec::new();
    let mut walk = WalkDir::new(given).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.with_context(|| format!("{base}: cannot be searched"))?;
        if entry.file_type().is_dir() && entry.path().join(FILE_NAME).is_file() {
            let inner = entry.path().strip_prefix(given).unwrap_or(Path::new(""));
            let name = match (base.as_str(), inner.as_os_str().is_empty()) {
                (base, true) => base.to_owned(),
                (".", false) => spelled(inner),
                (base, false) => format!("{base}/{}", spelled(inner)),
            };
            cases.push(CaseDir { name, path: entry.path().to_owned(), archived: None });
            walk.skip_current_dir();
        }
    }
    ensure!(
        !cases.is_empty(),
        "{base}: no {FILE_NAME} in it or below; an empty one and --update make a case"
    );
    Ok(cases)
}

/// A path as it is shown: as given where that is relative, without what lies above it where it is not.
pub(super) fn base_name(given: &Path) -> String {
    let parts: Vec<_> = given.components().filter(|part| *part != Component::CurDir).collect();
    if given.is_absolute() {
        return spelled(given.file_name().unwrap_or(OsStr::new(".")));
    }
    let path: PathBuf = parts.iter().collect();
    if path.as_os_str().is_empty() { ".".to_owned() } else { spelled(path) }
}

impl CaseDir {
    /// Reads what is expected.
    pub(super) fn expected(&self) -> anyhow::Result<Expected> {
        if let Some(found) = &self.archived {
            let text = std::str::from_utf8(&found.bytes).context(FILE_NAME)?;
            return Expected::parse(text).context(FILE_NAME);
        }
        let path = self.path.join(FILE_NAME);
        let size = fs::metadata(&path).context(FILE_NAME)?.len();
        ensure!(size <= LIMIT, "{FILE_NAME}: holds {size} bytes, more than the limit of {LIMIT}");
        let text = fs::read_to_string(&path).context(FILE_NAME)?;
        Expected::parse(&text).context(FILE_NAME)
    }

    /// Analyses the inputs as the expectation says. No error names a place outside the case.
    pub(super) fn analyze(&self, expected: &Expected) -> anyhow::Result<Analysis> {
        let mut options = analysis::Options::default();
        if let Some(stated) = &expected.options {
            options.factor = stated.replication_factor.map_or(options.factor, usize::from);
            options.metadata_only = stated.metadata_only.unwrap_or(false);
            options.without_missing = stated.without_missing.unwrap_or(false);
            options.volume.clone_from(&stated.volume);
        }
        ensure!(options.factor > 0, "{FILE_NAME}: options.replication_factor: 0 replicas hold nothing");
        let evidence = self.evidence(expected, !options.metadata_only)?;
        Ok(analysis::analyze(evidence, options, &()))
    }

    fn evidence(&self, expected: &Expected, blocks: bool) -> anyhow::Result<Evidence> {
        let gather = |parsed: &[Input]| {
            inputs::gather_parsed(parsed, inputs::images(blocks), &()).map_err(|error| self.inside(&error))
        };
        let Some(found) = &self.archived else { return gather(&self.inputs(expected)?) };
        let whole = Input { label: None, path: InputPath::Path(self.path.clone()) };
        let mut evidence = gather(std::slice::from_ref(&whole))?;
        // Names of inputs are those below the case's own directory, as where it is no archive.
        let top = format!("{}:{}", spelled(&self.path), found.directory);
        let below = |path: &str| path.strip_prefix(&top).map(|rest| rest.trim_start_matches('/').to_owned());
        let stated = expected.inputs.as_deref().map(|list| {
            list.iter().map(|text| text.split_once('=').unwrap_or((text, text))).collect::<Vec<_>>()
        });
        let mut labels = BTreeSet::new();
        for (label, _) in stated.iter().flatten() {
            ensure!(labels.insert(label), "{FILE_NAME}: inputs: two replicas have the label {label}");
        }
        let mut kept: Vec<Found> = Vec::new();
        for one in evidence.replicas.drain(..) {
            let Some(inner) = below(&one.path) else { continue };
            let label = match &stated {
                None => inner.clone(),
                Some(list) => match list.iter().find(|(_, path)| *path == inner) {
                    Some((label, _)) => (*label).to_owned(),
                    None => continue,
                },
            };
            kept.push(Found { label: Label::from(label.as_str()), labelled: true, ..one });
        }
        kept.sort_by(|a, b| a.label.cmp(&b.label));
        let wanted = stated.as_ref().map_or(1, Vec::len);
        ensure!(kept.len() >= wanted, "not every input is a replica directory in the archive");
        evidence.replicas = kept;
        Ok(evidence)
    }

    /// The message of an error without the way to the case.
    fn inside(&self, error: &anyhow::Error) -> anyhow::Error {
        let place = spelled(&self.path);
        let above = format!("{place}/");
        let text = format!("{error:#}").replace(&above, "");
        anyhow::anyhow!("{}", text.replace(&place, &self.name))
    }

    fn inputs(&self, expected: &Expected) -> anyhow::Result<Vec<Input>> {
        let Some(stated) = &expected.inputs else { return self.beside() };
        ensure!(!stated.is_empty(), "{FILE_NAME}: inputs: the list is empty");
        stated.iter().map(|text| self.stated(text)).collect()
    }

    fn stated(&self, text: &str) -> anyhow::Result<Input> {
        let (label, path) = match text.split_once('=') {
            Some((label, path))
                if !label.is_empty() && !label.contains('/') && !self.path.join(text).exists() =>
            {
                (Some(label.to_owned()), path)
            }
            _ => (None, text),
        };
        if Path::new(path).is_absolute() || path.is_empty() {
            bail!("{FILE_NAME}: inputs: {path:?} is not a path below the case");
        }
        Ok(Input { label, path: InputPath::Path(self.path.join(path)) })
    }

    /// Every directory and every archive beside the expectation, labelled by its name.
    fn beside(&self) -> anyhow::Result<Vec<Input>> {
        let mut names: Vec<(OsString, bool)> = Vec::new();
        for entry in fs::read_dir(&self.path).context("the case cannot be listed")? {
            let entry = entry.context("the case cannot be listed")?;
            let name = spelled(entry.file_name());
            let kind = entry.file_type().context("the case cannot be listed")?;
            if !name.starts_with('.') && (kind.is_dir() || kind.is_file() && is_archive_name(&name)) {
                names.push((entry.file_name(), kind.is_dir()));
            }
        }
        names.sort();
        ensure!(!names.is_empty(), "no directory and no archive beside {FILE_NAME}");
        let labelled = names.into_iter().map(|(name, is_dir)| {
            let shown = spelled(&name);
            let label = if is_dir { shown.as_str() } else { without_archive_ending(&shown) };
            Input { label: Some(label.to_owned()), path: InputPath::Path(self.path.join(&name)) }
        });
        Ok(labelled.collect())
    }

    /// Writes an expectation, whole or not at all.
    pub(super) fn write(&self, expected: &Expected) -> io::Result<()> {
        use io::Write;
        if self.archived.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "an archive is not written to; unpack the case",
            ));
        }
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        file.write_all(json(expected.to_text()).as_bytes())?;
        file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.persist(self.path.join(FILE_NAME))?;
        Ok(())
    }
}
