//! From inputs to replicas: the one way into this room.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::error::GatherError;
use super::find::Place;
use super::handles::Handles;
use super::input::{Candidate, Means, Read, read, read_found};
use super::label::{count, distinguish, volume};
use super::options::{Images, Options};
use super::spool::Spool;
use super::vacant::{Layouts, Vacant};
use super::{Source, Testimony, spelled};
use crate::ident::Label;
use crate::progress::Progress;

/// One thing to look at, with the label given for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The label of its replica, or the front part of the labels of its replicas.
    pub label: Option<String>,
    /// Where it is.
    pub path: InputPath,
}

/// Where an input is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputPath {
    /// A directory or an archive. Of a directory the replica directories and the archives in it are taken, at any depth.
    Path(PathBuf),
    /// An archive on standard input.
    StandardInput,
}

impl fmt::Display for InputPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(&spelled(path)),
            Self::StandardInput => f.write_str("-"),
        }
    }
}

/// Everything that was given. The order of the inputs makes no difference to it.
#[derive(Debug)]
pub struct Evidence {
    /// The inputs, sorted by their text.
    pub inputs: Vec<InputReport>,
    /// The replicas, sorted by label.
    pub replicas: Vec<Found>,
}

impl Evidence {
    /// Why the evidence may lack a replica that was given: each input with its reasons. Empty where everything given was
    /// read, or is of a kind that holds none.
    pub fn incomplete(&self) -> impl Iterator<Item = (&InputReport, &str)> {
        self.inputs.iter().flat_map(|input| input.incomplete.iter().map(move |why| (input, why.as_str())))
    }

    /// Directories of a volume in which no data lie.
    pub fn vacant(&self) -> impl Iterator<Item = &Vacant> {
        self.inputs.iter().flat_map(|input| &input.vacant)
    }
}

/// What was seen of one input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InputReport {
    /// The path as given, or that of an archive found in a directory that was given; `-` for standard input.
    pub input: String,
    /// What it is.
    pub kind: InputKind,
    /// The labels of the replicas in it, sorted.
    pub replicas: Vec<Label>,
    /// Directories of a volume in it in which no data lie, sorted by label.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vacant: Vec<Vacant>,
    /// What was odd about it.
    pub remarks: Vec<String>,
    /// Why a replica may be in it that was not found, or not be in it whole. These are among the remarks too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<String>,
    /// Files in it that testify about replicas.
    #[serde(skip)]
    pub testimonies: Vec<Testimony>,
}

impl InputReport {
    /// An input that holds these replicas, and of which there is nothing to say.
    pub fn new(input: impl Into<String>, kind: InputKind, replicas: Vec<Label>) -> Self {
        Self {
            input: input.into(),
            kind,
            replicas,
            vacant: Vec::new(),
            remarks: Vec::new(),
            incomplete: Vec::new(),
            testimonies: Vec::new(),
        }
    }
}

/// What an input is, known by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum InputKind {
    /// A directory.
    #[serde(rename = "directory")]
    Directory,
    /// A tar archive.
    #[serde(rename = "tar")]
    Tar,
    /// A tar archive, compressed with gzip.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// A tar archive, compressed with zstd.
    #[serde(rename = "tar.zst")]
    TarZst,
    /// A tar archive, compressed with xz.
    #[serde(rename = "tar.xz")]
    TarXz,
    /// A tar archive, compressed with bzip2.
    #[serde(rename = "tar.bz2")]
    TarBz2,
    /// A capsule or a manifest: records, and sums in the place of data.
    #[serde(rename = "capsule")]
    Capsule,
    /// A zip archive, not read.
    #[serde(rename = "zip")]
    Zip,
    /// A 7z archive, not read.
    #[serde(rename = "7z")]
    SevenZip,
    /// An archive of another kind, not read.
    #[serde(rename = "archive")]
    OtherArchive,
    /// A raw disk image, or one of a kind other than qcow2, not read.
    #[serde(rename = "disk")]
    Disk,
    /// A disk image of the kind qcow2, not read.
    #[serde(rename = "qcow2")]
    Qcow2,
    /// Compressed, and no tar archive.
    #[serde(rename = "packed")]
    Packed,
    /// A listing of directories as text.
    #[serde(rename = "listing")]
    Listing,
    /// A log.
    #[serde(rename = "log")]
    Log,
    /// A reply of Jiva's REST API.
    #[serde(rename = "api")]
    Api,
    /// Kubernetes objects.
    #[serde(rename = "kubernetes")]
    Kubernetes,
    /// A part of a split archive.
    #[serde(rename = "part")]
    Split,
    /// A download that has not ended.
    #[serde(rename = "download")]
    Partial,
    /// Of no kind that is known, or not to be read at all.
    #[serde(rename = "unknown")]
    Unknown,
}

