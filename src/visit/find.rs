//! From lists of the API server to the model of a visit.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Found, Layout, Place, PlaceState, Remark, Role, VolumePod};
use super::name::{HostPath, Name};
use super::object::{HOSTNAME, Node, Pod, PodSpec, Volume, Workload};

/// Label of pods and workloads that names the volume, and the one of the first versions.
const OWNER: [&str; 2] = ["openebs.io/persistent-volume", "vsm"];

/// What the API server lists.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Pods.
    pub pods: Vec<Pod>,
    /// Persistent volumes.
    pub volumes: Vec<Volume>,
    /// Nodes, where they may be listed.
    pub nodes: Option<Vec<Node>>,
    /// Deployments and StatefulSets.
    pub workloads: Vec<Workload>,
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// A persistent volume, a claim, or NAMESPACE/CLAIM.
    pub name: &'a str,
    /// Only pods of this namespace.
    pub namespace: Option<&'a Name>,
    /// Look on every node for the directory that is known from one.
    pub every_node: bool,
    /// Directories to read whatever the objects say.
    pub places: &'a [(Name, HostPath)],
}

/// Why nothing was found.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FindError {
    /// Nothing has the name.
    #[error("no persistent volume, claim or pod of a Jiva volume is called {0}")]
    Nothing(String),
    /// Several claims have it.
    #[error("several claims are called {name}: {}", claims.join(", "))]
    Several {
        /// The name.
        name: String,
        /// The claims, with their namespaces.
        claims: Vec<String>,
    },
}

/// Makes the model.
///
/// # Errors
/// Where nothing, or more than one volume, has the name.
pub(super) fn find(lists: &Lists, wanted: &Wanted<'_>) -> Result<Found, FindError> {
    let volume = volume(lists, wanted)?;
    let mut search =
        Search { lists, volume, places: BTreeMap::new(), remarks: BTreeSet::new(), layout: None };
    let pods = search.pods(wanted.namespace);
    search.workloads();
    search.volumes();
    for place in wanted.places {
        search.place(place.clone(), PlaceState::NotKnown);
    }
    if wanted.every_node {
        search.every_node();
    }
    search.compare_counts();
    let spoken = pods.first().map(|pod| pod.namespace.clone());
    let namespace = wanted.namespace.cloned().or(spoken).or_else(|| search.namespace_of_workloads());
    let namespace = namespace.or_else(|| Name::new("openebs"));
    let Some(namespace) = namespace else { return Err(FindError::Nothing(wanted.name.to_owned())) };
    let places = search.labelled();
    Ok(Found {
        volume: search.volume,
        namespace,
        layout: search.layout,
        places,
        pods,
        remarks: search.remarks.into_iter().collect(),
    })
}

/// Which volume is meant.
fn volume(lists: &Lists, wanted: &Wanted<'_>) -> Result<Name, FindError> {
    let nothing = || FindError::Nothing(wanted.name.to_owned());
    let by_name =
        lists.volumes.iter().find(|volume| volume.metadata.name.as_deref() == Some(wanted.name)).map(served);
    if let Some(name) = by_name.and_then(Name::new) {
        return Ok(name);
    }
    let (namespace, claim) = match wanted.name.split_once('/') {
        Some((namespace, claim)) => (Some(namespace), claim),
        None => (None, wanted.name),
    };
    let claimed = lists.volumes.iter().filter(|volume| {
        let named = volume.spec.claim_ref.as_ref();
        named.is_some_and(|one| {
            one.name.as_deref() == Some(claim)
                && (namespace.is_none() || one.namespace.as_deref() == namespace)
        })
    });
    let mut found: BTreeMap<Name, String> = BTreeMap::new();
    for one in claimed {
        let namespace = one.spec.claim_ref.as_ref().and_then(|claim| claim.namespace.clone());
        if let Some(name) = Name::new(served(one)) {
            found.insert(name, format!("{}/{claim}", namespace.unwrap_or_default()));
        }
    }
    if found.len() > 1 {
        let mut claims: Vec<String> =
            found.into_iter().map(|(volume, claim)| format!("{claim} ({volume})")).collect();
        claims.sort();
        return Err(FindError::Several { name: wanted.name.to_owned(), claims });
    }
    if let Some((name, _)) = found.pop_first() {
        return Ok(name);
    }
    // The volume's own object may be gone, or may not be listed.
    let name = Name::new(wanted.name).ok_or_else(nothing)?;
    let owned = lists.pods.iter().any(|pod| owner(pod).is_some_and(|owner| owner == name.as_str()))
        || lists.workloads.iter().any(|one| owner_of(one) == Some(name.as_str()))
        || lists.volumes.iter().any(|one| replica_of(one).is_some_and(|of| is_front(of, name.as_str())));
    if owned || !wanted.places.is_empty() { Ok(name) } else { Err(nothing()) }
}

