//! The public API as a list that shows in review: `docs/api.txt`.
//!
//! The list is made from the source text as rustfmt leaves it: every item that can be named from outside, with its
//! signature, and the variants, fields and methods of what is public. It needs no nightly compiler and no network. `JIVASCOPE_UPDATE=1 cargo test
//! --test house api::` writes it anew.

use std::collections::BTreeSet;
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

/// What can be reached from outside: the modules that are public, and what is re-exported out of those that are not.
#[derive(Default)]
struct Face {
    /// The paths of the public modules; the crate itself is the empty one.
    modules: BTreeSet<String>,
    /// Where a re-export stands, the module that it names, and the item.
    exports: Vec<(String, String, String)>,
    /// Every item that is `pub` in its own module, with the module's path.
    items: BTreeSet<(String, String)>,
    /// The names of every type, public or not.
    types: BTreeSet<String>,
    /// The same of every trait.
    traits: BTreeSet<String>,
}

impl Face {
    fn of(files: &[(String, String)]) -> Self {
        let mut face = Self::default();
        face.modules.insert(String::new());
        for (module, text) in files {
            for line in code(text).lines() {
                if let Some(name) = line.strip_prefix("pub mod ").map(|rest| rest.trim_end_matches(';')) {
                    face.modules.insert(below(module, name));
                }
                let kinds = ["struct ", "enum ", "trait ", "type ", "fn ", "const ", "static "];
                let name = item_name(line, &kinds).filter(|_| line.trim_start().starts_with("pub "));
                face.items.extend(name.map(|name| (module.clone(), name)));
                face.types.extend(item_name(line, &["struct ", "enum ", "type "]));
                face.traits.extend(item_name(line, &["trait "]));
            }
            for statement in code(text).split("\npub use ").skip(1) {
                let path = statement.split(';').next().unwrap_or_default();
                let (from, names) = path.rsplit_once("::").unwrap_or(("", path));
                let (from, names) = path.split_once("::{").unwrap_or((from, names));
                let from = from.rsplit("::").next().unwrap_or_default();
                for name in
                    names.trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty())
                {
                    let name = name.split(" as ").next().unwrap_or(name);
                    face.exports.push((module.clone(), from.to_owned(), name.to_owned()));
                }
            }
        }
        // A module is public only where every one above it is.
        let all = face.modules.clone();
        face.modules.retain(|path| parents(path).all(|above| all.contains(above)));
        face
    }

    /// Whether an item of a module can be named from outside.
    fn shows(&self, module: &str, name: &str) -> bool {
        self.items.contains(&(module.to_owned(), name.to_owned())) && self.reaches(module, name)
    }

    /// Whether a module that has an item shows it: it is public itself, or one above it takes the item out of it.
    fn reaches(&self, module: &str, name: &str) -> bool {
        let here = module.rsplit("::").next().unwrap_or(module);
        self.modules.contains(module)
            || self.exports.iter().any(|(at, from, item)| {
                from == here && item == name && at.len() < module.len() && self.reaches(at, name)
            })
    }

    /// Whether a type of any module can, or a trait; one of another crate can always.
    fn knows(&self, defined: &BTreeSet<String>, name: &str) -> bool {
        !defined.contains(name)
            || self.items.iter().any(|(module, item)| item == name && self.shows(module, name))
    }
}

fn below(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// The paths above a path, and it.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices("::").map(|(at, _)| &path[..at]).chain([path])
}

