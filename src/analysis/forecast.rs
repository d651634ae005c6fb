//! What Jiva would do with a volume, with its loss in blocks.
//!
//! `jiva` predicts which image ends up where, `loss` what that changes.

use serde::Serialize;

use super::ground::Ground;
use super::loss::{Asked, Losses, Stacks};
use super::scenario::{Row, rows};
use crate::dialect::jiva::engine::{Cluster, Election, Join, Original, Outcome, Scenario, Step};
use crate::ident::Version;
use crate::ident::{Label, Runs};
use crate::progress::Progress;

/// A join with its loss.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PredictedJoin {
    /// What Jiva does.
    pub join: Join,
    /// Blocks in which the joiner's view differs from the RW side's afterwards; `None` if blocks were not read.
    pub differing: Option<u64>,
    /// Blocks in which the joiner's view differs from its own before.
    pub changed: Option<u64>,
    /// Blocks whose version only the joiner had, and that no file of it still holds.
    pub lost: Option<u64>,
    /// Whether both sides would differ afterwards: by blocks, or, where those were not read, by which layer supplies
    /// what. False for a join that is not accepted.
    pub splits: bool,
}

/// What can happen and was not walked, where there is more than anybody reads. Counts end at
/// [`COUNTLESS`](crate::dialect::jiva::engine::COUNTLESS), which stands for so many or more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LeftOut {
    /// Orders of registering.
    pub elections: u64,
    /// Orders of starting under a leader that some election makes.
    pub starts: u64,
}

impl LeftOut {
    /// Whether everything was walked.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Everything that Jiva would do with a volume.
pub(super) struct Forecast {
    /// The version whose rules were followed.
    pub version: Version,
    /// Every ordered pair.
    pub joins: Vec<PredictedJoin>,
    /// Every order of registering.
    pub elections: Vec<Election>,
    /// Every way to start the volume, equal outcomes folded, best first.
    pub rows: Vec<Row>,
    /// What was not walked.
    pub left_out: LeftOut,
    /// Replicas whose process does not come up, with Jiva's message.
    pub down: Vec<(Label, String)>,
}

/// Predicts joins, elections and whole starts.
pub(super) fn forecast(ground: &Ground<'_>, few: bool, progress: &dyn Progress) -> Forecast {
    if ground.replicas.iter().any(|replica| !replica.is_jivas() || replica.counter_unread) {
        // Another engine follows other rules, and elections turn on a counter that is there and not known.
        let nothing = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (joins, elections, rows, down) = nothing;
        return Forecast {
            version: ground.version,
            joins,
            elections,
            rows,
            left_out: LeftOut::default(),
            down,
        };
    }
    let cluster = Cluster::of(ground.replicas, &ground.again(), ground.version);
    let joins = cluster.joins();
    let (elections, elections_left) = cluster.elections(ground.factor);
    let (scenarios, starts_left) = cluster.scenarios(&joins, &elections, ground.factor, few);
    let left_out = LeftOut { elections: elections_left, starts: starts_left };
    let mut stacks = Stacks::of(ground, &cluster);
    let joins: Vec<(Join, Option<Asked>)> = joins
        .into_iter()
        .map(|join| {
            let asked = stacks.ask(&join.rw, &join.wo, &join.outcome);
            (join, asked)
        })
        .collect();
    let scenarios: Vec<(Scenario, Vec<Option<Asked>>)> = scenarios
        .into_iter()
        .map(|scenario| {
            let step = |step: &Step| stacks.ask(&scenario.leader, &step.joiner, &step.outcome);
            let asked = scenario.steps.iter().map(step).collect();
            (scenario, asked)
        })
        .collect();
    let losses = stacks.loss(progress);
    let joins = joins.into_iter().map(|(join, asked)| with_loss(join, asked, &losses)).collect();
    let rows = rows(ground, &scenarios, &elections, &losses);
    let down = cluster.down().map(|(label, message)| (label.clone(), message.to_string())).collect();
    Forecast { version: ground.version, joins, elections, rows, left_out, down }
}

fn with_loss(join: Join, asked: Option<Asked>, losses: &Losses<'_>) -> PredictedJoin {
    let mut out = PredictedJoin { differing: None, changed: None, lost: None, splits: false, join };
    let (Outcome::Accepted { overwritten, .. }, Some(asked)) = (&out.join.outcome, asked) else { return out };
    let loss = losses.of(&asked);
    out.splits = loss.splits();
    let gone = |image: Original| overwritten.contains(&image);
    out.lost = loss.changed.is_some().then(|| losses.lost(&asked, &loss, gone).blocks());
    out.differing = loss.differing.as_ref().map(Runs::blocks);
    out.changed = loss.changed.as_ref().map(Runs::blocks);
    out
}
