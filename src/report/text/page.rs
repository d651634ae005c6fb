//! A page of text, as wide as its palette says: the only way for words to get into a text report, so nothing gets there
//! unescaped or too long.

use std::collections::BTreeSet;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::palette::{Palette, Role};
use crate::report::escape;

/// Text under construction.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    palette: &'a Palette,
    text: String,
}

impl<'a> Page<'a> {
    pub(crate) fn new(palette: &'a Palette) -> Self {
        Self { palette, text: String::new() }
    }

    /// Its columns.
    pub(crate) fn width(&self) -> usize {
        self.palette.width()
    }

    /// Lines so far.
    pub(crate) fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// The finished text; ends with one line feed unless it is empty.
    pub(crate) fn finish(mut self) -> String {
        let end = self.text.trim_end_matches('\n').len();
        self.text.truncate(end);
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text
    }

    /// An empty line, never two.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A paragraph behind `indent` columns.
    pub(crate) fn say(&mut self, role: Role, indent: usize, text: &str) {
        self.item(role, &" ".repeat(indent), text);
    }

    /// A paragraph that starts with `lead`, which the further lines leave free. The lead is the report's own text.
    pub(crate) fn item(&mut self, role: Role, lead: &str, text: &str) {
        let rest = " ".repeat(lead.width());
        self.led(role, lead, &rest, text);
    }

    /// A paragraph whose first line starts with `lead` and the further ones with `rest`.
    pub(crate) fn led(&mut self, role: Role, lead: &str, rest: &str, text: &str) {
        let width = self.width().saturating_sub(lead.width().max(rest.width())).max(1);
        let text = escape::terminal(text);
        for (at, line) in wrap(&text, width).into_iter().enumerate() {
            let lead = if at == 0 { lead } else { rest };
            if line.is_empty() {
                self.line(lead.trim_end());
            } else {
                let painted = self.palette.paint(role, &line);
                self.line(&format!("{lead}{painted}"));
            }
        }
    }

    /// A heading.
    pub(crate) fn heading(&mut self, text: &str) {
        self.gap();
        self.say(Role::Heading, 0, text);
    }

    /// A line that somebody may copy: escaped, and never broken, however wide it is.
    pub(crate) fn verbatim(&mut self, indent: usize, text: &str) {
        let text = format!("{}{}", " ".repeat(indent), escape::terminal(text));
        self.line(&text);
    }

    /// Lines that are safe and short already: what a table or the lanes have laid out.
    pub(crate) fn laid_out(&mut self, role: Role, line: &str) {
        debug_assert!(line.width() <= self.width(), "{line}");
        let line = line.trim_end();
        if line.is_empty() {
            return self.line("");
        }
        let painted = self.palette.paint(role, line);
        self.line(&painted);
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// Breaks escaped text into lines of at most `width` columns: at spaces, and inside words that are longer than a line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let wide = word.width();
        if wide == 0 {
            // One more space between words, unless the line ends here anyway.
            if used > 0 && used < width {
                last(&mut lines).push(' ');
                used += 1;
            }
            continue;
        }
        if used > 0 && used + 1 + wide > width {
            lines.push(String::new());
            used = 0;
        } else if used > 0 {
            last(&mut lines).push(' ');
            used += 1;
        }
        if wide <= width {
            last(&mut lines).push_str(word);
            used += wide;
            continue;
        }
        for char in word.chars() {
            let wide = char.width().unwrap_or(0);
            if used + wide > width && used > 0 {
                lines.push(String::new());
                used = 0;
            }
            last(&mut lines).push(char);
            used += wide;
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end_matches(' ').len());
    }
    lines
}

fn last(lines: &mut [String]) -> &mut String {
    lines.last_mut().expect("there is always a line")
}

/// Text cut so that it takes `width` columns at most once it is escaped, with `…` in the place of what is left out in
/// the middle.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    let wide = |char: char| escape::terminal(char.encode_utf8(&mut [0; 4])).width();
    if escape::terminal(text).width() <= width {
        return text.to_owned();
    }
    let keep = width.saturating_sub(1);
    let take = |chars: &mut dyn Iterator<Item = char>, limit: usize| -> Vec<char> {
        let mut used = 0;
        chars
            .take_while(|char| {
                used += wide(*char);
                used <= limit
            })
            .collect()
    };
    let front = take(&mut text.chars(), keep - keep / 2);
    let back = take(&mut text.chars().rev(), keep / 2);
    front.into_iter().chain(['…']).chain(back.into_iter().rev()).collect()
}

/// Names cut to `width` columns, more where they would not stay distinct.
pub(crate) fn abbreviate<'a>(names: impl IntoIterator<Item = &'a str>, width: usize) -> Vec<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let all: BTreeSet<&str> = names.iter().copied().collect();
    let most = all.iter().map(|name| escape::terminal(name).width()).max().unwrap_or(0);
    let distinct = |width: &usize| {
        all.iter().map(|name| shorten(name, *width)).collect::<BTreeSet<_>>().len() == all.len()
    };
    let width = (width..=most).find(distinct).unwrap_or(most.max(width));
    names.into_iter().map(|name| shorten(name, width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in "[a-z 猫]{0,200}", width in 2usize..90) {
            let text = escape::terminal(&text);
            let lines = wrap(&text, width);
            for line in &lines {
                prop_assert!(line.width() <= width, "{line:?}");
            }
            // Nothing but spaces is lost.
            prop_assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }

        #[test]
        fn a_shortened_name_is_escaped_once(text in any::<String>(), width in 2usize..40) {
            let short = shorten(&text, width);
            prop_assert!(escape::terminal(&short).width() <= width, "{short:?}");
            prop_assert!(short.contains('…') || short == text);
        }

        #[test]
        fn abbreviations_stay_distinct(names in prop::collection::btree_set("[a-c]{1,12}", 1..8), width in 2usize..9) {
            let short = abbreviate(names.iter().map(String::as_str), width);
            prop_assert_eq!(short.iter().collect::<BTreeSet<_>>().len(), names.len());
        }

        #[test]
        fn a_page_is_never_wider_whatever_is_said(text in any::<String>(), indent in 0usize..40, columns in 1usize..200) {
            let palette = Palette::plain().wide(columns);
            let mut page = Page::new(&palette);
            page.say(Role::Plain, indent, &text);
            for line in page.finish().lines() {
                prop_assert!(line.width() <= palette.width() && line.width() <= columns.max(60), "{line:?}");
            }
        }
    }
}
