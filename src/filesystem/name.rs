//! A name in a directory.

/// One name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub name: Vec<u8>,
    pub inode: u64,
}
