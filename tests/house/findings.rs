//! Findings: the page is the table, and what a sentence says stands beside it in typed values.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::recorded::{Capture, captures};
use jivascope::analysis::Analysis;
use jivascope::finding::catalog::CATALOG;
use jivascope::report::json::Document;
use serde_json::Value;

#[test]
fn docs_findings_is_what_the_table_says() {
    let page = include_str!("../../docs/findings.md");
    assert!(
        page == jivascope::report::findings_page(),
        "cargo run --example findings_page > docs/findings.md"
    );
}

/// Every key is in snake_case, and what is absent is absent.
fn is_well_formed(value: &Value, what: &str) {
    match value {
        Value::Null => panic!("{what} has a null"),
        Value::Object(object) => {
            for (key, value) in object {
                let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                // An oddity of a file is a word, as `inspect` has it.
                assert!(key.chars().all(snake) || what.ends_with(".oddity"), "{what}.{key}");
                is_well_formed(value, &format!("{what}.{key}"));
            }
        }
        Value::Array(list) => list.iter().for_each(|value| is_well_formed(value, what)),
        _ => {}
    }
}

#[test]
fn every_finding_of_every_recording_has_its_name_and_typed_facts() {
    let mut seen = BTreeSet::new();
    // Recordings of single directories are no set: each is judged alone.
    let alone = |capture: &Capture, label| capture.judge(&BTreeSet::from([label]), true, false);
    let judged = captures().list.iter().flat_map(|capture| {
        let all: Vec<Analysis> = match capture.separate() {
            true => capture.labels().into_iter().map(|label| alone(capture, label)).collect(),
            false => vec![capture.judge(&capture.labels(), false, false)],
        };
        all.into_iter().map(|analysis| (&capture.name, analysis))
    });
    for (name, analysis) in judged {
        let document: Value = serde_json::from_str(&Document::of(&analysis).to_text()).unwrap();
        for finding in
            document["volumes"].as_array().unwrap().iter().flat_map(|v| v["findings"].as_array().unwrap())
        {
            let code = finding["code"].as_str().unwrap();
            let what = format!("{name}: {code}");
            let row = CATALOG.iter().find(|row| row.code.to_string() == code).unwrap();
            assert_eq!(finding["name"], row.name, "{what}");
            assert!(finding["facts"].is_object() && finding.get("detail").is_none(), "{what}");
            is_well_formed(&finding["facts"], &what);
            let text = finding["text"].as_str().unwrap();
            assert!(
                !text.is_empty() && !text.ends_with(['.', ' ']) && !text.contains("  "),
                "{what}: {text}"
            );
            // The label stands before the sentence on every screen.
            if let Some(label) = finding["replica"].as_str() {
                assert!(!text.starts_with(&format!("{label} ")), "{what}: {text}");
            }
            seen.insert(code.to_owned());
        }
    }
    assert!(seen.len() > 20, "only {seen:?} were seen");
}

/// The sources below a directory.
fn sources(path: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else {
            out.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn nothing_takes_a_sentence_apart() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let apart =
        ["contains", "starts_with", "ends_with", "strip_prefix", "strip_suffix", "split", "find(", "replace"];
    let mut asked = 0;
    for (file, text) in all {
        let words: String = text.split_whitespace().collect();
        for (at, _) in words.match_indices(".text()") {
            asked += 1;
            let rest = words[at + ".text()".len()..].trim_start_matches(".as_str()").trim_start_matches('.');
            assert!(
                !apart.iter().any(|how| rest.starts_with(how)),
                "{file}: {}",
                &rest[..rest.len().min(40)]
            );
        }
    }
    assert!(asked > 3, "only {asked} sentences are asked for: the test does not look");
}

#[test]
fn docs_glossary_is_what_the_tables_say() {
    let page = include_str!("../../docs/glossary.md");
    assert!(
        page == jivascope::report::glossary::glossary_page(),
        "cargo run --example glossary_page > docs/glossary.md"
    );
}
