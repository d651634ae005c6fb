//! What Jiva would do with a volume, with its price in blocks.
//!
//! `jiva` foretells which image ends up where, `price` what that changes.

use super::course::{Row, rows};
use super::ground::Ground;
use super::price::{Asked, Prices, Stacks};
use crate::ident::{Label, Runs};
use crate::jiva::{Course, Election, Join, Original, Outcome, Stage, Step};
use crate::version::Version;
use crate::watch::Watch;

/// A join with its price.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ForetoldJoin {
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

/// Everything that Jiva would do with a volume.
pub(super) struct Foretold {
    /// The version whose rules were followed.
    pub version: Version,
    /// Every ordered pair.
    pub joins: Vec<ForetoldJoin>,
    /// Every order of registering.
    pub elections: Vec<Election>,
    /// Every way to start the volume, equal outcomes folded, best first.
    pub rows: Vec<Row>,
    /// Replicas whose process does not come up, with Jiva's message.
    pub down: Vec<(Label, String)>,
}

/// Foretells joins, elections and whole starts.
pub(super) fn foretell(ground: &Ground<'_>, watch: &dyn Watch) -> Foretold {
    if ground.replicas.iter().any(|replica| !replica.is_jivas() || replica.counter_unread) {
        // Another engine follows other rules, and elections turn on a counter that is there and could not be read.
        let nothing = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (joins, elections, rows, down) = nothing;
        return Foretold { version: ground.version, joins, elections, rows, down };
    }
    let stage = Stage::of(ground.replicas, ground.version);
    let joins = stage.joins();
    let elections = stage.elections(ground.factor);
    let courses = stage.courses(&elections, ground.factor);
    let mut stacks = Stacks::of(ground, &stage);
    let joins: Vec<(Join, Option<Asked>)> = joins
        .into_iter()
        .map(|join| {
            let asked = stacks.ask(&join.rw, &join.wo, &join.outcome);
            (join, asked)
        })
        .collect();
    let courses: Vec<(Course, Vec<Option<Asked>>)> = courses
        .into_iter()
        .map(|course| {
            let step = |step: &Step| stacks.ask(&course.leader, &step.joiner, &step.outcome);
            let asked = course.steps.iter().map(step).collect();
            (course, asked)
        })
        .collect();
    let prices = stacks.price(watch);
    let joins = joins.into_iter().map(|(join, asked)| priced(join, asked, &prices)).collect();
    let rows = rows(ground, &courses, &elections, &prices);
    let down = stage.down().map(|(label, message)| (label.clone(), message.to_string())).collect();
    Foretold { version: ground.version, joins, elections, rows, down }
}

fn priced(join: Join, asked: Option<Asked>, prices: &Prices<'_>) -> ForetoldJoin {
    let mut out = ForetoldJoin { differing: None, changed: None, lost: None, splits: false, join };
    let (Outcome::Accepted { overwritten, .. }, Some(asked)) = (&out.join.outcome, asked) else { return out };
    let price = prices.of(&asked);
    out.splits = price.splits();
    let gone = |image: Original| overwritten.contains(&image);
    out.lost = price.changed.is_some().then(|| prices.lost(&asked, &price, gone).blocks());
    out.differing = price.differing.as_ref().map(Runs::blocks);
    out.changed = price.changed.as_ref().map(Runs::blocks);
    out
}
