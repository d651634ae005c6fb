//! What to do now: numbered, with commands that can be pasted.

use super::page::Page;
use super::palette::Role;
use crate::report::model::{Step, step_groups};

/// Columns before a command.
const INDENT: usize = 6;

/// Writes the steps; those in a row that share their purpose have one number.
pub(super) fn write(page: &mut Page<'_>, steps: &[Step]) {
    if steps.is_empty() {
        return;
    }
    page.heading("what to do now");
    for (at, group) in step_groups(steps).iter().enumerate() {
        let end = if group.commands.is_empty() { "" } else { ":" };
        page.item(Role::Plain, &format!("{:3} ", at + 1), &format!("{}{end}", group.why));
        for words in &group.commands {
            write_command(page, words);
        }
    }
}

/// A command for a shell, over several lines where it is long. A word that is longer than a line stays whole, since the
/// shell would take its parts for two.
fn write_command(page: &mut Page<'_>, words: &[String]) {
    let room = page.width() - INDENT - " \\".len();
    let mut lines = vec![String::new()];
    for word in together(words) {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            line.push_str(" \\");
            lines.push(format!("  {word}"));
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    for line in lines {
        page.verbatim(INDENT, &line);
    }
}

/// Options with their values, which stay on one line.
fn together(words: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let value = at > 0 && words[at - 1].starts_with("--") && !word.starts_with("--");
        match out.last_mut().filter(|_| value) {
            Some(option) => option.push_str(&format!(" {word}")),
            None => out.push(word.clone()),
        }
    }
    out
}
