//! A visit that is only written down: the commands that a run would give, with words in capitals for what earlier answers
//! would say.

use super::call::Call;
use super::job::{self, Wish};
use super::run::Settings;
use super::steps::{Question, Steps};

/// What a dry run shows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shown {
    /// A heading.
    About(String),
    /// A command.
    Command(Call),
    /// A manifest, and the file that it would be in.
    Manifest(std::path::PathBuf, String),
}

/// The commands of a visit, in their order. Nothing is asked and nothing is written.
pub fn plan(settings: &Settings, steps: &Steps, to: &std::path::Path) -> Vec<Shown> {
    let namespace = settings.namespace.as_ref().map_or("NAMESPACE", |name| name.as_str());
    let at = |below: &str, name: &str| to.join(below).join(name);
    let mut out = Vec::new();
    let about = |out: &mut Vec<Shown>, text: &str| out.push(Shown::About(text.to_owned()));
    let kept = |mut call: Call, below: &str, name: &str| {
        call.to = Some(at(below, name));
        Shown::Command(call)
    };
    about(&mut out, "find the volume, its pods, nodes and directories");
    let scope = settings.namespace.as_ref().map(|name| name.as_str());
    for (kinds, scope, name) in [
        ("pv", None, "pv.json"),
        ("pods", None, "pods.json"),
        ("nodes", None, "nodes.json"),
        ("deployments,statefulsets", scope, "workloads.json"),
        ("events", Some(namespace), "events.json"),
        ("jivavolumes.openebs.io", Some(namespace), "jivavolumes.json"),
    ] {
        out.push(kept(steps.list(kinds, scope), "kube", name));
    }
    about(&mut out, "for each controller CONTROLLER: its lists, never its statistics");
    for question in Question::ALL {
        let call = steps.controller(namespace, "CONTROLLER", question);
        out.push(kept(call, "controller/CONTROLLER", &format!("{}.json", question.as_str())));
    }
    about(
        &mut out,
        "for each container CONTAINER of each POD of the volume: its log, and the one before a restart",
    );
    out.push(kept(steps.log(namespace, "POD", "CONTAINER", false), "logs", "POD.CONTAINER.log"));
    out.push(kept(steps.log(namespace, "POD", "CONTAINER", true), "logs", "POD.CONTAINER.previous.log"));
    if let Some(image) = &settings.image {
        about(&mut out, "before anything is made: whether it may be made, used and removed");
        for (verb, resource) in super::replicas::RIGHTS {
            out.push(Shown::Command(steps.may(verb, resource, namespace)));
        }
        about(
            &mut out,
            "for each NODE and PATH of a replica, stopped ones first: a Job that mounts it read-only",
        );
        let manifest = at("jobs", "NODE.json");
        let wish =
            Wish { job: "JOB", namespace, node: "NODE", path: "PATH", image, seconds: settings.deadline() };
        out.push(Shown::Manifest(manifest.clone(), job::manifest_text(&wish)));
        out.push(Shown::Command(steps.create(namespace, &manifest)));
        out.push(Shown::Command(steps.pod(namespace, "JOB")));
        let seconds = settings.reading.as_secs();
        out.push(kept(steps.collect(namespace, "JOB-POD", seconds), "capsules", "NODE.capsule"));
        out.push(Shown::Command(steps.remove(namespace, "JOB")));
    }
    about(&mut out, "what changed meanwhile");
    out.push(kept(steps.list("pods", Some(namespace)), "kube-later", "pods.json"));
    if !settings.apart.is_zero() {
        let text = format!("at least {} seconds after the first list: the second", settings.apart.as_secs());
        about(&mut out, &text);
        for question in Question::ALL {
            let call = steps.controller(namespace, "CONTROLLER", question);
            out.push(kept(call, "controller-later/CONTROLLER", &format!("{}.json", question.as_str())));
        }
    }
    out
}