/// One replica directory.
#[derive(Debug, Clone)]
pub struct Found {
    /// What it is called: unique.
    pub label: Label,
    /// Where it is: the input as given, and behind it the path below a directory or, after a colon,
    /// inside an archive.
    pub path: String,
    /// Its input, by place in [`Evidence::inputs`].
    pub input: usize,
    /// Its files.
    pub source: Arc<dyn Source>,
    /// Whether its input was given with a label.
    pub labelled: bool,
    /// The volume's name, where the path tells one.
    pub volume: Option<String>,
    /// What is wrong with the container that it was read from, in plain sentences: a cut archive, a wrong checksum, bytes
    /// behind the end, a file that changed while it was read; or why nothing could be read of what was given with a
    /// label. Whatever it says, nothing of this copy can be relied on. These are remarks of the input too.
    pub damage: Vec<String>,
}

/// Reads all inputs and finds the replicas in them.
///
/// An input that cannot be read keeps no other from being read: it is reported in its [`InputReport`]. One given with a label
/// in which no replica can be read is a replica without files whose [`Found::damage`] says why; an empty directory that
/// could be read is one without damage.
///
/// # Errors
/// A wrong command line; image data that cannot be put aside; and where no input holds a replica, nor a directory of a
/// volume that is vacant, what was found instead.
pub fn gather(inputs: &[Input], options: &Options<'_>) -> Result<Evidence, GatherError> {
    let mut inputs: Vec<(String, &Input)> =
        inputs.iter().map(|input| (input.path.to_string(), input)).collect();
    inputs.sort_by(|a, b| (&a.0, &a.1.label).cmp(&(&b.0, &b.1.label)));
    check(&inputs)?;
    let handles = Arc::new(Handles::default());
    let spool = match &options.images {
        Images::Skip => None,
        Images::Spool { dir, limit } => Some(Arc::new(Spool::new(dir.clone(), *limit))),
    };
    // How much comes on standard input is not known.
    let sizes: Vec<Option<u64>> = inputs.iter().filter_map(|(_, input)| archive_size(input)).collect();
    if !sizes.is_empty() {
        options.progress.begin("reading archives", sizes.iter().copied().sum());
    }
    let means = Means {
        handles: &handles,
        spool: spool.as_ref(),
        progress: options.progress,
        #[cfg(feature = "capsule")]
        key: options.key.as_ref(),
    };
    let read: Vec<Result<Read, GatherError>> =
        inputs.par_iter().map(|(text, input)| read(text, input, means)).collect();
    if !sizes.is_empty() {
        options.progress.end();
    }
    let mut parts = Vec::with_capacity(inputs.len());
    for (given, read) in read.into_iter().enumerate() {
        parts.push(Part { text: inputs[given].0.clone(), given, read: read? });
    }
    let read_one = |archive: &Place| read_found(archive, means);
    let mut parts = with_archives(parts, read_one, options.progress)?;
    stand_for_labels(&inputs, &mut parts);
    stand_for_capsules(&mut parts);
    assemble(&inputs, parts)
}

/// An input, or an archive found in one.
struct Part {
    text: String,
    /// The input that it was given as or in.
    given: usize,
    read: Read,
}

impl Part {
    /// Puts a replica of which nothing can be read in the place of what should be here.
    fn stand_in(&mut self, path: &InputPath, why: String) {
        self.read.remarks.push(why.clone());
        self.read.candidates.push(Candidate::unreadable(&self.text, path, why));
    }
}

