//! `LABEL@DISK` or `LABEL@candidate-N`: a replica, one of its disks or one of its rescue candidates, as somebody types it.

use super::view::{MergedView, ViewError};
use crate::ident::DiskName;
use crate::lineage::rescue::{self, Candidate};
use crate::replica::Replica;

/// Names listed in an error, so that a chain of a thousand disks fits a screen.
const LISTED: usize = 24;

/// A view that was asked for.
#[derive(Debug, Clone)]
pub struct Point<'a> {
    /// The replica.
    pub replica: &'a Replica,
    /// The disk from which to look down; `None` is the active head.
    pub disk: Option<DiskName>,
    /// The rescue candidate to look at instead of the replica's own chain.
    pub candidate: Option<Candidate>,
}

/// Why a text names no view.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PointError {
    /// No replica has that label.
    #[error("no replica named {text} (available: {})", list(known))]
    Replica {
        /// What was typed.
        text: String,
        /// The labels that there are.
        known: Vec<String>,
    },
    /// The replica has no such disk.
    #[error("{label} has no disk {text} (available: {})", list(known))]
    Disk {
        /// The replica.
        label: String,
        /// What was typed for the disk.
        text: String,
        /// The disks that there are, chain first.
        known: Vec<String>,
    },
    /// Several disks begin like that.
    #[error("{text} is ambiguous in {label}: {}", list(known))]
    Ambiguous {
        /// The replica.
        label: String,
        /// What was typed for the disk.
        text: String,
        /// The disks meant.
        known: Vec<String>,
    },
}

fn list(names: &[String]) -> String {
    let listed = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 if names.is_empty() => "none".to_owned(),
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

impl<'a> From<&'a Replica> for Point<'a> {
    fn from(replica: &'a Replica) -> Self {
        Self { replica, disk: None, candidate: None }
    }
}

impl<'a> Point<'a> {
    /// Finds what `LABEL` or `LABEL@DISK` names. A disk may be given by its file name, without `volume-` and `.img`, by
    /// the name of a snapshot, or by the beginning of any of these if only one disk begins so. `candidate-N` is the
    /// rescue candidate of that number, unless a disk is called so.
    ///
    /// # Errors
    /// [`PointError`], telling what there is instead.
    pub fn parse(text: &str, replicas: &'a [Replica]) -> Result<Self, PointError> {
        let find = |label: &str| replicas.iter().find(|replica| replica.label.as_str() == label);
        if let Some(replica) = find(text) {
            return Ok(replica.into());
        }
        // A label may hold an @ itself.
        for (at, _) in text.match_indices('@') {
            if let Some(replica) = find(&text[..at]) {
                return point(replica, &text[at + 1..], replicas);
            }
        }
        let known = replicas.iter().map(|replica| replica.label.to_string()).collect();
        let label = text.rsplit_once('@').map_or(text, |(label, _)| label);
        Err(PointError::Replica { text: label.to_owned(), known })
    }

    /// The view.
    ///
    /// # Errors
    /// Where there is no chain to follow.
    pub fn view(&self) -> Result<MergedView, ViewError> {
        match (&self.candidate, &self.disk) {
            (Some(candidate), _) => MergedView::of_candidate(self.replica, candidate),
            (None, None) => MergedView::live(self.replica),
            (None, Some(disk)) => MergedView::at(self.replica, disk),
        }
    }

    /// How it is called: the label, and behind an @ the candidate, or the disk if it is not the active head.
    pub fn name(&self) -> String {
        match (&self.candidate, &self.disk) {
            (Some(candidate), _) => format!("{}@{}", self.replica.label, candidate.name),
            (None, None) => self.replica.label.to_string(),
            (None, Some(disk)) => format!("{}@{disk}", self.replica.label),
        }
    }
}

/// The ways to spell a disk.
fn spellings(name: &DiskName) -> impl Iterator<Item = &str> {
    let bare = name.as_str().strip_prefix("volume-").map(|rest| rest.strip_suffix(".img").unwrap_or(rest));
    [Some(name.as_str()), bare, name.snapshot()].into_iter().flatten()
}

/// A disk, or else a candidate.
fn point<'a>(replica: &'a Replica, text: &str, replicas: &'a [Replica]) -> Result<Point<'a>, PointError> {
    let error = match disk(replica, text) {
        Ok(disk) => return Ok(Point { replica, disk: Some(disk), candidate: None }),
        Err(error) => error,
    };
    let PointError::Disk { label, text, mut known } = error else { return Err(error) };
    let mut names = Vec::new();
    for candidate in rescue::candidates(replica, replicas) {
        if candidate.name == text {
            return Ok(Point { replica, disk: None, candidate: Some(candidate) });
        }
        names.push(candidate.name);
    }
    // First, since a long chain is not said to its end.
    names.append(&mut known);
    Err(PointError::Disk { label, text, known: names })
}

fn disk(replica: &Replica, text: &str) -> Result<DiskName, PointError> {
    let exact: Vec<&DiskName> =
        replica.disks.names().filter(|name| spellings(name).any(|s| s == text)).collect();
    if let [one] = exact[..] {
        return Ok(one.clone());
    }
    let begins = |name: &&DiskName| !text.is_empty() && spellings(name).any(|s| s.starts_with(text));
    let found: Vec<&DiskName> =
        if exact.is_empty() { replica.disks.names().filter(begins).collect() } else { exact };
    let (label, text) = (replica.label.to_string(), text.to_owned());
    match found[..] {
        [one] => Ok(one.clone()),
        [] => {
            let others = replica.disks.iter().filter(|disk| !disk.on_chain).map(|disk| &disk.name);
            let known = replica.chain.iter().chain(others).map(ToString::to_string).collect();
            Err(PointError::Disk { label, text, known })
        }
        _ => {
            Err(PointError::Ambiguous { label, text, known: found.iter().map(ToString::to_string).collect() })
        }
    }
}
