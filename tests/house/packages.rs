//! What a release is made of: the static program, its archive, the Debian package, the image; installed, run, and removed again.
#![cfg(feature = "cli")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::support::stepping::{have, step_aside};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A case that each form of the program must judge.
const CASE: &str = "fixtures/captures/03-stale";

fn good(what: &str, output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}{said}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(HERE).output();
    good(&format!("{program} {arguments:?}"), output.unwrap_or_else(|error| panic!("{program}: {error}")))
}

/// The static program: the one that `JIVASCOPE_STATIC` names, as the gate has built it, or one built here. It is built
/// without optimisation, since only what it needs of the system is looked at.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<(Option<tempfile::TempDir>, PathBuf)> = OnceLock::new();
    let (_, path) = PROGRAM.get_or_init(|| {
        if let Some(path) = std::env::var_os("JIVASCOPE_STATIC") {
            return (None, path.into());
        }
        let dir = tempfile::tempdir().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args([
                "build",
                "--locked",
                "--offline",
                "--bin",
                "jivascope",
                "--target",
                TARGET,
                "--target-dir",
            ])
            .arg(dir.path());
        cargo.env("RUSTFLAGS", "-C target-feature=+crt-static").env("CARGO_PROFILE_DEV_OPT_LEVEL", "0");
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0").current_dir(HERE);
        good("the static build", cargo.output().unwrap());
        let path = dir.path().join(TARGET).join("debug/jivascope");
        (Some(dir), path)
    });
    path
}

