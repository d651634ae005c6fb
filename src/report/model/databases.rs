//! SQLite databases in words: what they say, and no opinion beyond that.

use crate::filesystem::{Database, Sqlite, Structure, Wal, shown};
use crate::report::words;

/// A row for each database: what each side has.
pub(super) fn rows(databases: &[Database], names: [&str; 2]) -> Vec<String> {
    let row = |database: &Database| {
        let sides = names.iter().zip(&database.sides);
        let said = sides.map(|(name, side)| match side {
            Some(sqlite) => format!("{name} {}", self::sqlite(sqlite)),
            None => format!("{name} has no such database"),
        });
        format!("{}: {}", shown(&database.path), said.collect::<Vec<_>>().join("; "))
    };
    databases.iter().map(row).collect()
}

/// What is lost of databases, as the end of a sentence; `most` of them are named.
pub(super) fn lost(databases: &[Database], most: usize) -> String {
    let counter = |side: &Option<Sqlite>| match side {
        None => "none".to_owned(),
        Some(sqlite) => {
            let frames = sqlite.wal.as_ref().map_or(0, |wal| wal.committed);
            let log = if frames > 0 { format!(" and {}", count(frames, "frame")) } else { String::new() };
            format!("change counter {}{log}", sqlite.header.change_counter)
        }
    };
    let one = |database: &Database| {
        let [lost, kept] = &database.sides;
        format!(
            "; SQLite database {}: {} is lost, {} is kept",
            shown(&database.path),
            counter(lost),
            counter(kept)
        )
    };
    databases.iter().take(most).map(one).collect()
}

/// One database.
pub(crate) fn sqlite(sqlite: &Sqlite) -> String {
    let header = &sqlite.header;
    let size = match header.page_size {
        0 => "no valid page size".to_owned(),
        size => format!("{} of {size} bytes", count(header.pages, "page")),
    };
    let mut parts = vec![
        size,
        format!("change counter {}", header.change_counter),
        format!("schema cookie {}", header.schema_cookie),
    ];
    parts.extend(sqlite.wal.as_ref().map(wal));
    if sqlite.wal.is_none() && header.wal_mode {
        parts.push("no WAL beside it".to_owned());
    }
    if sqlite.hot_journal {
        parts.push("a rollback journal beside it that SQLite plays back first".to_owned());
    }
    parts.extend(sqlite.structure.as_ref().map(structure));
    parts.extend(sqlite.unread.as_ref().map(|why| format!("not all could be read ({why})")));
    parts.join(", ")
}

fn wal(wal: &Wal) -> String {
    let mut text = match wal.frames {
        0 => "an empty WAL".to_owned(),
        frames if frames == wal.committed => format!("WAL of {}", count(frames, "committed frame")),
        frames => format!("WAL of {}, {} of them committed", count(frames, "frame"), wal.committed),
    };
    if let Some(why) = &wal.not_applied {
        text.push_str(&format!(" (not applied: {why})"));
    } else if wal.rest > 0 {
        text.push_str(&format!(" and {} older, cut or damaged", wal.rest));
    }
    text
}

fn structure(structure: &Structure) -> String {
    match (structure.problems.first(), structure.complete) {
        (None, true) => "page structure in order".to_owned(),
        (None, false) => "page structure in order as far as it was read".to_owned(),
        (Some(first), _) => {
            let more = structure.problems.len() as u64 - 1 + structure.more_problems;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("page structure damaged ({first}{more})")
        }
    }
}

fn count(count: u32, noun: &str) -> String {
    words::count(count as usize, noun)
}
