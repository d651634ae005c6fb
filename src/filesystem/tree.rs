//! Listing a file system: every name, with what its inode says.

use std::collections::HashSet;

use super::bytes::FsError;
use super::entry::{FileEntry, Tree, order, shown};
use super::kind::FileKind;
use super::name::Name;
use super::system::System;

/// Entries that are kept of one file system.
pub(super) const ENTRIES: usize = 1 << 20;
/// Bytes of paths and of targets of links that are kept of one file system.
const NAMES: usize = 64 << 20;
/// Bytes of a path: more than any system opens, so that a chain of directories ends.
const PATH: usize = 1 << 16;

/// Lists a file or a directory and everything below it. Symbolic links are named and not followed.
pub(super) fn list(system: &dyn System, start: &FileEntry) -> Tree {
    let mut out = Tree { complete: true, ..Tree::default() };
    let mut seen = HashSet::new();
    let mut open: Vec<FileEntry> = vec![start.clone()];
    let mut room = NAMES;
    while let Some(next) = open.pop() {
        if out.entries.len() >= ENTRIES {
            out.remark(format!("more than {ENTRIES} entries: the rest is not listed"));
            break;
        }
        if next.kind == FileKind::Directory {
            if seen.insert(next.inode) {
                below(system, &next, &mut open, &mut room, &mut out);
            } else {
                out.remark(format!("/{}: a directory with a second name; it is listed once", next.name()));
            }
        }
        out.entries.push(next);
    }
    out.entries.sort_by(|a, b| order(&a.path, &b.path));
    out
}

/// Puts what a directory holds on the list of what is open.
fn below(
    system: &dyn System,
    directory: &FileEntry,
    open: &mut Vec<FileEntry>,
    room: &mut usize,
    out: &mut Tree,
) {
    let place = || format!("/{}", directory.name());
    let names = match system.names(directory.inode) {
        Ok((names, wrong)) => {
            if let Some(wrong) = wrong {
                out.remark(format!("{}: {wrong}", place()));
            }
            names
        }
        Err(error) => return out.remark(format!("{}: {error}", place())),
    };
    for Name { name, inode } in names {
        if open.len() + out.entries.len() >= ENTRIES {
            return out.remark(format!("{}: more than {ENTRIES} entries: not all is listed", place()));
        }
        let mut path = directory.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        // A name with a slash, or an empty one, would be another path.
        if name.contains(&b'/') || name.contains(&0) || path.len() + name.len() > PATH {
            out.remark(format!("{}: a name that no system allows ({})", place(), shown(&name)));
            continue;
        }
        path.extend_from_slice(&name);
        match system.entry(path.clone(), inode) {
            Ok(entry) => {
                let target = entry.target.as_ref().map_or(0, Vec::len);
                match room.checked_sub(entry.path.len() + target) {
                    Some(left) => *room = left,
                    None => {
                        return out
                            .remark(format!("{}: the names take too much room; not all is listed", place()));
                    }
                }
                open.push(entry);
            }
            Err(error) => out.remark(format!("/{}: {error}", shown(&path))),
        }
    }
}

/// Finds a path from the root. Symbolic links on the way are not followed.
pub(super) fn find(system: &dyn System, path: &[u8]) -> Result<FileEntry, FsError> {
    let mut at = system.entry(Vec::new(), system.root())?;
    for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".") {
        let (names, _) = system.names(at.inode)?;
        let found = names.iter().find(|name| name.name == part).ok_or(FsError::NotFound)?;
        let mut path = at.path;
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(part);
        at = system.entry(path, found.inode)?;
    }
    Ok(at)
}
