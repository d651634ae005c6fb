//! What keeping one replica would cost of each other, and what each pair is to each other.

use super::page::{Page, shorten};
use super::palette::Role;
use super::table::{Cell, Column, table};
use super::words;
use crate::analysis::Volume;
use crate::ident::Label;
use crate::lineage::{Relation, RelationKind};
use crate::verdict::VerdictKind;

/// Columns of prices side by side.
const ABREAST: usize = 4;
/// The widest label in a table.
const LABEL: usize = 14;
/// Pairs that are told one by one.
const PAIRS: usize = 15;

/// Who loses what, if one is kept.
pub(super) fn keep_or_lose(page: &mut Page<'_>, volume: &Volume) {
    let verdict = &volume.verdict;
    if !matches!(verdict.kind, VerdictKind::Irreconcilable | VerdictKind::Authoritative)
        || volume.replicas.len() < 2
    {
        return;
    }
    page.gap();
    let labels: Vec<&Label> = volume.replicas.iter().map(|replica| &replica.label).collect();
    for (at, lost) in labels.chunks(ABREAST).enumerate() {
        let mut columns = vec![Column::text("if you keep", LABEL)];
        columns.extend(lost.iter().enumerate().map(|(bt, label)| {
            let label = shorten(label.as_str(), LABEL - 3);
            let head =
                if at == 0 && bt == 0 { format!("you lose of {label}") } else { format!("of {label}") };
            Column::number(&head, LABEL)
        }));
        let rows: Vec<Vec<Cell>> = labels
            .iter()
            .map(|keep| {
                let mut row: Vec<Cell> = vec![shorten(keep.as_str(), LABEL).into()];
                row.extend(lost.iter().map(|lost| Cell::from(price(volume, keep, lost))));
                row
            })
            .collect();
        table(page, 0, &columns, &rows);
    }
}

fn price(volume: &Volume, keep: &Label, lose: &Label) -> String {
    if keep == lose {
        return "–".to_owned();
    }
    match volume.lineage.between(keep, lose).and_then(|relation| relation.lacks(keep, lose)) {
        Some(holds) => words::holds(holds),
        None => "unknown".to_owned(),
    }
}

/// A line for each pair.
pub(super) fn relations(page: &mut Page<'_>, volume: &Volume) {
    let relations = &volume.lineage.relations;
    let Some(first) = relations.first() else { return };
    let one_basis = relations.iter().all(|relation| relation.basis == first.basis);
    let heading =
        if one_basis { format!("pairs, {}", words::basis(first.basis)) } else { "pairs".to_owned() };
    page.heading(&heading);
    let rows: Vec<Vec<Cell>> = relations
        .iter()
        .take(PAIRS)
        .map(|relation| {
            let mut text = describe(relation);
            if !one_basis {
                text.push_str(&format!(" ({})", words::basis(relation.basis)));
            }
            vec![
                shorten(relation.a.as_str(), LABEL).into(),
                sign(relation.kind).into(),
                shorten(relation.b.as_str(), LABEL).into(),
                text.into(),
            ]
        })
        .collect();
    let label = |head| Column::text(head, LABEL);
    // 2 + 14 + 1 + 14 and three gutters leave 43 columns.
    table(page, 2, &[label(""), Column::text("", 1), label(""), Column::text("", 43)], &rows);
    if relations.len() > PAIRS {
        page.say(Role::Faint, 2, &format!("and {} more pairs: --output json", relations.len() - PAIRS));
    }
}

fn sign(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Identical | RelationKind::Equal => "=",
        RelationKind::Behind => "<",
        RelationKind::Ahead => ">",
        RelationKind::Diverged | RelationKind::Unrelated => "×",
        RelationKind::Unknown => "?",
    }
}

fn describe(relation: &Relation) -> String {
    let (more_a, more_b) = (words::holds(&relation.newer_a), words::holds(&relation.newer_b));
    let since =
        relation.ancestor.as_ref().map(|(disk, _)| format!(" since {}", disk.short())).unwrap_or_default();
    match relation.kind {
        RelationKind::Identical => "the same data, the same chain".to_owned(),
        RelationKind::Equal => "the same data in different chains".to_owned(),
        RelationKind::Behind => format!("{} has {more_b} more{since}", relation.b),
        RelationKind::Ahead => format!("{} has {more_a} more{since}", relation.a),
        RelationKind::Diverged => format!("each has what the other lacks{since}: {more_a} and {more_b}"),
        RelationKind::Unrelated => format!("no common ancestor; each has its own: {more_a} and {more_b}"),
        RelationKind::Unknown => "cannot be told".to_owned(),
    }
}
