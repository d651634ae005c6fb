//! Whether the result of a repair may be used: what Jiva would make of it, with all other replicas as they are.

use crate::analysis::{Options, Volume};
use crate::ident::Label;
use crate::replica::{Flag, Replica, State};
use crate::verdict::{Case, Confidence, Start, VerdictKind};

/// Whether the result loses nothing that a replica holds.
///
/// # Errors
/// Why that is not shown.
pub fn allowed(before: &Volume, after: &Volume, options: &Options, label: &Label) -> Result<(), String> {
    let replica =
        Replica::among(&after.replicas, label).ok_or("the replica is not in the volume any more")?;
    if replica.state == State::Broken {
        return Err(replica.why_broken().map_or_else(
            || "Jiva would still not open it".to_owned(),
            |why| format!("Jiva would still not open it: {why}"),
        ));
    }
    if let Some(error) = &replica.start_error {
        return Err(format!("its process would still end: {error}"));
    }
    let start = |volume: &Volume| volume.verdict.start.unwrap_or(Start::Unknown);
    match (start(before), start(after)) {
        (_, Start::Safe) | (Start::Stuck, Start::Stuck) => Ok(()),
        // Not all come up, but nothing is lost, in no order.
        (_, Start::Unsafe) if loses_nothing(after, options) => Ok(()),
        (_, Start::Unsafe) => {
            Err("with it some order of starting loses data that a replica holds; decide first which is kept"
                .to_owned())
        }
        (_, Start::Stuck) => Err("with it the volume comes up in no order".to_owned()),
        _ => Err("what a start would lose with it is unknown; supply all replicas, copied with their holes"
            .to_owned()),
    }
}

/// Whether every order was walked, on evidence without a doubt, and ends with all data in the volume.
fn loses_nothing(volume: &Volume, options: &Options) -> bool {
    let verdict = &volume.verdict;
    let odd = [Flag::HalfClone, Flag::CannotSnapshot, Flag::DataGone, Flag::ForeignDialect];
    let sound = |replica: &Replica| {
        volume.copies.is_judged(replica)
            && !replica.counter_unread
            && !odd.iter().any(|flag| replica.flags.contains(flag))
    };
    matches!(verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative)
        && verdict.confidence >= Confidence::Strong
        && verdict.complete
        && Case::count(volume.replicas.iter()) >= options.factor
        && volume.comparison.is_some()
        && volume.replicas.iter().all(sound)
        && volume.lineage.relations.iter().all(|relation| relation.doubts.is_empty())
        && volume.left_out.starts == 0
        && !volume.starts.is_empty()
        && volume
            .starts
            .iter()
            .all(|row| !row.harms() && row.unserved_blocks == 0 && row.differing_blocks.unwrap_or(0) == 0)
}
