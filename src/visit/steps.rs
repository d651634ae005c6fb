//! Every command of a visit, made in one place: a run and a dry run say the same.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::call::{Call, MOST};
use super::job::{CONTAINER, MOUNT, PROGRAM};

/// Seconds that the API server has for an answer.
const ANSWER: u64 = 60;

/// Seconds that a controller has: a frozen one never answers.
const CONTROLLER: u64 = 20;

/// Seconds that a Job and its pod have to go.
const REMOVAL: u64 = 90;

/// Most bytes of one log.
const LOG: u64 = 4 << 30;

/// Makes commands. A placeholder in capitals may stand for what an earlier answer gives; no object can be called so.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Steps {
    /// The context of the user's configuration, unless the current one is meant.
    pub context: Option<String>,
    /// The user's configuration, unless it is where it usually is.
    pub kubeconfig: Option<PathBuf>,
}

impl Steps {
    /// A command that asks and changes nothing.
    fn ask(&self, why: &str, words: &[&str]) -> Call {
        self.call(why, words, ANSWER)
    }

    fn call(&self, why: &str, words: &[&str], seconds: u64) -> Call {
        let mut all: Vec<OsString> = Vec::new();
        if let Some(file) = &self.kubeconfig {
            all.push([OsStr::new("--kubeconfig="), file.as_os_str()].into_iter().collect());
        }
        if let Some(context) = &self.context {
            all.push(format!("--context={context}").into());
        }
        all.extend(words.iter().map(OsString::from));
        // Somewhat longer than the program waits itself, so that it can say why it gave up.
        let limit = Duration::from_secs(seconds + 10);
        Call { why: why.to_owned(), words: all, changes: false, whole: false, most: MOST, limit, to: None }
    }

    /// A list of objects of all namespaces, or of one.
    pub(super) fn list(&self, kinds: &str, namespace: Option<&str>) -> Call {
        let mut words = vec!["get", kinds];
        match namespace {
            Some(namespace) => words.extend(["-n", namespace]),
            None if matches!(kinds, "pv" | "nodes") => {}
            None => words.push("-A"),
        }
        let timeout = format!("--request-timeout={ANSWER}s");
        words.extend(["-o", "json", &timeout]);
        self.ask(&format!("list {kinds}"), &words)
    }

    /// Whether the user may do something. The answer is its exit code.
    pub(super) fn may(&self, verb: &str, resource: &str, namespace: &str) -> Call {
        let why = format!("ask whether you may {verb} {resource}");
        self.ask(&why, &["auth", "can-i", verb, resource, "-n", namespace, "--quiet"])
    }

    /// The log of a container, or of the one that ran before it.
    pub(super) fn log(&self, namespace: &str, pod: &str, container: &str, previous: bool) -> Call {
        let mut words = vec!["logs", "-n", namespace, pod, "-c", container, "--timestamps"];
        if previous {
            words.push("--previous");
        }
        let mut call = self.call("take a log", &words, 10 * ANSWER);
        call.most = LOG;
        call
    }

    /// A question to the controller, through the API server. Which questions are asked at all is said here: the list of
    /// volumes, which a frozen controller still answers, and the list of replicas. Never its statistics: that question can
    /// stop it for 16 minutes where the host of a replica is gone.
    pub(super) fn controller(&self, namespace: &str, pod: &str, question: Question) -> Call {
        let asked = question.as_str();
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}:9501/proxy/v1/{asked}");
        let timeout = format!("--request-timeout={CONTROLLER}s");
        let why = format!("ask the controller for its list of {asked}");
        self.call(&why, &["get", "--raw", &path, &timeout], CONTROLLER)
    }

    /// Makes a Job of a manifest.
    pub(super) fn create(&self, namespace: &str, manifest: &Path) -> Call {
        let mut call = self.ask("start a pod that can read the replica", &["create", "-n", namespace, "-f"]);
        call.words.push(manifest.into());
        (call.changes, call.whole) = (true, true);
        call
    }

    /// The pod of a Job.
    pub(super) fn pod(&self, namespace: &str, job: &str) -> Call {
        let label = format!("job-name={job}");
        self.ask("look whether it runs", &["get", "pods", "-n", namespace, "-l", &label, "-o", "json"])
    }

    /// What happened to an object.
    pub(super) fn events(&self, namespace: &str, object: &str) -> Call {
        let selector = format!("--field-selector=involvedObject.name={object}");
        self.ask("ask why it does not run", &["get", "events", "-n", namespace, &selector, "-o", "json"])
    }

    /// Reads the replica in the pod; the capsule comes over the connection.
    pub(super) fn collect(&self, namespace: &str, pod: &str, seconds: u64) -> Call {
        let words =
            ["exec", "-n", namespace, pod, "-c", CONTAINER, "--", PROGRAM, "collect", MOUNT, "--to", "-"];
        let mut call = self.call("read the replica into a capsule", &words, seconds);
        call.most = u64::MAX;
        call
    }

    /// Removes a Job and its pod, and waits until both are gone.
    pub(super) fn remove(&self, namespace: &str, job: &str) -> Call {
        let timeout = format!("--timeout={REMOVAL}s");
        let words = [
            "delete",
            "jobs",
            job,
            "-n",
            namespace,
            "--ignore-not-found",
            "--cascade=foreground",
            "--wait",
            &timeout,
        ];
        let mut call = self.call("remove it", &words, REMOVAL);
        call.changes = true;
        call
    }
}

/// What a controller is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Volumes,
    Replicas,
}

impl Question {
    /// In the order in which they are asked.
    pub(super) const ALL: [Self; 2] = [Self::Volumes, Self::Replicas];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Volumes => "volumes",
            Self::Replicas => "replicas",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_questions_are_asked_of_a_controller() {
        let steps = Steps::default();
        let asked: Vec<String> =
            Question::ALL.iter().map(|one| steps.controller("n", "p", *one).shown("kubectl")).collect();
        assert!(asked[0].contains("pods/p:9501/proxy/v1/volumes "), "{}", asked[0]);
        assert!(asked[1].contains("pods/p:9501/proxy/v1/replicas "), "{}", asked[1]);
    }

    #[test]
    fn what_changes_the_cluster_is_marked() {
        let steps = Steps { context: Some("a b".to_owned()), kubeconfig: Some("/k".into()) };
        let create = steps.create("n", Path::new("dir/job.json"));
        let remove = steps.remove("n", "j");
        assert!(create.changes && remove.changes);
        assert_eq!(
            create.shown("kubectl"),
            "kubectl --kubeconfig=/k '--context=a b' create -n n -f dir/job.json"
        );
        let others = [
            steps.list("pv", None),
            steps.may("create", "jobs", "n"),
            steps.log("n", "p", "c", true),
            steps.pod("n", "j"),
            steps.events("n", "p"),
            steps.collect("n", "p", 5),
        ];
        for other in others {
            assert!(!other.changes, "{}", other.shown("kubectl"));
        }
    }
}
