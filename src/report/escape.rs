//! Hostile text made safe: one function for each form of output.
//!
//! Labels, names of disks, strings out of records, paths and messages of errors are what somebody else wrote. None of
//! them reaches a form of output but through the function of that form. JSON comes from serde and
//! goes through [`json`].

use std::fmt::Write;

/// For a terminal, on one line: whatever moves the cursor, changes its state, reorders text or cannot be seen is shown
/// as `\u{..}`. The sequence `\u{` itself is shown with its backslash written out, so that nothing can pretend to have
/// been escaped.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        if is_unseen(char) || (char == '\\' && text[at..].starts_with("\\u{")) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(char));
        } else {
            out.push(char);
        }
    }
    out
}

/// For JSON that is written already: what [`terminal`] would show by its code is written `\\uXXXX` there too, which reads
/// back as the same text. Outside of strings JSON has no such character, and serde spells those below U+0020 itself.
pub fn json(text: String) -> String {
    if text.bytes().all(|byte| byte <= b'~') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char > '~' && is_unseen(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(char);
        }
    }
    out
}

/// For the inside of a quoted string in DOT.
pub fn dot(text: &str) -> String {
    terminal(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// For the inside of a quoted label in Mermaid, which reads it as HTML and knows characters by `#name;`.
pub fn mermaid(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in terminal(text).chars() {
        match char {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '`' => out.push_str("#96;"),
            char => out.push(char),
        }
    }
    out
}

/// For running text in Markdown; no markup, no link, no HTML and no line break comes through.
pub fn markdown(text: &str) -> String {
    let text = terminal(text);
    let mut out = String::with_capacity(text.len());
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, char) in text.char_indices() {
        let markup = match char {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '$'
            | '!' | '@' => true,
            // What begins a list or a rule counts at the start alone.
            '-' | '+' | '=' => at == 0,
            ')' => at == digits && digits > 0,
            '.' => (at == digits && digits > 0) || text[..at].ends_with("www"),
            ':' => text[at..].starts_with("://"),
            _ => false,
        };
        if markup {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

/// For text and attribute values in HTML and SVG.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in terminal(text).chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// As one word of a POSIX shell. Unlike the others it keeps the text as it is, since it may name a file; a control
/// character is written with `$'…'`, which bash, zsh and busybox know.
pub fn shell(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./=:,@%+".contains(char);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.chars().any(is_unseen) {
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    let mut out = String::from("$'");
    for char in text.chars() {
        match char {
            '\\' | '\'' => out.extend(['\\', char]),
            char if is_unseen(char) => {
                let mut utf8 = [0; 4];
                for byte in char.encode_utf8(&mut utf8).bytes() {
                    // Three octal digits end by themselves, whatever follows.
                    let _ = write!(out, "\\{byte:03o}");
                }
            }
            char => out.push(char),
        }
    }
    out.push('\'');
    out
}

/// Whether a character does something else than to show itself.
pub(super) fn is_unseen(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' // zero width, and marks of direction
            | '\u{2028}'..='\u{202e}' // separators, embeddings and overrides of direction
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}' | '\u{ffff}' // no characters, and XML knows none of them
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOSTILE: &str = "a\u{1b}[2J\u{202e}b\n\t\"'`$(x)<b>|\\u{1b}\u{9b}31m";

    #[test]
    fn a_terminal_gets_no_control_character() {
        assert_eq!(terminal("rep\u{1b}[31m\r\n"), "rep\\u{1b}[31m\\u{d}\\u{a}");
        assert_eq!(terminal("\u{202e}gpj.exe"), "\\u{202e}gpj.exe");
        assert_eq!(terminal("k8s03 · é 猫"), "k8s03 · é 猫");
    }

    #[test]
    fn what_only_looks_escaped_is_distinguished() {
        assert_ne!(terminal("\\u{1b}"), terminal("\u{1b}"));
    }

    #[test]
    fn dot_quotes_stay_closed() {
        assert_eq!(mermaid("a\"]<b>#"), "a#quot;]#lt;b#gt;#35;");
        assert_eq!(dot("a\"];b\\"), "a\\\"];b\\\\");
    }

    #[test]
    fn html_and_markdown_hold_no_markup() {
        assert!(!html(HOSTILE).contains(['<', '>', '"', '\'']));
        assert_eq!(markdown("*<b>|`"), "\\*\\<b\\>\\|\\`");
        assert_eq!(markdown("1. www.a.b"), "1\\. www\\.a.b");
        assert_eq!(markdown("- http://x"), "\\- http\\://x");
    }

    #[test]
    fn a_shell_reads_back_the_very_text() {
        for text in ["", "plain", "it's", "a b", "$(rm -rf x)", "-n", HOSTILE] {
            let script = format!("printf %s {}", shell(text));
            let Ok(output) = std::process::Command::new("bash").args(["-c", &script]).output() else {
                return; // bash is not here
            };
            assert_eq!(String::from_utf8_lossy(&output.stdout), text, "{script}");
        }
    }

    proptest! {
        #[test]
        fn json_reads_back_and_shows_nothing_unseen(
            text in "[\\PC\\x00-\\x1f\\x7f-\u{9f}\u{61c}\u{200e}\u{202e}\u{2066}\u{e0001}\"\\\\]{0,20}",
            pretty in any::<bool>(),
        ) {
            let value = serde_json::json!({ &text: [&text, { "a": &text }] });
            let written = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let written = json(written.map_err(|error| TestCaseError::fail(error.to_string()))?);
            prop_assert!(!written.chars().any(|char| char != '\n' && is_unseen(char)), "{written:?}");
            let read = serde_json::from_str(&written);
            prop_assert_eq!(read.ok(), Some(value));
        }

        #[test]
        fn no_form_lets_an_unseen_character_through(text in any::<String>()) {
            for safe in [terminal(&text), dot(&text), mermaid(&text), markdown(&text), html(&text), shell(&text)] {
                prop_assert!(!safe.chars().any(is_unseen), "{safe:?}");
            }
        }

        #[test]
        fn different_texts_stay_different(a in any::<String>(), b in any::<String>()) {
            prop_assert_eq!(a == b, terminal(&a) == terminal(&b));
        }
    }
}
