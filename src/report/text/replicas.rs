//! What each replica is: one row each.

use super::page::{Page, shorten};
use super::table::{Cell, Column, table};
use super::words;
use crate::analysis::Volume;
use crate::ident::{Counter, DiskName, Label};
use crate::lineage::RelationKind;
use crate::replica::{Quality, Replica, State};

/// Writes the table.
pub(super) fn write(page: &mut Page<'_>, volume: &Volume) {
    page.gap();
    let labels: Vec<String> =
        volume.replicas.iter().map(|replica| shorten(replica.label.as_str(), 16)).collect();
    let label = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).max(7);
    // What the other columns and their gutters leave of 80.
    let rest = 80 - label.min(16) - (5 + 10 + 16 + 10) - 5 * 2;
    let columns = [
        Column::text("replica", 16),
        Column::number("chain", 5),
        Column::number("counter", 10),
        Column::text("own since", 16),
        Column::text("last join", 10),
        Column::text("state", rest),
    ];
    let rows: Vec<Vec<Cell>> = volume
        .replicas
        .iter()
        .zip(labels)
        .map(|(replica, label)| {
            let join_at = replica.peer.as_ref().and_then(|peer| peer.created.as_deref());
            let mut join = vec![words::last_join(replica.last_join).to_owned()];
            // Only the day: the column is narrow, and `inspect` has the rest.
            join.extend(join_at.map(|at| words::when(at).chars().take(10).collect()));
            vec![
                label.into(),
                replica.chain.len().to_string().into(),
                counter(replica).into(),
                own_since(volume, replica),
                Cell::lines(join),
                state(volume, replica).into(),
            ]
        })
        .collect();
    table(page, 0, &columns, &rows);
}

fn counter(replica: &Replica) -> String {
    match replica.counter {
        Some(Counter(count)) => count.to_string(),
        None if replica.counter_unread => "not read".to_owned(),
        None => "none".to_owned(),
    }
}

fn state(volume: &Volume, replica: &Replica) -> String {
    let mut text = words::condition(replica, volume.copies.quality(&replica.label) == Quality::Defective);
    let all = volume.verdict.holders.len() == volume.replicas.len();
    if volume.verdict.holders.contains(&replica.label) && !all {
        text.push_str("; holds everything");
    }
    text
}

/// The state from which on its history is its own: the newest that it shares with one whose data differ, or with any
/// if all are equal.
fn own_since(volume: &Volume, replica: &Replica) -> Cell {
    let label = &replica.label;
    // An empty replica shares nothing with anybody: it says nothing of where the others part.
    let blank = |label: &Label| volume.replicas.iter().any(|r| r.label == *label && r.state == State::Blank);
    if replica.state == State::Blank {
        return "–".into();
    }
    let mine = || {
        let relations = volume.lineage.relations.iter();
        relations.filter(|relation| {
            (relation.a == *label && !blank(&relation.b)) || (relation.b == *label && !blank(&relation.a))
        })
    };
    let equal = |kind| matches!(kind, RelationKind::Identical | RelationKind::Equal);
    let shared = |differing: bool| -> Option<&DiskName> {
        mine()
            .filter(|relation| !differing || !equal(relation.kind))
            .filter_map(|relation| {
                relation.ancestor.as_ref().map(|(a, b)| if relation.a == *label { a } else { b })
            })
            .min_by_key(|disk| replica.chain.iter().position(|name| name == *disk))
    };
    let differs = mine().any(|relation| !equal(relation.kind));
    match shared(differs) {
        Some(disk) => {
            let made =
                replica.disk(disk).and_then(|disk| disk.read_record()).and_then(|r| r.created.as_deref());
            let mut lines = vec![shorten(&disk.short(), 16)];
            lines.extend(made.map(words::when));
            Cell::lines(lines)
        }
        None if mine().next().is_none() => "–".into(),
        None => "no ancestor".into(),
    }
}
