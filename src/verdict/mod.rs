//! From relations to an answer: which replica may be kept, how sure that is, and what must not be wiped.

mod case;
mod confidence;
mod decide;
mod notice;
mod rules;
pub(crate) mod words;

use serde::Serialize;

use crate::finding::Exhibit;
use crate::ident::Label;

pub use case::Case;
pub(crate) use case::hides_data;
pub use decide::{decide, holds_beside_view};
pub use notice::notice;
pub use rules::{RULES, Rule, RuleRow};

/// What kind of answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// All hold the same data.
    Consistent,
    /// At least one holds everything, and not all do.
    Authoritative,
    /// Two or more each hold what no other does.
    Irreconcilable,
    /// What would settle it is missing.
    InsufficientEvidence,
}

/// How sure an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Records alone, or gaps.
    Weak,
    /// Extents and records agree, and nothing contradicts them.
    Strong,
    /// Blocks compared in full on faithful copies, and every difference attributed without doubt.
    Proven,
}

/// What Jiva would make of it if it were simply started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// In every order all come up, nothing is lost, nothing differs silently.
    Safe,
    /// Some order loses data or splits the replicas.
    Unsafe,
    /// In no order does it come up writable.
    Stuck,
    /// Unknown.
    Unknown,
}

/// One reason, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Reason {
    /// A sentence.
    pub text: String,
    /// Where it can be looked up.
    pub evidence: Vec<Exhibit>,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Verdict {
    /// Its kind.
    pub kind: VerdictKind,
    /// How sure it is.
    pub confidence: Confidence,
    /// The rule that gave it.
    pub rule: Rule,
    /// What Jiva would make of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// Replicas that hold everything any supplied replica holds.
    pub holders: Vec<Label>,
    /// Where the answer cannot be given and leans on something: who would hold everything if that were so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub likely: Vec<Label>,
    /// The one to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Label>,
    /// Into how many lineages the data are split, where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ways: Option<usize>,
    /// Those lineages: replicas of the same data that no other replica exceeds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lineages: Vec<Vec<Label>>,
    /// Whether everything that could change the answer was there and readable.
    pub complete: bool,
    /// Why, most important first; never empty.
    pub reasons: Vec<Reason>,
    /// Replicas that must not be wiped.
    pub must_not_wipe: Vec<Label>,
    /// What to collect to settle or complete it.
    pub collect: Vec<String>,
    /// What would change it.
    pub would_change: Vec<String>,
}

impl VerdictKind {
    /// The exit code of `analyze`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Consistent => 0,
            Self::Authoritative => 10,
            Self::Irreconcilable => 20,
            Self::InsufficientEvidence => 30,
        }
    }

    /// As in the JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::Authoritative => "authoritative",
            Self::Irreconcilable => "irreconcilable",
            Self::InsufficientEvidence => "insufficient-evidence",
        }
    }
}

impl Confidence {
    /// As in the JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Strong => "strong",
            Self::Proven => "proven",
        }
    }
}

impl Start {
    /// As in the JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Stuck => "stuck",
            Self::Unknown => "unknown",
        }
    }
}
