//! Objects in JSON: `kubectl get … -o json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Node, Objects, Pod, names_replica, volume_of};
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
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    node_name: Option<String>,
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
    let top: Object = serde_json::from_slice(bytes).ok()?;
    top.kind.as_ref()?;
    let mut out = Objects::default();
    match top.items {
        Some(items) => items.into_iter().take(OBJECTS).for_each(|item| take(item, &mut out)),
        None => take(top, &mut out),
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
            out.pods.push(Pod {
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
        Some("PersistentVolume") => out.volumes.push(name),
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
