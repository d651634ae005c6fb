//! Which directories are replica directories, in a file system or in an archive.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::directory::Listed;
use super::remarks::Remarks;
use super::tree::{Child, Tree};
use super::{Kind, spell};

/// Whether a name is found in replica directories only.
pub(super) fn is_replicas(name: &str) -> bool {
    let disk = name.starts_with("volume-head-") || name.starts_with("volume-snap-");
    matches!(name, "volume.meta" | "revision.counter")
        || disk && (name.ends_with(".img") || name.ends_with(".img.meta"))
}

/// Endings of the names of archives, longest first where one holds the other.
const ARCHIVES: &[&str] =
    &[".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2", ".tar", ".tgz", ".tzst", ".txz", ".tbz"];

/// Whether a file name has the ending of an archive. What is one is told by content; this is for choosing among files.
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
    pub(super) listed: Vec<Listed>,
}

/// What a search found.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Sorted by path.
    pub(super) seen: Vec<Seen>,
    /// The listing of the directory where the search began.
    pub(super) root: Vec<Listed>,
    /// Whether some directory could not be read, so that what was not found proves nothing.
    pub(super) incomplete: bool,
    /// A file that looks like an archive, for a better message where no replica is found.
    pub(super) archive: Option<String>,
}

/// One listed directory.
struct Level {
    path: PathBuf,
    inner: Vec<String>,
    listed: Vec<Listed>,
    errors: Vec<walkdir::Error>,
}

/// Searches a directory and everything below it, without following links.
///
/// The directories of one depth are listed in parallel; what comes out does not depend on it.
pub(super) fn below(root: &Path, remarks: &mut Remarks) -> io::Result<Search> {
    let mut search = Search::default();
    let mut depth = vec![(root.to_owned(), Vec::new())];
    while !depth.is_empty() {
        let levels: Vec<Level> = depth.into_par_iter().map(|(path, inner)| list(path, inner)).collect();
        depth = Vec::new();
        for level in levels {
            let first = level.inner.is_empty();
            for error in level.errors {
                search.incomplete = true;
                let text = error.to_string();
                match error.into_io_error() {
                    Some(error) if first && level.listed.is_empty() => return Err(error),
                    _ => remarks.push(format!("{}: not searched: {text}", level.path.display())),
                }
            }
            let replica = level.listed.iter().any(|l| is_replicas(&spell(l.name.as_bytes())));
            for item in &level.listed {
                if item.kind == Kind::Directory {
                    let mut inner = level.inner.clone();
                    inner.push(spell(item.name.as_bytes()));
                    depth.push((level.path.join(&item.name), inner));
                } else if search.archive.is_none() && item.kind == Kind::File {
                    let name = spell(item.name.as_bytes());
                    search.archive = is_archive_name(&name).then_some(name);
                }
            }
            if first {
                search.root.clone_from(&level.listed);
            }
            if replica {
                search.seen.push(Seen { path: level.path, inner: level.inner, listed: level.listed });
            }
        }
    }
    search.seen.sort_by(|a, b| a.inner.cmp(&b.inner));
    Ok(search)
}

fn list(path: PathBuf, inner: Vec<String>) -> Level {
    let mut level = Level { path, inner, listed: Vec::new(), errors: Vec::new() };
    let walk = WalkDir::new(&level.path)
        .min_depth(1)
        .max_depth(1)
        // Where the search begins is named by the user and may be a link; nothing below is followed.
        .follow_root_links(level.inner.is_empty())
        .sort_by_file_name();
    for entry in walk {
        match entry {
            Ok(entry) => {
                let kind = kind(entry.file_type());
                level.listed.push(Listed { name: entry.file_name().to_owned(), kind });
            }
            Err(error) => level.errors.push(error),
        }
    }
    level
}

/// Kind of a file as the listing tells it.
pub(super) fn kind(kind: std::fs::FileType) -> Kind {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Directory
    } else if kind.is_symlink() {
        Kind::Symlink
    } else if kind.is_fifo() {
        Kind::Fifo
    } else if kind.is_socket() {
        Kind::Socket
    } else {
        Kind::Device
    }
}

/// The replica directories of an archive: number and path, sorted by path.
pub(super) fn inside(tree: &Tree) -> Vec<(usize, Vec<String>)> {
    let mut parents: Vec<Option<(usize, &str)>> = vec![None; tree.directories.len()];
    let mut found = Vec::new();
    for (number, directory) in tree.directories.iter().enumerate() {
        for (name, child) in &directory.children {
            if let Child::Directory(child) = child {
                parents[*child] = Some((number, name));
            }
        }
        if directory.children.keys().any(|name| is_replicas(name)) {
            found.push(number);
        }
    }
    let path = |number: usize| {
        let mut path = Vec::new();
        let mut at = number;
        while let Some((parent, name)) = parents[at] {
            path.push(name.to_owned());
            at = parent;
        }
        path.reverse();
        // A directory whose name a file took later hangs in the air.
        (at == 0).then_some((number, path))
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
            assert_eq!(is_replicas(name), expected, "{name}");
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
