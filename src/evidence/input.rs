//! One input: a directory searched, or an archive read.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path};
use std::sync::Arc;

use rayon::prelude::*;
use rustix::fs::FileType;

use super::apart;
use super::archive::{ArchiveFile, Backing};
use super::decode::{self, Compression};
use super::directory::Directory;
use super::error::GatherError;
use super::examine::kind_of;
use super::find::{self, Place, Search, without_archive_ending};
use super::gather::{Input, InputKind, InputPath};
use super::handles::{Handles, read_full_at};
use super::index::{Keep, index};
use super::others::{self, Look, Noted};
use super::recognise::{self, LOOK, Recognised};
use super::remarks::Remarks;
use super::spool::Spool;
use super::tar::{Feed, Walk};
use super::vacant::{self, Facts, VacantKind};
use super::{Kind, MemorySource, Source, Testimony, spell, spelled, tar};
use crate::progress::Progress;

#[cfg(feature = "capsule")]
mod capsule;
mod counted;
#[cfg(not(feature = "capsule"))]
mod no_capsule;

use counted::Counted;

/// What one input gave.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) kind: InputKind,
    pub(super) remarks: Remarks,
    pub(super) candidates: Vec<Candidate>,
    /// Archives found in a directory, which are still to be read.
    pub(super) archives: Vec<Place>,
    /// Reasons why a replica may be missing.
    pub(super) incomplete: Vec<String>,
    /// Why there is no replica in it.
    pub(super) failure: Option<Failure>,
    /// Files in it that testify about replicas.
    pub(super) testimonies: Vec<Testimony>,
}

/// Why an input gave no replica.
#[derive(Debug)]
pub(super) struct Failure {
    /// What is said where nothing else could be read either.
    pub(super) error: GatherError,
    /// The same as a sentence that follows the name of the input.
    pub(super) line: String,
    /// Whether it may have been a replica.
    pub(super) may_hold: bool,
    /// Whether it testifies about replicas, so that there is nothing to say of it.
    pub(super) witness: bool,
}

/// A directory without a label: a replica, or one in which no data lie.
#[derive(Debug)]
pub(super) struct Candidate {
    /// For people: the input as given and what follows it.
    pub(super) path: String,
    /// The parts of its path below the input.
    pub(super) inner: Vec<String>,
    /// The parts of its whole path, an archive's name without its ending.
    pub(super) parts: Vec<String>,
    /// The same with the ending.
    pub(super) full_parts: Vec<String>,
    /// Its files, if it is to be taken for a replica.
    pub(super) source: Option<Arc<dyn Source>>,
    /// What is wrong with what it was read from.
    pub(super) damage: Vec<String>,
    /// Why no data lie in it.
    pub(super) vacant: Option<Facts>,
    /// Equal for one directory under two names.
    pub(super) identity: (u64, u64, String),
}

impl Candidate {
    /// Stands for a replica of which nothing could be read.
    pub(super) fn unreadable(text: &str, path: &InputPath, why: String) -> Self {
        let parts = match path {
            InputPath::Path(path) => parts_of(path),
            InputPath::StandardInput => vec!["stdin".to_owned()],
        };
        Self {
            path: text.to_owned(),
            inner: Vec::new(),
            full_parts: parts.clone(),
            parts,
            source: Some(Arc::new(MemorySource::new())),
            damage: vec![why],
            vacant: None,
            identity: (0, 0, text.to_owned()),
        }
    }
}

/// What every input is read with.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    pub(super) handles: &'a Arc<Handles>,
    pub(super) spool: Option<&'a Arc<Spool>>,
    pub(super) progress: &'a dyn Progress,
    /// The key of keyed capsules.
    #[cfg(feature = "capsule")]
    pub(super) key: Option<&'a super::capsule::Key>,
}

/// Everything that reading an input needs beside the input.
struct Reader<'a> {
    text: &'a str,
    labelled: bool,
    means: Means<'a>,
    /// The file that is read; none for standard input.
    path: Option<&'a Path>,
}

/// Reads one input.
///
/// # Errors
/// Where the command line is wrong: the path does not exist, or is nothing that can be read twice. Everything else is
/// noted in what is returned.
pub(super) fn read(text: &str, input: &Input, means: Means<'_>) -> Result<Read, GatherError> {
    let path = match &input.path {
        InputPath::Path(path) => Some(path.as_path()),
        InputPath::StandardInput => None,
    };
    let reader = Reader { text, labelled: input.label.is_some(), means, path };
    let Some(path) = path else { return reader.standard_input() };
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(GatherError::Unreadable { input: text.to_owned(), source: error });
        }
        Err(error) => return Ok(reader.unreadable(InputKind::Unknown, error)),
    };
    if meta.is_dir() {
        Ok(reader.directory(path))
    } else if meta.is_file() {
        reader.archive(path)
    } else {
        Err(GatherError::Special {
            input: text.to_owned(),
            kind: kind_of(FileType::from_raw_mode(meta.mode())),
        })
    }
}

