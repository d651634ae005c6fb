//! `docs/findings.md`, written from the table.

use std::fmt::Write;

use super::escape::markdown;
use crate::finding::catalog::CATALOG;

/// The page.
pub fn findings_page() -> String {
    let mut out = String::from(
        "# Findings\n\nWhat jivascope can find, by code. In the JSON each finding has its `code`, its `name` and typed `facts`. This page is written from the table in \
         `src/finding/catalog.rs`\n(`cargo run --example findings_page > docs/findings.md`); `jivascope explain CODE` \
         says the same,\nand `jivascope explain NAME` too.\n\n- **danger**: data are lost, or will be by the usual next step.\n- **warning**: can mislead, \
         or will matter in a later step.\n- **info**: worth knowing.\n",
    );
    for row in CATALOG {
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\n## {} {}\n\n`{}`, **{}.** {}\n\nRemedy: {}\n",
            row.code,
            markdown(row.title),
            row.name,
            row.severity,
            markdown(row.consequence),
            markdown(row.remedy)
        );
    }
    out
}
