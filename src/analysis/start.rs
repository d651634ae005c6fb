//! What would come of simply starting the replicas, and the hazards on the way.

use std::collections::BTreeSet;

use super::forecast::{Forecast, PredictedJoin};
use super::ground::Ground;
use super::scenario::{Fate, FinalState, Row};
use crate::dialect::jiva::engine::{self, JoinError, Outcome};
use crate::finding::{Exhibit, Facts, Finding, Refuser};
use crate::ident::{DiskName, Label};
use crate::replica::{Disk, Flag, LastJoin, Quality, Replica, StartError};
use crate::verdict::{Case, Confidence, Start, Verdict, VerdictKind, hides_data};

/// The second axis of the verdict.
///
/// A replica that does not come up in some order makes it unsafe too: refused ones grow both chains with every try,
/// and what fails today is not looked after. Fewer replicas than the factor can show harm, but neither safety nor
/// that nothing helps; and without reading blocks a flawed directory shows no safety.
pub(super) fn start(
    ground: &Ground<'_>,
    forecast: &Forecast,
    verdict: &Verdict,
    without_missing: bool,
) -> Start {
    if !ground.replicas.iter().all(|replica| ground.is_judged(&replica.label)) {
        return Start::Unknown;
    }
    let partial = is_partial(ground);
    let flagged = |flag: Flag| ground.replicas.iter().filter(|r| r.flags.contains(&flag)).count();
    if ground.replicas.iter().any(|replica| !replica.is_jivas()) {
        return Start::Unknown;
    }
    // A user who starts them without the arguments of a clone gets the half one served.
    let half = flagged(Flag::HalfClone);
    if half > 0 {
        return if half == ground.replicas.len() && !partial { Start::Stuck } else { Start::Unsafe };
    }
    if ground.replicas.iter().any(|replica| replica.counter_unread) {
        return Start::Unknown;
    }
    // A file of data in the way of every snapshot, and zeros in the place of data.
    if flagged(Flag::CannotSnapshot) + flagged(Flag::DataGone) > 0 {
        return Start::Unsafe;
    }
    // Beside a replica that nobody supplied any of these can come to lead, so every join counts then.
    let any_join = |join: &PredictedJoin| {
        let (rw, wo) = (&join.join.rw, &join.join.wo);
        join.join.outcome.is_accepted() && (join.splits || !ground.includes(rw, wo))
    };
    // Where not every order was walked, each pair's join still begins one that comes up like the rest.
    let leaders: BTreeSet<&Label> = forecast.elections.iter().map(|election| &election.leader).collect();
    let begins = |join: &PredictedJoin| join.splits && leaders.contains(&join.join.rw);
    let writable = || forecast.rows.iter().any(|row| row.state != FinalState::ReadOnly);
    let unwalked = forecast.left_out.starts > 0 && writable() && forecast.joins.iter().any(begins);
    if unwalked || forecast.rows.iter().any(Row::harms) || (partial && forecast.joins.iter().any(any_join)) {
        return Start::Unsafe;
    }
    if forecast.rows.iter().all(|row| row.state == FinalState::ReadOnly) {
        return if partial { Start::Unknown } else { Start::Stuck };
    }
    if !without_missing && refused_by_unseen(ground) {
        return Start::Stuck;
    }
    if forecast.rows.iter().any(|row| row.state == FinalState::ReadOnly || !row.all_up()) {
        return Start::Unsafe;
    }
    let related = ground.replicas.iter().all(|one| {
        ground
            .replicas
            .iter()
            .all(|other| one.label == other.label || ground.lacks(&one.label, &other.label).is_some())
    });
    let unseen_flaw = ground.contents.is_none() && ground.replicas.iter().any(serves_unseen)
        || ground.replicas.iter().any(may_be_blocked);
    if partial || !related || unseen_flaw || !carries(ground, verdict) { Start::Unknown } else { Start::Safe }
}

/// Whether a verdict carries the word that starting is safe: it names who holds everything, is more than weak, and rests
/// on no copy that was defective and on no relation in doubt. What only a counter tells is not said for certain. Copies
/// that dropped zeros alike look equal where the originals are not.
fn carries(ground: &Ground<'_>, verdict: &Verdict) -> bool {
    matches!(verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative)
        && verdict.confidence >= Confidence::Strong
        && !ground.replicas.iter().any(hides_data)
        && ground.lineage.relations.iter().all(|relation| relation.doubts.is_empty())
        && ground.replicas.iter().all(|replica| {
            let label = &replica.label;
            ground.copies.quality(label) > Quality::Defective && ground.copies.keeps_zeros(label)
        })
}

