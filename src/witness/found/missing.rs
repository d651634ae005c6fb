//! Replicas that nobody supplied: who refused the others, was asked and answered, or stood in the list.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::Account;
use super::super::life::Sighting;
use super::super::{Address, Chain, End, Event, Mode, Moment, Refusal};
use super::{DEAD_ENTRY, name, text};
use crate::dialect::jiva::api::Reply;
use crate::finding::{Alive, Exhibit, Facts, Finding, HeadSeen, Missing, Proof};
use crate::ident::{Counter, DiskName, Label};

/// What is known of one address.
#[derive(Default)]
struct Seen {
    heads: Vec<(Option<Moment>, DiskName, String)>,
    chain: Option<(Option<Moment>, Chain, Option<Label>)>,
    counter: Option<i64>,
    checkpoint: Option<DiskName>,
    refused: BTreeSet<String>,
    first: Option<Moment>,
    last: Option<Moment>,
    /// When it refused anybody last.
    last_refused: Option<Moment>,
    answered: bool,
    evidence: Vec<Exhibit>,
}

/// Lines that a finding shows.
const SHOWN: usize = 6;

impl Seen {
    fn at(&mut self, at: Option<Moment>) {
        self.first = match (self.first, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.last = self.last.max(at);
    }

    fn chain(&mut self, at: Option<Moment>, chain: &Chain, joiner: Option<Label>) {
        if self.chain.as_ref().is_none_or(|(before, ..)| *before <= at) {
            self.chain = Some((at, chain.clone(), joiner));
        }
    }

    fn show(&mut self, exhibit: Exhibit) {
        // The first ones and the last one.
        if self.evidence.len() == SHOWN {
            self.evidence.pop();
        }
        self.evidence.push(exhibit);
    }
}

/// Finds them; gives back their addresses.
pub(super) fn missing(account: &Account<'_>, out: &mut Vec<Finding>) -> BTreeSet<Address> {
    let mut seen: BTreeMap<Address, Seen> = BTreeMap::new();
    from_refusals(account, &mut seen);
    from_copies(account, &mut seen);
    from_replies(account, &mut seen);
    let listed = long_listed(account);
    for address in listed.keys() {
        // Nothing but the list tells of it: that counts only where all directories are known by other addresses.
        if !seen.contains_key(address) && account.all_tied() {
            seen.insert(address.clone(), Seen::default());
        }
    }
    for (address, seen) in &mut seen {
        let long = listed.get(address);
        if let Some((from, to, ..)) = long {
            seen.at(*from);
            seen.at(*to);
        }
        out.push(finding(account, address, seen, long));
    }
    seen.into_keys().collect()
}

/// Whether an address is no supplied directory's, nor known otherwise where none was supplied.
fn is_unknown(account: &Account<'_>, address: &Address, at: Option<Moment>) -> bool {
    if account.is_supplied(address, at) {
        return false;
    }
    match account.directories.is_empty() {
        false => true,
        // The running side alone: what has a pod, or a log that was collected, is known.
        true if account.knows_pods() => account.pod(address).is_none(),
        true => !account.processes.has_log(address),
    }
}

/// The three lines before a refusal: the RW side's address, counter and chain.
fn from_refusals(account: &Account<'_>, all: &mut BTreeMap<Address, Seen>) {
    for replica in &account.processes.replicas {
        for run in &replica.runs {
            // Only a Checkpoint that the other does not know shows that the histories differ. A join that was accepted made
            // this replica a copy of it; one that was cut short shows itself in the head record.
            let refused = run.life.end == Some(End::Refused(Refusal::CheckpointUnknown));
            let mut rw: Option<(&Address, i64)> = None;
            for one in &run.life.sightings {
                match &one.event {
                    Event::Counters { rw: address, rw_counter, .. } => rw = Some((address, *rw_counter)),
                    Event::Chains { rw: chain, .. } => {
                        let Some((address, counter)) = rw.take() else { continue };
                        let at = run.at(one.at);
                        if !is_unknown(account, address, at)
                            || held_by_another(account, chain, replica.label.as_ref())
                        {
                            continue;
                        }
                        let seen = all.entry(address.clone()).or_default();
                        seen.at(at);
                        seen.counter = seen.counter.max(Some(counter));
                        if refused {
                            seen.refused.insert(replica.name.clone());
                            seen.last_refused = seen.last_refused.max(at);
                        }
                        if let Some(head) = chain.head() {
                            seen.heads.push((at, head.clone(), replica.name.clone()));
                        }
                        seen.chain(at, chain, replica.label.clone());
                        seen.show(account.exhibit(run.file, one));
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Whether the address may be a supplied directory that no address is known of: it holds the newest snapshot.
fn held_by_another(account: &Account<'_>, chain: &Chain, joiner: Option<&Label>) -> bool {
    let Some(newest) = chain.newest_snapshot() else { return false };
    let tied: BTreeSet<&Label> = account.processes.ties.values().flatten().map(|tie| &tie.label).collect();
    account
        .directories
        .iter()
        .any(|one| Some(&one.label) != joiner && !tied.contains(&one.label) && one.disks.contains(newest))
}

/// The controller copies the head's record of the RW side to each joiner.
fn from_copies(account: &Account<'_>, all: &mut BTreeMap<Address, Seen>) {
    for (_, _, run) in account.controller_runs() {
        for one in &run.life.sightings {
            let Event::Copy { file, from: Some(from), .. } = &one.event else { continue };
            let Some(head) = file.strip_suffix(".meta").map(DiskName::from).filter(DiskName::is_head) else {
                continue;
            };
            // Only of those that are known to be missing otherwise: a list of heads alone proves no replica.
            if let Some(seen) = all.get_mut(from) {
                seen.at(one.at);
                if !seen.heads.iter().any(|(_, known, _)| *known == head) {
                    seen.heads.push((one.at, head, "controller".to_owned()));
                }
            } else if is_unknown(account, from, one.at) && account.all_tied() {
                let seen = all.entry(from.clone()).or_default();
                seen.at(one.at);
                seen.heads.push((one.at, head, "controller".to_owned()));
                seen.show(account.exhibit(run.file, one));
            }
        }
    }
}

/// What a replica answered for itself.
fn from_replies(account: &Account<'_>, all: &mut BTreeMap<Address, Seen>) {
    for (kept, own) in account.owns() {
        let (Some(address), Some(chain)) = (&own.address, &own.chain) else { continue };
        let known = all.contains_key(address);
        if !known && (!is_unknown(account, address, kept.at) || !account.all_tied() || own.mode != Mode::Rw) {
            continue;
        }
        let seen = all.entry(address.clone()).or_default();
        seen.at(kept.at);
        seen.answered = true;
        seen.counter = seen.counter.max(own.counter);
        seen.checkpoint = own.checkpoint.clone().or(seen.checkpoint.take());
        if let Some(head) = chain.head()
            && !seen.heads.iter().any(|(_, known, _)| known == head)
        {
            seen.heads.push((kept.at, head.clone(), "its own answer".to_owned()));
        }
        if kept.at.is_some() || seen.chain.is_none() {
            seen.chain(kept.at, chain, None);
        }
        seen.show(Exhibit::witness(account.path(kept.file)));
    }
}

/// The longest stretch for which an address is known to have been listed RW.
type Long<'a> = (Option<Moment>, Option<Moment>, usize, Option<&'a Sighting>);

/// Addresses of no supplied directory that were listed RW, with how long.
pub(super) fn long_listed<'a>(account: &Account<'a>) -> BTreeMap<Address, Long<'a>> {
    let mut out: BTreeMap<Address, Long<'a>> = BTreeMap::new();
    let mut add = |address: &Address, from: Option<Moment>, to: Option<Moment>, file, line| {
        let length =
            |from: Option<Moment>, to: Option<Moment>| from.zip(to).map_or(0, |(from, to)| to.since(from));
        let longer = out.get(address).is_none_or(|known| length(known.0, known.1) < length(from, to));
        if longer {
            out.insert(address.clone(), (from, to, file, line));
        }
    };
    for controller in &account.controllers {
        for stay in controller.stays.iter().filter(|stay| stay.rw) {
            let from = stay.rw_from.or(stay.from);
            if is_unknown(account, &stay.address, from) {
                add(&stay.address, from, stay.to.or(stay.alive_until), stay.file, stay.line);
            }
        }
    }
    // Two lists that both hold it; another without it between them ends the stretch.
    let mut open: BTreeMap<Address, Option<Moment>> = BTreeMap::new();
    for kept in account.kept.iter().filter(|kept| kept.at.is_some()) {
        let list = match kept.reply {
            Reply::List(list) | Reply::Stats { list, .. } => list,
            _ => continue,
        };
        open.retain(|address, _| list.iter().any(|(listed, mode)| listed == address && *mode == Mode::Rw));
        for (address, _) in list.iter().filter(|(_, mode)| *mode == Mode::Rw) {
            let from = *open.entry(address.clone()).or_insert(kept.at);
            if is_unknown(account, address, kept.at) {
                add(address, from, kept.at, kept.file, None);
            }
        }
    }
    out
}

fn finding(account: &Account<'_>, address: &Address, seen: &mut Seen, long: Option<&Long<'_>>) -> Finding {
    seen.heads.sort();
    seen.heads.dedup_by(|a, b| a.1 == b.1 && a.2 == b.2);
    let lasting = |from: Option<Moment>, to: Option<Moment>| {
        from.zip(to).is_some_and(|(from, to)| to.since(from) > DEAD_ENTRY)
    };
    let (alive, proof) = if long.is_some_and(|(from, to, ..)| lasting(*from, *to)) {
        (Alive::Alive, Proof::ListedTooLong)
    } else if seen.answered {
        (Alive::Alive, Proof::Answered)
    } else if rises(&seen.heads) && lasting(seen.first, seen.last) {
        (Alive::Alive, Proof::HeadRose)
    } else {
        (Alive::Unknown, Proof::Nothing)
    };
    let passed_on = seen.chain.as_ref().is_some_and(|(_, chain, joiner)| {
        let newest = chain.newest_snapshot();
        let holders =
            account.directories.iter().filter(|one| newest.is_some_and(|disk| one.disks.contains(disk)));
        let holders: Vec<&Label> = holders.map(|one| &one.label).collect();
        holders.len() > 1 || holders.len() == 1 && joiner.as_ref().is_some_and(|joiner| holders[0] != joiner)
    });
    let passed_on = passed_on || outlived(account, seen);
    let (_, chain, _) = seen.chain.take().unwrap_or((None, Chain(Vec::new().into()), None));
    let heads = seen.heads.iter().map(|(at, head, by)| HeadSeen::new(head.clone(), text(*at), by.clone()));
    let mut evidence = std::mem::take(&mut seen.evidence);
    if let Some((_, _, file, line)) = long
        && evidence.len() < SHOWN
    {
        evidence.push(match line {
            Some(line) => account.exhibit(*file, line),
            None => Exhibit::witness(account.path(*file)),
        });
    }
    let facts = Missing {
        address: name(address),
        head: chain.head().cloned().or_else(|| seen.heads.last().map(|(_, head, _)| head.clone())),
        heads: heads.collect(),
        chain: chain.0.to_vec(),
        counter: seen.counter.map(Counter),
        checkpoint: seen.checkpoint.take(),
        since: text(seen.first),
        last_seen: text(seen.last),
        alive,
        proof,
        source_of: source_of(account, address),
        refused: seen.refused.iter().cloned().collect(),
        passed_on,
        met_supplied: !seen.refused.is_empty(),
    };
    Finding::volume(Facts::MissingWitness { peer: None, seen: Some(facts) }, evidence)
}

/// Whether every replica that it refused was RW again later, and counts at least as many writes today.
fn outlived(account: &Account<'_>, seen: &Seen) -> bool {
    !seen.refused.is_empty()
        && seen.refused.iter().all(|name| {
            let directory = account.directories.iter().find(|one| one.label.as_str() == name);
            let counts = directory.is_some_and(|one| one.counter >= seen.counter);
            let replica = account.processes.replicas.iter().find(|replica| replica.name == *name);
            let again = replica.is_some_and(|replica| {
                let runs = replica.runs.iter();
                runs.flat_map(|run| run.life.sightings.iter().map(move |one| (run.at(one.at), &one.event)))
                    .any(|(at, event)| {
                        matches!(event, Event::Adopted(_) | Event::OwnMode(Mode::Rw) | Event::Leads)
                            && at > seen.last_refused
                    })
            });
            counts && again
        })
}

/// Whether the heads, sorted by time, rise: then they are one RW replica's, which lived through the whole row.
fn rises(heads: &[(Option<Moment>, DiskName, String)]) -> bool {
    let numbers: Vec<u64> = heads.iter().filter_map(|(_, head, _)| head.head_number()).collect();
    numbers.len() > 1 && numbers.windows(2).all(|pair| pair[0] <= pair[1])
}

/// Who was being rebuilt from it when it left the list, or when the log or the last list ends.
fn source_of(account: &Account<'_>, address: &Address) -> Vec<String> {
    let mut out = BTreeSet::new();
    for controller in &account.controllers {
        for stay in controller.stays.iter().filter(|stay| stay.address == *address && stay.rw) {
            let Some(run) = controller.runs.runs.get(stay.run) else { continue };
            let fed = |joiner: &Address| {
                let copies = run.life.sightings.iter().rev().find_map(|one| match &one.event {
                    Event::Copy { from: Some(from), to, .. } if to == joiner => Some(from == address),
                    _ => None,
                });
                copies.unwrap_or(false)
            };
            out.extend(stay.wo_left.iter().filter(|joiner| stay.to.is_some() && fed(joiner)).map(name));
            let last = stay.to.is_none();
            let beside =
                controller.stays.iter().filter(|other| last && other.run == stay.run && other.to.is_none());
            out.extend(
                beside.filter(|other| !other.rw && fed(&other.address)).map(|other| name(&other.address)),
            );
        }
    }
    // One RW entry and a WO one: from whom else?
    let list = account.kept.iter().rev().find_map(|kept| match kept.reply {
        Reply::List(list) | Reply::Stats { list, .. } => Some(list),
        _ => None,
    });
    if let Some(list) = list {
        let rw: Vec<&Address> =
            list.iter().filter(|(_, mode)| *mode == Mode::Rw).map(|(one, _)| one).collect();
        if rw == [address] {
            out.extend(list.iter().filter(|(_, mode)| *mode == Mode::Wo).map(|(one, _)| name(one)));
        }
    }
    out.into_iter().collect()
}
