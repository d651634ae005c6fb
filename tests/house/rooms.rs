//! Arrows point down: no room of the house imports one above it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, from the ground up, and what it may import: only what stands above it in this list. `runs` is the arithmetic
/// of `ident`'s ranges.
const ROOMS: &[(&str, &[&str])] = &[
    ("ident", &[]),
    ("runs", &["ident"]),
    ("progress", &[]),
    ("evidence", &["ident", "progress"]),
    ("finding", &["ident", "evidence"]),
    ("go", &["finding"]),
    ("replica", &["ident", "evidence", "finding", "go"]),
    ("dialect", &["ident", "evidence", "finding", "go", "replica"]),
    ("witness", &["ident", "evidence", "finding", "replica", "dialect"]),
    ("redact", &["ident", "evidence", "go", "replica", "dialect"]),
    ("lineage", &["ident", "finding", "go", "replica", "dialect"]),
    ("blocks", &["ident", "progress", "evidence", "finding", "replica", "lineage"]),
    ("filesystem", &["ident", "progress", "evidence", "go", "blocks"]),
    ("verdict", &["ident", "finding", "replica", "dialect", "lineage", "blocks"]),
    (
        "analysis",
        &[
            "ident",
            "progress",
            "evidence",
            "finding",
            "replica",
            "dialect",
            "witness",
            "lineage",
            "blocks",
            "filesystem",
            "verdict",
        ],
    ),
    ("repair", &["ident", "evidence", "dialect", "lineage", "blocks", "replica", "verdict", "analysis"]),
    (
        "plan",
        &["ident", "finding", "dialect", "witness", "lineage", "replica", "verdict", "analysis", "repair"],
    ),
    ("check", &["ident", "finding", "replica", "lineage", "analysis"]),
    (
        "report",
        &[
            "ident",
            "evidence",
            "finding",
            "go",
            "replica",
            "dialect",
            "witness",
            "lineage",
            "blocks",
            "filesystem",
            "verdict",
            "analysis",
            "check",
            "plan",
            "repair",
        ],
    ),
    ("nbd", &["ident", "evidence", "replica", "lineage", "blocks", "report"]),
    ("visit", &["evidence", "dialect", "report"]),
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
    for (at, (name, allowed)) in ROOMS.iter().enumerate() {
        let above: Vec<&str> = ROOMS[..at].iter().map(|(name, _)| *name).collect();
        assert!(allowed.iter().all(|one| above.contains(one)), "{name} may import what stands below it");
    }
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

/// One engine's rules are no other's: neither folder of `dialect` names the other, and what is Jiva's own behaviour does not
/// reach into how a directory is read.
#[test]
fn no_engine_knows_another() {
    let dialect = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialect");
    let mut files = Vec::new();
    sources(&dialect, &mut files);
    let mut seen = 0;
    for file in files {
        let below = file
            .strip_prefix(&dialect)
            .expect("the file lies below src/dialect")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&file).expect("a source file is text");
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        let banned: &[&str] = match below.split(['/', '.']).collect::<Vec<_>>()[..] {
            ["jiva", "engine", ..] => {
                &["longhorn", "dialect::reader", "dialect::notice", "dialect::describe"]
            }
            ["jiva", ..] => &["longhorn", "engine::"],
            ["longhorn", ..] => &["jiva::"],
            _ => continue,
        };
        seen += 1;
        for name in banned {
            assert!(!code.contains(name), "{below} names {name}");
        }
    }
    assert!(seen > 15, "only {seen} files were seen: the test does not look");
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

/// Files that use each other in a circle, each circle by its files below `src`. A circle hides which idea comes first;
/// those that are left are one idea in several files.
const CIRCLES: &[&[&str]] = &[
    &["dialect/jiva/engine/join.rs", "dialect/jiva/engine/names.rs", "dialect/jiva/engine/start.rs"],
    &[
        "evidence/gather.rs",
        "evidence/index.rs",
        "evidence/input.rs",
        "evidence/others.rs",
        "evidence/recognise.rs",
    ],
    &["evidence/tar/pax.rs", "evidence/tar/sparse.rs"],
];

/// Every module that a file takes a name from, as a path of modules below the crate. What a folder's `mod.rs` hands on is
/// that folder's.
fn taken(text: &str, module: &[String]) -> Vec<Vec<String>> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join(" ");
    let code = code.split("#[cfg(test)]").next().unwrap_or("").to_owned();
    let mut out = Vec::new();
    for (start, base) in [("super::", true), ("crate::", false)] {
        for (at, _) in code.match_indices(start) {
            let path = &code[at..];
            let end = path.find([';', ')', '(', '<', '>', ' ', '&', '.']).unwrap_or(path.len());
            // A group of imports goes on behind its brace.
            let end = path.find("::{").map_or(end, |brace| brace.min(end));
            let mut at = if base { module.to_vec() } else { Vec::new() };
            let parts: Vec<&str> = path[..end].split("::").filter(|part| !part.is_empty()).collect();
            for part in &parts {
                match *part {
                    "super" => drop(at.pop()),
                    "crate" => {}
                    part => at.push(part.trim_matches(|c: char| !c.is_alphanumeric() && c != '_').to_owned()),
                }
            }
            let group = path[end..].strip_prefix("::{").filter(|_| parts.len() <= 2);
            match group.and_then(|group| group.find('}').map(|close| &group[..close])) {
                Some(names) => out.extend(names.split(',').map(|name| {
                    let first = name.trim().split("::").next().unwrap_or("").trim().to_owned();
                    at.iter().cloned().chain([first]).collect()
                })),
                None => out.push(at),
            }
        }
    }
    out
}

