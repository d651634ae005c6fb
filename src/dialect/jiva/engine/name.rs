//! One name of a volume's disks as a number.

/// A name of one volume, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name(pub(super) u32);

impl Name {
    /// Its place in a list of all names.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
