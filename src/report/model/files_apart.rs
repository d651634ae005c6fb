//! What differs and what is lost in files, in words.

use super::Tone;
use super::{databases, inside};
use crate::analysis::{FileLoss, Volume};
use crate::filesystem::{Change, FileEntry, FileKind, FilesApart, How, InFiles, Lost, Owned, shown};
use crate::ident::Label;
use crate::report::words;
use crate::verdict::VerdictKind;

/// Files that are named of one choice on the screen of `analyze`.
const NAMED: usize = 3;
/// Paths that recovery changes and that are named.
const RECOVERED: usize = 5;

/// The files of one pair.
#[derive(Debug)]
#[non_exhaustive]
pub struct FilesReport {
    /// Which file system, and how many paths differ.
    pub title: String,
    /// What is to be said beside it.
    pub notes: Vec<(Option<Tone>, String)>,
    /// Each kind of difference with its paths.
    pub sections: Vec<(String, Vec<String>)>,
}

impl FilesReport {
    /// The account of one pair; `one` and `two` are what the sides are called.
    pub fn of(found: &InFiles, one: &str, two: &str) -> Vec<Self> {
        let mut out: Vec<Self> = found.apart.iter().map(|apart| report(apart, [one, two])).collect();
        out.extend(found.without.iter().map(|why| Self {
            title: format!("Not compared in files: {why}."),
            notes: Vec::new(),
            sections: Vec::new(),
        }));
        out
    }
}

fn report(found: &FilesApart, names: [&str; 2]) -> FilesReport {
    let what = inside::title(&found.what);
    let title = match (found.changes.len(), found.complete) {
        (0, true) => format!("In files ({what}): no file differs."),
        (0, false) => format!("In files ({what}): no difference found, but not all could be compared."),
        (1, _) => format!("In files ({what}): 1 path differs."),
        (count, _) => format!("In files ({what}): {count} paths differ."),
    };
    let mut notes = Vec::new();
    for (side, name) in names.iter().enumerate() {
        notes.push((None, format!("{}: {}.", name, clock(found, side))));
    }
    for (side, name) in names.iter().enumerate() {
        notes.extend(found.recovered[side].as_ref().map(|recovered| {
            let paths = recovered
                .changes
                .as_deref()
                .map(|changes| named(changes.iter().map(Change::path), RECOVERED));
            let changes = match paths {
                None => {
                    "which paths it changes is unknown, since nothing can be listed without it".to_owned()
                }
                Some(paths) if paths.is_empty() => "no path changes with it".to_owned(),
                Some(paths) => format!("it changes {paths}"),
            };
            (
                None,
                format!("{}: {} {}.", name, inside::replayed(&recovered.replayed), words::capital(&changes)),
            )
        }));
    }
    for (side, name) in names.iter().enumerate() {
        let text = owners(&found.owned[side]);
        if !text.is_empty() {
            notes.push((None, format!("In {} the differing blocks are {text}.", name)));
        }
        notes.extend(
            found.remarks[side].iter().map(|remark| (Some(Tone::Warning), format!("{}: {remark}", name))),
        );
    }
    if !found.with_ancestor
        && found.changes.iter().any(|change| matches!(change.how, How::OnlyA | How::OnlyB))
    {
        notes.push((
            None,
            "What one side alone has may have been deleted on the other: no common ancestor was looked at."
                .to_owned(),
        ));
    }
    let mut sections = sections(found, names);
    let rows = databases::rows(&found.databases, names);
    if !rows.is_empty() {
        sections.push(("SQLite databases among them".to_owned(), rows));
    }
    if found.not_looked_at > 0 {
        let text = format!("{} more paths were not looked at for SQLite databases.", found.not_looked_at);
        notes.push((None, text));
    }
    FilesReport { title, notes, sections }
}

/// The newest change, as the guest's clock said.
fn clock(found: &FilesApart, side: usize) -> String {
    let newest = found.newest[side].as_ref().map(|newest| {
        let path = if newest.path.is_empty() { "/".to_owned() } else { shown(&newest.path) };
        format!("newest change {} by the guest's clock ({path})", newest.at)
    });
    let written = found.written[side].map(|at| format!("last write to the superblock {at}"));
    let parts: Vec<String> = newest.into_iter().chain(written).collect();
    if parts.is_empty() { "no time is known".to_owned() } else { parts.join(", ") }
}

