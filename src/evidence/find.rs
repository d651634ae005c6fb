//! Which directories are replica directories, in a file system or in an archive.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, openat, statat};

use super::directory::Directory;
use super::examine::{Listed, kind_of};
use super::handles::Handles;
use super::remarks::Remarks;
use super::tree::{Child, Tree};
use super::vacant::{self, VacantKind};
use super::{Kind, spell, spelled};

/// Whether a name is found in replica directories only.
pub(super) fn is_replicas(name: &[u8]) -> bool {
    let disk = name.starts_with(b"volume-head-") || name.starts_with(b"volume-snap-");
    matches!(name, b"volume.meta" | b"revision.counter")
        || disk && (name.ends_with(b".img") || name.ends_with(b".img.meta"))
}

/// Endings of the names of archives, longest first where one holds the other.
const ARCHIVES: &[&str] =
    &[".capsule", ".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2", ".tar", ".tgz", ".tzst", ".txz", ".tbz"];

/// Whether a file name has the ending of an archive. What is one is known by content; this is for choosing among files.
pub fn is_archive_name(name: &str) -> bool {
    without_archive_ending(name) != name
}

/// The name of an archive without its ending.
pub fn without_archive_ending(name: &str) -> &str {
    ARCHIVES.iter().find_map(|ending| name.strip_suffix(ending)).filter(|n| !n.is_empty()).unwrap_or(name)
}

/// A replica directory of the file system.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) path: PathBuf,
    /// Its path below where the search began.
    pub(super) inner: Vec<String>,
    pub(super) directory: Directory,
}

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Sorted by path.
    pub(super) seen: Vec<Seen>,
    /// The listing of the directory where the search began, unless it is a replica itself.
    pub(super) root: Vec<Listed>,
    /// Whether some directory could not be read, so that what was not found proves nothing.
    pub(super) incomplete: bool,
    /// Files outside of replica directories, sorted by path.
    pub(super) files: Vec<Place>,
    /// Symbolic links outside of replica directories, sorted by path.
    pub(super) links: Vec<Place>,
    /// Directories below where the search began in which no data lie.
    pub(super) vacant: Vec<(Place, VacantKind)>,
}

/// What stands at one name below where the search began.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Its path below where the search began.
    pub(super) inner: Vec<String>,
}

/// One listed directory.
struct Level {
    path: PathBuf,
    inner: Vec<String>,
    /// The names; none in a replica directory, where they went into its description.
    listed: Vec<Listed>,
    below: Vec<OsString>,
    files: Vec<OsString>,
    links: Vec<OsString>,
    vacant: Option<VacantKind>,
    directory: Option<Directory>,
    /// Why it could not be opened, or not be read to its end.
    error: Option<io::Error>,
    remarks: Remarks,
}

/// Searches a directory and everything below it, without following links, and describes the replica
/// directories on the way, while the system still has their names at hand.
///
/// The directories of one depth are read in parallel; what comes out does not depend on it.
pub(super) fn below(root: &Path, handles: &Arc<Handles>, remarks: &mut Remarks) -> io::Result<Search> {
    let mut search = Search::default();
    let mut depth = vec![(root.to_owned(), Vec::new())];
    while !depth.is_empty() {
        let levels: Vec<Level> =
            depth.into_par_iter().map(|(path, inner)| list(path, inner, handles)).collect();
        depth = Vec::new();
        for level in levels {
            let first = level.inner.is_empty();
            if let Some(error) = level.error {
                if first && level.listed.is_empty() {
                    return Err(error);
                }
                search.incomplete = true;
                remarks.push(format!("{}: not read in full: {error}", spelled(&level.path)));
            }
            level.remarks.into_lines().into_iter().for_each(|line| remarks.push(line));
            let place = |name: OsString| {
                let inner = [&level.inner[..], &[spell(name.as_bytes())]].concat();
                Place { path: level.path.join(&name), inner }
            };
            depth.extend(level.below.into_iter().map(place).map(|place| (place.path, place.inner)));
            search.files.extend(level.files.into_iter().map(place));
            search.links.extend(level.links.into_iter().map(place));
            if let Some(kind) = level.vacant
                && search.vacant.len() < VACANT
            {
                search.vacant.push((Place { path: level.path.clone(), inner: level.inner.clone() }, kind));
            }
            if first {
                search.root = level.listed;
            }
            if let Some(directory) = level.directory {
                search.seen.push(Seen { path: level.path, inner: level.inner, directory });
            }
        }
    }
    search.seen.sort_by(|a, b| a.inner.cmp(&b.inner));
    search.files.sort_by(|a, b| a.inner.cmp(&b.inner));
    search.links.sort_by(|a, b| a.inner.cmp(&b.inner));
    search.vacant.sort_by(|a, b| a.0.inner.cmp(&b.0.inner));
    Ok(search)
}

