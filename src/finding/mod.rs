//! What was noticed: typed facts with exhibits, worded in one place.
//!
//! A rule anywhere in the house says *that* something holds and *where* it was seen: it makes [`Facts`]. The code
//! follows from them; name, severity, title, consequence and remedy stand in [`catalog`], which `explain` and
//! `docs/findings.md` print; the sentence stands in `words`. Nothing takes a sentence apart.

pub mod catalog;
mod copied;
mod depth;
mod facts;
mod grave;
mod inside;
mod parts;
mod phrases;
mod witnessed;
mod witnessed_words;
mod words;

pub use catalog::{Code, Severity};
pub use copied::{AttestedCopy, CopyChange, CopyFiles, CopyLength, KeyFault};
pub use depth::{FewLayers, LimitBy, LimitSoon};
pub use facts::Facts;
pub use inside::BrokenFileSystem;
pub use parts::{
    ApartBy, CandidateBeside, CandidateHolds, CloneStop, CopyFault, CopyReason, CrashStep, FileFault,
    ForeignGap, ImageSize, Likeliest, NotRead, NotReadReason, Oddity, Parting, RecordElsewhere, Refuser,
    ReplicaSize, Sighting, UnreadPart, WonBy,
};
pub use witnessed::{
    Alive, Attempt, BlankLeads, Frozen, FullDisk, Ghost, HeadSeen, HeldSession, Incomplete, Interrupted,
    Loop, MadeAnew, Missing, Proof, RefusedJoins, RemovedBy, Skew, SourceRemoved, Stretch, TakenOver,
    TwoHosts, Unlisted, WithoutSource,
};

use std::cmp::Ordering;

use serde::Serialize;

use crate::ident::{DiskName, Label, Run};

/// One place in the evidence that a statement rests on: enough to look it up by hand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Exhibit {
    /// Whose directory; absent for a statement about an input as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica: Option<Label>,
    /// File inside the replica's directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Key inside the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Number of a line in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The line as read, cut where it is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Range of bytes of the volume or the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Run>,
    /// The value as read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Exhibit {
    /// A file of a replica.
    pub fn file(replica: &Label, file: impl Into<String>) -> Self {
        Self {
            replica: Some(replica.clone()),
            file: Some(file.into()),
            field: None,
            line: None,
            text: None,
            bytes: None,
            value: None,
        }
    }

    /// A line of a file that is no replica's.
    pub fn line(file: impl Into<String>, line: u64, text: impl Into<String>) -> Self {
        Self {
            replica: None,
            file: Some(file.into()),
            field: None,
            line: Some(line),
            text: Some(text.into()),
            bytes: None,
            value: None,
        }
    }

    /// A file that is no replica's.
    pub fn witness(file: impl Into<String>) -> Self {
        Self {
            replica: None,
            file: Some(file.into()),
            field: None,
            line: None,
            text: None,
            bytes: None,
            value: None,
        }
    }

    /// A key of a file of a replica, with the value that was read.
    pub fn field(
        replica: &Label,
        file: impl Into<String>,
        field: impl Into<String>,
        value: impl ToString,
    ) -> Self {
        let field = Some(field.into());
        Self { field, value: Some(value.to_string()), ..Self::file(replica, file) }
    }

    /// A range of bytes of a replica's image or view.
    pub fn bytes(replica: &Label, file: impl Into<String>, bytes: Run) -> Self {
        Self { bytes: Some(bytes), ..Self::file(replica, file) }
    }
}

/// Something noticed, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What holds.
    pub facts: Facts,
    /// The replica it is about, where it is about one.
    pub replica: Option<Label>,
    /// The disk it is about, where it is about one.
    pub disk: Option<DiskName>,
    /// Where it was seen.
    pub evidence: Vec<Exhibit>,
}

impl Finding {
    /// A finding about one replica.
    pub fn of(replica: &Label, facts: Facts, exhibit: Exhibit) -> Self {
        Self { facts, replica: Some(replica.clone()), disk: None, evidence: vec![exhibit] }
    }

    /// A finding about the volume as a whole.
    pub fn volume(facts: Facts, evidence: Vec<Exhibit>) -> Self {
        Self { facts, replica: None, disk: None, evidence }
    }

    /// Names the replica it is about.
    #[must_use]
    pub fn about(mut self, replica: &Label) -> Self {
        self.replica = Some(replica.clone());
        self
    }

    /// Names the disk it is about.
    #[must_use]
    pub fn on(mut self, disk: &DiskName) -> Self {
        self.disk = Some(disk.clone());
        self
    }

    /// Adds an exhibit.
    #[must_use]
    pub fn and(mut self, exhibit: Exhibit) -> Self {
        self.evidence.push(exhibit);
        self
    }

    /// What kind of thing it is: that follows from the facts.
    pub fn code(&self) -> Code {
        self.facts.code()
    }

    /// How grave it is: by the catalog, unless the facts make it less grave.
    pub fn severity(&self) -> Severity {
        self.facts.severity()
    }

    /// What holds here, in a sentence that does not name the replica.
    pub fn text(&self) -> String {
        self.facts.to_string()
    }
}

/// By code, replica and disk, so that findings of one kind stand together.
impl Ord for Finding {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code()
            .cmp(&other.code())
            .then_with(|| (&self.replica, &self.disk).cmp(&(&other.replica, &other.disk)))
            .then_with(|| (&self.facts, &self.evidence).cmp(&(&other.facts, &other.evidence)))
    }
}

impl PartialOrd for Finding {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
