//! Objects in JSON: `kubectl get … -o json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Node, Objects, Persistent, Pod, names_replica, volume_of};
use crate::dialect::jiva::log::Address;
use crate::dialect::jiva::log::Mode;
use crate::dialect::jiva::log::Moment;

/// One object, or a list of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    kind: Option<String>,
    items: Option<Vec<Object>>,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
    last_timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    creation_timestamp: Option<String>,
    owner_references: Option<Vec<Named>>,
}

/// Another object, by kind and name.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    kind: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    node_name: Option<String>,
    volumes: Option<Vec<Mounted>>,
    claim_ref: Option<Named>,
    local: Option<Place>,
    host_path: Option<Place>,
    node_affinity: Option<Affinity>,
}

/// A volume of a pod.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Mounted {
    host_path: Option<Place>,
    persistent_volume_claim: Option<Claim>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place {
    path: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Claim {
    claim_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Affinity {
    required: Option<Required>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Required {
    node_selector_terms: Option<Vec<Term>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Term {
    match_expressions: Option<Vec<Expression>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Expression {
    key: Option<String>,
    operator: Option<String>,
    values: Option<Vec<String>>,
}

impl Affinity {
    /// The only node that it allows.
    fn node(self) -> Option<String> {
        let [term] = <[Term; 1]>::try_from(self.required?.node_selector_terms?).ok()?;
        let mut nodes = term.match_expressions?.into_iter().filter(|one| {
            one.key.as_deref() == Some("kubernetes.io/hostname") && one.operator.as_deref() == Some("In")
        });
        let [node] = <[String; 1]>::try_from(nodes.next()?.values?).ok()?;
        nodes.next().is_none().then_some(node)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(rename = "podIP")]
    pod_ip: Option<String>,
    addresses: Option<Vec<NodeAddress>>,
    container_statuses: Option<Vec<Container>>,
    replica_status: Option<Vec<Listed>>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeAddress {
    address: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Container {
    restart_count: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    last_heartbeat_time: Option<String>,
    last_transition_time: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Listed {
    address: Option<String>,
    mode: Option<String>,
}

/// Annotations in which overlay networks note a node's own address in the overlay.
const TUNNELS: &[&str] = &[
    "projectcalico.org/IPv4Address",
    "projectcalico.org/IPv4VXLANTunnelAddr",
    "projectcalico.org/IPv4IPIPTunnelAddr",
    "projectcalico.org/IPv4WireguardInterfaceAddr",
    "flannel.alpha.coreos.com/public-ip",
];

/// Objects that are read of one file.
const OBJECTS: usize = 200_000;

/// Reads objects; `None` where there are none.
pub(super) fn read(bytes: &[u8]) -> Option<Objects> {
    of(vec![serde_json::from_slice(bytes).ok()?])
}

/// The same of documents that were read already.
pub(super) fn values(documents: Vec<serde_json::Value>) -> Option<Objects> {
    let documents = documents.into_iter().filter(|one| !one.is_null());
    of(documents.map(serde_json::from_value).collect::<Result<_, _>>().ok()?)
}

fn of(documents: Vec<Object>) -> Option<Objects> {
    let mut out = Objects::default();
    let mut left = OBJECTS;
    for top in documents {
        top.kind.as_ref()?;
        let items = top.items.is_some();
        for item in if items { top.items.unwrap_or_default() } else { vec![top] } {
            if let Some(rest) = left.checked_sub(1) {
                left = rest;
                take(item, &mut out);
            }
        }
    }
    out.kinds.sort_unstable();
    out.kinds.dedup();
    out.namespaces.sort();
    out.namespaces.dedup();
    Some(out)
}

fn take(object: Object, out: &mut Objects) {
    let Object { kind, metadata, spec, status, last_timestamp, .. } = object;
    let heartbeats = status.conditions.iter().flatten();
    let conditions = heartbeats.flat_map(|one| [&one.last_heartbeat_time, &one.last_transition_time]);
    let stamps = [&metadata.creation_timestamp, &last_timestamp].into_iter().chain(conditions);
    out.latest = out.latest.max(stamps.flatten().filter_map(|text| Moment::parse(text)).max());
    let Some(name) = metadata.name.filter(|name| name.len() <= 253) else { return };
    let kind = kind.as_deref();
    out.kinds.push(match kind {
        Some("Pod") => "pods",
        Some("Node") => "nodes",
        Some("PersistentVolume") => "pv",
        Some("Event") => "events",
        Some("JivaVolume") => "jivavolume",
        _ => "other",
    });
    match kind {
        Some("Pod") => {
            let label = |key: &str| metadata.labels.as_ref().and_then(|labels| labels.get(key));
            let volume = label("openebs.io/persistent-volume").cloned().or_else(|| volume_of(&name));
            let labelled = label("openebs.io/replica").is_some()
                || label("openebs.io/component").is_some_and(|component| component == "jiva-replica");
            let restarts =
                status.container_statuses.iter().flatten().filter_map(|one| one.restart_count).sum();
            out.namespaces.extend(metadata.namespace.clone());
            let owner = metadata.owner_references.into_iter().flatten().next();
            let mounted = spec.volumes.unwrap_or_default();
            let paths = mounted.iter().filter_map(|one| one.host_path.as_ref()?.path.clone());
            let claims =
                mounted.iter().filter_map(|one| one.persistent_volume_claim.as_ref()?.claim_name.clone());
            out.pods.push(Pod {
                owner: owner.and_then(|owner| Some((owner.kind?, owner.name?))),
                claims: claims.collect(),
                host_paths: paths.collect(),
                namespace: metadata.namespace,
                address: status.pod_ip.as_deref().and_then(Address::read),
                node: spec.node_name,
                volume,
                replica: labelled || names_replica(&name),
                restarts,
                name,
            });
        }
        Some("Node") => {
            let own = status.addresses.iter().flatten().filter(|one| one.kind.as_deref() != Some("Hostname"));
            let own = own.filter_map(|one| Address::read(one.address.as_deref()?));
            let notes = TUNNELS.iter().filter_map(|key| metadata.annotations.as_ref()?.get(*key));
            let addresses = own.chain(notes.filter_map(|text| Address::read(text))).collect();
            out.nodes.push(Node { name, addresses });
        }
        Some("PersistentVolume") => {
            let claim = spec.claim_ref.and_then(|claim| Some((claim.namespace?, claim.name?)));
            let place = spec.local.or(spec.host_path);
            out.persistent.push(Persistent {
                name: name.clone(),
                claim,
                path: place.and_then(|place| place.path),
                node: spec.node_affinity.and_then(Affinity::node),
            });
            out.volumes.push(name);
        }
        Some("JivaVolume") => {
            let listed = status.replica_status.iter().flatten();
            let entry = |one: &Listed| {
                Some((Address::read(one.address.as_deref()?)?, Mode::read(one.mode.as_deref()?)))
            };
            out.listed.extend(listed.filter_map(entry));
        }
        _ => {}
    }
}
