//! What starting a replica's process makes of its directory.

use crate::ident::{Counter, DiskName, Label};
use crate::replica::{Replica, State};

/// A replica whose process runs.
#[derive(Debug, Clone)]
pub struct Started<'a> {
    /// The directory.
    pub replica: &'a Replica,
    /// The chain it opens, head first.
    pub chain: Vec<DiskName>,
    /// The counter it registers with.
    pub counter: Counter,
    /// Whether it made a new empty volume in the directory.
    pub fresh: bool,
}

impl Started<'_> {
    /// Whose.
    pub fn label(&self) -> &Label {
        &self.replica.label
    }
}

/// Starts a replica; the error is what its process, or the controller that opens it, would print.
///
/// A directory without `volume.meta` is taken for a new one: it gets an empty head 000 beside whatever lies there,
/// and keeps its counter.
///
/// # Errors
/// Jiva's message.
pub fn start(replica: &Replica) -> Result<Started<'_>, String> {
    if let Some(error) = &replica.start_error {
        return Err(error.clone());
    }
    if let Some(error) = &replica.error {
        return Err(error.clone());
    }
    let counter = replica.counter.unwrap_or(Counter(1));
    if replica.state == State::Blank && replica.meta.is_none() {
        let head = DiskName::from("volume-head-000.img");
        if replica.disk(&head).and_then(crate::replica::Disk::allocated).is_some_and(|bytes| bytes > 0) {
            return Err(format!("Can't remove head file {head} as it contains some data"));
        }
        return Ok(Started { replica, chain: vec![head], counter, fresh: true });
    }
    Ok(Started { replica, chain: replica.chain.clone(), counter, fresh: false })
}
