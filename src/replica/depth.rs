//! How long a chain is against its limit, and how fast it grows.
//!
//! Arithmetic alone, for directories and for what witnesses show of running replicas. A rate is counted from times that
//! records or logs claim; where they do not rise, or lie within a day, there is none.

use serde::Serialize;

use super::Replica;
use crate::finding::LimitBy;
use crate::go::parse_rfc3339;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// The most disks that a chain may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many, head included.
    pub layers: usize,
    /// What it is known from.
    pub by: LimitBy,
}

/// What a growth is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GrowthOf {
    /// `Created` of the snapshots in the chain: what clean-up merged away is not counted.
    Chain,
    /// Snapshots that a log shows being taken, whatever became of them.
    Log,
}

/// How snapshots came, by their times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Growth {
    /// What it is counted from.
    pub of: GrowthOf,
    /// Snapshots.
    pub snapshots: usize,
    /// The first one's time, in seconds since 1970.
    pub first: i64,
    /// The last one's.
    pub last: i64,
    /// Snapshots in the 24 hours before the last, without that one.
    pub newest_day: usize,
}

/// So many snapshots in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Snapshots.
    pub snapshots: usize,
    /// Seconds.
    pub seconds: u64,
}

impl Growth {
    /// Counts times that ascend; `None` where they do not, or span less than a day: then they give no rate of days.
    pub fn of(of: GrowthOf, times: &[i64]) -> Option<Self> {
        let (first, last) = (*times.first()?, *times.last()?);
        let rising = times.windows(2).all(|pair| pair[0] <= pair[1]);
        if !rising || last.checked_sub(first)?.unsigned_abs() < DAY {
            return None;
        }
        let since = last.saturating_sub(DAY as i64);
        let newest_day = times.iter().rev().take_while(|at| **at > since).count() - 1;
        Some(Self { of, snapshots: times.len(), first, last, newest_day })
    }

    /// The growth of a chain by `Created` of its snapshots, from the oldest on. What is no time is passed over.
    pub fn by_created<'t>(created: impl Iterator<Item = &'t str>) -> Option<Self> {
        let times: Vec<i64> = created.filter_map(parse_rfc3339).collect();
        Self::of(GrowthOf::Chain, &times)
    }

    /// Seconds from the first to the last.
    pub fn seconds(&self) -> u64 {
        self.last.abs_diff(self.first)
    }

    /// The rate to reckon with: that of the whole time, or of the newest day where that is higher.
    pub fn rate(&self) -> Rate {
        let whole = Rate { snapshots: self.snapshots - 1, seconds: self.seconds() };
        let newest = Rate { snapshots: self.newest_day, seconds: DAY };
        if newest.is_above(whole) { newest } else { whole }
    }
}

impl Rate {
    fn is_above(self, other: Self) -> bool {
        let cross = |a: Self, b: Self| a.snapshots as u128 * u128::from(b.seconds);
        cross(self, other) > cross(other, self)
    }

    /// Snapshots a day, in thousandths.
    pub fn per_day_in_thousandths(self) -> u64 {
        let thousandths = self.snapshots as u128 * u128::from(DAY) * 1000 / u128::from(self.seconds.max(1));
        u64::try_from(thousandths).unwrap_or(u64::MAX)
    }

    /// Whole days until so many more are taken; `None` at a rate of nothing.
    pub fn days_until(self, more: usize) -> Option<u64> {
        let each = self.snapshots as u128 * u128::from(DAY);
        let days = (more as u128 * u128::from(self.seconds)).checked_div(each)?;
        Some(u64::try_from(days).unwrap_or(u64::MAX))
    }
}

/// A chain against its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Depth {
    /// Disks of the chain, head included.
    pub layers: usize,
    /// The most that it may have, where that is known.
    pub limit: Option<Limit>,
    /// How fast it grows, where the times in it give a rate.
    pub growth: Option<Growth>,
}

impl Depth {
    /// From here on a chain is near its limit: so many layers are left.
    pub const NEAR: usize = 64;

    /// From here on it is full soon: in so many days.
    pub const SOON: u64 = 30;

    /// A chain.
    pub fn new(layers: usize, limit: Option<Limit>, growth: Option<Growth>) -> Self {
        Self { layers, limit, growth }
    }

    /// How many more layers it may have.
    pub fn left(&self) -> Option<usize> {
        Some(self.limit?.layers.saturating_sub(self.layers))
    }

    /// Whether few are left.
    pub fn is_near(&self) -> bool {
        self.left().is_some_and(|left| left <= Self::NEAR)
    }

    /// Days until it is full, at the rate of its growth.
    pub fn days_left(&self) -> Option<u64> {
        self.growth?.rate().days_until(self.left()?)
    }

    /// Whether it is full in a few weeks at that rate.
    pub fn is_soon(&self) -> bool {
        self.days_left().is_some_and(|days| days <= Self::SOON)
    }
}

impl Replica {
    /// How fast its chain grew, by `Created` of its snapshots.
    pub fn growth(&self) -> Option<Growth> {
        let snapshots = self.chain_disks().skip(1).rev();
        Growth::by_created(snapshots.filter_map(|disk| disk.read_record()?.created.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(times: &[i64]) -> Option<Growth> {
        Growth::of(GrowthOf::Chain, times)
    }

    const D: i64 = DAY as i64;

    #[test]
    fn times_that_fall_or_lie_within_a_day_give_no_rate() {
        assert_eq!(growth(&[]), None);
        assert_eq!(growth(&[5]), None);
        assert_eq!(growth(&[0, D - 1]), None);
        assert_eq!(growth(&[0, 2 * D, D, 3 * D]), None);
        assert_eq!(growth(&[i64::MIN, i64::MAX]), None);
        assert!(growth(&[0, D]).is_some());
    }

    #[test]
    fn the_faster_rate_counts() {
        let steady = growth(&[0, 2 * D, 4 * D, 6 * D, 8 * D, 10 * D]).unwrap();
        assert_eq!((steady.newest_day, steady.rate()), (0, Rate { snapshots: 5, seconds: 10 * DAY }));
        let loops: Vec<i64> = [0, 100 * D].into_iter().chain((1..=50).map(|n| 100 * D + n * 60)).collect();
        let loops = growth(&loops).unwrap();
        assert_eq!((loops.newest_day, loops.rate()), (50, Rate { snapshots: 50, seconds: DAY }));
        let burst: Vec<i64> = (0..=100).chain([2 * D]).collect();
        assert_eq!(growth(&burst).unwrap().rate(), Rate { snapshots: 101, seconds: 2 * DAY });
    }

    #[test]
    fn days_are_whole_and_never_panic() {
        let rate = Rate { snapshots: 3, seconds: 2 * DAY };
        assert_eq!(rate.days_until(7), Some(4));
        assert_eq!(rate.per_day_in_thousandths(), 1500);
        assert_eq!(Rate { snapshots: 0, seconds: DAY }.days_until(7), None);
        assert_eq!(
            Rate { snapshots: usize::MAX, seconds: u64::MAX }.days_until(usize::MAX),
            Some(u64::MAX / DAY)
        );
        let limit = |layers| Some(Limit { layers, by: LimitBy::Version });
        assert_eq!(Depth::new(1100, limit(1024), None).left(), Some(0));
        assert!(
            Depth::new(960, limit(1024), None).is_near() && !Depth::new(959, limit(1024), None).is_near()
        );
        assert_eq!(Depth::new(5, None, growth(&[0, D])).days_left(), None);
        let soon = Depth::new(994, limit(1024), growth(&[0, D]));
        assert_eq!((soon.days_left(), soon.is_soon()), (Some(30), true));
    }
}
