//! The documents of `timeline`: JSON and CSV.

use std::fmt::Write;

use serde::Serialize;

use super::escape;
use super::json::{self, TOOL};
use crate::analysis::{Analysis, Volume};
use crate::witness::{Happened, Witness};

/// Name and version of the form of the document; additions keep it.
pub const SCHEMA: &str = "jivascope.timeline/1";

/// The document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimelineDocument<'a> {
    schema: &'static str,
    tool: json::Tool,
    witnesses: &'a [Witness],
    volumes: Vec<Shown<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Shown<'a> {
    name: &'a str,
    timeline: &'a [Happened],
}

impl<'a> TimelineDocument<'a> {
    /// Makes the document of an analysis.
    pub fn of(analysis: &'a Analysis) -> Self {
        let shown = |volume: &'a Volume| Shown { name: &volume.name, timeline: volume.timeline() };
        let volumes = analysis.volumes.iter().map(shown).collect();
        Self { schema: SCHEMA, tool: TOOL, witnesses: &analysis.witnesses, volumes }
    }

    /// The document as text, with a line feed at its end.
    pub fn to_text(&self) -> String {
        json::pretty(self)
    }
}

/// All entries as CSV, with a head line. Lines end with a line feed: a carriage return has no place on a terminal.
pub fn csv(analysis: &Analysis) -> String {
    let mut out = String::from("volume,at,at_source,clock,event,subject,file,line\n");
    for volume in &analysis.volumes {
        for entry in volume.timeline() {
            let line = entry.line.map(|line| line.to_string()).unwrap_or_default();
            let at = entry.at.as_deref().unwrap_or_default();
            let cells = [
                &volume.name,
                at,
                entry.at_source,
                &entry.clock,
                &entry.event,
                &entry.subject,
                &entry.file,
                &line,
            ];
            let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}", cells.join(","));
        }
    }
    out
}

/// One cell: nothing in it moves a cursor, and no spreadsheet takes it for a formula.
fn cell(text: &str) -> String {
    let mut plain = escape::terminal(text);
    if plain.starts_with(['=', '+', '-', '@']) {
        plain.insert(0, '\'');
    }
    if plain.contains([',', '"', '\n', '\r']) { format!("\"{}\"", plain.replace('"', "\"\"")) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_and_nothing_else() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
        ] {
            assert_eq!(cell(text), expected);
        }
        assert!(!cell("a\u{1b}[31mb").contains('\u{1b}'));
    }
}
