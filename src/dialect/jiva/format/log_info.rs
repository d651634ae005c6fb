//! `log.info`: the settings of a replica's log file.
//!
//! Pure: takes bytes, returns [`LogInfo`] or [`MetaError`]. The fields are those of the structure
//! `LogToFile` in Jiva's `util/util.go`. An unreadable file ends Jiva at every start, before it looks at
//! anything else: the replica is whole and yet cannot be started.

use serde::Serialize;

use crate::finding::Oddity;
use crate::go::error::MetaError;
use crate::go::json::{GoType, Scalar, Shape, decode};
use crate::go::remark::{Place, Remark};
use crate::go::write::{is_written, written};

pub(super) static LOG_TO_FILE: Shape<4> = Shape {
    go_type: "util.LogToFile",
    go_name: "LogToFile",
    fields: [
        ("enable", GoType::Bool),
        ("maxlogfilesize", GoType::Int),
        ("retentionperiod", GoType::Int),
        ("maxbackups", GoType::Int),
    ],
};

/// The content of a `log.info`; every field None if its key is absent or `null`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
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
        let [enable, size, period, backups] = &decoded.slots;
        let mut info = Self {
            enable: enable.bool(),
            max_log_file_size: size.int(),
            retention_period: period.int(),
            max_backups: backups.int(),
            remarks: Vec::new(),
        };
        if decoded.remarks.is_empty() && !is_written(&info.fields(), bytes) {
            decoded.remarks.push(Place::FILE, Oddity::ForeignSpelling);
        }
        info.remarks = decoded.remarks.finish();
        Ok(info)
    }

    /// The file as Jiva would write it, with only those keys that are here.
    pub fn to_json(&self) -> String {
        written(&self.fields())
    }

    fn fields(&self) -> [(&'static str, Option<Scalar<'_>>); 4] {
        [
            ("enable", self.enable.map(Scalar::Bool)),
            ("maxlogfilesize", self.max_log_file_size.map(Scalar::Int)),
            ("retentionperiod", self.retention_period.map(Scalar::Int)),
            ("maxbackups", self.max_backups.map(Scalar::Int)),
        ]
    }

    /// The message with which Jiva exits when it cannot read the file.
    pub fn fatal_line(error: &MetaError) -> String {
        format!("Error running start replica command: {}", error.go_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn settings_of_jiva_are_read_and_written_again() {
        let text = "{\"enable\":true,\"maxlogfilesize\":100,\"retentionperiod\":180,\"maxbackups\":5}\n";
        let info = LogInfo {
            enable: Some(true),
            max_log_file_size: Some(100),
            retention_period: Some(180),
            max_backups: Some(5),
            remarks: Vec::new(),
        };
        assert_eq!(LogInfo::parse(text.as_bytes()).as_ref(), Ok(&info));
        assert_eq!(info.to_json(), text);
    }

    #[test]
    fn a_bad_file_ends_the_process_in_these_words() {
        for (text, error) in [
            (&b""[..], "EOF"),
            (b"{\"enable\":tr", "unexpected EOF"),
            (b"\0\0\0", r"invalid character '\x00' looking for beginning of value"),
            (
                b"{\"enable\":1}",
                "json: cannot unmarshal number into Go struct field LogToFile.enable of type bool",
            ),
            (
                b"{\"maxbackups\":1.5}",
                "json: cannot unmarshal number 1.5 into Go struct field LogToFile.maxbackups of type int",
            ),
        ] {
            let line = LogInfo::parse(text).map_err(|e| LogInfo::fatal_line(&e));
            assert_eq!(line, Err(format!("Error running start replica command: {error}")));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = LogInfo::parse(&bytes);
        }
    }
}