/// Whether extents do not tell what a replica serves, or will after a join: an image is missing, or two names are one
/// file, which a join would overwrite twice.
fn serves_unseen(replica: &Replica) -> bool {
    let unseen = [Flag::ImageMissing, Flag::HardLinked, Flag::ChainHardLinked];
    unseen.iter().any(|flag| replica.flags.contains(flag))
}

/// Whether a head that an earlier snapshot left lies here and stores nothing in this copy. If it stores zeros that the
/// copy dropped, the snapshot that would make a head of its name fails.
fn may_be_blocked(replica: &Replica) -> bool {
    let left = |disk: &Disk| disk.name.is_head() && !disk.on_chain;
    let empty =
        |disk: &Disk| disk.image.as_ref().is_some_and(|image| image.size > 0) && disk.allocated() == Some(0);
    replica.disks.iter().any(|disk| left(disk) && empty(disk))
}

/// Whether fewer replicas are here than the factor; copies of one directory are one.
fn is_partial(ground: &Ground<'_>) -> bool {
    Case::count(ground.replicas.iter()) < ground.factor
}

/// Whether every replica was refused by an RW replica that nobody supplied: as long as that one runs, it refuses
/// them again.
fn refused_by_unseen(ground: &Ground<'_>) -> bool {
    let unseen = |replica: &Replica| {
        ground
            .lineage
            .witnesses
            .iter()
            .any(|witness| witness.seen_by == replica.label && witness.doubted_by.is_none())
    };
    !ground.replicas.is_empty()
        && ground.replicas.iter().all(|replica| replica.last_join == LastJoin::Refused && unseen(replica))
}

/// The hazards as findings.
pub(super) fn hazards(
    ground: &Ground<'_>,
    forecast: &Forecast,
    start: Start,
    without_missing: bool,
) -> Vec<Finding> {
    let mut found = Vec::new();
    leaders(ground, forecast, &mut found);
    // Beside a replica that nobody supplied any can come to lead; else only who wins an election.
    let open = is_partial(ground) || (!without_missing && !ground.lineage.witnesses.is_empty());
    let leaders: BTreeSet<&Label> = forecast.elections.iter().map(|election| &election.leader).collect();
    let leads = |label: &Label| leaders.contains(label);
    let listed = |join: &&PredictedJoin| ground.is_judged(&join.join.rw) && ground.is_judged(&join.join.wo);
    for join in forecast.joins.iter().filter(|join| open || leads(&join.join.rw)).filter(listed) {
        pair(ground, join, &mut found);
    }
    nothing_starts(ground, &mut found);
    limit(ground, forecast, &mut found);
    stuck(ground, forecast, start, without_missing, &mut found);
    found
}

fn counter(label: &Label, ground: &Ground<'_>) -> Exhibit {
    let value = ground.replica(label).and_then(|replica| replica.counter).map(|counter| counter.0);
    Exhibit::field(
        label,
        "revision.counter",
        "counter",
        value.map_or_else(|| "absent".to_owned(), |c| c.to_string()),
    )
}

fn checkpoint(label: &Label, ground: &Ground<'_>) -> Exhibit {
    let name = ground.replica(label).and_then(|replica| replica.checkpoint.as_ref());
    Exhibit::field(label, "volume.meta", "Checkpoint", name.map_or("", |name| name.as_str()))
}

/// Leaders that lack what another replica has.
fn leaders(ground: &Ground<'_>, forecast: &Forecast, found: &mut Vec<Finding>) {
    // Of what a defective copy held nothing is reported: neither that it lacks anything nor that another does.
    let judged = |label: &&Label| ground.is_judged(label);
    let all: BTreeSet<&Label> =
        forecast.elections.iter().map(|election| &election.leader).filter(judged).collect();
    for leader in all {
        let Some(replica) = ground.replica(leader) else { continue };
        // An empty one lacks whatever the others hold, known or not.
        let empty = engine::is_empty(replica);
        let better: Vec<&Label> = ground
            .replicas
            .iter()
            .map(|other| &other.label)
            .filter(|other| empty || judged(other))
            .filter(|other| ground.lacks(leader, other).is_some_and(|holds| !holds.nothing()))
            .collect();
        let Some(first) = forecast.elections.iter().find(|election| election.leader == *leader) else {
            continue;
        };
        if better.is_empty() {
            continue;
        }
        let evidence = first.order.iter().map(|label| counter(label, ground)).collect();
        let (order, won_by) = (first.order.clone(), first.condition);
        let facts = if empty {
            Facts::BlankCanWin { order, won_by }
        } else {
            Facts::StaleCanWin { order, won_by, newer: better.into_iter().cloned().collect() }
        };
        found.push(Finding::volume(facts, evidence).about(leader));
    }
}

