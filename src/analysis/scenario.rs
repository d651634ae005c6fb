//! Whole starts, with what each would destroy; equal outcomes in one row.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::ground::Ground;
use super::loss::{Asked, Losses};
use crate::dialect::jiva::engine::{Election, Original, Outcome, Scenario};
use crate::ident::{Label, Runs};

/// So many scenarios are looked at by one thread: those of three replicas are done before another has woken up.
const FEW: usize = 64;

/// How a volume ends up, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FinalState {
    /// All are RW and equal, and nothing is missing.
    Healthy,
    /// It takes writes and nothing is missing, but not every replica is RW.
    Degraded,
    /// It takes writes, and serves older data than some replica had.
    RolledBack,
    /// It takes writes, all is called healthy, and replicas differ.
    Split,
    /// Too few replicas are RW for a write.
    ReadOnly,
}

impl FinalState {
    /// In words.
    pub fn says(self) -> &'static str {
        match self {
            Self::Healthy => "healthy with all data",
            Self::Degraded => "writable with all data, not every replica RW",
            Self::RolledBack => "writable, but rolled back",
            Self::Split => "reported healthy, but replicas differ",
            Self::ReadOnly => "read-only: too few replicas RW",
        }
    }
}

/// What becomes of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fate {
    /// It is the leader.
    Leads,
    /// It joins, and nothing is copied.
    Kept,
    /// It joins, files are copied, nothing that only it had is gone from the volume.
    Rebuilt,
    /// It joins, and what only it had is gone from the volume.
    RolledBack,
    /// It is refused.
    Refused,
    /// Its join fails otherwise.
    Failed,
    /// Its process does not come up.
    Down,
}

/// One replica in a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Part {
    /// Whose.
    pub replica: Label,
    /// What becomes of it.
    pub fate: Fate,
    /// Jiva's message, where it does not become RW.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Blocks that it holds and the leader lacks, as far as they are known.
    pub unserved_blocks: u64,
    /// Of those, blocks that no file of any replica holds any more.
    pub destroyed_blocks: u64,
    /// Whether it holds more than can be counted in blocks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// Blocks in which it then differs from the leader although both are RW; absent if blocks were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differing_blocks: Option<u64>,
}

/// Orders of starting that end in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Row {
    /// How the volume ends up.
    pub state: FinalState,
    /// Blocks that some replica held and no file of any replica holds any more.
    pub destroyed_blocks: u64,
    /// Blocks that some replica held and the volume does not serve.
    pub unserved_blocks: u64,
    /// Blocks in which replicas that are both RW differ; absent if blocks were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differing_blocks: Option<u64>,
    /// The leader.
    pub leader: Label,
    /// Whether it is elected when all register at once, whatever their order.
    pub likely: bool,
    /// What becomes of each, by label.
    pub replicas: Vec<Part>,
    /// The orders of registering that make it the leader.
    pub elected_by: Vec<Vec<Label>>,
    /// The orders of becoming RW, or trying to, the leader first.
    pub orders: Vec<Vec<Label>>,
}

impl Row {
    /// Whether something is lost or silently different.
    pub fn harms(&self) -> bool {
        self.destroyed_blocks > 0 || matches!(self.state, FinalState::RolledBack | FinalState::Split)
    }

    /// Whether every replica is RW at the end.
    pub fn all_up(&self) -> bool {
        self.replicas.iter().all(|part| !matches!(part.fate, Fate::Refused | Fate::Failed | Fate::Down))
    }
}

/// Losses every scenario and folds equal outcomes, best first.
pub(super) fn rows(
    ground: &Ground<'_>,
    scenarios: &[(Scenario, Vec<Option<Asked>>)],
    elections: &[Election],
    losses: &Losses<'_>,
) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::new();
    let made: Vec<Row> = if scenarios.len() > FEW {
        scenarios.par_iter().map(|(one, asked)| row(ground, (one, asked), elections, losses)).collect()
    } else {
        scenarios.iter().map(|(one, asked)| row(ground, (one, asked), elections, losses)).collect()
    };
    for row in made {
        let same = |other: &&mut Row| {
            (&other.leader, &other.replicas, other.state) == (&row.leader, &row.replicas, row.state)
        };
        match out.iter_mut().find(same) {
            Some(other) => other.orders.extend(row.orders),
            None => out.push(row),
        }
    }
    for row in &mut out {
        row.orders.sort();
    }
    out.sort_by(|a, b| {
        let worth = |row: &Row| {
            (row.state, row.destroyed_blocks, row.unserved_blocks, row.differing_blocks, row.leader.clone())
        };
        worth(a).cmp(&worth(b)).then_with(|| a.orders.cmp(&b.orders))
    });
    out
}

