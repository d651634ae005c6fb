//! A capsule as an input of a build that reads none.

use std::os::fd::OwnedFd;

use super::{Read, Reader};
use crate::evidence::archive::ArchiveFile;
use crate::evidence::error::GatherError;
use crate::evidence::gather::InputKind;

impl Reader<'_> {
    pub(super) fn capsule(&self, _archive: ArchiveFile, _file: &OwnedFd, _root: &[String]) -> Read {
        let why = "is a capsule, which this build does not read";
        let error = GatherError::Capsule { input: self.text.to_owned(), why: why.to_owned() };
        self.failed(InputKind::Capsule, error, why.to_owned(), true)
    }
}
