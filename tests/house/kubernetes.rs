//! What docs/kubernetes gives to a cluster: rules that Prometheus takes, objects that the schemas of Kubernetes allow, and
//! rights that are the least.

use std::path::{Path, PathBuf};
use std::process::Command;

use jivascope::visit::{HostPath, Name};

use crate::support::stepping::{have, step_aside};

/// Versions of Kubernetes whose schemas must allow the objects.
const VERSIONS: &[&str] = &["1.28", "1.31", "1.34", "1.37"];

/// The files of objects.
const OBJECTS: &[&str] = &["cronjob.yaml", "collect-rbac.yaml", "collect-job.yaml", "fleet-job.yaml"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kubernetes")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn said(mut command: Command) -> (bool, String) {
    let Ok(out) = command.output() else { return (false, String::new()) };
    let text = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn prometheus_takes_the_rules() {
    if !have("prometheus_takes_the_rules", &["promtool"]) {
        return;
    }
    let check = |path: &Path| {
        let mut command = Command::new("promtool");
        command.args(["check", "rules"]).arg(path);
        said(command)
    };
    let (ok, text) = check(&folder().join("prometheus-rules.yaml"));
    assert!(ok && text.contains("SUCCESS"), "{text}");
    // The check can fail.
    let place = tempfile::tempdir().unwrap();
    let broken = place.path().join("rules.yaml");
    std::fs::write(&broken, "groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: \"1 +\"\n")
        .unwrap();
    assert!(!check(&broken).0);
}

#[test]
fn every_rule_has_a_page_that_is_there() {
    let rules = text("prometheus-rules.yaml");
    let pages: Vec<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("runbook_url: ")).collect();
    let alerts = rules.lines().filter(|line| line.trim().starts_with("- alert: ")).count();
    assert!(alerts >= 4 && pages.len() == alerts, "{alerts} alerts, {} pages", pages.len());
    for page in pages {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(page).is_file(), "{page}");
    }
}

#[test]
fn the_schemas_of_kubernetes_allow_the_objects() {
    const TEST: &str = "the_schemas_of_kubernetes_allow_the_objects";
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command.args(arguments);
        said(command)
    };
    if !python(&["-c", "import kubernetes_validate"]).0 {
        step_aside(TEST, "the Python package kubernetes-validate is not installed");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let broken = place.path().join("job.yaml");
    std::fs::write(&broken, text("cronjob.yaml").replace("schedule:", "timetable:")).unwrap();
    // What collect-pvc makes is held to the same.
    let made = place.path().join("made.json");
    std::fs::write(&made, made_job()).unwrap();
    let mut objects: Vec<PathBuf> = OBJECTS.iter().map(|name| folder().join(name)).collect();
    objects.push(made);
    for version in VERSIONS {
        let check = |paths: &[PathBuf]| {
            let paths = paths.iter().map(|path| path.to_str().unwrap());
            let arguments: Vec<&str> =
                ["-m", "kubernetes_validate", "--strict", "-k", version].into_iter().chain(paths).collect();
            python(&arguments)
        };
        let (ok, text) = check(&objects);
        assert!(ok, "{version}: {text}");
        // The check can fail.
        assert!(!check(std::slice::from_ref(&broken)).0, "{version}");
    }
}

/// The Job of `collect-pvc` for the place that collect-job.yaml is written for.
fn made_job() -> String {
    let name = |text: &str| Name::new(text).unwrap();
    let path = HostPath::new("/var/openebs/PVC").unwrap();
    let [job, namespace, node] = ["jivascope-collect", "openebs", "node-1"].map(name);
    jivascope::visit::manifest(&job, &namespace, &node, &path, "jivascope-image", 21840)
}

/// Who works by hand starts the very Job that `collect-pvc` starts.
#[test]
fn the_job_by_hand_is_the_one_that_is_made() {
    const TEST: &str = "the_job_by_hand_is_the_one_that_is_made";
    let mut command = Command::new("python3");
    let script = "import sys, json, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let (ok, text) = said({
        command.args(["-c", script]).arg(folder().join("collect-job.yaml"));
        command
    });
    if !ok && text.contains("No module named 'yaml'") {
        step_aside(TEST, "the Python package PyYAML is not installed");
        return;
    }
    assert!(ok, "{text}");
    let by_hand: serde_json::Value = serde_json::from_str(&text).unwrap();
    let made: serde_json::Value = serde_json::from_str(&made_job()).unwrap();
    assert_eq!(by_hand, made);
}

