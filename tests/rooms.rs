//! Arrows point down: no room of the house imports one above it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and what it may import. `runs` is the arithmetic of `ident`'s ranges.
const ROOMS: &[(&str, &[&str])] = &[
    ("ident", &[]),
    ("runs", &["ident"]),
    ("watch", &[]),
    ("version", &[]),
    ("evidence", &["ident", "watch"]),
    ("finding", &["ident", "version", "evidence"]),
    ("format", &["ident", "version", "finding"]),
    ("replica", &["ident", "version", "finding", "format", "evidence"]),
    ("lineage", &["ident", "finding", "format", "replica"]),
    ("blocks", &["ident", "watch", "finding", "evidence", "replica", "lineage"]),
    ("jiva", &["ident", "version", "finding", "format", "replica"]),
    ("verdict", &["ident", "finding", "replica", "lineage", "blocks", "jiva"]),
    (
        "analysis",
        &[
            "ident", "watch", "version", "finding", "evidence", "replica", "lineage", "blocks", "jiva",
            "verdict",
        ],
    ),
    ("share", &["ident", "format", "evidence"]),
    ("check", &["ident", "finding", "replica", "lineage", "analysis"]),
    (
        "report",
        &[
            "check", "ident", "version", "finding", "format", "evidence", "replica", "lineage", "blocks",
            "jiva", "verdict", "analysis",
        ],
    ),
];

fn sources(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("src can be listed") {
            sources(&entry.expect("src can be listed").path(), out);
        }
    } else if path.extension().is_some_and(|ext| ext == "rs") {
        out.push(path.to_owned());
    }
}

/// The room of a file: the first part of its path below `src`.
fn room(file: &Path, src: &Path) -> String {
    let below = file.strip_prefix(src).expect("the file lies below src");
    let first = below.iter().next().expect("a path has a first part").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Every room named after `crate::`, grouped imports included.
fn imports(text: &str) -> Vec<String> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut out = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let end = group.find("};").unwrap_or(group.len());
                let mut depth = 0;
                for part in group[..end].split_inclusive(['{', '}', ',']) {
                    if depth == 0 {
                        out.push(word(part.trim_start()));
                    }
                    depth += part.matches('{').count() as i32 - part.matches('}').count() as i32;
                }
            }
            None => out.push(word(rest)),
        }
    }
    out.retain(|name| !name.is_empty());
    out
}

#[test]
fn arrows_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut seen = 0;
    for file in files {
        let name = room(&file, &src);
        if matches!(name.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let allowed = rooms.get(name.as_str()).unwrap_or_else(|| panic!("room {name} is not in the table"));
        for used in imports(&fs::read_to_string(&file).expect("a source file is text")) {
            seen += 1;
            assert!(
                used == name || allowed.contains(&used.as_str()),
                "{} imports {used}, which {name} may not",
                file.display()
            );
        }
    }
    assert!(seen > 100, "only {seen} imports were seen: the test does not look");
}

#[test]
fn the_program_uses_the_library_from_outside() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src.join("cli"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file is text");
        for used in imports(&text) {
            assert!(used == "cli", "{} reaches into crate::{used}", file.display());
        }
    }
}

#[test]
fn grouped_imports_are_seen() {
    let text =
        "use crate::{ident::{Label, Run}, lineage::Lineage};\nuse crate::replica::Replica; // crate::cli";
    assert_eq!(imports(text), ["ident", "lineage", "replica"]);
}

#[test]
fn files_stay_readable() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    for file in files {
        let lines = fs::read_to_string(&file).expect("a source file is text").lines().count();
        assert!(lines <= 600, "{} has {lines} lines: split it", file.display());
    }
}
