//! What is served: bytes, and which of them are stored.

use crate::blocks::MergedView;
use crate::ident::{Run, Runs};

/// An image that clients read.
pub trait Image: Send + Sync {
    /// Size in bytes.
    fn size(&self) -> u64;

    /// Fills a buffer that lies inside the image.
    ///
    /// # Errors
    /// Why it cannot be read, and the first byte that cannot, where that is known.
    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), Unreadable>;

    /// Takes a stretch inside the image apart: each part with whether it is stored. What is not reads as zeros. They follow
    /// each other without a gap from the start, and are at most so many; the rest is left out.
    fn parts(&self, run: Run, most: usize) -> Vec<(Run, bool)>;

    /// Says that a stretch is read soon.
    fn expect(&self, _run: Run) {}
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unreadable {
    /// In words.
    pub why: String,
    /// The first byte of the image that cannot be read.
    pub at: Option<u64>,
}

/// A merged view, as an image: where neither a layer nor the base has a byte, a read fails as Jiva's own does.
#[derive(Debug)]
pub struct ViewImage {
    view: MergedView,
    /// What no layer stores and the base is too short for.
    unreachable: Runs,
}

impl ViewImage {
    /// Of a view.
    pub fn new(view: MergedView) -> Self {
        let unreachable = view.unreachable();
        Self { view, unreachable }
    }
}

impl Image for ViewImage {
    fn size(&self) -> u64 {
        self.view.size()
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        use crate::blocks::ViewError;
        let wanted = buf.len();
        match self.view.read_at(offset, buf) {
            Ok(count) if count == wanted => Ok(()),
            Ok(count) => {
                let at = offset + count as u64;
                Err(Unreadable { why: format!("the view ends at byte {at}"), at: Some(at) })
            }
            Err(error) => {
                let at = match &error {
                    ViewError::Eof { offset, .. } | ViewError::Read { offset, .. } => Some(*offset),
                    _ => None,
                };
                Err(Unreadable { why: error.to_string(), at })
            }
        }
    }

    fn parts(&self, run: Run, most: usize) -> Vec<(Run, bool)> {
        let segments = self.view.supply().segments();
        let unreachable = self.unreachable.as_slice();
        let mut segment = segments.partition_point(|segment| segment.run.end <= run.start);
        let mut lacking = unreachable.partition_point(|run_| run_.end <= run.start);
        let mut out: Vec<(Run, bool)> = Vec::new();
        let mut at = run.start;
        while at < run.end {
            while segments.get(segment).is_some_and(|one| one.run.end <= at) {
                segment += 1;
            }
            while unreachable.get(lacking).is_some_and(|one| one.end <= at) {
                lacking += 1;
            }
            // What cannot be read is not a hole: a client that asks for it must get the error.
            let next = [segments.get(segment).map(|one| one.run), unreachable.get(lacking).copied()];
            let next = next.into_iter().flatten().min_by_key(|one| one.start);
            let (end, stored) = match next {
                Some(next) if next.start <= at => (next.end, true),
                Some(next) => (next.start, false),
                None => (run.end, false),
            };
            let end = end.min(run.end);
            let full = out.len() == most;
            match out.last_mut() {
                Some((last, same)) if *same == stored => last.end = end,
                _ if full => break,
                _ => out.push((Run { start: at, end }, stored)),
            }
            at = end;
        }
        out
    }

    fn expect(&self, run: Run) {
        self.view.expect(run);
    }
}
