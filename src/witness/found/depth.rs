//! Chains of running replicas that are near their limit. What a supplied directory shows of its own chain is said from the
//! directory.

use super::super::account::Account;
use super::super::depth::ShownChain;
use crate::finding::{Facts, FewLayers, Finding, LimitSoon};

/// Finds them.
pub(super) fn depth(account: &Account<'_>, out: &mut Vec<Finding>) {
    for chain in account.chains().iter().filter(|chain| chain.directory.is_none()) {
        out.extend(finding(chain));
    }
}

fn finding(chain: &ShownChain) -> Option<Finding> {
    let depth = &chain.depth;
    let (layers, limit, replica) = (depth.layers, depth.limit?, Some(chain.replica.clone()));
    let facts = if depth.is_near() {
        Facts::FewLayersLeft(FewLayers { replica, layers, limit: limit.layers, limit_by: limit.by })
    } else {
        let days = depth.days_left().filter(|_| depth.is_soon())?;
        let rate = depth.growth?.rate();
        Facts::ChainLimitSoon(LimitSoon {
            replica,
            layers,
            limit: limit.layers,
            limit_by: limit.by,
            snapshots: rate.snapshots,
            seconds: rate.seconds,
            days,
        })
    };
    Some(Finding::volume(facts, vec![chain.seen.clone()]))
}
