//! How long the chains of running replicas are, as their own replies and logs show them.

use std::collections::BTreeMap;

use super::account::Account;
use super::life::Sighting;
use super::process::Run;
use super::{Address, Event, Moment};
use crate::dialect::jiva::api::Own;
use crate::finding::{Exhibit, LimitBy};
use crate::ident::{Label, Version};
use crate::replica::{Depth, Growth, GrowthOf, Limit};

/// The chain of a running replica.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ShownChain {
    /// What the replica is called.
    pub replica: String,
    /// The supplied directory that is its own.
    pub directory: Option<Label>,
    /// The address at which its chain was seen.
    pub address: Option<Address>,
    /// When it was seen.
    pub at: Option<Moment>,
    /// Where.
    pub seen: Exhibit,
    /// Its length, its limit, how fast it grows.
    pub depth: Depth,
    /// Bytes that the disks of the chain store, by the replica's own reply.
    pub stored: Option<u64>,
}

/// What is known of one replica until all is read.
#[derive(Default)]
struct Known<'a> {
    directory: Option<Label>,
    chain: Option<Seen<'a>>,
    limit: Option<Limit>,
    /// Times of the snapshots that logs show, by name; `None` once lines are known to be left out.
    taken: BTreeMap<&'a str, i64>,
    gaps: bool,
}

/// A chain that was seen.
struct Seen<'a> {
    at: Option<Moment>,
    layers: usize,
    address: Option<Address>,
    exhibit: Exhibit,
    own: Option<&'a Own>,
}

fn known<'a>(account: &Account<'a>) -> BTreeMap<String, Known<'a>> {
    let mut known: BTreeMap<String, Known<'a>> = BTreeMap::new();
    for replica in &account.processes.replicas {
        let one = known.entry(replica.name.clone()).or_default();
        one.directory = replica.label.clone();
        for run in &replica.runs {
            one.run(account, run);
        }
    }
    for (_, _, run) in account.controller_runs() {
        for sighting in &run.life.sightings {
            let (address, verified) = match &sighting.event {
                Event::Verified(address, chain) => (address, Some(chain.0.len())),
                Event::Snapshot { on: Some(address), .. } => (address, None),
                _ => continue,
            };
            let name = account.processes.name(address, sighting.at);
            let one = known.entry(name).or_default();
            one.tie(account.processes.directory(address, sighting.at));
            match verified {
                Some(layers) => one.see(account.seen(run, sighting, layers, Some(address))),
                None => one.take(sighting),
            }
            one.gaps |= run.life.left_out > 0;
        }
    }
    for (kept, own) in account.owns() {
        let Some(chain) = &own.chain else { continue };
        let path = account.path(kept.file);
        let name = match &own.address {
            Some(address) => account.processes.name(address, kept.at),
            None => path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or(path).to_owned(),
        };
        let one = known.entry(name).or_default();
        one.tie(own.address.as_ref().and_then(|address| account.processes.directory(address, kept.at)));
        if let Some(layers) = own.chain_limit() {
            one.limit = Some(Limit { layers, by: LimitBy::Reply });
        }
        one.see(Seen {
            at: kept.at,
            layers: chain.0.len(),
            address: own.address.clone(),
            exhibit: Exhibit::witness(path),
            own: Some(own),
        });
    }
    known
}

impl Account<'_> {
    /// The chains of all replicas that witnesses show, by name.
    pub fn chains(&self) -> Vec<ShownChain> {
        known(self).into_iter().filter_map(|(name, one)| one.settle(name)).collect()
    }

    /// The most disks that the chains of supplied directories may have, where a log or a reply shows more than a default.
    pub fn limits(&self) -> BTreeMap<Label, Limit> {
        let shown = |limit: &Limit| matches!(limit.by, LimitBy::Log | LimitBy::Reply);
        known(self).into_values().filter_map(|one| Some((one.directory?, one.limit.filter(shown)?))).collect()
    }

    fn seen<'s>(
        &self,
        run: &Run<'_>,
        sighting: &Sighting,
        layers: usize,
        address: Option<&Address>,
    ) -> Seen<'s> {
        Seen {
            at: run.at(sighting.at),
            layers,
            address: address.cloned(),
            exhibit: self.exhibit(run.file, sighting),
            own: None,
        }
    }
}

impl<'a> Known<'a> {
    /// What one run of its own process says.
    fn run(&mut self, account: &Account<'_>, run: &Run<'a>) {
        // A later run says anew what holds.
        match run.life.chain_limit {
            Some(Some(layers)) => self.limit = Some(Limit { layers, by: LimitBy::Log }),
            Some(None) => {
                let layers = Version::NEWEST.chain_limit();
                self.limit = Some(Limit { layers, by: LimitBy::Default });
            }
            None => {}
        }
        self.gaps |= run.life.left_out > 0;
        for sighting in &run.life.sightings {
            match &sighting.event {
                Event::Chains { own, .. } if !run.life.shortened => {
                    self.see(account.seen(run, sighting, own.0.len(), run.life.address()));
                }
                _ => self.take(sighting),
            }
        }
    }

    fn tie(&mut self, directory: Option<&Label>) {
        if self.directory.is_none() {
            self.directory = directory.cloned();
        }
    }

    /// A chain: the latest counts, and of one time the one that came last.
    fn see(&mut self, seen: Seen<'a>) {
        if self.chain.as_ref().is_none_or(|before| before.at <= seen.at) {
            self.chain = Some(seen);
        }
    }

    /// A snapshot.
    fn take(&mut self, sighting: &'a Sighting) {
        if let Event::Snapshot { name, created, .. } = &sighting.event
            && let Some(at) = created.or(sighting.at)
        {
            self.taken.entry(name).or_insert(at.millis().div_euclid(1000));
        }
    }

    fn settle(self, replica: String) -> Option<ShownChain> {
        let seen = self.chain?;
        let growth = match seen.own {
            Some(own) => {
                let snapshots = own.disks.iter().skip(1).rev();
                Growth::by_created(snapshots.filter_map(|disk| disk.created.as_deref()))
            }
            None if self.gaps => None,
            None => {
                let mut times: Vec<i64> = self.taken.into_values().collect();
                times.sort_unstable();
                Growth::of(GrowthOf::Log, &times)
            }
        };
        let stored = seen.own.and_then(|own| {
            own.disks.iter().map(|disk| disk.stored).try_fold(0u64, |sum, stored| sum.checked_add(stored?))
        });
        Some(ShownChain {
            replica,
            directory: self.directory,
            address: seen.address,
            at: seen.at,
            seen: seen.exhibit,
            depth: Depth::new(seen.layers, self.limit, growth),
            stored: stored.filter(|_| seen.own.is_some_and(|own| !own.disks.is_empty())),
        })
    }
}
