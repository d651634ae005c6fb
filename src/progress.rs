//! How long work tells how far it is. A program that wants to draw implements [`Progress`]; nothing here draws.

/// Listens to work in progress. Calls may come from several threads.
pub trait Progress: Sync {
    /// Work named `what` begins; `total` is its size in the unit that [`advance`](Self::advance)
    /// counts, where it is known.
    fn begin(&self, _what: &str, _total: Option<u64>) {}

    /// `n` more units are done.
    fn advance(&self, _n: u64) {}

    /// So many directories are taken for one volume, more than any replication factor: said before the work that grows with
    /// their pairs begins.
    fn crowd(&self, _volume: &str, _directories: usize) {}

    /// The work that began last has ended.
    fn end(&self) {}
}

/// Nobody listens.
impl Progress for () {}
