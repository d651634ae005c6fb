//! A replica in which everything that is free text is hostile, and what may never reach a terminal.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::path::Path;

/// Codes of colour and of the window, a C1 control, overrides of direction, what cannot be seen, the ends of quotes, and
/// a line break.
pub const EVIL: &str = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}backward\u{2066}\u{9b}2J\u{200b}\"];evil[label=\"x\nbroken-line\tb\r";

/// One small replica. `evil` stands in everything that is free text: file names, Name, Parent, Checkpoint and the rest.
pub fn replica(dir: &Path, evil: &str) {
    std::fs::create_dir_all(dir).unwrap();
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let snapshot = format!("volume-snap-s{evil}.img").replace('/', "_");
    let record = |name: &str, parent: &str, count: u8| {
        format!(
            r#"{{"Name":{},"Parent":{},"Removed":false,"UserCreated":true,"Created":{},"RevisionCounter":{count}}}"#,
            quoted(name),
            quoted(parent),
            quoted(&format!("2026-03-28T04:00:00Z{evil}")),
        )
    };
    let head = "volume-head-001.img";
    std::fs::write(dir.join(format!("{head}.meta")), record(&format!("{head}{evil}"), &snapshot, 5)).unwrap();
    std::fs::write(dir.join(format!("{snapshot}.meta")), record(&snapshot, "", 4)).unwrap();
    std::fs::write(dir.join(head), [1; 8192]).unwrap();
    std::fs::write(dir.join(&snapshot), [2; 8192]).unwrap();
    let meta = format!(
        r#"{{"Size":8192,"Head":"{head}","Dirty":true,"Rebuilding":false,"Parent":{},"SectorSize":512,"BackingFileName":{},"CloneStatus":{},"Checkpoint":{},"RevisionCounter":4,"UUID":{}}}"#,
        quoted(&snapshot),
        quoted(evil),
        quoted(evil),
        quoted(&snapshot),
        quoted(evil)
    );
    std::fs::write(dir.join("volume.meta"), meta).unwrap();
    let mut counter = [0; 4096];
    counter[0] = b'7';
    std::fs::write(dir.join("revision.counter"), counter).unwrap();
}

/// Panics where a text does anything to a terminal but show itself.
pub fn is_harmless(text: &str, what: &str) {
    let bad = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if let Some(at) = text.find(bad) {
        panic!("{what}: {:?} at {at}:\n{}", text[at..].chars().next(), text.escape_debug());
    }
    assert!(
        !text.lines().any(|line| line.starts_with("broken-line")),
        "{what}: a line break came through\n{text}"
    );
}
