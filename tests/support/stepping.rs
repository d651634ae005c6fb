//! Tests that need a tool which may be absent, and say so.
//!
//! Under a plain `cargo test` such a test prints one line and ends. With `JIVASCOPE_NO_STEPPING_ASIDE=1`, as
//! the gate sets it, stepping aside is a failure: there every tool has been installed.

#![allow(dead_code, reason = "every test file uses its own part")]

use std::io::Write as _;
use std::path::Path;

/// Says that a test cannot do its work here, and why.
///
/// # Panics
/// Where stepping aside is not allowed.
pub fn step_aside(test: &str, why: &str) {
    assert!(
        std::env::var_os("JIVASCOPE_NO_STEPPING_ASIDE").is_none_or(|value| value.is_empty() || value == "0"),
        "STEPPED ASIDE: {test}: {why}"
    );
    let _ = writeln!(std::io::stderr(), "STEPPED ASIDE: {test}: {why}");
}

/// Says which part of a test is left out, and why, where no tool could mend it. Written past the test harness,
/// which hides what passing tests print.
pub fn left_out(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "left out: {what} ({why})");
}

/// Whether all these programs are installed; if not, the test steps aside and should return.
#[must_use]
pub fn have(test: &str, tools: &[&str]) -> bool {
    match tools.iter().find(|tool| !is_installed(tool)) {
        Some(tool) => {
            step_aside(test, &format!("{tool} is not installed"));
            false
        }
        None => true,
    }
}

/// Whether a program can be found: in `PATH`, or where administrators' tools are.
fn is_installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([Path::new("/usr/sbin").to_owned(), Path::new("/sbin").to_owned()])
        .any(|dir| dir.join(tool).is_file())
}
