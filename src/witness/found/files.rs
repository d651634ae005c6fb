//! What the files themselves cannot tell, and clocks that disagree.

use super::super::account::Account;
use crate::finding::{Exhibit, Facts, Finding, Incomplete, Skew};

/// Finds it.
pub(super) fn files(account: &Account<'_>, out: &mut Vec<Finding>) {
    for (number, given, log) in account.collection.logs() {
        let left_out = log.streams.iter().flat_map(|stream| &stream.lives).any(|life| life.left_out > 0);
        let kinds: Vec<String> = [
            (log.cut_front, "cut-front"),
            (log.cut_end, "cut-end"),
            (log.clocks.1 > log.clocks.0, "no-time"),
            (log.joined > 0, "partial-lines"),
            (log.with_nul > 0, "nul-bytes"),
            (left_out, "left-out"),
        ]
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, kind)| kind.to_owned())
        .collect();
        // What could be put together again lacks nothing.
        if kinds.iter().any(|kind| kind != "partial-lines") {
            let facts = Incomplete { file: given.path.clone(), kinds };
            out.push(Finding::volume(
                Facts::EvidenceIncomplete(facts),
                vec![Exhibit::witness(account.path(number))],
            ));
        }
        skew(account, number, out);
    }
}

/// The clock of a replica's host against that of the controller's, by snapshots whose time the controller gave.
fn skew(account: &Account<'_>, file: usize, out: &mut Vec<Finding>) {
    let given = &account.collection.given[file];
    let super::super::Testimony::Log(log) = &given.says else { return };
    let lives = log.streams.iter().flat_map(|stream| &stream.lives);
    let skews: Vec<i64> = lives.map(super::super::process::skew).filter(|skew| *skew != 0).collect();
    let Some(seconds) = skews.last() else { return };
    let facts = Skew { a: given.path.clone(), b: "the controller".to_owned(), seconds: *seconds };
    out.push(Finding::volume(Facts::ClockSkew(facts), vec![Exhibit::witness(account.path(file))]));
}
