//! What was found, in the form of an expectation.

use serde::Serialize;

use super::expected::{ExpectedReplica, ExpectedVerdict};
use crate::analysis::{Analysis, Volume};
use crate::replica::Replica;

/// Why an answer cannot be compared with an expectation at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Several volumes, or none.
    #[error("an expectation is about one volume, and {found}; name one in options.volume")]
    Volumes {
        /// What was found, in words.
        found: String,
    },
}

/// The one volume that an expectation is about.
pub(super) fn volume(analysis: &Analysis) -> Result<&Volume, Unfit> {
    match &analysis.volumes[..] {
        [volume] => Ok(volume),
        [] => Err(Unfit::Volumes { found: "none was found".to_owned() }),
        several => {
            let names: Vec<&str> = several.iter().map(|volume| volume.name.as_str()).collect();
            Err(Unfit::Volumes { found: format!("{} were found ({})", names.len(), names.join(", ")) })
        }
    }
}

/// The word that the JSON output has for a value.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("only values that are one word are asked for, not {other:?}"),
    }
}

/// Every key of a verdict.
pub(super) fn verdict_found(volume: &Volume) -> ExpectedVerdict {
    let verdict = &volume.verdict;
    let labels = |labels: &[crate::ident::Label]| labels.iter().map(ToString::to_string).collect();
    ExpectedVerdict {
        kind: Some(word(&verdict.kind)),
        confidence: Some(word(&verdict.confidence)),
        rule: Some(word(&verdict.rule)),
        start: verdict.start.as_ref().map(word),
        holders: Some(labels(&verdict.holders)),
        keep: Some(verdict.keep.as_ref().map(ToString::to_string)),
        ways: Some(verdict.ways),
        complete: Some(verdict.complete),
        must_not_wipe: Some(labels(&verdict.must_not_wipe)),
    }
}

/// Every key of a replica.
pub(super) fn replica_found(replica: &Replica) -> ExpectedReplica {
    ExpectedReplica {
        state: Some(word(&replica.state)),
        error: Some(replica.error.as_ref().map(ToString::to_string)),
        start_error: Some(replica.start_error.as_ref().map(ToString::to_string)),
        last_join: Some(word(&replica.last_join)),
        flags: Some(replica.flags.iter().map(word).collect()),
    }
}
