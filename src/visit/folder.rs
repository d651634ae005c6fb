//! The folder that a visit fills: new, and every file in it whole or not there.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::evidence::spelled;

/// Why there is no folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// There is something.
    #[error("{path}: is there already and is not empty", path = spelled(.0))]
    Taken(PathBuf),
    /// The system said no.
    #[error("{path}: cannot be written to", path = spelled(path))]
    Io {
        /// What.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The folder. What lies in it is private data, so only its owner may look into it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder, or takes an empty one.
    ///
    /// # Errors
    /// Where something is in it, or the system says no.
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        let failed = |source| FolderError::Io { path: path.to_owned(), source };
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read_dir(path).map_err(failed)?.next().is_some() {
                    return Err(FolderError::Taken(path.to_owned()));
                }
            }
            made => made.map_err(failed)?,
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file that is being filled. It gets its name once it is whole.
    pub(super) fn begin(&self, below: &str, name: &str) -> Result<Filling, FolderError> {
        let place = self.path.join(below);
        let to = place.join(name);
        let failed = |source| FolderError::Io { path: to.clone(), source };
        fs::create_dir_all(&place).map_err(failed)?;
        let file = tempfile::Builder::new().prefix(".part-").tempfile_in(&place).map_err(failed)?;
        Ok(Filling { file, to })
    }

    /// Writes a small file.
    pub(super) fn write(&self, below: &str, name: &str, text: &str) -> Result<PathBuf, FolderError> {
        let filling = self.begin(below, name)?;
        let failed = |source| FolderError::Io { path: filling.to.clone(), source };
        io::Write::write_all(&mut filling.file(), text.as_bytes()).map_err(failed)?;
        filling.keep()
    }
}

/// A file that is not whole yet. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Filling {
    file: tempfile::NamedTempFile,
    to: PathBuf,
}

impl Filling {
    pub(super) fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Where it lies until it is whole.
    pub(super) fn part(&self) -> &Path {
        self.file.path()
    }

    pub(super) fn to(&self) -> &Path {
        &self.to
    }

    /// Gives it its name. A file that is there is not replaced.
    pub(super) fn keep(self) -> Result<PathBuf, FolderError> {
        let to = self.to;
        match self.file.persist_noclobber(&to) {
            Ok(_) => Ok(to),
            Err(error) => Err(FolderError::Io { path: to, source: error.error }),
        }
    }
}
