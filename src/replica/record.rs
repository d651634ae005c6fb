//! What a disk's record and `volume.meta` say, as fields. Which bytes say it is a matter of the
//! [dialect](crate::dialect).

use std::fmt;

use serde::Serialize;

use crate::go::Remark;
use crate::ident::Counter;

/// In which order a record's keys stand, which tells who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KeyOrder {
    /// Name, Parent, Removed, UserCreated, Created, and RevisionCounter from 1.6.0 on: written by this
    /// replica, or copied byte by byte by a rebuild under Jiva before 1.9.0.
    Native,
    /// Alphabetical, all five old keys there: copied from a peer by a rebuild under Jiva 1.9.0 or later.
    Received,
    /// Neither: no Jiva wrote it so.
    Other,
}

impl fmt::Display for KeyOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "keys in the order of a replica's own record",
            Self::Received => "keys in the order of a record received from a peer",
            Self::Other => "keys in an order that Jiva does not write",
        })
    }
}

/// The content of a disk record; every field None if its key is absent or `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// Image name as written; Jiva ignores it, and it may be that of a former or a foreign head.
    pub name: Option<String>,
    /// Image name of the next older disk; empty = base.
    pub parent: Option<String>,
    /// Marked for deletion; the image stays in the chain until it is merged away.
    pub removed: Option<bool>,
    /// True only for snapshots that a user asked for.
    pub user_created: Option<bool>,
    /// Time of the snapshot, or of the one that created this head; any string, see [`Record::created_unix`].
    pub created: Option<String>,
    /// The counter at that moment.
    pub counter: Option<Counter>,
    /// Order of the keys in the file.
    pub order: KeyOrder,
    /// What was odd about the file, in the order of the file.
    pub remarks: Vec<Remark>,
}

/// The content of a `volume.meta`; every field None if its key is absent or `null`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VolumeMeta {
    /// Size of the volume in bytes, as this replica knows it.
    pub size: Option<i64>,
    /// File name of the active head, the root of the chain.
    pub head: Option<String>,
    /// True while opened, or after a crash; false does not prove a clean close.
    pub dirty: Option<bool>,
    /// True from the step of a join that declares it until its end or the next start of the process.
    pub rebuilding: Option<bool>,
    /// Parent of the head when this was written; the head's own record decides.
    pub parent: Option<String>,
    /// Always 512.
    pub sector_size: Option<i64>,
    /// Always empty in practice.
    pub backing_file_name: Option<String>,
    /// Empty, `NA`, `inProgress`, `completed` or `error`.
    pub clone_status: Option<String>,
    /// Image name of the last snapshot at which the controller saw all replicas in agreement; empty = never.
    pub checkpoint: Option<String>,
    /// The counter at the last snapshot, not the current one.
    pub revision_counter: Option<Counter>,
    /// 40 hex digits that name the directory, not the volume.
    pub uuid: Option<String>,
    /// What was odd about the file, in the order of the file.
    pub remarks: Vec<Remark>,
}
