//! Orders in which several processes may come first.

use crate::ident::Label;

/// So many replicas are played in every order of starting; more in each order that is a rotation, forwards and backwards.
const ALL_UP_TO: usize = 4;

/// Orders in which some start; the first is the one given.
pub(super) fn orders<'l>(labels: &[&'l Label]) -> Vec<Vec<&'l Label>> {
    if labels.len() > ALL_UP_TO {
        let turned = |turn: usize| (0..labels.len()).map(move |at| labels[(at + turn) % labels.len()]);
        return (0..labels.len())
            .flat_map(|turn| [turned(turn).collect(), turned(turn).rev().collect()])
            .collect();
    }
    let mut out: Vec<Vec<&Label>> = vec![Vec::new()];
    for _ in labels {
        out = out
            .iter()
            .flat_map(|order| {
                let free = labels.iter().copied().filter(|label| !order.contains(label));
                free.map(|label| order.iter().copied().chain([label]).collect::<Vec<_>>())
            })
            .collect();
    }
    out
}
