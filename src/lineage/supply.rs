//! Which layer supplies each block of a view, from extents alone.

use std::collections::BinaryHeap;
use std::sync::Arc;

use super::layers::Layers;
use crate::ident::{Run, Runs};

/// A stretch of the volume that one layer supplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The stretch, in bytes.
    pub run: Run,
    /// The layer, counted from the base.
    pub level: usize,
}

/// The supplier of every stored stretch of a view, ascending; what no layer stores reads as zeros. Copies share it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Supply(Arc<Vec<Segment>>);

impl Supply {
    /// The view from layer `top` down: at every place the newest layer with an extent there.
    ///
    /// One sweep over all extents, so the cost does not grow with the number of layers.
    pub fn view(layers: &Layers, top: Option<usize>) -> Self {
        let Some(top) = top else { return Self::default() };
        let stacks: Vec<&Runs> = layers.list[..=top].iter().map(|layer| &layer.blocks).collect();
        Self::stack(&stacks)
    }

    /// The view of stacked layers, base first.
    pub fn stack(stacks: &[&Runs]) -> Self {
        // Room for exactly as many: there may be millions.
        let mut starts: Vec<(Run, usize)> = Vec::with_capacity(stacks.iter().map(|runs| runs.len()).sum());
        for (level, runs) in stacks.iter().enumerate() {
            starts.extend(runs.iter().map(|run| (*run, level)));
        }
        starts.sort_unstable_by_key(|(run, level)| (run.start, *level));
        let mut open: BinaryHeap<(usize, u64)> = BinaryHeap::new(); // (level, end), newest on top
        // Where layers hide one another there may be more; growing by halves would then be the rare case.
        let mut out = Vec::with_capacity(starts.len());
        let mut at = 0;
        let mut next = starts.into_iter().peekable();
        loop {
            while open.peek().is_some_and(|(_, end)| *end <= at) {
                open.pop();
            }
            let coming = next.peek().map(|(run, _)| run.start);
            match (open.peek().copied(), coming) {
                (None, None) => {
                    out.shrink_to_fit();
                    return Self(Arc::new(out));
                }
                (None, Some(start)) => at = start,
                (Some((level, end)), coming) => {
                    let until = coming.map_or(end, |start| start.min(end));
                    append(&mut out, Run { start: at, end: until }, level);
                    at = until.max(at);
                }
            }
            while let Some((run, level)) = next.next_if(|(run, _)| run.start <= at) {
                open.push((level, run.end));
            }
        }
    }

    /// The segments, ascending.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// What the layers that `keep` accepts supply.
    pub fn of(&self, keep: impl Fn(usize) -> bool) -> Runs {
        let mut out = Runs::new();
        for segment in self.0.iter().filter(|segment| keep(segment.level)) {
            out.push(segment.run.start, segment.run.end);
        }
        out
    }

    /// Walks two views side by side: every stretch with both suppliers, where at least one has any.
    pub fn zip<'a>(&'a self, other: &'a Self) -> Zip<'a> {
        Zip { a: &self.0, b: &other.0, at: 0 }
    }
}

fn append(list: &mut Vec<Segment>, run: Run, level: usize) {
    if run.is_empty() {
        return;
    }
    match list.last_mut() {
        Some(last) if last.level == level && last.run.end == run.start => last.run.end = run.end,
        _ => list.push(Segment { run, level }),
    }
}

/// Iterator of [`Supply::zip`].
#[derive(Debug)]
pub struct Zip<'a> {
    a: &'a [Segment],
    b: &'a [Segment],
    at: u64,
}

impl Iterator for Zip<'_> {
    type Item = (Run, Option<usize>, Option<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.a.first().is_some_and(|s| s.run.end <= self.at) {
            self.a = &self.a[1..];
        }
        while self.b.first().is_some_and(|s| s.run.end <= self.at) {
            self.b = &self.b[1..];
        }
        let start = |list: &[Segment]| list.first().map_or(u64::MAX, |s| s.run.start.max(self.at));
        let (in_a, in_b) = (start(self.a), start(self.b));
        let begin = in_a.min(in_b);
        if begin == u64::MAX {
            return None;
        }
        let edge = |list: &[Segment]| match list.first() {
            Some(s) if s.run.start > begin => s.run.start,
            Some(s) => s.run.end,
            None => u64::MAX,
        };
        let end = edge(self.a).min(edge(self.b));
        self.at = end;
        let level = |list: &[Segment], first: u64| (first == begin).then(|| list[0].level);
        Some((Run { start: begin, end }, level(self.a, in_a), level(self.b, in_b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn runs() -> impl Strategy<Value = Runs> {
        prop::collection::vec((0u64..40, 1u64..9), 0..6).prop_map(|v| {
            Runs::from_unsorted(v.into_iter().map(|(s, n)| Run { start: s, end: s + n }).collect())
        })
    }

    fn top(stacks: &[Runs], at: u64) -> Option<usize> {
        stacks.iter().rposition(|runs| runs.iter().any(|run| run.start <= at && at < run.end))
    }

    fn at(supply: &Supply, at: u64) -> Option<usize> {
        supply.segments().iter().find(|s| s.run.start <= at && at < s.run.end).map(|s| s.level)
    }

    proptest! {
        #[test]
        fn the_newest_layer_with_an_extent_supplies(
            a in prop::collection::vec(runs(), 0..6),
            b in prop::collection::vec(runs(), 0..6),
        ) {
            let view = |stacks: &[Runs]| Supply::stack(&stacks.iter().collect::<Vec<_>>());
            let (va, vb) = (view(&a), view(&b));
            for place in 0..50 {
                prop_assert_eq!(at(&va, place), top(&a, place));
            }
            let mut seen = vec![(None, None); 50];
            for (run, la, lb) in va.zip(&vb) {
                prop_assert!(la.is_some() || lb.is_some());
                for place in run.start..run.end {
                    seen[place as usize] = (la, lb);
                }
            }
            for place in 0..50 {
                prop_assert_eq!(seen[place as usize], (top(&a, place), top(&b, place)));
            }
        }
    }
}
