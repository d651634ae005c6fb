//! The first stage: every replica by itself.

use rayon::prelude::*;

use super::labels;
use crate::blocks;
use crate::dialect;
use crate::evidence::{Evidence, Found, InputReport};
use crate::progress::Progress;
use crate::replica::Replica;

/// Describes every replica of the evidence, without relating or judging them.
///
/// [`gather`](crate::evidence::gather) gives no label twice. Where other evidence does, the first by path keeps the label
/// and the others get a number behind it (`a`, `a#2`, …), and the replicas
/// come sorted by label.
pub fn describe(evidence: &Evidence, progress: &dyn Progress) -> Vec<Replica> {
    progress.begin("reading records", Some(evidence.replicas.len() as u64));
    let labels = labels::distinct(&evidence.replicas);
    let mut replicas: Vec<Replica> = evidence
        .replicas
        .par_iter()
        .zip(labels)
        .map(|(found, label)| {
            let mut replica = if found.label == label {
                dialect::describe(found)
            } else {
                dialect::describe(&Found { label, ..found.clone() })
            };
            blocks::settle(&mut replica);
            progress.advance(1);
            replica
        })
        .collect();
    progress.end();
    if replicas.iter().zip(&evidence.replicas).any(|(replica, found)| replica.label != found.label) {
        replicas.sort_by(|a, b| a.label.cmp(&b.label));
    }
    replicas
}

/// Puts what could not be read here under the inputs, which it is a matter of.
pub fn remark_unread(inputs: &mut [InputReport], replicas: &[Replica]) {
    let unread: Vec<&Replica> = replicas.iter().filter(|replica| !replica.unread.is_empty()).collect();
    for input in inputs {
        let own = unread.iter().filter(|replica| input.replicas.contains(&replica.label));
        input.remarks.extend(own.flat_map(|replica| replica.unread.iter().map(ToString::to_string)));
    }
}
