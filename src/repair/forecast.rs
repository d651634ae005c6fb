//! Whether the result of a repair may be used: what Jiva would make of it, with all other replicas as they are.

use crate::analysis::{Options, Volume};
use crate::ident::Label;
use crate::plan::{Plan, Reach};
use crate::replica::{Replica, State};
use crate::verdict::Start;

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
        // It was so before, and there is an order that loses nothing.
        (Start::Unsafe, Start::Unsafe) if Plan::of(after, options, None).reach == Reach::Runs => Ok(()),
        (_, Start::Unsafe) => {
            Err("with it some order of starting loses data that a replica holds; decide first which is kept"
                .to_owned())
        }
        (_, Start::Stuck) => Err("with it the volume comes up in no order".to_owned()),
        _ => Err("what a start would lose with it is unknown; supply all replicas, copied with their holes"
            .to_owned()),
    }
}
