//! How much room a chain has, as the JSON documents show it.

use serde::Serialize;

use crate::analysis::ChainRoom;
use crate::finding::LimitBy;
use crate::replica::{Depth, Growth, GrowthOf};
use crate::witness::Moment;

/// A chain against its limit.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownDepth {
    /// Disks of the chain, head included.
    layers: usize,
    /// The most that it may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    /// What the limit is known from.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_by: Option<LimitBy>,
    /// How many more it may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
    /// How fast it grows; absent where the times give no rate of days.
    #[serde(skip_serializing_if = "Option::is_none")]
    growth: Option<ShownGrowth>,
    /// Days until the limit at that rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_to_limit: Option<u64>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ShownGrowth {
    /// What it is counted from.
    of: GrowthOf,
    /// Snapshots that were counted.
    snapshots: usize,
    /// The time of the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The time of the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Snapshots in the 24 hours before the last, without that one.
    newest_day: usize,
    /// Snapshots a day: over the whole time, or in the newest day where that is more.
    per_day: f64,
}

/// What the disks of a chain hold.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ShownSpace {
    /// Stored in all disks of the chain.
    stored_bytes: u64,
    /// Of these, what the view shows.
    shown_bytes: u64,
    /// Of these, what newer disks hide.
    shadowed_bytes: u64,
}

impl From<&Depth> for ShownDepth {
    fn from(depth: &Depth) -> Self {
        Self {
            layers: depth.layers,
            limit: depth.limit.map(|limit| limit.layers),
            limit_by: depth.limit.map(|limit| limit.by),
            left: depth.left(),
            growth: depth.growth.map(growth),
            days_to_limit: depth.days_left(),
        }
    }
}

fn growth(growth: Growth) -> ShownGrowth {
    let moment = |seconds: i64| Some(Moment::from_millis(seconds.checked_mul(1000)?)?.to_string());
    ShownGrowth {
        of: growth.of,
        snapshots: growth.snapshots,
        from: moment(growth.first),
        to: moment(growth.last),
        newest_day: growth.newest_day,
        per_day: growth.rate().per_day_in_thousandths() as f64 / 1000.0,
    }
}

/// What the disks of a chain hold, where that is known.
pub(super) fn space(room: &ChainRoom) -> Option<ShownSpace> {
    let space = room.space.as_ref()?;
    Some(ShownSpace {
        stored_bytes: space.stored,
        shown_bytes: space.shown(),
        shadowed_bytes: space.shadowed,
    })
}
