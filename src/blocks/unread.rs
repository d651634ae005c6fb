//! Ranges that could not be read.

use super::view::ViewError;
use crate::ident::{DiskName, Label, Run};

/// A range that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Unread {
    /// Whose view.
    pub replica: Label,
    /// The layer that supplies it.
    pub disk: DiskName,
    /// Where, in bytes of the volume.
    pub run: Run,
    /// Why.
    pub why: String,
}

/// Why, without the place, so that neighbouring ranges can be joined.
pub(super) fn reason(error: &ViewError) -> String {
    match error {
        ViewError::Eof { .. } => "EOF: the image ends before it".to_owned(),
        ViewError::Read { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

/// Joins neighbouring ranges that failed for one reason.
pub(super) fn merge(mut list: Vec<Unread>) -> Vec<Unread> {
    list.sort();
    list.dedup();
    let mut out: Vec<Unread> = Vec::new();
    for one in list {
        match out.last_mut() {
            Some(last)
                if (&last.replica, &last.disk, &last.why) == (&one.replica, &one.disk, &one.why)
                    && last.run.end >= one.run.start =>
            {
                last.run.end = last.run.end.max(one.run.end);
            }
            _ => out.push(one),
        }
    }
    out
}
