//! The history of a volume as it is drawn: every state with what is said beside it, and which states may be folded away.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::absent::{self, Absent};
use super::parting::{self, Parting};
use crate::analysis::Volume;
use crate::ident::{Counter, DiskName, Label};
use crate::lineage::Node;
use crate::replica::{Disk, LastJoin, Replica};
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
    /// The replicas, by label, and how the last join of each ended.
    pub replicas: Vec<(Label, LastJoin)>,
    /// Replicas that nobody supplied and that left a trace.
    pub absent: Vec<Absent>,
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
    pub on_chain: Vec<Label>,
    /// Replicas in whose chain it stands above the clean tip: what a join that did not end left there.
    pub above_tip: Vec<Label>,
    /// Who goes which way from here, where their data differ afterwards.
    pub parting: Option<Parting>,
    /// Replicas whose Checkpoint it is.
    pub checkpoint_of: Vec<Label>,
    /// Replicas whose clean tip it is.
    pub clean_tip_of: Vec<Label>,
    /// When it was made, to the minute.
    pub made: Option<String>,
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
        let joined = above_tips(volume);
        let one = |node: NodeIndex| state(volume, &dag[node], kept.contains(&node), joined.get(&node));
        let mut states: Vec<State> = dag.node_indices().map(one).collect();
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
        let replicas = volume.replicas.iter().map(|one| (one.label.clone(), one.last_join)).collect();
        let (parents, children): (Vec<Vec<usize>>, Vec<Vec<usize>>) =
            (all(Direction::Outgoing), all(Direction::Incoming));
        for (at, above) in children.iter().enumerate().filter(|(_, above)| above.len() > 1) {
            let ways = above.iter().filter(|child| **child != at).map(|child| &states[*child].on_chain[..]);
            states[at].parting = parting::parting(volume, ways);
        }
        Self { states, parents, children, replicas, absent: absent::absent(volume) }
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

/// For each state above a clean tip the replicas of that tip.
fn above_tips(volume: &Volume) -> BTreeMap<NodeIndex, Vec<Label>> {
    let graph = &volume.lineage.graph;
    let mut out: BTreeMap<NodeIndex, Vec<Label>> = BTreeMap::new();
    for replica in &volume.replicas {
        let Some(tip) = &replica.clean_tip else { continue };
        let above = replica.chain.iter().take_while(|name| *name != tip);
        for node in above.filter_map(|name| graph.node(replica, name)) {
            out.entry(node).or_default().push(replica.label.clone());
        }
    }
    out
}

fn state(volume: &Volume, state: &Node, keep: bool, above_tip: Option<&Vec<Label>>) -> State {
    let disks = disks(volume, state);
    let those = |pick: &dyn Fn(&Replica) -> Option<DiskName>| those(volume, state, pick);
    let (checkpoint_of, clean_tip_of) =
        (those(&|replica| replica.checkpoint.clone()), those(&|replica| replica.clean_tip.clone()));
    let made = disks.iter().find_map(|disk| disk.read_record()?.created.as_deref()).map(words::when);
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
        notes: notes(volume, state, &disks, made.as_ref(), &checkpoint_of, &clean_tip_of),
        keep,
        on_chain: state.on_chain.clone(),
        above_tip: above_tip.cloned().unwrap_or_default(),
        parting: None,
        checkpoint_of,
        clean_tip_of,
        made,
    }
}

/// The disks of a state.
fn disks<'a>(volume: &'a Volume, state: &Node) -> Vec<&'a Disk> {
    let of = |label: &Label, name: &DiskName| Replica::among(&volume.replicas, label)?.disk(name);
    state.disks.iter().filter_map(|(label, name)| of(label, name)).collect()
}

/// The replicas of which this state is what `pick` picks.
fn those(volume: &Volume, state: &Node, pick: &dyn Fn(&Replica) -> Option<DiskName>) -> Vec<Label> {
    let hit =
        |replica: &&Replica| pick(replica).is_some_and(|disk| Some(&disk) == state.disk(&replica.label));
    volume.replicas.iter().filter(hit).map(|replica| replica.label.clone()).collect()
}

/// Name, date, counter, who has it, and what is special about it.
fn notes(
    volume: &Volume,
    state: &Node,
    disks: &[&Disk],
    made: Option<&String>,
    checkpoint_of: &[Label],
    clean_tip_of: &[Label],
) -> Vec<String> {
    let mut parts = vec![state.name().short()];
    parts.extend(made.cloned());
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
    for (what, labels) in [("Checkpoint", checkpoint_of), ("clean tip", clean_tip_of)] {
        if !labels.is_empty() {
            parts.push(format!("{what} of {}", whom(volume, labels)));
        }
    }
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
