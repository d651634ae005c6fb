//! `volume.meta`: what a replica says about itself, and which Jiva wrote it last.
//!
//! Pure: takes bytes, returns [`VolumeMeta`] or [`MetaError`]. The fields are those of the structure `Info`
//! in Jiva's `replica/replica.go`. Nothing is defaulted: a key that is absent is None, although Jiva itself
//! would go on with an empty string, zero or false.

use std::fmt;

use serde::Serialize;

use super::go_json::{Decoded, GoType, Scalar, Shape, decode, write};
use super::meta_error::MetaError;
use super::remark::{Place, Remark, RemarkKind};
use crate::ident::Counter;

static INFO: Shape = Shape {
    go_type: "replica.Info",
    go_name: "Info",
    fields: &[
        ("Size", GoType::Int64),
        ("Head", GoType::Text),
        ("Dirty", GoType::Bool),
        ("Rebuilding", GoType::Bool),
        ("Parent", GoType::Text),
        ("SectorSize", GoType::Int64),
        ("BackingFileName", GoType::Text),
        ("CloneStatus", GoType::Text),
        ("Checkpoint", GoType::Text),
        ("RevisionCounter", GoType::Int64),
        ("UUID", GoType::Text),
    ],
};

/// The content of a `volume.meta`; every field None if its key is absent or `null`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
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

impl VolumeMeta {
    /// Reads the file as Jiva does.
    ///
    /// # Errors
    /// [`MetaError`] where Jiva refuses the file, with the text that Jiva logs.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetaError> {
        match Self::salvage(bytes) {
            (meta, None) => Ok(meta),
            (_, Some(error)) => Err(error),
        }
    }

    /// Reads what can be read, and says why Jiva refuses the file if it does.
    ///
    /// After an error of type all other fields are there; after an error of syntax or a cut, those that
    /// stand complete before it. Jiva uses neither: they are clues for a person.
    pub fn salvage(bytes: &[u8]) -> (Self, Option<MetaError>) {
        let mut decoded = decode(bytes, &INFO);
        let mut meta = Self::of(&decoded);
        let error = decoded.error.take();
        if error.is_none() && decoded.remarks.is_empty() && meta.to_json().as_bytes() != bytes {
            decoded.remarks.push(Place::FILE, RemarkKind::ForeignSpelling);
        }
        meta.remarks = decoded.remarks.finish();
        (meta, error)
    }

    fn of(decoded: &Decoded) -> Self {
        Self {
            size: decoded.int("Size"),
            head: decoded.text("Head"),
            dirty: decoded.bool("Dirty"),
            rebuilding: decoded.bool("Rebuilding"),
            parent: decoded.text("Parent"),
            sector_size: decoded.int("SectorSize"),
            backing_file_name: decoded.text("BackingFileName"),
            clone_status: decoded.text("CloneStatus"),
            checkpoint: decoded.text("Checkpoint"),
            revision_counter: decoded.int("RevisionCounter").map(Counter),
            uuid: decoded.text("UUID"),
            remarks: Vec::new(),
        }
    }

    /// The file as Jiva would write it, with only those keys that are here.
    pub fn to_json(&self) -> String {
        let text = |value: &Option<String>| value.clone().map(Scalar::Text);
        write(&[
            ("Size", self.size.map(Scalar::Int)),
            ("Head", text(&self.head)),
            ("Dirty", self.dirty.map(Scalar::Bool)),
            ("Rebuilding", self.rebuilding.map(Scalar::Bool)),
            ("Parent", text(&self.parent)),
            ("SectorSize", self.sector_size.map(Scalar::Int)),
            ("BackingFileName", text(&self.backing_file_name)),
            ("CloneStatus", text(&self.clone_status)),
            ("Checkpoint", text(&self.checkpoint)),
            ("RevisionCounter", self.revision_counter.map(|counter| Scalar::Int(counter.0))),
            ("UUID", text(&self.uuid)),
        ])
    }

    /// Which versions of Jiva write this set of keys.
    ///
    /// Every open rewrites the file, so this is the version that opened it last. None if the file holds not
    /// one of the keys that every version writes, for then no Jiva wrote it.
    pub fn generation(&self) -> Option<Generation> {
        let written = self.size.is_some() || self.head.is_some() || self.dirty.is_some();
        if !written {
            return None;
        }
        Some(if self.uuid.is_some() {
            Generation::From2_6
        } else if self.checkpoint.is_some() {
            Generation::From1_12_1
        } else if self.revision_counter.is_some() {
            Generation::From1_6
        } else if self.clone_status.is_some() {
            Generation::From0_6
        } else {
            Generation::Before0_6
        })
    }
}

/// A span of Jiva versions that write the same keys into `volume.meta`, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Generation {
    /// Without `CloneStatus`.
    #[serde(rename = "0.5")]
    Before0_6,
    /// With `CloneStatus`.
    #[serde(rename = "0.6")]
    From0_6,
    /// With `RevisionCounter`.
    #[serde(rename = "1.6")]
    From1_6,
    /// With `Checkpoint`.
    #[serde(rename = "1.12.1")]
    From1_12_1,
    /// With `UUID`.
    #[serde(rename = "2.6")]
    From2_6,
}

impl Generation {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] =
        [Self::Before0_6, Self::From0_6, Self::From1_6, Self::From1_12_1, Self::From2_6];
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before0_6 => "0.5.x or earlier",
            Self::From0_6 => "0.6.0 to 1.5.x",
            Self::From1_6 => "1.6.0 to 1.12.0",
            Self::From1_12_1 => "1.12.1/2.0.0 to 2.5.0",
            Self::From2_6 => "2.6.0 or later",
        })
    }
}
