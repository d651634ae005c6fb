//! What keeping one replica would lose of each other.

use crate::analysis::Volume;
use crate::ident::Label;
use crate::lineage::Doubt;
use crate::report::words;
use crate::verdict::VerdictKind;

/// A table: rows are replicas that are kept, columns those that are given up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// The replicas, by label.
    pub labels: Vec<Label>,
    /// For each that is kept, what is lost of each; `–` of itself.
    pub rows: Vec<Vec<String>>,
}

/// The table; `None` where nothing is to be chosen.
pub(super) fn losses(volume: &Volume) -> Option<Losses> {
    let chosen = matches!(volume.verdict.kind, VerdictKind::Irreconcilable | VerdictKind::Authoritative);
    if !chosen || volume.replicas.len() < 2 {
        return None;
    }
    let labels: Vec<Label> = volume.replicas.iter().map(|replica| replica.label.clone()).collect();
    let row = |keep: &Label| labels.iter().map(|lost| loss(volume, keep, lost)).collect();
    let rows = labels.iter().map(row).collect();
    Some(Losses { labels, rows })
}

fn loss(volume: &Volume, keep: &Label, lost: &Label) -> String {
    if keep == lost {
        return "–".to_owned();
    }
    let relation =
        volume.lineage.between(keep, lost).filter(|relation| !relation.doubts.contains(&Doubt::NotJudged));
    match relation.and_then(|relation| relation.lacks(keep, lost)) {
        Some(holds) => words::holds(holds),
        None => "unknown".to_owned(),
    }
}
