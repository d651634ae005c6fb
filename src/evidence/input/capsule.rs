//! A capsule as an input.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::{Candidate, Read, Reader};
use crate::evidence::archive::ArchiveFile;
use crate::evidence::capsule;
use crate::evidence::error::GatherError;
use crate::evidence::find::without_archive_ending;
use crate::evidence::gather::InputKind;
use crate::evidence::remarks::Remarks;

/// What is said of a capsule of a first visit.
const WITHOUT_DATA: &str = "a capsule holds sums and no data: what is inside the volume was not looked at";

impl Reader<'_> {
    pub(super) fn capsule(&self, archive: ArchiveFile, file: &OwnedFd, root: &[String]) -> Read {
        let archive = Arc::new(archive);
        let opened = match capsule::open(&archive, file, self.means.key) {
            Ok(opened) => opened,
            Err(error) => {
                let why = error.to_string();
                let error = GatherError::Capsule { input: self.text.to_owned(), why: why.clone() };
                return self.failed(InputKind::Capsule, error, why, true);
            }
        };
        let identity = archive.identity();
        let mut remarks = Remarks::default();
        match opened.iter().map(|one| one.data).sum::<u64>() {
            0 => remarks.push(WITHOUT_DATA),
            bytes => remarks.push(format!(
                "this capsule holds {bytes} bytes of the volume's data, of the blocks that differed, and sums of all others: \
                 what is inside the volume was not looked at"
            )),
        }
        let candidates = opened.into_iter().enumerate().map(|(number, opened)| {
            let inside = opened.inner.join("/");
            let full_parts = [root, &opened.inner].concat();
            let mut parts = full_parts.clone();
            if let Some(name) = root.len().checked_sub(1).and_then(|at| parts.get_mut(at)) {
                *name = without_archive_ending(name).to_owned();
            }
            opened.remarks.into_iter().for_each(|line| remarks.push(line));
            Candidate {
                path: format!("{}:{inside}", self.text),
                inner: opened.inner,
                parts,
                full_parts,
                source: Some(opened.source),
                damage: opened.damage,
                vacant: None,
                // Two directories of one name are two all the same.
                identity: (identity.0, identity.1, format!("{number}/{inside}")),
            }
        });
        let candidates: Vec<Candidate> = candidates.collect();
        let failure = candidates.is_empty().then(|| self.no_replica(None, false));
        Read {
            kind: InputKind::Capsule,
            remarks,
            candidates,
            archives: Vec::new(),
            incomplete: Vec::new(),
            failure,
            testimonies: Vec::new(),
        }
    }
}
