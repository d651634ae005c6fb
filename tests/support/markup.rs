//! What must hold for every page of HTML and every SVG file, whatever the evidence: a small reader of tags that knows
//! nothing of how they were written.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::collections::{BTreeMap, BTreeSet};

/// HTML elements without an end tag.
const VOID: &[&str] = &["meta", "link", "br", "hr", "img", "input"];

/// One tag.
#[derive(Debug, Clone)]
pub struct Tag {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    /// Text between it and the next tag, as it is written.
    pub text: String,
    pub closes: bool,
}

/// Takes markup apart.
///
/// # Panics
/// Where it is not well formed: a tag that nobody closes, a value without quotes, a stray `<`, `>` or `&`, a character
/// that XML does not know.
pub fn tags(markup: &str) -> Vec<Tag> {
    let bad = |char: char| {
        (char.is_control() && char != '\n')
            || matches!(char, '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}')
    };
    assert!(!markup.contains(bad), "{:?}", markup.chars().find(|char| bad(*char)));
    let mut out: Vec<Tag> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = markup;
    while let Some(at) = rest.find('<') {
        text(&rest[..at], &mut out, open.last().is_some_and(|name| name == "style"));
        let end = rest[at..].find('>').unwrap_or_else(|| panic!("no end: {:.80}", &rest[at..])) + at;
        let inner = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if inner.starts_with('!') || inner.starts_with('?') {
            continue;
        }
        if let Some(name) = inner.strip_prefix('/') {
            let was = open.pop();
            assert_eq!(was.as_deref(), Some(name), "closed in the wrong order");
            let (attributes, text) = (BTreeMap::new(), String::new());
            out.push(Tag { name: name.to_owned(), attributes, text, closes: true });
            continue;
        }
        let name = inner.split_whitespace().next().unwrap_or_default().to_owned();
        let attributes = attributes(inner[name.len()..].trim());
        if !VOID.contains(&name.as_str()) {
            open.push(name.clone());
        }
        out.push(Tag { name, attributes, text: String::new(), closes: false });
    }
    text(rest, &mut out, false);
    assert!(open.is_empty(), "never closed: {open:?}");
    out
}

fn text(text: &str, out: &mut [Tag], is_style: bool) {
    if !is_style {
        assert!(!text.contains('>'), "a stray >: {text:.80}");
        references(text);
    }
    if let Some(last) = out.last_mut() {
        last.text.push_str(text);
    }
}

fn references(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known =
            ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].iter().any(|one| text[at..].starts_with(one));
        assert!(known, "a stray &: {:.20}", &text[at..]);
    }
}

fn attributes(mut text: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    while !text.is_empty() {
        let end = text.find(|char: char| char == '=' || char.is_whitespace()).unwrap_or(text.len());
        let name = text[..end].to_owned();
        let value = match text[end..].strip_prefix("=\"") {
            Some(rest) => {
                let close = rest.find('"').unwrap_or_else(|| panic!("no closing quote: {text:.80}"));
                references(&rest[..close]);
                text = rest[close + 1..].trim_start();
                rest[..close].to_owned()
            }
            None => {
                assert!(!text[end..].starts_with('='), "a value without quotes: {text:.80}");
                text = text[end..].trim_start();
                String::new()
            }
        };
        assert!(out.insert(name.clone(), value).is_none(), "{name} twice");
    }
    out
}

/// Nothing is fetched, nothing runs, and every reference inside leads somewhere.
pub fn keeps_to_itself(tags: &[Tag]) {
    let mut ids = BTreeSet::new();
    for id in tags.iter().filter_map(|tag| tag.attributes.get("id")) {
        assert!(ids.insert(id.as_str()), "the id {id} stands twice");
    }
    for tag in tags.iter().filter(|tag| !tag.closes) {
        assert!(
            !["script", "iframe", "object", "embed", "form", "base", "img", "image", "use", "foreignObject"]
                .contains(&tag.name.as_str()),
            "{tag:?}"
        );
        for (name, value) in &tag.attributes {
            assert!(!name.starts_with("on") && name != "style" && name != "src", "{tag:?}");
            match name.as_str() {
                "href" => match value.strip_prefix('#') {
                    Some(id) => assert!(ids.contains(id), "{value} leads nowhere"),
                    None => assert_eq!(value, "data:,", "{tag:?}"),
                },
                "aria-labelledby" => {
                    for id in value.split_whitespace() {
                        assert!(ids.contains(id), "{id} names nothing");
                    }
                }
                "xmlns" => assert_eq!(value, "http://www.w3.org/2000/svg"),
                _ => {}
            }
        }
        if tag.name == "style" {
            assert!(!tag.text.contains("url(") && !tag.text.contains("@import"), "a style that fetches");
        }
    }
}

/// What a page owes to a reader who cannot see it: headings in order, captions, heads with a scope, names of drawings.
pub fn can_be_read_aloud(tags: &[Tag]) {
    let mut level = 0;
    for tag in tags.iter().filter(|tag| !tag.closes) {
        let has = |name: &str| tag.attributes.contains_key(name);
        match tag.name.as_str() {
            "h1" | "h2" | "h3" | "h4" => {
                let own = usize::from(tag.name.as_bytes()[1] - b'0');
                assert!(own <= level + 1, "h{own} follows h{level}: {}", tag.text);
                level = own;
            }
            "th" => assert!(has("scope"), "{tag:?}"),
            "svg" => assert!(has("role") && has("aria-labelledby"), "{tag:?}"),
            "section" | "nav" => assert!(has("aria-labelledby") || has("aria-label"), "{tag:?}"),
            _ => {}
        }
    }
    let count = |name: &str| tags.iter().filter(|tag| tag.name == name && !tag.closes).count();
    assert_eq!((count("h1"), count("main"), count("header"), count("footer")), (1, 1, 1, 1));
    assert_eq!(count("table"), count("caption"));
    assert_eq!(count("details"), count("summary"));
}
