//! The bundled cases hold the rules: with one rule changed, `check` must fail and name the case that shows it.
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// One rule changed.
struct Mutant {
    what: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// Cases that must differ; others may too.
    caught_by: &'static [&'static str],
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        what: "the greater counter is taken for the older one",
        file: "src/lineage/earlier.rs",
        from: "} else if cb < ca && own_b.is_subset(own_a)",
        to: "} else if cb > ca && own_b.is_subset(own_a)",
        caught_by: &["captures/03-stale"],
    },
    Mutant {
        what: "a replica with a snapshot of its own is taken for an earlier point of another",
        file: "src/lineage/earlier.rs",
        from: "own_b.is_subset(own_a) && is_earlier(b, bt, a, at)",
        to: "own_b.is_subset(own_a)",
        caught_by: &["cases/snapshot-of-its-own"],
    },
    Mutant {
        what: "one name is one state, whatever its counters",
        file: "src/lineage/shared.rs",
        from: "if ca == cb || !la.counts || !lb.counts {",
        to: "if true {",
        caught_by: &["captures/random/p219"],
    },
    Mutant {
        what: "what a side lost below the common state is not missed",
        file: "src/lineage/relate.rs",
        from: "&out.unique_a, &out.lost_b,",
        to: "&out.unique_a,",
        caught_by: &["captures/random/r136"],
    },
    Mutant {
        what: "whoever is missing is not missed",
        file: "src/verdict/decide.rs",
        from: "    if !case.lacks_one() {\n        return verdict;",
        to: "    if true {\n        return verdict;",
        caught_by: &["captures/08-missing-witness", "cases/witness-of-two"],
    },
    Mutant {
        what: "a defective copy is as good as whole",
        file: "src/replica/quality.rs",
        from: "self.quality > Quality::Defective || self.has(CopyRemark::AsFound)",
        to: "true",
        caught_by: &["cases/image-missing", "cases/none-whole"],
    },
    Mutant {
        what: "doubts do not keep an answer from being proven",
        file: "src/verdict/confidence.rs",
        from: "Basis::Blocks if relation.doubts.is_empty() => Confidence::Proven",
        to: "Basis::Blocks => Confidence::Proven",
        caught_by: &["captures/03-stale", "captures/11-two-blank"],
    },
    Mutant {
        what: "the higher counter needs no company",
        file: "src/lineage/company.rs",
        from: "    Company::None\n}",
        to: "    Company::Shown\n}",
        caught_by: &["cases/split-brain-without-logs"],
    },
    Mutant {
        what: "logs do not show who ran with whom",
        file: "src/lineage/company.rs",
        from: "Some(Order::Earlier) => return Company::Logged,",
        to: "Some(Order::Earlier) => {}",
        caught_by: &["captures/05-split-brain", "cases/stale-two-of-three"],
    },
    Mutant {
        what: "of several holders the worst is kept",
        file: "src/verdict/decide.rs",
        from: "whole.iter().copied().min_by_key(",
        to: "whole.iter().copied().max_by_key(",
        caught_by: &["captures/01-healthy", "captures/random/p224"],
    },
];

/// The text of a file with the rule changed. Where it does not stand there exactly once, the mutant is out of date.
fn mutated(mutant: &Mutant) -> String {
    let text = fs::read_to_string(Path::new(HERE).join(mutant.file)).unwrap();
    let found = text.matches(mutant.from).count();
    assert_eq!(found, 1, "{}: {:?} stands {found} times in {}", mutant.what, mutant.from, mutant.file);
    text.replace(mutant.from, mutant.to)
}

#[test]
fn every_mutant_still_changes_one_place() {
    for mutant in MUTANTS {
        assert_ne!(mutated(mutant), fs::read_to_string(Path::new(HERE).join(mutant.file)).unwrap());
        for case in mutant.caught_by {
            assert!(Path::new(HERE).join("fixtures").join(case).join("expected.json").is_file(), "{case}");
        }
    }
}

/// A copy of the package beside one target directory, so that dependencies are built once and the rest incrementally.
struct Copied {
    package: PathBuf,
    target: PathBuf,
}

impl Copied {
    fn new() -> Self {
        // In a place that stays: a second run finds the dependencies built. Each run copies the sources anew.
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        let package = place.join("package");
        if package.exists() {
            fs::remove_dir_all(&package).unwrap();
        }
        for part in ["Cargo.toml", "Cargo.lock", "README.md", "src", "benches", "examples", "tests"] {
            for entry in walkdir::WalkDir::new(Path::new(HERE).join(part)) {
                let entry = entry.unwrap();
                let to = package.join(entry.path().strip_prefix(HERE).unwrap());
                if entry.file_type().is_dir() {
                    fs::create_dir_all(to).unwrap();
                } else {
                    fs::create_dir_all(to.parent().unwrap()).unwrap();
                    // Not fs::copy, which would keep a read-only mode.
                    fs::write(to, fs::read(entry.path()).unwrap()).unwrap();
                }
            }
        }
        Self { package, target: place.join("target") }
    }

    /// Builds what stands there and runs `check fixtures`: its exit code and its output.
    fn check(&self, what: &str) -> (Option<i32>, String) {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--offline", "--bin", "jivascope"])
            .current_dir(&self.package)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", "1")
            // Ten builds, each of which runs for a moment.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
            .output()
            .unwrap();
        assert!(built.status.success(), "{what}: {}", String::from_utf8_lossy(&built.stderr));
        let ran = Command::new(self.target.join("debug/jivascope"))
            .args(["check", "fixtures"])
            .current_dir(HERE)
            .output()
            .unwrap();
        (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
    }
}

#[test]
#[ignore = "builds the program once for every mutant; the gate runs it"]
fn a_changed_rule_makes_check_fail() {
    let copied = Copied::new();
    let (code, said) = copied.check("unchanged");
    assert_eq!(code, Some(0), "unchanged: {said}");
    for mutant in MUTANTS {
        let place = copied.package.join(mutant.file);
        let original = fs::read(&place).unwrap();
        fs::write(&place, mutated(mutant)).unwrap();
        let (code, said) = copied.check(mutant.what);
        fs::write(&place, original).unwrap();
        assert_eq!(code, Some(3), "{}: {said}", mutant.what);
        for case in mutant.caught_by {
            let line = format!("DIFFERS  fixtures/{case}");
            assert!(said.lines().any(|said| said == line), "{}: no {case} in\n{said}", mutant.what);
        }
    }
}
