//! What keeps a process from starting, or a replica from taking a snapshot, and holds no data.

use super::{Asked, Change};
use crate::blocks::MergedView;
use crate::dialect::jiva::next_head_name;
use crate::evidence::{Entry, Kind};
use crate::ident::Run;
use crate::replica::{Flag, Replica, StartError};

/// No probe that Jiva writes is larger.
const PROBE: u64 = 4096;

/// Bytes compared at a time.
const STEP: u64 = 1 << 20;

pub(super) fn log_info(replica: &Replica) -> Asked {
    let Some(StartError::LogInfo(_)) = &replica.start_error else { return None };
    let proof = "log.info holds settings of the log and nothing of the volume; each start writes it anew";
    Some(Ok((vec![Change::remove("log.info")], vec![proof.to_owned()])))
}

pub(super) fn extent_probe(replica: &Replica) -> Asked {
    let Some(error @ StartError::ExtentProbe) = &replica.start_error else { return None };
    let file = error.file();
    let entry = entry(replica, file)?;
    if entry.kind != Kind::File || entry.size > PROBE {
        return Some(Err(format!("{file} is not the small file that a start makes: look into it first")));
    }
    let proof =
        format!("{file} has {} bytes and is in no chain; each start makes it and takes it away", entry.size);
    Some(Ok((vec![Change::remove(file)], vec![proof])))
}

/// The next head goes only where every block that it stores is the view's too.
pub(super) fn next_head(replica: &Replica) -> Asked {
    if !replica.flags.contains(&Flag::CannotSnapshot) {
        return None;
    }
    let next = next_head_name(replica.head.as_ref()?.as_str())?;
    Some(same_as_view(replica, &next).map(|blocks| {
        let record = format!("{next}.meta");
        let mut changes = vec![Change::remove(next.clone())];
        if entry(replica, &record).is_some() {
            changes.push(Change::remove(record));
        }
        let proof =
            format!("each of the {blocks} blocks that {next} stores is the same in the view of the head");
        (changes, vec![proof, format!("{next} is in no chain, and Jiva itself removes it where it is empty")])
    }))
}

fn same_as_view(replica: &Replica, next: &str) -> Result<u64, String> {
    if replica.chain.iter().any(|name| name.as_str() == next) {
        return Err(format!("{next} is in the chain"));
    }
    let view = MergedView::live(replica).map_err(|error| error.to_string())?;
    let disk = replica.disk(next).ok_or_else(|| format!("{next} is not there"))?;
    let image = disk.image.as_ref().ok_or_else(|| format!("{next} is not there"))?;
    if image.link.is_some() {
        return Err(format!("{next} is one file with another name"));
    }
    let extents = image.extents.as_ref().map_err(|error| format!("{next}: {error}"))?;
    let entry = &replica.source.entries()[image.entry];
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in &extents.runs {
        let end = run.end.min(image.size);
        if end > view.size() {
            return Err(format!("{next} stores data beyond the end of the volume"));
        }
        let mut at = run.start;
        while at < end {
            let step = Run { start: at, end: (at + STEP).min(end) };
            ours.resize(step.len() as usize, 0);
            theirs.resize(step.len() as usize, 0);
            let count =
                replica.source.read_at(entry, at, &mut ours).map_err(|error| format!("{next}: {error}"))?;
            if count < ours.len() {
                return Err(format!("{next} ends at byte {}", at + count as u64));
            }
            view.read_at(at, &mut theirs).map_err(|error| error.to_string())?;
            if ours != theirs {
                let differs = ours.iter().zip(&theirs).position(|(a, b)| a != b).unwrap_or(0) as u64;
                return Err(format!(
                    "{next} holds data that the view does not, first at byte {}; export {}@{next} and look into it",
                    at + differs,
                    replica.label
                ));
            }
            at = step.end;
        }
    }
    Ok(extents.runs.blocks())
}

fn entry<'a>(replica: &'a Replica, file: &str) -> Option<&'a Entry> {
    replica.source.entries().iter().find(|entry| entry.name == file)
}
