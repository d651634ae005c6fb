//! One ordered account of a volume: what logs tell, with what records and times of files tell.

use crate::lineage::{Lineage, RelationKind};
use crate::replica::Replica;
use crate::witness::{Happened, Moment};

/// Puts what the directories tell among what the logs tell.
pub(super) fn timeline(logged: &[Happened], replicas: &[Replica], lineage: &Lineage) -> Vec<Happened> {
    let mut out = logged.to_vec();
    for replica in replicas {
        disks(replica, &mut out);
        out.extend(counted(replica));
    }
    parted(replicas, lineage, &mut out);
    out.sort_by_cached_key(|one| (one.at.is_none(), when(one)));
    out
}

/// Times sort as moments: a fraction of a second stands in some of them.
fn when(entry: &Happened) -> Option<Moment> {
    entry.at.as_deref().and_then(Moment::parse)
}

fn disks(replica: &Replica, out: &mut Vec<Happened>) {
    for disk in replica.chain_disks().filter(|disk| disk.name.is_snapshot()) {
        let created = disk.read_record().and_then(|record| record.created.clone());
        let at = created.as_deref().and_then(Moment::parse).map(|at| at.to_string());
        let event = format!("snapshot {} created", disk.name);
        let (subject, file) = (replica.label.to_string(), format!("{}/{}", replica.path, disk.name.record()));
        out.push(Happened::recorded(at, event, subject, file));
    }
}

/// The last write that was counted: a write changes the file of the counter.
fn counted(replica: &Replica) -> Option<Happened> {
    const COUNTER: &str = "revision.counter";
    let (counter, seconds) = (replica.counter?, replica.changed_at(COUNTER)?);
    let at = Moment::from_millis(i64::try_from(seconds).ok()?.checked_mul(1000)?)?;
    let (subject, file) = (replica.label.to_string(), format!("{}/{COUNTER}", replica.path));
    Some(Happened::of_file(Some(at.to_string()), format!("counter {counter} written last"), subject, file))
}

/// The moment after which two histories part: the newest snapshot that both have.
fn parted(replicas: &[Replica], lineage: &Lineage, out: &mut Vec<Happened>) {
    for relation in lineage.relations.iter().filter(|relation| relation.kind == RelationKind::Diverged) {
        let Some((disk, _)) = &relation.ancestor else { continue };
        let Some(replica) = replicas.iter().find(|one| one.label == relation.a) else { continue };
        let created = replica.disk(disk).and_then(|disk| disk.read_record()?.created.clone());
        let at = created.as_deref().and_then(Moment::parse).map(|at| at.to_string());
        let event = format!("the histories part after this: {disk} is the newest state that both have");
        let subject = format!("{} and {}", relation.a, relation.b);
        out.push(Happened::recorded(at, event, subject, format!("{}/{}", replica.path, disk.record())));
    }
}
