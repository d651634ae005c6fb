//! Labels and volume names from paths.

use std::collections::BTreeSet;

/// The shortest parts of paths that tell them apart, and apart from the names taken already.
///
/// First choice is a single component at one depth, counted from the end, that differs in all of them
/// (the node names in `k8s03/var/openebs/pvc-1`, `k8s05/var/openebs/pvc-1`); the last one without a UUID in it, since
/// people know a thing by a node's name; then the shortest ending of one length. `None` where whole paths are equal.
pub(super) fn distinguish(paths: &[&[String]], taken: &BTreeSet<String>) -> Option<Vec<String>> {
    let deepest = paths.iter().map(|path| path.len()).max().unwrap_or(0);
    let single = |depth: usize| {
        let part = |path: &&[String]| Some(path.get(path.len().checked_sub(depth)?)?.clone());
        unique(paths.iter().map(part).collect::<Option<_>>()?, taken)
    };
    let ending = |len: usize| {
        unique(paths.iter().map(|path| path[path.len().saturating_sub(len)..].join("/")).collect(), taken)
    };
    let known = |labels: &Vec<String>| !labels.iter().any(|label| has_uuid(label));
    let mut singles = (1..=deepest).filter_map(single);
    let last = singles.next();
    match last {
        Some(last) if !known(&last) => singles.find(known).or(Some(last)),
        Some(last) => Some(last),
        None => (2..=deepest).find_map(ending),
    }
}

fn unique(labels: Vec<String>, taken: &BTreeSet<String>) -> Option<Vec<String>> {
    let set: BTreeSet<&String> = labels.iter().collect();
    let good = set.len() == labels.len() && labels.iter().all(|l| !l.is_empty() && !taken.contains(l));
    good.then_some(labels)
}

/// Labels where even whole paths do not tell apart: counted in the order given.
pub(super) fn count(paths: &[&[String]], taken: &BTreeSet<String>) -> Vec<String> {
    let mut taken = taken.clone();
    paths
        .iter()
        .map(|path| {
            let base = path.last().map_or("replica", String::as_str);
            let numbered = (2u64..).map(|n| format!("{base}#{n}"));
            let label = std::iter::once(base.to_owned()).chain(numbered).find(|l| taken.insert(l.clone()));
            label.unwrap_or_default()
        })
        .collect()
}

/// The volume's name, where the last part of the path or the one above looks like one: `pvc-…`.
///
/// Old installations name every replica's directory so; under CSI the name is that of the replica's own
/// claim, sometimes behind a namespace and the claim's name.
pub(super) fn volume(path: &[String]) -> Option<String> {
    path.iter().rev().take(2).find_map(|part| {
        if let Some(at) = part.match_indices("pvc-").map(|(at, _)| at).find(|&at| is_uuid(&part[at + 4..])) {
            return Some(part[at..at + 40].to_owned());
        }
        (part.len() > 4 && part.starts_with("pvc-")).then(|| part.clone())
    })
}

fn has_uuid(text: &str) -> bool {
    text.char_indices().any(|(at, _)| is_uuid(&text[at..]))
}

fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 36
        && bytes[..36].iter().enumerate().all(|(n, b)| match n {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn labels_are_as_short_as_they_may_be() {
        for (paths, expected) in [
            (&["a/rep-1"][..], Some(&["rep-1"][..])),
            (&["a/rep-1", "a/rep-2"], Some(&["rep-1", "rep-2"])),
            (&["n/k8s03/var/pvc-1", "n/k8s05/var/pvc-1"], Some(&["k8s03", "k8s05"])),
            (&["k1/pvc-1", "k1/pvc-2", "k2/pvc-1"], Some(&["k1/pvc-1", "k1/pvc-2", "k2/pvc-1"])),
            (&["x/rep", "rep"], Some(&["x/rep", "rep"])),
            (&["x/rep", "taken"], Some(&["x/rep", "y/taken"])),
            (
                &[
                    "node1/pvc-a634b9a3-fdaa-4b45-9dc3-2486e716d755",
                    "node2/pvc-b634b9a3-fdaa-4b45-9dc3-2486e716d755",
                ],
                Some(&["node1", "node2"]),
            ),
            (
                &["d/a634b9a3-fdaa-4b45-9dc3-2486e716d755", "d/b634b9a3-fdaa-4b45-9dc3-2486e716d755"],
                Some(&["a634b9a3-fdaa-4b45-9dc3-2486e716d755", "b634b9a3-fdaa-4b45-9dc3-2486e716d755"]),
            ),
            (&["x/rep", "x/rep"], None),
        ] {
            let paths: Vec<Vec<String>> =
                paths.iter().map(|p| path(&p.replace("taken", "y/taken"))).collect();
            let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
            let expected = expected.map(|e| e.iter().map(|&e| e.to_owned()).collect::<Vec<_>>());
            assert_eq!(distinguish(&paths, &BTreeSet::from(["taken".to_owned(), "y".to_owned()])), expected);
        }
    }

    #[test]
    fn equal_paths_are_counted() {
        let rep = path("a/rep");
        let labels = count(&[&rep, &rep], &BTreeSet::from(["rep".to_owned()]));
        assert_eq!(labels, ["rep#2", "rep#3"]);
    }

    #[test]
    fn volume_names() {
        let uuid = "pvc-a634b9a3-fdaa-4b45-9dc3-2486e716d755";
        for (text, expected) in [
            (format!("var/openebs/{uuid}"), Some(uuid)),
            (format!("{uuid}/rep-1"), Some(uuid)),
            (format!("{uuid}/k8s03/rep-1"), None),
            (format!("default-data-{uuid}/openebs"), Some(uuid)),
            (format!("{uuid}-rep1"), Some(uuid)),
            ("x/pvc-data".to_owned(), Some("pvc-data")),
            ("x/pvc-".to_owned(), None),
            ("x/my-pvc-data".to_owned(), None),
        ] {
            assert_eq!(volume(&path(&text)).as_deref(), expected, "{text}");
        }
    }
}
