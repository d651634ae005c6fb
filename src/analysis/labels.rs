//! One label, one replica: everything is looked up by label, so two of one label would be mixed up.

use std::collections::BTreeSet;

use crate::evidence::{Evidence, Found};
use crate::ident::Label;

/// The label of each, in the order given. Of those that share one, the first by path keeps it; the others get a number
/// behind it: `a`, `a#2`, `a#3`.
pub(super) fn distinct(replicas: &[Found]) -> Vec<Label> {
    let mut labels: Vec<Label> = replicas.iter().map(|found| found.label.clone()).collect();
    let given: BTreeSet<&Label> = replicas.iter().map(|found| &found.label).collect();
    if given.len() == replicas.len() {
        return labels;
    }
    let mut by_path: Vec<usize> = (0..replicas.len()).collect();
    by_path.sort_by_key(|&at| (&replicas[at].path, at));
    let mut taken: BTreeSet<Label> = BTreeSet::new();
    for at in by_path {
        if taken.insert(replicas[at].label.clone()) {
            continue;
        }
        let numbered = (2u64..).map(|n| Label::new(format!("{}#{n}", replicas[at].label)));
        let free = numbered.into_iter().find(|label| !given.contains(label) && !taken.contains(label));
        labels[at] = free.expect("there are more numbers than replicas");
        taken.insert(labels[at].clone());
    }
    labels
}

/// Makes the labels of the evidence distinct, and says so under the inputs.
pub(super) fn make_distinct(evidence: &mut Evidence) {
    let labels = distinct(&evidence.replicas);
    if labels.iter().zip(&evidence.replicas).all(|(label, found)| *label == found.label) {
        return;
    }
    for (found, label) in evidence.replicas.iter_mut().zip(labels) {
        if found.label == label {
            continue;
        }
        if let Some(input) = evidence.inputs.get_mut(found.input) {
            let (path, shared) = (&found.path, &found.label);
            input.remarks.push(format!("{path}: another replica is labelled {shared}; this one is {label}"));
            input.replicas.push(label.clone());
            input.replicas.sort();
        }
        found.label = label;
    }
    evidence.replicas.sort_by(|a, b| a.label.cmp(&b.label));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::{Options, analyze, describe};
    use crate::evidence::{InputKind, InputReport, MemorySource};

    fn found(label: &str, path: &str, size: u64) -> Found {
        let meta = format!(
            r#"{{"Size":{size},"Head":"volume-head-000.img","Dirty":false,"Rebuilding":false,"Parent":"","SectorSize":512,
                "BackingFileName":"","CloneStatus":"NA","Checkpoint":"","RevisionCounter":1}}"#
        );
        Found {
            label: Label::from(label),
            path: path.to_owned(),
            input: 0,
            source: Arc::new(MemorySource::new().file("volume.meta", meta)),
            labelled: true,
            volume: None,
            damage: Vec::new(),
        }
    }

    #[test]
    fn labels_that_are_distinct_stay_and_others_get_numbers_by_path() {
        let labels = |of: &[(&str, &str)]| {
            let replicas: Vec<Found> = of.iter().map(|(label, path)| found(label, path, 4096)).collect();
            distinct(&replicas).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(labels(&[("b", "1"), ("a", "2")]), ["b", "a"]);
        assert_eq!(labels(&[("a", "2"), ("a", "1"), ("a", "3")]), ["a#2", "a", "a#3"]);
        assert_eq!(labels(&[("a", "1"), ("a", "2"), ("a#2", "0")]), ["a", "a#3", "a#2"]);
        assert_eq!(labels(&[("a", "same"), ("a", "same")]), ["a", "a#2"]);
    }

    /// Each answer stands under the label of the replica that it is about, whatever the order.
    #[test]
    fn two_replicas_of_one_label_are_not_mixed_up() {
        let input = InputReport {
            input: "given".to_owned(),
            kind: InputKind::Directory,
            replicas: vec![Label::from("a")],
            vacant: Vec::new(),
            remarks: Vec::new(),
            incomplete: Vec::new(),
            testimonies: Vec::new(),
        };
        for paths in [["one", "two"], ["two", "one"]] {
            let replicas =
                || paths.map(|path| found("a", path, if path == "one" { 4096 } else { 8192 })).to_vec();
            let evidence = || Evidence { inputs: vec![input.clone()], replicas: replicas() };
            let sizes: Vec<_> = describe(&evidence(), &())
                .iter()
                .map(|replica| (replica.label.to_string(), replica.path.clone(), replica.size))
                .collect();
            let expected = [("a", "one", 4096), ("a#2", "two", 8192)];
            let expected =
                expected.map(|(label, path, size)| (label.to_owned(), path.to_owned(), Some(size)));
            assert_eq!(sizes, expected);
            let analysis = analyze(evidence(), Options::default(), &());
            let labels = ["a", "a#2"].map(Label::from);
            assert_eq!(analysis.inputs[0].replicas, labels);
            assert!(
                analysis.inputs[0]
                    .remarks
                    .contains(&"two: another replica is labelled a; this one is a#2".to_owned())
            );
            assert_eq!(
                analysis.volumes[0].verdict.must_not_wipe.iter().collect::<BTreeSet<_>>().len(),
                analysis.volumes[0].verdict.must_not_wipe.len()
            );
            assert_eq!(
                analysis.volumes[0].replicas.iter().map(|one| one.label.clone()).collect::<Vec<_>>(),
                labels
            );
        }
    }
}
