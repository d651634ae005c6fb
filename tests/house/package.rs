//! The crate as others get it: the examples, and the package built into a program of somebody else's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn cargo(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(dir).args(arguments);
    command
}

fn good(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn example(name: &str, arguments: &[&str]) -> String {
    let mut command =
        cargo(Path::new(HERE), &["run", "-q", "--locked", "--offline", "--example", name, "--"]);
    good(command.args(arguments).output().unwrap())
}

#[test]
fn the_examples_run() {
    let dir = tempfile::tempdir().unwrap();
    crate::support::tiny::stale(dir.path());
    let path = dir.path().to_str().unwrap();
    assert_eq!(
        example("holders", &[path]),
        "volume: authoritative (strong)\n  holds everything: rep-1, rep-2\n  must not be wiped: rep-1\n"
    );
    let walk = example("walk_dag", &[path]);
    assert!(walk.contains("volume-snap-5d5f2c9e") && walk.contains("on rep-1, rep-2, rep-3"), "{walk}");
    assert!(walk.lines().next().unwrap().starts_with("volume: "), "{walk}");
    let rep = dir.path().join("rep-1");
    let bytes = example("read_file", &[rep.to_str().unwrap(), "24574", "4"]);
    assert_eq!(bytes.as_bytes(), [5, 5, 6, 6]);
}

/// Packs the crate, unpacks it elsewhere, and builds a program against it without network and without this checkout.
#[test]
#[ignore = "builds the crate and its dependencies anew; the gate runs it"]
fn a_program_outside_uses_the_package() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("target");
    let packed =
        cargo(Path::new(HERE), &["package", "--offline", "--locked", "--allow-dirty", "--no-verify"])
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .unwrap();
    good(packed);
    let name = concat!("jivascope-", env!("CARGO_PKG_VERSION"));
    let file = fs::File::open(target.join("package").join(format!("{name}.crate"))).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(file)).unpack(dir.path()).unwrap();
    let package = dir.path().join(name);
    for left in [".ci", "fuzz"] {
        assert!(!package.join(left).exists(), "{left} is in the package");
    }
    let program = dir.path().join("outside");
    fs::create_dir_all(program.join("src")).unwrap();
    fs::write(
        program.join("Cargo.toml"),
        format!(
            "[package]\nname = \"outside\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[dependencies]\n\
             jivascope = {{ path = {:?}, default-features = false }}\npetgraph = \"0.8\"\n\n[workspace]\n",
            package.display().to_string()
        ),
    )
    .unwrap();
    let main: PathBuf = Path::new(HERE).join("examples/holders.rs");
    fs::copy(main, program.join("src/main.rs")).unwrap();
    // The versions that were locked here are those at hand offline.
    fs::copy(package.join("Cargo.lock"), program.join("Cargo.lock")).unwrap();
    let evidence = dir.path().join("evidence");
    crate::support::tiny::split(&evidence);
    let ran = cargo(&program, &["run", "-q", "--offline", "--"])
        .arg(&evidence)
        .env("CARGO_TARGET_DIR", dir.path().join("outside-target"))
        .output()
        .unwrap();
    assert!(good(ran).starts_with("volume: irreconcilable (strong)\n"));
}
