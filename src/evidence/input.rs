//! One input: a directory searched, or an archive read.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path};
use std::sync::Arc;

use rustix::fs::FileType;

use super::archive::{ArchiveFile, Backing};
use super::decode::{self, Compression};
use super::directory::Directory;
use super::examine::kind_of;
use super::find::{self, Archive, Search, Seen, without_archive_ending};
use super::gather::{GatherError, Input, InputKind, InputPath};
use super::handles::{Handles, read_full_at};
use super::index::{Index, Keep, index};
use super::remarks::Remarks;
use super::spool::Spool;
use super::tar::{Feed, Walk};
use super::{Source, spell};
use crate::watch::Watch;

/// What one input gave.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) kind: InputKind,
    pub(super) remarks: Remarks,
    pub(super) candidates: Vec<Candidate>,
    /// Archives found in a directory, which are still to be read.
    pub(super) archives: Vec<Archive>,
}

/// A replica directory without a label.
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
    pub(super) source: Arc<dyn Source>,
    /// Equal for one directory under two names.
    pub(super) identity: (u64, u64, String),
}

/// Everything that reading an input needs beside the input.
struct Reader<'a> {
    text: &'a str,
    labelled: bool,
    handles: &'a Arc<Handles>,
    spool: Option<&'a Arc<Spool>>,
    watch: &'a dyn Watch,
}

/// Reads one input.
pub(super) fn read(
    text: &str,
    input: &Input,
    handles: &Arc<Handles>,
    spool: Option<&Arc<Spool>>,
    watch: &dyn Watch,
) -> Result<Read, GatherError> {
    let reader = Reader { text, labelled: input.label.is_some(), handles, spool, watch };
    let InputPath::Path(path) = &input.path else { return reader.standard_input() };
    let meta = std::fs::metadata(path).map_err(|source| reader.unreadable(source))?;
    if meta.is_dir() {
        reader.directory(path)
    } else if meta.is_file() {
        reader.archive(path)
    } else {
        Err(GatherError::Special {
            input: text.to_owned(),
            kind: kind_of(FileType::from_raw_mode(meta.mode())),
        })
    }
}

/// Reads an archive found in a directory: what it holds, or why it is none that holds a replica. One that cannot be
/// read to its end may hold a replica all the same, so that is an error as if it had been given by name.
pub(super) fn read_found(
    archive: &Archive,
    handles: &Arc<Handles>,
    spool: Option<&Arc<Spool>>,
    watch: &dyn Watch,
) -> Result<Result<Read, String>, GatherError> {
    let text = archive.path.display().to_string();
    let reader = Reader { text: &text, labelled: false, handles, spool, watch };
    let mut read = match reader.archive(&archive.path) {
        Ok(read) => read,
        Err(GatherError::NoReplica { hint, .. }) if hint.is_empty() => {
            return Ok(Err("no replica in it".to_owned()));
        }
        Err(GatherError::NotAnArchive { hint, .. }) if hint.is_empty() => {
            return Ok(Err("not a tar archive, whatever its name".to_owned()));
        }
        Err(error) => return Err(error),
    };
    let (name, above) = archive.inner.split_last().unwrap_or((&text, &[]));
    let below = [above, &[without_archive_ending(name).to_owned()]].concat();
    for candidate in &mut read.candidates {
        candidate.inner.splice(..0, below.iter().cloned());
    }
    Ok(Ok(read))
}

