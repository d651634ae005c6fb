//! How much room the chain of each replica has: layers until its limit, days until then, and what its disks hold.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::dialect::jiva::chain_limit;
use crate::finding::{Exhibit, Facts, FewLayers, Finding, LimitBy, LimitSoon};
use crate::ident::{DiskName, Label};
use crate::lineage::Space;
use crate::replica::{Depth, Flag, Limit, Replica};

/// The chain of one replica, as long and as full as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChainRoom {
    /// Its length, its limit, how fast it grows.
    pub depth: Depth,
    /// What its disks hold; `None` where the stored ranges of some are unknown.
    pub space: Option<Space>,
}

/// The room of a replica's chain; `None` where it has no chain. `shown` is the limit that a witness shows, which is surer
/// than that of its version.
pub fn room(replica: &Replica, shown: Option<Limit>) -> Option<ChainRoom> {
    if replica.chain.is_empty() {
        return None;
    }
    let by_version = || {
        replica.is_jivas().then(|| Limit { layers: chain_limit(replica.generation()), by: LimitBy::Version })
    };
    let limit = shown.or_else(by_version);
    let depth = Depth::new(replica.chain.len(), limit, replica.growth());
    Some(ChainRoom { depth, space: Space::of(replica) })
}

/// The room of every chain of a volume.
pub(super) fn rooms(replicas: &[Replica], shown: &BTreeMap<Label, Limit>) -> BTreeMap<Label, ChainRoom> {
    let all: Vec<_> = replicas
        .par_iter()
        .filter_map(|one| Some((one.label.clone(), room(one, shown.get(&one.label).copied())?)))
        .collect();
    all.into_iter().collect()
}

/// What is to be noticed of them. That a chain is near the limit of its version is noticed of each directory already.
pub(super) fn notice(replicas: &[Replica], rooms: &BTreeMap<Label, ChainRoom>) -> Vec<Finding> {
    replicas.iter().filter_map(|one| finding(one, &rooms.get(&one.label)?.depth)).collect()
}

fn finding(replica: &Replica, depth: &Depth) -> Option<Finding> {
    let limit = depth.limit?;
    if replica.flags.contains(&Flag::ChainNearLimit) {
        return None;
    }
    let (layers, limit, limit_by) = (depth.layers, limit.layers, limit.by);
    let facts = if depth.is_near() {
        Facts::FewLayersLeft(FewLayers { replica: None, layers, limit, limit_by })
    } else {
        let days = depth.days_left().filter(|_| depth.is_soon())?;
        let rate = depth.growth?.rate();
        let (snapshots, seconds) = (rate.snapshots, rate.seconds);
        Facts::ChainLimitSoon(LimitSoon { replica: None, layers, limit, limit_by, snapshots, seconds, days })
    };
    let newest = replica.chain.get(1).or(replica.chain.first())?;
    let created = replica.disk(newest).and_then(|disk| disk.read_record()?.created.clone());
    let head = replica.head.as_ref().map_or("", DiskName::as_str);
    let mut finding =
        Finding::of(&replica.label, facts, Exhibit::field(&replica.label, "volume.meta", "Head", head));
    if let Some(created) = created {
        finding = finding.and(Exhibit::field(&replica.label, newest.record(), "Created", created));
    }
    Some(finding)
}
