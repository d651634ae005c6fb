//! What is installed beside the program, and the program as one static file.
#![cfg(feature = "cli")]

use std::fs;
use std::process::Command;

fn generate(what: &str) -> (tempfile::TempDir, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_jivascope"))
        .args(["generate", what, "--to"])
        .arg(dir.path().join("deep"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut names: Vec<String> = fs::read_dir(dir.path().join("deep"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    (dir, names)
}

#[test]
fn completions_for_three_shells() {
    let (dir, names) = generate("completions");
    assert_eq!(names, ["_jivascope", "jivascope.bash", "jivascope.fish"]);
    for (name, shell) in [("jivascope.bash", "bash"), ("_jivascope", "zsh"), ("jivascope.fish", "fish")] {
        let path = dir.path().join("deep").join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("analyze") && text.contains("new-case"), "{name}");
        // Shells that are here must be able to read theirs.
        match Command::new(shell).arg("-n").arg(&path).output() {
            Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => crate::support::stepping::left_out(
                &format!("{shell} reads its completions"),
                &error.to_string(),
            ),
        }
    }
}

#[test]
fn a_manual_page_for_each_command() {
    let (dir, names) = generate("man");
    for name in ["jivascope.1", "jivascope-analyze.1", "jivascope-check.1", "jivascope-new-case.1"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    let page = fs::read_to_string(dir.path().join("deep/jivascope-check.1")).unwrap();
    assert!(page.contains(".SH NAME") && page.contains("expected.json"), "{page}");
}

/// Takes minutes where the target is installed; the gate runs it.
#[test]
#[ignore = "builds the whole program for another target"]
fn the_static_program_runs() {
    const TARGET: &str = "x86_64-unknown-linux-musl";
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let sysroot = String::from_utf8(sysroot.stdout).unwrap();
    let libraries = std::path::Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib");
    if !libraries.is_dir() {
        crate::support::stepping::left_out(
            "the static program",
            &format!("the target {TARGET} is not installed"),
        );
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--offline", "--target", TARGET, "--target-dir"])
        .arg(dir.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let program = dir.path().join(TARGET).join("release/jivascope");
    let version = Command::new(&program).arg("--version").output().unwrap();
    assert!(version.status.success());
    let bytes = fs::read(&program).unwrap();
    assert!(!bytes.windows(15).any(|window| window == b"/ld-linux-x86-6"), "it asks for a loader");
}
