//! The path of a newcomer: every command of the first pages, as it is written there. Absolute places of the pages lie below a
//! folder of the test; what is left out is named with the reason.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::cluster::{Cluster, Layout};
use crate::support::stepping::{have, left_out};
use crate::support::{evil, ext, tiny};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What becomes of a command.
enum How {
    /// It runs, and ends with this code.
    Runs(i32),
    /// It runs where only the archives of the replicas lie, and ends with this code.
    Alone(i32),
    /// It runs until it is interrupted, and ends with 0.
    UntilInterrupted,
    /// It is not run, for this reason.
    LeftOut(&'static str),
}

use How::{Alone, LeftOut, Runs, UntilInterrupted};

const SCREENS: &str = "cli::readme runs it and compares what it prints";
const BUILDS: &str = "it builds for minutes; house::packages builds the same without optimisation";
const MUSL: &str = "house::install builds it where the target is installed";
const PACKED: &str = "house::packages does it with the program that the gate has built";
const PULLS: &str = "it starts a container of an image that has to be fetched";
const UNRELEASED: &str = "nothing has been released yet";

/// The commands of each page, in their order.
const PAGES: &[(&str, &[(&str, How)])] = &[
    (
        "README.md",
        &[
            ("cargo run --release --locked -- analyze fixtures/incident-2026-03-28", LeftOut(SCREENS)),
            ("cargo run --release --locked -- diff fixtures/captures/05-split-brain", LeftOut(SCREENS)),
            (
                "cargo run --release --locked -- export fixtures/captures/05-split-brain --replica rep-2 --to rep-2.raw --format raw",
                LeftOut(SCREENS),
            ),
            ("cargo test --locked", LeftOut("this is it")),
            ("cargo install --locked --path .", LeftOut(BUILDS)),
            ("jivascope analyze rep-1=node1.tar.zst rep-2=node2.tar.zst rep-3=node3.tar.zst", Runs(10)),
            ("jivascope analyze /evidence", Runs(0)),
            ("jivascope analyze /evidence --output html > report.html", Runs(0)),
            ("jivascope inspect node2.tar.zst", Runs(0)),
            ("jivascope diff rep-1=node1.tar.zst rep-2=node2.tar.zst", Runs(0)),
            ("jivascope plan /evidence", Runs(0)),
            ("jivascope simulate /evidence", Runs(0)),
            ("jivascope timeline /evidence", Runs(0)),
            ("jivascope cluster controller.log pods.json", Runs(0)),
            ("jivascope export /evidence --replica rep-2 --to volume.raw --format raw", Runs(0)),
            ("jivascope serve /evidence", UntilInterrupted),
            ("jivascope repair-copy /evidence --list", Runs(0)),
            ("jivascope files /evidence --replica rep-2", Runs(0)),
            ("jivascope collect /var/openebs/pvc-… --to node1.capsule", Runs(0)),
            ("jivascope explain JV054", Runs(0)),
        ],
    ),
    (
        "docs/install.md",
        &[
            ("cargo install --locked --path .", LeftOut(BUILDS)),
            ("jivascope generate completions --to completions", Runs(0)),
            (
                "install -Dm644 completions/jivascope.bash /usr/share/bash-completion/completions/jivascope",
                Runs(0),
            ),
            ("install -Dm644 completions/_jivascope     /usr/share/zsh/site-functions/_jivascope", Runs(0)),
            (
                "install -Dm644 completions/jivascope.fish /usr/share/fish/vendor_completions.d/jivascope.fish",
                Runs(0),
            ),
            ("jivascope generate man --to man", Runs(0)),
            ("install -Dm644 -t /usr/share/man/man1 man/*.1", Runs(0)),
            ("ln -s \"$(command -v jivascope)\" /usr/local/bin/kubectl-jivascope", Runs(0)),
            ("kubectl jivascope collect-pvc --help", Runs(0)),
            (
                "RUSTFLAGS=\"-C target-feature=+crt-static\" cargo build --release --locked --target x86_64-unknown-linux-gnu",
                LeftOut(BUILDS),
            ),
            ("rustup target add x86_64-unknown-linux-musl", LeftOut("it fetches a target")),
            ("cargo build --release --locked --target x86_64-unknown-linux-musl", LeftOut(MUSL)),
            ("install -D target/x86_64-unknown-linux-gnu/release/jivascope image/jivascope", LeftOut(PACKED)),
            ("strip image/jivascope", LeftOut(PACKED)),
            ("buildah build -t jivascope -f Containerfile image", LeftOut(PACKED)),
            (
                "podman run --rm --read-only -v \"$PWD/fixtures/captures:/evidence:ro\" jivascope analyze /evidence/03-stale",
                LeftOut("house::packages runs the image on this case without an engine"),
            ),
            ("bash packaging/extras.sh target/release/jivascope target/extras", LeftOut(PACKED)),
            ("cargo deb --no-build", LeftOut(PACKED)),
            ("sha256sum --check --ignore-missing SHA256SUMS", LeftOut(UNRELEASED)),
            (
                "gh attestation verify jivascope-0.1.0-linux-amd64.tar.gz --repo OWNER/jivascope",
                LeftOut(UNRELEASED),
            ),
            (
                "cargo run --features schema -- generate schema --to docs/schema",
                LeftOut("library::schema makes them"),
            ),
        ],
    ),
    (
        "docs/ci.md",
        &[
            ("touch cases/stale/expected.json", Runs(0)),
            ("jivascope check --update cases/stale", Runs(0)),
            ("jivascope check cases", Runs(0)),
            ("jivascope check -v cases", Runs(0)),
            ("jivascope check --update cases", Runs(0)),
            ("set -eu", Runs(0)),
            ("jivascope check cases", Runs(0)),
            (
                "jivascope new-case k8s01=/evidence/k8s01 k8s02=/evidence/k8s02 --to cases/incident-7 --pseudonyms",
                Runs(0),
            ),
        ],
    ),
    (
        "docs/collecting.md",
        &[
            ("tar --sparse -C /var/openebs -cf rep-1.tar pvc-…", Runs(0)),
            ("zstd rep-1.tar", Runs(0)),
            (
                "kubectl logs -n openebs deploy/PVC-ctrl --all-containers --timestamps > controller.log",
                Runs(0),
            ),
            (
                "kubectl logs -n openebs POD --timestamps > rep-1.log; kubectl logs -n openebs POD --previous > rep-1.previous.log",
                Runs(0),
            ),
            (
                "kubectl get pods -A -o json > pods.json; kubectl get nodes -o json > nodes.json; kubectl get pv -o json > pv.json",
                Runs(0),
            ),
            ("kubectl jivascope collect-pvc media/app-config --image IMAGE --dry-run", Runs(0)),
            ("kubectl jivascope collect-pvc media/app-config --image IMAGE", Runs(0)),
            ("jivascope analyze jivascope-media-app-config", Runs(10)),
            (
                "docker run --rm -v /var/openebs:/evidence:ro debian:stable-slim tar --sparse -C /evidence -cf - pvc-… > rep-1.tar",
                LeftOut(PULLS),
            ),
            (
                "kubectl run jiva-copy --image=debian:stable-slim --restart=Never --overrides='",
                LeftOut(PULLS),
            ),
            ("kubectl exec jiva-copy -- tar --sparse -C /evidence -cf - pvc-… > rep-1.tar", LeftOut(PULLS)),
            ("kubectl delete pod jiva-copy", LeftOut(PULLS)),
            ("jivascope inspect rep-1.tar.zst", Runs(0)),
            ("jivascope analyze rep-1=node1.tar.zst rep-2=node2.tar.zst rep-3=node3.tar.zst", Runs(10)),
            ("jivascope analyze .", Alone(10)),
        ],
    ),
];

/// Words that begin a command on these pages.
const PROGRAMS: &[&str] = &[
    "RUSTFLAGS=\"-C",
    "bash",
    "buildah",
    "cargo",
    "docker",
    "gh",
    "install",
    "jivascope",
    "kubectl",
    "ln",
    "podman",
    "rustup",
    "set",
    "sha256sum",
    "strip",
    "tar",
    "touch",
    "zstd",
];

/// The commands of a page: lines of its indented blocks that begin with a program, with what continues them and without
/// what is said of them. A screen (` ```text `) shows what is printed.
fn commands(page: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut goes_on, mut screen, mut list) = (false, false, false);
    for line in page.lines() {
        screen ^= line.starts_with("```");
        // In a numbered list a block stands seven in.
        list = if line.is_empty() {
            list
        } else {
            line.starts_with("   ") && list || line.starts_with(|c: char| c.is_ascii_digit())
        };
        let Some(text) = line.strip_prefix(if list { "       " } else { "    " }).filter(|_| !screen) else {
            continue;
        };
        let text = text.trim_end();
        let bare = text.split("  #").next().unwrap_or(text).trim_end();
        if goes_on {
            let last = out.last_mut().unwrap();
            last.truncate(last.len() - 1);
            *last = format!("{} {}", last.trim_end(), bare.trim_start());
        } else if PROGRAMS.contains(&bare.split(' ').next().unwrap_or_default()) && !bare.contains(" = ") {
            out.push(bare.to_owned());
        } else {
            continue;
        }
        goes_on = bare.ends_with('\\');
    }
    out
}

