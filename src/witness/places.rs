//! Where the replicas of a volume live in the cluster: which Deployment, node and directory each supplied directory came from,
//! as far as Kubernetes objects show it. What nothing ties for certain is left open: a guess would have somebody move the wrong
//! directory.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Account;
use super::file::Testimony;
use super::kube::{Objects, Persistent, Pod};
use super::process::Directory;
use crate::ident::Label;

/// How the replicas of a volume are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// A Deployment for each, as the old provisioner made them.
    Deployments,
    /// One StatefulSet for all, as the operator of CSI makes it.
    StatefulSet,
}

/// Where a replica lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Home {
    /// Its pod.
    pub pod: Option<String>,
    /// Its Deployment, where it has one of its own.
    pub deployment: Option<String>,
    /// Its node.
    pub node: Option<String>,
    /// Its directory on the node.
    pub path: Option<String>,
    /// What ties the supplied directory to it.
    pub by: &'static str,
}

/// Where a volume lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Places {
    /// How its replicas are run.
    pub layout: Option<Layout>,
    /// The name of the persistent volume.
    pub volume: Option<String>,
    /// The namespace of the controller and the replicas.
    pub namespace: Option<String>,
    /// The Deployment of the controller.
    pub controller: Option<String>,
    /// The Deployment of the operator.
    pub operator: Option<String>,
    /// What uses the volume, as `kind/name`, and its namespace.
    pub workload: Option<String>,
    /// The namespace of what uses the volume.
    pub workload_namespace: Option<String>,
    /// The replicas.
    pub homes: BTreeMap<Label, Home>,
}

/// Where the supplied directories of the volume of that name live.
pub fn places(account: &Account<'_>, name: &str) -> Places {
    let objects = || {
        account.collection.given.iter().filter_map(|given| match &given.says {
            Testimony::Objects(objects) => Some(objects),
            _ => None,
        })
    };
    let all = All::of(objects());
    let mut found: Vec<(Label, Found<'_>)> = Vec::new();
    for directory in account.directories {
        if let Some(one) = all.home(account, directory, name) {
            found.push((directory.label.clone(), one));
        }
    }
    // One pod is no home of two replicas.
    let mut pods = BTreeMap::<String, usize>::new();
    for (_, one) in &found {
        *pods.entry(one.pod.clone()).or_default() += 1;
    }
    found.retain(|(_, one)| pods[&one.pod] == 1);
    let volumes: BTreeSet<&str> = found.iter().map(|(_, one)| one.volume).collect();
    let listed = || all.pods.iter().any(|pod| pod.volume.as_deref() == Some(name)) || all.is_volume(name);
    let volume = match volumes.len() {
        0 => Some(name).filter(|name| is_name(name) && listed()),
        1 => volumes.first().copied(),
        // Directories of several volumes in one group: nothing is certain.
        _ => return Places::default(),
    };
    let Some(volume) = volume else { return Places::default() };
    let mut out = Places { volume: Some(volume.to_owned()), ..Places::default() };
    all.of_volume(volume, &mut out);
    out.homes = found.into_iter().map(|(label, one)| (label, one.home(&all))).collect();
    out
}

/// What ties a directory to a pod.
struct Found<'a> {
    volume: &'a str,
    pod: String,
    local: Option<&'a Persistent>,
    by: &'static str,
}

impl Found<'_> {
    fn home(self, all: &All<'_>) -> Home {
        // Several files may show one pod, a table with less than an object.
        let pods = || all.pods.iter().copied().filter(|pod| pod.name == self.pod);
        let node = self.local.and_then(|local| local.node.clone());
        let node =
            node.or_else(|| only(pods().filter_map(|pod| pod.node.clone()))).filter(|node| is_name(node));
        let mounted = || {
            only(pods().filter_map(|pod| match &pod.host_paths[..] {
                [path] => Some(path.clone()),
                _ => None,
            }))
        };
        let path = self.local.map_or_else(mounted, |local| local.path.clone());
        Home {
            deployment: only(pods().filter_map(deployment)),
            node,
            path: path.filter(|path| is_path(path)),
            by: self.by,
            pod: Some(self.pod),
        }
    }
}

