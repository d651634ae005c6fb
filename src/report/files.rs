//! The account of `files`: what is inside a view, its entries, and what was taken out; and its JSON document.

use serde::Serialize;

use super::json::{TOOL, Tool, pretty};
use crate::evidence::InputReport;
use crate::filesystem::{Contents, FileEntry, FileKind, FileSystem, Moment, Replayed, Sqlite, Taken, shown};

/// Name and version of the form of the document; additions keep it.
pub const SCHEMA: &str = "jivascope.files/1";

/// What was listed or taken out of one view.
#[derive(Debug)]
pub struct Listing<'a> {
    /// The inputs, sorted.
    pub inputs: &'a [InputReport],
    /// The view, as it is typed.
    pub view: String,
    /// What is inside it.
    pub contents: &'a Contents,
    /// The file system whose files these are.
    pub file_system: &'a FileSystem,
    /// What replaying its journal does.
    pub replayed: Option<Replayed>,
    /// The entries, by path.
    pub entries: Vec<Taken>,
    /// What could not be listed.
    pub remarks: &'a [String],
    /// Whether all was listed.
    pub complete: bool,
    /// The directory that files were taken out into.
    pub to: Option<String>,
}

impl Listing<'_> {
    /// Whether everything could be listed, and taken where that was asked.
    pub fn is_whole(&self) -> bool {
        let left_out = |taken: &Taken| taken.entry.kind == FileKind::File && taken.remark.is_some();
        self.complete && !self.entries.iter().any(left_out)
    }
}

impl Taken {
    /// An entry that is only listed.
    pub fn listed(entry: FileEntry, sha256: Result<Option<String>, String>, sqlite: Option<Sqlite>) -> Self {
        let (sha256, remark) = match sha256 {
            Ok(sum) => (sum, None),
            Err(why) => (None, Some(why)),
        };
        Self { entry, sha256, remark, sqlite }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct FilesDocument<'a> {
    schema: &'static str,
    tool: Tool,
    evidence: &'a [InputReport],
    /// The view: `LABEL`, `LABEL@DISK` or `LABEL@candidate-N`.
    view: &'a str,
    contents: &'a Contents,
    file_system: &'a FileSystem,
    /// What replaying its journal does; it was replayed in memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<&'a Replayed>,
    /// The directory that files were taken out into.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    entries: Vec<ShownEntry>,
    /// What could not be listed.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    remarks: &'a [String],
    /// Whether all was listed, and taken out where that was asked.
    complete: bool,
}

/// One name in a tree.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownEntry {
    /// From the root, without a slash in front. Bytes that are not UTF-8 are written `\xNN`, a backslash is doubled.
    path: String,
    kind: FileKind,
    /// Permission bits in octal digits.
    mode: String,
    uid: u32,
    gid: u32,
    size: u64,
    /// Last change of its data, by the guest's clock.
    modified: Moment,
    /// Last change of its inode, by the guest's clock.
    changed: Moment,
    inode: u64,
    links: u32,
    /// Where a symbolic link leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// Whether it is stored encrypted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Why it was not taken out, or not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    /// What it shows as a SQLite database, where it is one and its content was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlite: Option<Sqlite>,
}

impl ShownEntry {
    pub(super) fn of(entry: &FileEntry) -> Self {
        Self {
            path: entry.name(),
            kind: entry.kind,
            mode: format!("{:04o}", entry.mode),
            uid: entry.uid,
            gid: entry.gid,
            size: entry.size,
            modified: entry.modified,
            changed: entry.changed,
            inode: entry.inode,
            links: entry.links,
            target: entry.target.as_deref().map(shown),
            encrypted: entry.encrypted,
            sha256: None,
            remark: None,
            sqlite: None,
        }
    }
}

/// The document as text, with a line feed at its end.
pub fn json(listing: &Listing<'_>) -> String {
    let entries = listing.entries.iter().map(|taken| ShownEntry {
        sha256: taken.sha256.clone(),
        remark: taken.remark.clone(),
        sqlite: taken.sqlite.clone(),
        ..ShownEntry::of(&taken.entry)
    });
    pretty(&FilesDocument {
        schema: SCHEMA,
        tool: TOOL,
        evidence: listing.inputs,
        view: &listing.view,
        contents: listing.contents,
        file_system: listing.file_system,
        replayed: listing.replayed.as_ref(),
        to: listing.to.as_deref(),
        entries: entries.collect(),
        remarks: listing.remarks,
        complete: listing.is_whole(),
    })
}
