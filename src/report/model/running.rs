//! What the running side was doing, in a few sentences for the first page: a replica that nobody supplied, its entry, its
//! rebuilds, and who holds the session.

use super::distinct_replicas;
use crate::analysis::Volume;
use crate::finding::{Alive, Facts, HeldSession, Missing};
use crate::report::words;

/// Sentences, the gravest first.
pub(super) fn running(volume: &Volume) -> Vec<String> {
    let mut out = Vec::new();
    for finding in &volume.findings {
        if let Facts::MissingWitness { seen: Some(seen), .. } = &finding.facts
            && finding.severity() > crate::finding::Severity::Info
        {
            out.push(missing(volume, seen));
        }
    }
    for finding in &volume.findings {
        match &finding.facts {
            Facts::SourceRemovedDuringRebuild(facts) if finding.severity() > crate::finding::Severity::Info => {
                out.push(format!("{}.", words::capital(&facts.to_string())));
            }
            Facts::ControllerFrozen(facts) if facts.proven && facts.until.is_none() => {
                out.push(format!("{}.", words::capital(&facts.to_string())));
            }
            Facts::StaleSession(facts) => out.push(session(facts)),
            Facts::ReadsWithoutSource(facts) => out.push(format!(
                "{} may have read zeros while no replica was RW: what it wrote afterwards is suspect on every replica.",
                facts.session_of
            )),
            Facts::TwoInitiators(facts) => out.push(format!("{}: both may have written.", words::capital(&facts.to_string()))),
            _ => {}
        }
    }
    out.dedup();
    out
}

fn missing(volume: &Volume, seen: &Missing) -> String {
    let which = words::ordinal(distinct_replicas(volume) + 1);
    let head = seen.head.as_ref().map_or_else(String::new, |head| format!(" with the head {head}"));
    let counter = seen.counter.map_or_else(String::new, |counter| format!(", counter {counter}"));
    let when = seen.last_seen.as_ref().map_or_else(String::new, |at| format!(", seen last at {at}"));
    let lives = match seen.alive {
        Alive::Alive => "A living replica is there, not a leftover: do not delete its entry.",
        _ => "Do not delete its entry before its directory is found.",
    };
    let source = match seen.source_of.as_slice() {
        [] => String::new(),
        joiners => format!(" {} was being rebuilt from it.", joiners.join(", ")),
    };
    format!("A {which} replica was RW at {}{head}{counter}{when}. {lives}{source}", seen.address)
}

fn session(facts: &HeldSession) -> String {
    let node = facts.holder_node.as_ref().map_or_else(String::new, |node| format!(" ({node})"));
    let verb = if facts.cleared_by.is_some() { "held" } else { "holds" };
    let kept = facts.rejected.join(", ");
    format!("{}{node} {verb} the iSCSI session; {kept} was kept out.", facts.holder)
}
