//! Where an answer differs from what is expected of it.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::expected::{self, Expected, ExpectedFindings, ExpectedRelation, ExpectedReplica, ExpectedVerdict};
use super::found::{Unfit, replica_found, verdict_found, volume, word};
use crate::analysis::{Analysis, Volume};
use crate::finding::Finding;
use crate::lineage::RelationKind;

/// One value that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Difference {
    /// The key of the expectation, as a path.
    pub key: String,
    /// What is expected there, in words.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// Compares what is stated, and nothing else; in the order of the keys.
///
/// # Errors
/// [`Unfit`] unless the analysis has exactly one volume.
pub fn differences(expected: &Expected, analysis: &Analysis) -> Result<Vec<Difference>, Unfit> {
    let volume = volume(analysis)?;
    let mut out = Differences(Vec::new());
    if let Some(wanted) = &expected.verdict {
        out.verdict(wanted, &verdict_found(volume));
    }
    if let Some(wanted) = &expected.findings {
        out.findings(wanted, &volume.findings);
    }
    for wanted in expected.relations.iter().flatten() {
        out.relation(wanted, volume);
    }
    for (label, wanted) in expected.replicas.iter().flatten() {
        match volume.replicas.iter().find(|replica| replica.label.as_str() == label) {
            Some(replica) => out.replica(label, wanted, &replica_found(replica)),
            None => {
                let labels =
                    volume.replicas.iter().map(|replica| replica.label.to_string()).collect::<Vec<_>>();
                out.add(format!("replicas.{label}"), "a replica of this label", list(&labels));
            }
        }
    }
    Ok(out.0)
}

struct Differences(Vec<Difference>);

impl Differences {
    fn add(&mut self, key: impl Into<String>, expected: impl fmt::Display, found: impl fmt::Display) {
        self.0.push(Difference { key: key.into(), expected: expected.to_string(), found: found.to_string() });
    }

    /// A value that is stated or not.
    fn value<T: PartialEq + fmt::Display>(&mut self, key: &str, wanted: Option<&T>, found: Option<&T>) {
        if let Some(wanted) = wanted.filter(|wanted| found != Some(wanted)) {
            self.add(key, wanted, found.map_or_else(|| NOTHING.to_owned(), T::to_string));
        }
    }

    /// A value that may be stated as absent.
    fn maybe<T: PartialEq + fmt::Display>(
        &mut self,
        key: &str,
        wanted: Option<&Option<T>>,
        found: Option<&Option<T>>,
    ) {
        let found = found.and_then(Option::as_ref);
        if let Some(wanted) = wanted.filter(|wanted| wanted.as_ref() != found) {
            let text = |value: Option<&T>| value.map_or_else(|| NOTHING.to_owned(), T::to_string);
            self.add(key, text(wanted.as_ref()), text(found));
        }
    }

    /// A list whose order says nothing.
    fn set(&mut self, key: &str, wanted: Option<&Vec<String>>, found: Option<&Vec<String>>) {
        let sorted = |list: &Vec<String>| list.iter().cloned().collect::<BTreeSet<_>>();
        let found: BTreeSet<String> = found.map(sorted).unwrap_or_default();
        if let Some(wanted) = wanted.map(sorted).filter(|wanted| *wanted != found) {
            self.add(key, list(&wanted), list(&found));
        }
    }

    fn verdict(&mut self, wanted: &ExpectedVerdict, found: &ExpectedVerdict) {
        self.value("verdict.kind", wanted.kind.as_ref(), found.kind.as_ref());
        self.value("verdict.confidence", wanted.confidence.as_ref(), found.confidence.as_ref());
        self.value("verdict.rule", wanted.rule.as_ref(), found.rule.as_ref());
        self.value("verdict.start", wanted.start.as_ref(), found.start.as_ref());
        self.set("verdict.holders", wanted.holders.as_ref(), found.holders.as_ref());
        self.maybe("verdict.keep", wanted.keep.as_ref(), found.keep.as_ref());
        self.maybe("verdict.ways", wanted.ways.as_ref(), found.ways.as_ref());
        self.value("verdict.complete", wanted.complete.as_ref(), found.complete.as_ref());
        self.set("verdict.must_not_wipe", wanted.must_not_wipe.as_ref(), found.must_not_wipe.as_ref());
    }

    fn findings(&mut self, wanted: &ExpectedFindings, found: &[Finding]) {
        for (key, texts, must) in
            [("findings.present", &wanted.present, true), ("findings.absent", &wanted.absent, false)]
        {
            for text in texts.iter().flatten() {
                let Ok((code, label)) = expected::finding(text) else { continue }; // refused when it was read
                let same = |finding: &&Finding| {
                    let about = finding.replica.as_ref().map(|replica| replica.as_str());
                    finding.code() == code && (label.is_none() || about == label)
                };
                match (found.iter().find(same), must) {
                    (None, true) => self.add(key, format!("{text}: {}", code.row().title), "no such finding"),
                    (Some(finding), false) => self.add(key, format!("no {text}"), finding.text()),
                    _ => {}
                }
            }
        }
    }

    fn relation(&mut self, wanted: &ExpectedRelation, volume: &Volume) {
        let (a, b) = (wanted.a.as_str(), wanted.b.as_str());
        let mut relations = volume.lineage.relations.iter();
        let found = relations.find_map(|relation| match (relation.a.as_str(), relation.b.as_str()) {
            (x, y) if (x, y) == (a, b) => Some(relation.kind),
            (x, y) if (y, x) == (a, b) => Some(match relation.kind {
                RelationKind::Ahead => RelationKind::Behind,
                RelationKind::Behind => RelationKind::Ahead,
                kind => kind,
            }),
            _ => None,
        });
        let found = found.map(|kind| word(&kind));
        let key = format!("relations.{a} to {b}");
        self.value(&key, Some(&wanted.kind), found.as_ref());
    }

    fn replica(&mut self, label: &str, wanted: &ExpectedReplica, found: &ExpectedReplica) {
        let key = |name: &str| format!("replicas.{label}.{name}");
        self.value(&key("state"), wanted.state.as_ref(), found.state.as_ref());
        self.maybe(&key("error"), wanted.error.as_ref(), found.error.as_ref());
        self.maybe(&key("start_error"), wanted.start_error.as_ref(), found.start_error.as_ref());
        self.value(&key("last_join"), wanted.last_join.as_ref(), found.last_join.as_ref());
        self.set(&key("flags"), wanted.flags.as_ref(), found.flags.as_ref());
    }
}

/// What stands for an absent value in a difference.
const NOTHING: &str = "nothing";

fn list<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    let items: Vec<&str> = items.into_iter().map(String::as_str).collect();
    if items.is_empty() { NOTHING.to_owned() } else { items.join(", ") }
}
