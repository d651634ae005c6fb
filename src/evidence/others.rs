//! Files of an input that are no replica's: each is named, with what it is, or counted.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::decode::Compression;
use super::find::{is_archive_name, is_replicas};
use super::handles::read_full_at;
use super::recognise::{self, LOOK, Recognised};
use super::remarks::Remarks;
use super::{Testimony, tar, vacant};

/// Files of one input that are looked at; those beyond are counted.
pub(super) const LOOKED_AT: usize = 10_000;

/// Names listed of what is counted.
const NAMED: usize = 5;

/// What a look at the start of a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It may be a tar archive.
    Archive,
    /// Something that is not read.
    Known(Recognised),
    /// Written by this program, or for it.
    Own,
    /// Of no kind that is known.
    Unknown,
}

/// Tells what the start of a file is. A name counts only where the bytes say nothing.
pub(super) fn look(name: &str, start: &[u8]) -> Look {
    if tar::begins_one(start) || Compression::of(start) != Compression::None || recognise::is_capsule(start) {
        return Look::Archive;
    }
    match recognise::recognise(name, start) {
        _ if recognise::is_own(start) => Look::Own,
        Some(known) => Look::Known(known),
        None if is_archive_name(name) => Look::Archive,
        None => Look::Unknown,
    }
}

/// Looks at a file of a directory.
pub(super) fn look_at(name: &str, path: &Path) -> io::Result<Look> {
    // NONBLOCK and NOFOLLOW: what the name stands for may have changed since it was listed.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
    let file = File::options().read(true).custom_flags(flags.bits() as i32).open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(Look::Unknown);
    }
    let mut start = vec![0; LOOK];
    let got = read_full_at(OwnedFd::from(file), &mut start, 0)?;
    Ok(look(name, &start[..got]))
}

/// What was found beside the replicas of one input.
#[derive(Debug, Default)]
pub(super) struct Others {
    files: Vec<(Vec<String>, Look)>,
    /// Witnesses that are small enough to have been read whole.
    testimonies: Vec<(Vec<String>, Testimony)>,
    links: Vec<Vec<String>>,
    /// Those that were not looked at.
    more: u64,
}

impl Others {
    /// Whether a file of that path may be something else than a replica's.
    pub(super) fn wants(path: &[String]) -> bool {
        path.last().is_some_and(|name| !is_replicas(name.as_bytes()) && !vacant::is_log(name))
    }

    /// Takes in a file, its first bytes, and whether these are all. The answer says whether it is a witness of which more than
    /// these bytes must be kept.
    pub(super) fn file(&mut self, path: &[String], start: &[u8], whole: bool) -> bool {
        if self.files.len() + self.links.len() < LOOKED_AT {
            let name = path.last().map_or("", String::as_str);
            match look(name, start) {
                Look::Known(known) if known.witness && whole => {
                    self.testimonies.push((path.to_vec(), Testimony::of_bytes(path.join("/"), start)));
                }
                look => {
                    self.files.push((path.to_vec(), look));
                    return matches!(look, Look::Known(known) if known.witness);
                }
            }
        } else {
            self.more += 1;
        }
        false
    }

    /// Takes in a symbolic link.
    pub(super) fn link(&mut self, path: &[String]) {
        if self.files.len() + self.links.len() < LOOKED_AT {
            self.links.push(path.to_vec());
        } else {
            self.more += 1;
        }
    }

    /// Tells of everything whose directory is not among those that were read, and gives the witnesses; `kept` gives one that was
    /// too large to be read whole, if its bytes can be found again.
    pub(super) fn tell(
        self,
        read: impl Fn(&[String]) -> bool,
        kept: impl Fn(&[String]) -> Option<Testimony>,
        noted: &mut Noted,
    ) -> Vec<Testimony> {
        let mut large = Vec::new();
        let outside = |path: &[String]| path.split_last().is_some_and(|(_, directory)| !read(directory));
        for (parts, look) in self.files.iter().filter(|(path, _)| outside(path)) {
            let path = parts.join("/");
            match look {
                Look::Archive => noted.hidden(format!(
                    "{path}: is an archive in an archive, not read: take it out and give it by itself"
                )),
                Look::Known(known) => match known.witness.then(|| kept(parts)).flatten() {
                    Some(testimony) => large.push(testimony),
                    None => noted.known(&path, known),
                },
                Look::Own => {}
                Look::Unknown => noted.unknown.push(path),
            }
        }
        noted.links.extend(self.links.iter().filter(|path| outside(path)).map(|path| path.join("/")));
        noted.more += self.more;
        let testimonies = self.testimonies.into_iter().filter(|(path, _)| outside(path));
        testimonies.map(|(_, testimony)| testimony).chain(large).collect()
    }
}

/// What is to be said of the files beside the replicas of one input.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) remarks: Remarks,
    /// Reasons why a replica may be missing.
    pub(super) incomplete: Vec<String>,
    pub(super) unknown: Vec<String>,
    pub(super) links: Vec<String>,
    pub(super) more: u64,
}

/// Reasons that are kept of one input.
const REASONS: usize = 16;

impl Noted {
    /// A sentence, and a reason why a replica may be missing.
    pub(super) fn hidden(&mut self, line: String) {
        if self.incomplete.len() < REASONS {
            self.incomplete.push(line.clone());
        }
        self.remarks.push(line);
    }

    /// A file that was recognised.
    pub(super) fn known(&mut self, path: &str, known: &Recognised) {
        let line = format!("{path}: {}", known.sentence());
        if known.may_hold { self.hidden(line) } else { self.remarks.push(line) }
    }

    /// Whether there is nothing to say.
    pub(super) fn is_empty(&self) -> bool {
        self.remarks.is_empty() && self.unknown.is_empty() && self.links.is_empty() && self.more == 0
    }

    /// Adds everything to what is said of the input.
    pub(super) fn finish(self, remarks: &mut Remarks, incomplete: &mut Vec<String>) {
        self.remarks.into_lines().into_iter().for_each(|line| remarks.push(line));
        incomplete.extend(self.incomplete);
        if !self.links.is_empty() {
            let (count, s) = (self.links.len(), plural(self.links.len()));
            let verb = if count == 1 { "is" } else { "are" };
            remarks.push(format!(
                "{count} symbolic link{s} {verb} not followed: {}; give what it points to by itself",
                first(&self.links)
            ));
        }
        if !self.unknown.is_empty() {
            let (count, s) = (self.unknown.len(), plural(self.unknown.len()));
            let verb = if count == 1 { "is" } else { "are" };
            remarks
                .push(format!("{count} file{s} of no known kind {verb} not read: {}", first(&self.unknown)));
        }
        if self.more > 0 {
            let line = format!("{} further files were not looked at", self.more);
            remarks.push(line.clone());
            incomplete.push(line);
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The first names, and how many there are beside them.
fn first(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
