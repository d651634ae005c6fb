//! Words of commands, and every quote that a shell needs around them: here, and on another machine. The result is for any POSIX
//! shell.

use super::names::{Names, Variable};
use crate::report::escape::{self, is_unseen};

/// A word of a command.
#[derive(Debug, Clone)]
pub(super) enum Word {
    /// Text as it is.
    Text(String),
    /// The value of a variable.
    Variable(String),
    /// A path beside or below a directory that a variable holds, with the text that follows it.
    After(String, String),
    /// Parts that stand side by side as one word.
    Joined(Vec<Word>),
    /// A command for another machine, which its shell takes apart.
    Remote(Vec<Word>),
}

/// The text of a word: what the program gets. What is not known stands as `$NAME`.
pub(super) fn plain(word: &Word, names: &Names) -> String {
    let value = |name: &str| names.value(name).map_or_else(|| format!("${name}"), str::to_owned);
    match word {
        Word::Text(text) => text.clone(),
        Word::Variable(name) => value(name),
        Word::After(name, text) => {
            let value = value(name);
            format!("{}{text}", value.strip_suffix('/').unwrap_or(&value))
        }
        Word::Joined(parts) => parts.iter().map(|part| plain(part, names)).collect(),
        Word::Remote(words) => {
            let one = |word: &Word| match word {
                Word::Text(text) => there(text),
                word => always(&plain(word, names)),
            };
            words.iter().map(one).collect::<Vec<_>>().join(" ")
        }
    }
}

/// A word as the shell here reads it.
pub(super) fn quoted(word: &Word) -> String {
    match word {
        Word::Text(text) => posix(text),
        Word::Variable(_) | Word::After(..) => value(word),
        Word::Joined(parts) => parts.iter().map(quoted).collect(),
        Word::Remote(words) => remote(words),
    }
}

/// A text as one word of any POSIX shell, without a character that cannot be seen.
pub(super) fn posix(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let unseen = is_unseen(first) && first != '\n';
        let end = match first {
            '\n' => 1,
            _ => rest.find(|char: char| char == '\n' || (is_unseen(char) != unseen)).unwrap_or(rest.len()),
        };
        let (part, after) = rest.split_at(end);
        rest = after;
        match first {
            // A line feed at the end would be lost in what another command prints.
            '\n' => out.push_str("\"${NEWLINE}\""),
            _ if unseen => {
                let octal: String = part.bytes().map(|byte| format!("\\{byte:03o}")).collect();
                out.push_str(&format!("\"$(printf '{octal}')\""));
            }
            _ => out.push_str(&always(part)),
        }
    }
    if out.is_empty() { "''".to_owned() } else { out }
}

fn is_plain(text: &str) -> bool {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_./=:,@%+".contains(char);
    !text.is_empty() && text.chars().all(plain)
}

/// A text in single quotes, whatever stands in it.
fn always(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A text as the shell on another machine reads it.
fn there(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { always(text) }
}

/// A word with a variable in it, as one word here.
fn value(word: &Word) -> String {
    match word {
        Word::After(name, text) if text.is_empty() => format!("\"${{{name}%/}}\""),
        Word::After(name, text) if is_plain(text) => format!("\"${{{name}%/}}{text}\""),
        Word::After(name, text) => format!("\"${{{name}%/}}\"{}", posix(text)),
        Word::Variable(name) => format!("\"${{{name}}}\""),
        word => quoted(word),
    }
}

/// A command for another machine as one word here: `quote` of the names' block quotes a value anew for the shell there.
fn remote(words: &[Word]) -> String {
    let mut out = Double::default();
    for (number, word) in words.iter().enumerate() {
        if number > 0 {
            out.text(" ");
        }
        match word {
            Word::Text(text) => out.text(&there(text)),
            word => out.raw(&format!("$(quote {})", value(word))),
        }
    }
    out.finish()
}

/// A word that is made of double quotes as far as they hold.
#[derive(Default)]
struct Double {
    out: String,
    open: bool,
}

impl Double {
    fn raw(&mut self, text: &str) {
        if !std::mem::replace(&mut self.open, true) {
            self.out.push('"');
        }
        self.out.push_str(text);
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.out.push('"');
        }
    }

    fn text(&mut self, text: &str) {
        let odd = |char: char| matches!(char, '"' | '\\' | '$' | '`' | '!') || is_unseen(char);
        if text.contains(odd) {
            self.close();
            self.out.push_str(&posix(text));
        } else {
            self.raw(text);
        }
    }

    fn finish(mut self) -> String {
        self.close();
        self.out
    }
}

/// The lines that give the variables their values, and end the script with a message where one is to be filled in.
pub(super) fn assignments(variables: &[&Variable], script: &str) -> String {
    let mut out = String::new();
    let values = variables.iter().filter_map(|one| {
        Some(format!("{}={} # {}\n", one.name, posix(one.value.as_ref()?), escape::terminal(&one.what)))
    });
    let values: String = values.collect();
    // Names are put into commands for another machine here, each quoted for the shell there. An existing file is kept: it may
    // be the only copy.
    out.push_str("# shellcheck disable=SC2016,SC2029\nset -euC\n");
    if values.contains("${NEWLINE}") || script.contains("${NEWLINE}") {
        out.push_str("NEWLINE='\n'\n");
    }
    if script.contains("$(quote ") {
        out.push_str("# One word for the shell of another machine.\n");
        out.push_str(
            "quote() { printf '%s\\n' \"$1\" | sed \"s/'/'\\\\\\\\''/g; 1s/^/'/; \\$s/\\$/'/\"; }\n",
        );
    }
    out.push_str(&values);
    for variable in variables.iter().filter(|one| one.value.is_none()) {
        out.push_str(&format!(
            ": \"${{{}:?{}}}\"\n",
            variable.name,
            message(&escape::terminal(&variable.what))
        ));
    }
    out
}

/// Words inside `${NAME:?…}`, in double quotes.
fn message(text: &str) -> String {
    text.chars().filter(|char| !matches!(char, '"' | '\\' | '$' | '`' | '}' | '{' | '\'' | '!')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_directory_is_quoted_for_both_shells() {
        let words = Word::Remote(vec![
            Word::Text("mv".to_owned()),
            Word::Variable("DIR_1".to_owned()),
            Word::After("DIR_1".to_owned(), ".aside".to_owned()),
            Word::Text("it's $HOME".to_owned()),
        ]);
        assert_eq!(
            quoted(&words),
            r#""mv $(quote "${DIR_1}") $(quote "${DIR_1%/}.aside") "''\''it'\''\'\'''\''s $HOME'\'''"#
        );
        assert_eq!(posix("a\u{1b}b\n"), "'a'\"$(printf '\\033')\"'b'\"${NEWLINE}\"");
        assert_eq!((posix(""), posix("a-b")), ("''".to_owned(), "a-b".to_owned()));
    }
}
