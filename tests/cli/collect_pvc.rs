//! `collect-pvc` against a stub of kubectl: both layouts, missing rights, nodes and pods that fail, hostile names; what it
//! does, what it asks, and what it leaves behind.
#![cfg(feature = "cli")]

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::cluster::{Cluster, Layout, VOLUME, files, names};
use crate::support::evil::{EVIL, is_harmless};

/// The usual command line, without the minute between two lists.
const USUAL: &[&str] =
    &["media/app-config", "--image", "registry.example/jivascope:1", "--to", "out", "--apart", "0"];

fn with(more: &[&'static str]) -> Vec<&'static str> {
    [USUAL, more].concat()
}

fn record(cluster: &Cluster) -> Value {
    serde_json::from_str(&fs::read_to_string(cluster.dir.path().join("out/visit.json")).unwrap()).unwrap()
}

fn capsules(cluster: &Cluster) -> Vec<String> {
    names(&cluster.dir.path().join("out/capsules"))
}

/// What holds of every run: no replica path was ever mounted writable, a controller was never asked for its statistics,
/// and nothing but Jobs of its own was made or removed.
fn holds_always(cluster: &Cluster) {
    for job in cluster.made() {
        let spec = &job["spec"]["template"]["spec"];
        let volumes = spec["volumes"].as_array().unwrap();
        assert_eq!(volumes.len(), 1);
        assert_eq!(volumes[0]["hostPath"]["type"], "Directory", "{job}");
        for container in spec["containers"].as_array().unwrap() {
            let mounts = container["volumeMounts"].as_array().unwrap();
            assert!(!mounts.is_empty() && mounts.iter().all(|mount| mount["readOnly"] == true), "{job}");
            assert_eq!(container["securityContext"]["privileged"], false);
            assert_eq!(container["securityContext"]["capabilities"], json!({ "drop": ["ALL"] }));
        }
        assert!(spec.get("initContainers").is_none() && spec.get("hostPID").is_none(), "{job}");
    }
    let made: Vec<String> =
        cluster.made().iter().map(|job| job["metadata"]["name"].as_str().unwrap().to_owned()).collect();
    for call in cluster.calls() {
        assert!(!call.iter().any(|word| word.contains("stats")), "{call:?}");
        let verb = call.iter().find(|word| !word.starts_with("--")).unwrap().as_str();
        match verb {
            "get" | "logs" | "auth" => {}
            "create" => assert!(call.iter().any(|word| word.ends_with(".json")), "{call:?}"),
            "exec" => assert!(
                call.iter().any(|word| word == "collect") && call.contains(&"/replica".to_owned()),
                "{call:?}"
            ),
            "delete" => assert!(call[1] == "jobs" && made.contains(&call[2]), "{call:?}"),
            other => panic!("{other}: {call:?}"),
        }
    }
}

#[test]
fn both_layouts_come_home_and_nothing_stays() {
    for layout in [Layout::Csi, Layout::Old] {
        let cluster = Cluster::new(layout);
        let ran = cluster.run(USUAL);
        assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
        assert_eq!(capsules(&cluster), ["node-1.capsule", "node-2.capsule", "node-3.capsule"]);
        assert!(cluster.jobs().is_empty(), "{:?}", cluster.jobs());
        holds_always(&cluster);
        let paths: Vec<Value> = cluster
            .made()
            .iter()
            .map(|job| job["spec"]["template"]["spec"]["volumes"][0]["hostPath"]["path"].clone())
            .collect();
        let wanted = |number| match layout {
            Layout::Old => json!(format!("/var/openebs/{VOLUME}")),
            Layout::Csi => json!(format!("/var/openebs/local/pvc-local-{number}")),
        };
        assert_eq!(paths, [wanted(1), wanted(2), wanted(3)]);
        // Each runs, which is said.
        assert_eq!(ran.err.matches("its replica runs").count(), 3, "{}", ran.err);
        let below: Vec<String> =
            files(&cluster.dir.path().join("out")).iter().map(|file| file.display().to_string()).collect();
        for wanted in [
            "kube/pods.json",
            "kube/pv.json",
            "kube/nodes.json",
            "kube/events.json",
            "kube/taken-at.txt",
            "kube-later/pods.json",
            "visit.json",
        ] {
            assert!(below.contains(&wanted.to_owned()), "{wanted}: {below:?}");
        }
        for ending in ["/replicas.json", "/volumes.json", "/taken-at.txt"] {
            assert!(
                below.iter().any(|file| file.starts_with("controller/") && file.ends_with(ending)),
                "{below:?}"
            );
        }
        assert_eq!(below.iter().filter(|file| file.starts_with("logs/")).count(), 4, "{below:?}");
        // Every command is shown before it runs, and all that was run is shown.
        let shown = ran.out.lines().filter(|line| line.starts_with("$ ")).count();
        assert_eq!(shown, cluster.calls().len(), "{}", ran.out);
        // What came home gives the answer that the replicas themselves give.
        assert!(ran.out.ends_with("next: jivascope analyze out\n"), "{}", ran.out);
        let analyze = |place: &Path| {
            let output = Command::new(env!("CARGO_BIN_EXE_jivascope"))
                .args(["analyze", "--output", "json"])
                .arg(place)
                .output()
                .unwrap();
            let document: Value = serde_json::from_slice(&output.stdout).unwrap();
            (
                output.status.code(),
                document["volumes"][0]["verdict"]["kind"].clone(),
                document["volumes"][0]["replicas"].as_array().map(Vec::len),
            )
        };
        let (home, there) =
            (analyze(&cluster.dir.path().join("out")), analyze(&cluster.dir.path().join("replicas")));
        assert_eq!(home, there);
        assert_eq!(home, (Some(10), json!("authoritative"), Some(3)));
    }
}

#[test]
fn stopped_replicas_come_first() {
    let mut cluster = Cluster::new(Layout::Old);
    cluster.stop(3);
    let ran = cluster.run(USUAL);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    let order: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.contains(" collect /replica "))
        .filter_map(|line| line.rsplit('/').next())
        .collect();
    assert_eq!(order, ["node-3.capsule", "node-1.capsule", "node-2.capsule"]);
    assert!(ran.out.contains("on node-3, stopped") && ran.out.contains("on node-1, runs as"), "{}", ran.out);
    assert_eq!(ran.err.matches("its replica runs").count(), 2, "{}", ran.err);
    let ran = cluster.run(&with(&["--stopped-only", "--to", "other"])[..]);
    assert_eq!(ran.code, 2, "an option given twice: {}", ran.err);
    let only = ["media/app-config", "--image", "i", "--to", "other", "--apart", "0", "--stopped-only"];
    let ran = cluster.run(&only);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(names(&cluster.dir.path().join("other/capsules")), ["node-3.capsule"]);
    holds_always(&cluster);
    // CSI: no pod is there, and the local volume still leads to the directory.
    let mut cluster = Cluster::new(Layout::Csi);
    for number in [1, 2, 3] {
        cluster.stop(number);
    }
    let ran = cluster.run(USUAL);
    assert_eq!((ran.code, capsules(&cluster).len()), (0, 3), "{}\n{}", ran.out, ran.err);
    assert!(!ran.err.contains("its replica runs"), "{}", ran.err);
}

#[test]
fn without_rights_nothing_is_started() {
    let without = |denied: &[&str], forbidden: &[&str]| {
        let mut cluster = Cluster::new(Layout::Csi);
        cluster.holds["denied"] = json!([denied]);
        cluster.holds["forbidden"] = json!(forbidden);
        let ran = cluster.run(USUAL);
        holds_always(&cluster);
        (ran, cluster)
    };
    for right in [["create", "jobs"], ["delete", "jobs"], ["create", "pods/exec"]] {
        let (ran, cluster) = without(&right, &[]);
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(cluster.made().is_empty(), "{right:?}");
        assert!(ran.err.contains(&format!("you may not {} {}", right[0], right[1])), "{}", ran.err);
        // The witnesses come home all the same.
        assert!(ran.out.ends_with("next: jivascope cluster out\n"), "{}", ran.out);
        assert!(cluster.dir.path().join("out/logs").is_dir());
    }
    // Pods of one namespace are enough to go on.
    let (ran, cluster) = without(&[], &["pods", "nodes"]);
    assert_eq!((ran.code, capsules(&cluster).len()), (0, 3), "{}\n{}", ran.out, ran.err);
    assert!(ran.err.contains("you may not list the pods of all namespaces"), "{}", ran.err);
    let (ran, cluster) = without(&[], &["pods", "pods -n"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("cannot be listed") && cluster.made().is_empty(), "{}", ran.err);
    // What would show a stopped replica was not seen: there may be one.
    let (ran, cluster) = without(&[], &["deployments,statefulsets"]);
    assert_eq!((ran.code, capsules(&cluster).len()), (3, 3), "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("missing: the list of deployments,statefulsets: "), "{}", ran.out);
    // Without the list of volumes the claim is not known, and the directories of the pods are not.
    let (ran, _) = without(&[], &["pv"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("is called media/app-config"), "{}", ran.err);
}

#[test]
fn a_node_that_is_down_is_left_alone_and_missing() {
    let mut cluster = Cluster::new(Layout::Csi);
    cluster.holds["lists"]["nodes"][1]["status"]["conditions"][0]["status"] = json!("Unknown");
    let ran = cluster.run(USUAL);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(capsules(&cluster), ["node-1.capsule", "node-3.capsule"]);
    assert!(ran.out.contains("missing: replica node-2: the node does not answer"), "{}", ran.out);
    let nodes: Vec<Value> =
        cluster.made().iter().map(|job| job["spec"]["template"]["spec"]["nodeName"].clone()).collect();
    assert_eq!(nodes, [json!("node-1"), json!("node-3")]);
    holds_always(&cluster);
}

#[test]
fn a_pod_that_restarts_is_a_doubt() {
    let mut cluster = Cluster::new(Layout::Csi);
    let name = cluster.pod(2)["metadata"]["name"].as_str().unwrap().to_owned();
    cluster.pod(2)["status"]["containerStatuses"][0]["restartCount"] = json!(4);
    let mut later = cluster.holds["lists"]["pods"].clone();
    later[1]["status"]["containerStatuses"][0]["restartCount"] = json!(5);
    later[2]["metadata"]["uid"] = json!("another");
    cluster.holds["lists"]["pods later"] = later;
    cluster.holds["restarted"] = json!([name]);
    let ran = cluster.run(USUAL);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("was started again during the visit"), "{}", ran.err);
    assert!(ran.err.contains("was made anew during the visit"), "{}", ran.err);
    let logs = names(&cluster.dir.path().join("out/logs"));
    assert_eq!(logs.iter().filter(|file| file.ends_with(".previous.log")).count(), 1, "{logs:?}");
    let doubts: Vec<usize> = record(&cluster)["taken"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["doubts"].as_array().unwrap().len())
        .collect();
    assert_eq!(doubts, [1, 2, 2]);
    // One that crashes again and again is said to.
    let mut cluster = Cluster::new(Layout::Old);
    cluster.pod(1)["status"]["containerStatuses"][0]["state"] =
        json!({ "waiting": { "reason": "CrashLoopBackOff" } });
    let ran = cluster.run(USUAL);
    assert!(ran.code == 0 && ran.err.contains("starts again and again"), "{}", ran.err);
}

#[test]
fn a_pod_of_ours_that_does_not_start_is_removed() {
    let mut cluster = Cluster::new(Layout::Csi);
    let waiting = |reason: &str| {
        json!({ "phase": "Pending", "containerStatuses": [{ "name": "collect",
        "state": { "waiting": { "reason": reason, "message": "back-off" } } }] })
    };
    cluster.holds["pods"]["node-1"] = waiting("ImagePullBackOff");
    cluster.holds["pods"]["node-2"] = waiting("ContainerCreating");
    cluster.holds["pods"]["node-3"] = json!(false);
    cluster.holds["events"]["node-2"] = json!([{ "reason": "FailedMount",
        "message": "MountVolume.SetUp failed for volume \"replica\" : hostPath type check failed: /x is not a directory" }]);
    cluster.holds["events"]["node-3"] =
        json!([{ "reason": "FailedCreate", "message": "violates PodSecurity \"baseline\"" }]);
    let ran = cluster.run(&with(&["--start-within", "1"]));
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("ImagePullBackOff: back-off"), "{}", ran.err);
    assert!(ran.out.contains("nothing lies at /var/openebs/local/pvc-local-2"), "{}", ran.out);
    assert!(ran.err.contains("violates PodSecurity"), "{}", ran.err);
    assert_eq!(ran.out.matches("\nmissing: replica ").count(), 3, "{}", ran.out);
    assert!(cluster.jobs().is_empty() && cluster.made().len() == 3);
    holds_always(&cluster);
}

#[test]
fn an_answer_that_was_lost_or_cut_is_not_believed() {
    let mut cluster = Cluster::new(Layout::Csi);
    cluster.holds["answers lost"] = json!(true);
    let ran = cluster.run(USUAL);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(cluster.made().len(), 3);
    assert!(cluster.jobs().is_empty(), "they were made, whatever the answer said");
    let mut cluster = Cluster::new(Layout::Csi);
    cluster.holds["cut"] = json!(["node-2"]);
    let ran = cluster.run(USUAL);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert_eq!(capsules(&cluster), ["node-1.capsule", "node-3.capsule"], "{}", ran.err);
    assert!(ran.out.contains("missing: replica node-2: what arrived"), "{}", ran.out);
}

#[test]
fn what_cannot_be_removed_is_named_with_its_command() {
    let mut cluster = Cluster::new(Layout::Csi);
    cluster.holds["kept"] = json!("forbidden");
    let ran = cluster.run(USUAL);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let jobs = cluster.jobs();
    assert_eq!(jobs.len(), 3);
    for job in jobs {
        let job = job.trim_end_matches(".json");
        assert!(ran.out.contains(&format!("left behind: Job {job}; to remove it: ")), "{}", ran.out);
    }
    assert_eq!(record(&cluster)["left"].as_array().unwrap().len(), 3);
}

/// Waits for a file that the stub makes.
fn until(path: &Path) {
    let begin = Instant::now();
    while !path.exists() {
        assert!(begin.elapsed() < Duration::from_secs(30), "{} did not come", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &std::process::Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn an_interrupt_removes_what_was_made() {
    let mut cluster = Cluster::new(Layout::Csi);
    cluster.holds["slow"] = json!(true);
    let mut child = cluster.command(USUAL).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until(&cluster.dir.path().join("reading"));
    assert_eq!(cluster.jobs().len(), 1);
    signal(&child, "INT");
    let begin = Instant::now();
    let code = child.wait().unwrap().code();
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert_eq!(code, Some(1));
    assert!(cluster.jobs().is_empty());
    holds_always(&cluster);
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(err.contains("error: interrupted; what was collected until then is in out"), "{err}");
    // No half of a capsule is left in the folder, and the record says how it ended.
    assert!(capsules(&cluster).is_empty());
    assert_eq!(record(&cluster)["interrupted"], true);
    // A second one ends the removal too, and what is left is named.
    let mut cluster = Cluster::new(Layout::Csi);
    cluster.holds["slow"] = json!(true);
    cluster.holds["kept"] = json!("hangs");
    let child = cluster.command(USUAL).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until(&cluster.dir.path().join("reading"));
    signal(&child, "INT");
    until(&cluster.dir.path().join("deleting"));
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("left behind: Job jivascope-"), "{out}");
}

#[test]
fn a_dry_run_asks_nothing_and_writes_nothing() {
    let cluster = Cluster::new(Layout::Csi);
    let ran = cluster.run(&["media/app-config", "--dry-run"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(cluster.calls().is_empty());
    assert!(!cluster.dir.path().join("jivascope-media-app-config").exists());
    for wanted in [
        " get pv -o json",
        " logs -n NAMESPACE POD -c CONTAINER --timestamps",
        " auth can-i delete jobs",
        "CONTROLLER:9501/proxy/v1/replicas",
        "create -n NAMESPACE -f jivascope-media-app-config/jobs/NODE.json",
        "exec -n NAMESPACE JOB-POD -c collect -- /usr/bin/jivascope collect /replica --to - > ",
        "delete jobs JOB -n NAMESPACE",
        "\"readOnly\": true",
        "\"image\": \"IMAGE\"",
    ] {
        assert!(ran.out.contains(wanted), "{wanted}: {}", ran.out);
    }
    assert!(!ran.out.contains("stats"), "{}", ran.out);
    // A run gives the same commands, with names in their places.
    let real = cluster.run(USUAL);
    let verbs = |text: &str, front: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(front));
        let verb = |line: &str| {
            line.split(' ').skip(1).find(|word| !word.starts_with("--")).unwrap_or("").to_owned()
        };
        lines.map(verb).collect::<std::collections::BTreeSet<String>>()
    };
    let dry: String =
        ran.out.lines().filter(|line| !line.starts_with('#')).map(|line| format!("$ {line}\n")).collect();
    assert_eq!(verbs(&dry, "$ "), verbs(&real.out, "$ "));
}

#[test]
fn witnesses_alone_start_nothing() {
    let mut cluster = Cluster::new(Layout::Old);
    // A controller that waits for a host that is gone.
    cluster.holds["raw"]["replicas"] = json!(
        "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
    );
    let ran = cluster.run(&[VOLUME, "--witnesses-only", "--to", "out", "--apart", "0"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(cluster.made().is_empty());
    assert!(
        cluster.calls().iter().all(|call| call[0] == "get" || call[0] == "logs"),
        "{:?}",
        cluster.calls()
    );
    let silent =
        files(&cluster.dir.path().join("out")).into_iter().find(|file| file.ends_with("replicas.error.txt"));
    let text = fs::read_to_string(cluster.dir.path().join("out").join(silent.unwrap())).unwrap();
    assert!(text.ends_with("Z GET http://localhost:9501/v1/replicas: timed out\n"), "{text}");
    let output = Command::new(env!("CARGO_BIN_EXE_jivascope"))
        .args(["cluster", "--output", "json"])
        .arg(cluster.dir.path().join("out"))
        .output()
        .unwrap();
    // JSON: the screen folds long names of files.
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code().unwrap() != 1 && said.contains(VOLUME), "{said}");
}

#[test]
fn every_node_is_looked_at_for_a_replica_that_nobody_knows() {
    let mut cluster = Cluster::new(Layout::Old);
    cluster.stop(3);
    cluster.holds["lists"]["deployments,statefulsets"].as_array_mut().unwrap().pop();
    let waiting = json!({ "phase": "Pending", "containerStatuses": [] });
    let extra = json!({ "metadata": { "name": "node-4" }, "status": {} });
    cluster.holds["lists"]["nodes"].as_array_mut().unwrap().push(extra);
    cluster.holds["pods"]["node-4"] = waiting;
    cluster.holds["events"]["node-4"] =
        json!([{ "reason": "FailedMount", "message": "hostPath type check failed: x" }]);
    let ran = cluster.run(&with(&["--every-node", "--start-within", "1"]));
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    assert_eq!(capsules(&cluster), ["node-1.capsule", "node-2.capsule", "node-3.capsule"]);
    assert!(ran.out.contains("node-4: nothing lies at"), "{}", ran.out);
    // Without it the third is not found, and --place reads it.
    let cluster = Cluster { holds: cluster.holds, ..Cluster::new(Layout::Old) };
    let place = format!("node-3:/var/openebs/{VOLUME}");
    let ran = cluster.run(&[USUAL, &["--place", &place]].concat());
    assert_eq!(capsules(&cluster).len(), 3, "{}\n{}", ran.out, ran.err);
}

#[test]
fn hostile_names_reach_neither_a_command_nor_a_path() {
    let mut cluster = Cluster::new(Layout::Csi);
    let evil = EVIL.replace('/', "");
    cluster.holds["log"] = json!(EVIL);
    let lists = &mut cluster.holds["lists"];
    for (at, name) in ["--all", "../../x", "a/b", &evil, "-o", ""].into_iter().enumerate() {
        let mut pod = lists["pods"][0].clone();
        pod["metadata"]["name"] = json!(name);
        lists["pods"].as_array_mut().unwrap().push(pod);
        let mut pod = lists["pods"][1].clone();
        pod["metadata"]["name"] = json!(format!("{VOLUME}-jiva-rep-1{at}"));
        pod["spec"]["nodeName"] = json!(name);
        pod["spec"]["containers"][0]["name"] = json!(name);
        lists["pods"].as_array_mut().unwrap().push(pod);
    }
    for path in ["/", "/etc", "/var/openebs/../../root", "relative/x", &evil] {
        let mut volume = lists["pv"][1].clone();
        volume["spec"]["local"]["path"] = json!(path);
        lists["pv"].as_array_mut().unwrap().push(volume);
    }
    let mut node = lists["nodes"][0].clone();
    node["metadata"]["name"] = json!(evil);
    lists["nodes"].as_array_mut().unwrap().push(node);
    cluster.holds["raw"]["volumes"] = json!(format!("no: {EVIL}"));
    let before = files(cluster.dir.path());
    let ran = cluster.run(&with(&["--every-node"]));
    is_harmless(&ran.out, "standard output");
    is_harmless(&ran.err, "standard error");
    assert!(ran.err.contains("is not used: it is none that Kubernetes or Jiva would write"), "{}", ran.err);
    // What was found beside them came home; that something was refused is no full success.
    assert_eq!((ran.code, capsules(&cluster).len()), (3, 3), "{}\n{}", ran.out, ran.err);
    holds_always(&cluster);
    for call in cluster.calls() {
        let bad = |word: &String| {
            word == "--all" || word == "-o=" || word.contains("..") || word.chars().any(char::is_control)
        };
        assert!(!call.iter().any(bad), "{call:?}");
    }
    for job in cluster.made() {
        let path =
            job["spec"]["template"]["spec"]["volumes"][0]["hostPath"]["path"].as_str().unwrap().to_owned();
        assert!(path.starts_with("/var/openebs/local/pvc-local-"), "{path}");
    }
    // Nothing was written beside the folder.
    let own = |file: &&std::path::PathBuf| {
        !before.contains(file) && !["out", "made", "jobs"].iter().any(|dir| file.starts_with(dir))
    };
    let after = files(cluster.dir.path());
    let new: Vec<_> = after.iter().filter(own).map(|file| file.display().to_string()).collect();
    assert!(
        new.iter()
            .all(|name| ["calls", "cluster.json"].contains(&name.as_str()) || name.starts_with("count-")),
        "{new:?}"
    );
}

#[test]
fn lists_that_are_none_end_in_an_error() {
    for (kind, text) in [("pods", json!("x")), ("pods", json!([{ "metadata": 5 }])), ("pv", json!([7]))] {
        let mut cluster = Cluster::new(Layout::Csi);
        cluster.holds["lists"][kind] = text;
        let ran = cluster.run(USUAL);
        assert_eq!(ran.code, 1, "{kind}: {}", ran.err);
        assert!(cluster.made().is_empty() && ran.err.contains("error: "), "{}", ran.err);
    }
}

#[test]
fn names_and_folders_are_checked_first() {
    let cluster = Cluster::new(Layout::Csi);
    for (code, arguments) in [
        (2, &["--help-me"][..]),
        (2, &["media/app/config", "--image", "i"]),
        (2, &["-n", "UPPER", "x", "--image", "i"]),
        (2, &["x"]),
        (2, &["x", "--image", "i", "--place", "node-1:/etc"]),
        (1, &["x", "--image", "i", "--to", "none/below"]),
        (1, &["x", "--image", "i", "--to", "replicas"]),
    ] {
        let ran = cluster.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
    }
    assert!(cluster.calls().is_empty());
    // A claim that nobody has, and a name that two claims have.
    assert_eq!(cluster.run(&["nobody", "--image", "i"]).code, 1);
    let mut cluster = Cluster::new(Layout::Csi);
    let mut other = cluster.holds["lists"]["pv"][0].clone();
    other["metadata"]["name"] = json!("pvc-other");
    other["spec"]["claimRef"]["namespace"] = json!("games");
    cluster.holds["lists"]["pv"].as_array_mut().unwrap().push(other);
    let ran = cluster.run(&["app-config", "--image", "i"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("games/app-config (pvc-other), media/app-config (pvc-bd1e"), "{}", ran.err);
}

#[test]
fn it_is_a_plugin_of_kubectl_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let plugin = dir.path().join("kubectl-jivascope");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_jivascope"), &plugin).unwrap();
    let output = Command::new(&plugin).args(["collect-pvc", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("Usage: kubectl jivascope collect-pvc [OPTIONS] [NAME]"), "{help}");
    let cluster = Cluster::new(Layout::Old);
    let real = cluster.command(USUAL);
    let output =
        Command::new(&plugin).args(real.get_args()).current_dir(cluster.dir.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_pod_that_stands_by_ends_when_it_is_asked_to() {
    let ended = |seconds: &str| {
        Command::new(env!("CARGO_BIN_EXE_jivascope"))
            .args(["collect-pvc", "--stand-by", seconds])
            .spawn()
            .unwrap()
    };
    assert_eq!(ended("0").wait().unwrap().code(), Some(0));
    let mut child = ended("60");
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none());
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
