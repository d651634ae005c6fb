//! What a sighting says, in words for an account.

use super::life::Sighting;
use super::{Address, End, Event, Mode, Refusal};

/// What is said, and of whom where it is not the process itself.
pub(super) struct Said {
    pub(super) event: String,
    pub(super) whom: Option<Address>,
}

impl Said {
    /// The words; none for what an account can do without.
    pub(super) fn of(one: &Sighting) -> Option<Self> {
        let own = |event: String| Some(Self { event, whom: None });
        let of =
            |event: &str, whom: &Address| Some(Self { event: event.to_owned(), whom: Some(whom.clone()) });
        match &one.event {
            Event::Factor(factor) => own(format!("replication factor {factor}")),
            Event::Register { address, counter, .. } => Some(Self {
                event: format!("registered with counter {counter}"),
                whom: Some(address.clone()),
            }),
            Event::Elected { leader, .. } => of("elected", leader),
            Event::TooFew(count) => own(format!("{count} registered, too few for an election")),
            Event::Listed(address) => of("added to the list, to be rebuilt", address),
            Event::SetMode(address, Mode::Rw) => of("RW", address),
            Event::SetMode(address, Mode::Err) => of("given up (ERR)", address),
            Event::Removed(address, _) => of("removed from the list", address),
            Event::Delete(address) => of("DELETE requested", address),
            Event::PingTimeout(address) => of("did not answer a ping", address),
            Event::IoTimeout(address, _) => of("did not answer a read or write", address),
            Event::ReplicaError(address, why) => {
                Some(Self { event: format!("reported an error: {why}"), whom: Some(address.clone()) })
            }
            Event::RequestError(reason, whom) => {
                Some(Self { event: format!("a request was refused: {}", reason.name()), whom: whom.clone() })
            }
            Event::TakesOver(by) => of("takes the place of the replica that is being rebuilt", by),
            Event::Volume { listed, rw, read_only } => {
                let mode = if *read_only { "read-only" } else { "writable" };
                own(format!("volume {mode}: {listed} listed, {rw} RW"))
            }
            Event::Checkpoint(Some(name)) => own(format!("full health, Checkpoint {name}")),
            Event::Connected(address, _) => of("iSCSI connection", address),
            Event::Logout(address, _) => of("iSCSI logout", address),
            Event::Disconnected => own("iSCSI connection closed".to_owned()),
            Event::InitiatorGone(address) => of("iSCSI connection timed out", address),
            Event::Rejected(rejected, holder) => Some(Self {
                event: format!("iSCSI connection rejected: {holder} holds the target"),
                whom: Some(rejected.clone()),
            }),
            Event::Stopping => own("controller stops".to_owned()),
            Event::Created => own("directory made anew".to_owned()),
            Event::Source(from) => own(format!("is to be rebuilt from {from}")),
            Event::Counters { rw, rw_counter, own_counter, .. } => {
                own(format!("counter {own_counter}; {rw} has {rw_counter}"))
            }
            Event::Chains { rw, .. } => {
                let head = rw.head()?;
                own(format!("chain compared: the RW side's head is {head}, of {} disks", rw.0.len()))
            }
            Event::Adopted(counter) => own(format!("rebuild complete, counter {counter}")),
            Event::Reverted => own("went back to an earlier snapshot".to_owned()),
            Event::Leads => own("reported to start as the leader".to_owned()),
            Event::WriteFailed(full) => {
                own(if *full { "write failed: no space" } else { "write failed" }.to_owned())
            }
            Event::Snapshot { on: None, name, .. } => own(format!("snapshot {name}")),
            Event::Fatal(end) => own(match end {
                End::Refused(Refusal::CheckpointUnknown) => {
                    "ended: refused, Checkpoint unknown to the RW side".to_owned()
                }
                End::Refused(reason) => format!("ended: refused, {}", reason.name()),
                End::NoPing(seconds) => format!("ended: no ping for {seconds} s"),
                End::Closed => "ended: its connection was closed".to_owned(),
                End::Other => "ended".to_owned(),
            }),
            _ => None,
        }
    }
}