/// Reads the archives that were found in directories. Each becomes a part of its own, as if it had been given by name;
/// one that holds no replica is reported with its directory.
fn with_archives(
    mut parts: Vec<Part>,
    read_one: impl Fn(&Place) -> Result<Read, GatherError> + Sync,
    progress: &dyn Progress,
) -> Result<Vec<Part>, GatherError> {
    let found: Vec<(usize, Place)> = parts
        .iter_mut()
        .enumerate()
        .flat_map(|(at, part)| std::mem::take(&mut part.read.archives).into_iter().map(move |one| (at, one)))
        .collect();
    if found.is_empty() {
        return Ok(parts);
    }
    let sizes = found.iter().map(|(_, one)| std::fs::metadata(&one.path).map_or(0, |meta| meta.len()));
    progress.begin("reading archives", Some(sizes.sum()));
    let read: Vec<_> = found.par_iter().map(|(_, archive)| read_one(archive)).collect();
    progress.end();
    for ((at, archive), read) in found.iter().zip(read) {
        let mut read = read?;
        let Some(failure) = read.failure.take_if(|_| read.candidates.is_empty()) else {
            let (text, given) = (spelled(&archive.path), parts[*at].given);
            parts.push(Part { text, given, read });
            continue;
        };
        let (name, directory) = (archive.inner.join("/"), &mut parts[*at].read);
        if failure.witness {
            directory.testimonies.push(Testimony::of_file(&archive.path));
            continue;
        }
        let line = format!("{name}: {}", failure.line);
        if failure.may_hold {
            directory.incomplete.push(line.clone());
        }
        directory.remarks.push(line);
        let noted = failure.line;
        for line in read.remarks.into_lines().into_iter().filter(|line| !noted.contains(line.as_str())) {
            directory.remarks.push(format!("{name}: {line}"));
        }
        let further = read.incomplete.into_iter().filter(|line| !noted.contains(line.as_str()));
        directory.incomplete.extend(further.map(|line| format!("{name}: {line}")));
    }
    // A directory of which nothing but its archives is to be said is not said itself: they are the inputs.
    parts.retain(|part| {
        let read = &part.read;
        !read.candidates.is_empty()
            || !read.remarks.is_empty()
            || !read.testimonies.is_empty()
            || read.failure.is_some()
    });
    parts.sort_by(|a, b| a.text.cmp(&b.text));
    Ok(parts)
}

/// What was given with a label is a replica, also where none could be read in it.
fn stand_for_labels(inputs: &[(String, &Input)], parts: &mut [Part]) {
    for (given, (text, input)) in inputs.iter().enumerate() {
        let holds = |part: &Part| {
            part.given == given && part.read.candidates.iter().any(|candidate| candidate.source.is_some())
        };
        if input.label.is_none() || parts.iter().any(holds) {
            continue;
        }
        let Some(part) = parts.iter_mut().find(|part| part.given == given) else { continue };
        let why = match &part.read.failure {
            Some(failure) => format!("no replica can be read in {text}: {}", failure.line),
            None => format!("no replica can be read in {text}"),
        };
        part.read.failure = None;
        part.stand_in(&input.path, why);
    }
}

/// A capsule is of a replica, whatever of it can be read: beside others it stands for one whose copy is damaged.
fn stand_for_capsules(parts: &mut [Part]) {
    if !parts.iter().any(|part| part.read.candidates.iter().any(|candidate| candidate.source.is_some())) {
        return;
    }
    for part in parts.iter_mut().filter(|part| part.read.kind == InputKind::Capsule) {
        let Some(failure) = part.read.failure.take() else { continue };
        let why = format!("no replica can be read in {}: {}", part.text, failure.line);
        // Of which volume it is nobody knows.
        part.read.incomplete.push(why.clone());
        part.stand_in(&InputPath::Path(PathBuf::from(&part.text)), why);
    }
}

/// Why there is nothing to judge.
fn nothing(inputs: &[(String, &Input)], mut parts: Vec<Part>) -> GatherError {
    if let [part] = &mut parts[..]
        && part.read.remarks.is_empty()
        && let Some(failure) = part.read.failure.take()
    {
        return failure.error;
    }
    let (single, mut lines) = (inputs.len() == 1, Vec::new());
    for Part { text, read, .. } in parts {
        let name = |line: String| if single { line } else { format!("{text}: {line}") };
        let remarks = read.remarks.into_lines();
        // What is more to say than that there is none is said alone.
        if let Some(failure) = read.failure
            && (remarks.is_empty() || failure.may_hold)
        {
            lines.push(name(failure.line));
        }
        lines.extend(remarks.into_iter().filter(|line| !lines.contains(line)).map(name).collect::<Vec<_>>());
    }
    let input = inputs.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(", ");
    let hint = if lines.is_empty() { String::new() } else { format!(": {}", lines.join("; ")) };
    GatherError::NoReplica { input, hint }
}

