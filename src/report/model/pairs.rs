//! What each pair is to each other.

use crate::analysis::Volume;
use crate::ident::Label;
use crate::lineage::{Relation, RelationKind};
use crate::report::words;

/// Pairs that are written out.
const MOST: usize = 15;

/// All pairs of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pairs {
    /// What they rest on, where all rest on the same.
    pub basis: Option<&'static str>,
    /// Those that are written out.
    pub rows: Vec<Pair>,
    /// How many are not.
    pub left_out: usize,
}

/// One pair.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pair {
    /// The first replica.
    pub a: Label,
    /// `=`, `<`, `>`, `×` or `?`.
    pub sign: &'static str,
    /// The second replica.
    pub b: Label,
    /// What they are to each other.
    pub text: String,
}

/// The pairs; `None` of a replica alone.
pub(super) fn pairs(volume: &Volume) -> Option<Pairs> {
    let relations = &volume.lineage.relations;
    let first = relations.first()?.basis;
    let basis = relations.iter().all(|relation| relation.basis == first).then(|| words::basis(first));
    let row = |relation: &Relation| {
        let mut text = describe(relation);
        if basis.is_none() {
            text.push_str(&format!(" ({})", words::basis(relation.basis)));
        }
        Pair { a: relation.a.clone(), sign: sign(relation.kind), b: relation.b.clone(), text }
    };
    let rows: Vec<Pair> = relations.iter().take(MOST).map(row).collect();
    Some(Pairs { basis, left_out: relations.len() - rows.len(), rows })
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

pub(super) fn describe(relation: &Relation) -> String {
    let Relation { a, b, .. } = relation;
    let (more_a, more_b) = (words::holds(&relation.newer_a), words::holds(&relation.newer_b));
    let after =
        relation.ancestor.as_ref().map(|(disk, _)| format!(" after {}", disk.short())).unwrap_or_default();
    match relation.kind {
        RelationKind::Identical => "same data, same chain".to_owned(),
        RelationKind::Equal => "same data, different chains".to_owned(),
        RelationKind::Behind => format!("{b} has {more_b} more{after}"),
        RelationKind::Ahead => format!("{a} has {more_a} more{after}"),
        RelationKind::Diverged => format!("diverged{after}; only in {a}: {more_a}, only in {b}: {more_b}"),
        RelationKind::Unrelated => {
            format!("no common ancestor; only in {a}: {more_a}, only in {b}: {more_b}")
        }
        RelationKind::Unknown => "unknown".to_owned(),
    }
}