/// The Jiva volume that a persistent volume stands for: itself, or that of which it holds one replica.
fn served(volume: &Volume) -> &str {
    replica_of(volume).unwrap_or_else(|| volume.metadata.name.as_deref().unwrap_or_default())
}

/// The volume in the name of a replica's claim: `openebs-VOLUME-jiva-rep-N`.
fn replica_of(volume: &Volume) -> Option<&str> {
    let claim = volume.spec.claim_ref.as_ref()?.name.as_deref()?;
    let (name, ordinal) = claim.strip_prefix("openebs-")?.rsplit_once("-jiva-rep-")?;
    (!ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}

/// Whether a name stands for a volume: the operator cuts a long one to 43 characters.
fn is_front(name: &str, volume: &str) -> bool {
    name == volume || (name.len() == 43 && volume.starts_with(name))
}

/// The volume that a pod belongs to.
fn owner(pod: &Pod) -> Option<&str> {
    OWNER.iter().find_map(|key| pod.metadata.label(key))
}

fn owner_of(workload: &Workload) -> Option<&str> {
    let own = OWNER.iter().find_map(|key| workload.metadata.label(key));
    own.or_else(|| OWNER.iter().find_map(|key| workload.spec.template.metadata.label(key)))
}

/// What a pod is, by its labels or else by its name.
fn role(pod: &Pod) -> Option<Role> {
    let label = |key: &str| pod.metadata.label(key);
    let component = label("openebs.io/component");
    if component == Some("jiva-replica") || label("openebs.io/replica").or(label("openebs/replica")).is_some()
    {
        return Some(Role::Replica);
    }
    let controls = label("openebs.io/controller").or(label("openebs/controller")).is_some();
    if component == Some("jiva-controller") || controls {
        return Some(Role::Controller);
    }
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    if name.contains("-ctrl-") {
        return Some(Role::Controller);
    }
    name.contains("-rep-").then_some(Role::Replica)
}

/// The volume of a pod's that holds the replica: by its name, which every version gives it, or else the first of a directory.
fn directory(spec: &PodSpec) -> Option<&super::object::PodVolume> {
    let mut volumes = spec.volumes.iter().flatten();
    let named = volumes.clone().find(|one| one.name.as_deref() == Some("openebs"));
    named.or_else(|| volumes.find(|one| one.host_path.is_some()))
}

struct Search<'a> {
    lists: &'a Lists,
    volume: Name,
    places: BTreeMap<(Name, HostPath), PlaceState>,
    remarks: BTreeSet<Remark>,
    layout: Option<Layout>,
}

