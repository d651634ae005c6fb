//! Small words that several parts of a report share.

use crate::go::parse_rfc3339;
use crate::ident::{BLOCK_SIZE, Label, Runs};
use crate::lineage::{Basis, Holds};
use crate::replica::{Dialect, Flag, LastJoin, Replica, State};

pub(crate) use crate::verdict::words::bytes;

/// The bytes of whole blocks.
pub(crate) fn blocks(runs: &Runs) -> String {
    bytes(runs.blocks() * BLOCK_SIZE)
}

/// How much it is that one side holds and the other lacks.
pub(crate) fn holds(holds: &Holds) -> String {
    match (holds.blocks.is_empty(), holds.more) {
        (true, false) => "nothing".to_owned(),
        (true, true) => "some writes".to_owned(),
        (false, false) => blocks(&holds.blocks),
        (false, true) => format!("{} or more", blocks(&holds.blocks)),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    joined(items, "and")
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn either(labels: &[Label]) -> String {
    joined(&labels.iter().map(Label::as_str).collect::<Vec<_>>(), "or")
}

fn joined<T: AsRef<str>>(items: &[T], word: &str) -> String {
    match items {
        [] => "none".to_owned(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} {word} {}", most.join(", "), last.as_ref())
        }
    }
}

/// Labels as a list; long lists are cut.
pub(crate) fn labels<'a>(labels: impl IntoIterator<Item = &'a Label>) -> String {
    const MOST: usize = 8;
    let all: Vec<String> = labels.into_iter().map(|label| label.to_string()).collect();
    match all.get(MOST..) {
        Some(rest) if rest.len() > 1 => format!("{} and {} more", all[..MOST].join(", "), rest.len()),
        _ => list(&all),
    }
}

/// With a capital letter at its start.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A count with its noun.
pub(crate) fn count(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A moment to the minute, in the record's own time; what is no moment is shown as far as one would be long.
pub(crate) fn when(text: &str) -> String {
    match (parse_rfc3339(text), text.get(..16)) {
        (Some(_), Some(minute)) => minute.replace('T', " "),
        _ => text.chars().take(20).collect(),
    }
}

/// A word as the JSON spells it.
#[cfg(feature = "cli")]
pub(crate) fn serialized(word: impl serde::Serialize) -> String {
    match serde_json::to_value(word) {
        Ok(serde_json::Value::String(text)) => text,
        _ => "unknown".to_owned(),
    }
}

/// What an answer rests on.
pub(crate) fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Records => "by records alone",
        Basis::Extents => "by extents",
        Basis::Blocks => "by block",
    }
}

pub(crate) fn last_join(join: LastJoin) -> &'static str {
    match join {
        LastJoin::None => "none",
        LastJoin::Finished => "finished",
        LastJoin::Unfinished => "interrupted",
        LastJoin::Refused => "refused",
    }
}

fn state(replica: &Replica) -> &'static str {
    match replica.state {
        State::Usable if !replica.is_jivas() => "readable",
        State::Usable => "usable",
        State::Broken if replica.error.is_some() => "broken (Jiva cannot open it)",
        State::Broken if !replica.unread.is_empty() => "could not be read here",
        State::Broken => "its chain is not whole",
        State::Blank => "empty",
    }
}

/// Which engine wrote a directory, where that is not Jiva.
pub(crate) fn dialect(replica: &Replica) -> Option<&'static str> {
    match replica.dialect {
        _ if replica.is_jivas() => None,
        Dialect::Longhorn => Some("this is a Longhorn directory"),
        Dialect::Jiva | Dialect::Unknown => Some("this directory has keys of Longhorn and keys of Jiva"),
    }
}

/// A flag in words; `None` for those that the column of joins tells already.
pub(crate) fn flag(flag: Flag) -> Option<&'static str> {
    Some(match flag {
        Flag::PowerLossSuspected => "power loss suspected",
        Flag::Dirty => "dirty",
        Flag::Rebuilding => "Rebuilding flag set",
        Flag::RefusedJoin | Flag::UnfinishedJoin | Flag::PeerHeadRecord => return None,
        Flag::ChainNearLimit => "chain near its limit",
        Flag::ChainOverLimit => "chain too long",
        Flag::HardLinked => "hard links",
        Flag::ChainHardLinked => "two layers in one file",
        Flag::OffChainDisks => "off-chain disks",
        Flag::UnfaithfulCopy => "copy not faithful",
        Flag::OtherKey => "key missing",
        Flag::RecordsOnly => "records only, no images",
        Flag::ImageMissing => "an image is missing",
        Flag::Reinitialised => "empty head over older files",
        Flag::ForeignDialect => "not Jiva's",
        Flag::HalfClone => "half a clone",
        Flag::BackingFileMissing => "backing file missing",
        Flag::DataBeyondSize => "data beyond the Size",
        Flag::CannotSnapshot => "cannot take a snapshot",
        Flag::DataGone => "nothing is stored",
    })
}

/// State, flags and what keeps its process from starting.
///
/// Of a defective copy it is the state of the copy, and says so: it is not known what lies on the node.
pub(crate) fn condition(replica: &Replica, defective: bool) -> String {
    let mut words = vec![state(replica)];
    if replica.start_error.is_some() {
        words.push("cannot start");
    }
    words.extend(replica.flags.iter().filter_map(|one| flag(*one)));
    let words = words.join(", ");
    if defective && !replica.flags.contains(&Flag::OtherKey) {
        format!("defective copy; as copied: {words}")
    } else {
        words
    }
}

/// A number as people count: third, fourth.
pub(crate) fn ordinal(number: usize) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        4 => "fourth".to_owned(),
        5 => "fifth".to_owned(),
        _ => "further".to_owned(),
    }
}