#[test]
fn circles_are_known_and_few() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let module = |file: &Path| -> Vec<String> {
        let below = file.strip_prefix(&src).unwrap().with_extension("");
        let mut parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        parts
    };
    let places: BTreeMap<Vec<String>, usize> =
        files.iter().enumerate().map(|(at, file)| (module(file), at)).collect();
    let mut graph = petgraph::graph::DiGraph::<usize, ()>::new();
    let nodes: Vec<_> = (0..files.len()).map(|at| graph.add_node(at)).collect();
    let mut arrows = 0;
    for (at, file) in files.iter().enumerate() {
        let own = module(file);
        for mut path in taken(&fs::read_to_string(file).unwrap(), &own) {
            while !path.is_empty() && !places.contains_key(&path) {
                path.pop();
            }
            let Some(to) = places.get(&path).copied() else { continue };
            // A folder and its files are one: `mod.rs` hands on what they make.
            let family = path.starts_with(&own) || own.starts_with(&path);
            if to != at && !family {
                graph.update_edge(nodes[at], nodes[to], ());
                arrows += 1;
            }
        }
    }
    assert!(arrows > 200, "only {arrows} arrows were seen: the test does not look");
    let name = |at: usize| files[at].strip_prefix(&src).unwrap().to_string_lossy().into_owned();
    let mut found: Vec<Vec<String>> = petgraph::algo::tarjan_scc(&graph)
        .into_iter()
        .filter(|circle| circle.len() > 1)
        .map(|circle| circle.into_iter().map(|node| name(graph[node])).collect())
        .collect();
    found.iter_mut().for_each(|circle| circle.sort());
    found.sort();
    assert_eq!(found, CIRCLES, "a circle is new, or gone");
    assert!(found.len() < 7);
}

#[test]
fn half_of_the_files_are_short() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let lines = |file: &PathBuf| fs::read_to_string(file).unwrap().lines().count();
    let mut lengths: Vec<usize> = files.iter().map(lines).collect();
    lengths.sort_unstable();
    assert!(lengths[lengths.len() / 2] < 200, "the median file has {} lines", lengths[lengths.len() / 2]);
}

/// The files of the command line and what each may import of the others, from the ground up. A folder counts as one.
const CLI: &[(&str, &[&str])] = &[
    ("out", &[]),
    ("args", &[]),
    ("error", &["out"]),
    ("progress", &["out"]),
    ("inputs", &["args", "error"]),
    ("judging", &["args", "error", "inputs", "progress"]),
    ("trust", &["out", "error"]),
    ("verdicts", &[]),
    ("case", &["inputs"]),
    ("commands", &["out", "args", "error", "progress", "inputs", "judging", "trust", "verdicts", "case"]),
    ("mod", &["out", "error", "commands"]),
];

/// What a file of `src/cli` imports of the others; `super` is followed from where the file is.
fn cli_imports(text: &str, folder: &str) -> Vec<String> {
    let whole: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let above = if folder.is_empty() { "super::" } else { "super::super::" };
    let whole = whole.replace("crate::cli::", "\u{1}").replace(above, "\u{1}").replace(' ', "");
    let mut out = Vec::new();
    for (at, _) in whole.match_indices('\u{1}') {
        let rest = &whole[at + 1..];
        let group = rest.strip_prefix('{').map(|group| group.split('}').next().unwrap_or(group));
        let word =
            |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        match group {
            Some(group) => out.extend(group.split(',').map(word)),
            None => out.push(word(rest)),
        }
    }
    out.retain(|name| !name.is_empty() && name != folder);
    out
}

