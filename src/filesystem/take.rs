//! Taking files out of a view into a new directory, and never anywhere else.
//!
//! The directory is made by us, under a hidden name and for nobody else to write, and gets its own name when all is done.
//! Files are only ever made anew in it. Names come from the tree, where each is one part of a path; links are named in the
//! account and not made, so that nothing in the directory leads out of it.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, FileTimes, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::clock::Moment;
use super::entry::{FileEntry, Tree};
use super::files::Files;
use super::kind::FileKind;
use super::sqlite::{Look, Sqlite};
use crate::blocks;
use crate::evidence::spelled;
use crate::progress::Progress;

/// Zeros of this many bytes become a hole.
const BLOCK: usize = 4096;

/// Why nothing can be taken out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeError {
    /// It would change the evidence.
    #[error("{path}: belongs to the evidence ({input}), which is never written to", path = spelled(path), input = spelled(input))]
    Evidence {
        /// The target.
        path: PathBuf,
        /// The part of the evidence that it lies in.
        input: PathBuf,
    },
    /// There is something of that name.
    #[error("{path}: exists already", path = spelled(path))]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The system said no.
    #[error("{path}: cannot be written", path = spelled(path))]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A directory that gets its name when it is complete. Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct TargetDirectory {
    path: PathBuf,
    made: TempDir,
}

impl TargetDirectory {
    /// Makes room for a new directory at `path`. `evidence` are the directories and files that must not be touched.
    ///
    /// # Errors
    /// [`TakeError`], before anything is made.
    pub fn create(path: &Path, evidence: &[PathBuf]) -> Result<Self, TakeError> {
        let failed = |source| TakeError::Io { path: path.to_owned(), source };
        if fs::symlink_metadata(path).is_ok() {
            return Err(TakeError::Exists { path: path.to_owned() });
        }
        let name = path.file_name().ok_or_else(|| TakeError::Exists { path: path.to_owned() })?;
        let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        let parent = fs::canonicalize(parent).map_err(failed)?;
        if let Some(input) = blocks::evidence_around(path, evidence).map_err(failed)? {
            return Err(TakeError::Evidence { path: path.to_owned(), input });
        }
        // For nobody else, as files of a volume are: 0700.
        let made = tempfile::Builder::new()
            .prefix(".jivascope-")
            .suffix(".part")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(failed)?;
        Ok(Self { path: parent.join(name), made })
    }

    /// Gives the directory its name.
    fn publish(self) -> Result<(), TakeError> {
        let Self { path, made } = self;
        let from = made.keep();
        let done = match renameat_with(CWD, &from, CWD, &path, RenameFlags::NOREPLACE) {
            // A file system that cannot do both at once.
            Err(Errno::INVAL | Errno::NOSYS) if fs::symlink_metadata(&path).is_err() => {
                rustix::fs::rename(&from, &path)
            }
            done => done,
        };
        done.map_err(|error| {
            let _ = fs::remove_dir_all(&from);
            match error {
                Errno::EXIST => TakeError::Exists { path },
                error => TakeError::Io { path, source: error.into() },
            }
        })
    }
}

/// One entry that was taken out, or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Taken {
    /// The entry.
    pub entry: FileEntry,
    /// Its SHA-256, for a regular file that was taken out.
    pub sha256: Option<String>,
    /// Why it was left out or is not whole.
    pub remark: Option<String>,
    /// What it shows as a SQLite database, where it is one and its content was read.
    pub sqlite: Option<Sqlite>,
}