/// Every object that has a name Kubernetes would take: others are made to harm.
struct All<'a> {
    pods: Vec<&'a Pod>,
    persistent: Vec<&'a Persistent>,
}

impl<'a> All<'a> {
    fn of(objects: impl Iterator<Item = &'a Objects> + Clone) -> Self {
        let pods = objects.clone().flat_map(|one| &one.pods).filter(|pod| is_name(&pod.name));
        let persistent = objects.flat_map(|one| &one.persistent).filter(|one| is_name(&one.name));
        Self { pods: pods.collect(), persistent: persistent.collect() }
    }

    fn is_volume(&self, name: &str) -> bool {
        self.persistent.iter().any(|one| one.name == name)
    }

    fn home(&self, account: &Account<'a>, directory: &Directory, volume: &str) -> Option<Found<'a>> {
        self.by_local_volume(directory)
            .or_else(|| self.by_address(account, directory))
            .or_else(|| self.by_name(directory, volume))
    }

    /// A directory of CSI has the name of a local volume, which no other has, and that is bound to a claim of the
    /// StatefulSet.
    fn by_local_volume(&self, directory: &Directory) -> Option<Found<'a>> {
        let name = directory.name.as_deref()?;
        let mut named = self.persistent.iter().copied().filter(|one| one.name == name);
        let local = named.next().filter(|first| named.all(|other| other == *first))?;
        let (_, claim) = local.claim.as_ref()?;
        let pod = claim.strip_prefix("openebs-").filter(|pod| is_name(pod))?;
        let (volume, ordinal) = pod.rsplit_once("-jiva-rep-")?;
        ordinal.parse::<u32>().ok()?;
        Some(Found { volume, pod: pod.to_owned(), local: Some(local), by: "its directory's name" })
    }

    /// The pod that has the address under which the replica is known, if it had one and no other replica had it.
    fn by_address(&self, account: &Account<'a>, directory: &Directory) -> Option<Found<'a>> {
        let ties = account.processes.ties.iter();
        let own = ties.filter(|(_, ties)| ties.iter().any(|tie| tie.label == directory.label));
        let mut pods = BTreeSet::new();
        for (address, ties) in own {
            if let Some(pod) = account.pod(address) {
                if ties.iter().any(|tie| tie.label != directory.label) {
                    return None;
                }
                pods.insert((pod.name.as_str(), pod.volume.as_deref()?));
            }
        }
        let (pod, volume) = pods.pop_first().filter(|_| pods.is_empty())?;
        let known = is_name(pod) && is_name(volume);
        known.then(|| Found { volume, pod: pod.to_owned(), local: self.local(pod), by: "its address" })
    }

    /// A label that is a pod, a Deployment, or the node of exactly one replica of the volume.
    fn by_name(&self, directory: &Directory, volume: &str) -> Option<Found<'a>> {
        let label = directory.label.as_str();
        let fits = |pod: &&&Pod| {
            pod.name == label
                || pod.node.as_deref() == Some(label)
                || deployment(pod).as_deref() == Some(label)
        };
        let ours = self.pods.iter().filter(|pod| pod.replica && pod.volume.as_deref() == Some(volume));
        let mut names: Vec<&&Pod> = ours.filter(fits).collect();
        names.dedup_by(|a, b| a.name == b.name);
        let [pod] = names[..] else { return None };
        let volume = pod.volume.as_deref()?;
        Some(Found { volume, pod: pod.name.clone(), local: self.local(&pod.name), by: "its label" })
    }

