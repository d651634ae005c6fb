//! The screen of `plan --lint`: each step, what it brings about, and the first that destroys something.

use super::page::Page;
use super::palette::{Palette, Role};
use crate::ident::BLOCK_SIZE;
use crate::plan::{Linted, Loss, Outcome, Unread};
use crate::report::words;

/// The screen.
pub fn lint(volume: &str, linted: &Linted, unread: &[Unread], palette: &Palette) -> String {
    let mut page = Page::new(palette);
    page.say(Role::Plain, 0, volume);
    page.gap();
    let (role, text) = match linted.outcome {
        Outcome::Destroys => (
            Role::Danger,
            format!(
                "NOT SAFE: step {} destroys data. The steps after it were not played.",
                linted.played.len()
            ),
        ),
        Outcome::RollsBack => (
            Role::Danger,
            format!(
                "NOT SAFE: after step {} the volume serves older data, and what it lacks is in no copy or export.",
                linted.played.len()
            ),
        ),
        Outcome::Splits => (
            Role::Danger,
            format!("NOT SAFE: after step {} replicas are called healthy and differ.", linted.played.len()),
        ),
        Outcome::Unknown => (Role::Warning, "UNKNOWN: not every step can be played.".to_owned()),
        Outcome::Safe if !unread.is_empty() => {
            (Role::Warning, "UNKNOWN: not every line was understood.".to_owned())
        }
        Outcome::Safe => (Role::Good, "SAFE: no step destroys data that these copies hold.".to_owned()),
    };
    page.say(role, 0, &text);
    page.gap();
    for (at, played) in linted.played.iter().enumerate() {
        page.item(Role::Plain, &format!("{:>3}. ", at + 1), &words::capital(&played.act.to_string()));
        for event in &played.events {
            page.say(Role::Faint, 5, event);
        }
        if let Some(why) = &played.unknown {
            page.say(Role::Warning, 5, &format!("Unknown: {why}."));
        }
        for loss in &played.lost {
            page.say(Role::Danger, 5, &lost(loss));
        }
        for address in &played.gone {
            let text = format!(
                "DATA LOST: the replica at {address} is in no copy, and nothing leads to it any more. Find and copy its \
                 directory first."
            );
            page.say(Role::Danger, 5, &text);
        }
        if !played.differ.is_empty() {
            let text = format!(
                "DIFFERS: {} may hold other data than the volume, and Jiva calls it RW. A read may then get either.",
                words::labels(&played.differ)
            );
            page.say(Role::Danger, 5, &text);
        }
        for loss in &played.missed {
            page.say(Role::Danger, 5, &missed(loss));
        }
    }
    for one in unread {
        page.say(Role::Warning, 0, &format!("Not understood: {one}"));
    }
    if linted.outcome < Outcome::Splits {
        page.gap();
        page.say(Role::Plain, 0, &end(linted));
    }
    page.finish()
}

fn lost(loss: &Loss) -> String {
    let whose = &loss.replica;
    match (loss.blocks, loss.more) {
        (Some(0), _) | (None, _) => {
            format!(
                "DATA LOST: nothing that is left is known to hold what {whose} holds. Export or copy it first."
            )
        }
        (Some(blocks), more) => format!(
            "DATA LOST: {}{} of {whose} are in no other replica, copy or export. Export or copy it first.",
            if more { "at least " } else { "" },
            words::bytes(blocks * BLOCK_SIZE)
        ),
    }
}

fn missed(loss: &Loss) -> String {
    let whose = &loss.replica;
    match (loss.blocks, loss.more) {
        (Some(0), _) | (None, _) => {
            format!(
                "NOT SERVED: the volume is not known to hold what {whose} holds. Export or copy it first."
            )
        }
        (Some(blocks), more) => format!(
            "NOT SERVED: {}{} of {whose} are not in the volume, and in no copy or export. Export or copy it first.",
            if more { "at least " } else { "" },
            words::bytes(blocks * BLOCK_SIZE)
        ),
    }
}

fn end(linted: &Linted) -> String {
    let mut out = match &linted.serves {
        Some(serves) => format!(
            "In the end the volume serves the data of {serves}, with {} RW.",
            words::count(linted.members, "replica")
        ),
        None => "In the end nobody leads: the volume is not there.".to_owned(),
    };
    if !linted.beside.is_empty() {
        out.push_str(&format!(
            " It lacks data of {}, which lie in a copy, an export or a directory beside it.",
            words::labels(&linted.beside)
        ));
    }
    out
}
