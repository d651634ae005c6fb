//! Running the program, and finding recordings to run it on.
#![allow(dead_code, clippy::print_stderr, reason = "every test file uses its own part")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The program, with an environment that says nothing of colour and its output in a pipe.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jivascope"));
    command.stdin(Stdio::null()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env("TERM", "xterm");
    command
}

/// Runs the program to its end.
pub fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    let output = program().args(arguments).output().expect("the program runs");
    Ran {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Where the recordings are, if they are there.
pub fn captures(test: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/captures");
    let place = std::env::var_os("JIVASCOPE_CAPTURES").map_or_else(|| PathBuf::from(default), PathBuf::from);
    if place.is_dir() {
        return Some(place);
    }
    eprintln!("left out: {test} (no captures)");
    None
}

/// The archives directly in a folder, sorted.
pub fn archives(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".tar.zst"))
        .collect();
    found.sort();
    found
}

/// Folders that hold archives of one volume each: the numbered ones, and the random walks.
pub fn folders(captures: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for base in [captures.to_owned(), captures.join("random")] {
        let Ok(entries) = std::fs::read_dir(&base) else { continue };
        out.extend(
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.is_dir() && !path.ends_with("damaged") && !path.ends_with("random")),
        );
    }
    out.sort();
    out.retain(|folder| !archives(folder).is_empty());
    out
}
