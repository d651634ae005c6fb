//! The program run by somebody who may not read a file: that is told as the reader's matter, never as Jiva's error.
#![cfg(feature = "cli")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A copy of the program at a place that everybody may read.
fn copied(to: &Path) -> std::path::PathBuf {
    fs::set_permissions(to, Permissions::from_mode(0o755)).unwrap();
    let copy = to.join("jivascope");
    fs::copy(env!("CARGO_BIN_EXE_jivascope"), &copy).unwrap();
    copy
}

/// What the program says to somebody who is not root; `None` where the test has to step aside.
fn as_nobody(program: &Path, arguments: &[&str]) -> Option<String> {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = if root {
        if !crate::support::stepping::have("not_root", &["setpriv"]) {
            return None;
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    let output = command.args(arguments).current_dir("/").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 10 | 20 | 30)), "{arguments:?}: {said}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Takes the right to read a file from everybody but root.
fn close(file: &Path) {
    fs::set_permissions(file, Permissions::from_mode(0o000)).unwrap();
}

#[test]
fn a_file_that_may_not_be_read_is_the_readers_matter() {
    let place = tempfile::tempdir().unwrap();
    let program = copied(place.path());
    for (file, state) in [
        ("revision.counter", "usable"),
        ("log.info", "usable"),
        ("volume.meta", "broken"),
        ("volume-head-001.img.meta", "broken"),
    ] {
        let root = place.path().join(file);
        crate::support::tiny::stale(&root);
        let replicas: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(replicas.len() > 1);
        for replica in &replicas {
            if file == "log.info" {
                fs::write(replica.join(file), "{}").unwrap();
            }
            close(&replica.join(file));
        }
        let path = root.to_str().unwrap();
        let Some(text) = as_nobody(&program, &["analyze", path]) else { return };
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let sentence = format!("you may not read rep-1/{file}; run as root or copy it readable");
        assert!(flat.contains(&sentence), "{file}: {text}");
        assert!(flat.contains("about the inputs"), "{file}: {text}");
        for wrong in ["JV003", "JV013", "JV022", "JV023", "by hand is possible", "Jiva's message"] {
            assert!(!flat.contains(wrong), "{file}: {wrong}: {text}");
        }
        let Some(json) = as_nobody(&program, &["analyze", "--output", "json", path]) else { return };
        let json: Value = serde_json::from_str(&json).unwrap();
        for replica in json["volumes"][0]["replicas"].as_array().unwrap() {
            assert_eq!(replica["state"], state, "{file}");
            assert!(
                replica.get("error").is_none() && replica.get("start_error").is_none(),
                "{file}: {replica}"
            );
            assert!(replica["unread"][0].as_str().unwrap().contains(file), "{file}: {replica}");
        }
        let remarks = json["evidence"][0]["remarks"].to_string();
        assert!(remarks.contains(&sentence), "{file}: {remarks}");
        if file == "revision.counter" {
            assert_eq!(json["volumes"][0]["verdict"]["start"], "unknown");
        }
    }
}
