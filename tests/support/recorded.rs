//! The recordings of the real Jiva, and the few of them that are bundled.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jivascope::analysis::{Analysis, Options, Volume, analyze};
use jivascope::evidence::{Evidence, Found};
use rayon::prelude::*;
use serde_json::Value;

use super::{collect, labelled, stepping};

/// One recording.
#[derive(Debug)]
pub struct Capture {
    /// Its path below the folder of recordings: `03-stale`, `random/r200`.
    pub name: String,
    pub dir: PathBuf,
    /// What the engine said.
    pub oracle: Value,
    /// Who holds what, where it was told.
    pub truth: Option<Value>,
    replicas: OnceLock<Vec<Found>>,
    full: OnceLock<Analysis>,
}

/// Every recording, and whether they are all of them or only the bundled ones.
#[derive(Debug)]
pub struct Captures {
    pub list: Vec<Capture>,
    pub complete: bool,
}

impl Captures {
    /// One by name; where only the bundled ones are here and it is none of them, the test is left out.
    pub fn get(&self, name: &str) -> Option<&Capture> {
        let found = self.list.iter().find(|capture| capture.name == name);
        assert!(found.is_some() || !self.complete, "{name} is not among the captures");
        if found.is_none() {
            stepping::left_out(name, "no captures");
        }
        found
    }
}

/// The bundled recordings.
pub fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures")
}

/// Loads all of them once for a test program.
pub fn captures() -> &'static Captures {
    static ALL: OnceLock<Captures> = OnceLock::new();
    ALL.get_or_init(|| {
        let beside = super::captures("all but the bundled captures");
        let root = beside.clone().unwrap_or_else(bundled);
        Captures { list: below(&root), complete: beside.is_some() }
    })
}

/// The second set of recordings: `JIVASCOPE_CAPTURES_2`, or `captures-2` beside the first. None where it is not here, and
/// the run says so.
pub fn second() -> Option<&'static Captures> {
    static ALL: OnceLock<Option<Captures>> = OnceLock::new();
    ALL.get_or_init(|| {
        let root = std::env::var_os("JIVASCOPE_CAPTURES_2").map(PathBuf::from).or_else(|| {
            let first = super::captures("the second set of captures")?;
            Some(first.parent()?.join("captures-2"))
        })?;
        if !root.is_dir() {
            stepping::left_out("the second set of captures", &format!("no {}", root.display()));
            return None;
        }
        Some(Captures { list: below(&root), complete: true })
    })
    .as_ref()
}

/// The sets that are here, by name.
pub fn sets() -> Vec<(&'static str, &'static Captures)> {
    let second = second().map(|set| ("captures-2", set));
    std::iter::once(("captures", captures())).chain(second).collect()
}

/// The recordings below a folder, by path.
fn below(root: &Path) -> Vec<Capture> {
    let mut dirs: Vec<PathBuf> = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.unwrap_or_else(|error| panic!("{error}")).into_path())
        .filter(|path| path.join("oracle.json").is_file())
        .collect();
    dirs.sort();
    let list: Vec<Capture> = dirs.into_iter().map(|dir| Capture::open(root, dir)).collect();
    assert!(!list.is_empty(), "no capture in {}", root.display());
    list
}

impl Capture {
    fn open(root: &Path, dir: PathBuf) -> Self {
        let read = |name: &str| -> Option<Value> {
            let bytes = std::fs::read(dir.join(name)).ok()?;
            Some(
                serde_json::from_slice(&bytes)
                    .unwrap_or_else(|error| panic!("{}/{name}: {error}", dir.display())),
            )
        };
        Self {
            name: dir.strip_prefix(root).unwrap().display().to_string(),
            oracle: read("oracle.json").unwrap(),
            truth: read("truth.json").filter(|truth| truth.get("holders").is_some()),
            replicas: OnceLock::new(),
            full: OnceLock::new(),
            dir,
        }
    }

    /// Whether each archive is a case of its own.
    pub fn separate(&self) -> bool {
        self.oracle.get("separate").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Its directories, as given with their labels.
    pub fn replicas(&self) -> &[Found] {
        kept::<Vec<Found>>(&self.replicas, || {
            let oracle = self.oracle["replicas"].as_object().unwrap();
            let inputs: Vec<_> = oracle
                .keys()
                .map(|label| (label, self.dir.join(format!("{label}.tar.zst"))))
                .filter(|(_, path)| path.is_file())
                .map(|(label, path)| labelled(label, path))
                .collect();
            collect(&inputs).unwrap_or_else(|error| panic!("{}: {error}", self.name)).replicas
        })
    }

    /// The labels of its replicas.
    pub fn labels(&self) -> BTreeSet<&str> {
        self.replicas().iter().map(|found| found.label.as_str()).collect()
    }

    /// Judges the replicas of these labels as one volume.
    pub fn judge(&self, labels: &BTreeSet<&str>, metadata_only: bool, without_missing: bool) -> Analysis {
        let mut options = Options::default();
        options.metadata_only = metadata_only;
        options.without_missing = without_missing;
        self.judge_by(labels, options)
    }

    /// Judges the replicas of these labels as one volume, with these options.
    pub fn judge_by(&self, labels: &BTreeSet<&str>, mut options: Options) -> Analysis {
        let replicas: Vec<Found> =
            self.replicas().iter().filter(|found| labels.contains(found.label.as_str())).cloned().collect();
        if replicas.len() == 1 {
            options.factor = 1;
        }
        analyze(Evidence { inputs: Vec::new(), replicas }, options, &())
    }

    /// The whole recording, judged once with its blocks read.
    pub fn full(&self) -> &Analysis {
        assert!(!self.separate());
        kept(&self.full, || self.judge(&self.labels(), false, false))
    }

    /// The only volume of [`Capture::full`].
    pub fn volume(&self) -> &Volume {
        assert_eq!(self.full().volumes.len(), 1, "{}", self.name);
        &self.full().volumes[0]
    }
}

/// What is made once, unless two threads make it at the same time: the making runs on all threads, and one that waits for
/// its parts may take up another that needs the same thing. Inside the cell it would wait for itself for ever.
fn kept<T>(cell: &OnceLock<T>, make: impl FnOnce() -> T) -> &T {
    match cell.get() {
        Some(made) => made,
        None => {
            let made = make();
            cell.get_or_init(|| made)
        }
    }
}

impl Captures {
    /// Judges everything ahead, on all threads.
    pub fn judged(&self) -> &[Capture] {
        self.list.par_iter().filter(|capture| !capture.separate()).for_each(|capture| {
            capture.full();
        });
        &self.list
    }
}

/// An answer and what it was asked about, for messages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    pub capture: String,
    /// The replica that was left out.
    pub without: Option<String>,
    pub metadata_only: bool,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.capture)?;
        if let Some(out) = &self.without {
            write!(f, " without {out}")?;
        }
        f.write_str(if self.metadata_only { " --metadata-only" } else { "" })
    }
}
