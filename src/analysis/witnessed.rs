//! What witnesses say, volume by volume: logs, replies of the REST API, Kubernetes objects.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::Evidence;
use crate::finding::{Facts, Finding, Missing, Severity};
use crate::ident::Label;
use crate::lineage::Group;
use crate::replica::{Limit, Replica};
use crate::witness::{
    Account, Collection, Directory, Given, Happened, Places, Processes, Testimony, Tied, findings, places,
    timeline,
};

/// Reads every witness of the evidence; what was taken for one and is none goes to the remarks of its input.
pub(super) fn read(evidence: &mut Evidence) -> Collection {
    let files: Vec<_> = evidence.inputs.iter().flat_map(|input| &input.testimonies).collect();
    let collection = Collection::read(&files, &evidence.replicas);
    for (path, line) in &collection.others {
        let whose = evidence
            .inputs
            .iter_mut()
            .find(|input| input.testimonies.iter().any(|testimony| testimony.path == *path));
        if let Some(input) = whose {
            let name =
                path.strip_prefix(&input.input).map_or(path.as_str(), |rest| rest.trim_start_matches('/'));
            input.remarks.push(if name.is_empty() { line.clone() } else { format!("{name}: {line}") });
        }
    }
    collection
}

/// A supplied directory as witnesses see it.
fn directory(replica: &Replica) -> Directory {
    let disks = replica.disks.iter().map(|disk| disk.name.clone()).collect();
    let counter = replica.counter.map(|counter| counter.0);
    let name = replica.path.rsplit(['/', ':']).find(|part| !part.is_empty()).map(str::to_owned);
    Directory::new(replica.label.clone(), replica.uuid().map(str::to_owned), disks, counter).called(name)
}

/// Gives every replica what the logs tell of its memberships: on them relations can turn.
pub(super) fn remember(collection: &Collection, groups: &mut [Group]) {
    if collection.logs().next().is_none() {
        return;
    }
    let one = groups.len() == 1;
    for group in groups {
        let directories: Vec<Directory> = group.replicas.iter().map(directory).collect();
        let ours;
        let collection = if one {
            collection
        } else {
            ours = about(collection, group);
            &ours
        };
        let mut known = Processes::of(collection, &directories).memberships();
        for replica in &mut group.replicas {
            replica.memberships = known.remove(&replica.label).unwrap_or_default();
        }
    }
}

/// What the witnesses show of one volume.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) findings: Vec<Finding>,
    pub(super) addresses: Vec<Tied>,
    pub(super) timeline: Vec<Happened>,
    pub(super) limits: BTreeMap<Label, Limit>,
    pub(super) places: Places,
}

/// Asks the witnesses about each volume, and gives its replicas what the logs tell of their memberships: on them relations can
/// turn. Processes are sorted out once for both.
pub(super) fn shown(collection: &Collection, groups: &mut [Group], factor: usize) -> Vec<Shown> {
    let ask = |collection: &Collection, group: &mut Group| {
        let directories: Vec<Directory> = group.replicas.iter().map(directory).collect();
        let processes = Processes::of(collection, &directories);
        let mut known = processes.memberships();
        let account = Account::of_processes(collection, &directories, processes, factor);
        for replica in &mut group.replicas {
            replica.memberships = known.remove(&replica.label).unwrap_or_default();
        }
        Shown {
            findings: findings(&account),
            addresses: account.addresses(),
            timeline: timeline(&account),
            limits: account.limits(),
            places: places(&account, &group.name),
        }
    };
    if collection.given.is_empty() {
        return groups.iter().map(|_| Shown::default()).collect();
    }
    if let [one] = groups {
        return vec![ask(collection, one)];
    }
    groups.iter_mut().map(|group| ask(&about(collection, group), group)).collect()
}

/// The witnesses that speak of one of several volumes: those in its directories, those that name it, and objects of the
/// cluster, which are about all.
fn about(collection: &Collection, group: &Group) -> Collection {
    let labels: BTreeSet<&Label> = group.replicas.iter().map(|replica| &replica.label).collect();
    let own: Vec<&Given> = collection
        .given
        .iter()
        .filter(|given| given.label.as_ref().is_some_and(|label| labels.contains(label)))
        .collect();
    let addresses: BTreeSet<_> = own.iter().flat_map(|given| given.addresses()).collect();
    let ours = |given: &Given| match (&given.label, &given.says) {
        (Some(label), _) => labels.contains(label),
        (None, Testimony::Objects(_)) => true,
        (None, _) => {
            given.volumes().contains(group.name.as_str())
                || given.addresses().iter().any(|one| addresses.contains(one))
        }
    };
    collection.only(ours)
}

/// Findings of witnesses, with what head records tell of the same missing replica taken into them: one replica, one finding.
pub(super) fn merged(mut reported: Vec<Finding>, noticed: &mut Vec<Finding>) -> Vec<Finding> {
    for finding in &mut reported {
        let Facts::MissingWitness { seen: Some(seen), .. } = &mut finding.facts else { continue };
        noticed.retain(|record| {
            let (Facts::MissingWitness { peer: Some(peer), seen: None }, Some(label)) =
                (&record.facts, &record.replica)
            else {
                return true;
            };
            if !seen.chain.contains(&peer.join_snapshot) {
                return true;
            }
            seen.saw(peer, label);
            finding.evidence.extend(record.evidence.iter().cloned());
            false
        });
    }
    reported
}

/// Replicas that nobody supplied, on which the answer may turn.
pub(super) fn reported(findings: &[Finding]) -> Vec<Missing> {
    let grave = findings.iter().filter(|finding| finding.severity() == Severity::Danger);
    grave
        .filter_map(|finding| match &finding.facts {
            Facts::MissingWitness { seen: Some(seen), .. } => Some(seen.clone()),
            _ => None,
        })
        .collect()
}
