//! Records and `volume.meta`, made again from what their neighbours say.

use std::collections::BTreeSet;

use super::{Asked, Change};
use crate::analysis::Volume;
use crate::ident::DiskName;
use crate::replica::{Disk, Flag, KeyOrder, OpenError, Record, Replica, StartError, VolumeMeta};

/// The record of a disk.
pub(super) fn record(volume: &Volume, replica: &Replica) -> Asked {
    let disk = match replica.error.as_ref()? {
        OpenError::NoRecord(disk) | OpenError::Record { disk, .. } => disk,
        OpenError::NoFileToLink { head, .. } => head,
        _ => return None,
    };
    if replica.disk(disk).is_none_or(|disk| disk.image.is_none()) {
        return Some(Err(format!("{disk} has no image either: its layer is not here")));
    }
    Some(if replica.head.as_ref() == Some(disk) {
        of_head(replica, disk)
    } else {
        of_snapshot(volume, replica, disk)
    })
}

/// A head's parent stands in `volume.meta`, which Jiva writes in the same step.
fn of_head(replica: &Replica, head: &DiskName) -> Result<(Vec<Change>, Vec<String>), String> {
    let meta = replica.meta.as_ref().ok_or("volume.meta does not decode")?;
    if meta.rebuilding == Some(true) {
        return Err("a join was under way, which replaces the record of the head".to_owned());
    }
    let parent = meta.parent.as_deref().filter(|parent| !parent.is_empty());
    let parent = parent.ok_or("volume.meta names no parent of the head")?;
    let below =
        replica.disk(parent).ok_or_else(|| format!("{parent}, the parent of the head, is not here"))?;
    let record = below.read_record().ok_or_else(|| format!("{parent} has no record that decodes"))?;
    if replica.chain_from(&below.name).is_none() {
        return Err(format!("the chain below {parent} does not reach a base"));
    }
    if record.counter != meta.revision_counter {
        return Err(format!(
            "the counters of volume.meta and of {parent} differ: they are not of one snapshot"
        ));
    }
    let made = Record {
        name: Some(head.as_str().to_owned()),
        parent: Some(parent.to_owned()),
        removed: Some(false),
        user_created: Some(false),
        created: record.created.clone(),
        counter: record.counter,
        order: KeyOrder::Native,
        remarks: Vec::new(),
    };
    let proof = vec![
        format!("volume.meta names {head} as the head and {parent} as its parent; one snapshot writes both"),
        format!("the record of {parent} has the counter of volume.meta, and its chain reaches a base"),
    ];
    Ok((vec![Change::write(head.record(), made.to_json())], proof))
}

/// A snapshot has one record on all replicas.
fn of_snapshot(
    volume: &Volume,
    replica: &Replica,
    disk: &DiskName,
) -> Result<(Vec<Change>, Vec<String>), String> {
    let judged = |peer: &&Replica| peer.label != replica.label && volume.copies.is_judged(peer);
    let peers = volume.replicas.iter().filter(judged).filter_map(|peer| {
        let record = peer.disk(disk)?.read_record()?;
        Some((peer, record))
    });
    let peers: Vec<_> = peers.collect();
    let Some((first, record)) = peers.first() else {
        return Err(format!("no other replica has a record of {disk}"));
    };
    let key =
        |record: &Record| (record.parent.clone(), record.created.clone(), record.counter, record.removed);
    if let Some((other, _)) = peers.iter().find(|(_, other)| key(other) != key(record)) {
        return Err(format!("{} and {} have different records of {disk}", first.label, other.label));
    }
    if !record.remarks.is_empty() {
        return Err(format!("the record of {disk} on {} is odd itself", first.label));
    }
    let parent = record.parent.as_deref().unwrap_or("");
    let mut proof =
        vec![format!("{} has the record of this snapshot; a snapshot has one on all replicas", first.label)];
    if !parent.is_empty() {
        let below = replica.disk(parent).ok_or_else(|| format!("its parent {parent} is not here"))?;
        if replica.chain_from(&below.name).is_none() {
            return Err(format!("the chain below {parent} does not reach a base"));
        }
        proof.push(format!("its parent {parent} is here, and the chain below it reaches a base"));
    }
    let above = replica.disks.iter().filter(|one| one.parent() == Some(disk.as_str()));
    for child in above {
        if child.counter() < record.counter {
            return Err(format!("{} counts fewer writes than the record of {disk}", child.name));
        }
    }
    let made = Record { name: Some(disk.as_str().to_owned()), order: KeyOrder::Native, ..(*record).clone() };
    Ok((vec![Change::write(disk.record(), made.to_json())], proof))
}

/// `volume.meta`, where one head alone can be meant.
pub(super) fn volume_meta(replica: &Replica) -> Asked {
    let there = replica.source.entries().iter().any(|entry| entry.name == "volume.meta");
    let missing =
        replica.start_error == Some(StartError::NoVolumeMeta) || (!there && !replica.disks.is_empty());
    if !missing && !matches!(replica.error, Some(OpenError::VolumeMeta(_))) {
        return None;
    }
    Some(made_again(replica))
}

fn made_again(replica: &Replica) -> Result<(Vec<Change>, Vec<String>), String> {
    if replica.flags.contains(&Flag::HalfClone) {
        return Err("it may be an unfinished clone, of which volume.meta alone would say so".to_owned());
    }
    let heads: Vec<&Disk> = replica.disks.iter().filter(|disk| disk.name.is_head()).collect();
    let [head] = heads[..] else {
        return Err(format!("{} heads lie here: which is meant is not known", heads.len()));
    };
    let record = head.read_record().ok_or_else(|| format!("{} has no record that decodes", head.name))?;
    let own = record.order == KeyOrder::Native && record.name.as_deref() == Some(head.name.as_str());
    if !own {
        return Err(
            "the record of the head came from another replica: its last join may not have ended".to_owned()
        );
    }
    let chain = replica.chain_from(&head.name).ok_or("the chain of the head does not reach a base")?;
    let left: Vec<&str> = replica
        .disks
        .names()
        .filter(|name| chain.iter().all(|disk| disk.name != **name))
        .map(DiskName::as_str)
        .collect();
    if let Some(left) = left.first() {
        return Err(format!("{left} is outside of the chain of the head: another chain may be meant"));
    }
    let sizes: BTreeSet<Option<u64>> =
        chain.iter().map(|disk| disk.image.as_ref().map(|image| image.size)).collect();
    let size = match sizes.iter().collect::<Vec<_>>()[..] {
        [Some(size)] if *size > 0 && size % 512 == 0 => {
            i64::try_from(*size).map_err(|_| "the images are too large")?
        }
        _ => return Err("the images of the chain are not all of one size".to_owned()),
    };
    let counted = record.counter.is_some();
    let made = VolumeMeta {
        size: Some(size),
        head: Some(head.name.as_str().to_owned()),
        dirty: Some(false),
        rebuilding: Some(false),
        parent: Some(record.parent.clone().unwrap_or_default()),
        sector_size: Some(512),
        backing_file_name: Some(String::new()),
        clone_status: counted.then(|| "NA".to_owned()),
        checkpoint: counted.then(String::new),
        revision_counter: record.counter,
        uuid: None,
        remarks: Vec::new(),
    };
    let proof = vec![
        format!(
            "{} is the only head, its record is its own, and its chain holds every disk of the directory",
            head.name
        ),
        format!("every image of the chain has {size} bytes"),
        "the Checkpoint is left empty: a join then compares the whole chain and trusts no layer unseen"
            .to_owned(),
    ];
    Ok((vec![Change::write("volume.meta", made.to_json())], proof))
}