/// Nothing here mounts a directory of a node writable, or may do more than collecting takes.
#[test]
fn who_collects_reads_and_no_more() {
    let rights = text("collect-rbac.yaml");
    let mut allowed = Vec::new();
    let mut resources = "";
    for line in rights.lines().map(|line| line.trim_start().trim_start_matches("- ")) {
        if let Some(list) = line.strip_prefix("resources: [") {
            resources = list.trim_end_matches(']');
        } else if let Some(list) = line.strip_prefix("verbs: [") {
            allowed.extend(list.trim_end_matches(']').split(", ").map(|verb| format!("{verb} {resources}")));
        }
    }
    allowed.retain(|one| !one.starts_with("get ") && !one.starts_with("list ") && !one.starts_with("watch "));
    assert_eq!(allowed, ["create jobs", "delete jobs", "create pods/exec"]);
    assert!(!rights.contains('*'), "nothing is allowed by a wildcard");
    for name in OBJECTS {
        let objects = text(name);
        let mounts = objects.matches("hostPath:").count();
        assert_eq!(objects.matches("type: Directory").count(), mounts, "{name}: it could be created");
        let container = objects.split("volumeMounts:").skip(1);
        let writable = container.filter(|rest| mounts > 0 && !rest.contains("readOnly: true"));
        assert_eq!(writable.count(), 0, "{name}");
        assert!(!objects.contains("privileged: true"), "{name}");
    }
}

#[test]
fn its_rights_are_the_least() {
    let objects = text("cronjob.yaml");
    for line in objects.lines().filter(|line| line.trim_start().starts_with("verbs:")) {
        let verbs = line.split_once('[').unwrap().1.trim_end_matches(']');
        assert!(verbs.split(',').all(|verb| ["get", "list"].contains(&verb.trim())), "{line}");
    }
    // It may freeze a controller whose replica is gone (witness notes, 2).
    let asked = objects.lines().filter(|line| !line.trim_start().starts_with('#'));
    assert!(asked.clone().all(|line| !line.contains("/v1/stats")), "it asks for /v1/stats");
    assert!(asked.clone().all(|line| !line.contains("privileged: true")));
    assert!(objects.contains("verbs:") && objects.contains("CronJob"));
}

#[test]
fn the_job_of_a_fleet_only_reads_the_nodes() {
    let job = text("fleet-job.yaml");
    let mounts: Vec<&str> = job.split("- name: replicas").skip(2).collect();
    assert!(!mounts.is_empty() && mounts.iter().all(|mount| mount[..80].contains("readOnly: true")), "{job}");
    assert!(job.contains("automountServiceAccountToken: false") && !job.contains("privileged: true"));
    // Each index is a pod on a node of its own.
    let number = |field: &str| job.split_once(field).unwrap().1.lines().next().unwrap().trim().to_owned();
    assert_eq!(number("completions:"), number("parallelism:"));
    assert!(job.contains("requiredDuringSchedulingIgnoredDuringExecution"));
}

#[cfg(feature = "cli")]
#[test]
fn the_job_of_a_fleet_makes_a_capsule_of_every_volume() {
    let job = text("fleet-job.yaml");
    // Volumes of both layouts; each capsule is called after the node.
    let dir = tempfile::tempdir().unwrap();
    let place = |path: &str| dir.path().join(path).display().to_string();
    for volume in ["pvc-1", "local/pvc-2"] {
        crate::support::tiny::replica(&dir.path().join("openebs").join(volume), 3, &[(0, 1)], &[]);
    }
    std::fs::create_dir_all(dir.path().join("openebs/pvc-of-somebody-else")).unwrap();
    let script = job.split_once("- |\n").unwrap().1.split_once("          env:").unwrap().0;
    let script = script.replace("/var/openebs", &place("openebs")).replace("/capsules", &place("capsules"));
    let mut command = Command::new("sh");
    let program = Path::new(env!("CARGO_BIN_EXE_jivascope")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    command.args(["-euc", &script]).env("NODE", "node-1").env("PATH", path);
    let (passed, text) = said(command);
    assert!(passed, "{text}");
    for made in ["pvc-1/node-1.capsule", "pvc-2/node-1.capsule", "pvc-of-somebody-else/node-1.failed"] {
        assert!(dir.path().join("capsules").join(made).exists(), "{made}: {text}");
    }
}
