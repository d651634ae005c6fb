//! `docs/findings.md`, written from the table.

use std::fmt::Write;

use super::escape::markdown;
use crate::finding::catalog::CATALOG;

/// The page.
pub fn findings_page() -> String {
    let mut out = String::from(
        "# Findings\n\nWhat jivascope can notice, by code. This page is written from the table in \
         `src/finding/catalog.rs`\n(`cargo run --example findings_page > docs/findings.md`); `jivascope explain CODE` \
         says the same.\n\n- **danger**: data are lost, or will be by the usual next step.\n- **warning**: can mislead, \
         or will matter in a later step.\n- **info**: worth knowing.\n",
    );
    for row in CATALOG {
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\n## {} {}\n\n**{}.** {}\n\nWhat to do: {}\n",
            row.code,
            markdown(row.title),
            row.severity,
            markdown(row.consequence),
            markdown(row.remedy)
        );
    }
    out
}
