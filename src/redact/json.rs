//! A JSON file of Jiva's with the known fields as they are and everything else replaced.
//!
//! What Jiva, and programs that follow it, makes of the file stays: its fields, the order and spelling of its keys, the place
//! and words of its error. What is no field may be anything: after a power cut it is what lay on the disk before.

use std::ops::Range;

use super::draft::Small;
use crate::dialect::is_longhorns;
use crate::dialect::jiva::{FileKind, Form, Part, Parts, Value, number_of_head, quoted};
use crate::go::{Oddities, parse_rfc3339};

/// Fills a copy of the file.
pub(super) fn write(small: &mut Small<'_>, bytes: &[u8], form: Form) {
    let parts = Parts::of(bytes, form);
    let mut at = 0;
    let mut last_key = String::new();
    for part in &parts.members {
        small.bytes.extend_from_slice(&bytes[at..part.key.start]);
        key(small, &bytes[part.key.clone()], part, parts.received.then_some(&mut last_key));
        small.bytes.extend_from_slice(&bytes[part.key.end..part.place.start]);
        value(small, &bytes[part.place.clone()], part);
        at = part.place.end;
    }
    match parts.value {
        Ok(place) => {
            if bytes[place.start] == b'{' {
                small.bytes.extend_from_slice(&bytes[at..place.end]);
            } else {
                small.bytes.extend_from_slice(&bytes[at..place.start]);
                any(small, &bytes[place.clone()], "a value that is no object");
            }
            behind(small, &bytes[place.end..]);
        }
        Err(wrong) => damaged(small, bytes, at..wrong),
    }
    if let (Some(old), Some(new)) = (form.error(bytes), form.error(&small.bytes)) {
        small.words.add(&old.go_text(), &new.go_text());
    }
}

/// A key that no engine has becomes letters.
fn key(small: &mut Small<'_>, raw: &[u8], part: &Part, sorted_after: Option<&mut String>) {
    if part.field.is_some() || is_longhorns(&part.name) || part.name.is_empty() {
        if let Some(last) = sorted_after {
            last.clone_from(&part.name);
        }
        small.bytes.extend_from_slice(raw);
        return;
    }
    small.tell("an unknown key");
    let (odd, odd_text) = oddly(part.oddities);
    let mut front = String::new();
    let letters = letters(small, part.name.as_bytes());
    if let Some(last) = sorted_after {
        // A peer sorts the keys it sends, and that is how its files are recognised. What begins with the key before stands
        // behind it, and before the next, since no known key begins with another.
        front = format!("{last}.");
        *last = format!("{front}{odd_text}{letters}");
    }
    let front = quoted(&front);
    small.bytes.extend_from_slice(&front.as_bytes()[..front.len() - 1]);
    small.bytes.extend_from_slice(odd);
    small.bytes.extend_from_slice(&quoted(&letters).as_bytes()[1..]);
}

/// What is odd about a text that cannot be decoded, as bytes, and what is decoded of them: the parsers tell of it.
fn oddly(oddities: Oddities) -> (&'static [u8], &'static str) {
    match (oddities.bad_bytes, oddities.half_pair) {
        (true, true) => (b"\xff\\ud800", "\u{fffd}\u{fffd}"),
        (true, false) => (b"\xff", "\u{fffd}"),
        (false, true) => (b"\\ud800", "\u{fffd}"),
        (false, false) => (b"", ""),
    }
}

fn value(small: &mut Small<'_>, raw: &[u8], part: &Part) {
    match (&part.value, part.field) {
        (Value::Plain, _) => small.bytes.extend_from_slice(raw),
        (Value::Text(text, oddities), Some(field)) => {
            let new = if *oddities != Oddities::default() {
                small.tell(field);
                letters(small, text.as_bytes())
            } else {
                field_text(small, field, text)
            };
            if new == *text {
                small.bytes.extend_from_slice(raw);
                return;
            }
            let (odd, decoded) = oddly(*oddities);
            small.words.add(text, &format!("{decoded}{new}"));
            // A spelling that Go would not write stays one.
            let foreign = odd.is_empty() && quoted(text).as_bytes() != raw;
            let new = if foreign { escaped(&new) } else { quoted(&new) };
            small.bytes.push(b'"');
            small.bytes.extend_from_slice(odd);
            small.bytes.extend_from_slice(&new.as_bytes()[1..]);
        }
        (Value::Text(..) | Value::Other, field) => any(small, raw, field.unwrap_or("an unknown key")),
    }
}

