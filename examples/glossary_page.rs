//! Prints docs/glossary.md.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(jivascope::report::glossary::glossary_page().as_bytes())
}