#[test]
fn arrows_of_the_command_line_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    for (at, (name, allowed)) in CLI.iter().enumerate() {
        let below: Vec<&str> = CLI[..at].iter().map(|(name, _)| *name).collect();
        assert!(allowed.iter().all(|one| below.contains(one)), "{name} may import what stands above it");
    }
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut seen = 0;
    for file in files {
        let below = file.strip_prefix(&src).expect("the file lies below src/cli");
        let name = below.iter().next().expect("a path has a first part").to_string_lossy();
        let folder = if below.components().count() > 1 { name.as_ref() } else { "" };
        let name = name.trim_end_matches(".rs");
        let (_, allowed) =
            CLI.iter().find(|(one, _)| *one == name).unwrap_or_else(|| panic!("{name} is not in the table"));
        for used in cli_imports(&fs::read_to_string(&file).expect("a source file is text"), folder) {
            if name == "mod" && !CLI.iter().any(|(one, _)| *one == used) {
                continue; // `super::*` of its tests
            }
            seen += 1;
            assert!(allowed.contains(&used.as_str()), "{} imports {used}, which it may not", file.display());
        }
    }
    assert!(seen > 40, "only {seen} imports were seen: the test does not look");
}

/// clippy.toml bans the streams too; an `allow` in another file would get past it, and not past this.
#[test]
fn one_file_writes_to_the_terminal() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut seen) = (Vec::new(), 0);
    sources(&src, &mut files);
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file is text");
        // The tests at the end of a file may write as they like.
        let code = text.split("#[cfg(test)]\nmod tests").next().expect("a first part");
        let names = |line: &str, way: &str| {
            let own = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            line.match_indices(way).any(|(at, _)| own(at))
        };
        let ways = ["stdout()", "stderr()", "print!(", "println!(", "eprint!(", "eprintln!(", "dbg!("];
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let writes = ways.iter().any(|way| code.iter().any(|line| names(line, way)));
        seen += usize::from(writes);
        assert!(!writes || file.ends_with("cli/out.rs"), "{} writes to the terminal", file.display());
    }
    assert_eq!(seen, 1, "the writer was not seen: the test does not look");
}

/// JSON reaches an output through one function, which escapes what serde leaves.
#[test]
fn json_is_written_in_one_place() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let writes = |file: &&PathBuf| {
        let text = fs::read_to_string(file).expect("a source can be read");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        ["serde_json::to_string", "serde_json::to_vec", "serde_json::to_writer"]
            .iter()
            .any(|call| code.contains(call))
    };
    let mut found: Vec<_> =
        files.iter().filter(writes).filter_map(|file| file.strip_prefix(&src).ok()).collect();
    found.sort();
    // An expectation is a file; the program escapes it when it writes it. The list of a capsule is packed and never shown.
    let known = ["check/expected.rs", "evidence/capsule/format.rs", "report/json.rs"];
    assert_eq!(found, known.map(Path::new));
}

/// Words that stand in nobody's documentation but in ours, where plainer ones say the same.
#[test]
fn the_words_are_plain() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let all: String = files.iter().map(|file| fs::read_to_string(file).unwrap().to_lowercase()).collect();
    let words: Vec<&str> = all.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    assert!(words.len() > 100_000, "only {} words were seen", words.len());
    let count = words.iter().filter(|word| ["told", "predicted", "spelt", "whoever"].contains(*word)).count();
    assert!(count <= 20, "{count} of them");
}

/// Each file of a program of tests stands in its `main.rs`, or it would not run, and on the map.
#[test]
fn every_test_runs_and_is_on_the_map() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("docs/tests.md")).unwrap();
    let mut files = Vec::new();
    sources(&root.join("tests"), &mut files);
    let mut seen = 0;
    for path in files {
        let below = path.strip_prefix(root.join("tests")).unwrap().with_extension("");
        let parts: Vec<&str> = below.iter().map(|part| part.to_str().unwrap()).collect();
        let [program, name] = parts[..] else {
            assert!(parts[0] == "support", "{} belongs to no program of tests", path.display());
            continue;
        };
        if program == "support" || name == "main" {
            continue;
        }
        seen += 1;
        let main = fs::read_to_string(path.with_file_name("main.rs")).unwrap();
        assert!(main.contains(&format!("\nmod {name};\n")), "{program}/main.rs does not run {name}");
        let section = map.split("## ").find(|part| part.starts_with(&format!("`{program}`")));
        let section = section.unwrap_or_else(|| panic!("{program} is not in docs/tests.md"));
        assert!(section.contains(&format!("| `{name}` |")), "{program}::{name} is not in docs/tests.md");
    }
    assert!(seen > 40, "only {seen} files were seen: the test does not look");
}
