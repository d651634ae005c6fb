//! Replicas that nobody supplied, as a drawing shows them: what is known of each, and on what it stood.

use crate::analysis::Volume;
use crate::finding::Facts;
use crate::ident::Label;
use crate::replica::Replica;
use crate::report::words;

/// A replica that is not here and left a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Absent {
    /// Its head of that moment, shortened, or its address where no record shows a head.
    pub name: String,
    /// What is known of it, in a few words each.
    pub notes: Vec<String>,
    /// In whose directory its trace stands, where one does.
    pub seen_by: Option<Label>,
    /// The state on which it stood, by its place: the snapshot of the join, as the one that joined has it.
    pub stands_on: Option<usize>,
}

/// All of them: first those that head records show, then those that only other witnesses tell of.
pub(super) fn absent(volume: &Volume) -> Vec<Absent> {
    let mut out: Vec<Absent> = Vec::new();
    for witness in &volume.lineage.witnesses {
        let record = &witness.record;
        let seen_by = Replica::among(&volume.replicas, &witness.seen_by);
        let node = seen_by.and_then(|replica| volume.lineage.graph.node(replica, &record.join_snapshot));
        let mut notes = Vec::new();
        notes.extend(record.created.as_deref().map(words::when));
        notes.extend(record.counter.map(|counter| format!("counter {counter}")));
        notes.push(format!("seen by {}", witness.seen_by));
        notes.push(match &witness.doubted_by {
            Some(label) => format!("may be {label} itself"),
            None => "not among the replicas here".to_owned(),
        });
        out.push(Absent {
            name: record.head.short(),
            notes,
            seen_by: Some(witness.seen_by.clone()),
            stands_on: node.map(petgraph::graph::NodeIndex::index),
        });
    }
    for finding in &volume.findings {
        let Facts::MissingWitness { peer: None, seen: Some(seen) } = &finding.facts else { continue };
        let mut notes = Vec::new();
        notes.extend(seen.last_seen.as_ref().map(|at| format!("seen last at {at}")));
        notes.extend(seen.counter.map(|counter| format!("counter {counter}")));
        notes.push("not among the replicas here".to_owned());
        out.push(Absent { name: seen.address.to_string(), notes, seen_by: None, stands_on: None });
    }
    out.dedup();
    out
}
