//! What all witnesses say together, sorted out once: processes, the list over time, sessions, kept replies, pods and nodes.

use std::collections::BTreeSet;

use serde::Serialize;

use super::collect::Collection;
use super::file::Testimony;
use super::kube::{Node, Pod};
use super::life::Sighting;
use super::members::{Empty, Members, Stay, members};
use super::process::{ControllerRuns, Directory, Processes, Run};
use super::sessions::{Sessions, sessions};
use super::{Address, Moment};
use crate::dialect::jiva::api::{Own, Reply};
use crate::finding::Exhibit;
use crate::ident::Label;

/// A reply that somebody kept, with when it was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) file: usize,
    pub(super) at: Option<Moment>,
    pub(super) reply: &'a Reply,
}

/// An address, and who it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Tied {
    /// The address.
    pub address: Address,
    /// The supplied directory that had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<Label>,
    /// The pod that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// That pod's node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The UUID of the directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// From when it is known to have had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What ties them.
    pub by: Vec<&'static str>,
}

/// One controller, with what its log shows.
#[derive(Debug)]
pub(super) struct Controller<'a> {
    pub(super) runs: ControllerRuns<'a>,
    pub(super) stays: Vec<Stay<'a>>,
    pub(super) empty: Vec<Empty>,
    pub(super) sessions: Sessions<'a>,
}

/// Everything.
#[derive(Debug)]
#[non_exhaustive]
pub struct Account<'a> {
    /// The files.
    pub collection: &'a Collection,
    /// The directories that were supplied.
    pub directories: &'a [Directory],
    /// The processes.
    pub processes: Processes<'a>,
    /// The replication factor: what a controller's log says, else what is assumed.
    pub factor: usize,
    pub(super) controllers: Vec<Controller<'a>>,
    pub(super) kept: Vec<Kept<'a>>,
    pods: Vec<(&'a Pod, Option<Moment>)>,
    /// Whether pods were listed, and the latest time in such a list.
    listed_pods: Option<Option<Moment>>,
    nodes: Vec<&'a Node>,
}

impl<'a> Account<'a> {
    /// Sorts out what the witnesses say of these directories.
    pub fn of(collection: &'a Collection, directories: &'a [Directory], factor: usize) -> Self {
        Self::of_processes(collection, directories, Processes::of(collection, directories), factor)
    }

    /// The same, with the processes that were sorted out already.
    pub fn of_processes(
        collection: &'a Collection,
        directories: &'a [Directory],
        processes: Processes<'a>,
        factor: usize,
    ) -> Self {
        let controllers: Vec<Controller<'a>> = processes
            .controllers
            .iter()
            .map(|one| {
                let Members { stays, empty } = members(&one.runs);
                Controller { runs: one.clone(), stays, empty, sessions: sessions(&one.runs) }
            })
            .collect();
        let mut out = Self {
            collection,
            directories,
            factor: said_factor(&controllers).unwrap_or(factor),
            processes,
            controllers,
            kept: Vec::new(),
            pods: Vec::new(),
            listed_pods: None,
            nodes: Vec::new(),
        };
        for (file, given) in collection.given.iter().enumerate() {
            match &given.says {
                Testimony::Reply(reply) => out.kept.push(Kept { file, at: given.taken, reply }),
                Testimony::Objects(objects) => {
                    out.pods.extend(objects.pods.iter().map(|pod| (pod, objects.latest)));
                    out.nodes.extend(&objects.nodes);
                    if objects.lists_pods() {
                        out.listed_pods = Some(out.listed_pods.flatten().max(objects.latest));
                    }
                }
                _ => {}
            }
        }
        out.kept.sort_by_key(|kept| (kept.at, kept.file));
        out.tie_replies();
        out
    }

    /// Ties the addresses of replicas that were asked to the directories that they are: by the name of the file, which
    /// people call after the replica, or by the chain.
    fn tie_replies(&mut self) {
        for kept in self.kept.clone() {
            let Reply::Replica(own) = kept.reply else { continue };
            let Some(address) = &own.address else { continue };
            if self.processes.ties.contains_key(address) {
                continue;
            }
            let name = self.path(kept.file).rsplit('/').next().unwrap_or_default();
            let named = |label: &str| {
                name.strip_prefix(label)
                    .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
            };
            let chain = |one: &&Directory| {
                own.chain.as_ref().is_some_and(|chain| chain.0.iter().all(|disk| one.disks.contains(disk)))
            };
            let by_name = self.directories.iter().find(|one| named(one.label.as_str()));
            let mut by_chain = self.directories.iter().filter(chain);
            // Replicas in full health have one chain: with fewer directories than replicas it may be another's.
            let all = self.directories.len() >= self.factor;
            let only = by_chain.next().filter(|_| all && by_chain.next().is_none());
            if let Some(one) = by_name.filter(|one| own.chain.is_none() || chain(one)).or(only) {
                self.processes.tie_address(address, &one.label, kept.at);
            }
        }
    }

