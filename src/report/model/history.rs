//! The history of a volume as it is drawn: every state with what is said beside it, and which states may be folded away.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use crate::analysis::Volume;
use crate::ident::{Counter, DiskName, Label};
use crate::lineage::Node;
use crate::replica::{Disk, Replica};
use crate::report::words;

/// A stretch of fewer states than this is drawn in full.
const FOLD_FROM: usize = 3;

/// Every state, and what each stands on.
#[derive(Debug)]
#[non_exhaustive]
pub struct History {
    /// The states.
    pub states: Vec<State>,
    /// For each state the places of those that it stands on, ascending.
    pub parents: Vec<Vec<usize>>,
    /// For each state the places of those that stand on it, ascending.
    children: Vec<Vec<usize>>,
}

/// One state: a disk, or the disks of several replicas that are the same.
#[derive(Debug)]
#[non_exhaustive]
pub struct State {
    /// The names of its disks, shortened, ascending.
    pub names: Vec<String>,
    /// What it is.
    pub kind: Kind,
    /// Replicas that have a disk of it.
    pub held_by: Vec<Label>,
    /// Replicas whose head it is.
    pub heads: Vec<Label>,
    /// What is said beside it: date, counter, whose it is, and what is special about it. The first is its name.
    pub notes: Vec<String>,
    /// Whether it is a head, a Checkpoint, a clean tip, a common ancestor or stands first above one: never folded away.
    pub keep: bool,
    /// Replicas whose chain goes through it.
    on_chain: Vec<Label>,
}

/// What a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The head of some replica.
    Head,
    /// A snapshot in some chain.
    Snapshot,
    /// In nobody's chain.
    OffChain,
}

/// Something with a row of its own: a state, or a stretch of them, top first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// A state by its place.
    State(usize),
    /// States that nothing tells apart, by their places.
    Stretch(Vec<usize>),
}

impl History {
    /// The history of a volume.
    pub fn of(volume: &Volume) -> Self {
        let dag = &volume.lineage.graph.dag;
        let kept = worth_a_row(volume);
        let states = dag.node_indices().map(|node| state(volume, &dag[node], kept.contains(&node))).collect();
        let toward = |node: NodeIndex, direction| -> Vec<usize> {
            let mut out: Vec<usize> = dag
                .edges_directed(node, direction)
                .map(|edge| if direction == Direction::Outgoing { edge.target() } else { edge.source() })
                .map(NodeIndex::index)
                .collect();
            out.sort_unstable();
            out
        };
        let all = |direction| dag.node_indices().map(|node| toward(node, direction)).collect();
        Self { states, parents: all(Direction::Outgoing), children: all(Direction::Incoming) }
    }

    /// The states and stretches to draw, and what each stands on. Without `off_chain` only what some chain reaches; with
    /// `full` no stretch.
    pub fn fold(&self, off_chain: bool, full: bool) -> (Vec<Spot>, Vec<Vec<usize>>) {
        let shown = |at: usize| off_chain || !self.states[at].on_chain.is_empty();
        let near = |of: &[Vec<usize>], at: usize| -> Vec<usize> {
            of[at].iter().copied().filter(|other| shown(*other)).collect()
        };
        let (below, above) = (|at| near(&self.parents, at), |at| near(&self.children, at));
        let plain = |at: usize| {
            let (down, up) = (below(at), above(at));
            !full && !self.states[at].keep && down.len() == 1 && up.len() == 1 && down[0] != at
        };
        let joins = |upper: usize, lower: usize| {
            plain(lower) && self.states[upper].on_chain == self.states[lower].on_chain
        };
        let mut place: BTreeMap<usize, usize> = BTreeMap::new();
        let mut spots = Vec::new();
        for at in (0..self.states.len()).filter(|at| shown(*at)) {
            if place.contains_key(&at) {
                continue;
            }
            if plain(at) {
                // From the top of its stretch down; a circle of plain states is cut where it is entered.
                let mut top = at;
                let mut seen = BTreeSet::from([at]);
                while let [up] = above(top)[..] {
                    if !(plain(up) && joins(up, top) && seen.insert(up)) {
                        break;
                    }
                    top = up;
                }
                let mut stretch = vec![top];
                let mut inside = BTreeSet::from([top]);
                while let [down] = below(stretch[stretch.len() - 1])[..] {
                    if !(joins(stretch[stretch.len() - 1], down) && inside.insert(down)) {
                        break;
                    }
                    stretch.push(down);
                }
                if stretch.len() >= FOLD_FROM {
                    place.extend(stretch.iter().map(|at| (*at, spots.len())));
                    spots.push(Spot::Stretch(stretch));
                    continue;
                }
            }
            place.insert(at, spots.len());
            spots.push(Spot::State(at));
        }
        let parents = spots
            .iter()
            .enumerate()
            .map(|(own, spot)| {
                let lowest = match spot {
                    Spot::State(at) => *at,
                    Spot::Stretch(states) => states[states.len() - 1],
                };
                let mut to: Vec<usize> = below(lowest).iter().map(|at| place[at]).collect();
                to.dedup();
                to.retain(|to| *to != own || matches!(spot, Spot::State(_)));
                to
            })
            .collect();
        (spots, parents)
    }
}

