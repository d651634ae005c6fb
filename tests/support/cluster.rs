//! A cluster of files behind a stub of `kubectl`: volumes of both layouts, and whatever goes wrong in them.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// The volume in every cluster here.
pub const VOLUME: &str = "pvc-bd1e8235-7a63-5db9-b00e-04bd571e4b05";

/// A cluster. What it holds is written when a command is made.
#[derive(Debug)]
pub struct Cluster {
    /// The folder of the stub, its calls and its Jobs.
    pub dir: tempfile::TempDir,
    /// What it answers.
    pub holds: Value,
}

/// How the volume is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Old,
    Csi,
}

fn replica_pod(layout: Layout, number: usize, running: bool) -> Value {
    let (name, label, volume) = match layout {
        Layout::Old => (
            format!("{VOLUME}-rep-{number}-7d9-abcde"),
            json!({ "openebs.io/persistent-volume": VOLUME, "openebs.io/replica": "jiva-replica" }),
            json!({ "name": "openebs", "hostPath": { "path": format!("/var/openebs/{VOLUME}"), "type": "" } }),
        ),
        Layout::Csi => (
            format!("{VOLUME}-jiva-rep-{}", number - 1),
            json!({ "openebs.io/persistent-volume": VOLUME, "openebs.io/component": "jiva-replica" }),
            json!({ "name": "openebs", "persistentVolumeClaim": {
                "claimName": format!("openebs-{VOLUME}-jiva-rep-{}", number - 1) } }),
        ),
    };
    let state = if running {
        json!({ "running": {} })
    } else {
        json!({ "waiting": { "reason": "CrashLoopBackOff" } })
    };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "openebs", "uid": format!("uid-{number}"), "labels": label },
        "spec": { "nodeName": format!("node-{number}"), "containers": [{ "name": "jiva-replica" }], "volumes": [volume] },
        "status": { "phase": "Running", "podIP": format!("10.1.0.{number}"),
            "containerStatuses": [{ "name": "jiva-replica", "restartCount": 0, "state": state }] }
    })
}

fn controller(layout: Layout) -> Value {
    let (name, label) = match layout {
        Layout::Old => (
            format!("{VOLUME}-ctrl-5d8-vwxyz"),
            json!({ "openebs.io/controller": "jiva-controller",
            "openebs.io/persistent-volume": VOLUME }),
        ),
        Layout::Csi => (
            format!("{VOLUME}-jiva-ctrl-5d8-vwxyz"),
            json!({ "openebs.io/component": "jiva-controller",
            "openebs.io/persistent-volume": VOLUME }),
        ),
    };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "openebs", "uid": "uid-ctrl", "labels": label },
        "spec": { "nodeName": "node-1", "containers": [{ "name": "jiva-controller" }], "volumes": [] },
        "status": { "phase": "Running", "podIP": "10.1.0.9", "containerStatuses": [
            { "name": "jiva-controller", "restartCount": 0, "state": { "running": {} } }] }
    })
}

fn node(number: usize) -> Value {
    let name = format!("node-{number}");
    json!({ "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": name, "labels": { "kubernetes.io/hostname": name } },
        "status": { "conditions": [{ "type": "Ready", "status": "True" }] } })
}

fn volume() -> Value {
    json!({ "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": VOLUME },
        "spec": { "claimRef": { "name": "app-config", "namespace": "media" } } })
}

fn local_volume(number: usize) -> Value {
    json!({ "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": format!("pvc-local-{number}") },
        "spec": {
            "claimRef": { "name": format!("openebs-{VOLUME}-jiva-rep-{}", number - 1), "namespace": "openebs" },
            "local": { "path": format!("/var/openebs/local/pvc-local-{number}") },
            "nodeAffinity": { "required": { "nodeSelectorTerms": [{ "matchExpressions": [
                { "key": "kubernetes.io/hostname", "operator": "In", "values": [format!("node-{number}")] }] }] } } } })
}

fn deployment(number: usize, replicas: u64) -> Value {
    let labels = json!({ "openebs.io/persistent-volume": VOLUME, "openebs.io/replica": "jiva-replica" });
    json!({ "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": format!("{VOLUME}-rep-{number}"), "namespace": "openebs", "labels": labels },
        "spec": { "replicas": replicas, "template": { "metadata": { "labels": labels }, "spec": {
            "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{ "matchExpressions": [{ "key": "kubernetes.io/hostname", "operator": "In",
                    "values": [format!("node-{number}")] }] }] } } },
            "volumes": [{ "name": "openebs", "hostPath": { "path": format!("/var/openebs/{VOLUME}") } }] } } } })
}

/// A line that a replica logs.
const LOG: &str = "2026-11-28T09:41:44.1Z time=\"2026-11-28T09:41:44Z\" level=info msg=\"Creating volume openebs, size 1048576/512\"\n";

