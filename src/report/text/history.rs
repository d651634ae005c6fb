//! Histories as lanes: which states are drawn, and what stands beside each.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::lanes::{Row, draw};
use super::page::{Page, shorten};
use super::palette::Role;
use crate::analysis::Volume;
use crate::ident::{Counter, DiskName, Label};
use crate::lineage::Node;
use crate::replica::{Disk, Replica};
use crate::report::words;

/// A stretch of fewer states than this is drawn in full.
const FOLD_FROM: usize = 3;
/// More lanes than this leave too little room for words.
const LANES: usize = 22;

/// The widest name of a disk.
const NAME: usize = 26;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    /// Disks that no chain reaches, too.
    pub off_chain: bool,
    /// Every state, however long the stretch.
    pub full: bool,
    /// No more rows than this.
    pub rows: usize,
}

/// Something with a row of its own: a state, or a stretch of them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Spot {
    State(NodeIndex),
    Stretch(Vec<NodeIndex>),
}

/// Draws the history of a volume.
pub(crate) fn write(page: &mut Page<'_>, volume: &Volume, scope: Scope) {
    let (spots, parents) = spots(volume, scope);
    let heads = |node: NodeIndex| &volume.lineage.graph.dag[node].heads;
    let rows = draw(&parents, LANES, |at| match &spots[at] {
        Spot::State(node) if !heads(*node).is_empty() => '*',
        Spot::State(node) if volume.lineage.graph.dag[*node].on_chain.is_empty() => 'x',
        Spot::State(_) => 'o',
        Spot::Stretch(_) => '·',
    });
    let Some(rows) = rows else {
        return page.say(
            Role::Plain,
            2,
            "too many branches side by side to draw: jivascope graph --output dot",
        );
    };
    for row in rows.iter().take(scope.rows) {
        beside(page, volume, &spots, row);
    }
    if rows.len() > scope.rows {
        page.say(Role::Faint, 2, &format!("… and {} more lines: jivascope graph", rows.len() - scope.rows));
    }
}

fn beside(page: &mut Page<'_>, volume: &Volume, spots: &[Spot], row: &Row) {
    let width = row.lanes.trim_end().chars().count();
    let lead = |lanes: &str| format!("  {:width$} ", lanes.trim_end());
    match row.node.map(|at| &spots[at]) {
        None => page.laid_out(Role::Plain, &lead(&row.lanes)),
        Some(Spot::Stretch(nodes)) => {
            let text = format!("{} snapshots", nodes.len());
            page.led(Role::Faint, &lead(&row.lanes), &lead(&row.under), &text);
        }
        Some(Spot::State(node)) => {
            let is_head = !volume.lineage.graph.dag[*node].heads.is_empty();
            let role = if is_head { Role::Heading } else { Role::Plain };
            page.led(role, &lead(&row.lanes), &lead(&row.under), &describe(volume, *node));
        }
    }
}

/// Name, date, counter, who has it, and what is special about it.
fn describe(volume: &Volume, node: NodeIndex) -> String {
    let state = &volume.lineage.graph.dag[node];
    let disks: Vec<&Disk> = state
        .disks
        .iter()
        .filter_map(|(label, name)| volume.replicas.iter().find(|r| r.label == *label)?.disk(name))
        .collect();
    let mut parts = vec![shorten(&state.name().short(), NAME)];
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
    parts.join("  ")
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

/// The states and stretches to draw, and what each stands on.
fn spots(volume: &Volume, scope: Scope) -> (Vec<Spot>, Vec<Vec<usize>>) {
    let dag = &volume.lineage.graph.dag;
    let shown = |node: NodeIndex| scope.off_chain || !dag[node].on_chain.is_empty();
    let toward = |node: NodeIndex, direction| -> Vec<NodeIndex> {
        let mut out: Vec<NodeIndex> = dag
            .edges_directed(node, direction)
            .map(|edge| if direction == Direction::Outgoing { edge.target() } else { edge.source() })
            .filter(|other| shown(*other))
            .collect();
        out.sort_unstable();
        out
    };
    let kept = worth_a_row(volume);
    let plain = |node: NodeIndex| {
        let (down, up) = (toward(node, Direction::Outgoing), toward(node, Direction::Incoming));
        !scope.full && !kept.contains(&node) && down.len() == 1 && up.len() == 1 && down[0] != node
    };
    let joins =
        |upper: NodeIndex, lower: NodeIndex| plain(lower) && dag[upper].on_chain == dag[lower].on_chain;
    let mut place: BTreeMap<NodeIndex, usize> = BTreeMap::new();
    let mut spots = Vec::new();
    for node in dag.node_indices().filter(|node| shown(*node)) {
        if place.contains_key(&node) {
            continue;
        }
        if plain(node) {
            // From the top of its stretch down; a circle of plain states is cut where it is entered.
            let mut top = node;
            let mut seen = BTreeSet::from([node]);
            while let [above] = toward(top, Direction::Incoming)[..] {
                if !(plain(above) && joins(above, top) && seen.insert(above)) {
                    break;
                }
                top = above;
            }
            let mut stretch = vec![top];
            let mut inside = BTreeSet::from([top]);
            while let [below] = toward(stretch[stretch.len() - 1], Direction::Outgoing)[..] {
                if !(joins(stretch[stretch.len() - 1], below) && inside.insert(below)) {
                    break;
                }
                stretch.push(below);
            }
            if stretch.len() >= FOLD_FROM {
                place.extend(stretch.iter().map(|node| (*node, spots.len())));
                spots.push(Spot::Stretch(stretch));
                continue;
            }
        }
        place.insert(node, spots.len());
        spots.push(Spot::State(node));
    }
    let parents = spots
        .iter()
        .enumerate()
        .map(|(at, spot)| {
            let lowest = match spot {
                Spot::State(node) => *node,
                Spot::Stretch(nodes) => nodes[nodes.len() - 1],
            };
            let mut below: Vec<usize> =
                toward(lowest, Direction::Outgoing).iter().map(|node| place[node]).collect();
            below.dedup();
            below.retain(|to| *to != at || matches!(spot, Spot::State(_)));
            below
        })
        .collect();
    (spots, parents)
}

/// States that are never folded away: heads, Checkpoints, clean tips, common ancestors and what stands first above them.
fn worth_a_row(volume: &Volume) -> BTreeSet<NodeIndex> {
    let graph = &volume.lineage.graph;
    let mut out: BTreeSet<NodeIndex> = BTreeSet::new();
    for replica in &volume.replicas {
        let names = [&replica.head, &replica.checkpoint, &replica.clean_tip, &replica.parent];
        out.extend(names.into_iter().flatten().filter_map(|name| graph.node(replica, name)));
    }
    for ancestor in &volume.lineage.ancestors {
        let ends = ancestor.disks.iter().chain(&ancestor.divergence);
        let of = |label: &Label| volume.replicas.iter().find(|replica| replica.label == *label);
        out.extend(ends.filter_map(|(label, name)| graph.node(of(label)?, name)));
    }
    out
}
