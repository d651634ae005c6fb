//! What is to be said of a chain that comes near its limit.

use std::fmt;

use serde::Serialize;

use super::phrases::{count, many};

/// What a limit of layers is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LimitBy {
    /// The version that the directory shows: the limit where `MAX_CHAIN_LENGTH` is not set.
    Version,
    /// A log says that `MAX_CHAIN_LENGTH` is not set: the limit of newer versions.
    Default,
    /// `MAX_CHAIN_LENGTH` in a log.
    Log,
    /// A reply of the replica: its chain, and how many more snapshots it takes.
    Reply,
}

impl fmt::Display for LimitBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "the limit of its version",
            Self::Default => "the limit of versions from 1.11 on",
            Self::Log => "MAX_CHAIN_LENGTH in its log",
            Self::Reply => "the limit by its own reply",
        })
    }
}

/// A chain that grows fast enough to be full soon.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LimitSoon {
    /// Whose, where no supplied directory is the replica's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// Disks of the chain, head included.
    pub layers: usize,
    /// The most that it may have.
    pub limit: usize,
    /// What the limit is known from.
    pub limit_by: LimitBy,
    /// Snapshots that the rate rests on.
    pub snapshots: usize,
    /// Seconds in which they were taken.
    pub seconds: u64,
    /// Days until the chain is full at that rate.
    pub days: u64,
}

/// A chain that has few layers left before a limit that a witness shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FewLayers {
    /// Whose, where no supplied directory is the replica's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// Disks of the chain, head included.
    pub layers: usize,
    /// The most that it may have.
    pub limit: usize,
    /// What the limit is known from.
    pub limit_by: LimitBy,
}

fn whose(replica: Option<&String>) -> String {
    replica.map_or_else(|| "the chain".to_owned(), |name| format!("the chain of {name}"))
}

impl fmt::Display for LimitSoon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { replica, layers, limit, limit_by, snapshots, seconds, days } = self;
        let took = many(*snapshots, "snapshot");
        let hours = (seconds / 3600).max(1);
        let span = if hours < 48 { count(hours, "hour") } else { count(hours / 24, "day") };
        let full = if *days == 0 { "within a day".to_owned() } else { format!("in {}", count(*days, "day")) };
        write!(
            f,
            "{} has {layers} of {limit} layers ({limit_by}) and grew by {took} in {span}; at that rate it is full {full}",
            whose(replica.as_ref())
        )
    }
}

impl fmt::Display for FewLayers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { replica, layers, limit, limit_by } = self;
        write!(f, "{} has {layers} of {limit} layers ({limit_by})", whose(replica.as_ref()))
    }
}