impl Cluster {
    /// Three replicas on three nodes, all running, two equal and one behind.
    pub fn new(layout: Layout) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["jobs", "made"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let stub = dir.path().join("kubectl");
        fs::write(&stub, include_str!("kubectl.py")).unwrap();
        fs::set_permissions(&stub, fs::Permissions::from_mode(0o755)).unwrap();
        let replicas = dir.path().join("replicas");
        super::tiny::stale(&replicas);
        let pods: Vec<Value> =
            (1..=3).map(|number| replica_pod(layout, number, true)).chain([controller(layout)]).collect();
        let (volumes, workloads) = match layout {
            Layout::Old => (vec![volume()], (1..=3).map(|number| deployment(number, 1)).collect()),
            Layout::Csi => ([volume()].into_iter().chain((1..=3).map(local_volume)).collect(), Vec::new()),
        };
        let program = collects().then_some(env!("CARGO_BIN_EXE_jivascope"));
        let at = |number: usize| replicas.join(format!("rep-{number}")).display().to_string();
        let listed = [1, 2, 3].map(|number| json!({ "address": format!("tcp://10.1.0.{number}:9502"), "mode": "RW", "type": "replica" }));
        let holds = json!({
            "program": program,
            "lists": { "pods": pods, "pv": volumes, "nodes": [node(1), node(2), node(3)],
                "deployments,statefulsets": workloads, "events": [], "jivavolumes.openebs.io": [] },
            "replicas": { "node-1": at(1), "node-2": at(2), "node-3": at(3) },
            "raw": { "volumes": { "type": "collection", "data": [{ "name": VOLUME, "readOnly": "false", "replicaCount": 3, "type": "volume" }] },
                "replicas": { "type": "collection", "resourceType": "replica", "data": listed } },
            "denied": [], "forbidden": [], "pods": {}, "events": {}, "restarted": [], "cut": [],
            "log": LOG, "answers lost": false, "slow": false, "kept": null,
        });
        Self { dir, holds }
    }

    /// The replica of this number is stopped: its Deployment is scaled to zero, or its pod is gone.
    pub fn stop(&mut self, number: usize) {
        let name = format!("node-{number}");
        let lists = &mut self.holds["lists"];
        let pods = lists["pods"].as_array_mut().unwrap();
        pods.retain(|pod| pod["spec"]["nodeName"] != name.as_str() || pod["metadata"]["uid"] == "uid-ctrl");
        for one in lists["deployments,statefulsets"].as_array_mut().unwrap() {
            if one["metadata"]["name"] == format!("{VOLUME}-rep-{number}") {
                one["spec"]["replicas"] = json!(0);
            }
        }
    }

    /// The pod of a replica.
    pub fn pod(&mut self, number: usize) -> &mut Value {
        &mut self.holds["lists"]["pods"][number - 1]
    }

    /// A command on this cluster.
    pub fn command(&self, arguments: &[&str]) -> Command {
        fs::write(self.dir.path().join("cluster.json"), self.holds.to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
        command.arg("collect-pvc").args(arguments).arg("--kubectl").arg(self.dir.path().join("kubectl"));
        command.current_dir(self.dir.path()).stdin(Stdio::null()).env_remove("NO_COLOR");
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> super::cli::Ran {
        let output = self.command(arguments).output().unwrap();
        super::cli::Ran {
            code: output.status.code().expect("no signal ended it"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// What the stub was asked, each call in words.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.dir.path().join("calls")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Names of Jobs in the cluster.
    pub fn jobs(&self) -> Vec<String> {
        names(&self.dir.path().join("jobs"))
    }

    /// Every Job that ever was, in the order of their nodes.
    pub fn made(&self) -> Vec<Value> {
        let place = self.dir.path().join("made");
        let read = |name: &String| fs::read_to_string(place.join(name)).unwrap();
        let mut out: Vec<Value> =
            names(&place).iter().map(|name| serde_json::from_str(&read(name)).unwrap()).collect();
        out.sort_by_key(|job| job["spec"]["template"]["spec"]["nodeName"].to_string());
        out
    }
}

/// The names in a directory, sorted.
pub fn names(place: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(place) else { return Vec::new() };
    let mut out: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    out.sort();
    out
}

/// Every file below a directory, by its path from there.
pub fn files(place: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(place).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    let mut out: Vec<PathBuf> =
        files.map(|entry| entry.path().strip_prefix(place).unwrap().to_owned()).collect();
    out.sort();
    out
}

/// Whether the program makes capsules; where it does not, the stub sends an archive.
fn collects() -> bool {
    let help = super::cli::run(["--help"]).out;
    help.lines().any(|line| line.trim_start().starts_with("collect "))
}