#[test]
fn every_command_of_the_first_pages_is_here() {
    for (page, known) in PAGES {
        let text = fs::read_to_string(Path::new(HERE).join(page)).unwrap();
        let known: Vec<&str> = known.iter().map(|(command, _)| *command).collect();
        assert_eq!(commands(&text), known, "{page}");
    }
}

/// Where a newcomer sits: a folder with the evidence that the pages speak of, and a PATH that leads to the program.
struct Desk {
    cluster: Cluster,
}

impl Desk {
    fn new() -> Self {
        let mut cluster = Cluster::new(Layout::Old);
        // Without a controller no minute passes between two of its lists.
        cluster.holds["lists"]["pods"].as_array_mut().unwrap().pop();
        cluster.holds["restarted"] = serde_json::json!(["POD"]);
        let _ = cluster.command(&[]);
        let dir = cluster.dir.path().to_owned();
        let place = dir.join("desk");
        for name in ["desk", "archives", "bin", "usr/local/bin", "evidence", "var/openebs"] {
            fs::create_dir_all(dir.join(name)).unwrap();
        }
        let link = |from: &Path, to: &str| std::os::unix::fs::symlink(from, dir.join(to)).unwrap();
        link(Path::new(env!("CARGO_BIN_EXE_jivascope")), "bin/jivascope");
        link(&dir.join("kubectl"), "bin/kubectl");
        for number in 1..=3 {
            let replica = dir.join(format!("replicas/rep-{number}"));
            let archive = place.join(format!("node{number}.tar.zst"));
            let tar = Command::new("tar")
                .args(["--sparse", "-C"])
                .arg(dir.join("replicas"))
                .arg("-cf")
                .arg(&archive)
                .arg(replica.file_name().unwrap())
                .status();
            assert!(tar.unwrap().success());
            fs::copy(&archive, dir.join("archives").join(archive.file_name().unwrap())).unwrap();
        }
        tiny::stale(&place.join("cases/stale"));
        tiny::replica(&dir.join("var/openebs/pvc-1"), 14, &[(0, 1)], &[(5, 5)]);
        let log =
            "time=\"2026-01-01T00:00:00Z\" level=info msg=\"Creating volume openebs, size 1048576/512\"\n";
        fs::write(place.join("controller.log"), log).unwrap();
        let pods = serde_json::json!({ "kind": "List", "items": cluster.holds["lists"]["pods"] });
        fs::write(place.join("pods.json"), pods.to_string()).unwrap();
        Self { cluster }
    }