impl Search<'_> {
    /// Takes the pods of the volume, and the directories that they use.
    fn pods(&mut self, only: Option<&Name>) -> Vec<VolumePod> {
        let mut out = Vec::new();
        for pod in &self.lists.pods {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            let owner = owner(pod);
            let front =
                |name: &str| name.strip_prefix(self.volume.as_str()).is_some_and(|end| end.starts_with('-'));
            if owner.map_or_else(|| !front(name), |owner| owner != self.volume.as_str()) {
                continue;
            }
            if only.is_some_and(|only| pod.metadata.namespace.as_deref() != Some(only.as_str())) {
                continue;
            }
            let (Some(name), Some(namespace)) = (
                self.name("the name of a pod", name),
                self.name("a namespace", text(&pod.metadata.namespace)),
            ) else {
                continue;
            };
            if name.as_str().starts_with("sjr-") {
                self.remarks.insert(Remark::Scrubs { pod: name });
                continue;
            }
            let Some(role) = role(pod) else { continue };
            let one = self.pod(pod, name, namespace, role);
            if role == Role::Replica {
                self.directory_of(pod, &one);
            }
            out.push(one);
        }
        out.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        out
    }

    fn pod(&mut self, pod: &Pod, name: Name, namespace: Name, role: Role) -> VolumePod {
        let statuses = || pod.status.container_statuses.iter().flatten();
        let restarts = |name: &str| {
            let own = statuses().find(|one| one.name.as_deref() == Some(name));
            own.and_then(|one| one.restart_count).unwrap_or(0)
        };
        let mut containers = Vec::new();
        for container in pod.spec.containers.iter().flatten() {
            if let Some(name) = self.name("the name of a container", text(&container.name)) {
                let restarts = restarts(name.as_str());
                containers.push((name, restarts));
            }
        }
        let node = pod.spec.node_name.as_deref().filter(|node| !node.is_empty());
        VolumePod {
            name,
            namespace,
            role,
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            node: node.and_then(|node| self.name("the name of a node", node)),
            containers,
            runs: statuses().any(|one| one.state.as_ref().is_some_and(|state| state.running.is_some())),
        }
    }

    /// The directory that a replica's pod uses.
    fn directory_of(&mut self, pod: &Pod, known: &VolumePod) {
        let directory = directory(&pod.spec);
        let claim = directory.and_then(|one| one.persistent_volume_claim.as_ref()?.claim_name.clone());
        let (path, hosts) = match (directory.and_then(|one| one.host_path.as_ref()), &claim) {
            (Some(host), _) => {
                self.layout.get_or_insert(Layout::Deployments);
                (host.path.clone(), Vec::new())
            }
            (None, Some(claim)) => {
                self.layout = Some(Layout::StatefulSet);
                let bound = self.lists.volumes.iter().find(|volume| {
                    volume.spec.claim_ref.as_ref().is_some_and(|one| {
                        one.name.as_deref() == Some(claim)
                            && one.namespace.as_deref() == Some(known.namespace.as_str())
                    })
                });
                let path = bound.and_then(|volume| on_host(volume).map(str::to_owned));
                (path, bound.map(hosts).unwrap_or_default())
            }
            (None, None) => (None, Vec::new()),
        };
        let Some(path) = path else {
            self.remarks.insert(Remark::NoPath { pod: known.name.clone(), claim });
            return;
        };
        let Some(path) = self.path(&path) else { return };
        // A pod that waits for its node: the local volume may know it.
        let node = known.node.clone().or_else(|| hosts.first().and_then(|host| self.node_of(host)));
        let Some(node) = node else {
            self.remarks.insert(Remark::NoNode { pod: known.name.clone() });
            return;
        };
        let over = matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
        let state = if known.runs {
            PlaceState::Runs(known.name.clone())
        } else if over || known.node.is_none() {
            PlaceState::Stopped
        } else {
            PlaceState::Restarts(known.name.clone())
        };
        self.place((node, path), state);
    }

    /// Directories of workloads of the old layout, which stay where no pod runs.
    fn workloads(&mut self) {
        for workload in &self.lists.workloads {
            if owner_of(workload) != Some(self.volume.as_str()) {
                continue;
            }
            let spec = &workload.spec.template.spec;
            let Some(host) = directory(spec).and_then(|one| one.host_path.as_ref()) else { continue };
            self.layout.get_or_insert(Layout::Deployments);
            let Some(path) = self.path(text(&host.path)) else { continue };
            let affinity = spec.affinity.as_ref().and_then(|one| one.node_affinity.as_ref());
            let selected = spec.node_selector.as_ref().and_then(|one| one.get(HOSTNAME)).map(String::as_str);
            let hosts: Vec<&str> =
                affinity.map(|one| one.hosts()).unwrap_or_default().into_iter().chain(selected).collect();
            let nodes: Vec<Name> = hosts.iter().filter_map(|host| self.node_of(host)).collect();
            if nodes.is_empty() && workload.spec.replicas == Some(0) {
                if let Some(name) = self.name("the name of a workload", text(&workload.metadata.name)) {
                    self.remarks.insert(Remark::NoHost { workload: name, path });
                }
                continue;
            }
            for node in nodes {
                self.place((node, path.clone()), PlaceState::Stopped);
            }
        }
    }

    /// Local volumes of replicas, which stay where no pod runs.
    fn volumes(&mut self) {
        for volume in &self.lists.volumes {
            if !replica_of(volume).is_some_and(|of| is_front(of, self.volume.as_str())) {
                continue;
            }
            self.layout = Some(Layout::StatefulSet);
            let Some(path) = on_host(volume) else { continue };
            let Some(path) = self.path(path) else { continue };
            let nodes: Vec<Name> = hosts(volume).iter().filter_map(|host| self.node_of(host)).collect();
            if nodes.is_empty()
                && !self.places.keys().any(|(_, known)| *known == path)
                && let Some(name) = self.name("the name of a volume", text(&volume.metadata.name))
            {
                self.remarks.insert(Remark::VolumeWithoutHost { volume: name });
            }
            for node in nodes {
                self.place((node, path.clone()), PlaceState::Stopped);
            }
        }
    }

    /// The directories of the old layout on all other nodes: a replica that nobody knows of has the same path.
    fn every_node(&mut self) {
        let name = self.volume.as_str();
        let own = |path: &HostPath| path.as_str().rsplit('/').next() == Some(name);
        let paths: BTreeSet<HostPath> =
            self.places.keys().map(|(_, path)| path.clone()).filter(|path| own(path)).collect();
        let names: Vec<&str> =
            self.lists.nodes.iter().flatten().filter_map(|node| node.metadata.name.as_deref()).collect();
        for node in names {
            let Some(node) = self.name("the name of a node", node) else { continue };
            for path in &paths {
                self.place((node.clone(), path.clone()), PlaceState::NotKnown);
            }
        }
    }

    /// Whether workloads name more replicas than directories were found.
    fn compare_counts(&mut self) {
        let replicas = |one: &&Workload| {
            let spec = &one.spec.template;
            owner_of(one) == Some(self.volume.as_str())
                && (spec.metadata.label("openebs.io/component") == Some("jiva-replica")
                    || spec.metadata.label("openebs.io/replica").is_some())
        };
        let named = self.lists.workloads.iter().filter(replicas);
        let named = named.map(|one| one.spec.replicas.unwrap_or(1)).fold(0, u64::saturating_add);
        let known = self.places.values().filter(|state| **state != PlaceState::NotKnown).count();
        if (known as u64) < named {
            self.remarks.insert(Remark::Fewer { found: known, named });
        }
    }

    fn namespace_of_workloads(&self) -> Option<Name> {
        let own = self.lists.workloads.iter().filter(|one| owner_of(one) == Some(self.volume.as_str()));
        let replicas = self
            .lists
            .volumes
            .iter()
            .filter(|one| replica_of(one).is_some_and(|of| is_front(of, self.volume.as_str())));
        let claims = replicas.filter_map(|one| one.spec.claim_ref.as_ref()?.namespace.as_deref());
        own.filter_map(|one| one.metadata.namespace.as_deref()).chain(claims).find_map(Name::new)
    }

    /// Keeps a directory; what is known to run wins over what seems to lie still.
    fn place(&mut self, at: (Name, HostPath), state: PlaceState) {
        match self.places.entry(at) {
            std::collections::btree_map::Entry::Vacant(place) => drop(place.insert(state)),
            std::collections::btree_map::Entry::Occupied(mut place) => {
                if state != PlaceState::NotKnown
                    && (state > *place.get() || *place.get() == PlaceState::NotKnown)
                {
                    place.insert(state);
                }
            }
        }
    }

    /// The directories with their labels, in the order in which they are read.
    fn labelled(&self) -> Vec<Place> {
        let known = self.lists.nodes.as_ref();
        let node = |name: &Name| {
            known.map(|nodes| nodes.iter().find(|node| node.metadata.name.as_deref() == Some(name.as_str())))
        };
        let mut numbers: BTreeMap<&Name, usize> = BTreeMap::new();
        let mut out = Vec::new();
        for ((name, path), state) in &self.places {
            let number = numbers.entry(name).and_modify(|number| *number += 1).or_insert(1);
            let label = if *number == 1 { name.to_string() } else { format!("{name}-{number}") };
            let out_of_reach = match node(name) {
                None => None,
                Some(None) => Some("the cluster has no such node any more"),
                Some(Some(node)) => (!node.answers()).then_some("the node does not answer (it is not Ready)"),
            };
            let (node, path, state) = (name.clone(), path.clone(), state.clone());
            out.push(Place { label, node, path, state, out_of_reach });
        }
        out.sort_by(|a, b| (&a.state, &a.label).cmp(&(&b.state, &b.label)));
        out
    }

    /// The node of a host's label.
    fn node_of(&mut self, host: &str) -> Option<Name> {
        let labelled =
            self.lists.nodes.iter().flatten().find(|node| node.metadata.label(HOSTNAME) == Some(host));
        let name = labelled.and_then(|node| node.metadata.name.as_deref()).unwrap_or(host);
        self.name("the name of a node", name)
    }

    fn name(&mut self, what: &'static str, text: &str) -> Option<Name> {
        let name = Name::new(text);
        if name.is_none() {
            self.remarks.insert(Remark::Refused { what, text: cut(text) });
        }
        name
    }

    fn path(&mut self, text: &str) -> Option<HostPath> {
        let path = HostPath::new(text);
        if path.is_none() {
            self.remarks.insert(Remark::Refused { what: "the path", text: cut(text) });
        }
        path
    }
}

/// The directory of a volume on its node.
fn on_host(volume: &Volume) -> Option<&str> {
    volume.spec.local.as_ref().or(volume.spec.host_path.as_ref())?.path.as_deref()
}

/// The hosts that a volume is tied to.
fn hosts(volume: &Volume) -> Vec<&str> {
    volume.spec.node_affinity.as_ref().map(|one| one.hosts()).unwrap_or_default()
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

/// As much of a text as a person reads.
fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
