//! What Jiva would make of it if it were simply started, in a clause.

use std::collections::BTreeSet;

use crate::analysis::{PredictedJoin, Volume};
use crate::dialect::jiva::engine::Outcome;
use crate::ident::{BLOCK_SIZE, Label};
use crate::lineage::{Doubt, Relation};
use crate::replica::{Flag, Replica, StartError, State};
use crate::report::words;
use crate::verdict::{Confidence, Start, VerdictKind};

/// The clause, without a capital and a full stop; `None` where nothing is known.
pub(super) fn clause(volume: &Volume) -> Option<String> {
    if let Some(foreign) = volume.replicas.iter().find_map(words::dialect) {
        return Some(format!("{foreign}; what Jiva would do does not apply"));
    }
    if let Some(half) = half_clone(volume) {
        return Some(half);
    }
    Some(match volume.verdict.start? {
        Start::Safe => {
            "Jiva can start it as it is: in every order all replicas come up and nothing that these copies hold is lost".to_owned()
        }
        Start::Unsafe => format!("do not start it as is: {}", harm(volume)),
        Start::Stuck => stuck(volume),
        Start::Unknown if volume.replicas.iter().any(|replica| replica.counter_unread) => {
            "whether it is safe to start is unknown: a revision.counter is missing or could not be read here".to_owned()
        }
        Start::Unknown if by_counters(volume) => {
            "whether it is safe to start is not certain: only counters or logs say whose blocks are newer"
                .to_owned()
        }
        Start::Unknown if by_copies(volume) => {
            "whether it is safe to start is not certain: the copies may have dropped zeros that the originals store"
                .to_owned()
        }
        Start::Unknown => "what is here does not show whether it is safe to start".to_owned(),
    })
}

/// What comes of starting half a clone.
fn half_clone(volume: &Volume) -> Option<String> {
    let half: Vec<&Replica> =
        volume.replicas.iter().filter(|replica| replica.flags.contains(&Flag::HalfClone)).collect();
    let first = half.first()?;
    let status = first.meta.as_ref().and_then(|meta| meta.clone_status.as_deref()).unwrap_or("");
    let does = match (status, half.len()) {
        ("error", 1) => "the controller removes it",
        ("error", _) => "the controller removes them",
        _ => "the controller asks for the status again every 2 s, without end",
    };
    Some(format!(
        "do not start it: {} {} half a clone (CloneStatus {status:?}), and {does}; started without the arguments of a \
         clone it is served as healthy",
        words::labels(half.iter().map(|replica| &replica.label)),
        if half.len() == 1 { "is" } else { "are" }
    ))
}

/// What is to be done about single replicas before anything is started.
pub(super) fn first_steps(volume: &Volume) -> Vec<String> {
    let mut out = Vec::new();
    for replica in &volume.replicas {
        let label = &replica.label;
        if replica.flags.contains(&Flag::HalfClone) {
            out.push(format!("Make {label} again as a clone of its source, in an empty directory."));
        }
        if let Some(disk) = replica.blocked_head() {
            out.push(format!(
                "With all replicas stopped and copied: move {} out of the directory of {label} and keep it; its blocks \
                 belong to no chain. Or start another replica first.",
                disk.name
            ));
        }
        if replica.flags.contains(&Flag::DataGone) {
            out.push(format!(
                "Look for what {label} has lost: another copy of its images, the deleted file on the node's disk, a \
                 backup. Write nothing to that disk until then."
            ));
        }
        if let Some(file) =
            replica.backing_file.as_ref().filter(|_| replica.flags.contains(&Flag::BackingFileMissing))
        {
            out.push(format!("Copy the backing file of {label} from the node too: {file}."));
        }
    }
    let full = |replica: &&Replica| replica.flags.contains(&Flag::ChainNearLimit);
    let full: Vec<&Label> = volume.replicas.iter().filter(full).map(|replica| &replica.label).collect();
    if !full.is_empty() {
        let s = if full.len() == 1 { "" } else { "s" };
        out.push(format!(
            "If all replicas are RW now, let clean-up shorten the chain{s} of {} before any restart: few layers are left, \
             and each rebuild adds one.",
            words::labels(full)
        ));
    }
    out
}

/// Whether all that keeps a start from being called safe is that counters or logs decided.
fn by_counters(volume: &Volume) -> bool {
    let named = matches!(volume.verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative);
    let decided = |relation: &Relation| {
        relation.doubts.contains(&Doubt::DecidedByCounter) || relation.doubts.contains(&Doubt::DecidedByLogs)
    };
    named && volume.lineage.relations.iter().any(decided)
}

/// Whether all that keeps a start from being called safe is that copies may have dropped zeros.
fn by_copies(volume: &Volume) -> bool {
    let named = matches!(volume.verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative);
    named
        && volume.verdict.confidence >= Confidence::Strong
        && volume.replicas.iter().any(|replica| !volume.copies.keeps_zeros(&replica.label))
}

/// What makes processes start that do not, where that is a small thing.
pub(super) fn step(volume: &Volume) -> Option<String> {
    let log_info = dead(volume, |error| matches!(error, StartError::LogInfo(_)));
    let probe = dead(volume, |error| *error == StartError::ExtentProbe);
    let from = |some: &[&Replica]| words::labels(some.iter().map(|replica| &replica.label));
    let mut steps = Vec::new();
    if !log_info.is_empty() {
        steps.push(format!(
            "remove log.info from {} on the node; Jiva writes a new one and the process starts.",
            from(&log_info)
        ));
    }
    if !probe.is_empty() {
        steps.push(format!("remove tmpFile.tmp from {} on the node.", from(&probe)));
    }
    (!steps.is_empty()).then(|| format!("Once everything is copied: {}", steps.join(" Also ")))
}

