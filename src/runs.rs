//! Arithmetic of byte ranges: union, intersection, difference, all linear in the number of runs.

use crate::ident::{BLOCK_SIZE, Runs};

impl Runs {
    /// What lies in either.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return if self.is_empty() { other.clone() } else { self.clone() };
        }
        let (mut a, mut b) = (self.iter().peekable(), other.iter().peekable());
        let mut out = Self::new();
        while let Some(next) = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if x.start <= y.start => a.next(),
            (Some(_), None) => a.next(),
            (_, Some(_)) => b.next(),
            (None, None) => None,
        } {
            out.push(next.start, next.end);
        }
        out
    }

    /// What lies in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let (a, b) = (self.as_slice(), other.as_slice());
        let (mut i, mut j) = (0, 0);
        let mut out = Self::new();
        while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
            out.push(x.start.max(y.start), x.end.min(y.end));
            if x.end <= y.end { i += 1 } else { j += 1 }
        }
        out
    }

    /// What lies in `self` and not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        let b = other.as_slice();
        let mut j = 0;
        let mut out = Self::new();
        for run in self {
            let mut start = run.start;
            while b.get(j).is_some_and(|y| y.end <= start) {
                j += 1;
            }
            let mut k = j;
            while let Some(y) = b.get(k).filter(|y| y.start < run.end) {
                out.push(start, y.start.max(start));
                start = start.max(y.end);
                k += 1;
            }
            out.push(start.min(run.end), run.end);
        }
        out
    }

    /// Whether every byte of `self` lies in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.difference(other).is_empty()
    }

    /// What lies in `start..end`.
    pub fn clip(&self, start: u64, end: u64) -> Self {
        if start >= end {
            return Self::new();
        }
        let mut window = Self::new();
        window.push(start, end);
        self.intersection(&window)
    }

    /// Number of blocks touched; for runs that are whole blocks, their number.
    pub fn blocks(&self) -> u64 {
        self.iter().map(|run| run.end.div_ceil(BLOCK_SIZE) - run.start / BLOCK_SIZE).sum()
    }

    /// Where the last run ends; 0 without one.
    pub fn end(&self) -> u64 {
        self.as_slice().last().map_or(0, |run| run.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::Run;
    use proptest::prelude::*;

    fn runs() -> impl Strategy<Value = Runs> {
        prop::collection::vec((0u64..64, 0u64..9), 0..10).prop_map(|v| {
            Runs::from_unsorted(v.into_iter().map(|(s, n)| Run { start: s, end: s + n }).collect())
        })
    }

    fn has(runs: &Runs, at: u64) -> bool {
        runs.iter().any(|run| run.start <= at && at < run.end)
    }

    proptest! {
        #[test]
        fn set_operations_equal_byte_by_byte(a in runs(), b in runs()) {
            let (u, i, d) = (a.union(&b), a.intersection(&b), a.difference(&b));
            for at in 0..80 {
                prop_assert_eq!(has(&u, at), has(&a, at) || has(&b, at));
                prop_assert_eq!(has(&i, at), has(&a, at) && has(&b, at));
                prop_assert_eq!(has(&d, at), has(&a, at) && !has(&b, at));
            }
            prop_assert_eq!(a.is_subset(&b), (0..80).all(|at| !has(&a, at) || has(&b, at)));
            for r in [&u, &i, &d] {
                prop_assert!(r.as_slice().windows(2).all(|w| w[0].end < w[1].start));
                prop_assert!(r.iter().all(|run| run.start < run.end));
            }
        }
    }
}