    /// The evidence of a page: three replicas with a file system inside, or two that differ.
    fn evidence(&self, page: &str) {
        let evidence = self.cluster.dir.path().join("evidence");
        if page == "docs/ci.md" {
            let split = self.cluster.dir.path().join("split");
            tiny::split(&split);
            fs::rename(split.join("rep-1"), evidence.join("k8s01")).unwrap();
            fs::rename(split.join("rep-2"), evidence.join("k8s02")).unwrap();
            return;
        }
        for name in ["rep-1", "rep-2", "rep-3"] {
            evil::replica(&evidence.join(name), "");
            fs::write(evidence.join(name).join("volume-head-001.img"), ext::image(b"file", b"some content"))
                .unwrap();
        }
    }

    /// Runs a line in a shell. Its absolute places lie below the desk's folder.
    fn run(&self, line: &str, until_interrupted: bool, place: &str) -> (Option<i32>, String) {
        let dir = self.cluster.dir.path();
        let line = ["/evidence", "/var/openebs", "/usr/share", "/usr/local/bin"]
            .iter()
            .fold(line.replace("pvc-…", "pvc-1"), |line, place| {
                line.replace(place, &format!("{}{place}", dir.display()))
            });
        let mut command = Command::new("timeout");
        let (signal, seconds) = if until_interrupted { ("INT", "1") } else { ("KILL", "120") };
        command.args(["--preserve-status", "--signal", signal, seconds, "bash", "-c"]);
        command.arg(if until_interrupted { format!("exec {line}") } else { line });
        let path = format!("{0}/bin:{0}/usr/local/bin:{1}", dir.display(), std::env::var("PATH").unwrap());
        let output =
            command.env("PATH", path).current_dir(dir.join(place)).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }
}

#[test]
fn every_command_does_as_it_is_written() {
    if !have("every_command_does_as_it_is_written", &["bash", "tar", "zstd", "python3", "timeout", "install"])
    {
        return;
    }
    let mut ran = 0;
    for (page, commands) in PAGES {
        let desk = Desk::new();
        desk.evidence(page);
        if *page == "docs/collecting.md" {
            // The page before it made the plugin.
            let (code, said) =
                desk.run("ln -s \"$(command -v jivascope)\" /usr/local/bin/kubectl-jivascope", false, "desk");
            assert_eq!(code, Some(0), "{said}");
        }
        for (command, how) in *commands {
            let (wanted, until_interrupted, place) = match how {
                Runs(code) => (*code, false, "desk"),
                Alone(code) => (*code, false, "archives"),
                UntilInterrupted => (0, true, "desk"),
                LeftOut(why) => {
                    left_out(command, why);
                    continue;
                }
            };
            ran += 1;
            let (code, said) = desk.run(command, until_interrupted, place);
            assert_eq!(code, Some(wanted), "{page}: {command}: {said}");
        }
        assert!(desk.cluster.jobs().is_empty());
    }
    assert!(ran > 35, "only {ran} commands ran");
}
