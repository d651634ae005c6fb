//! What file systems inside the views say of themselves.

use std::fmt;

use serde::Serialize;

use super::phrases::count;
use crate::ident::Label;

/// A file system that says of itself that it is damaged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BrokenFileSystem {
    /// `ext4`, `XFS`, …
    pub file_system: String,
    /// Number of its partition; absent where it fills the view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<u32>,
    /// The replicas in whose views it says so.
    pub replicas: Vec<Label>,
    /// Whether these are all replicas whose views were looked at.
    pub everywhere: bool,
    /// Whether its superblock says that it has errors.
    pub errors: bool,
    /// How many errors it counted.
    pub error_count: u32,
    /// The last of them, by the guest's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Whether its journal must be replayed before it can be used.
    pub needs_recovery: bool,
    /// Whether the checksum of its superblock is wrong.
    pub wrong_checksum: bool,
    /// Bytes that it claims and that the view does not have.
    pub missing_bytes: u64,
}

impl fmt::Display for BrokenFileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.replicas.iter().map(Label::as_str).collect();
        let whose = match &names[..] {
            [one] => format!("the {} in the view of {one}", self.file_system),
            [most @ .., last] => {
                format!("the {} in the views of {} and {last}", self.file_system, most.join(", "))
            }
            [] => format!("the {} inside", self.file_system),
        };
        let mut parts = Vec::new();
        if self.errors {
            let counted = match self.error_count {
                0 => "says of itself that it has errors".to_owned(),
                number => format!(
                    "says of itself that it has errors ({} counted)",
                    count(u64::from(number), "error")
                ),
            };
            let last = self.last_error.as_ref().map_or_else(String::new, |at| format!(", the last at {at}"));
            parts.push(format!("{counted}{last}"));
        }
        if self.wrong_checksum {
            parts.push("has a superblock whose checksum is wrong".to_owned());
        }
        if self.missing_bytes > 0 {
            parts.push(format!("claims {} bytes more than the view has", self.missing_bytes));
        }
        if self.needs_recovery {
            parts.push("has a journal that needs recovery".to_owned());
        }
        write!(f, "{whose} {}", parts.join("; it "))?;
        if self.everywhere && names.len() > 1 {
            f.write_str("; all replicas share the damage")
        } else {
            Ok(())
        }
    }
}
