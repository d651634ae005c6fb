//! The names that the commands of a volume use: namespace, controller, and of each replica its Deployment, node, directory.
//! What a person gave counts first, then what Kubernetes objects show; the rest is to be filled in.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::Volume;
use crate::ident::Label;
use crate::witness::{Home, Layout};

/// Where the replicas of a volume live, as a person gives it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Site {
    /// How the replicas are run.
    pub layout: Option<Layout>,
    /// The name of the persistent volume.
    pub volume: Option<String>,
    /// The namespace of the controller and the replicas.
    pub namespace: Option<String>,
    /// The node of each replica.
    pub nodes: BTreeMap<Label, String>,
    /// The directory of each replica on its node.
    pub paths: BTreeMap<Label, String>,
    /// The Deployment of each replica.
    pub deployments: BTreeMap<Label, String>,
}

/// A variable, what it is for, and its value where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub what: String,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// The names of one volume.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) layout: Layout,
    /// In a fixed order.
    pub(super) variables: Vec<Variable>,
}

impl Names {
    /// Those of a volume.
    pub(super) fn of(volume: &Volume, site: &Site) -> Self {
        let seen = &volume.places;
        let layout = site.layout.or(seen.layout).unwrap_or_else(|| guessed(volume));
        let set = layout == Layout::StatefulSet;
        // The old provisioner's directories have the volume's name; those of CSI do not.
        let own = Some(&volume.name).filter(|name| !set && name.starts_with("pvc-"));
        let name = site.volume.as_ref().or(seen.volume.as_ref()).or(own).cloned();
        let part = |of: &str| name.as_ref().map(|name| format!("{name}{of}"));
        let mut out = Vec::new();
        let mut add = |name: &str, what: String, value: Option<String>| {
            out.push(Variable { name: name.to_owned(), what, value });
        };
        let openebs = || Some("openebs".to_owned());
        let namespace = site.namespace.clone().or_else(|| seen.namespace.clone()).or_else(openebs);
        add("NAMESPACE", "namespace of the controller and the replicas".to_owned(), namespace);
        let what = "what uses the volume, as in deployment/NAME, and its namespace in WORKLOAD_NAMESPACE";
        add("WORKLOAD", what.to_owned(), seen.workload.clone());
        add(
            "WORKLOAD_NAMESPACE",
            "namespace of what uses the volume".to_owned(),
            seen.workload_namespace.clone(),
        );
        add("VOLUME", "name of the persistent volume".to_owned(), name.clone());
        let controller = seen.controller.clone().or_else(|| part(if set { "-jiva-ctrl" } else { "-ctrl" }));
        add("CONTROLLER", "Deployment of the controller".to_owned(), controller);
        if set {
            add("REPLICAS", "StatefulSet of the replicas".to_owned(), part("-jiva-rep"));
            let what = "Deployment of the operator, which would change what is stopped here";
            add("OPERATOR", what.to_owned(), seen.operator.clone());
        }
        for (number, replica) in (1..).zip(&volume.replicas) {
            let label = &replica.label;
            let home = seen.homes.get(label);
            let of = |what: &str, given: bool| match home.filter(|_| !given) {
                Some(home) => format!("{what} (by {})", home.by),
                None => what.to_owned(),
            };
            let value = |given: &BTreeMap<Label, String>, seen: fn(&Home) -> &Option<String>| {
                given.get(label).cloned().or_else(|| home.and_then(|home| seen(home).clone()))
            };
            if !set {
                let what = of(&format!("Deployment of {label}"), site.deployments.contains_key(label));
                add(&format!("REPLICA_{number}"), what, value(&site.deployments, |home| &home.deployment));
            }
            let what = of(&format!("node of {label}"), site.nodes.contains_key(label));
            add(&format!("NODE_{number}"), what, value(&site.nodes, |home| &home.node));
            let what = of(&format!("directory of {label} on its node"), site.paths.contains_key(label));
            add(&format!("DIR_{number}"), what, value(&site.paths, |home| &home.path));
        }
        Self { layout, variables: out }
    }

    /// The value of a variable, if it is known.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|one| one.name == name)?.value.as_deref()
    }

    /// The variables that a script uses.
    pub(super) fn used<'a>(&'a self, script: &str) -> Vec<&'a Variable> {
        let used = |one: &&Variable| {
            [format!("${{{}}}", one.name), format!("${{{}%", one.name)]
                .iter()
                .any(|use_| script.contains(use_))
        };
        self.variables.iter().filter(used).collect()
    }
}

/// Directories of CSI have a `pvc-` name each; those of the old provisioner have one and the same.
fn guessed(volume: &Volume) -> Layout {
    let names = volume.replicas.iter().filter_map(|replica| replica.volume.as_deref());
    let names: std::collections::BTreeSet<&str> = names.collect();
    if names.len() > 1 { Layout::StatefulSet } else { Layout::Deployments }
}