fn list(path: PathBuf, inner: Vec<String>, handles: &Arc<Handles>) -> Level {
    let mut level = Level {
        path,
        inner,
        listed: Vec::new(),
        below: Vec::new(),
        files: Vec::new(),
        links: Vec::new(),
        vacant: None,
        directory: None,
        error: None,
        remarks: Remarks::default(),
    };
    let mut replica = false;
    let listed = list_names(&level.path, level.inner.is_empty(), |item| {
        replica = replica || is_replicas(item.name.as_bytes());
        if item.kind == Kind::Directory {
            level.below.push(item.on_disk().to_owned());
        }
        level.listed.push(item);
    });
    level.error = listed.err();
    level.below.sort_unstable();
    if replica {
        let listed = std::mem::take(&mut level.listed);
        match Directory::describe(&level.path, listed, handles, &mut level.remarks) {
            Ok(directory) => level.directory = Some(directory),
            Err(error) => level.error = Some(error),
        }
        return level;
    }
    let vacant = vacant::kind(level.listed.iter().map(|item| (item.name.as_str(), item.kind)));
    if vacant.is_some() && level.error.is_none() {
        // What is said of the directory where the search began is for its reader to say.
        level.vacant = vacant.filter(|_| level.inner.last().is_some_and(|name| name != vacant::FOUND));
        return level;
    }
    let of = |wanted: Kind| {
        let items = level.listed.iter().filter(move |item| item.kind == wanted);
        items.map(|item| item.on_disk().to_owned()).collect::<Vec<_>>()
    };
    (level.files, level.links) = (of(Kind::File), of(Kind::Symlink));
    level
}

/// Bytes of names that are asked for at once.
const LISTING: usize = 64 * 1024;

/// Lists a directory. Where the search begins is named by the user and may be a link; nothing below is followed.
///
/// # Errors
/// If it cannot be opened, or not be read to its end; if the kind of one name is unknown, the others are listed.
pub(super) fn list_names(path: &Path, first: bool, mut found: impl FnMut(Listed)) -> io::Result<()> {
    let follow = if first { OFlags::empty() } else { OFlags::NOFOLLOW };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | follow;
    let directory = openat(CWD, path, flags, Mode::empty())?;
    let mut buf = Vec::with_capacity(LISTING);
    let mut names = RawDir::new(&directory, buf.spare_capacity_mut());
    let mut outcome = Ok(());
    while let Some(entry) = names.next() {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems leave that to the reader.
            FileType::Unknown => statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)
                .map(|stat| FileType::from_raw_mode(stat.st_mode)),
            known => Ok(known),
        };
        match kind {
            Ok(kind) => found(Listed::new(name.to_bytes(), kind_of(kind), entry.ino())),
            Err(error) => outcome = Err(error.into()),
        }
    }
    outcome
}

/// Directories without data that are listed of one input: no volume has as many replicas.
const VACANT: usize = 1000;

/// What is found in an archive: number and path of a directory, and for one in which no data lie why; sorted by path.
pub(super) type Inside = Vec<(usize, Vec<String>, Option<VacantKind>)>;

/// The replica directories of an archive, and those in which no data lie.
pub(super) fn inside(tree: &Tree, kinds: impl Fn(usize) -> Kind) -> Inside {
    let mut parents: Vec<Option<(usize, &str)>> = vec![None; tree.directories.len()];
    let (mut found, mut without) = (Vec::new(), 0);
    for (number, directory) in tree.directories.iter().enumerate() {
        for (name, child) in &directory.children {
            if let Child::Directory(child) = child {
                parents[*child] = Some((number, name));
            }
        }
        if directory.children.keys().any(|name| is_replicas(name.as_bytes())) {
            found.push((number, None));
            continue;
        }
        let names = directory.children.iter().map(|(name, child)| match child {
            Child::Directory(_) => (&**name, Kind::Directory),
            Child::Node(node) => (&**name, kinds(*node)),
        });
        if let Some(kind) = vacant::kind(names)
            && without < VACANT
        {
            without += 1;
            found.push((number, Some(kind)));
        }
    }
    let path = |(number, kind): (usize, Option<VacantKind>)| {
        let mut path = Vec::new();
        let mut at = number;
        while let Some((parent, name)) = parents[at] {
            path.push(name.to_owned());
            at = parent;
        }
        path.reverse();
        // A directory whose name a file took later hangs in the air.
        let noted = kind.is_none() || path.last().is_none_or(|name| name != vacant::FOUND);
        (at == 0 && noted).then_some((number, path, kind))
    };
    let mut found: Vec<_> = found.into_iter().filter_map(path).collect();
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_replicas() {
        for (name, expected) in [
            ("volume.meta", true),
            ("revision.counter", true),
            ("volume-head-000.img", true),
            ("volume-head-.img.meta", true),
            ("volume-snap-a.img.meta", true),
            ("volume-snap-a.img.tmp", false),
            ("volume.meta.tmp", false),
            ("replica.log", false),
            ("disk.img", false),
        ] {
            assert_eq!(is_replicas(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn endings_of_archives() {
        for (name, expected) in [
            ("rep-1.tar.zst", "rep-1"),
            ("rep-1.tgz", "rep-1"),
            ("a.b.tar", "a.b"),
            (".tar", ".tar"),
            ("rep-1.zip", "rep-1.zip"),
        ] {
            assert_eq!(without_archive_ending(name), expected);
        }
    }
}
