//! One answer against the truth of a recording, counted as `score.py` counts.

use std::collections::BTreeSet;

use jivascope::verdict::{Confidence, Verdict, VerdictKind};
use serde_json::Value;

/// What one answer is worth.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Whether somebody holds everything.
    pub findable: bool,
    /// Whether it names somebody who does, and nobody who does not.
    pub found: bool,
    /// Whether it names somebody who lacks something, or proves a split where somebody holds everything.
    pub wrong: bool,
    /// Those it leaves unprotected.
    pub bare: Vec<String>,
    /// The answer and the truth.
    pub text: String,
}

/// Who holds what of a recording: `truth.json`.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    truth: &'a Value,
    labels: &'a BTreeSet<&'a str>,
}

impl<'a> Told<'a> {
    pub fn of(truth: &'a Value, labels: &'a BTreeSet<&'a str>) -> Self {
        Self { truth, labels }
    }

    fn pairs(&self, acknowledged: bool) -> &'a Value {
        let all = &self.truth["pairs"];
        if acknowledged { self.truth.get("pairs_acknowledged").unwrap_or(all) } else { all }
    }

    /// Whether one holds a block that another lacks, acknowledged writes alone counted or all.
    pub fn newer(&self, one: &str, other: &str, acknowledged: bool) -> bool {
        let count = &self.pairs(acknowledged)[format!("{one} newer than {other}")];
        count.as_u64().is_some_and(|count| count > 0)
    }

    /// One without a view holds nothing that could be named.
    fn is_viewed(&self, one: &str) -> bool {
        let pairs = self.pairs(false);
        let beside = |other: &&str| *other != one && pairs.get(format!("{one} newer than {other}")).is_some();
        self.labels.len() == 1 || self.labels.iter().any(beside)
    }

    fn holders(&self, chosen: &BTreeSet<&'a str>, acknowledged: bool) -> BTreeSet<&'a str> {
        let lacks = |one: &str| chosen.iter().any(|other| self.newer(other, one, acknowledged));
        chosen.iter().copied().filter(|one| self.is_viewed(one) && !lacks(one)).collect()
    }

    /// What an answer about these of its replicas is worth.
    pub fn score(&self, chosen: &BTreeSet<&'a str>, verdict: &Verdict) -> Score {
        let best = self.holders(chosen, false);
        let may: BTreeSet<&str> = best.union(&self.holders(chosen, true)).copied().collect();
        let named: BTreeSet<&str> =
            verdict.holders.iter().chain(&verdict.keep).map(|label| label.as_str()).collect();
        let definite = matches!(verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative);
        let proven = verdict.confidence == Confidence::Proven;
        let wrong = (definite && (named.is_empty() || !named.is_subset(&may)))
            || (verdict.kind == VerdictKind::Irreconcilable && proven && !best.is_empty());
        let keep = verdict.keep.as_ref().filter(|_| definite).map(|label| label.as_str());
        let bare = chosen.iter().filter(|one| {
            keep.is_some_and(|keep| **one != keep && self.newer(one, keep, true))
                && !verdict.must_not_wipe.iter().any(|label| label.as_str() == **one)
        });
        Score {
            findable: !best.is_empty(),
            found: definite && !wrong && !named.is_disjoint(&best),
            wrong,
            bare: bare.map(|label| (*label).to_owned()).collect(),
            text: format!(
                "{} {} ({}) names {named:?}, truth {may:?}",
                verdict.kind.as_str(),
                verdict.confidence.as_str(),
                verdict.rule
            ),
        }
    }
}
