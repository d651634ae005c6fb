//! What the witnesses show together, as findings. Each file is one idea; none of them says more than its kind of witness
//! can carry.

mod depth;
mod elections;
mod entries;
mod files;
mod frozen;
mod lives;
mod missing;
mod rebuilds;
mod refusals;
mod sessions;
mod unlisted;

use super::account::Account;
use super::{Address, Moment};
use crate::finding::Finding;

/// Everything that the witnesses show.
pub fn findings(account: &Account<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let missing = missing::missing(account, &mut out);
    entries::entries(account, &missing, &mut out);
    unlisted::unlisted(account, &mut out);
    frozen::frozen(account, &mut out);
    refusals::refusals(account, &mut out);
    rebuilds::rebuilds(account, &mut out);
    elections::elections(account, &mut out);
    sessions::sessions(account, &mut out);
    lives::lives(account, &mut out);
    files::files(account, &mut out);
    depth::depth(account, &mut out);
    out.sort();
    out
}

/// A time as findings tell it.
fn text(at: Option<Moment>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// A dead entry stays in the list for 42 seconds at most (witness notes 1).
const DEAD_ENTRY: i64 = 45;

/// An open replica ends after 80 to 87 seconds without a ping.
const UNPINGED: i64 = 90;

fn name(address: &Address) -> String {
    address.to_string()
}
