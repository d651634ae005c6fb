//! What could not be read here, and why: the reader's rights, an error of the disk, a copy that is not complete.
//!
//! Jiva runs as root on the node. So none of this is Jiva's error, nor the state of the replica there.

use std::io::ErrorKind;

use crate::evidence::ReadError;
use crate::ident::Label;

/// A sentence about a file that could not be read; `None` where Jiva itself would meet the same.
pub(super) fn unread(label: &Label, file: &str, error: &ReadError) -> Option<String> {
    Some(match error {
        ReadError::NotAFile(_) => return None,
        ReadError::Io(error) if error.kind() == ErrorKind::PermissionDenied => {
            format!("you may not read {label}/{file}; run as root or copy it readable")
        }
        ReadError::Io(error) => format!("{label}/{file} could not be read here: {error}; copy it again"),
        ReadError::TooLarge { .. } => format!("{label}/{file} was not read: it {error}"),
        other => format!("the copy of {label}/{file} cannot be used: it {other}; copy it again"),
    })
}
