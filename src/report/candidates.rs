//! The rescue candidates of a replica in the JSON: each chain, and how it stands to the replicas that are judged.

use std::borrow::Cow;

use serde::Serialize;

use crate::blocks::{Held, Rescued};
use crate::ident::Label;
use crate::lineage::RelationKind;
use crate::lineage::rescue::Candidate;

/// A candidate; `compared` where blocks were read.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownCandidate<'a> {
    #[serde(flatten)]
    candidate: Cow<'a, Candidate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compared: Vec<ShownCompared<'a>>,
}

/// A candidate beside one replica that is judged.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownCompared<'a> {
    replica: &'a Label,
    /// What the candidate is to the replica.
    kind: RelationKind,
    /// Whether the replica holds everything that the candidate holds.
    held: Held,
    /// Blocks that the replica lacks.
    newer_blocks: u64,
}

/// Candidates that were compared with nothing.
pub(super) fn alone(candidates: Vec<Candidate>) -> Vec<ShownCandidate<'static>> {
    let shown = |candidate| ShownCandidate { candidate: Cow::Owned(candidate), compared: Vec::new() };
    candidates.into_iter().map(shown).collect()
}

/// Candidates with what comparing them found.
pub(super) fn compared<'a>(
    candidates: &'a [Candidate],
    rescued: Option<&'a Rescued>,
) -> Vec<ShownCandidate<'a>> {
    let beside = |candidate: &'a Candidate| {
        let found = rescued.into_iter().flat_map(|rescued| &rescued.relations);
        found.filter(|found| found.candidate == candidate.name).map(|found| ShownCompared {
            replica: &found.other,
            kind: found.relation.kind,
            held: found.held(),
            newer_blocks: found.relation.newer_a.blocks.blocks(),
        })
    };
    let shown = |candidate: &'a Candidate| ShownCandidate {
        candidate: Cow::Borrowed(candidate),
        compared: beside(candidate).collect(),
    };
    candidates.iter().map(shown).collect()
}