impl Reader<'_> {
    fn unreadable(&self, source: io::Error) -> GatherError {
        GatherError::Unreadable { input: self.text.to_owned(), source }
    }

    fn no_replica(&self, hint: String) -> GatherError {
        GatherError::NoReplica { input: self.text.to_owned(), hint }
    }

    fn directory(&self, path: &Path) -> Result<Read, GatherError> {
        let mut remarks = Remarks::default();
        let mut search =
            find::below(path, self.handles, &mut remarks).map_err(|source| self.unreadable(source))?;
        if search.seen.is_empty() && search.archives.is_empty() {
            let wiped = self.wiped_directory(path, &mut search, &mut remarks)?;
            search.seen.push(wiped);
        }
        let root = parts_of(path);
        let candidates = search.seen.into_iter().map(|seen| {
            let (device, inode) = seen.directory.identity();
            let parts = [&root[..], &seen.inner].concat();
            Candidate {
                path: seen.path.display().to_string(),
                inner: seen.inner,
                full_parts: parts.clone(),
                parts,
                source: Arc::new(seen.directory),
                identity: (device, inode, String::new()),
            }
        });
        let candidates = candidates.collect();
        Ok(Read { kind: InputKind::Directory, remarks, candidates, archives: search.archives })
    }

    /// A directory without a replica is one only if the user says so, and nothing speaks against it.
    fn wiped_directory(
        &self,
        path: &Path,
        search: &mut Search,
        remarks: &mut Remarks,
    ) -> Result<Seen, GatherError> {
        if search.incomplete {
            return Err(self.no_replica(": parts of it cannot be read".to_owned()));
        }
        if !self.labelled {
            return Err(self.no_replica(String::new()));
        }
        remarks.push(
            "holds no file of a replica; taken as a replica without files, because it was given a label",
        );
        let listed = std::mem::take(&mut search.root);
        let directory = Directory::describe(path, listed, self.handles, remarks)
            .map_err(|source| self.unreadable(source))?;
        Ok(Seen { path: path.to_owned(), inner: Vec::new(), directory })
    }

    fn archive(&self, path: &Path) -> Result<Read, GatherError> {
        let opened = ArchiveFile::open(path, self.handles).map_err(|source| self.unreadable(source))?;
        let Some((archive, file)) = opened else { return Err(self.not_an_archive(None)) };
        let mut start = [0; decode::SNIFFED];
        let got = read_full_at(&file, &mut start, 0).map_err(|source| self.unreadable(source))?;
        if got == 0 {
            return Err(self.not_an_archive(Some("it is empty")));
        }
        let root = parts_of(path);
        let identity = archive.identity();
        if Compression::of(&start[..got]) == Compression::None {
            let size = archive.size;
            let walk = Walk::new(Feed::of_file(Arc::new(file), size));
            let backing = Backing::Archive(Arc::new(archive));
            let read = self.members(walk, InputKind::Tar, &Keep::Places, backing, &root, identity);
            self.watch.advance(size);
            return read;
        }
        self.stream(Counted { inner: File::from(file), watch: self.watch }, &root, identity)
    }

    fn standard_input(&self) -> Result<Read, GatherError> {
        self.stream(io::stdin().lock(), &["stdin".to_owned()], (0, 0))
    }

    fn stream(
        &self,
        stream: impl io::Read,
        root: &[String],
        identity: (u64, u64),
    ) -> Result<Read, GatherError> {
        let (compression, content) = decode::open(stream).map_err(|source| self.unreadable(source))?;
        let kind = match compression {
            Compression::None => InputKind::Tar,
            Compression::Gzip => InputKind::TarGz,
            Compression::Zstd => InputKind::TarZst,
            Compression::Xz => InputKind::TarXz,
            Compression::Bzip2 => InputKind::TarBz2,
        };
        let walk = Walk::new(Feed::of_stream(content));
        let backing = Backing::Spool(self.spool.cloned());
        self.members(walk, kind, &Keep::Stream(self.spool.cloned()), backing, root, identity)
    }

    fn not_an_archive(&self, trouble: Option<&str>) -> GatherError {
        let hint = trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default();
        GatherError::NotAnArchive { input: self.text.to_owned(), hint }
    }

    fn members(
        &self,
        mut walk: Walk<'_>,
        kind: InputKind,
        keep: &Keep,
        backing: Backing,
        root: &[String],
        identity: (u64, u64),
    ) -> Result<Read, GatherError> {
        if !walk.is_archive() {
            return Err(self.not_an_archive(walk.trouble()));
        }
        let mut index =
            index(walk, keep).map_err(|source| GatherError::Spool { input: self.text.to_owned(), source })?;
        let mut found = find::inside(&index.tree);
        if found.is_empty() {
            found.push((0, Vec::new()));
            self.wiped_archive(&mut index)?;
        }
        let backing = Arc::new(backing);
        let mut candidates = Vec::with_capacity(found.len());
        for (number, inner) in found {
            let inside = inner.join("/");
            let colon = if inner.is_empty() { "" } else { ":" };
            let full_parts = [root, &inner].concat();
            let mut parts = full_parts.clone();
            if let Some(name) = root.len().checked_sub(1).and_then(|at| parts.get_mut(at)) {
                *name = without_archive_ending(name).to_owned();
            }
            candidates.push(Candidate {
                path: format!("{}{colon}{inside}", self.text),
                inner,
                parts,
                full_parts,
                source: Arc::new(index.source(number, &backing)),
                identity: (identity.0, identity.1, inside),
            });
        }
        Ok(Read { kind, remarks: index.remarks, candidates, archives: Vec::new() })
    }

    /// As for directories; an archive that is cut proves nothing.
    fn wiped_archive(&self, index: &mut Index) -> Result<(), GatherError> {
        if index.incomplete {
            let remarks = std::mem::take(&mut index.remarks).into_lines();
            let hint = remarks.first().map(|line| format!(": {line}")).unwrap_or_default();
            return Err(self.no_replica(hint));
        }
        if !self.labelled {
            return Err(self.no_replica(String::new()));
        }
        index.remarks.push(
            "holds no file of a replica; taken as a replica without files, because it was given a label",
        );
        Ok(())
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

/// Tells how many bytes of an archive were read.
struct Counted<'a> {
    inner: File,
    watch: &'a dyn Watch,
}

impl io::Read for Counted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.watch.advance(n as u64);
        Ok(n)
    }
}