/// `asked` are the joins of the scenario, step by step.
fn row(
    ground: &Ground<'_>,
    (scenario, asked): (&Scenario, &[Option<Asked>]),
    elections: &[Election],
    losses: &Losses<'_>,
) -> Row {
    let mut parts: BTreeMap<Label, Part> = BTreeMap::new();
    let mut splits = false;
    let mut unserved = Runs::new();
    let mut destroyed = Runs::new();
    let mut more = false;
    let leader = &scenario.leader;
    parts.insert(leader.clone(), part(leader, Fate::Leads));
    for (label, message) in losses.cluster.down() {
        parts.insert(label.clone(), Part { message: Some(message.to_string()), ..part(label, Fate::Down) });
    }
    let steps: BTreeMap<&Label, usize> =
        scenario.steps.iter().enumerate().map(|(at, step)| (&step.joiner, at)).collect();
    for step in &scenario.steps {
        let fate = match &step.outcome {
            Outcome::Accepted { copied, .. } if copied.is_empty() => Fate::Kept,
            Outcome::Accepted { .. } => Fate::Rebuilt,
            Outcome::Refused => Fate::Refused,
            Outcome::Error(_) => Fate::Failed,
        };
        let message = step.outcome.message();
        parts.insert(step.joiner.clone(), Part { message, ..part(&step.joiner, fate) });
    }
    for (label, part) in &mut parts {
        if let Some(lacking) = ground.lacks(leader, label) {
            part.unserved_blocks = lacking.blocks.blocks();
            part.more = lacking.more;
            unserved = unserved.union(&lacking.blocks);
            more |= lacking.more;
        }
        // What an accepted join leaves nothing that follows changes.
        let Some(asked) = steps.get(label).and_then(|step| asked[*step]) else { continue };
        let loss = losses.of(&asked);
        splits |= loss.splits();
        part.differing_blocks = loss.differing.as_ref().map(Runs::blocks);
        let came_up = |other: &Label| other == leader || steps.contains_key(other);
        if !kept_elsewhere(ground, scenario, came_up, losses, label) {
            let lost = losses.lost(&asked, &loss, |image| !scenario.holds(image));
            part.destroyed_blocks = lost.blocks();
            destroyed = destroyed.union(&lost);
        }
        if part.fate == Fate::Rebuilt && (part.unserved_blocks > 0 || part.more) {
            part.fate = Fate::RolledBack;
        }
    }
    let replicas: Vec<Part> = parts.into_values().collect();
    let up = replicas.iter().all(|part| !matches!(part.fate, Fate::Refused | Fate::Failed | Fate::Down));
    let state = match () {
        () if !scenario.writable => FinalState::ReadOnly,
        () if splits => FinalState::Split,
        () if !unserved.is_empty() || more => FinalState::RolledBack,
        () if !up => FinalState::Degraded,
        () => FinalState::Healthy,
    };
    let mine = |election: &&Election| election.leader == *leader;
    Row {
        state,
        destroyed_blocks: destroyed.blocks(),
        unserved_blocks: unserved.blocks(),
        differing_blocks: replicas.iter().filter_map(|part| part.differing_blocks).max(),
        leader: leader.clone(),
        likely: elections.iter().filter(mine).any(|election| election.likely),
        elected_by: elections.iter().filter(mine).map(|election| election.order.clone()).collect(),
        orders: vec![
            [leader.clone()].into_iter().chain(scenario.steps.iter().map(|s| s.joiner.clone())).collect(),
        ],
        replicas,
    }
}

fn part(label: &Label, fate: Fate) -> Part {
    Part {
        replica: label.clone(),
        fate,
        message: None,
        unserved_blocks: 0,
        destroyed_blocks: 0,
        more: false,
        differing_blocks: None,
    }
}

/// Whether another replica that holds all of this one's data still has every image that it came with.
fn kept_elsewhere(
    ground: &Ground<'_>,
    scenario: &Scenario,
    came_up: impl Fn(&Label) -> bool,
    losses: &Losses<'_>,
    label: &Label,
) -> bool {
    let whole = |other: &Label| {
        ground.replica(other).is_some_and(|replica| {
            let still = |image: Option<Original>| image.is_some_and(|image| scenario.holds(image));
            replica.chain.is_empty()
                || losses.cluster.standing(other).is_some_and(|one| one.images().all(still))
        })
    };
    ground
        .replicas
        .iter()
        .map(|replica| &replica.label)
        .any(|other| other != label && ground.includes(other, label) && (!came_up(other) || whole(other)))
}
