//! A fault of a copy.

use crate::ident::DiskName;

/// One fault of a copy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Defect {
    /// The image that it belongs to; `None` for a fault of the directory or of the archive that holds it.
    pub disk: Option<DiskName>,
    /// The fault in one sentence, without the replica's name.
    pub text: String,
}

impl Defect {
    pub(crate) fn of(disk: Option<&DiskName>, text: impl Into<String>) -> Self {
        Self { disk: disk.cloned(), text: text.into() }
    }
}