/// What the program makes of the case, called as it is here.
fn judged(program: &Path) -> String {
    let output = Command::new(program).args(["analyze", CASE]).current_dir(HERE).output().unwrap();
    assert_eq!(output.status.code(), Some(10), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "builds the whole program anew unless JIVASCOPE_STATIC names it; the gate runs it"]
fn the_static_program_needs_nothing_of_the_system() {
    let program = program();
    let said = run(program.to_str().unwrap(), &["--version"]);
    assert_eq!(said, concat!("jivascope ", env!("CARGO_PKG_VERSION"), "\n"));
    // What needs a loader names it in its head.
    let bytes = fs::read(program).unwrap();
    assert!(!bytes.windows(13).any(|window| window == b"/lib64/ld-lin"), "it asks for a loader");
    judged(program);
}

#[test]
#[ignore = "as above"]
fn an_archive_is_the_same_each_time_and_fills_the_manifests() {
    if !have("an_archive_is_the_same_each_time_and_fills_the_manifests", &["python3", "strip", "gzip"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = program().to_str().unwrap();
    let archive = |name: &str, to: &str| {
        let to = dir.path().join(to);
        run("bash", &["packaging/archive.sh", program, name, to.to_str().unwrap()]);
        fs::read(to.join(format!("{name}.tar.gz"))).unwrap()
    };
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("jivascope-{version}-linux-amd64");
    let first = archive(&name, "one");
    assert!(first == archive(&name, "two"), "two archives of one program differ");
    tar::Archive::new(flate2::read::GzDecoder::new(&first[..])).unpack(dir.path()).unwrap();
    let inside = dir.path().join(&name);
    let plugin = Command::new(inside.join("kubectl-jivascope")).arg("--help").output().unwrap();
    assert!(good("the plugin", plugin).contains("Usage: kubectl jivascope "));
    for file in ["LICENSE", "share/man/jivascope.1.gz", "share/completions/_jivascope"] {
        assert!(inside.join(file).is_file(), "{file}");
    }
    // The manifests name the sums of what is there, and nothing in them is left to be filled in.
    let one = dir.path().join("one");
    archive(&format!("jivascope-{version}-linux-arm64"), "one");
    let to = one.to_str().unwrap();
    run(
        "python3",
        &["packaging/fill.py", "--version", version, "--repository", "owner/name", "--files", to, "--to", to],
    );
    let sum = run("sha256sum", &[one.join(format!("{name}.tar.gz")).to_str().unwrap()]);
    for manifest in ["jivascope.krew.yaml", "jivascope.rb"] {
        let text = fs::read_to_string(one.join(manifest)).unwrap();
        assert!(text.contains(&sum[..64]), "{manifest}: {text}");
        assert!(text.contains(&format!("owner/name/releases/download/v{version}/{name}.tar.gz")), "{text}");
        assert!(!text.contains('@'), "{manifest}: {text}");
    }
    // A missing file is an error, not an empty sum.
    let none = dir.path().join("none");
    fs::create_dir(&none).unwrap();
    let none = none.to_str().unwrap();
    let output = Command::new("python3")
        .args([
            "packaging/fill.py",
            "--version",
            version,
            "--repository",
            "owner/name",
            "--files",
            none,
            "--to",
            none,
        ])
        .current_dir(HERE)
        .output()
        .unwrap();
    assert!(!output.status.success());
}

/// Installed into a root of its own, run from there, and removed without a trace.
#[test]
#[ignore = "as above"]
fn the_debian_package_installs_and_goes() {
    const TEST: &str = "the_debian_package_installs_and_goes";
    if !have(TEST, &["cargo-deb", "dpkg", "dpkg-deb", "strip"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = program();
    // The cargo-deb that is at hand as a binary is older than edition 2024. Nothing is built here, so the edition is
    // nobody's matter: it reads a copy of Cargo.toml, beside links to everything else.
    for entry in fs::read_dir(HERE).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        if name != "Cargo.toml" && name != "target" {
            std::os::unix::fs::symlink(entry.path(), dir.path().join(name)).unwrap();
        }
    }
    let manifest = fs::read_to_string(Path::new(HERE).join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("edition = \"2024\"", "edition = \"2021\"");
    fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
    let extras = dir.path().join("target/extras");
    run("bash", &["packaging/extras.sh", program.to_str().unwrap(), extras.to_str().unwrap()]);
    let release = dir.path().join("target/release");
    fs::create_dir_all(&release).unwrap();
    fs::copy(program, release.join("jivascope")).unwrap();
    run("strip", &[release.join("jivascope").to_str().unwrap()]);
    let package = dir.path().join("jivascope.deb");
    let mut cargo = Command::new("cargo-deb");
    cargo.args(["deb", "--no-build", "--no-strip", "--fast", "--output"]).arg(&package);
    cargo
        .env("CARGO_TARGET_DIR", dir.path().join("target"))
        .env("CARGO_NET_OFFLINE", "true")
        .current_dir(dir.path());
    good("cargo deb", cargo.output().unwrap());
    let fields = run("dpkg-deb", &["--field", package.to_str().unwrap(), "Package", "Version", "Depends"]);
    assert!(fields.contains("Package: jivascope\n") && !fields.contains("Depends: l"), "{fields}");
    let root = dir.path().join("root");
    for place in ["var/lib/dpkg/info", "var/lib/dpkg/updates"] {
        fs::create_dir_all(root.join(place)).unwrap();
    }
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let option = format!("--root={}", root.display());
    let dpkg = |arguments: &[&str]| {
        run("dpkg", &[&[option.as_str(), "--force-not-root", "--force-bad-path"], arguments].concat())
    };
    dpkg(&["--install", package.to_str().unwrap()]);
    let installed = root.join("usr/bin/jivascope");
    assert_eq!(judged(&installed), judged(program));
    assert_eq!(fs::read_link(root.join("usr/bin/kubectl-jivascope")).unwrap(), Path::new("jivascope"));
    for file in [
        "usr/share/man/man1/jivascope.1.gz",
        "usr/share/man/man1/jivascope-collect-pvc.1.gz",
        "usr/share/bash-completion/completions/jivascope",
        "usr/share/zsh/vendor-completions/_jivascope",
        "usr/share/fish/vendor_completions.d/jivascope.fish",
        "usr/share/doc/jivascope/copyright",
    ] {
        assert!(root.join(file).is_file(), "{file}");
    }
    dpkg(&["--purge", "jivascope"]);
    let left = crate::support::cluster::files(&root);
    let left: Vec<_> = left.iter().filter(|file| !file.starts_with("var/")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The image, built without a daemon, judges a mounted case as nobody, with a root that cannot be written to.
#[test]
#[ignore = "as above"]
fn the_image_runs_as_nobody_on_a_root_that_is_read_only() {
    const TEST: &str = "the_image_runs_as_nobody_on_a_root_that_is_read_only";
    if !have(TEST, &["buildah", "unshare", "mount", "chroot", "strip"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let image = dir.path().join("image");
    fs::create_dir(&image).unwrap();
    fs::copy(program(), image.join("jivascope")).unwrap();
    run("strip", &[image.join("jivascope").to_str().unwrap()]);
    let at = |name: &str| dir.path().join(name).display().to_string();
    let (root, run_root, file) = (at("storage"), at("run"), format!("{HERE}/Containerfile"));
    let buildah = |arguments: &[&str]| {
        let storage = ["--root", &root, "--runroot", &run_root, "--storage-driver", "vfs"];
        Command::new("buildah").args(storage).args(arguments).output().unwrap()
    };
    let context = image.to_str().unwrap();
    let built = buildah(&["bud", "--isolation", "chroot", "-t", "jivascope", "-f", &file, context]);
    if String::from_utf8_lossy(&built.stderr).contains("peration not permitted") {
        step_aside(TEST, "this machine lets buildah do nothing");
        return;
    }
    good("buildah bud", built);
    let container = good("buildah from", buildah(&["from", "--pull-never", "localhost/jivascope"]));
    let container = container.trim();
    let config = good("buildah inspect", buildah(&["inspect", container]));
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["OCIv1"]["config"]["User"], "65534:65534");
    assert_eq!(config["OCIv1"]["config"]["Entrypoint"], serde_json::json!(["/usr/bin/jivascope"]));
    let tree = good("buildah mount", buildah(&["mount", container]));
    let tree = Path::new(tree.trim());
    let inside: Vec<_> = crate::support::cluster::files(tree);
    assert_eq!(inside, [Path::new("usr/bin/jivascope")], "the image holds the program and nothing else");
    // What a container engine does: the case mounted read-only, the root made read-only, another user, another root.
    fs::create_dir(tree.join("evidence")).unwrap();
    let script = "set -e; mount --bind \"$1\" \"$1\"; mount --bind \"$2\" \"$1/evidence\"; \
                  mount -o remount,bind,ro \"$1/evidence\"; mount -o remount,bind,ro \"$1\"; \
                  ! touch \"$1/evidence/x\" 2>&-; ! touch \"$1/x\" 2>&-; shift 2; exec \"$@\"";
    let case = format!("{HERE}/{CASE}");
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"])
        .args([tree, Path::new(&case)])
        .args(["chroot", "--userspec=65534:65534"])
        .arg(tree)
        .args(["/usr/bin/jivascope", "analyze", "/evidence"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("unshare failed") || said.contains("permission denied") {
        step_aside(TEST, "this machine allows no mounts of one's own");
        return;
    }
    assert_eq!(output.status.code(), Some(10), "{said}");
    // Where a command goes on in a next line depends on how long the paths are.
    let joined = |text: &str| text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(joined(&said), joined(&judged(program()).replace(CASE, "/evidence")));
}
