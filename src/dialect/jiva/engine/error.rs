//! Why a replica does not come up or a join fails, for another reason than the Checkpoint.

use std::fmt;

use crate::ident::{DiskName, Label};
use crate::replica::{OpenError, StartError};

/// Why a replica's process does not come up. `Display` gives Jiva's message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Down {
    /// The process ends before it opens anything.
    Start(StartError),
    /// It cannot be opened.
    Open(OpenError),
    /// What keeps it from being opened is a matter of the copy or of who reads it: Jiva may have no such error.
    NotOpened(String),
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Open(error) => error.fmt(f),
            Self::NotOpened(why) => f.write_str(why),
        }
    }
}

/// Why a join fails. `Display` gives Jiva's message, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// One of both sides does not come up.
    Down(Down),
    /// The RW side registers as being rebuilt, so it is never elected.
    NeverElected,
    /// No snapshot can be taken: with it the chain would have so many disks.
    TooManyDisks(usize),
    /// No snapshot can be taken: the head's name leads to no next one.
    InvalidHeadName(DiskName),
    /// No snapshot can be taken: the next head is there and stores data.
    NextHeadStores(DiskName),
    /// No snapshot can be taken: the next head is there.
    NextHeadExists(DiskName),
    /// After the copy the records of the joiner lead to a disk that has none.
    NoRecord(DiskName),
    /// There is no RW replica to join.
    NoRwReplica,
    /// As many are RW as the factor.
    Enough {
        /// Who wanted to join.
        joiner: Label,
        /// The replication factor.
        factor: usize,
        /// How many there are.
        added: usize,
    },
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Recorded after a full disk (`made/disk-full`): it reads volume.meta before it asks to be added.
            Self::Down(Down::Open(error @ OpenError::VolumeMeta(_))) => write!(
                f,
                "Failed to add replica to controller, err: failed to create temp replica, error: {error}, Shutting \
                 down..."
            ),
            Self::Down(down) => down.fmt(f),
            Self::NeverElected => {
                f.write_str("the RW side does not start: it registers as rebuilding and is never elected")
            }
            Self::TooManyDisks(disks) => write!(f, "Too many active disks: {disks}"),
            Self::InvalidHeadName(head) => {
                write!(f, "Invalid name {head} does not match pattern: volume-head-(\\d+).img")
            }
            Self::NextHeadStores(next) => {
                write!(f, "Can't remove head file {next} as it contains some data")
            }
            Self::NextHeadExists(next) => write!(f, "{next} already exists"),
            Self::NoRecord(disk) => write!(f, "Failed to find metadata for {disk}"),
            Self::NoRwReplica => f.write_str("no RW replica"),
            Self::Enough { joiner, factor, added } => {
                write!(f, "can't add {joiner}, error: replication factor: {factor}, added replicas: {added}")
            }
        }
    }
}

impl std::error::Error for JoinError {}
