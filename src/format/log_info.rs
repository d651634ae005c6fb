//! `log.info`: the settings of a replica's log file.
//!
//! Pure: takes bytes, returns [`LogInfo`] or [`MetaError`]. The fields are those of the structure
//! `LogToFile` in Jiva's `util/util.go`. An unreadable file ends Jiva at every start, before it looks at
//! anything else: the replica is whole and yet cannot be started.

use serde::Serialize;

use super::go_json::{GoType, Scalar, Shape, decode, write};
use super::meta_error::MetaError;
use super::remark::{Place, Remark, RemarkKind};

static LOG_TO_FILE: Shape = Shape {
    go_type: "util.LogToFile",
    go_name: "LogToFile",
    fields: &[
        ("enable", GoType::Bool),
        ("maxlogfilesize", GoType::Int),
        ("retentionperiod", GoType::Int),
        ("maxbackups", GoType::Int),
    ],
};

/// The content of a `log.info`; every field None if its key is absent or `null`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LogInfo {
    /// Whether `replica.log` is written.
    pub enable: Option<bool>,
    /// Size in MB at which the log is rotated.
    pub max_log_file_size: Option<i64>,
    /// Days for which rotated logs are kept.
    pub retention_period: Option<i64>,
    /// Number of rotated logs that are kept.
    pub max_backups: Option<i64>,
    /// What was odd about the file, in the order of the file.
    pub remarks: Vec<Remark>,
}

impl LogInfo {
    /// Reads the file as Jiva does.
    ///
    /// # Errors
    /// [`MetaError`] where Jiva refuses the file and exits; see [`LogInfo::fatal_line`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MetaError> {
        let mut decoded = decode(bytes, &LOG_TO_FILE);
        if let Some(error) = decoded.error.take() {
            return Err(error);
        }
        let mut info = Self {
            enable: decoded.bool("enable"),
            max_log_file_size: decoded.int("maxlogfilesize"),
            retention_period: decoded.int("retentionperiod"),
            max_backups: decoded.int("maxbackups"),
            remarks: Vec::new(),
        };
        if decoded.remarks.is_empty() && info.to_json().as_bytes() != bytes {
            decoded.remarks.push(Place::FILE, RemarkKind::ForeignSpelling);
        }
        info.remarks = decoded.remarks.finish();
        Ok(info)
    }

    /// The file as Jiva would write it, with only those keys that are here.
    pub fn to_json(&self) -> String {
        write(&[
            ("enable", self.enable.map(Scalar::Bool)),
            ("maxlogfilesize", self.max_log_file_size.map(Scalar::Int)),
            ("retentionperiod", self.retention_period.map(Scalar::Int)),
            ("maxbackups", self.max_backups.map(Scalar::Int)),
        ])
    }

    /// The message with which Jiva exits when it cannot read the file.
    pub fn fatal_line(error: &MetaError) -> String {
        format!("Error running start replica command: {}", error.go_text())
    }
}
