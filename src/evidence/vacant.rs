//! Directories of a volume in which no data lie: empty, with logs alone, or emptied on purpose. They are evidence too.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::label::volume;
use super::{Entry, Kind, Source};
use crate::ident::Label;

/// A directory of a volume without any file that holds data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Vacant {
    /// What it is called: as a replica would be.
    pub label: Label,
    /// Where it is, as for [`Found`](super::Found).
    pub path: String,
    /// Why there is no data.
    pub kind: VacantKind,
    /// The names in it, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The first line of `scrubbed.txt`, or the last error in `replica.log`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The volume's name, where the path tells one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
}

/// Why a directory of a volume holds no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VacantKind {
    /// Nothing is in it.
    Empty,
    /// Logs and nothing else.
    LogsOnly,
    /// It holds `scrubbed.txt`: the job that follows the deletion of a claim has emptied it.
    Scrubbed,
}

impl fmt::Display for Vacant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, files) = (&self.path, self.files.join(" and "));
        match (self.kind, &self.note) {
            (VacantKind::Empty, _) => write!(f, "{path} is empty: no data here"),
            (VacantKind::LogsOnly, None) => write!(f, "{path}: {files}, nothing else; no data here"),
            (VacantKind::LogsOnly, Some(note)) => {
                write!(f, "{path}: {files}, nothing else; no data here. The last error in the log: {note}")
            }
            (VacantKind::Scrubbed, note) => {
                let when = note.as_ref().map(|note| format!(" on {note}")).unwrap_or_default();
                write!(
                    f,
                    "{path}: scrubbed{when}: emptied on purpose by the job that follows the deletion of a claim. The job \
                     also empties a node that was down, when it comes back: copy what is left first"
                )?;
                let others: Vec<&str> =
                    self.files.iter().map(String::as_str).filter(|name| *name != SCRUBBED).collect();
                if others.is_empty() { Ok(()) } else { write!(f, "; it also holds {}", others.join(", ")) }
            }
        }
    }
}

/// The file that the clean-up job leaves.
pub(super) const SCRUBBED: &str = "scrubbed.txt";

/// The directory that every ext file system has at its top.
pub(super) const FOUND: &str = "lost+found";

/// Longest line that is kept of a file.
const NOTE: usize = 300;

/// Bytes at the end of a log that are looked through.
const TAIL: u64 = 64 << 10;

/// What there is to say of a directory before it has a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) kind: VacantKind,
    pub(super) files: Vec<String>,
    pub(super) note: Option<String>,
}

/// Why a directory that holds these names, none of them a replica's, holds no data; nothing where it is another thing.
pub(super) fn kind<'n>(names: impl IntoIterator<Item = (&'n str, Kind)>) -> Option<VacantKind> {
    let (mut logs, mut other, mut scrubbed) = (0, 0, false);
    for (name, kind) in names {
        match kind {
            Kind::File if name == SCRUBBED => scrubbed = true,
            Kind::File if is_log(name) => logs += 1,
            Kind::Directory if name == FOUND => {}
            _ => other += 1,
        }
    }
    match (scrubbed, other, logs) {
        (true, _, _) => Some(VacantKind::Scrubbed),
        (false, 0, 0) => Some(VacantKind::Empty),
        (false, 0, _) => Some(VacantKind::LogsOnly),
        _ => None,
    }
}

/// Whether a name is that of a log which a replica writes.
pub(super) fn is_log(name: &str) -> bool {
    name == "log.info" || name.starts_with("replica") && name.contains(".log")
}

impl Facts {
    /// Reads what there is to read of a directory of that kind.
    pub(super) fn of(kind: VacantKind, source: &dyn Source) -> Self {
        let entries = source.entries();
        let find = |name: &str| entries.iter().find(|entry| entry.name == name && entry.kind == Kind::File);
        let note = match kind {
            VacantKind::Empty => None,
            VacantKind::LogsOnly => find("replica.log").and_then(|entry| last_error(source, entry)),
            VacantKind::Scrubbed => find(SCRUBBED).and_then(|entry| {
                let mut buf = vec![0; NOTE];
                let got = source.read_at(entry, 0, &mut buf).ok()?;
                line(String::from_utf8_lossy(&buf[..got]).lines().next()?)
            }),
        };
        Self { kind, files: entries.iter().map(|entry| entry.name.clone()).collect(), note }
    }

