//! Tables of `kubectl get … -o wide`, and `kubectl describe pod`.

use super::{Objects, Pod, names_replica, volume_of};
use crate::dialect::jiva::log::Address;

/// Reads a table of pods with their addresses.
pub(super) fn table(text: &str) -> Option<Objects> {
    let mut lines = text.lines();
    let head = lines.find(|line| !line.trim().is_empty())?;
    let columns: Vec<(usize, &str)> = columns(head);
    let place = |name: &str| columns.iter().position(|(_, column)| *column == name);
    let (name, ip, node) = (place("NAME")?, place("IP")?, place("NODE"));
    let (namespace, restarts) = (place("NAMESPACE"), place("RESTARTS"));
    let mut out = Objects { kinds: vec!["pods"], ..Objects::default() };
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let cell = |at: usize| {
            let from = columns[at].0;
            let to = columns.get(at + 1).map_or(line.len(), |column| column.0);
            line.get(from..to.min(line.len()))
                .map(str::trim)
                .filter(|cell| !cell.is_empty() && *cell != "<none>")
        };
        let Some(pod) = cell(name).filter(|name| name.len() <= 253) else { continue };
        let namespace = namespace.and_then(cell).map(str::to_owned);
        out.namespaces.extend(namespace.clone());
        out.pods.push(Pod {
            namespace,
            name: pod.to_owned(),
            address: cell(ip).and_then(Address::read),
            node: node.and_then(cell).map(str::to_owned),
            volume: volume_of(pod),
            replica: names_replica(pod),
            restarts: restarts
                .and_then(cell)
                .and_then(|cell| cell.split(' ').next()?.parse().ok())
                .unwrap_or(0),
            ..Pod::default()
        });
    }
    out.namespaces.sort();
    out.namespaces.dedup();
    Some(out)
}

/// Where the columns begin. Two blanks end one: a name may hold a single blank.
fn columns(head: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut at = 0;
    for part in head.split("  ") {
        let blanks = part.len() - part.trim_start().len();
        if !part.trim().is_empty() {
            out.push((at + blanks, part.trim()));
        }
        at += part.len() + 2;
    }
    out
}

/// Reads the description of one pod. It lists no others, so it says nothing of absence.
pub(super) fn description(text: &str) -> Option<Objects> {
    let value = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line[key.len()..].trim()).filter(|value| !value.is_empty())
    };
    let (name, node) = (value("Name:")?, value("Node:")?);
    let ip = value("IP:")?;
    let restarts = text.lines().filter_map(|line| line.trim().strip_prefix("Restart Count:"));
    let pod = Pod {
        namespace: value("Namespace:").map(str::to_owned),
        name: name.to_owned(),
        address: Address::read(ip),
        node: node.split('/').next().map(str::to_owned),
        volume: volume_of(name),
        replica: names_replica(name),
        restarts: restarts.filter_map(|count| count.trim().parse::<u64>().ok()).sum(),
        ..Pod::default()
    };
    Some(Objects { kinds: vec!["pod"], pods: vec![pod], ..Objects::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_its_columns() {
        let text = "NAME                READY   STATUS    RESTARTS     AGE   IP           NODE     NOMINATED NODE\n\
                    pvc-1-rep-1-x-y     0/1     Error     1 (6s ago)   11s   10.9.44.15   node-1   <none>\n\
                    other               1/1     Running   0            40d   <none>       node-2   <none>\n";
        let objects = table(text).unwrap();
        let pods: Vec<_> =
            objects.pods.iter().map(|pod| (pod.name.as_str(), pod.replica, pod.restarts)).collect();
        assert_eq!(pods, [("pvc-1-rep-1-x-y", true, 1), ("other", false, 0)]);
        assert_eq!(objects.pods[0].address, Address::read("10.9.44.15"));
        assert_eq!(objects.pods[1].address, None);
        assert_eq!(table("NAME READY\nx 1\n"), None);
        assert_eq!(table(""), None);
    }
}
