//! The screen of `files`: what is inside the view, then one line for each entry.

use super::page::Page;
use super::palette::{Palette, Role};
use crate::filesystem::{FileKind, Taken, shown};
use crate::report::files::Listing;
use crate::report::model::{databases, inside};
use crate::report::words;

/// What was listed or taken out.
pub fn files(listing: &Listing<'_>, palette: &Palette) -> String {
    let mut page = Page::new(palette);
    let what = inside::file_system(listing.file_system);
    page.say(Role::Heading, 0, &format!("{}: {what}", listing.view));
    if let Some(replayed) = &listing.replayed {
        page.say(Role::Plain, 2, &inside::replayed(replayed));
        for remark in &replayed.remarks {
            page.item(Role::Warning, "  - ", remark);
        }
    }
    page.say(Role::Faint, 2, "Times are those of the guest's clock.");
    page.gap();
    let widest = listing.entries.iter().map(|taken| taken.entry.size.to_string().len()).max().unwrap_or(0);
    for taken in &listing.entries {
        one(&mut page, taken, widest);
    }
    if listing.entries.is_empty() {
        page.say(Role::Faint, 0, "no entries");
    }
    if !listing.remarks.is_empty() {
        page.heading("what could not be listed");
        for remark in listing.remarks {
            page.item(Role::Warning, "  - ", remark);
        }
    }
    if let Some(to) = &listing.to {
        let files = listing.entries.iter().filter(|taken| taken.sha256.is_some());
        let bytes: u64 = files.clone().map(|taken| taken.entry.size).sum();
        let text = format!("{} with {bytes} bytes taken out into {to}", words::count(files.count(), "file"));
        page.gap();
        page.say(Role::Good, 0, &text);
    }
    page.finish()
}

fn one(page: &mut Page<'_>, taken: &Taken, widest: usize) {
    let entry = &taken.entry;
    let lead =
        format!("{}{} {:widest$}  {}  ", entry.kind.letter(), rights(entry.mode), entry.size, entry.modified);
    let slash = if entry.kind == FileKind::Directory { "/" } else { "" };
    let target = entry.target.as_ref().map_or_else(String::new, |target| format!(" -> {}", shown(target)));
    page.item(Role::Plain, &lead, &format!("{}{slash}{target}", entry.name()));
    if let Some(sum) = &taken.sha256 {
        page.say(Role::Faint, 4, &format!("sha256 {sum}"));
    }
    if let Some(sqlite) = &taken.sqlite {
        page.say(Role::Faint, 4, &databases::sqlite(sqlite));
    }
    if let Some(remark) = &taken.remark {
        page.say(Role::Warning, 4, remark);
    }
}

/// Permission bits as `ls` writes them.
fn rights(mode: u16) -> String {
    let bit = |at: u16, letter: char| if mode >> at & 1 == 1 { letter } else { '-' };
    let last = |at: u16, special: u16, set: char, bare: char| match (mode >> special & 1, mode >> at & 1) {
        (1, 1) => set,
        (1, _) => bare,
        _ => bit(at, 'x'),
    };
    let who = [(6, 11, 's', 'S'), (3, 10, 's', 'S'), (0, 9, 't', 'T')];
    who.into_iter()
        .flat_map(|(at, special, set, bare)| {
            [bit(at + 2, 'r'), bit(at + 1, 'w'), last(at, special, set, bare)]
        })
        .collect()
}
