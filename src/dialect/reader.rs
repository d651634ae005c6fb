//! What could not be read here, and why: the reader's rights, an error of the disk, a copy that is not complete.
//!
//! Jiva runs as root on the node. So none of this is Jiva's error, nor the state of the replica there.

use std::io::ErrorKind;

use crate::evidence::ReadError;
use crate::finding::{NotRead, NotReadReason};
use crate::ident::Label;

/// What stands in the place of a file that is read whole.
#[derive(Debug)]
pub(super) enum FileState<T, E> {
    Absent,
    Unreadable(ReadError),
    Invalid(E),
    Read(T),
}

impl<T, E> FileState<T, E> {
    pub(super) fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            _ => None,
        }
    }

    /// Why it could not be read.
    pub(super) fn unread(&self) -> Option<&ReadError> {
        match self {
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

/// A file that could not be read; `None` where Jiva itself would meet the same.
pub(super) fn unread(label: &Label, file: &str, error: &ReadError) -> Option<NotRead> {
    let reason = match error {
        ReadError::NotAFile(_) => return None,
        ReadError::Io(error) if error.kind() == ErrorKind::PermissionDenied => NotReadReason::NoPermission,
        ReadError::Io(error) => NotReadReason::Failed { error: error.to_string() },
        ReadError::TooLarge { size, limit } => NotReadReason::TooLarge { size: *size, limit: *limit },
        other => NotReadReason::Incomplete { error: other.to_string() },
    };
    Some(NotRead { replica: label.clone(), file: file.to_owned(), reason })
}