    /// The local volume of a pod of the StatefulSet.
    fn local(&self, pod: &str) -> Option<&'a Persistent> {
        let claim = format!("openebs-{pod}");
        let mut bound =
            self.persistent.iter().copied().filter(|one| {
                one.path.is_some() && one.claim.as_ref().is_some_and(|(_, name)| *name == claim)
            });
        bound.next().filter(|first| bound.all(|other| other == *first))
    }

    /// What the objects show of the volume as a whole.
    fn of_volume(&self, volume: &str, out: &mut Places) {
        let ours = || self.pods.iter().filter(|pod| pod.volume.as_deref() == Some(volume));
        let set = |pod: &Pod| pod.name.contains("-jiva-rep-");
        let layouts: BTreeSet<Layout> = ours()
            .filter(|pod| pod.replica)
            .map(|pod| if set(pod) { Layout::StatefulSet } else { Layout::Deployments })
            .collect();
        let bound = |one: &&&Persistent| {
            one.claim.as_ref().is_some_and(|(_, claim)| {
                claim
                    .strip_prefix("openebs-")
                    .and_then(|rest| rest.strip_prefix(volume))
                    .is_some_and(|rest| rest.starts_with("-jiva-rep-"))
            })
        };
        let locals = self.persistent.iter().any(|one| bound(&one));
        out.layout = only(layouts.into_iter()).or(locals.then_some(Layout::StatefulSet));
        out.namespace = only(ours().filter_map(|pod| pod.namespace.clone())).filter(|name| is_name(name));
        let controllers = ours().filter(|pod| !pod.replica && pod.name.contains("-ctrl-"));
        out.controller = only(controllers.filter_map(|pod| deployment(pod)));
        let operators = self.pods.iter().filter(|pod| pod.name.contains("jiva-operator"));
        out.operator = only(operators.filter_map(|pod| deployment(pod)));
        let own = self.persistent.iter().filter(|one| one.name == volume);
        let claim = only(own.filter_map(|one| one.claim.clone()));
        let Some((namespace, claim)) = claim.filter(|(namespace, _)| is_name(namespace)) else { return };
        let users = self
            .pods
            .iter()
            .filter(|pod| pod.namespace.as_deref() == Some(&namespace) && pod.claims.contains(&claim));
        out.workload = only(users.filter_map(|pod| workload(pod)));
        out.workload_namespace = Some(namespace);
    }
}

/// The only one of several that are all alike.
fn only<T: PartialEq>(mut of: impl Iterator<Item = T>) -> Option<T> {
    let first = of.next()?;
    of.all(|other| other == first).then_some(first)
}

/// The Deployment that a pod belongs to: its ReplicaSet's name without the hash, or its own without both.
fn deployment(pod: &Pod) -> Option<String> {
    let name = match &pod.owner {
        Some((kind, name)) if kind == "ReplicaSet" => name.rsplit_once('-')?.0,
        Some(_) => return None,
        None if pod.name.contains("-jiva-rep-") => return None,
        None => pod.name.rsplit_once('-')?.0.rsplit_once('-')?.0,
    };
    is_name(name).then(|| name.to_owned())
}

/// What a pod belongs to, as kubectl scale takes it.
fn workload(pod: &Pod) -> Option<String> {
    match &pod.owner {
        Some((kind, name)) if kind == "StatefulSet" && is_name(name) => Some(format!("statefulset/{name}")),
        Some((kind, _)) if kind == "ReplicaSet" => Some(format!("deployment/{}", deployment(pod)?)),
        _ => None,
    }
}

/// Whether Kubernetes would take it as a name.
fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let bytes = text.as_bytes();
    bytes.len() <= 253 && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|byte| inner(*byte))
}

/// Whether it is a directory somewhere below the root, without a step up.
fn is_path(text: &str) -> bool {
    let parts = || text.split('/').filter(|part| !part.is_empty());
    text.starts_with('/') && text.len() <= 4096 && parts().count() > 1 && parts().all(|part| part != "..")
}
