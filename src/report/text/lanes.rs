//! Lanes: a history drawn downward, children above parents, in the manner of `git log --graph`.

use crate::report::drawing::order;

/// One line of a drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// What is drawn to the left of the text.
    pub lanes: String,
    /// The same for further lines of text that belong to this row.
    pub under: String,
    /// The node that stands in this row, if one does.
    pub node: Option<usize>,
}

/// Draws nodes `0..parents.len()`; `parents[n]` are those that node `n` stands on, `mark(n)` is its sign.
///
/// A node stands below everything that stands on it. Where the input runs in a circle, the edge that closes it is left
/// out. `None` where more than `most` lanes would run side by side: that many nobody can follow, and thousands would
/// take more room than there is.
pub(crate) fn draw(parents: &[Vec<usize>], most: usize, mark: impl Fn(usize) -> char) -> Option<Vec<Row>> {
    let mut drawing = Drawing { lanes: Vec::new(), rows: Vec::new() };
    let mut placed = vec![false; parents.len()];
    for node in order(parents) {
        let at = drawing.enter(node);
        placed[node] = true;
        let next: Vec<usize> = parents[node].iter().copied().filter(|parent| !placed[*parent]).collect();
        if next.len() > most {
            return None;
        }
        drawing.place(node, at, mark(node), &next);
        if drawing.lanes.len() > most {
            return None;
        }
    }
    Some(drawing.rows)
}

struct Drawing {
    /// The node that each lane leads to.
    lanes: Vec<Option<usize>>,
    rows: Vec<Row>,
}

impl Drawing {
    /// Finds the lane of a node; other lanes that lead to it end there.
    fn enter(&mut self, node: usize) -> usize {
        let waiting: Vec<usize> = (0..self.lanes.len()).filter(|at| self.lanes[*at] == Some(node)).collect();
        let Some((first, others)) = waiting.split_first() else {
            let at = self.free(0);
            // Directly under the end of another line it would look like that line going on.
            let above = self.rows.last().and_then(|row| row.lanes.chars().nth(at * 2));
            if above.is_some_and(|sign| sign != ' ') {
                self.link(|_, lane| if lane { '│' } else { ' ' }, |_| false);
            }
            return at;
        };
        if let Some(last) = others.last() {
            let sign = |at: usize, lane: bool| match at {
                at if at == *first => '├',
                at if at == *last => '╯',
                at if others.contains(&at) => '┴',
                at => crossed(at, lane, *first, *last),
            };
            self.link(sign, |at| at >= *first && at < *last);
            for at in others {
                self.lanes[*at] = None;
            }
        }
        *first
    }

    /// Draws a node and lets its lane go on to its parents.
    fn place(&mut self, node: usize, at: usize, mark: char, parents: &[usize]) {
        let lanes = self.signs(|lane, used| if lane == at { mark } else { line(used) }, |_| false);
        self.lanes[at] = parents.first().copied();
        let under = self.signs(|_, used| line(used), |_| false);
        self.rows.push(Row { lanes, under, node: Some(node) });
        let Some(further) = parents.get(1..).filter(|further| !further.is_empty()) else { return };
        let mut forks = Vec::new();
        for parent in further {
            let lane = self.free(at + 1);
            self.lanes[lane] = Some(*parent);
            forks.push(lane);
        }
        let last = forks.iter().copied().max().unwrap_or(at);
        let sign = |lane: usize, used: bool| match lane {
            lane if lane == at => '├',
            lane if lane == last => '╮',
            lane if forks.contains(&lane) => '┬',
            lane => crossed(lane, used, at, last),
        };
        self.link(sign, |lane| lane >= at && lane < last);
    }

    /// The first free lane from `from` on.
    fn free(&mut self, from: usize) -> usize {
        while self.lanes.len() < from {
            self.lanes.push(None);
        }
        let free = (from..self.lanes.len()).find(|at| self.lanes[*at].is_none());
        free.unwrap_or_else(|| {
            self.lanes.push(None);
            self.lanes.len() - 1
        })
    }

    fn link(&mut self, sign: impl Fn(usize, bool) -> char, bar: impl Fn(usize) -> bool) {
        let lanes = self.signs(sign, bar);
        self.rows.push(Row { under: lanes.clone(), lanes, node: None });
    }

    /// A sign for each lane, and behind it a bar or a space.
    fn signs(&self, sign: impl Fn(usize, bool) -> char, bar: impl Fn(usize) -> bool) -> String {
        let mut out = String::new();
        for (at, lane) in self.lanes.iter().enumerate() {
            out.push(sign(at, lane.is_some()));
            out.push(if bar(at) { '─' } else { ' ' });
        }
        out
    }
}

