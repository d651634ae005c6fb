//! `check` as SARIF 2.1.0: a result for each value that is not as expected.

use serde_json::{Value, json};

use super::line;
use crate::check::{Checked, FILE_NAME, Outcome};
use crate::report::json::pretty;

/// Writes the run as a SARIF log, with a line feed at its end. Locations are the expectation files, by their path as
/// the case was named.
pub fn sarif(cases: &[Checked]) -> String {
    let mut results = Vec::new();
    for case in cases {
        match &case.outcome {
            Outcome::Same | Outcome::Updated => {}
            Outcome::Differs(differences) => {
                let differing = differences.iter().map(|one| result("differs", &line(one), &case.name));
                results.extend(differing);
            }
            Outcome::Failed(why) => results.push(result("failed", why, &case.name)),
        }
    }
    let rule = |id: &str, text: &str| json!({ "id": id, "shortDescription": { "text": text } });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [
                    rule("differs", "The answer is not as expected"),
                    rule("failed", "The case could not be run"),
                ],
            } },
            "results": results,
        }],
    });
    pretty(&log)
}

fn result(rule: &str, text: &str, case: &str) -> Value {
    json!({
        "ruleId": rule,
        "level": "error",
        "message": { "text": format!("{case}: {text}") },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(case) } } }],
    })
}

/// The expectation file of a case as a relative URI reference.
fn uri(case: &str) -> String {
    let mut out = String::new();
    for byte in format!("{case}/{FILE_NAME}").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