/// A file without its tests.
fn code(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// The name of the item that a line begins, if it is of one of these kinds.
fn item_name(line: &str, kinds: &[&str]) -> Option<String> {
    let line = line.trim_start();
    let line = line
        .strip_prefix("pub ")
        .or_else(|| {
            line.split_once(") ").filter(|(pub_in, _)| pub_in.starts_with("pub(")).map(|(_, rest)| rest)
        })
        .unwrap_or(line);
    let line = line.strip_prefix("const fn ").map_or(line.to_owned(), |rest| format!("fn {rest}"));
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    Some(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

/// The last part of a path, without what it is generic over.
fn last_part(path: &str) -> &str {
    let path =
        path.trim_start_matches("&'a ").trim_start_matches('&').split(['<', ' ', '{']).next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

/// Whether what an `impl` line says is about what can be seen: the type, and the trait if it is of one.
fn is_seen(line: &str, face: &Face) -> bool {
    let mut rest = line.trim_start_matches("impl").trim_start();
    if rest.starts_with('<') {
        let mut depth = 0;
        let end = rest.find(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth == 0
        });
        rest = rest[end.map_or(0, |end| end + 1)..].trim_start();
    }
    match rest.split_once(" for ") {
        Some((of, subject)) => {
            face.knows(&face.traits, last_part(of)) && face.knows(&face.types, last_part(subject))
        }
        None => face.knows(&face.types, last_part(rest)),
    }
}

/// The public items of a file, one a line.
fn items(module: &str, text: &str, face: &Face) -> Vec<String> {
    let mut out = Vec::new();
    let mut lines = code(text).lines().peekable();
    // The closing line of a body whose lines are public themselves: of an enum or a trait.
    let mut body: Option<(String, bool)> = None;
    // Whether what stands inside of the current outermost item can be seen.
    let mut seen = false;
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if body.as_ref().is_some_and(|(end, _)| line == end) {
            body = None;
            continue;
        }
        if line.starts_with(|c: char| c.is_ascii_lowercase()) {
            seen = if line.starts_with("impl") {
                is_seen(line, face)
            } else if line.starts_with("pub ") {
                item_name(line, &["struct ", "enum ", "trait ", "type ", "fn ", "const ", "static "])
                    .map_or(face.modules.contains(module), |name| face.shows(module, &name))
            } else {
                line.starts_with("macro_rules!")
            };
        }
        if !seen {
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
        out.push(format!("{indent}{}", without_private_fields(&shown)));
    }
    out
}

/// A tuple structure without the types of what nobody sees in it.
fn without_private_fields(shown: &str) -> String {
    match shown.split_once('(') {
        Some((front, fields)) if front.starts_with("pub struct ") && !fields.contains("pub ") => {
            format!("{front}(_)")
        }
        _ => shown.to_owned(),
    }
}

/// Whether every bracket of a signature is closed, but for the brace that opens a body.
fn balanced(text: &str) -> bool {
    let open = text.matches(['(', '[']).count();
    let closed = text.matches([')', ']']).count();
    let use_open = text.starts_with("pub use ") && text.matches('{').count() != text.matches('}').count();
    open == closed && !use_open
}

/// The path of the module that a file is.
fn module(file: &Path, src: &Path) -> String {
    let below = file.strip_prefix(src).unwrap().with_extension("");
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let parts: Vec<&str> =
        parts.iter().map(String::as_str).filter(|part| !matches!(*part, "lib" | "mod")).collect();
    parts.join("::")
}

fn list() -> String {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut out = String::from(
        "# The public API, made by tests/house/api.rs: `JIVASCOPE_UPDATE=1 cargo test --test house api::`\n",
    );
    let texts: Vec<_> =
        files.iter().map(|file| (module(file, &src), fs::read_to_string(file).unwrap())).collect();
    let face = Face::of(&texts);
    for (file, (module, text)) in files.iter().zip(&texts) {
        let items = items(module, text, &face);
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
        "docs/api.txt is not current; JIVASCOPE_UPDATE=1 cargo test --test house api:: writes it\n{}{}",
        changed(&made, &there, '-'),
        changed(&there, &made, '+')
    );
}

#[test]
fn items_are_found() {
    let text = "/// Doc.\n#[derive(Debug)]\npub enum E {\n    /// One.\n    A,\n    B {\n        /// f\n        x: u8,\n    },\n}\n\
                impl E {\n    pub fn long(\n        &self,\n        a: u8,\n    ) -> u8 {\n        1\n    }\n\
                    pub(crate) fn inner() {}\n}\nimpl Clone for E {\n    fn clone(&self) -> Self {}\n}\n\
                pub struct N(Vec<u8>);\n\
                pub trait T: Send {\n    /// m\n    fn m(&self) -> u8;\n}\n#[cfg(test)]\nmod tests {\n    pub fn no() {}\n}\n";
    let wanted = [
        "pub enum E",
        "    A",
        "    B",
        "    x: u8",
        "    pub fn long(&self, a: u8) -> u8",
        "impl Clone for E",
        "pub struct N(_)",
        "pub trait T: Send",
        "    fn m(&self) -> u8",
    ];
    let files = [(String::new(), text.to_owned())];
    assert_eq!(items("", text, &Face::of(&files)), wanted);
}

/// Nothing is listed that nobody outside can name.
#[test]
fn private_items_are_left_out() {
    let inner = "pub struct Shown {\n    pub a: u8,\n}\nimpl Shown {\n    pub fn shown();\n}\n\
                 pub struct Kept {\n    pub b: u8,\n}\nimpl Kept {\n    pub fn kept() {}\n}\n\
                 struct Hidden {\n    pub c: u8,\n}\nimpl<'a> Hidden<'a> {\n    pub fn hidden() {}\n}\n\
                 impl fmt::Debug for Hidden {}\nimpl From<Hidden> for Shown;\nimpl Mark for Shown {}\ntrait Mark {}\n\
                 pub(crate) struct Near {\n    pub d: u8,\n}\npub fn loose() {}\n";
    let files = [
        (String::new(), "pub mod open;\nmod shut;\n".to_owned()),
        ("open".to_owned(), "mod inner;\n\npub use inner::{\n    Shown,\n};\n".to_owned()),
        ("open::inner".to_owned(), inner.to_owned()),
        ("shut".to_owned(), "pub mod inner;\npub use inner::Kept;\n".to_owned()),
    ];
    let face = Face::of(&files);
    let wanted = ["pub struct Shown", "    pub a: u8", "    pub fn shown()", "impl From<Hidden> for Shown"];
    assert_eq!(items("open::inner", inner, &face), wanted);
    assert_eq!(items("shut", &files[3].1, &face), [""; 0]);
}
