//! What docs/kubernetes gives to a cluster: rules that Prometheus takes, objects that the schemas of Kubernetes allow, and
//! rights that are the least.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::stepping::{have, step_aside};

/// Versions of Kubernetes whose schemas must allow the objects.
const VERSIONS: &[&str] = &["1.28", "1.31", "1.34", "1.37"];

/// Files of objects, and a field of each that no other name may have.
const OBJECTS: &[(&str, &str)] = &[("cronjob.yaml", "schedule:"), ("fleet-job.yaml", "completionMode:")];

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
    for (name, field) in OBJECTS {
        let broken = place.path().join(name);
        std::fs::write(&broken, text(name).replace(field, "wrong:")).unwrap();
        let objects = folder().join(name);
        for version in VERSIONS {
            let check = |path: &Path| {
                python(&["-m", "kubernetes_validate", "--strict", "-k", version, path.to_str().unwrap()])
            };
            let (ok, text) = check(&objects);
            assert!(ok, "{name}, {version}: {text}");
            // The check can fail.
            assert!(!check(&broken).0, "{name}, {version}");
        }
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