fn check(inputs: &[(String, &Input)]) -> Result<(), GatherError> {
    if inputs.is_empty() {
        return Err(GatherError::Nothing);
    }
    if inputs.iter().filter(|(_, input)| input.path == InputPath::StandardInput).count() > 1 {
        return Err(GatherError::StandardInputTwice);
    }
    let mut labels = BTreeSet::new();
    match inputs.iter().filter_map(|(_, input)| input.label.as_ref()).find(|label| !labels.insert(*label)) {
        Some(label) => Err(GatherError::LabelTwice { label: label.clone() }),
        None => Ok(()),
    }
}

/// Size of an archive where it is known; nothing at all for a directory.
fn archive_size(input: &Input) -> Option<Option<u64>> {
    let InputPath::Path(path) = &input.path else { return Some(None) };
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|meta| Some(meta.len()))
}

/// A candidate and the part it came from.
struct Item {
    part: usize,
    given: usize,
    candidate: Candidate,
    label: Option<String>,
}

fn assemble(inputs: &[(String, &Input)], mut parts: Vec<Part>) -> Result<Evidence, GatherError> {
    keep_vacant_beside(&mut parts, |given| inputs[given].1.label.is_some());
    if parts.iter().all(|part| part.read.candidates.is_empty()) {
        return Err(nothing(inputs, parts));
    }
    let mut reports = Vec::new();
    let mut items = Vec::new();
    for (number, Part { text, given, read }) in parts.into_iter().enumerate() {
        let Read { kind, mut remarks, candidates, mut incomplete, failure, testimonies, .. } = read;
        if let Some(failure) = failure.filter(|failure| candidates.is_empty() && !failure.witness) {
            // A user who gives something as an argument takes it for a replica.
            if failure.may_hold || !is_witness(kind) {
                incomplete.push(failure.line.clone());
            }
            remarks.push(failure.line);
        }
        let report = InputReport {
            input: text,
            kind,
            replicas: Vec::new(),
            vacant: Vec::new(),
            remarks: Vec::new(),
            incomplete,
            testimonies,
        };
        reports.push((report, remarks));
        items.extend(candidates.into_iter().map(|candidate| Item {
            part: number,
            given,
            candidate,
            label: None,
        }));
    }
    let labelled = |item: &Item| inputs[item.given].1.label.is_some();
    let remarks = &mut |part: usize, line: String| reports[part].1.push(line);
    let mut items = without_repeats(items, labelled, remarks);
    without_halves(&mut items);
    give_labels(inputs, &mut items)?;
    items.sort_by(|a, b| a.label.cmp(&b.label));
    if let Some(pair) = items.windows(2).find(|pair| pair[0].label == pair[1].label) {
        return Err(GatherError::LabelTwice { label: pair[0].label.clone().unwrap_or_default() });
    }
    let mut replicas = Vec::with_capacity(items.len());
    for item in items {
        let (labelled, report) = (labelled(&item), &mut reports[item.part].0);
        let Item { part, candidate, label, .. } = item;
        let label = Label::new(label.unwrap_or_default());
        let volume = volume(&candidate.parts);
        if let Some(facts) = candidate.vacant {
            let (label, path, volume) = (label.clone(), candidate.path.clone(), volume.clone());
            let (kind, files, note) = (facts.kind, facts.files, facts.note);
            report.vacant.push(Vacant { label, path, kind, files, note, volume });
        }
        if let Some(source) = candidate.source {
            report.replicas.push(label.clone());
            let (path, input, damage) = (candidate.path, part, candidate.damage);
            replicas.push(Found { label, path, input, source, labelled, volume, damage });
        }
    }
    let reports =
        reports.into_iter().map(|(report, remarks)| InputReport { remarks: remarks.into_lines(), ..report });
    Ok(Evidence { inputs: reports.collect(), replicas })
}

/// Parts of a path at which a directory without data is still listed.
const DEPTH: usize = 64;

/// Whether a file of this kind says something about replicas without being one.
fn is_witness(kind: InputKind) -> bool {
    matches!(kind, InputKind::Log | InputKind::Api | InputKind::Kubernetes | InputKind::Listing)
}

