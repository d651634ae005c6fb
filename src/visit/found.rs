//! The model of a visit: which volume, where its replicas lie, what runs, and what is odd about it.

use std::fmt;

use super::name::{HostPath, Name};

/// How OpenEBS laid the volume out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// The old provisioner: Deployments, a directory of the volume's name on every node.
    Deployments,
    /// CSI: a StatefulSet, and a local volume of its own for each replica.
    StatefulSet,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deployments => "Deployments of the old provisioner",
            Self::StatefulSet => "a StatefulSet of the CSI driver",
        })
    }
}

/// Whether something writes to a directory. In the order in which directories are read: what lies still comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PlaceState {
    /// No pod uses it.
    Stopped,
    /// No object places a replica there; it was asked for, or every node is looked at.
    NotKnown,
    /// Its pod is started again and again.
    Restarts(Name),
    /// Its pod runs, or may run.
    Runs(Name),
}

/// A directory of a replica on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// What its capsule is called: the node, with a number where several lie on one.
    pub label: String,
    /// The node.
    pub node: Name,
    /// The directory.
    pub path: HostPath,
    /// Whether something writes to it.
    pub state: PlaceState,
    /// Why it cannot be read, where that is known beforehand.
    pub out_of_reach: Option<&'static str>,
}

/// What a pod is to the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// The controller.
    Controller,
    /// A replica.
    Replica,
}

/// A pod of the volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VolumePod {
    /// Its name.
    pub name: Name,
    /// Its namespace.
    pub namespace: Name,
    /// What it is.
    pub role: Role,
    /// Which pod of this name it is: a StatefulSet gives a new one the same name.
    pub uid: String,
    /// Its node.
    pub node: Option<Name>,
    /// Its containers, each with its restarts.
    pub containers: Vec<(Name, u64)>,
    /// Whether a container of it runs.
    pub runs: bool,
}

impl VolumePod {
    /// Whether it can be asked for the volume's lists.
    pub fn answers_lists(&self) -> bool {
        self.role == Role::Controller && self.runs
    }

    /// Restarts of all containers.
    pub fn restarts(&self) -> u64 {
        self.containers.iter().map(|(_, restarts)| *restarts).fold(0, u64::saturating_add)
    }
}

/// Something odd that was seen on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Remark {
    /// The text of an object is not used for what it stands for.
    Refused {
        /// What it is the text of.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// A pod of a replica is on no node, so where its directory lies is not known.
    NoNode {
        /// The pod.
        pod: Name,
    },
    /// A pod of a replica names no directory.
    NoPath {
        /// The pod.
        pod: Name,
        /// The claim that should lead to it.
        claim: Option<String>,
    },
    /// A stopped workload does not say on which node its directory lies.
    NoHost {
        /// The workload.
        workload: Name,
        /// The directory.
        path: HostPath,
    },
    /// A local volume of a replica does not say on which node it lies.
    VolumeWithoutHost {
        /// The volume.
        volume: Name,
    },
    /// A pod that empties the directories of a deleted volume.
    Scrubs {
        /// The pod.
        pod: Name,
    },
    /// Fewer directories were found than replicas are said to exist.
    Fewer {
        /// Directories.
        found: usize,
        /// Replicas that workloads name.
        named: u64,
    },
}

impl Remark {
    /// Whether a replica may be missing for it.
    pub fn hides_a_replica(&self) -> bool {
        !matches!(self, Self::Scrubs { .. })
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { what, text } => {
                write!(f, "{what} {text:?} is not used: it is none that Kubernetes or Jiva would write")
            }
            Self::NoNode { pod } => write!(
                f,
                "pod {pod} is on no node: where the directory of its replica lies is not known; \
                 --place NODE:PATH reads it"
            ),
            Self::NoPath { pod, claim: Some(claim) } => write!(
                f,
                "pod {pod} uses the claim {claim:?}, which leads to no directory of a node; \
                 --place NODE:PATH reads it"
            ),
            Self::NoPath { pod, claim: None } => {
                write!(f, "pod {pod} names no directory of its node; --place NODE:PATH reads it")
            }
            Self::NoHost { workload, path } => write!(
                f,
                "{workload} is stopped and does not say on which nodes {path} lies; --place NODE:PATH reads one, \
                 --every-node looks on all"
            ),
            Self::VolumeWithoutHost { volume } => {
                write!(
                    f,
                    "the volume {volume} of a replica does not say on which node it lies; --place NODE:PATH reads it"
                )
            }
            Self::Scrubs { pod } => write!(
                f,
                "pod {pod} empties directories of this volume: it belongs to the job that follows the deletion of a claim"
            ),
            Self::Fewer { found, named } => write!(
                f,
                "{found} directories were found for {named} replicas: the others may lie on other nodes; \
                 --every-node looks there"
            ),
        }
    }
}

/// What was found of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The volume: the name of its persistent volume.
    pub volume: Name,
    /// The namespace of its pods.
    pub namespace: Name,
    /// Its layout, where pods, workloads or volumes show it.
    pub layout: Option<Layout>,
    /// The directories, in the order in which they are read.
    pub places: Vec<Place>,
    /// The pods, by name.
    pub pods: Vec<VolumePod>,
    /// What is odd, in a fixed order.
    pub remarks: Vec<Remark>,
}
