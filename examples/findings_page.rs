//! Prints docs/findings.md.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(jivascope::report::findings_page().as_bytes())
}
