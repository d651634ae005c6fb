//! How much room each chain has, in words: layers until the limit, days until then, and what its disks hold.

use crate::analysis::{ChainRoom, Volume};
use crate::lineage::Held;
use crate::replica::{Depth, Growth, GrowthOf, Quality, Rate};
use crate::report::words;
use crate::witness::Moment;

/// A chain as long as this share of its limit is worth a line.
const SHARE: usize = 4;
/// So is one that is full in a year.
const YEAR: u64 = 365;
/// So are as many hidden bytes, if they are half of what is stored.
const MUCH: u64 = 1 << 30;
/// Replicas that are named.
const REPLICAS: usize = 12;

/// The chains of which something matters, a sentence each.
pub(super) fn lines(volume: &Volume) -> Vec<String> {
    let mut out: Vec<String> = volume
        .rooms
        .iter()
        .filter_map(|(label, room)| {
            let defective = volume.copies.quality(label) == Quality::Defective;
            let space = room.space.as_ref().filter(|_| !defective);
            let hidden =
                space.is_some_and(|space| space.shadowed >= MUCH && space.shadowed >= space.stored / 2);
            if !is_long(&room.depth) && !hidden {
                return None;
            }
            let parts = [Some(length(&room.depth)), room.depth.growth.map(growth), full(&room.depth)];
            let parts: Vec<String> = parts.into_iter().flatten().chain(space.map(self::space)).collect();
            Some(format!("{label}: {}", parts.join("; ")))
        })
        .collect();
    let more = out.len().saturating_sub(REPLICAS);
    if more > 0 {
        out.truncate(REPLICAS);
        out.push(format!("{more} more (use --output json)"));
    }
    out
}

fn is_long(depth: &Depth) -> bool {
    depth.limit.is_some_and(|limit| depth.layers >= limit.layers / SHARE)
        || depth.days_left().is_some_and(|days| days <= YEAR)
}

/// Everything of one chain, a name and a text each.
pub(super) fn facts(room: &ChainRoom) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    if let Some(limit) = room.depth.limit {
        out.push(("chain limit", format!("{}, {}", length(&room.depth), limit.by)));
    }
    let rate = match room.depth.growth {
        Some(one) => {
            [Some(growth(one)), full(&room.depth)].into_iter().flatten().collect::<Vec<_>>().join("; ")
        }
        None => "the times of its snapshots give no rate".to_owned(),
    };
    out.push(("growth", rate));
    out.extend(room.space.as_ref().map(|one| ("space", space(one))));
    out
}

/// What one disk holds that others do not, and what of it nobody sees.
pub(super) fn notes(held: &Held) -> Vec<String> {
    let mut out = Vec::new();
    if held.alone > 0 && held.alone < held.stored {
        out.push(format!("{} only here", words::bytes(held.alone)));
    }
    if held.alone > 0 && held.alone == held.stored {
        out.push("all of it only here".to_owned());
    }
    if held.shadowed > 0 {
        out.push(format!("{} hidden by newer disks", words::bytes(held.shadowed)));
    }
    out
}

fn length(depth: &Depth) -> String {
    match depth.limit {
        Some(limit) => format!("{} of {} disks", depth.layers, limit.layers),
        None => words::count(depth.layers, "disk"),
    }
}

fn full(depth: &Depth) -> Option<String> {
    let days = depth.days_left()?;
    Some(match days {
        0 => "full within a day at that rate".to_owned(),
        _ => format!("full in {} at that rate", days_of(days)),
    })
}

/// The rate, and what it rests on.
fn growth(growth: Growth) -> String {
    let rate = growth.rate();
    let whole = rate.seconds == growth.seconds() && rate.snapshots + 1 == growth.snapshots;
    let rests = match (whole, growth.of) {
        (true, GrowthOf::Chain) => format!(
            "{} in the chain from {} to {}",
            words::count(growth.snapshots, "snapshot"),
            day(growth.first),
            day(growth.last)
        ),
        (true, GrowthOf::Log) => format!(
            "{} in the log from {} to {}",
            words::count(growth.snapshots, "snapshot"),
            day(growth.first),
            day(growth.last)
        ),
        (false, _) => format!("the 24 hours before {}", moment(growth.last)),
    };
    format!("{} ({rests})", each_day(rate))
}

fn each_day(rate: Rate) -> String {
    match rate.per_day_in_thousandths() {
        0 => "less than 1 snapshot in 1000 days".to_owned(),
        slow @ 1..1000 => format!("1 snapshot in {}", days_of(1000 / slow)),
        fast => {
            let tenths = fast / 100;
            format!("{}.{} snapshots a day", tenths / 10, tenths % 10)
        }
    }
}

fn days_of(days: u64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

fn space(space: &crate::lineage::Space) -> String {
    let stored = words::bytes(space.stored);
    if space.shadowed == 0 {
        return format!("{stored} stored, nothing of it hidden by newer disks");
    }
    format!("{stored} stored, {} of it hidden by newer disks", words::bytes(space.shadowed))
}

fn moment(seconds: i64) -> String {
    let at = seconds.checked_mul(1000).and_then(Moment::from_millis);
    at.map_or_else(|| "an unknown time".to_owned(), |at| words::when(&at.to_string()))
}

fn day(seconds: i64) -> String {
    let moment = moment(seconds);
    moment.split_once(' ').map_or(moment.clone(), |(day, _)| day.to_owned())
}
