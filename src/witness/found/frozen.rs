//! A controller that answers nothing, since a request waits for a host that is gone (witness notes 2).

use super::super::account::Account;
use super::super::file::Testimony;
use super::super::life::Sighting;
use super::super::process::Run;
use super::super::{Address, Event, Moment};
use super::text;
use crate::dialect::jiva::api::Reply;
use crate::finding::{Exhibit, Facts, Finding, Frozen};

/// Seconds between a ping that is not answered and what the controller does about it: more says that it could not.
const AT_ONCE: i64 = 10;

/// Seconds that a write to a host that is gone takes at most, by default.
const LONG_WRITE: i64 = 45;

/// Finds it.
pub(super) fn frozen(account: &Account<'_>, out: &mut Vec<Finding>) {
    let mut found = Vec::new();
    for (_, _, run) in account.controller_runs() {
        in_log(account, run, &mut found);
    }
    let logged: Vec<(Option<Moment>, Option<Moment>)> =
        found.iter().map(|(from, to, _)| (*from, *to)).collect();
    out.extend(found.into_iter().map(|(.., finding)| finding));
    from_replies(account, &logged, out);
}

type Stretch = (Option<Moment>, Option<Moment>, Finding);

fn in_log(account: &Account<'_>, run: &Run<'_>, out: &mut Vec<Stretch>) {
    let sightings = &run.life.sightings;
    for (number, one) in sightings.iter().enumerate() {
        let Event::PingTimeout(whom) = &one.event else { continue };
        let after = &sightings[number + 1..];
        let acted = after.iter().find(|later| acts_on(&later.event, whom));
        let until = acted.and_then(|later| later.at);
        let last = until.or(run.life.last);
        if one.at.zip(last).is_none_or(|(at, last)| last.since(at) <= AT_ONCE) {
            continue;
        }
        // Nothing of the kind is proven where the log ends, or the process did, before it could have acted.
        let since = oldest_request(one, after, until).or(one.at);
        let facts = Frozen {
            since: text(since),
            until: text(until),
            waiting_for: Some(whom.to_string()),
            trigger: None,
            proven: true,
        };
        let mut evidence = vec![account.exhibit(run.file, one)];
        evidence.extend(acted.map(|line| account.exhibit(run.file, line)));
        let finding = Finding::volume(Facts::ControllerFrozen(facts), evidence);
        out.push((since, until.or(run.life.last), finding));
    }
}

/// Whether the controller acts on a replica: its monitoring speaks, or the entry goes.
fn acts_on(event: &Event, whom: &Address) -> bool {
    match event {
        Event::MonitoringFailed(address) | Event::Removed(address, _) => address == whom,
        Event::IoTimeout(address, _) => address == whom,
        _ => false,
    }
}

/// When the oldest request came that was answered only after the ping had timed out.
fn oldest_request(ping: &Sighting, after: &[Sighting], until: Option<Moment>) -> Option<Moment> {
    let waited =
        after.iter().filter(|later| until.is_none_or(|until| later.seen <= Some(until.plus(AT_ONCE))));
    let requests = waited.filter_map(|later| match later.event {
        Event::Request { .. } => {
            later.at.filter(|at| later.seen.is_some_and(|seen| seen.since(*at) > AT_ONCE))
        }
        _ => None,
    });
    requests.filter(|at| ping.at.is_none_or(|ping| ping.since(*at) < 120)).min()
}

/// No list, but the volume answers: that difference names the state.
fn from_replies(account: &Account<'_>, logged: &[(Option<Moment>, Option<Moment>)], out: &mut Vec<Finding>) {
    let files = account.collection.given.iter().enumerate();
    let directory = |path: &str| path.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
    let mut silent: Vec<(usize, Option<Moment>)> = Vec::new();
    for (number, given) in files {
        let Testimony::NoAnswer(asked, at) = &given.says else { continue };
        if !matches!(asked.as_str(), "replicas" | "stats" | "checkpoint") {
            continue;
        }
        let beside = account.kept.iter().any(|kept| {
            matches!(kept.reply, Reply::Volume(..))
                && directory(account.path(kept.file)) == directory(&given.path)
        });
        if beside {
            silent.push((number, at.or(given.taken)));
        }
    }
    let known = |at: Option<Moment>| {
        logged.iter().any(|(from, to)| {
            at.is_none() || *from <= at.map(|at| at.plus(60)) && (to.is_none() || at <= *to)
        })
    };
    silent.retain(|(_, at)| !known(*at));
    if silent.is_empty() {
        return;
    }
    let since = silent.iter().filter_map(|(_, at)| *at).min();
    let last = silent.iter().filter_map(|(_, at)| *at).max();
    // A write to a host that is gone takes 30 seconds, and everything waits for it: one silence may have passed by itself.
    let answered =
        account.kept.iter().filter(|kept| matches!(kept.reply, Reply::List(_) | Reply::Stats { .. }));
    let until = answered.filter_map(|kept| kept.at).filter(|at| Some(*at) > since).min();
    let proven = since.zip(last).is_some_and(|(since, last)| last.since(since) > LONG_WRITE);
    if !proven && until.is_some() {
        return;
    }
    let facts = Frozen { since: text(since), until: text(until), waiting_for: None, trigger: None, proven };
    let evidence = silent.iter().take(4).map(|(file, _)| Exhibit::witness(account.path(*file))).collect();
    out.push(Finding::volume(Facts::ControllerFrozen(facts), evidence));
}