/// Takes a file, or a directory and all below it, out into `target`. `start` gets no directory of its own: what lies below it
/// lies below the target, and a single file keeps its last name.
///
/// # Errors
/// Where the target cannot be written. What cannot be read of the view is remarked, and the rest is taken.
pub fn take(
    files: &Files<'_>,
    tree: &Tree,
    start: &FileEntry,
    target: TargetDirectory,
    progress: &dyn Progress,
) -> Result<Vec<Taken>, TakeError> {
    let root = target.made.path().to_owned();
    let total = tree.entries.iter().filter(|entry| entry.kind == FileKind::File).map(|entry| entry.size);
    progress.begin("taking files out", Some(total.fold(0, u64::saturating_add)));
    let mut out = Vec::with_capacity(tree.entries.len());
    let mut directories: Vec<(PathBuf, &FileEntry)> = Vec::new();
    let mut first_names: HashMap<u64, (PathBuf, Option<String>)> = HashMap::new();
    // All that a file system claims for its files fits into it: more is made to fill a disk.
    let mut room = files.system.claimable().saturating_mul(files.system.block_size());
    for entry in &tree.entries {
        let path = place(&root, start, entry);
        let mut taken = Taken { entry: entry.clone(), sha256: None, remark: None, sqlite: None };
        match entry.kind {
            FileKind::Directory if path == root => directories.push((path, entry)),
            FileKind::Directory => match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => directories.push((path, entry)),
                Err(source) => return Err(TakeError::Io { path: shown_at(&target, start, entry), source }),
            },
            FileKind::File if entry.links > 1 && first_names.contains_key(&entry.inode) => {
                let (first, sum) = &first_names[&entry.inode];
                fs::hard_link(first, &path)
                    .map_err(|source| TakeError::Io { path: shown_at(&target, start, entry), source })?;
                taken.sha256.clone_from(sum);
            }
            FileKind::File => match one(files, entry, &path, &mut room, progress) {
                Ok(Ok(sum)) => {
                    taken.sha256 = Some(sum);
                    taken.sqlite = Sqlite::of(files, tree, entry, Look::Structure);
                    first_names.insert(entry.inode, (path, taken.sha256.clone()));
                }
                Ok(Err(remark)) => taken.remark = Some(remark),
                Err(source) => return Err(TakeError::Io { path: shown_at(&target, start, entry), source }),
            },
            FileKind::Link => taken.remark = Some("a symbolic link: it is named and not made".to_owned()),
            kind => taken.remark = Some(format!("a {}: it is named and not made", kind.name())),
        }
        out.push(taken);
    }
    // What is written into a directory changes its time, so these come last, the innermost first.
    for (path, entry) in directories.iter().rev() {
        let set = File::open(path).and_then(|directory| set_times(&directory, entry.modified));
        set.map_err(|source| TakeError::Io { path: shown_at(&target, start, entry), source })?;
    }
    progress.end();
    target.publish()?;
    Ok(out)
}

/// Where an entry goes.
fn place(root: &Path, start: &FileEntry, entry: &FileEntry) -> PathBuf {
    let below = below(start, entry);
    below
        .split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty())
        .fold(root.to_owned(), |path, part| path.join(std::ffi::OsStr::from_bytes(part)))
}

fn below<'a>(start: &FileEntry, entry: &'a FileEntry) -> &'a [u8] {
    match start.kind {
        FileKind::Directory => entry.path.get(start.path.len()..).unwrap_or(&[]),
        _ => entry.path.rsplit(|byte| *byte == b'/').next().unwrap_or(&[]),
    }
}

/// Where an entry would lie under the target's own name, for an error.
fn shown_at(target: &TargetDirectory, start: &FileEntry, entry: &FileEntry) -> PathBuf {
    place(&target.path, start, entry)
}

/// One file. The outer error is of the target, the inner of the view: then what was written is taken away again.
fn one(
    files: &Files<'_>,
    entry: &FileEntry,
    path: &Path,
    room: &mut u64,
    progress: &dyn Progress,
) -> io::Result<Result<String, String>> {
    let reader = match files.reader(entry) {
        Ok(reader) => reader,
        Err(error) => return Ok(Err(format!("not taken: {error}"))),
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut sum = Sha256::new();
    let (mut at, mut wrong, mut full) = (0_u64, None, false);
    let done = reader.visit(&mut |bytes| {
        sum.update(bytes);
        for block in bytes.chunks(BLOCK) {
            if block.iter().any(|byte| *byte != 0) {
                match room.checked_sub(block.len() as u64) {
                    Some(left) => *room = left,
                    None => full = true,
                }
                if full {
                    return Err(super::FsError::damaged("its files claim more than it has room for"));
                }
                if let Err(error) = file.write_all_at(block, at) {
                    wrong = Some(error);
                    return Err(super::FsError::NotFound);
                }
            }
            at += block.len() as u64;
        }
        progress.advance(bytes.len() as u64);
        Ok(())
    });
    if let Some(error) = wrong {
        return Err(error);
    }
    if let Err(error) = done {
        drop(file);
        fs::remove_file(path)?;
        return Ok(Err(format!("not taken: {error}")));
    }
    file.set_len(entry.size)?;
    file.set_permissions(Permissions::from_mode(u32::from(entry.mode) & 0o777 | 0o600))?;
    set_times(&file, entry.modified)?;
    Ok(Ok(sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

fn set_times(file: &File, modified: Moment) -> io::Result<()> {
    let part = Duration::new(modified.seconds.unsigned_abs(), 0);
    let whole = match modified.seconds {
        0.. => SystemTime::UNIX_EPOCH.checked_add(part),
        _ => SystemTime::UNIX_EPOCH.checked_sub(part),
    };
    let time = whole.and_then(|time| time.checked_add(Duration::from_nanos(modified.nanos.into())));
    time.map_or(Ok(()), |time| file.set_times(FileTimes::new().set_modified(time)))
}
