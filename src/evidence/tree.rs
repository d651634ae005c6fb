//! The members of an archive as a tree of names, without a file system behind it.

use std::collections::BTreeMap;

use super::spell;

/// What stands at a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    Directory(usize),
    /// The number of a node, which several names may share.
    Node(usize),
}

#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) children: BTreeMap<Box<str>, Child>,
    pub(super) modified: Option<i128>,
}

/// Directories by number; the first one is the root of the archive.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) directories: Vec<Directory>,
}

/// Bytes counted for one name beside its own: what stands behind it takes about as much.
const NAME_COST: u64 = 256;

impl Tree {
    pub(super) fn new() -> Self {
        Self { directories: vec![Directory::default()] }
    }

    /// The directory of that path, made where the archive has not said of it; `cost` grows with it.
    ///
    /// A file that stands in the way gives way: what comes last counts.
    pub(super) fn directory<'p>(&mut self, path: impl IntoIterator<Item = &'p str>, cost: &mut u64) -> usize {
        let mut at = 0;
        for name in path {
            at = match self.directories[at].children.get(name) {
                Some(Child::Directory(next)) => *next,
                _ => {
                    let next = self.directories.len();
                    self.directories.push(Directory::default());
                    self.directories[at].children.insert(name.into(), Child::Directory(next));
                    *cost += name.len() as u64 + NAME_COST;
                    next
                }
            };
        }
        at
    }

    /// Gives a name to a node; returns what had the name before.
    pub(super) fn insert(&mut self, path: &[String], node: usize, cost: &mut u64) -> Option<Child> {
        let (name, parents) = path.split_last()?;
        let parent = self.directory(parents.iter().map(String::as_str), cost);
        *cost += name.len() as u64 + NAME_COST;
        self.directories[parent].children.insert(name.as_str().into(), Child::Node(node))
    }

    /// What stands at a path.
    pub(super) fn get(&self, path: &[String]) -> Option<Child> {
        path.iter().try_fold(Child::Directory(0), |at, name| match at {
            Child::Directory(at) => self.directories[at].children.get(name.as_str()).copied(),
            Child::Node(_) => None,
        })
    }
}

/// Splits the name of a member into its parts, written as text.
///
/// As GNU tar does when it unpacks, everything up to the last `..` is left out, and so is a leading
/// slash; the second value tells whether that was needed.
pub(super) fn parts(path: &[u8]) -> (Vec<String>, bool) {
    let mut parts = Vec::new();
    let mut odd = path.starts_with(b"/");
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                odd = true;
                parts.clear();
            }
            name => parts.push(spell(name)),
        }
    }
    (parts, odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        for (path, expected, odd) in [
            ("./a//b/./c", "a/b/c", false),
            ("/etc/passwd", "etc/passwd", true),
            ("../../x", "x", true),
            ("a/../../b/c", "b/c", true),
            ("a/..", "", true),
            ("./", "", false),
            ("..a/b..", "..a/b..", false),
        ] {
            assert_eq!(
                parts(path.as_bytes()),
                (expected.split_terminator('/').map(str::to_owned).collect(), odd),
                "{path}"
            );
        }
    }

    #[test]
    fn the_last_one_counts() {
        let mut tree = Tree::new();
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let mut cost = 0;
        assert_eq!(tree.insert(&path("a/b"), 0, &mut cost), None);
        assert_eq!(tree.insert(&path("a/b"), 1, &mut cost), Some(Child::Node(0)));
        assert_eq!(tree.insert(&path("a/b/c"), 2, &mut cost), None);
        assert_eq!(tree.get(&path("a/b/c")), Some(Child::Node(2)));
        assert_eq!(tree.get(&path("a/c/c")), None);
        assert!(cost > 4 * NAME_COST);
    }
}
