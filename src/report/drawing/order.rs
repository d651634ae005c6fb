//! The order of rows: what stands on something is above it.

/// Children before parents, each line of descent as far as it goes before the next one begins.
pub(in crate::report) fn order(parents: &[Vec<usize>]) -> Vec<usize> {
    let mut above = vec![0usize; parents.len()];
    for parent in parents.iter().flatten() {
        above[*parent] += 1;
    }
    let mut ready: Vec<usize> = (0..parents.len()).rev().filter(|node| above[*node] == 0).collect();
    let mut done = vec![false; parents.len()];
    let mut out = Vec::with_capacity(parents.len());
    let mut lowest = 0;
    while out.len() < parents.len() {
        let node = match ready.pop() {
            Some(node) => node,
            None => {
                // What is left stands in circles: enter at the first.
                while done[lowest] {
                    lowest += 1;
                }
                lowest
            }
        };
        if std::mem::replace(&mut done[node], true) {
            continue;
        }
        out.push(node);
        for parent in parents[node].iter().rev() {
            above[*parent] = above[*parent].saturating_sub(1);
            if above[*parent] == 0 && !done[*parent] {
                ready.push(*parent);
            }
        }
    }
    out
}
