//! What keeping one replica would cost of each other, and what each pair is to each other.

use unicode_width::UnicodeWidthStr;

use super::page::{Page, WIDTH, shorten};
use super::palette::Role;
use super::table::{Cell, Column, table};
use super::words;
use crate::analysis::Volume;
use crate::ident::Label;
use crate::lineage::{Doubt, Relation, RelationKind};
use crate::verdict::VerdictKind;

/// Before the label in the first column of prices.
const LEAD: &str = "and lose of ";
/// The widest price: `1023 KiB or more`.
const PRICE: usize = 16;
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
    let widest = labels.iter().map(|label| shorten(label.as_str(), LABEL).width()).max().unwrap_or(0);
    let (first, further) = (LEAD.len() + widest, (3 + widest).max(PRICE));
    // The first two columns and their gutters, then as many as fit.
    let room = WIDTH.saturating_sub(widest.max(4) + 2 + first + 2);
    for lost in labels.chunks(1 + room / (further + 2)) {
        let mut columns = vec![Column::text("keep", widest.max(4))];
        columns.extend(lost.iter().enumerate().map(|(at, label)| {
            let label = shorten(label.as_str(), LABEL);
            if at == 0 {
                Column::number(&format!("{LEAD}{label}"), first)
            } else {
                Column::number(&format!("of {label}"), further)
            }
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
    let known = |relation: &&Relation| !relation.doubts.contains(&Doubt::NotJudged);
    let relation = volume.lineage.between(keep, lose).filter(known);
    match relation.and_then(|relation| relation.lacks(keep, lose)) {
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
    let widest = |pick: fn(&Relation) -> &Label| {
        relations.iter().map(|relation| shorten(pick(relation).as_str(), LABEL).width()).max().unwrap_or(0)
    };
    let (a, b) = (widest(|relation| &relation.a), widest(|relation| &relation.b));
    let columns = [a, 1, b, WIDTH - 2 - a - 1 - b - 3 * 2].map(|widest| Column::text("", widest));
    table(page, 2, &columns, &rows);
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
