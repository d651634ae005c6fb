//! How long work tells how far it is. Whoever wants to draw implements [`Watch`]; nothing here draws.

/// Listens to work in progress. Calls may come from several threads.
pub trait Watch: Sync {
    /// Work named `what` begins; `total` is its size in the unit that [`advance`](Self::advance)
    /// counts, where it is known.
    fn begin(&self, _what: &str, _total: Option<u64>) {}

    /// `n` more units are done.
    fn advance(&self, _n: u64) {}

    /// The work that began last has ended.
    fn end(&self) {}
}

/// Nobody listens.
impl Watch for () {}