/// What one accepted join would do.
fn pair(ground: &Ground<'_>, forecast: &PredictedJoin, found: &mut Vec<Finding>) {
    let Outcome::Accepted { copied, .. } = &forecast.join.outcome else { return };
    let (rw, wo) = (&forecast.join.rw, &forecast.join.wo);
    let evidence = || vec![counter(rw, ground), counter(wo, ground), checkpoint(wo, ground)];
    let mut add = |facts: Facts| found.push(Finding::volume(facts, evidence()).about(wo));
    let lacking = ground.lacks(rw, wo).filter(|holds| !holds.nothing());
    let (source, images_copied) = (rw.clone(), copied.len());
    if let Some(lacking) = lacking.filter(|_| images_copied > 0) {
        let blocks = Some(lacking.blocks.blocks()).filter(|blocks| *blocks > 0);
        let lost_blocks = forecast.lost.filter(|_| blocks.is_some());
        add(Facts::RollBack { source: source.clone(), blocks, lost_blocks, images_copied });
    }
    let below = shared_checkpoint(ground, rw, wo);
    if forecast.splits {
        let blocks = forecast.differing;
        add(Facts::SilentSplit { source: source.clone(), images_copied, blocks });
        if images_copied > 0 && below.is_some_and(|(_, shared)| shared) {
            add(Facts::HolesBelowCheckpoint { source: source.clone(), blocks });
        }
    }
    if let Some((checkpoint, false)) = below {
        add(Facts::PoisonedCheckpoint { source, checkpoint: checkpoint.clone() });
    }
}

/// The joiner's Checkpoint, if it has one, and whether it is a state that both share.
fn shared_checkpoint<'a>(ground: &Ground<'a>, rw: &Label, wo: &Label) -> Option<(&'a DiskName, bool)> {
    let name = ground.replica(wo)?.checkpoint.as_ref().filter(|_| ground.version.has_checkpoints())?;
    let relation = ground.lineage.between(rw, wo)?;
    let layers = ground.lineage.layers(wo)?;
    let level = layers.level(name)?;
    let first = relation.a == *wo;
    let shared = relation.shared.pairs.iter().any(|(a, b)| if first { *a >= level } else { *b >= level });
    Some((name, shared))
}

fn nothing_starts(ground: &Ground<'_>, found: &mut Vec<Finding>) {
    let errors: Option<Vec<(&Label, &StartError)>> =
        ground.replicas.iter().map(|one| Some((&one.label, one.start_error.as_ref()?))).collect();
    let Some(errors) = errors else { return };
    let Some((_, first)) = errors.first() else { return };
    let facts = Facts::NothingStarts { error: first.to_string() };
    let evidence = errors.iter().map(|(label, error)| Exhibit::file(label, error.file())).collect();
    found.push(Finding::volume(facts, evidence));
}

/// No pair can begin a join, because of the length of a chain.
fn limit(ground: &Ground<'_>, forecast: &Forecast, found: &mut Vec<Finding>) {
    let full =
        |join: &PredictedJoin| matches!(&join.join.outcome, Outcome::Error(JoinError::TooManyDisks(_)));
    if !forecast.joins.is_empty() && forecast.joins.iter().all(full) {
        let limit = ground.version.chain_limit();
        let evidence = ground
            .replicas
            .iter()
            .map(|replica| Exhibit::field(&replica.label, "volume.meta", "chain length", replica.chain.len()))
            .collect();
        let facts = Facts::NoRebuildPossible { limit, jiva_version: ground.version };
        found.push(Finding::volume(facts, evidence));
    }
}

fn stuck(
    ground: &Ground<'_>,
    forecast: &Forecast,
    start: Start,
    without_missing: bool,
    found: &mut Vec<Finding>,
) {
    let refused = |label: &Label| {
        forecast
            .rows
            .iter()
            .flat_map(|row| &row.replicas)
            .any(|part| part.replica == *label && part.fate == Fate::Refused)
    };
    let by = if !without_missing && refused_by_unseen(ground) {
        Refuser::MissingReplica
    } else if start == Start::Stuck && ground.replicas.iter().any(|replica| refused(&replica.label)) {
        Refuser::FirstStarted
    } else {
        return;
    };
    let evidence = ground.replicas.iter().map(|replica| checkpoint(&replica.label, ground)).collect();
    found.push(Finding::volume(Facts::StuckByRefusal { by }, evidence));
}
