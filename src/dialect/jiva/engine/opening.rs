//! What merely opening a replica changes in its directory.
//!
//! An opening fills in counters, makes images that are missing, and writes `volume.meta` anew. It fails at the first
//! thing that Jiva cannot read, and keeps what it changed until then. What the start of a process does beside it
//! (`log.info`, `replica.log`, a UUID, a new volume where `volume.meta` is missing) is not part of it, nor are holes
//! that a leader punches afterwards.

use std::collections::BTreeSet;

use crate::dialect::jiva::Generation;
use crate::finding::Code;
use crate::ident::Version;
use crate::ident::{Counter, DiskName};
use crate::replica::{Disk, OpenError, Replica};
use crate::replica::{KeyOrder, VolumeMeta};

/// Files that an opening by this version adds (`+name`), removes (`-name`) or changes in content (`~name`), sorted.
pub fn opening_changes(replica: &Replica, version: Version) -> Vec<String> {
    let mut changes = Changes { replica, list: BTreeSet::new() };
    if replica.is_jivas() {
        changes.open(version);
    }
    changes.list.into_iter().collect()
}

struct Changes<'a> {
    replica: &'a Replica,
    list: BTreeSet<String>,
}

impl Changes<'_> {
    fn open(&mut self, version: Version) {
        let replica = self.replica;
        let meta = replica.meta.as_ref();
        if meta.is_some_and(|meta| meta.size.unwrap_or(0) % 512 != 0) {
            return;
        }
        let counter = match replica.counter {
            Some(counter) => counter,
            None if replica.findings.iter().any(|finding| finding.code() == Code::CounterMissing) => {
                self.list.insert("+revision.counter".to_owned());
                Counter(1)
            }
            None => return,
        };
        let Some(meta) = meta else { return };
        let Some(head) = replica.head.as_ref().filter(|head| !head.as_str().contains('/')) else { return };
        if version.fills_counters() {
            self.fill_counters(counter, version);
        }
        if replica.chain.is_empty() {
            return self.create_over(head);
        }
        let whole = replica.chain_disks().next_back().is_some_and(|disk| {
            disk.read_record().is_some_and(|record| record.parent.as_deref().unwrap_or("").is_empty())
        });
        if !whole || replica.chain.len() > version.chain_limit() {
            return;
        }
        for Disk { name, .. } in replica.chain_disks().rev().filter(|disk| disk.image.is_none()) {
            if matches!(&replica.error, Some(OpenError::ImageNotAFile { disk, .. }) if disk == name) {
                return; // something that is not a file bears its name, and the opening ends here
            }
            self.list.insert(format!("+{name}"));
        }
        if replica.error.is_none() {
            let after = opened(meta, replica.parent.as_ref(), version.generation());
            self.write("volume.meta", !meta.remarks.is_empty() || after != *meta);
        }
    }

    /// Writes a file through its temporary, which a left-over one does not survive.
    fn write(&mut self, name: &str, changed: bool) {
        if changed {
            self.list.insert(format!("~{name}"));
        }
        let temporary = format!("{name}.tmp");
        if self.replica.temporaries.contains(&temporary) {
            self.list.insert(format!("-{temporary}"));
        }
    }

    /// Records with a counter of 0 or 1, or none, get the counter of now, in the order of keys of Jiva's own.
    fn fill_counters(&mut self, counter: Counter, version: Version) {
        let replica = self.replica;
        let read: Vec<&Disk> = if version.reads_all_records() {
            replica.disks.iter().collect()
        } else {
            replica.chain_disks().collect()
        };
        for disk in read {
            let Some(record) = disk.read_record() else { continue };
            if record.counter.is_some_and(|count| count.0 > 1) {
                continue;
            }
            let same = record.counter == Some(counter)
                && record.order == KeyOrder::Native
                && record.remarks.is_empty()
                && record.name.as_deref() == Some(disk.name.as_str());
            self.write(&disk.name.record(), !same);
        }
    }

    /// Without the head's record Jiva means to make a new disk, fails, and clears away what it takes for its own.
    fn create_over(&mut self, head: &DiskName) {
        if self
            .replica
            .disk(head)
            .is_some_and(|disk| !matches!(disk.record, crate::replica::RecordState::Absent))
        {
            return; // a record that does not decode
        }
        let base = DiskName::from("volume-snap-000.img");
        if let Some(disk) = self.replica.disk(&base) {
            if disk.image.is_some() {
                self.list.insert(format!("-{base}"));
            }
            if disk.read_record().is_some() {
                self.list.insert(format!("-{}", base.record()));
            }
        }
    }
}

/// `volume.meta` as an opening writes it: with the keys of the running version, and those only.
fn opened(meta: &VolumeMeta, parent: Option<&DiskName>, keys: Generation) -> VolumeMeta {
    let mut after = VolumeMeta {
        size: Some(meta.size.unwrap_or(0)),
        head: Some(meta.head.clone().unwrap_or_default()),
        dirty: Some(true),
        rebuilding: Some(meta.rebuilding.unwrap_or(false)),
        parent: Some(parent.map(ToString::to_string).unwrap_or_default()),
        sector_size: Some(meta.sector_size.unwrap_or(512)),
        backing_file_name: Some(meta.backing_file_name.clone().unwrap_or_default()),
        clone_status: None,
        checkpoint: None,
        revision_counter: None,
        uuid: None,
        remarks: Vec::new(),
    };
    if keys.writes_clone_status() {
        after.clone_status = Some(meta.clone_status.clone().unwrap_or_default());
    }
    if keys.writes_revision_counter() {
        after.revision_counter = Some(meta.revision_counter.unwrap_or(Counter(0)));
    }
    if keys.writes_checkpoint() {
        after.checkpoint = Some(meta.checkpoint.clone().unwrap_or_default());
    }
    if keys.writes_uuid() {
        after.uuid = Some(meta.uuid.clone().unwrap_or_default());
    }
    after
}