/// Reads an archive found in a directory.
pub(super) fn read_found(archive: &Place, means: Means<'_>) -> Result<Read, GatherError> {
    let text = spelled(&archive.path);
    let path = Some(archive.path.as_path());
    let reader = Reader { text: &text, labelled: false, means, path };
    let mut read = reader.archive(&archive.path)?;
    let (name, above) = archive.inner.split_last().unwrap_or((&text, &[]));
    let below = [above, &[without_archive_ending(name).to_owned()]].concat();
    for candidate in &mut read.candidates {
        candidate.inner.splice(..0, below.iter().cloned());
    }
    Ok(read)
}

/// What was read as an archive, or as a compressed one.
struct Stream<'w> {
    walk: Walk<'w>,
    compression: Compression,
    /// The name of the file.
    name: String,
    root: Vec<String>,
    identity: (u64, u64),
}

impl Reader<'_> {
    fn failed(&self, kind: InputKind, error: GatherError, line: String, may_hold: bool) -> Read {
        Read {
            kind,
            remarks: Remarks::default(),
            candidates: Vec::new(),
            archives: Vec::new(),
            incomplete: Vec::new(),
            failure: Some(Failure { error, line, may_hold, witness: false }),
            testimonies: Vec::new(),
        }
    }

    fn unreadable(&self, kind: InputKind, source: io::Error) -> Read {
        let line = format!("cannot be read: {source}");
        self.failed(kind, GatherError::Unreadable { input: self.text.to_owned(), source }, line, true)
    }

    fn recognised(&self, known: &Recognised) -> Read {
        let error = GatherError::OtherKind {
            input: self.text.to_owned(),
            what: known.what.to_owned(),
            advice: known.advice.to_owned(),
        };
        let mut read = self.failed(known.kind, error, known.sentence(), known.may_hold);
        // On standard input it is gone when it has been looked at.
        if let (true, Some(path), Some(failure)) = (known.witness, self.path, &mut read.failure) {
            failure.witness = true;
            read.testimonies.push(Testimony::of_file(path));
        }
        read
    }

    fn not_an_archive(&self, kind: InputKind, trouble: Option<&str>, may_hold: bool) -> Read {
        let hint = trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default();
        let line = match trouble {
            Some(trouble) => format!("not a tar archive: {trouble}"),
            None => "not a tar archive, whatever its name".to_owned(),
        };
        let error = GatherError::NotAnArchive { input: self.text.to_owned(), hint };
        self.failed(kind, error, line, may_hold)
    }

    fn no_replica(&self, hint: Option<&str>, may_hold: bool) -> Failure {
        let why = hint.map(|hint| format!(": {hint}")).unwrap_or_default();
        let error = GatherError::NoReplica { input: self.text.to_owned(), hint: why.clone() };
        Failure { error, line: format!("no replica in it{why}"), may_hold, witness: false }
    }

    fn directory(&self, path: &Path) -> Read {
        let mut remarks = Remarks::default();
        let mut search = match find::below(path, self.means.handles, &mut remarks) {
            Ok(search) => search,
            Err(source) => return self.unreadable(InputKind::Directory, source),
        };
        let mut incomplete = Vec::new();
        if search.incomplete {
            incomplete.push("parts of the directory cannot be read".to_owned());
        }
        let mut noted = Noted::default();
        let (archives, testimonies) = self.look_around(path, &search, &mut noted);
        // A directory without a replica is one only if the user says so, and nothing speaks against it.
        let nothing = search.seen.is_empty() && archives.is_empty() && !search.incomplete;
        let mut taken = self.labelled && nothing && noted.is_empty() && search.vacant.len() < 2;
        noted.finish(&mut remarks, &mut incomplete);
        let root = parts_of(path);
        let mut candidates = Vec::with_capacity(search.seen.len());
        let at = |path: &Path, inner: Vec<String>| {
            let parts = [&root[..], &inner].concat();
            Candidate {
                path: spelled(path),
                inner,
                full_parts: parts.clone(),
                parts,
                source: None,
                damage: Vec::new(),
                vacant: None,
                identity: (0, 0, String::new()),
            }
        };
        let mut vacant = Vec::new();
        for (place, kind) in std::mem::take(&mut search.vacant) {
            match self.vacant(&place.path, kind) {
                Ok(found) => vacant.push((place, found)),
                Err(error) => remarks.push(format!("{}: not read in full: {error}", spelled(&place.path))),
            }
        }
        if nothing && vacant.is_empty() {
            let place = Place { path: path.to_owned(), inner: Vec::new() };
            vacant.extend(self.vacant_root(path, &mut search, &mut remarks).map(|found| (place, found)));
        }
        taken &= vacant.len() == 1;
        if taken {
            remarks.push(TAKEN);
        }
        for (place, (directory, facts)) in vacant {
            let (device, inode) = directory.identity();
            candidates.push(Candidate {
                source: taken.then(|| Arc::new(directory) as Arc<dyn Source>),
                vacant: Some(facts),
                identity: (device, inode, String::new()),
                ..at(&place.path, place.inner)
            });
        }
        for seen in search.seen {
            let (device, inode) = seen.directory.identity();
            packed_images(&spelled(&seen.path), &seen.directory, &mut remarks);
            candidates.push(Candidate {
                source: Some(Arc::new(seen.directory)),
                identity: (device, inode, String::new()),
                ..at(&seen.path, seen.inner)
            });
        }
        let nothing = candidates.iter().all(|candidate| candidate.source.is_none()) && archives.is_empty();
        let failure = nothing.then(|| {
            let hint = search.incomplete.then_some("parts of it cannot be read");
            self.no_replica(hint, false)
        });
        Read { kind: InputKind::Directory, remarks, candidates, archives, incomplete, failure, testimonies }
    }

    /// Tells of every file that is no replica's, and gives back those that may be archives.
    fn look_around(&self, root: &Path, search: &Search, noted: &mut Noted) -> (Vec<Place>, Vec<Testimony>) {
        let looks: Vec<io::Result<Look>> = search
            .files
            .par_iter()
            .take(others::LOOKED_AT)
            .map(|place| others::look_at(place.inner.last().map_or("", String::as_str), &place.path))
            .collect();
        noted.more += (search.files.len() - looks.len()) as u64;
        let (mut archives, mut testimonies) = (Vec::new(), Vec::new());
        for (place, look) in search.files.iter().zip(looks) {
            let name = place.inner.join("/");
            match look {
                Ok(Look::Archive) => archives.push(place.clone()),
                Ok(Look::Known(known)) if known.witness => {
                    testimonies.push(Testimony::of_file(&place.path));
                }
                Ok(Look::Known(known)) => noted.known(&name, &known),
                Ok(Look::Own) => {}
                Ok(Look::Unknown) => noted.unknown.push(name),
                Err(error) => noted.hidden(format!("{name}: cannot be read: {error}")),
            }
        }
        let whole = std::fs::canonicalize(root);
        for place in &search.links {
            let name = place.inner.join("/");
            let target = std::fs::canonicalize(&place.path);
            let below = matches!((&whole, &target), (Ok(whole), Ok(target)) if target.starts_with(whole));
            if !below && target.is_ok_and(|target| target.is_dir() || target.is_file()) {
                noted.incomplete.push(format!("{name}: is a symbolic link, not followed"));
            }
            noted.links.push(name);
        }
        (archives, testimonies)
    }

    /// A directory below the input in which no data lie.
    fn vacant(&self, path: &Path, kind: VacantKind) -> io::Result<(Directory, Facts)> {
        let mut listed = Vec::new();
        find::list_names(path, false, |item| listed.push(item))?;
        let directory = Directory::describe(path, listed, self.means.handles, &mut Remarks::default())?;
        let facts = Facts::of(kind, &directory);
        Ok((directory, facts))
    }

    /// The directory given, if no data lie in it.
    fn vacant_root(
        &self,
        path: &Path,
        search: &mut Search,
        remarks: &mut Remarks,
    ) -> Option<(Directory, Facts)> {
        let listed = std::mem::take(&mut search.root);
        let kind = vacant::kind(listed.iter().map(|item| (item.name.as_str(), item.kind)))?;
        let directory = Directory::describe(path, listed, self.means.handles, remarks).ok()?;
        let facts = Facts::of(kind, &directory);
        Some((directory, facts))
    }

    fn archive(&self, path: &Path) -> Result<Read, GatherError> {
        let opened = match ArchiveFile::open(path, self.means.handles) {
            Ok(opened) => opened,
            Err(source) => return Ok(self.unreadable(InputKind::Unknown, source)),
        };
        let Some((archive, file)) = opened else {
            return Ok(self.not_an_archive(InputKind::Unknown, None, true));
        };
        let mut start = [0; if decode::SNIFFED > 24 { decode::SNIFFED } else { 24 }];
        let got = match read_full_at(&file, &mut start, 0) {
            Ok(0) => return Ok(self.not_an_archive(InputKind::Unknown, Some("it is empty"), true)),
            Ok(got) => got,
            Err(source) => return Ok(self.unreadable(InputKind::Unknown, source)),
        };
        let root = parts_of(path);
        let (identity, name) = (archive.identity(), root.last().cloned().unwrap_or_default());
        if recognise::is_capsule(&start[..got]) {
            return Ok(self.capsule(archive, &file, &root));
        }
        let compression = Compression::of(&start[..got]);
        let mut read = if compression == Compression::None {
            let size = archive.size;
            let walk = Walk::new(Feed::of_file(Arc::new(file), size));
            let archive = Arc::new(archive);
            let backing = Backing::Archive(archive.clone());
            let stream = Stream { walk, compression, name, root, identity };
            let read = self.members(stream, &Keep::Places, backing)?;
            self.means.progress.advance(size);
            with_damage(read, archive.changed())
        } else {
            let counted = Counted { inner: File::from(file), progress: self.means.progress };
            let read = self.packed(counted, name, root, identity)?;
            with_damage(read, archive.changed())
        };
        if let Some(fragment) = path.file_name().and_then(OsStr::to_str).and_then(recognise::fragment)
            && (!read.incomplete.is_empty() || read.failure.is_some())
        {
            read.remarks.push(fragment.hint());
        }
        Ok(read)
    }

    fn standard_input(&self) -> Result<Read, GatherError> {
        let name = "stdin".to_owned();
        self.stream(io::stdin(), name.clone(), vec![name], (0, 0))
    }

    /// A compressed file: it is decoded on a thread of its own. What comes through a pipe is not, as nobody could end a
    /// thread that waits for its writer.
    fn packed(
        &self,
        stream: impl io::Read + Send,
        name: String,
        root: Vec<String>,
        identity: (u64, u64),
    ) -> Result<Read, GatherError> {
        let (compression, content) = match decode::open(stream) {
            Ok(opened) => opened,
            Err(source) => return Ok(self.unreadable(InputKind::Unknown, source)),
        };
        std::thread::scope(|scope| {
            self.content(compression, Box::new(apart::read(scope, content)), name, root, identity)
        })
    }

    fn stream(
        &self,
        stream: impl io::Read + Send,
        name: String,
        root: Vec<String>,
        identity: (u64, u64),
    ) -> Result<Read, GatherError> {
        let (compression, content) = match decode::open(stream) {
            Ok(opened) => opened,
            Err(source) => return Ok(self.unreadable(InputKind::Unknown, source)),
        };
        self.content(compression, content, name, root, identity)
    }

    fn content(
        &self,
        compression: Compression,
        content: Box<dyn io::Read + '_>,
        name: String,
        root: Vec<String>,
        identity: (u64, u64),
    ) -> Result<Read, GatherError> {
        let walk = Walk::new(Feed::of_stream(content));
        let backing = Backing::Spool(self.means.spool.cloned());
        let stream = Stream { walk, compression, name, root, identity };
        self.members(stream, &Keep::Stream(self.means.spool.cloned()), backing)
    }

    /// Why the bytes are no tar archive, if they are none.
    fn other_than_archive(&self, stream: &mut Stream<'_>) -> Option<Read> {
        let Stream { walk, compression, name, .. } = stream;
        let start = walk.start(LOOK);
        if tar::begins_one(start) {
            return None;
        }
        let (text, empty) = (start.iter().all(|byte| (9..127).contains(byte)), start.is_empty());
        let known = match compression {
            Compression::None => recognise::recognise(name, start),
            _ => recognise::inside(name, *compression, start),
        };
        if let Some(known) = known {
            return Some(self.recognised(&known));
        }
        if walk.is_archive() && walk.trouble().is_none() {
            return None;
        }
        let packed = *compression != Compression::None;
        let kind = if packed { InputKind::Packed } else { InputKind::Unknown };
        Some(match walk.trouble() {
            Some(trouble) => self.not_an_archive(kind, Some(trouble), true),
            None if packed && empty => {
                self.not_an_archive(kind, Some("nothing is in the compressed stream"), true)
            }
            None => self.not_an_archive(kind, None, !text),
        })
    }

    fn members(&self, mut stream: Stream<'_>, keep: &Keep, backing: Backing) -> Result<Read, GatherError> {
        if let Some(other) = self.other_than_archive(&mut stream) {
            return Ok(other);
        }
        let Stream { walk, compression, root, identity, .. } = stream;
        let kind = match compression {
            Compression::None => InputKind::Tar,
            Compression::Gzip => InputKind::TarGz,
            Compression::Zstd => InputKind::TarZst,
            Compression::Xz => InputKind::TarXz,
            Compression::Bzip2 => InputKind::TarBz2,
        };
        let mut index =
            index(walk, keep).map_err(|source| GatherError::Spool { input: self.text.to_owned(), source })?;
        let damage = std::mem::take(&mut index.damage).into_lines();
        let mut incomplete = damage.clone();
        let found = find::inside(&index.tree, |node| index.kind(node));
        let mut noted = Noted::default();
        let read: BTreeSet<&[String]> = found.iter().map(|(_, inner, _)| &inner[..]).collect();
        let others = std::mem::take(&mut index.others);
        let backing = Arc::new(backing);
        let kept = |path: &[String]| {
            let source = Arc::new(index.alone(path, &backing)?);
            Some(Testimony::of_source(path.join("/"), source))
        };
        let mut testimonies = others.tell(|directory| read.contains(directory), kept, &mut noted);
        for testimony in &mut testimonies {
            testimony.path = format!("{}:{}", self.text, testimony.path);
        }
        let plain = noted.is_empty();
        noted.finish(&mut index.remarks, &mut incomplete);
        let none = found.iter().all(|(_, _, vacant)| vacant.is_some());
        // As for directories; an archive that is cut proves nothing.
        let taken =
            self.labelled && none && found.len() == 1 && plain && damage.is_empty() && !index.incomplete;
        if taken {
            index.remarks.push(TAKEN);
        }
        let mut candidates = Vec::with_capacity(found.len());
        for (number, inner, vacant) in found {
            let inside = inner.join("/");
            let colon = if inner.is_empty() { "" } else { ":" };
            let full_parts = [&root[..], &inner].concat();
            let mut parts = full_parts.clone();
            if let Some(name) = root.len().checked_sub(1).and_then(|at| parts.get_mut(at)) {
                *name = without_archive_ending(name).to_owned();
            }
            let path = format!("{}{colon}{inside}", self.text);
            let source = index.source(number, &backing);
            let vacant = vacant.map(|kind| Facts::of(kind, &source));
            if vacant.is_none() {
                packed_images(&path, &source, &mut index.remarks);
            }
            let source = (taken || vacant.is_none()).then(|| Arc::new(source) as Arc<dyn Source>);
            let (damage, identity) = (damage.clone(), (identity.0, identity.1, inside));
            candidates.push(Candidate { path, inner, parts, full_parts, source, damage, vacant, identity });
        }
        let failure = (none && !taken).then(|| {
            let harm = damage.first().map(String::as_str);
            self.no_replica(
                harm.or(index.incomplete.then_some("it cannot be read in full")),
                index.incomplete,
            )
        });
        let (archives, remarks) = (Vec::new(), index.remarks);
        Ok(Read { kind, remarks, candidates, archives, incomplete, failure, testimonies })
    }
}

/// What is said of an input that is a replica because the user says so.
const TAKEN: &str =
    "holds no file of a replica; taken as a replica without files, because it was given a label";

/// Damage that showed after everything was read.
fn with_damage(mut read: Read, changed: Option<String>) -> Read {
    if let Some(line) = changed {
        for candidate in &mut read.candidates {
            candidate.damage.push(line.clone());
        }
        read.incomplete.push(line.clone());
        read.remarks.push(line);
    }
    read
}

/// Images that were compressed one by one stand where the images should.
fn packed_images(path: &str, source: &dyn Source, remarks: &mut Remarks) {
    for entry in source.entries().iter().filter(|entry| entry.kind == Kind::File) {
        if let Some(known) = recognise::packed_image(&entry.name) {
            remarks.push(format!("{path}: {} {}", entry.name, known.sentence()));
        }
    }
}

/// The parts of a path as it is named from the root, without asking the file system.
fn parts_of(path: &Path) -> Vec<String> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(spell(OsStr::as_bytes(part))),
            Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    parts
}
