//! An expectation brought up to date.

use std::collections::{BTreeMap, BTreeSet};

use super::expected::{self, Expected, ExpectedFindings, ExpectedRelation, ExpectedReplica, ExpectedVerdict};
use super::found::{Unfit, replica_found, verdict_found, volume, word};
use crate::analysis::{Analysis, Volume};
use crate::finding::{Finding, Severity};
use crate::lineage::RelationKind;

/// The same expectation with what was found in the place of every key that it states; for one that states nothing,
/// the verdict, every relation, each replica's state and errors, and the findings that are more than worth knowing.
///
/// A finding that must appear and does not is left out; one that must not appear and does is left out there. Order
/// and input keys stay as they are.
///
/// # Errors
/// [`Unfit`] unless the analysis has exactly one volume.
pub fn updated(expected: &Expected, analysis: &Analysis) -> Result<Expected, Unfit> {
    let volume = volume(analysis)?;
    let mut out = expected.clone();
    if expected.is_silent() {
        fill(&mut out, volume);
        return Ok(out);
    }
    if let Some(stated) = &mut out.verdict {
        verdict(stated, verdict_found(volume));
    }
    if let Some(ExpectedFindings { present, absent }) = &mut out.findings {
        for (list, must) in [(present, true), (absent, false)] {
            list.iter_mut().for_each(|list| list.retain(|text| appears(text, &volume.findings) == must));
        }
    }
    if let Some(stated) = &mut out.relations {
        let all = relations(volume);
        stated.retain_mut(|one| {
            let found = all.iter().find(|other| {
                (&other.a, &other.b) == (&one.a, &one.b) || (&other.b, &other.a) == (&one.a, &one.b)
            });
            found.is_some_and(|found| {
                one.kind = if found.a == one.a { found.kind.clone() } else { turned(&found.kind) };
                true
            })
        });
    }
    if let Some(stated) = &mut out.replicas {
        stated.retain(|label, one| {
            let found = volume.replicas.iter().find(|replica| replica.label.as_str() == label);
            found.is_some_and(|found| {
                replica(one, replica_found(found));
                true
            })
        });
    }
    Ok(out)
}

/// Everything that an expectation can state, findings of every severity included.
///
/// # Errors
/// [`Unfit`] unless the analysis has exactly one volume.
pub fn picture(analysis: &Analysis) -> Result<Expected, Unfit> {
    let volume = volume(analysis)?;
    let mut out = Expected::default();
    fill(&mut out, volume);
    let all: BTreeSet<String> = volume.findings.iter().map(named).collect();
    out.findings = Some(ExpectedFindings { present: Some(all.into_iter().collect()), absent: None });
    let replicas = volume.replicas.iter();
    out.replicas =
        Some(replicas.map(|replica| (replica.label.to_string(), replica_found(replica))).collect());
    Ok(out)
}

/// A finding as an expectation names it.
fn named(finding: &Finding) -> String {
    match &finding.replica {
        Some(replica) => format!("{} {replica}", finding.code()),
        None => finding.code().to_string(),
    }
}

/// States what an author would state first.
fn fill(out: &mut Expected, volume: &Volume) {
    out.verdict = Some(verdict_found(volume));
    let grave = volume.findings.iter().filter(|finding| finding.severity() > Severity::Info);
    let present: BTreeSet<String> = grave.map(named).collect();
    out.findings = Some(ExpectedFindings { present: Some(present.into_iter().collect()), absent: None });
    out.relations = Some(relations(volume));
    let replicas: BTreeMap<_, _> = volume
        .replicas
        .iter()
        .map(|replica| {
            let ExpectedReplica { state, error, start_error, .. } = replica_found(replica);
            let (error, start_error) = (error.filter(Option::is_some), start_error.filter(Option::is_some));
            let one = ExpectedReplica { state, error, start_error, last_join: None, flags: None };
            (replica.label.to_string(), one)
        })
        .collect();
    out.replicas = Some(replicas);
}

fn relations(volume: &Volume) -> Vec<ExpectedRelation> {
    let all = volume.lineage.relations.iter();
    all.map(|one| ExpectedRelation { a: one.a.to_string(), b: one.b.to_string(), kind: word(&one.kind) })
        .collect()
}

/// The kind as the other side sees it.
fn turned(kind: &str) -> String {
    let (ahead, behind) = (word(&RelationKind::Ahead), word(&RelationKind::Behind));
    match kind {
        kind if kind == ahead => behind,
        kind if kind == behind => ahead,
        kind => kind.to_owned(),
    }
}

fn appears(text: &str, findings: &[Finding]) -> bool {
    expected::finding(text).is_ok_and(|(code, label)| {
        findings.iter().any(|finding| {
            let about = finding.replica.as_ref().map(|replica| replica.as_str());
            finding.code() == code && (label.is_none() || about == label)
        })
    })
}

/// Puts what was found in the place of what is stated.
fn renew<T>(stated: &mut Option<T>, found: Option<T>) {
    if stated.is_some() {
        *stated = found;
    }
}

fn verdict(stated: &mut ExpectedVerdict, found: ExpectedVerdict) {
    renew(&mut stated.kind, found.kind);
    renew(&mut stated.confidence, found.confidence);
    renew(&mut stated.rule, found.rule);
    renew(&mut stated.start, found.start);
    renew(&mut stated.holders, found.holders);
    renew(&mut stated.keep, found.keep);
    renew(&mut stated.ways, found.ways);
    renew(&mut stated.complete, found.complete);
    renew(&mut stated.must_not_wipe, found.must_not_wipe);
}

fn replica(stated: &mut ExpectedReplica, found: ExpectedReplica) {
    renew(&mut stated.state, found.state);
    renew(&mut stated.error, found.error);
    renew(&mut stated.start_error, found.start_error);
    renew(&mut stated.last_join, found.last_join);
    renew(&mut stated.flags, found.flags);
}
