//! What the tests share.
#![allow(dead_code, reason = "every test file uses its own part")]

pub mod answers;
pub mod browser;
pub mod builder;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod cluster;
pub mod directory;
pub mod e2fs;
pub mod evil;
pub mod ext;
pub mod faulty;
pub mod incidents;
pub mod judge;
pub mod laws;
pub mod markup;
pub mod mutate;
pub mod nbd;
pub mod recorded;
pub mod score;
pub mod stepping;
pub mod tar_writer;
pub mod tiny;
pub mod tools;
pub mod xfs;

pub mod model;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jivascope::evidence::{
    Entry, Evidence, Found, GatherError, Images, Input, InputPath, Kind, Options, Source, gather,
};

/// An input without a label.
pub fn plain(path: impl AsRef<Path>) -> Input {
    Input { label: None, path: InputPath::Path(path.as_ref().to_owned()) }
}

/// An input with a label.
pub fn labelled(label: &str, path: impl AsRef<Path>) -> Input {
    Input { label: Some(label.to_owned()), ..plain(path) }
}

/// Gathers with image data at hand.
pub fn collect(inputs: &[Input]) -> Result<Evidence, GatherError> {
    gather(inputs, &Options::new(Images::Spool { dir: None, limit: 1 << 30 }))
}

/// The only replica of one input.
pub fn only(path: impl AsRef<Path>) -> Found {
    let evidence = collect(&[plain(&path)]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(evidence.replicas.len(), 1, "{}", path.as_ref().display());
    evidence.replicas[0].clone()
}

/// Runs a program; false where it is absent, so that the test can step aside.
#[must_use]
pub fn run(command: &mut Command) -> bool {
    match command.stdin(Stdio::null()).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command:?}: {text}");
            true
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            stepping::step_aside("a tool", &format!("{} is not installed", command.get_program().display()));
            false
        }
        Err(error) => panic!("{command:?}: {error}"),
    }
}

/// The whole content of a file, read in steps that fit nothing.
pub fn content(source: &dyn Source, entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buf = vec![0xEE; 50_021];
    loop {
        let n = source.read_at(entry, bytes.len() as u64, &mut buf).unwrap_or_else(|error| {
            panic!("{} at {}: {error}", entry.name, bytes.len());
        });
        bytes.extend_from_slice(&buf[..n]);
        if n < buf.len() {
            return bytes;
        }
    }
}

/// What two sources of one directory must agree on: names, kinds, sizes, links, ranges, bytes.
///
/// Times are compared to whole seconds, and ranges only where both forms can hold holes.
pub fn assert_same(one: &dyn Source, other: &dyn Source, holes: bool, what: &str) {
    assert_eq!(one.entries(), other.entries(), "{what}");
    let seconds = |source: &dyn Source, entry: &Entry| {
        source.modified(entry).map(|time| time.div_euclid(1_000_000_000))
    };
    for (a, b) in one.entries().iter().zip(other.entries()) {
        if a.kind != Kind::File {
            assert!(one.read(a).is_err() && other.read(b).is_err(), "{what}: {}", a.name);
            continue;
        }
        assert_eq!(seconds(one, a), seconds(other, b), "{what}: time of {}", a.name);
        if holes {
            let (left, right) = (one.extents(a).unwrap().runs, other.extents(b).unwrap().runs);
            assert_eq!(left, right, "{what}: stored ranges of {}", a.name);
        }
        assert!(content(one, a) == content(other, b), "{what}: bytes of {}", a.name);
        if a.size <= 1 << 20 {
            assert!(one.read(a).unwrap() == other.read(b).unwrap(), "{what}: {}", a.name);
        }
    }
}

/// Where the recordings of the real Jiva are: `JIVASCOPE_CAPTURES`, or beside the checkout. Where there are none,
/// `what` is left out and the run says so.
pub fn captures(what: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/captures");
    let path = std::env::var_os("JIVASCOPE_CAPTURES").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if !path.is_dir() {
        stepping::left_out(what, "no captures");
        return None;
    }
    Some(path)
}

/// What a program that compresses makes of a file; nothing where it is absent.
pub fn output(program: &str, path: &Path) -> Vec<u8> {
    match Command::new(program).arg("-c").arg(path).stdin(Stdio::null()).output() {
        Ok(output) => output.stdout,
        Err(error) => {
            stepping::step_aside("a compressor", &format!("{program} is not installed: {error}"));
            Vec::new()
        }
    }
}

/// The recordings of the other witnesses: `JIVASCOPE_WITNESSES`, or `witnesses` beside the captures. None where they are not
/// here.
#[allow(dead_code)]
pub fn witnesses() -> Option<std::path::PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/witnesses");
    let root =
        std::env::var_os("JIVASCOPE_WITNESSES").map_or_else(|| beside.into(), std::path::PathBuf::from);
    root.is_dir().then_some(root)
}
