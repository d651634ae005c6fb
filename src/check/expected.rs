//! The expectation file: its keys, and which texts are one.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::finding::Code;

/// Name of the file in the directory of a case.
pub const FILE_NAME: &str = "expected.json";

/// What is expected of a case. A key that is absent is not looked at; `null` expects that there is nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Expected {
    /// For readers: what the case shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The inputs, as `LABEL=PATH` or `PATH` below the case's directory. Without this key every directory and every
    /// archive beside the file is one, labelled by its name without ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<String>>,
    /// How to judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<ExpectedOptions>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<ExpectedVerdict>,
    /// Findings that must and must not appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<ExpectedFindings>,
    /// What replicas are to each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relations: Option<Vec<ExpectedRelation>>,
    /// What is expected of replicas, by label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<BTreeMap<String, ExpectedReplica>>,
}

/// How a case is to be judged: the options of `analyze` that change the answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExpectedOptions {
    /// How many replicas the volume should have; 3 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<u16>,
    /// Whether no block is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_only: Option<bool>,
    /// Whether replicas that nobody supplied are left out of the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_missing: Option<bool>,
    /// The volume to judge, where the inputs hold several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
}

/// What is expected of the verdict; names and values as in the output of `analyze`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExpectedVerdict {
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How sure it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
    /// The rule that gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What would come of simply starting Jiva.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Replicas that hold everything, in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holders: Option<Vec<String>>,
    /// The one to keep; `null` for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    pub keep: Option<Option<String>>,
    /// How many ways the data are split; `null` for a verdict that tells none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    pub ways: Option<Option<usize>>,
    /// Whether everything that could change the answer was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
    /// Replicas that must not be wiped, in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_not_wipe: Option<Vec<String>>,
}

/// Findings by code, each `CODE` or `CODE LABEL` where it must be about that replica.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExpectedFindings {
    /// Those that must appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<Vec<String>>,
    /// Those that must not appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Vec<String>>,
}

/// What is expected of a pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExpectedRelation {
    /// One replica.
    pub a: String,
    /// The other.
    pub b: String,
    /// What `a` is to `b`.
    pub kind: String,
}

/// What is expected of a replica.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExpectedReplica {
    /// Whether Jiva would open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The error with which Jiva would fail to open it; `null` for none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    pub error: Option<Option<String>>,
    /// The error that ends its process before it opens anything; `null` for none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stated")]
    pub start_error: Option<Option<String>>,
    /// How its last join went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_join: Option<String>,
    /// Its flags, in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<String>>,
}

/// Why a text is not an expectation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectedError {
    /// Not JSON, a key that does not exist, or a value of the wrong kind.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A finding that is not in the catalog: it could never appear, and never fail to.
    #[error("findings: {0:?} is no finding code; write JV0nn or \"JV0nn LABEL\"")]
    Code(String),
    /// A value that no answer ever has.
    #[error("{key}: {value:?} is none of {allowed}")]
    Value {
        /// The key, as a path.
        key: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        allowed: String,
    },
}

impl Expected {
    /// Reads an expectation. Empty text expects nothing.
    ///
    /// # Errors
    /// Text that is no JSON, names a key that does not exist, or holds a value that no answer can have.
    pub fn parse(text: &str) -> Result<Self, ExpectedError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let expected: Self = serde_json::from_str(text)?;
        expected.validate()?;
        Ok(expected)
    }

    /// The text of the file, with a line feed at its end.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("every key is a string");
        text.push('\n');
        text
    }

    /// Whether nothing is expected of the answer.
    pub fn is_silent(&self) -> bool {
        self.verdict.is_none()
            && self.findings.is_none()
            && self.relations.is_none()
            && self.replicas.is_none()
    }

    fn validate(&self) -> Result<(), ExpectedError> {
        if let Some(verdict) = &self.verdict {
            one_of(
                "verdict.kind",
                verdict.kind.as_ref(),
                &["consistent", "authoritative", "irreconcilable", "insufficient-evidence"],
            )?;
            one_of("verdict.confidence", verdict.confidence.as_ref(), &["weak", "strong", "proven"])?;
            one_of("verdict.start", verdict.start.as_ref(), &["safe", "unsafe", "stuck", "unknown"])?;
        }
        let findings = self.findings.iter().flat_map(|f| f.present.iter().chain(&f.absent)).flatten();
        for text in findings {
            finding(text)?;
        }
        for relation in self.relations.iter().flatten() {
            let kinds = ["identical", "equal", "behind", "ahead", "diverged", "unrelated", "unknown"];
            one_of("relations.kind", Some(&relation.kind), &kinds)?;
        }
        for replica in self.replicas.iter().flat_map(BTreeMap::values) {
            one_of("replicas.state", replica.state.as_ref(), &["usable", "broken", "blank"])?;
            let joins = ["none", "finished", "unfinished", "refused"];
            one_of("replicas.last_join", replica.last_join.as_ref(), &joins)?;
        }
        Ok(())
    }
}

/// Splits `CODE` or `CODE LABEL`.
pub(super) fn finding(text: &str) -> Result<(Code, Option<&str>), ExpectedError> {
    let (code, label) = match text.split_once(' ') {
        Some((code, label)) => (code, Some(label)),
        None => (text, None),
    };
    let code = Code::parse(code).filter(|_| label != Some(""));
    code.map(|code| (code, label)).ok_or_else(|| ExpectedError::Code(text.to_owned()))
}

fn one_of(key: &'static str, value: Option<&String>, allowed: &[&str]) -> Result<(), ExpectedError> {
    match value {
        Some(value) if !allowed.contains(&value.as_str()) => {
            Err(ExpectedError::Value { key, value: value.clone(), allowed: allowed.join(", ") })
        }
        _ => Ok(()),
    }
}

/// A key that is there, `null` included.
fn stated<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_not_absent() {
        let both = Expected::parse(r#"{"verdict": {"keep": null}}"#).unwrap();
        assert_eq!(both.verdict.as_ref().unwrap().keep, Some(None));
        assert_eq!(both.verdict.as_ref().unwrap().ways, None);
        assert_eq!(Expected::parse(&both.to_text()).unwrap(), both);
    }

    #[test]
    fn what_can_never_hold_is_refused() {
        for (text, said) in [
            (r#"{"verdict": {"knd": "consistent"}}"#, "unknown field `knd`"),
            (r#"{"verdicts": {}}"#, "unknown field `verdicts`"),
            (r#"{"verdict": {"kind": "consistant"}}"#, "verdict.kind: \"consistant\" is none of consistent"),
            (r#"{"verdict": {"ways": "two"}}"#, "invalid type"),
            (r#"{"findings": {"absent": ["JV999"]}}"#, "\"JV999\" is no finding code"),
            (r#"{"findings": {"present": ["JV001 "]}}"#, "is no finding code"),
            (r#"{"relations": [{"a": "x", "b": "y"}]}"#, "missing field `kind`"),
            (r#"{"replicas": {"x": {"state": "dead"}}}"#, "replicas.state"),
            ("{", "EOF"),
        ] {
            let error = Expected::parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
        assert_eq!(Expected::parse(" \n").unwrap(), Expected::default());
    }
}
