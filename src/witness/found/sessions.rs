//! What sessions show: others kept out, two hosts at once, reads that no replica could serve.

use super::super::account::Account;
use super::super::members::Empty;
use super::super::sessions::Session;
use super::{name, text};
use crate::finding::{Exhibit, Facts, Finding, HeldSession, TwoHosts, WithoutSource};

/// Finds them.
pub(super) fn sessions(account: &Account<'_>, out: &mut Vec<Finding>) {
    for controller in &account.controllers {
        for group in &controller.sessions.rejections {
            let facts = HeldSession {
                holder: name(&group.holder),
                rejected: group.rejected.iter().map(name).collect(),
                first: text(group.first),
                last: text(group.last),
                count: group.count,
                holder_node: account.node(&group.holder).map(str::to_owned),
                cleared_by: group.cleared_by.map(str::to_owned),
            };
            out.push(Finding::volume(
                Facts::StaleSession(facts),
                vec![account.exhibit(group.file, group.line)],
            ));
        }
        for both in &controller.sessions.both {
            let facts = TwoHosts {
                addresses: both.hosts.iter().map(name).collect(),
                since: text(both.from),
                until: text(both.to),
            };
            out.push(Finding::volume(
                Facts::TwoInitiators(facts),
                vec![account.exhibit(both.file, both.line)],
            ));
        }
        for empty in &controller.empty {
            for session in &controller.sessions.sessions {
                let file = controller.runs.runs[empty.run].file;
                out.extend(without_source(session, empty).map(|facts| {
                    Finding::volume(
                        Facts::ReadsWithoutSource(facts),
                        vec![Exhibit::witness(account.path(file))],
                    )
                }));
            }
        }
    }
}

/// A session that was open while the list held no RW entry, for a second at least.
fn without_source(session: &Session, empty: &Empty) -> Option<WithoutSource> {
    if session.run != empty.run {
        return None;
    }
    let since = session.from.max(empty.from);
    let until = match (session.to, empty.to) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    if since.zip(until).is_some_and(|(since, until)| until.since(since) < 1) {
        return None;
    }
    Some(WithoutSource { session_of: name(&session.holder), since: text(since), until: text(until) })
}
