//! Which engine wrote a directory: known by the keys of its JSON, and by file names where the keys say nothing.
//!
//! Longhorn's engine began as the one that Jiva began from. Both write a `volume.meta` and records beside images, and
//! some of their keys are the same. What either engine would do with a directory is not the same at all.

use super::longhorn::format::{LABELS, LONGHORN_INFO};
use crate::finding::Oddity;
use crate::go::Remark;
use crate::replica::{Dialect, Record, VolumeMeta};

/// One sign of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sign {
    /// The file in which it was seen.
    pub file: String,
    /// The key; absent where the file's name is the sign.
    pub key: Option<&'static str>,
}

/// The signs of both engines in one directory: of each the first, a key before a name.
#[derive(Debug, Default)]
pub struct Signs {
    jiva: Option<Sign>,
    longhorn: Option<Sign>,
    names: Names,
    records: bool,
    written: bool,
}

/// File names that one engine alone uses.
#[derive(Debug, Default)]
struct Names {
    jiva: Option<String>,
    longhorn: Option<String>,
}

impl Signs {
    /// Takes account of a `volume.meta` that was read.
    pub fn volume_meta(&mut self, meta: &VolumeMeta) {
        let jiva = [
            ("Checkpoint", meta.checkpoint.is_some()),
            ("CloneStatus", meta.clone_status.is_some()),
            ("UUID", meta.uuid.is_some()),
            ("RevisionCounter", meta.revision_counter.is_some()),
        ];
        self.written |= meta.generation().is_some();
        if let Some((key, _)) = jiva.into_iter().find(|(_, there)| *there) {
            set(&mut self.jiva, "volume.meta", key);
        }
        let own = LONGHORN_INFO.fields.iter().find(|(key, _)| has_key(&meta.remarks, key));
        if let Some((key, _)) = own {
            set(&mut self.longhorn, "volume.meta", key);
        }
    }

    /// Takes account of a record that was read.
    pub fn record(&mut self, file: &str, record: &Record) {
        self.records = true;
        if record.counter.is_some() {
            set(&mut self.jiva, file, "RevisionCounter");
        }
        if has_key(&record.remarks, LABELS) {
            set(&mut self.longhorn, file, LABELS);
        }
    }

    /// Takes account of a file by its name.
    pub fn name(&mut self, file: &str) {
        if file.ends_with(".img.checksum") {
            self.names.longhorn.get_or_insert_with(|| file.to_owned());
        } else if matches!(file, "log.info" | "replica.log" | "peer.details") {
            self.names.jiva.get_or_insert_with(|| file.to_owned());
        }
    }

    /// The engine, where the signs agree.
    ///
    /// Versions of Jiva before 0.6.0 have no key of their own. Their records lack what Longhorn's have had since 0.3.
    pub fn dialect(&self) -> Dialect {
        match (&self.jiva, &self.longhorn) {
            (Some(_), Some(_)) => Dialect::Unknown,
            (Some(_), None) => Dialect::Jiva,
            (None, Some(_)) => Dialect::Longhorn,
            (None, None) => match (&self.names.jiva, &self.names.longhorn) {
                (None, Some(_)) => Dialect::Longhorn,
                (Some(_), None) => Dialect::Jiva,
                _ if self.written && self.records => Dialect::Jiva,
                _ => Dialect::Unknown,
            },
        }
    }

    /// The first sign that Longhorn wrote it.
    pub fn longhorn(&self) -> Option<Sign> {
        let name = || self.names.longhorn.as_ref().map(|file| Sign { file: file.clone(), key: None });
        self.longhorn.clone().or_else(name)
    }

    /// The first sign that Jiva wrote it, where keys of both engines are there.
    pub fn contradicted(&self) -> Option<&Sign> {
        self.jiva.as_ref().filter(|_| self.longhorn.is_some())
    }
}

fn set(sign: &mut Option<Sign>, file: &str, key: &'static str) {
    if sign.is_none() {
        *sign = Some(Sign { file: file.to_owned(), key: Some(key) });
    }
}

/// Whether a key that Jiva does not know was there; both engines take keys in any letters.
fn has_key(remarks: &[Remark], wanted: &str) -> bool {
    remarks
        .iter()
        .any(|remark| matches!(&remark.kind, Oddity::UnknownKey { key } if key.eq_ignore_ascii_case(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"Size":4096,"Head":"volume-head-000.img","Dirty":true,"Rebuilding":false,"Parent":"","SectorSize":512,"BackingFileName":""}"#;
    const LONGHORN: &str = r#"{"Size":4096,"Head":"volume-head-000.img","Dirty":true,"Rebuilding":false,"Error":"","Parent":"","SectorSize":512,"BackingFilePath":"/b"}"#;
    const PLAIN: &str =
        r#"{"Name":"a","Parent":"","Removed":false,"UserCreated":false,"Created":"2022-02-07T06:58:00Z"}"#;

    #[test]
    fn keys_decide_then_names() {
        let with = |text: &str, more: &str| text.replacen('}', &format!(",{more}}}"), 1);
        for (case, meta, record, names, expected) in [
            ("Jiva before 0.6.0", OLD.to_owned(), PLAIN.to_owned(), vec![], Dialect::Jiva),
            ("… without a record", OLD.to_owned(), String::new(), vec![], Dialect::Unknown),
            ("Jiva", with(OLD, r#""CloneStatus":"NA""#), PLAIN.to_owned(), vec![], Dialect::Jiva),
            ("Longhorn", LONGHORN.to_owned(), PLAIN.to_owned(), vec![], Dialect::Longhorn),
            ("Longhorn in other letters", LONGHORN.to_lowercase(), String::new(), vec![], Dialect::Longhorn),
            ("Longhorn 0.3", OLD.to_owned(), with(PLAIN, r#""Labels":null"#), vec![], Dialect::Longhorn),
            ("records of Jiva", String::new(), with(PLAIN, r#""RevisionCounter":1"#), vec![], Dialect::Jiva),
            ("nothing", String::new(), String::new(), vec![], Dialect::Unknown),
            ("a name", String::new(), String::new(), vec!["volume-snap-a.img.checksum"], Dialect::Longhorn),
            (
                "a key goes before a name",
                LONGHORN.to_owned(),
                String::new(),
                vec!["log.info"],
                Dialect::Longhorn,
            ),
            ("both", with(LONGHORN, r#""UUID":"1""#), String::new(), vec![], Dialect::Unknown),
            (
                "both by a record",
                LONGHORN.to_owned(),
                with(PLAIN, r#""RevisionCounter":1"#),
                vec![],
                Dialect::Unknown,
            ),
        ] {
            let mut signs = Signs::default();
            if let Ok(meta) = VolumeMeta::parse(meta.as_bytes()) {
                signs.volume_meta(&meta);
            }
            if let Ok(record) = Record::parse(record.as_bytes()) {
                signs.record("a.img.meta", &record);
            }
            names.into_iter().for_each(|name| signs.name(name));
            assert_eq!(signs.dialect(), expected, "{case}");
            assert_eq!(signs.contradicted().is_some(), case.starts_with("both"), "{case}");
        }
    }
}
