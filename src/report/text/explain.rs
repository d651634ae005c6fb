//! The screen of `explain`.

use super::page::Page;
use super::palette::{Palette, Role};
use crate::report::explain::Explanation;

/// Explanations in full.
pub fn explanations(found: &[Explanation], palette: &Palette) -> String {
    let mut page = Page::new(palette);
    for one in found {
        page.gap();
        let title = if one.title.is_empty() { String::new() } else { format!(": {}", one.title) };
        page.say(Role::Heading, 0, &format!("{}{title}", one.name));
        page.say(Role::Faint, 2, one.category.as_str());
        for (lead, text) in &one.paragraphs {
            let lead = if lead.is_empty() { "  ".to_owned() } else { format!("  {lead:8}  ") };
            page.item(Role::Plain, &lead, text);
        }
    }
    page.finish()
}

/// One line each, by category.
pub fn explanation_list(all: &[Explanation], palette: &Palette) -> String {
    let mut page = Page::new(palette);
    let mut last = None;
    for one in all {
        if last.replace(one.category) != Some(one.category) {
            page.heading(one.category.as_str());
        }
        let text = match one.paragraphs.first() {
            Some((_, first)) if one.title.is_empty() => {
                first.split_inclusive(". ").next().unwrap_or("").trim_end()
            }
            _ => one.title,
        };
        page.item(Role::Plain, &format!("  {:22} ", one.name), text);
    }
    page.finish()
}
