//! When a replica was a member of the volume's set, as its log tells.

use crate::ident::DiskName;

/// One run of a replica's process in which the controller made it RW: its part in one session of the volume.
///
/// In one session all RW replicas receive every write, and count alike. Times are in seconds since 1970, by the
/// controller's clock as far as the log shows how its own differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Membership {
    /// The session: equal for replicas that took a snapshot together. Numbers mean nothing outside of one volume.
    pub session: usize,
    /// Whether it was elected, so that the session began with what it held. Otherwise it joined.
    pub led: bool,
    /// Whether its directory was made in this run.
    pub fresh: bool,
    /// Whether its log shows this run from the first line on, with nothing left out.
    pub whole: bool,
    /// Whether, between the membership before and this one, a join began to copy and did not end.
    pub after_unfinished: bool,
    /// Whether files were copied to it when it joined.
    pub copied: bool,
    /// Whether it went back to an earlier snapshot in this run.
    pub reverted: bool,
    /// The counter with which this run began, where the log tells it.
    pub opened: Option<i64>,
    /// The counter that it took over at the end of its join.
    pub adopted: Option<i64>,
    /// Snapshots that it took while it was RW.
    pub snapshots: Vec<DiskName>,
    /// Disks whose record got the counter of this opening instead of its own.
    pub filled: Vec<DiskName>,
    /// When it became RW.
    pub began: Option<i64>,
    /// The last time in its log.
    pub last: Option<i64>,
    /// When its connection to the controller was closed, if that ended it.
    pub closed: Option<i64>,
    /// When its process began again, if it did.
    pub restarted: Option<i64>,
    /// Seconds to add to this replica's clock for the controller's.
    pub skew: i64,
}

/// What a replica's log tells of its memberships.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memberships {
    /// In their order.
    pub list: Vec<Membership>,
    /// Whether, after the last of them, a join began to copy and did not end.
    pub then_unfinished: bool,
}
