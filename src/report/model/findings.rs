//! Findings by kind: the grave ones in full, each kind once with all its places; the others counted.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::finding::{Code, Finding, Severity};

/// All findings of a volume.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Findings<'a> {
    /// Those of danger and warning, gravest first, a group for each code.
    pub grave: Vec<FindingGroup<'a>>,
    /// How directories were taken for one volume, or not: everything else rests on it.
    pub grouping: Vec<&'a Finding>,
    /// The others: codes and how often.
    pub minor: Vec<(Code, usize)>,
}

/// Findings of one code.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FindingGroup<'a> {
    /// The code.
    pub code: Code,
    /// Each place.
    pub found: Vec<&'a Finding>,
}

impl<'a> Findings<'a> {
    pub(super) fn of(findings: &'a [Finding]) -> Self {
        let mut kinds: BTreeMap<(Reverse<Severity>, Code), Vec<&Finding>> = BTreeMap::new();
        for finding in findings {
            kinds.entry((Reverse(finding.severity()), finding.code())).or_default().push(finding);
        }
        let mut out = Self { grave: Vec::new(), grouping: Vec::new(), minor: Vec::new() };
        for ((Reverse(severity), code), found) in kinds {
            if matches!(code, Code::GroupedByHistory | Code::ToldApart) {
                out.grouping.extend(found);
            } else if severity == Severity::Info {
                out.minor.push((code, found.len()));
            } else {
                out.grave.push(FindingGroup { code, found });
            }
        }
        out
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.grave.is_empty() && self.grouping.is_empty() && self.minor.is_empty()
    }
}