/// Keeps of the directories in which no data lie those that are a volume's: which say so themselves, lie beside a
/// replica, or were given with a label.
fn keep_vacant_beside(parts: &mut [Part], labelled: impl Fn(usize) -> bool) {
    let mut layouts = Layouts::default();
    let mut any = false;
    for candidate in parts.iter().flat_map(|part| &part.read.candidates) {
        any |= candidate.vacant.is_some();
    }
    if !any {
        return;
    }
    // A path of thousands of parts is made to harm, and no volume lies there.
    let shallow = |candidate: &Candidate| candidate.parts.len() <= DEPTH;
    let sure = |candidate: &Candidate| {
        candidate.vacant.as_ref().is_none_or(|facts| facts.speaks_for_itself(&candidate.parts))
    };
    let all = parts.iter().flat_map(|part| &part.read.candidates);
    all.filter(|one| shallow(one) && sure(one)).for_each(|one| layouts.add(&one.parts));
    for part in parts {
        let labelled = labelled(part.given);
        part.read.candidates.retain(|one| {
            one.source.is_some()
                || shallow(one)
                    && (labelled && one.inner.is_empty() || sure(one) || layouts.beside(&one.parts))
        });
    }
}

/// Keeps a replica that was given twice only once, unless it was given different labels.
fn without_repeats(
    items: Vec<Item>,
    labelled: impl Fn(&Item) -> bool,
    remark: &mut impl FnMut(usize, String),
) -> Vec<Item> {
    let mut same: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (number, item) in items.iter().enumerate() {
        same.entry(item.candidate.identity.clone()).or_default().push(number);
    }
    let mut dropped = BTreeSet::new();
    for group in same.values().filter(|group| group.len() > 1) {
        let first = group.iter().copied().find(|&n| labelled(&items[n])).unwrap_or(group[0]);
        for &number in group.iter().filter(|&&number| number != first) {
            let (item, kept) = (&items[number], &items[first]);
            let (path, other) = (&item.candidate.path, &kept.candidate.path);
            if labelled(item) {
                remark(
                    item.part,
                    format!("{path}: is the same as {other}; both are kept under their labels"),
                );
            } else {
                remark(item.part, format!("{path}: is the same as {other}, and is counted once"));
                dropped.insert(number);
            }
        }
    }
    items.into_iter().enumerate().filter(|(n, _)| !dropped.contains(n)).map(|(_, item)| item).collect()
}

/// Keeps one thing at the root of each input: what is left of a damaged archive may look like a directory without data,
/// and it is the damage that counts.
fn without_halves(items: &mut Vec<Item>) {
    let root = |item: &Item| item.candidate.inner.is_empty();
    let damaged: BTreeSet<usize> = items
        .iter()
        .filter(|item| root(item) && item.candidate.source.is_some() && !item.candidate.damage.is_empty())
        .map(|item| item.given)
        .collect();
    items.retain(|item| !(root(item) && item.candidate.source.is_none() && damaged.contains(&item.given)));
}

fn give_labels(inputs: &[(String, &Input)], items: &mut [Item]) -> Result<(), GatherError> {
    let mut taken = BTreeSet::new();
    for (number, (_, input)) in inputs.iter().enumerate() {
        let Some(label) = &input.label else { continue };
        let own: Vec<&mut Item> = items.iter_mut().filter(|item| item.given == number).collect();
        let single = own.len() == 1;
        let (mut at_root, mut below): (Vec<_>, Vec<_>) =
            own.into_iter().partition(|item| single || item.candidate.inner.is_empty());
        for item in &mut at_root {
            item.label = Some(label.clone());
        }
        let paths: Vec<&[String]> = below.iter().map(|item| &item.candidate.inner[..]).collect();
        let parts = distinguish(&paths, &BTreeSet::new()).unwrap_or_else(|| count(&paths, &BTreeSet::new()));
        for (item, part) in below.iter_mut().zip(parts) {
            item.label = Some(format!("{label}/{part}"));
        }
        for label in at_root.iter().chain(&below).filter_map(|item| item.label.clone()) {
            if !taken.insert(label.clone()) {
                return Err(GatherError::LabelTwice { label });
            }
        }
    }
    let mut rest: Vec<&mut Item> = items.iter_mut().filter(|item| item.label.is_none()).collect();
    let short: Vec<&[String]> = rest.iter().map(|item| &item.candidate.parts[..]).collect();
    let full: Vec<&[String]> = rest.iter().map(|item| &item.candidate.full_parts[..]).collect();
    let labels = distinguish(&short, &taken).or_else(|| distinguish(&full, &taken));
    let labels = labels.unwrap_or_else(|| count(&full, &taken));
    for (item, label) in rest.iter_mut().zip(labels) {
        item.label = Some(label);
    }
    Ok(())
}