    /// Who each address was: directory, pod, node.
    pub fn addresses(&self) -> Vec<Tied> {
        let own = self
            .processes
            .ties
            .iter()
            .flat_map(|(address, ties)| ties.iter().map(move |tie| (address.clone(), Some(tie))));
        let listed = self.controllers.iter().flat_map(|one| &one.stays).map(|stay| &stay.address);
        let kept = self.kept.iter().flat_map(|kept| match kept.reply {
            Reply::List(list) | Reply::Stats { list, .. } => list.as_slice(),
            _ => &[],
        });
        let others: BTreeSet<Address> =
            listed.cloned().chain(kept.map(|(address, _)| address.clone())).collect();
        let others = others.into_iter().filter(|address| !self.processes.ties.contains_key(address));
        let mut out: Vec<Tied> = own
            .chain(others.map(|address| (address, None)))
            .map(|(address, tie)| Tied {
                directory: tie.map(|tie| tie.label.clone()),
                pod: self.pod(&address).map(|pod| pod.name.clone()),
                node: self.pod(&address).and_then(|pod| pod.node.clone()),
                uuid: tie
                    .and_then(|tie| self.directories.iter().find(|one| one.label == tie.label)?.uuid.clone()),
                from: tie.and_then(|tie| tie.from).map(|at| at.to_string()),
                to: tie.and_then(|tie| tie.to).map(|at| at.to_string()),
                by: tie.map(|tie| tie.by).into_iter().collect(),
                address,
            })
            .collect();
        out.sort();
        out
    }

    /// The path of a file.
    pub(super) fn path(&self, file: usize) -> &'a str {
        &self.collection.given[file].path
    }

    /// A line as an exhibit.
    pub(super) fn exhibit(&self, file: usize, line: &Sighting) -> Exhibit {
        Exhibit::line(self.path(file), line.line, &*line.text)
    }

    /// Replies of replicas to a question about themselves.
    pub(super) fn owns(&self) -> impl Iterator<Item = (Kept<'a>, &'a Own)> {
        self.kept.iter().filter_map(|kept| match kept.reply {
            Reply::Replica(own) => Some((*kept, &**own)),
            _ => None,
        })
    }

    /// Whether a directory that was supplied had that address then.
    pub(super) fn is_supplied(&self, address: &Address, at: Option<Moment>) -> bool {
        self.processes.directory(address, at).is_some()
    }

    /// Whether every directory that was supplied is known by an address, so that an address that is none of theirs is
    /// another replica's.
    pub(super) fn all_tied(&self) -> bool {
        let tied = |one: &Directory| self.processes.ties.values().flatten().any(|tie| tie.label == one.label);
        !self.directories.is_empty() && self.directories.iter().all(tied)
    }

    /// Whether pods were listed.
    pub(super) fn knows_pods(&self) -> bool {
        self.listed_pods.is_some()
    }

    /// The latest time in a list of pods.
    pub(super) fn pods_as_of(&self) -> Option<Moment> {
        self.listed_pods.flatten()
    }

    /// The pod of a replica at an address. A pod of another volume may have the address now: then it is none.
    pub(super) fn pod(&self, address: &Address) -> Option<&'a Pod> {
        let here = self.pods.iter().map(|(pod, _)| *pod).filter(|pod| pod.address.as_ref() == Some(address));
        let volumes: Vec<&str> =
            self.controllers.iter().filter_map(|one| one.runs.volume.as_deref()).collect();
        let ours = |pod: &&Pod| {
            volumes.is_empty() || pod.volume.as_deref().is_none_or(|volume| volumes.contains(&volume))
        };
        here.filter(|pod| pod.replica).find(ours)
    }

    /// The node that an address stands for.
    pub(super) fn node(&self, address: &Address) -> Option<&'a str> {
        self.nodes.iter().find(|node| node.addresses.contains(address)).map(|node| node.name.as_str())
    }

    /// Every run of a controller, with the controller.
    pub(super) fn controller_runs(&self) -> impl Iterator<Item = (&Controller<'a>, usize, &Run<'a>)> {
        self.controllers
            .iter()
            .flat_map(|one| one.runs.runs.iter().enumerate().map(move |(number, run)| (one, number, run)))
    }

    /// The last time that any witness bears.
    pub(super) fn end(&self) -> Option<Moment> {
        let logs = self.collection.logs().filter_map(|(_, _, log)| log.span().1);
        let kept = self.kept.iter().filter_map(|kept| kept.at);
        logs.chain(kept).max()
    }
}

/// The factor that the controllers' logs name, if they agree.
fn said_factor(controllers: &[Controller<'_>]) -> Option<usize> {
    let runs = controllers.iter().flat_map(|one| &one.runs.runs);
    let mut said = runs.flat_map(|run| &run.life.sightings).filter_map(|one| match one.event {
        super::Event::Factor(factor) => Some(factor),
        _ => None,
    });
    let first = said.next()?;
    said.all(|factor| factor == first).then_some(first)
}