/// The replicas whose process ends with one of these errors.
fn dead(volume: &Volume, which: impl Fn(&StartError) -> bool) -> Vec<&Replica> {
    volume.replicas.iter().filter(|replica| replica.start_error.as_ref().is_some_and(&which)).collect()
}

fn stuck(volume: &Volume) -> String {
    let log_info = dead(volume, |error| matches!(error, StartError::LogInfo(_)));
    let probe = dead(volume, |error| *error == StartError::ExtentProbe);
    let closed: Vec<&Replica> =
        volume.replicas.iter().filter(|r| r.start_error.is_none() && r.error.is_some()).collect();
    let mut causes = Vec::new();
    if !log_info.is_empty() {
        causes.push(format!("log.info {} in {}", damage(&log_info), who(&log_info, volume)));
    }
    if !probe.is_empty() {
        causes.push(format!("tmpFile.tmp was left behind in {}", who(&probe, volume)));
    }
    if !closed.is_empty() {
        causes.push(format!("{} cannot be opened", who(&closed, volume)));
    }
    if volume.elections.is_empty() {
        let causes =
            if causes.is_empty() { "too few replicas are here".to_owned() } else { words::list(&causes) };
        return format!("Jiva cannot start it: {causes}");
    }
    let refused = "whichever starts first, the others are refused";
    causes.insert(0, refused.to_owned());
    format!("the volume will not come up on its own: {}", causes.join("; "))
}

/// How `log.info` is damaged: empty in all of them, or not.
fn damage(dead: &[&Replica]) -> &'static str {
    let empty = |replica: &&Replica| {
        replica.source.entries().iter().any(|entry| entry.name == "log.info" && entry.size == 0)
    };
    if dead.iter().all(empty) { "is empty" } else { "does not decode" }
}

fn who(some: &[&Replica], volume: &Volume) -> String {
    match (some.len(), volume.replicas.len()) {
        (3, 3) => "all three".to_owned(),
        (some, all) if some == all && all > 3 => format!("all {all}"),
        _ => words::labels(some.iter().map(|replica| &replica.label)),
    }
}

/// The gravest thing that some order of starting leads to.
fn harm(volume: &Volume) -> String {
    if let Some(gone) = volume.replicas.iter().find(|replica| replica.flags.contains(&Flag::DataGone)) {
        return format!(
            "the data of {} are gone from its directory, and zeros would be served in their place",
            gone.label
        );
    }
    let leaders: BTreeSet<&Label> = volume.elections.iter().map(|election| &election.leader).collect();
    let lacking = |join: &&PredictedJoin| {
        volume
            .lineage
            .between(&join.join.rw, &join.join.wo)
            .and_then(|relation| relation.lacks(&join.join.rw, &join.join.wo))
    };
    let joins: Vec<&PredictedJoin> =
        volume.joins.iter().filter(|join| leaders.contains(&join.join.rw)).collect();
    let empty =
        |label: &&&Label| volume.replicas.iter().any(|r| r.label == ***label && r.state == State::Blank);
    if let Some(leader) = leaders.iter().find(empty) {
        return format!("{leader} is empty, and if it leads the volume is served empty");
    }
    let accepted = |join: &&&PredictedJoin| matches!(join.join.outcome, Outcome::Accepted { .. });
    let worst = joins
        .iter()
        .filter(accepted)
        .filter_map(|join| Some((join, lacking(join).filter(|holds| !holds.nothing())?)))
        .max_by_key(|(join, holds)| {
            (holds.blocks.blocks(), std::cmp::Reverse((&join.join.rw, &join.join.wo)))
        });
    if let Some((join, holds)) = worst {
        let (rw, wo) = (&join.join.rw, &join.join.wo);
        return format!("if {rw} leads and {wo} rejoins, {} of {wo}'s data are lost", words::holds(holds));
    }
    let without = joins
        .iter()
        .filter_map(|join| Some((join, lacking(join).filter(|holds| !holds.nothing())?)))
        .max_by_key(|(join, holds)| {
            (holds.blocks.blocks(), std::cmp::Reverse((&join.join.rw, &join.join.wo)))
        });
    if let Some((join, holds)) = without {
        let (rw, wo) = (&join.join.rw, &join.join.wo);
        return format!(
            "if {rw} leads, {wo} is refused and {} of its data are not served",
            words::holds(holds)
        );
    }
    let differing =
        joins.iter().filter(accepted).find_map(|join| Some((join, join.differing.filter(|n| *n > 0)?)));
    if let Some((join, blocks)) = differing {
        return format!(
            "if {} leads, {} is reported healthy but differs from it in {}",
            join.join.rw,
            join.join.wo,
            words::bytes(blocks * BLOCK_SIZE)
        );
    }
    if let Some((blocked, disk)) =
        volume.replicas.iter().find_map(|replica| Some((&replica.label, &replica.blocked_head()?.name)))
    {
        return format!(
            "{disk} in {blocked} stores data, so no snapshot can be taken there and nobody can join while it leads \
             (\"Can't remove head file {disk} as it contains some data\")"
        );
    }
    let left = joins.iter().find(|join| !matches!(join.join.outcome, Outcome::Accepted { .. }));
    match left {
        Some(join) => {
            format!("if {} leads, {} does not come up and is left behind", join.join.rw, join.join.wo)
        }
        None => "in some order data are lost or the replicas silently differ".to_owned(),
    }
}
