//! Where an image goes: never into the evidence, never over another file unasked, never half.
//!
//! The file has no name while it is written (O_TMPFILE), so nothing is left of it however the program ends. Where the
//! file system cannot do that, it is a hidden `.part` beside the target.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat, renameat, unlinkat};
use rustix::io::Errno;
use tempfile::NamedTempFile;
use walkdir::WalkDir;

use crate::evidence::spelled;

/// Why nothing can be written there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It would change the evidence.
    #[error("{path}: belongs to the evidence ({input}), which is never written to", path = spelled(path), input = spelled(input))]
    Evidence {
        /// The target.
        path: PathBuf,
        /// The part of the evidence that it lies in, or is.
        input: PathBuf,
    },
    /// There is a file of that name.
    #[error("{path}: exists already", path = spelled(path))]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// It names a directory, or what could only be one.
    #[error("{path}: is a directory, not an image file", path = spelled(path))]
    Directory {
        /// The target.
        path: PathBuf,
    },
    /// There is something of that name that is not a file.
    #[error("{path}: is not a regular file", path = spelled(path))]
    NotAFile {
        /// The target.
        path: PathBuf,
    },
    /// The system said no.
    #[error("{path}: cannot be created", path = spelled(path))]
    Io {
        /// The target.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A file that gets its name when it is complete. Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    parent: OwnedFd,
    name: OsString,
    force: bool,
    made: Made,
}

#[derive(Debug)]
enum Made {
    Nameless(File),
    Part(NamedTempFile),
}

impl Target {
    /// Makes room for a file at `path`. `evidence` are the directories and files that must not be touched; those that
    /// do not exist are passed over. A file that exists is only replaced with `force`.
    ///
    /// # Errors
    /// [`TargetError`], before anything is made.
    pub fn create(path: &Path, evidence: &[PathBuf], force: bool) -> Result<Self, TargetError> {
        let failed = |source| TargetError::Io { path: path.to_owned(), source };
        // The standard library takes `x/` for `x`.
        if path.file_name().is_none()
            || [&b"/"[..], b"/."].iter().any(|end| path.as_os_str().as_bytes().ends_with(end))
        {
            return Err(TargetError::Directory { path: path.to_owned() });
        }
        // What a link leads to is what would be replaced.
        let resolved = match fs::symlink_metadata(path) {
            Ok(_) => fs::canonicalize(path).map_err(failed)?,
            Err(_) => path.to_owned(),
        };
        let name =
            resolved.file_name().ok_or_else(|| TargetError::NotAFile { path: path.to_owned() })?.to_owned();
        let parent = match resolved.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let parent = fs::canonicalize(parent).map_err(failed)?;
        let guard = Guard::new(evidence);
        if let Some(input) = evidence_above(&parent, evidence) {
            return Err(TargetError::Evidence { path: path.to_owned(), input });
        }
        let there = fs::symlink_metadata(parent.join(&name)).ok();
        if let Some(there) = &there {
            if let Some(input) = guard.holds(there).or_else(|| guard.contains(there)) {
                return Err(TargetError::Evidence { path: path.to_owned(), input });
            }
            if there.is_dir() {
                return Err(TargetError::Directory { path: path.to_owned() });
            }
            if !there.is_file() {
                return Err(TargetError::NotAFile { path: path.to_owned() });
            }
            if !force {
                return Err(TargetError::Exists { path: path.to_owned() });
            }
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = openat(CWD, &parent, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
        let made =
            nameless(&held).map_or_else(|| part(&parent).map(Made::Part), |file| Ok(Made::Nameless(file)));
        Ok(Self { path: path.to_owned(), parent: held, name, force, made: made.map_err(failed)? })
    }

    /// Where it will be, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, open for reading and writing, and empty at first.
    pub fn file(&self) -> &File {
        match &self.made {
            Made::Nameless(file) => file,
            Made::Part(part) => part.as_file(),
        }
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`TargetError::Exists`] if another file took the name in the meantime and may not be replaced.
    pub fn publish(self) -> Result<(), TargetError> {
        let Self { path, parent, name, force, made } = self;
        let done = match made {
            Made::Nameless(file) => name_it(&file, &parent, &name, force),
            Made::Part(part) => rename_it(part, &parent, &name, force),
        };
        done.map_err(|error| match error {
            Errno::EXIST => TargetError::Exists { path },
            error => TargetError::Io { path, source: error.into() },
        })
    }
}

/// A file without a name, if both that and naming it later will work here.
fn nameless(parent: &OwnedFd) -> Option<File> {
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    let file = File::from(openat(parent, ".", flags, Mode::from_raw_mode(0o666)).ok()?);
    fs::metadata(own_path(&file)).is_ok().then_some(file)
}

fn own_path(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

fn part(parent: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".jivascope-").suffix(".part").tempfile_in(parent)
}

fn name_it(file: &File, parent: &OwnedFd, name: &OsStr, force: bool) -> Result<(), Errno> {
    let link = |name: &OsStr| linkat(CWD, own_path(file), parent, name, AtFlags::SYMLINK_FOLLOW);
    match link(name) {
        Err(Errno::EXIST) if force => {}
        done => return done,
    }
    // A link cannot replace a name, a renaming can; the file is complete by now.
    let passing = OsString::from(format!(".jivascope-{}.part", std::process::id()));
    link(&passing)?;
    renameat(parent, &passing, parent, name).inspect_err(|_| {
        let _ = unlinkat(parent, &passing, AtFlags::empty());
    })
}

fn rename_it(part: NamedTempFile, parent: &OwnedFd, name: &OsStr, force: bool) -> Result<(), Errno> {
    if force {
        renameat(CWD, part.path(), parent, name)?;
        let _ = part.into_temp_path().keep(); // the name is gone already
        return Ok(());
    }
    // Where links are not to be had either, a name that is taken is only noticed by looking.
    match linkat(CWD, part.path(), parent, name, AtFlags::empty()) {
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS) => {
            match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => Err(Errno::EXIST),
                Err(_) => rename_it(part, parent, name, true),
            }
        }
        done => done, // its own name goes when `part` is dropped
    }
}

/// What must not be written to, by device and inode: paths may lead to one place in many ways.
struct Guard<'a>(Vec<(&'a PathBuf, (u64, u64))>);

impl<'a> Guard<'a> {
    fn new(evidence: &'a [PathBuf]) -> Self {
        Self(evidence.iter().filter_map(|path| Some((path, identity(&fs::metadata(path).ok()?)))).collect())
    }

    fn holds(&self, place: &Metadata) -> Option<PathBuf> {
        let place = identity(place);
        self.0.iter().find(|(_, known)| *known == place).map(|(path, _)| (*path).clone())
    }

    /// Whether a file is another name of one below the evidence.
    fn contains(&self, file: &Metadata) -> Option<PathBuf> {
        let file = identity(file);
        self.0
            .iter()
            .flat_map(|(path, _)| WalkDir::new(path).into_iter().filter_map(Result::ok))
            .find(|entry| entry.metadata().is_ok_and(|metadata| identity(&metadata) == file))
            .map(walkdir::DirEntry::into_path)
    }
}

/// The part of the evidence that a directory lies in, or is.
pub fn evidence_above(directory: &Path, evidence: &[PathBuf]) -> Option<PathBuf> {
    let guard = Guard::new(evidence);
    directory.ancestors().find_map(|ancestor| guard.holds(&fs::metadata(ancestor).ok()?))
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
