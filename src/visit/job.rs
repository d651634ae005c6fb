//! The Job that holds a pod open on a node, so that a replica can be read there.

use serde_json::{Value, json};

use super::name::{HostPath, Name};
use crate::report::json;

/// Where the program is in its image.
pub const PROGRAM: &str = "/usr/bin/jivascope";

/// Where the replica is in the pod.
pub const MOUNT: &str = "/replica";

/// The name of the container.
pub(super) const CONTAINER: &str = "collect";

/// What a Job is made of.
#[derive(Debug)]
pub(super) struct Wish<'a> {
    pub job: &'a str,
    pub namespace: &'a str,
    pub node: &'a str,
    pub path: &'a str,
    pub image: &'a str,
    /// Seconds after which the cluster ends the pod by itself.
    pub seconds: u64,
}

/// Seconds that a Job whose pod has ended stays, should nobody remove it.
const KEPT: u64 = 600;

/// The Job of a replica, in JSON.
///
/// The replica is mounted read-only; `Directory` makes sure that nothing is created where it is not. The pod runs as the
/// owner of Jiva's files without a single capability, has no token of the cluster, writes nowhere, and is on its node by
/// name, so that no taint keeps it from there. It waits to be asked, and ends by itself where nobody does.
pub(super) fn manifest_text(wish: &Wish<'_>) -> String {
    json::pretty(&object(wish))
}

/// The Job that `collect-pvc` makes for a directory on a node, in JSON.
pub fn manifest(
    job: &Name,
    namespace: &Name,
    node: &Name,
    path: &HostPath,
    image: &str,
    seconds: u64,
) -> String {
    let [job, namespace, node] = [job, namespace, node].map(Name::as_str);
    manifest_text(&Wish { job, namespace, node, path: path.as_str(), image, seconds })
}

fn object(wish: &Wish<'_>) -> Value {
    let labels = json!({ "app.kubernetes.io/managed-by": "jivascope" });
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": wish.job, "namespace": wish.namespace, "labels": labels },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": wish.seconds,
            "ttlSecondsAfterFinished": KEPT,
            "template": {
                "metadata": { "labels": labels },
                "spec": {
                    "nodeName": wish.node,
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "terminationGracePeriodSeconds": 5,
                    "tolerations": [{ "operator": "Exists" }],
                    "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } },
                    "containers": [{
                        "name": CONTAINER,
                        "image": wish.image,
                        "imagePullPolicy": "IfNotPresent",
                        "command": [PROGRAM, "collect-pvc", "--stand-by", wish.seconds.to_string()],
                        "resources": {
                            "requests": { "cpu": "100m", "memory": "128Mi" },
                            "limits": { "memory": "1Gi" }
                        },
                        "securityContext": {
                            "runAsUser": 0,
                            "privileged": false,
                            "allowPrivilegeEscalation": false,
                            "readOnlyRootFilesystem": true,
                            "capabilities": { "drop": ["ALL"] }
                        },
                        "volumeMounts": [{ "name": "replica", "mountPath": MOUNT, "readOnly": true }]
                    }],
                    "volumes": [{ "name": "replica", "hostPath": { "path": wish.path, "type": "Directory" } }]
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mount_is_read_only_and_every_text_stays_one() {
        let evil = "/var/openebs/x\", \"type\": \"\"}}], \"hostNetwork\": true, \"y\": [{\"a\": {\"b\": \"";
        let wish =
            Wish { job: "j", namespace: "n", node: "k", path: evil, image: "i\": {}, \"x\": \"", seconds: 9 };
        let job: Value = serde_json::from_str(&manifest_text(&wish)).unwrap();
        let spec = &job["spec"]["template"]["spec"];
        assert_eq!(
            spec["volumes"],
            json!([{"name": "replica", "hostPath": {"path": evil, "type": "Directory"}}])
        );
        assert!(spec.get("hostNetwork").is_none());
        let containers = spec["containers"].as_array().unwrap();
        assert_eq!(containers.len(), 1);
        assert!(spec.get("initContainers").is_none());
        for mount in containers[0]["volumeMounts"].as_array().unwrap() {
            assert_eq!(mount["readOnly"], true, "{mount}");
        }
        let security = &containers[0]["securityContext"];
        assert_eq!(security["privileged"], false);
        assert_eq!(security["capabilities"], json!({"drop": ["ALL"]}));
    }
}
