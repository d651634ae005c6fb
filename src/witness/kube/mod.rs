//! Kubernetes objects as `kubectl get` and `kubectl describe` show them: which pod, node and volume an address is.

mod objects;
mod text;
mod yaml;

use crate::dialect::jiva::log::{Address, Mode, Moment};

/// A pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pod {
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: Option<Address>,
    /// Its node.
    pub node: Option<String>,
    /// The volume that its labels name.
    pub volume: Option<String>,
    /// Whether its labels, or its name, make it a replica of a volume.
    pub replica: bool,
    /// Restarts of its containers.
    pub restarts: u64,
    /// What it belongs to, by kind and name.
    pub owner: Option<(String, String)>,
    /// Claims of persistent volumes that it mounts.
    pub claims: Vec<String>,
    /// Directories of its node that it mounts.
    pub host_paths: Vec<String>,
}

/// A persistent volume, with what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Persistent {
    /// Its name.
    pub name: String,
    /// The claim that it is bound to: namespace and name.
    pub claim: Option<(String, String)>,
    /// Its directory, where it is one of a node.
    pub path: Option<String>,
    /// That node.
    pub node: Option<String>,
}

/// A node, with every address that stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its addresses, tunnels of overlay networks among them.
    pub addresses: Vec<Address>,
}

/// What a file of Kubernetes objects says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Objects {
    /// Kinds in it, in words.
    pub kinds: Vec<&'static str>,
    /// Pods.
    pub pods: Vec<Pod>,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// Volumes: names of persistent volumes of Jiva.
    pub volumes: Vec<String>,
    /// Persistent volumes with what they are bound to.
    pub persistent: Vec<Persistent>,
    /// Entries of the operator's copy of the controller's list; it bears no time.
    pub listed: Vec<(Address, Mode)>,
    /// The latest time in it: it was taken no earlier.
    pub latest: Option<Moment>,
    /// The one namespace that it covers, or none where it names several.
    pub namespaces: Vec<String>,
}

impl Objects {
    /// Whether it lists pods.
    pub fn lists_pods(&self) -> bool {
        self.kinds.contains(&"pods")
    }
}

/// Reads Kubernetes objects in JSON.
pub(super) fn json(bytes: &[u8]) -> Option<Objects> {
    objects::read(bytes)
}

/// Reads Kubernetes objects in YAML.
pub(super) fn yaml(text: &str) -> Option<Objects> {
    yaml::documents(text).filter(|all| !all.is_empty()).and_then(objects::values)
}

/// Whether a text begins as `kubectl get … -o yaml` begins it.
pub(super) fn begins_yaml(start: &[u8]) -> bool {
    let line = |key: &[u8]| start.split(|byte| *byte == b'\n').take(4).any(|line| line.starts_with(key));
    line(b"apiVersion: ")
}

/// Reads a table or a description as `kubectl` prints them.
pub(super) fn plain(text: &str) -> Option<Objects> {
    text::table(text).or_else(|| text::description(text))
}

/// Whether a pod's name is that of a replica: `PVC-rep-N…` of the old provisioner, `PVC-jiva-rep-N` of CSI.
fn names_replica(name: &str) -> bool {
    name.starts_with("pvc-") && name.contains("-rep-")
}

/// The volume at the front of a pod's name.
fn volume_of(name: &str) -> Option<String> {
    let end = ["-jiva-rep-", "-jiva-ctrl-", "-rep-", "-ctrl-"].iter().find_map(|mark| name.find(mark))?;
    name.starts_with("pvc-").then(|| name[..end].to_owned())
}
