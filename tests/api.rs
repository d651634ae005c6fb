//! The public API as a list that shows in review: `docs/api.txt`.
//!
//! The list is made from the source text as rustfmt leaves it: every item that is `pub`, with its signature, and the
//! variants and methods of what is public. It needs no nightly compiler and no network. `JIVASCOPE_UPDATE=1 cargo test
//! --test api` writes it anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if !path.ends_with("src/cli") {
                sources(&path, out);
            }
        } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("src/main.rs") {
            out.push(path);
        }
    }
}

/// The public items of a file, one a line.
fn items(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut lines = text.lines().peekable();
    // The closing line of a body whose lines are public themselves: of an enum or a trait.
    let mut body: Option<(String, bool)> = None;
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.starts_with("mod ")) {
            break;
        }
        let trimmed = line.trim_start();
        if body.as_ref().is_some_and(|(end, _)| line == end) {
            body = None;
            continue;
        }
        let is_trait = body.as_ref().is_some_and(|(_, is_trait)| *is_trait);
        let is_item = trimmed.starts_with("pub ")
            || (line.starts_with("impl") && line.contains(" for "))
            || (is_trait && (trimmed.starts_with("fn ") || trimmed.starts_with("type ")))
            || (body.is_some() && !is_trait && !trimmed.starts_with("//") && !trimmed.starts_with('#'));
        if !is_item || trimmed.is_empty() || trimmed == "}," {
            continue;
        }
        let mut whole = trimmed.to_owned();
        let done = |text: &str| text.ends_with(['{', ';', ',', '}']) && balanced(text);
        while !done(&whole) {
            let Some(next) = lines.next() else { break };
            whole.push(' ');
            whole.push_str(next.trim());
        }
        let opens = whole.ends_with('{');
        if opens && (trimmed.starts_with("pub enum ") || trimmed.starts_with("pub trait ")) {
            let indent = &line[..line.len() - trimmed.len()];
            body = Some((format!("{indent}}}"), trimmed.starts_with("pub trait ")));
        }
        let indent = if line.starts_with(' ') { "    " } else { "" };
        let shown = whole.trim_end_matches(['{', ';', ',']).trim_end().replace("( ", "(").replace(", )", ")");
        out.push(format!("{indent}{shown}"));
    }
    out
}

/// Whether every bracket of a signature is closed, but for the brace that opens a body.
fn balanced(text: &str) -> bool {
    let open = text.matches(['(', '[']).count();
    let closed = text.matches([')', ']']).count();
    let use_open = text.starts_with("pub use ") && text.matches('{').count() != text.matches('}').count();
    open == closed && !use_open
}

fn list() -> String {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut out =
        String::from("# The public API, made by tests/api.rs: `JIVASCOPE_UPDATE=1 cargo test --test api`\n");
    for file in files {
        let items = items(&fs::read_to_string(&file).unwrap());
        if !items.is_empty() {
            let name = file.strip_prefix(&src).unwrap().display();
            let _ = writeln!(out, "\n## {name}\n{}", items.join("\n"));
        }
    }
    out
}

#[test]
fn the_list_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.txt");
    let made = list();
    if std::env::var_os("JIVASCOPE_UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    let changed = |from: &str, to: &str, mark: char| {
        let lines = to.lines().filter(|line| !from.lines().any(|other| other == *line));
        lines.map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    assert!(
        there == made,
        "docs/api.txt is not current; JIVASCOPE_UPDATE=1 cargo test --test api writes it\n{}{}",
        changed(&made, &there, '-'),
        changed(&there, &made, '+')
    );
}

#[test]
fn items_are_found() {
    let text = "/// Doc.\n#[derive(Debug)]\npub enum E {\n    /// One.\n    A,\n    B {\n        /// f\n        x: u8,\n    },\n}\n\
                struct Hidden;\nimpl Hidden {\n    pub fn long(\n        &self,\n        a: u8,\n    ) -> u8 {\n        1\n    }\n\
                    pub(crate) fn inner() {}\n}\nimpl Clone for E {\n    fn clone(&self) -> Self {}\n}\n\
                pub trait T: Send {\n    /// m\n    fn m(&self) -> u8;\n}\n#[cfg(test)]\nmod tests {\n    pub fn no() {}\n}\n";
    let wanted = [
        "pub enum E",
        "    A",
        "    B",
        "    x: u8",
        "    pub fn long(&self, a: u8) -> u8",
        "impl Clone for E",
        "pub trait T: Send",
        "    fn m(&self) -> u8",
    ];
    assert_eq!(items(text), wanted);
}
