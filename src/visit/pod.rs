//! The pod of a Job: whether it can be asked, and why not.

use super::name::Name;
use super::object::{Event, Pod};

/// How far it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// It runs.
    Runs(Name),
    /// It may still come.
    Waits(String),
    /// It will not.
    Failed(String),
}

/// Reasons of a waiting container that do not go away by waiting.
const HOPELESS: &[&str] = &[
    "InvalidImageName",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

/// Reads it from the list of the pods of the Job.
pub(super) fn start(pods: &[Pod]) -> Start {
    let Some(pod) = pods.first() else { return Start::Waits("the cluster has made no pod".to_owned()) };
    let Some(name) = pod.metadata.name.as_deref().and_then(Name::new) else {
        return Start::Failed("its pod has no name that could be used".to_owned());
    };
    let states = || pod.status.container_statuses.iter().flatten().filter_map(|one| one.state.as_ref());
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let words = |reason: &Option<String>, message: &Option<String>| {
        [text(reason), text(message)].into_iter().flatten().collect::<Vec<_>>().join(": ")
    };
    match pod.status.phase.as_deref() {
        Some("Failed" | "Succeeded") => {
            let own = words(&pod.status.reason, &pod.status.message);
            let ended = states().find_map(|state| state.terminated.as_ref());
            let its = ended.map(|one| words(&one.reason, &one.message)).unwrap_or_default();
            let why = if own.is_empty() { its } else { own };
            return Start::Failed(format!("its pod has ended ({})", cut(&why)));
        }
        Some("Running") if states().any(|state| state.running.is_some()) => return Start::Runs(name),
        _ => {}
    }
    let waiting = states().find_map(|state| state.waiting.as_ref());
    let Some(waiting) = waiting else { return Start::Waits("its pod is not started".to_owned()) };
    let why = cut(&words(&waiting.reason, &waiting.message));
    if waiting.reason.as_deref().is_some_and(|reason| HOPELESS.contains(&reason)) {
        return Start::Failed(why);
    }
    Start::Waits(why)
}

/// What events say of a pod that does not start: that its directory is not there, or the last of their reasons.
pub(super) fn reason(events: &[Event]) -> Option<Reason> {
    let missing = |text: &str| text.contains("hostPath type check failed");
    let messages = || events.iter().filter_map(|event| event.message.as_deref());
    if messages().any(missing) {
        return Some(Reason::NoDirectory);
    }
    let telling = |event: &&Event| {
        event.reason.as_deref().is_some_and(|reason| reason.starts_with("Failed") || reason == "Evicted")
    };
    let last = events.iter().rfind(telling)?;
    Some(Reason::Other(cut(last.message.as_deref()?)))
}

/// Why a pod does not start.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There is no such directory on the node.
    NoDirectory,
    /// Something else, in the cluster's words.
    Other(String),
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}