fn state(volume: &Volume, state: &Node, keep: bool) -> State {
    let names: BTreeSet<String> = state.disks.iter().map(|(_, name)| name.short()).collect();
    State {
        names: names.into_iter().collect(),
        kind: match (state.heads.is_empty(), state.on_chain.is_empty()) {
            (false, _) => Kind::Head,
            (true, true) => Kind::OffChain,
            (true, false) => Kind::Snapshot,
        },
        held_by: state.disks.iter().map(|(label, _)| label.clone()).collect(),
        heads: state.heads.clone(),
        notes: notes(volume, state),
        keep,
        on_chain: state.on_chain.clone(),
    }
}

/// Name, date, counter, who has it, and what is special about it.
fn notes(volume: &Volume, state: &Node) -> Vec<String> {
    let disks: Vec<&Disk> = state
        .disks
        .iter()
        .filter_map(|(label, name)| Replica::among(&volume.replicas, label)?.disk(name))
        .collect();
    let mut parts = vec![state.name().short()];
    let made = disks.iter().find_map(|disk| disk.read_record()?.created.as_deref());
    parts.extend(made.map(words::when));
    // A head's record tells the counter of when it was made, or a peer's; the live one is in a file of its own.
    let live = || volume.replicas.iter().filter(|r| state.heads.contains(&r.label)).filter_map(|r| r.counter);
    let counters: BTreeSet<Counter> = if state.heads.is_empty() {
        disks.iter().filter_map(|disk| disk.counter()).collect()
    } else {
        live().collect()
    };
    if !counters.is_empty() {
        let all: Vec<String> = counters.iter().map(Counter::to_string).collect();
        parts.push(format!("counter {}", all.join("/")));
    }
    if state.heads.is_empty() {
        parts.push(whose(volume, state));
    } else {
        parts.push(format!("head of {}", words::labels(&state.heads)));
    }
    let name = |replica: &Replica| state.disk(&replica.label).cloned();
    let those = |pick: &dyn Fn(&Replica) -> Option<DiskName>| -> Vec<Label> {
        let hit = |replica: &&Replica| pick(replica).is_some_and(|disk| Some(disk) == name(replica));
        volume.replicas.iter().filter(hit).map(|replica| replica.label.clone()).collect()
    };
    let mut note = |what: &str, labels: Vec<Label>| {
        if !labels.is_empty() {
            parts.push(format!("{what} of {}", whom(volume, &labels)));
        }
    };
    note("Checkpoint", those(&|replica| replica.checkpoint.clone()));
    note("clean tip", those(&|replica| replica.clean_tip.clone()));
    if disks.iter().any(|disk| disk.user_created()) {
        parts.push("user-created".to_owned());
    }
    if disks.iter().any(|disk| disk.removed()) {
        parts.push("marked for removal".to_owned());
    }
    if disks.iter().any(|disk| disk.image.is_none()) && volume.replicas.iter().any(Replica::has_images) {
        parts.push("no image".to_owned());
    }
    parts
}

fn whose(volume: &Volume, state: &Node) -> String {
    if state.on_chain.is_empty() {
        return format!("off-chain in {}", words::labels(state.disks.iter().map(|(label, _)| label)));
    }
    whom(volume, &state.on_chain)
}

fn whom(volume: &Volume, labels: &[Label]) -> String {
    if labels.len() > 1 && labels.len() == volume.replicas.len() {
        return "all".to_owned();
    }
    words::labels(labels)
}

fn worth_a_row(volume: &Volume) -> BTreeSet<NodeIndex> {
    let graph = &volume.lineage.graph;
    let mut out: BTreeSet<NodeIndex> = BTreeSet::new();
    for replica in &volume.replicas {
        let names = [&replica.head, &replica.checkpoint, &replica.clean_tip, &replica.parent];
        out.extend(names.into_iter().flatten().filter_map(|name| graph.node(replica, name)));
    }
    for ancestor in &volume.lineage.ancestors {
        let ends = ancestor.disks.iter().chain(&ancestor.divergence);
        let of = |label: &Label| Replica::among(&volume.replicas, label);
        out.extend(ends.filter_map(|(label, name)| graph.node(of(label)?, name)));
    }
    out
}
