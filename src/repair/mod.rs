//! Repairs of metadata: what could be written in the place of a file, and why that is known to be right.
//!
//! Nothing is repaired in place. A repair has a name, a precondition and a proof; what cannot be proven is refused with the
//! reason. Whether the result may be used at all is asked of the [forecast](forecast::allowed): it must show that nothing
//! is lost that a replica holds.

mod flags;
pub mod forecast;
mod overlay;
mod records;
mod starting;

use std::fmt;

use serde::Serialize;

use crate::analysis::Volume;
use crate::replica::{Replica, State};

pub use overlay::Overlay;

/// A repair by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RepairKind {
    /// `log.info` does not decode, and the process ends.
    LogInfo,
    /// A start left its probe file, and the process ends.
    ExtentProbe,
    /// The file of the next head stores data, so no snapshot can be taken.
    NextHead,
    /// A disk of the chain has no record, or one that does not decode.
    Record,
    /// `volume.meta` is missing or does not decode.
    VolumeMeta,
    /// `revision.counter` is missing or holds no number.
    Counter,
    /// The Checkpoint is in no replica's chain.
    Checkpoint,
    /// Rebuilding is set though the join ended.
    Rebuilding,
}

impl RepairKind {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 8] = [
        Self::LogInfo,
        Self::ExtentProbe,
        Self::NextHead,
        Self::Record,
        Self::VolumeMeta,
        Self::Counter,
        Self::Checkpoint,
        Self::Rebuilding,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogInfo => "log-info",
            Self::ExtentProbe => "extent-probe",
            Self::NextHead => "next-head",
            Self::Record => "record",
            Self::VolumeMeta => "volume-meta",
            Self::Counter => "counter",
            Self::Checkpoint => "checkpoint",
            Self::Rebuilding => "rebuilding",
        }
    }

    /// What it is about, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::LogInfo => "log.info does not decode, and the process of the replica ends",
            Self::ExtentProbe => "a start left its probe file, and the process of the replica ends",
            Self::NextHead => "the file of the next head stores data, so no snapshot can be taken",
            Self::Record => "a disk of the chain has no record, or one that does not decode",
            Self::VolumeMeta => "volume.meta is missing or does not decode",
            Self::Counter => "revision.counter is missing or holds no number",
            Self::Checkpoint => "the Checkpoint is in no replica's chain, so every join is refused",
            Self::Rebuilding => "Rebuilding is set though the join ended",
        }
    }
}

impl fmt::Display for RepairKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Its name in the directory of the replica.
    pub file: String,
    /// What it holds afterwards; `None` where it is taken away.
    pub content: Option<Vec<u8>>,
}

impl Change {
    /// A file that is written, in the place of one of its name.
    pub fn write(file: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { file: file.into(), content: Some(content.into()) }
    }

    /// A file that is taken away.
    pub fn remove(file: impl Into<String>) -> Self {
        Self { file: file.into(), content: None }
    }

    /// Whether the name is one of an engine's own metadata or heads, which is a safe file name too.
    fn is_plain(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        self.file.bytes().all(plain) && !self.file.starts_with(['.', '-']) && self.file.len() <= 255
    }
}

/// A repair that can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repair {
    /// Which.
    pub kind: RepairKind,
    /// The files that change.
    pub changes: Vec<Change>,
    /// Why that is known to be right, a sentence each.
    pub proof: Vec<String>,
}

/// What one kind of repair has to say of a replica: nothing, a repair, or why there is none.
type Asked = Option<Result<(Vec<Change>, Vec<String>), String>>;

/// Everything of a replica that could be repaired: each with the repair, or with the reason why it is refused.
pub fn repairs(volume: &Volume, replica: &Replica) -> Vec<(RepairKind, Result<Repair, String>)> {
    let mut out = Vec::new();
    for kind in RepairKind::ALL {
        let asked = match kind {
            RepairKind::LogInfo => starting::log_info(replica),
            RepairKind::ExtentProbe => starting::extent_probe(replica),
            RepairKind::NextHead => starting::next_head(replica),
            RepairKind::Record => records::record(volume, replica),
            RepairKind::VolumeMeta => records::volume_meta(replica),
            RepairKind::Counter => flags::counter(replica),
            RepairKind::Checkpoint => flags::checkpoint(volume, replica),
            RepairKind::Rebuilding => flags::rebuilding(volume, replica),
        };
        let Some(asked) = asked else { continue };
        let asked = asked.and_then(|(changes, proof)| {
            // A file that is made again is no fault of the copy then.
            let mended = kind == RepairKind::VolumeMeta
                && replica.state == State::Blank
                && replica.meta.is_none()
                && !replica.cut
                && replica.defects.len() == 1;
            if volume.copies.is_defective(&replica.label) && !mended {
                return Err("the copy is defective: what lies on the node is not known".to_owned());
            }
            if !replica.is_jivas() {
                return Err("another engine than Jiva wrote the directory".to_owned());
            }
            if !changes.iter().all(Change::is_plain) {
                return Err("a file has a name that Jiva does not give".to_owned());
            }
            Ok(Repair { kind, changes, proof })
        });
        out.push((kind, asked));
    }
    out
}