    /// Whether it is surely a directory of a volume, wherever it lies.
    pub(super) fn speaks_for_itself(&self, parts: &[String]) -> bool {
        let named = volume(parts).is_some_and(|name| parts.last().is_some_and(|last| last.contains(&name)));
        named || self.kind == VacantKind::Scrubbed || self.files.iter().any(|name| name == "log.info")
    }
}

/// The last line of a log that tells an error.
fn last_error(source: &dyn Source, entry: &Entry) -> Option<String> {
    let from = entry.size.saturating_sub(TAIL);
    let mut buf = vec![0; (entry.size - from) as usize];
    let got = source.read_at(entry, from, &mut buf).ok()?;
    let text = String::from_utf8_lossy(&buf[..got]);
    let bad = ["level=fatal", "level=error", "level=panic", "panic:", "invalid argument"];
    let last = text.lines().rev().find(|text| bad.iter().any(|word| text.contains(word)))?;
    // Of a line of logrus the message is what matters.
    line(last.split_once("msg=").map_or(last, |(_, message)| message.trim_matches('"')))
}

fn line(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(NOTE).collect();
    (!text.is_empty()).then_some(text)
}

/// Paths of directories that hold replicas, to ask whether another directory lies beside one.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    /// Paths with one part left out: two that agree differ in that part alone.
    holes: BTreeSet<(usize, Vec<String>)>,
    /// Last parts.
    names: BTreeSet<String>,
}

impl Layouts {
    pub(super) fn add(&mut self, parts: &[String]) {
        for at in 0..parts.len() {
            self.holes.insert((at, without(parts, at)));
        }
        self.names.extend(parts.last().cloned());
    }

    /// Whether a directory differs from one of these in one part of its path alone, or has the name of one.
    pub(super) fn beside(&self, parts: &[String]) -> bool {
        parts.last().is_some_and(|last| self.names.contains(last))
            || (0..parts.len()).any(|at| self.holes.contains(&(at, without(parts, at))))
    }
}

fn without(parts: &[String], at: usize) -> Vec<String> {
    let mut rest = parts.to_vec();
    rest.remove(at);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::MemorySource;

    #[test]
    fn kinds_of_vacancy() {
        let file = |name| (name, Kind::File);
        for (names, expected) in [
            (&[][..], Some(VacantKind::Empty)),
            (&[("lost+found", Kind::Directory)], Some(VacantKind::Empty)),
            (
                &[file("log.info"), file("replica.log"), file("replica-2026.log.gz")],
                Some(VacantKind::LogsOnly),
            ),
            (&[file("scrubbed.txt"), file("x")], Some(VacantKind::Scrubbed)),
            (&[file("replica.log"), file("x")], None),
            (&[("sub", Kind::Directory)], None),
            (&[("scrubbed.txt", Kind::Directory)], None),
        ] {
            assert_eq!(kind(names.iter().copied()), expected, "{names:?}");
        }
    }

    #[test]
    fn the_note_is_the_last_error_of_the_log() {
        let log = "time=\"x\" level=error msg=\"first\"\ntime=\"x\" level=fatal msg=\"last one\"\ntime=\"x\" level=info msg=\"bye\"\n";
        let source = MemorySource::new().file("replica.log", log);
        assert_eq!(Facts::of(VacantKind::LogsOnly, &source).note.as_deref(), Some("last one"));
        let source = MemorySource::new().file("scrubbed.txt", "Mon Oct 14 06:44:09 UTC 2019\nmore\n");
        let facts = Facts::of(VacantKind::Scrubbed, &source);
        assert_eq!(facts.note.as_deref(), Some("Mon Oct 14 06:44:09 UTC 2019"));
    }

    #[test]
    fn what_lies_beside_a_replica() {
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let mut layouts = Layouts::default();
        layouts.add(&path("e/node1/var/pvc-x"));
        for (text, expected) in [
            ("e/node3/var/pvc-x", true),
            ("e/node1/var/pvc-y", true),
            ("other/place/pvc-x", true),
            ("e/node3/var/pvc-y", false),
            ("e/node3/var", false),
        ] {
            assert_eq!(layouts.beside(&path(text)), expected, "{text}");
        }
    }
}
