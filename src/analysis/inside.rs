//! What is inside the views, as file systems say themselves. A few blocks of each view are read.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::blocks::MergedView;
use crate::evidence::ReadError;
use crate::filesystem::{Contents, FileSystem, FsState};
use crate::finding::{BrokenFileSystem, Exhibit, Facts, Finding};
use crate::ident::{Label, Run};
use crate::replica::Replica;

/// Where the superblock of ext2 to ext4 lies in its file system, and its size.
const SUPERBLOCK: u64 = 1024;
/// The size of the superblock of XFS, which lies first.
const SUPERBLOCK_OF_XFS: u64 = 512;

/// The view of a replica's own state: below what a join that did not end left above it.
pub(super) fn own_view(replica: &Replica) -> Option<MergedView> {
    match &replica.clean_tip {
        Some(tip) => MergedView::at(replica, tip).ok(),
        None => MergedView::live(replica).ok(),
    }
}

/// What is inside the view of each replica; those without a view, and those in whose view nothing is recognised, are passed
/// over.
pub fn inside(replicas: &[Replica]) -> BTreeMap<Label, Contents> {
    let looked = replicas.par_iter().filter(|replica| replica.has_images()).filter_map(|replica| {
        let mut contents = Contents::of(&own_view(replica)?);
        // The data of some blocks are no file system, whatever the first of them says.
        if replica.is_without_data() && contents != Contents::default() {
            contents = Contents { unread: Some(ReadError::NoData.to_string()), ..Contents::default() };
        }
        let empty = contents == Contents::default();
        (!empty).then(|| (replica.label.clone(), contents))
    });
    looked.collect()
}

/// File systems that say of themselves that they are damaged, each once with all replicas in which it says the same.
pub(super) fn notice(replicas: &[Replica], inside: &BTreeMap<Label, Contents>) -> Vec<Finding> {
    let mut groups: BTreeMap<BrokenFileSystem, (Vec<Label>, Vec<Exhibit>)> = BTreeMap::new();
    for (label, contents) in inside {
        for one in &contents.file_systems {
            let Some(state) = one.state.as_ref().filter(|state| state.is_broken()) else { continue };
            let (labels, exhibits) = groups.entry(said(one, state)).or_default();
            labels.push(label.clone());
            let top = replicas
                .iter()
                .find(|replica| replica.label == *label)
                .and_then(|replica| replica.clean_tip.as_ref().or_else(|| replica.chain.first()));
            let (at, size) = match one.kind {
                "XFS" => (0, SUPERBLOCK_OF_XFS),
                _ => (SUPERBLOCK, SUPERBLOCK),
            };
            let start = one.place.start + at;
            let file = top.map_or_else(String::new, ToString::to_string);
            exhibits.push(Exhibit::bytes(label, file, Run { start, end: start + size }));
        }
    }
    let looked: BTreeSet<&Label> = inside.keys().collect();
    let finding = |(facts, (labels, exhibits)): (BrokenFileSystem, (Vec<Label>, Vec<Exhibit>))| {
        let everywhere = labels.iter().collect::<BTreeSet<_>>() == looked && labels.len() == replicas.len();
        let facts = BrokenFileSystem { replicas: labels, everywhere, ..facts };
        Finding::volume(Facts::FileSystemDamaged(facts), exhibits)
    };
    groups.into_iter().map(finding).collect()
}

/// What it says, without whose view it is.
fn said(one: &FileSystem, state: &FsState) -> BrokenFileSystem {
    BrokenFileSystem {
        file_system: one.kind.to_owned(),
        partition: one.partition,
        replicas: Vec::new(),
        everywhere: false,
        errors: state.errors,
        error_count: state.error_count,
        last_error: state.last_error.map(|at| at.to_string()),
        needs_recovery: state.needs_recovery,
        wrong_checksum: state.wrong_checksum,
        missing_bytes: state.missing_bytes,
    }
}
