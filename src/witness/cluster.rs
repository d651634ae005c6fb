//! The running side alone, without any directory: what dumps, logs and pod lists show of each volume.

use std::collections::BTreeSet;

use super::Address;
use super::account::{Account, Tied};
use super::collect::{Collection, Given, Witness};
use super::depth::ShownChain;
use super::file::Testimony;
use super::found::findings;
use crate::finding::{Code, Finding, Severity};

/// What witnesses show of the running side.
#[derive(Debug)]
#[non_exhaustive]
pub struct Cluster {
    /// The files.
    pub witnesses: Vec<Witness>,
    /// The volumes, by name.
    pub volumes: Vec<RunningVolume>,
    /// Files that could not be read, or are no witnesses, with what is to be said of each.
    pub others: Vec<(String, String)>,
}

/// One volume.
#[derive(Debug)]
#[non_exhaustive]
pub struct RunningVolume {
    /// Its name, where a witness tells it.
    pub name: Option<String>,
    /// What was found, the gravest first.
    pub findings: Vec<(Severity, Finding)>,
    /// Who each address is.
    pub addresses: Vec<Tied>,
    /// The chains of its replicas, as far as replies and logs show them, by name.
    pub chains: Vec<ShownChain>,
}

impl RunningVolume {
    /// How grave the gravest finding is.
    pub fn status(&self) -> Option<Severity> {
        self.findings.iter().map(|(severity, _)| *severity).max()
    }
}

impl Cluster {
    /// Asks the witnesses, one volume at a time.
    pub fn of(collection: &Collection, factor: usize) -> Self {
        let names: BTreeSet<&str> = collection.given.iter().flat_map(Given::volumes).collect();
        let volumes = match names.len() {
            0 | 1 => vec![volume(names.first().map(|name| (*name).to_owned()), collection, factor)],
            _ => names
                .iter()
                .map(|name| volume(Some((*name).to_owned()), &about(collection, name), factor))
                .collect(),
        };
        Self { witnesses: collection.witnesses(), volumes, others: collection.others.clone() }
    }

    /// How grave the gravest finding of all is.
    pub fn status(&self) -> Option<Severity> {
        self.volumes.iter().filter_map(RunningVolume::status).max()
    }
}

fn volume(name: Option<String>, collection: &Collection, factor: usize) -> RunningVolume {
    let account = Account::of(collection, &[], factor);
    let mut findings: Vec<(Severity, Finding)> =
        findings(&account).into_iter().map(|finding| (level(&finding), finding)).collect();
    findings.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    RunningVolume { name, findings, addresses: account.addresses(), chains: account.chains() }
}

/// On the running side what keeps a volume from working is a warning, though it says nothing of the data.
fn level(finding: &Finding) -> Severity {
    match finding.code() {
        Code::NoMajority | Code::RestartLoop => finding.severity().max(Severity::Warning),
        _ => finding.severity(),
    }
}

/// The witnesses that speak of one of several volumes.
fn about(collection: &Collection, name: &str) -> Collection {
    let named = collection.given.iter().filter(|given| given.volumes().contains(name));
    let addresses: BTreeSet<Address> = named.flat_map(Given::addresses).collect();
    collection.only(|given| match &given.says {
        Testimony::Objects(_) => true,
        _ if !given.volumes().is_empty() => given.volumes().contains(name),
        _ => given.addresses().iter().any(|address| addresses.contains(address)),
    })
}