fn sections(found: &FilesApart, [one, two]: [&str; 2]) -> Vec<(String, Vec<String>)> {
    let headings = [
        (How::OnlyA, None, format!("only in {one}")),
        (How::OnlyB, None, format!("only in {two}")),
        (How::OnlyA, Some(1), format!("deleted in {two}, still in {one}")),
        (How::OnlyB, Some(0), format!("deleted in {one}, still in {two}")),
        (How::Content, None, "other content".to_owned()),
        (How::Kind, None, "another kind of file, or another target".to_owned()),
        (How::Inode, None, "only times, permissions or owner".to_owned()),
        (How::Unread, None, "could not be compared".to_owned()),
    ];
    let row = |change: &Change| {
        let path = match change.path() {
            [] => "/".to_owned(),
            path => shown(path),
        };
        match (&change.a, &change.b, &change.why) {
            (_, _, Some(why)) => format!("{path}: {why}"),
            (Some(a), Some(b), None) => format!("{path}: {one} {}; {two} {}", version(a), version(b)),
            (Some(entry), None, None) | (None, Some(entry), None) => format!("{path}: {}", version(entry)),
            (None, None, None) => path,
        }
    };
    let of = |how: How, by: Option<usize>| -> Vec<String> {
        let all = found.changes.iter().zip(&found.deleted_by);
        all.filter(|(change, deleted)| change.how == how && **deleted == by)
            .map(|(change, _)| row(change))
            .collect()
    };
    let all = headings.into_iter().map(|(how, by, heading)| (heading, of(how, by)));
    all.filter(|(_, rows)| !rows.is_empty()).collect()
}

fn version(entry: &FileEntry) -> String {
    match entry.kind {
        FileKind::File => format!("{} bytes, {}", entry.size, entry.modified),
        kind => format!("{}, {}", kind.name(), entry.modified),
    }
}

/// What blocks belong to, in words; empty where there are none.
fn owners(owned: &Owned) -> String {
    let files = owned.files.len();
    let parts = [
        (owned.data(), format!("data of {}", words::count(files, "file"))),
        (owned.directories, "directories".to_owned()),
        (owned.journal, "the journal".to_owned()),
        (owned.tables, "tables of the file system".to_owned()),
        (owned.unnamed, "in use without a name".to_owned()),
        (owned.free, "free space (no loss)".to_owned()),
        (owned.unknown, "free or in use, which is unknown".to_owned()),
        (owned.outside, "outside of the file system".to_owned()),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(size, _)| *size > 0)
        .map(|(size, what)| format!("{} {what}", words::bytes(size)))
        .collect();
    if said.is_empty() { String::new() } else { words::list(&said) }
}

/// A bounded list of names: `a`, `a and b`, `a, b and 4 others`.
fn named<'a>(paths: impl Iterator<Item = &'a [u8]>, most: usize) -> String {
    let all: Vec<String> =
        paths.map(|path| if path.is_empty() { "/".to_owned() } else { shown(path) }).collect();
    match all.len() {
        0 => String::new(),
        count if count <= most + 1 => words::list(&all),
        count => format!("{} and {} others", all[..most].join(", "), count - most),
    }
}

/// What each choice loses in files, a sentence each.
pub(super) fn losses(volume: &Volume) -> (&'static str, Vec<String>) {
    // Whose blocks are newer is not certain there, so no more is said than that they can be lost.
    let heading = match volume.verdict.kind {
        VerdictKind::InsufficientEvidence => "what each choice can lose, in files",
        _ => "what is lost, in files",
    };
    // What is lost of one replica is mostly the same whichever other is kept.
    let mut groups: Vec<(&Label, String, Vec<&Label>)> = Vec::new();
    for found in &volume.file_losses {
        let text = loss(found);
        match groups.iter_mut().find(|(lost, known, _)| *lost == &found.lost && *known == text) {
            Some((.., keep)) => keep.push(&found.keep),
            None => groups.push((&found.lost, text, vec![&found.keep])),
        }
    }
    let sentence = |(lost, text, keep): (&Label, String, Vec<&Label>)| {
        let keep: Vec<Label> = keep.into_iter().cloned().collect();
        format!("if you keep {}, of {lost}: {text}", words::either(&keep))
    };
    (heading, groups.into_iter().map(sentence).collect())
}

fn loss(found: &FileLoss) -> String {
    let loss = match &found.loss {
        Err(why) => return format!("which files is unknown ({why})"),
        Ok(loss) => loss,
    };
    let of = |kind: Lost| {
        let paths =
            loss.files.iter().filter(move |file| file.lost == kind).map(|file| file.entry.path.as_slice());
        named(paths, NAMED)
    };
    let mut parts = Vec::new();
    for (kind, lead) in
        [(Lost::Version, "its version of "), (Lost::File, ""), (Lost::Deletion, "its deletion of ")]
    {
        let names = of(kind);
        if !names.is_empty() {
            parts.push(format!("{lead}{names}"));
        }
    }
    let newest =
        loss.files.iter().filter(|file| file.lost != Lost::Deletion).map(|file| file.entry.modified).max();
    let newest = newest.map_or_else(String::new, |at| format!("; newest {at} by the guest's clock"));
    let whole = match (loss.complete, loss.unapplied) {
        (true, _) => "",
        (false, true) => "; this is what lies on the disk, since the log of XFS was not replayed",
        (false, false) => "; not all files could be compared",
    };
    let databases = databases::lost(&loss.databases, NAMED);
    match parts.is_empty() {
        true => format!("no file is named; the lost blocks are {}{whole}", owners(&loss.owned)),
        false => format!("{}{newest}{whole}{databases}", parts.join("; ")),
    }
}
