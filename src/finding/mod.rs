//! What was noticed: coded, with exhibits, worded in one place.
//!
//! A rule anywhere in the house says *that* something holds and *where* it was seen; severity, title,
//! consequence and remedy stand in [`catalog`], which `explain` and `docs/findings.md` print.

pub mod catalog;

pub use catalog::{Code, Severity};

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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of thing it is.
    pub code: Code,
    /// The replica it is about, where it is about one.
    pub replica: Option<Label>,
    /// The disk it is about, where it is about one.
    pub disk: Option<DiskName>,
    /// What holds here, in one sentence.
    pub detail: String,
    /// Where it was seen.
    pub evidence: Vec<Exhibit>,
}

impl Finding {
    /// A finding about one replica.
    pub fn of(code: Code, replica: &Label, detail: impl Into<String>, exhibit: Exhibit) -> Self {
        Self {
            code,
            replica: Some(replica.clone()),
            disk: None,
            detail: detail.into(),
            evidence: vec![exhibit],
        }
    }

    /// A finding about the volume as a whole.
    pub fn volume(code: Code, detail: impl Into<String>, evidence: Vec<Exhibit>) -> Self {
        Self { code, replica: None, disk: None, detail: detail.into(), evidence }
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

    /// How grave it is, by the catalog.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}
