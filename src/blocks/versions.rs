//! Reading what replicas had at the newest state that they share, where a relation turns on it.
//!
//! A block that only one side wrote since makes it newer there only if it started from what the other shows. And two
//! sides differ by one write only if what one of them wrote covers all that differs.

use super::compare::compare_views;
use super::replicas::Comparison;
use super::unread::Unread;
use super::view::{MergedView, ViewError};
use crate::evidence::ReadError;
use crate::ident::{DiskName, Label, Run, Runs};
use crate::lineage::{self, Content, Former, Lineage, OneWrite, Relation, Side, Wanted};
use crate::progress::Progress;
use crate::replica::{Copies, Replica};

/// Relates replicas whose blocks were compared: once by what was compared, and once more with the versions of the
/// newest shared states that the first relations ask for.
pub fn relate(
    replicas: &[Replica],
    found: &mut Comparison,
    copies: &Copies,
    factor: usize,
    progress: &dyn Progress,
) -> Lineage {
    let (_, relations) = lineage::relations(replicas, &found.contents, copies, factor);
    versions(replicas, &relations, found, progress);
    Lineage::of(replicas, &found.contents, copies, factor)
}

/// Reads what the relations want, and puts it to what was compared.
fn versions(replicas: &[Replica], relations: &[Relation], found: &mut Comparison, progress: &dyn Progress) {
    for relation in relations {
        let Some(wanted) = &relation.wanted else { continue };
        let pair = (relation.a.clone(), relation.b.clone());
        let of = |label: &Label| Replica::among(replicas, label);
        let (Some(a), Some(b)) = (of(&relation.a), of(&relation.b)) else { continue };
        let Some(content) = found.contents.get_mut(&pair).filter(|content| content.former.is_none()) else {
            continue;
        };
        // What has no view is not known; the relation keeps its doubt.
        if let Ok(former) = read(a, b, wanted, content, progress, &mut found.unread) {
            content.former = Some(former);
        }
    }
}

fn read(
    a: &Replica,
    b: &Replica,
    wanted: &Wanted,
    content: &Content,
    progress: &dyn Progress,
    unread: &mut Vec<Unread>,
) -> Result<Former, ViewError> {
    let (then_a, then_b) = (disk(a, wanted.at.0), disk(b, wanted.at.1));
    let differs = |owner: &Replica, then: &DiskName, other: &Replica, runs: &Runs| {
        if runs.is_empty() {
            return Ok(Runs::new());
        }
        let views = vec![MergedView::at(owner, then)?, own(other)?];
        let compared = compare_views(views, &[(0, 1)], None, Some(runs), progress);
        // What could not be read counts as differing.
        let unread = compared.failed(0).union(&compared.failed(1));
        Ok::<_, ViewError>(compared.between(0, 1).union(&unread).intersection(runs))
    };
    Ok(Former {
        at: wanted.at,
        differs_a: differs(a, &then_a, b, &wanted.of_a)?,
        differs_b: differs(b, &then_b, a, &wanted.of_b)?,
        one_write: match wanted.one_write {
            Some((run, side)) if !content.tips.is_empty() => {
                let then = match side {
                    Some(Side::B) => MergedView::at(b, &then_b)?,
                    _ => MergedView::at(a, &then_a)?,
                };
                one_write(&own(a)?, &own(b)?, &then, run, side.is_some(), unread)
            }
            _ => None,
        },
    })
}

/// The view of a replica's own state.
pub(super) fn own(replica: &Replica) -> Result<MergedView, ViewError> {
    match replica.tip() {
        Some(tip) => MergedView::at(replica, tip),
        None => MergedView::live(replica),
    }
}

/// The disk at a level, counted from the base.
pub(super) fn disk(replica: &Replica, level: usize) -> DiskName {
    let at = replica.chain.len().checked_sub(level + 1);
    at.and_then(|at| replica.chain.get(at)).cloned().unwrap_or_else(|| DiskName::from(""))
}

/// Whether what one side changed covers every byte that differs; `None` where the bytes are not at hand. What should be at
/// hand and cannot be read is put to `unread`.
fn one_write(
    a: &MergedView,
    b: &MergedView,
    then: &MergedView,
    run: Run,
    stored: bool,
    unread: &mut Vec<Unread>,
) -> Option<OneWrite> {
    let mut read = |view: &MergedView| {
        let mut bytes = vec![0; usize::try_from(run.len()).ok()?];
        let size = view.size().clamp(run.start, run.end) - run.start;
        match view.read_at(run.start, &mut bytes[..size as usize]) {
            Ok(_) => Some(bytes),
            // A capsule was never to hold them, or cannot be asked.
            Err(ViewError::Read { source: ReadError::NoData | ReadError::NoKey, .. }) => None,
            Err(error) => {
                unread.push(Unread::of(&error, view, run));
                None
            }
        }
    };
    let (a, b, then) = (read(a)?, read(b)?, read(then)?);
    // A write reaches from its first changed byte to its last, in pieces of a sector.
    const SECTOR: usize = 512;
    let changed = |wrote: &[u8]| -> Vec<bool> {
        wrote.chunks(SECTOR).zip(then.chunks(SECTOR)).map(|(now, then)| now != then).collect()
    };
    let apart: Vec<bool> = a.chunks(SECTOR).zip(b.chunks(SECTOR)).map(|(a, b)| a != b).collect();
    let bears = |wrote: &[u8]| {
        let changed = changed(wrote);
        let (Some(first), Some(last)) = (changed.iter().position(|c| *c), changed.iter().rposition(|c| *c))
        else {
            return false;
        };
        apart.iter().enumerate().all(|(at, apart)| !apart || (first..=last).contains(&at))
    };
    Some(OneWrite { by_a: bears(&a), by_b: bears(&b), stored })
}
