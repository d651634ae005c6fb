//! What is inside a view, in words.

use std::collections::BTreeMap;

use crate::filesystem::{Contents, FileSystem, FsState, Replayed, Table};
use crate::ident::Label;
use crate::report::words;

/// The file systems of a view, a text each: kind, name, size, state. Empty where nothing was recognised.
pub(crate) fn contents(contents: &Contents) -> Vec<String> {
    let mut out: Vec<String> = contents.file_systems.iter().map(file_system).collect();
    if let (Some(table), true) = (contents.partition_table, out.is_empty()) {
        out.push(format!("{}, no file system recognised in it", self::table(table)));
    }
    out.extend(contents.unread.as_ref().map(|why| format!("not read: {why}")));
    out
}

fn table(table: Table) -> &'static str {
    match table {
        Table::Mbr => "a partition table (MBR)",
        Table::Gpt => "a partition table (GPT)",
    }
}

/// Kind and name.
pub(crate) fn title(one: &FileSystem) -> String {
    let label = one.label.as_ref().map_or_else(String::new, |label| format!(" \"{label}\""));
    let partition = one.partition.map_or_else(String::new, |number| format!(" in partition {number}"));
    format!("{}{label}{partition}", one.kind)
}

/// One file system in full, as one text.
pub(crate) fn file_system(one: &FileSystem) -> String {
    let mut parts = vec![title(one)];
    if let Some(size) = one.size {
        let room = one.place.len();
        parts.push(match (size.cmp(&room), one.partition) {
            // A smaller one was not grown with its volume.
            (std::cmp::Ordering::Less, None) if room - size >= room / 64 => {
                format!("{} of the view's {}", words::bytes(size), words::bytes(room))
            }
            _ => words::bytes(size),
        });
    }
    parts.extend(one.state.as_ref().map(state));
    parts.extend(one.written.map(|at| format!("last write {at}")));
    parts.extend(one.mounted.map(|at| format!("last mount {at}")));
    parts.extend(one.uuid.as_ref().map(|uuid| format!("UUID {uuid}")));
    if !one.is_readable() {
        parts.push("its files are not read here".to_owned());
    }
    parts.join(", ")
}

/// What it says of its state.
pub(crate) fn state(state: &FsState) -> String {
    let mut parts = Vec::new();
    if state.errors {
        parts.push(match state.error_count {
            0 => "it says of itself that it has errors".to_owned(),
            count => format!("it counted {}", words::count(count as usize, "error")),
        });
    }
    if state.wrong_checksum {
        parts.push("the checksum of its superblock is wrong".to_owned());
    }
    if state.missing_bytes > 0 {
        parts.push(format!("its last {} are not in the view", words::bytes(state.missing_bytes)));
    }
    if state.needs_recovery {
        parts.push("its journal needs recovery".to_owned());
    } else if parts.is_empty() {
        parts.push(if state.clean { "clean" } else { "not unmounted cleanly" }.to_owned());
    }
    parts.join(", ")
}

/// What replaying the journal does.
pub(crate) fn replayed(replayed: &Replayed) -> String {
    let done = match (replayed.transactions, replayed.blocks) {
        (0, _) => "it holds no complete transaction, so recovery changes nothing".to_owned(),
        (count, blocks) => format!(
            "recovery applies {} and writes {}",
            words::count(count as usize, "transaction"),
            words::count(usize::try_from(blocks).unwrap_or(usize::MAX), "block")
        ),
    };
    format!("The journal was applied in memory, as the next mount would: {done}.")
}

/// What is inside the views of a volume: whose, and each text. Replicas of which the same is said stand together.
pub(super) fn grouped(inside: &BTreeMap<Label, Contents>) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(Vec<&Label>, Vec<String>)> = Vec::new();
    for (label, one) in inside {
        let texts = contents(one);
        match groups.iter_mut().find(|(_, known)| *known == texts) {
            Some((labels, _)) => labels.push(label),
            None => groups.push((vec![label], texts)),
        }
    }
    groups.into_iter().map(|(labels, texts)| (words::labels(labels), texts)).collect()
}
