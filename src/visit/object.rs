//! The parts of Kubernetes objects that a visit asks for, as `kubectl get -o json` prints them.
//!
//! Whatever else an object holds is passed over while it is read, so a list of a large cluster takes little memory.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A list of objects.
#[derive(Debug, Deserialize)]
struct List<T> {
    items: Option<Vec<T>>,
}

/// Reads a list of objects.
///
/// # Errors
/// Where it is no such list.
pub(super) fn list<T: DeserializeOwned>(reader: impl Read) -> Result<Vec<T>, serde_json::Error> {
    let list: List<T> = serde_json::from_reader(std::io::BufReader::new(reader))?;
    Ok(list.items.unwrap_or_default())
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub name: Option<String>,
    pub namespace: Option<String>,
    pub uid: Option<String>,
    pub labels: Option<BTreeMap<String, String>>,
}

impl Metadata {
    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.labels.as_ref()?.get(key).map(String::as_str)
    }
}

/// A pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Pod {
    pub(super) metadata: Metadata,
    pub(super) spec: PodSpec,
    pub(super) status: PodStatus,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodSpec {
    pub node_name: Option<String>,
    pub node_selector: Option<BTreeMap<String, String>>,
    pub affinity: Option<Affinity>,
    pub volumes: Option<Vec<PodVolume>>,
    pub containers: Option<Vec<Container>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Container {
    pub name: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodVolume {
    pub name: Option<String>,
    pub host_path: Option<AtPath>,
    pub persistent_volume_claim: Option<Claim>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AtPath {
    pub path: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Claim {
    pub claim_name: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodStatus {
    pub phase: Option<String>,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerStatus {
    pub name: Option<String>,
    pub restart_count: Option<u64>,
    pub state: Option<ContainerState>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContainerState {
    pub running: Option<serde::de::IgnoredAny>,
    pub waiting: Option<Reason>,
    pub terminated: Option<Reason>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reason {
    pub reason: Option<String>,
    pub message: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Affinity {
    pub node_affinity: Option<NodeAffinity>,
}

/// The affinity of a pod to nodes, and that of a volume: each has its own word for what is required.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct NodeAffinity {
    #[serde(alias = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<Terms>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Terms {
    pub node_selector_terms: Option<Vec<Term>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Term {
    pub match_expressions: Option<Vec<Expression>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Expression {
    pub key: Option<String>,
    pub operator: Option<String>,
    pub values: Option<Vec<String>>,
}

/// The label of a node that pods and volumes are tied to.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

impl NodeAffinity {
    /// The hosts that are required, by their label.
    pub(super) fn hosts(&self) -> Vec<&str> {
        let terms = self.required.iter().flat_map(|terms| terms.node_selector_terms.iter().flatten());
        let expressions = terms.flat_map(|term| term.match_expressions.iter().flatten());
        let on_hosts = expressions
            .filter(|one| one.key.as_deref() == Some(HOSTNAME) && one.operator.as_deref() == Some("In"));
        on_hosts.flat_map(|one| one.values.iter().flatten().map(String::as_str)).collect()
    }
}

/// A Deployment or a StatefulSet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Workload {
    pub(super) kind: Option<String>,
    pub(super) metadata: Metadata,
    pub(super) spec: WorkloadSpec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WorkloadSpec {
    pub replicas: Option<u64>,
    pub template: Template,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Template {
    pub metadata: Metadata,
    pub spec: PodSpec,
}

/// A persistent volume.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Volume {
    pub(super) metadata: Metadata,
    pub(super) spec: VolumeSpec,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VolumeSpec {
    pub claim_ref: Option<ClaimRef>,
    pub local: Option<AtPath>,
    pub host_path: Option<AtPath>,
    pub node_affinity: Option<NodeAffinity>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ClaimRef {
    pub name: Option<String>,
    pub namespace: Option<String>,
}

/// A node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Node {
    pub metadata: Metadata,
    pub status: NodeStatus,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct NodeStatus {
    pub conditions: Option<Vec<Condition>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub status: Option<String>,
}

impl Node {
    /// Whether its kubelet answers. A node that says nothing of it counts as one that does.
    pub(super) fn answers(&self) -> bool {
        let ready = self.status.conditions.iter().flatten().find(|one| one.kind.as_deref() == Some("Ready"));
        ready.is_none_or(|one| one.status.as_deref() == Some("True"))
    }
}

/// An event.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    pub reason: Option<String>,
    pub message: Option<String>,
}
