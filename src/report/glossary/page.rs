//! `docs/glossary.md`, written from the tables.

use std::fmt::Write;

use super::terms;
use crate::report::escape::markdown;
use crate::report::words;
use crate::verdict::RULES;

/// The page.
pub fn glossary_page() -> String {
    let mut out = String::from(
        "# Glossary\n\nEvery word that a screen uses. This page is written from the tables in `src/report/glossary`\n\
         (`cargo run --example glossary_page > docs/glossary.md`); `jivascope explain WORD` says the same. Findings \
         are in\n[findings.md](findings.md).\n",
    );
    let mut category = None;
    for term in terms() {
        if category.replace(term.category) != Some(term.category) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\n## {}\n\n", words::capital(term.category.as_str()));
        }
        let _ = writeln!(out, "- **{}**: {}", markdown(term.name), markdown(term.says));
    }
    let _ = write!(out, "\n## Rules\n\n");
    for rule in RULES {
        let _ = writeln!(out, "- **{}**: {}", markdown(rule.id), markdown(rule.says));
    }
    out
}
