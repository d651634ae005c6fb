//! Which directories are taken, and why one cannot be.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::handles::Handles;
use super::super::remarks::Remarks;
use super::super::{find, spelled};

/// Why no capsule was taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeError {
    /// A directory cannot be read.
    #[error("{path}: cannot be read", path = spelled(path))]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no replica in it.
    #[error("{path}: no replica directory in it", path = spelled(path))]
    NoReplica {
        /// The directory.
        path: PathBuf,
    },
    /// Data of it were wanted, and it is not as its first capsule shows it.
    #[error("{path}: {why}", path = spelled(path))]
    NotAsBefore {
        /// The directory.
        path: PathBuf,
        /// How.
        why: String,
    },
    /// The capsule cannot be written.
    #[error("the capsule cannot be written")]
    Write(#[from] io::Error),
}

/// The replica directories in or below these, each with its path below what was given, which begins with the name of that.
pub(super) fn found(
    directories: &[PathBuf],
    handles: &Arc<Handles>,
    remarks: &mut Remarks,
) -> Result<Vec<find::Seen>, TakeError> {
    let mut out = Vec::new();
    for root in directories {
        let unreadable = |source| TakeError::Unreadable { path: root.clone(), source };
        let found = find::below(root, handles, remarks).map_err(unreadable)?;
        if found.seen.is_empty() {
            return Err(TakeError::NoReplica { path: root.clone() });
        }
        let base = name_of(root);
        // Directories of one name, as on two nodes, are two.
        let taken = |name: &str| {
            out.iter().any(|seen: &find::Seen| seen.inner.first().is_some_and(|one| one == name))
        };
        let mut name = base.clone();
        for number in 2.. {
            if !taken(&name) {
                break;
            }
            name = format!("{base}-{number}");
        }
        out.extend(found.seen.into_iter().map(|mut seen| {
            seen.inner.insert(0, name.clone());
            seen
        }));
    }
    Ok(out)
}

/// The name of a directory as it was given, or of where that leads to.
fn name_of(path: &Path) -> String {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().or_else(|| whole.file_name());
    name.map_or_else(|| "root".to_owned(), spelled)
}
