//! Where histories part: who goes which way from a state, as far as what they hold differs afterwards.

use crate::analysis::Volume;
use crate::ident::Label;
use crate::lineage::{Relation, RelationKind};
use crate::report::words;

/// Replicas that go different ways from one state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parting {
    /// The replicas of each way; those that hold the same data go one way, whatever their disks are called.
    pub ways: Vec<Vec<Label>>,
    /// The same in words.
    pub text: String,
}

/// Who goes which way, where the states above are on these chains; `None` where all go one way or hold the same.
pub(super) fn parting<'a>(volume: &Volume, above: impl Iterator<Item = &'a [Label]>) -> Option<Parting> {
    let mut ways: Vec<Vec<Label>> = Vec::new();
    for way in above.filter(|way| !way.is_empty()) {
        let same = ways.iter_mut().find(|other| {
            kind(volume, &other[0], &way[0])
                .is_some_and(|kind| matches!(kind, RelationKind::Identical | RelationKind::Equal))
        });
        match same {
            Some(other) => other.extend(way.iter().cloned()),
            None => ways.push(way.to_vec()),
        }
    }
    if ways.len() < 2 {
        return None;
    }
    for way in &mut ways {
        way.sort();
        way.dedup();
    }
    let first = |way: &Vec<Label>| way[0].clone();
    let heads: Vec<Label> = ways.iter().map(first).collect();
    let kinds: Vec<Option<RelationKind>> = heads
        .iter()
        .enumerate()
        .flat_map(|(at, one)| heads[at + 1..].iter().map(move |other| kind(volume, one, other)))
        .collect();
    let diverged =
        |kind: &Option<RelationKind>| matches!(kind, Some(RelationKind::Diverged | RelationKind::Unrelated));
    let unknown = |kind: &Option<RelationKind>| matches!(kind, None | Some(RelationKind::Unknown));
    // No more is claimed than is known of each pair.
    let what = if kinds.iter().any(diverged) {
        "diverged after this"
    } else if kinds.iter().any(unknown) {
        "separate after this, unknown whether the data differ"
    } else {
        "different data after this"
    };
    let named: Vec<String> = ways.iter().map(|way| words::labels(way.iter())).collect();
    let text = format!("{what}: {}", named.join(" | "));
    Some(Parting { ways, text })
}

fn kind(volume: &Volume, one: &Label, other: &Label) -> Option<RelationKind> {
    volume.lineage.between(one, other).map(|relation: &Relation| relation.kind)
}