fn line(used: bool) -> char {
    if used { '│' } else { ' ' }
}

fn crossed(at: usize, used: bool, first: usize, last: usize) -> char {
    match (at > first && at < last, used) {
        (true, true) => '┼',
        (true, false) => '─',
        (false, used) => line(used),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use proptest::prelude::*;

    /// Reads a drawing back: follows every line down and tells which node leads to which.
    fn read(rows: &[Row]) -> BTreeSet<(usize, usize)> {
        let mut edges = BTreeSet::new();
        let mut lanes: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for row in rows {
            let signs: Vec<char> = row.lanes.chars().step_by(2).collect();
            let before = lanes.clone();
            lanes.clear();
            let mut left = None;
            for (at, sign) in signs.iter().enumerate() {
                let come = before.get(&at).cloned().unwrap_or_default();
                match sign {
                    'o' => {
                        let node = row.node.expect("a mark stands for a node");
                        edges.extend(come.iter().map(|child| (*child, node)));
                        lanes.insert(at, BTreeSet::from([node]));
                    }
                    '│' | '┼' => drop(lanes.insert(at, come)),
                    '├' => {
                        left = Some(at);
                        lanes.insert(at, come);
                    }
                    '┴' | '╯' => lanes.get_mut(&left.unwrap()).unwrap().extend(come),
                    '┬' | '╮' => {
                        let from = lanes[&left.unwrap()].clone();
                        lanes.insert(at, from);
                    }
                    ' ' | '─' => {}
                    other => panic!("{other}"),
                }
            }
        }
        edges
    }

    fn text(rows: &[Row]) -> String {
        rows.iter().map(|row| format!("{}\n", row.lanes.trim_end())).collect()
    }

    #[test]
    fn a_fork_is_drawn() {
        // Two heads on one base.
        let rows = draw(&[vec![2], vec![2], vec![]], usize::MAX, |_| 'o').unwrap();
        assert_eq!(text(&rows), "o\n│ o\n├─╯\no\n");
    }

    #[test]
    fn a_state_on_two_parents_is_drawn() {
        let rows = draw(&[vec![1, 2], vec![2], vec![]], usize::MAX, |_| 'o').unwrap();
        assert_eq!(text(&rows), "o\n├─╮\no │\n├─╯\no\n");
    }

    #[test]
    fn strangers_do_not_touch() {
        let rows = draw(&[vec![2], vec![], vec![]], usize::MAX, |_| 'o').unwrap();
        assert_eq!(text(&rows), "o\no\n\no\n");
    }

    #[test]
    fn too_many_lanes_are_not_drawn() {
        let fan = |heads: usize| -> Vec<Vec<usize>> {
            (0..=heads).map(|node| if node < heads { vec![heads] } else { vec![] }).collect()
        };
        assert!(draw(&fan(12), 12, |_| 'o').is_some());
        assert!(draw(&fan(13), 12, |_| 'o').is_none());
        assert!(draw(&fan(100_000), 12, |_| 'o').is_none());
    }

    #[test]
    fn a_circle_ends() {
        let rows = draw(&[vec![1], vec![2], vec![0], vec![3]], usize::MAX, |_| 'o').unwrap();
        assert_eq!(rows.iter().filter(|row| row.node.is_some()).count(), 4);
    }

    proptest! {
        #[test]
        fn every_node_and_every_edge_can_be_read_back(
            dag in (1usize..14).prop_flat_map(|count| {
                let edges: Vec<_> =
                    (0..count).map(|node| proptest::collection::btree_set(node + 1..=count, 0..3)).collect();
                edges.prop_map(move |edges| -> Vec<Vec<usize>> {
                    edges.into_iter().map(|to| to.into_iter().filter(|to| *to < count).collect()).collect()
                })
            })
        ) {
            let rows = draw(&dag, usize::MAX, |_| 'o').unwrap();
            let mut drawn: Vec<usize> = rows.iter().filter_map(|row| row.node).collect();
            drawn.sort_unstable();
            prop_assert_eq!(drawn, (0..dag.len()).collect::<Vec<_>>());
            let edges: BTreeSet<(usize, usize)> =
                dag.iter().enumerate().flat_map(|(child, to)| to.iter().map(move |parent| (child, *parent))).collect();
            prop_assert_eq!(read(&rows), edges, "{}", text(&rows));
        }
    }
}