/// The text of a field: what Jiva writes there stays, but for names where they are replaced.
fn field_text(small: &mut Small<'_>, field: &'static str, text: &str) -> String {
    let kept = match field {
        "Name" | "Parent" | "Head" | "Checkpoint" | "BackingFileName" => {
            if matches!(FileKind::of(text), FileKind::Image(_)) {
                return small.names.map_or_else(|| text.to_owned(), |names| names.image(text));
            }
            if let Some(digits) = number_of_head(text) {
                small.tell(field);
                return format!("{}volume-head-{digits}.img", letters(small, text.as_bytes()));
            }
            false
        }
        "UUID" if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            return small.names.map_or_else(|| text.to_owned(), |names| names.id(text));
        }
        "Created" => parse_rfc3339(text).is_some(),
        "CloneStatus" => ["NA", "inProgress", "completed", "error"].contains(&text),
        _ => false,
    };
    if kept || text.is_empty() {
        return text.to_owned();
    }
    small.tell(field);
    letters(small, text.as_bytes())
}

/// A value of which nothing but its kind and its length is left.
fn any(small: &mut Small<'_>, raw: &[u8], what: &'static str) {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    match raw.first() {
        Some(b't' | b'f' | b'n') => return small.bytes.extend_from_slice(raw),
        Some(b'"') => {
            let letters = letters(small, inner);
            small.bytes.extend_from_slice(format!("\"{letters}\"").as_bytes());
        }
        Some(open @ (b'{' | b'[')) => {
            small.bytes.push(*open);
            small.bytes.extend(std::iter::repeat_n(b' ', inner.len()));
            small.bytes.push(if *open == b'{' { b'}' } else { b']' });
        }
        // Where the field takes no such number it takes no other of the same form either.
        _ => small.bytes.extend(raw.iter().map(|byte| if byte.is_ascii_digit() { b'9' } else { *byte })),
    }
    if inner.iter().any(|byte| !byte.is_ascii_whitespace()) || raw.len() == 1 {
        small.tell(what);
    }
}

/// What follows the value: the first byte that is no white space has its place, nothing else counts.
fn behind(small: &mut Small<'_>, bytes: &[u8]) {
    let space = bytes.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
    small.bytes.extend_from_slice(&bytes[..space]);
    small.fill(&bytes[space..], "bytes behind the value");
}

/// A file with an error, from the end of the last whole member on: up to the error what a scanner goes by stays.
fn damaged(small: &mut Small<'_>, bytes: &[u8], until: Range<usize>) {
    let kept = &bytes[until.clone()];
    let mut letters = small.key.letters(kept);
    let mut in_string = false;
    let mut escape = Escape::None;
    for byte in kept {
        let new = if !in_string {
            in_string = *byte == b'"';
            // A nought may not have digits behind it.
            if (b'1'..=b'9').contains(byte) { b'9' } else { *byte }
        } else {
            match escape {
                Escape::None => match byte {
                    b'"' => {
                        in_string = false;
                        *byte
                    }
                    b'\\' => {
                        escape = Escape::Code;
                        *byte
                    }
                    _ => letters.next().unwrap_or(b'g'),
                },
                Escape::Code => {
                    escape = if *byte == b'u' { Escape::Digits(4) } else { Escape::None };
                    *byte
                }
                Escape::Digits(left) => {
                    escape = if left > 1 { Escape::Digits(left - 1) } else { Escape::None };
                    b'0'
                }
            }
        };
        small.bytes.push(new);
    }
    if let Some(wrong) = bytes.get(until.end) {
        // The scanner tells these from each other, and none of the others from another of its kind.
        small.bytes.push(match wrong {
            0 | b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"' => *wrong,
            0x01..=0x1f => 1,
            _ => b'?',
        });
        small.fill(&bytes[until.end + 1..], "what is no JSON");
    }
    if kept.iter().any(|byte| !byte.is_ascii_whitespace())
        || bytes.get(until.end).is_some_and(|byte| *byte != 0)
    {
        small.tell("what is no JSON");
    }
}

#[derive(Debug, Clone, Copy)]
enum Escape {
    None,
    Code,
    /// So many digits of a code are still to come.
    Digits(u8),
}

/// A text in quotes with its first character written by its code, as Go never does.
fn escaped(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if u32::from(first) < 0x10000 => {
            format!("\"\\u{:04x}{}", u32::from(first), &quoted(chars.as_str())[1..])
        }
        _ => quoted(text),
    }
}

fn letters(small: &Small<'_>, text: &[u8]) -> String {
    String::from_utf8(small.key.pattern(text)).expect("letters, slashes and NULs")
}
