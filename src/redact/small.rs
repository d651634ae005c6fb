//! The like of a small file: what Jiva reads in it, and nothing else that stood there.

use super::disguise::Key;
use super::draft::Small;
use super::json;
use super::names::Pseudonyms;
use super::words::Words;
use crate::dialect::jiva::{COUNTER_FILE_BYTES, CounterFile, FileKind, Form};
use crate::replica::CounterErrorKind;

/// The copy of a small file of Jiva's, and what in it was replaced, in words.
pub(super) fn copy(
    kind: &FileKind<'_>,
    bytes: &[u8],
    key: &Key,
    names: Option<&Pseudonyms>,
    words: &mut Words,
) -> (Vec<u8>, Vec<&'static str>) {
    let mut small = Small::new(key, names, bytes.len(), words);
    match (kind, Form::of(kind)) {
        (_, Some(form)) => json::write(&mut small, bytes, form),
        (FileKind::Counter, None) => counter(&mut small, bytes),
        // Nobody reads what is in it.
        (_, None) => small.fill(bytes, "all that it holds"),
    }
    small.end()
}

/// The number stays, however it is written; what is none stays none.
fn counter(small: &mut Small<'_>, bytes: &[u8]) {
    let (read, rest) = bytes.split_at(bytes.len().min(COUNTER_FILE_BYTES));
    match CounterFile::parse(bytes) {
        Ok(_) => small.bytes.extend_from_slice(read),
        Err(error) => {
            let begin = usize::try_from(error.offset).expect("a place in the bytes");
            let nuls = |byte: &u8| *byte == 0;
            let end = read.iter().rposition(|byte| !nuls(byte)).map_or(begin, |last| last + 1);
            small.bytes.extend_from_slice(&read[..begin]);
            match error.kind {
                CounterErrorKind::Syntax => small.fill(&read[begin..end], "bytes that are no number"),
                CounterErrorKind::Range => {
                    small.tell("a number that is too large");
                    let sign = usize::from(read[begin] == b'-' || read[begin] == b'+');
                    small.bytes.extend_from_slice(&read[begin..begin + sign]);
                    small.bytes.extend(std::iter::repeat_n(b'9', end - begin - sign));
                }
            }
            small.bytes.extend_from_slice(&read[end..]);
            if let Err(new) = CounterFile::parse(&small.bytes) {
                small.words.add(&error.go_text(), &new.go_text());
            }
        }
    }
    small.fill(rest, "bytes behind the number");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::collections::BTreeSet;

    use super::*;
    use crate::go::{MetaError, Remark};
    use crate::replica::{Record, VolumeMeta};

    fn copied(kind: &FileKind<'_>, bytes: &[u8], names: bool) -> Vec<u8> {
        let key = Key::new([5; 32]);
        let names = names.then(|| Pseudonyms::new(&key, [], []));
        copy(kind, bytes, &key, names.as_ref(), &mut Words::default()).0
    }

    /// An error without the text that it quotes.
    fn place(error: Option<MetaError>) -> Option<(u64, Option<&'static str>, String)> {
        error.map(|error| {
            let context = match &error {
                MetaError::Syntax { context, .. } => (*context).to_owned(),
                MetaError::Type { found, .. } => found.split(' ').next().unwrap_or_default().to_owned(),
                other => other.go_text(),
            };
            (error.offset(), error.field(), context)
        })
    }

    fn kinds(remarks: &[Remark]) -> BTreeSet<String> {
        remarks
            .iter()
            .map(|one| format!("{:?}", one.kind).chars().take_while(|c| c.is_alphabetic()).collect())
            .collect()
    }

    /// Members of a file of Jiva's, in any order and number, with what may stand there instead.
    fn json() -> impl Strategy<Value = Vec<u8>> {
        let key = prop_oneof![
            4 => prop::sample::select(vec!["Name", "Parent", "Removed", "UserCreated", "Created", "RevisionCounter", "Head"]),
            1 => prop::sample::select(vec!["name", "UUID", "Labels", "Error", "zzz", "", "Cr\\u0065ated", "a\\\"b", "A", "O"]),
        ];
        let value = prop::sample::select(vec![
            "\"volume-snap-a.img\"",
            "\"volume-head-002.img\"",
            "\"\"",
            "\"a b\"",
            "\"\\ud800x\"",
            "\"\\u0041/b\"",
            "\"é\"",
            "null",
            "true",
            "12",
            "-0",
            "1.50e3",
            "99999999999999999999",
            "{\"a\":[1,{}]}",
            "[\"x\"]",
            "\"2026-01-01T00:00:00Z\"",
            "\"0a0b\"",
        ]);
        let tail = prop::sample::select(vec!["", "\n", "\n garbage", "\0\0", "}{\"Name\":\"b\"}"]);
        let members = prop::collection::vec((key, value), 0..7);
        (
            members,
            tail,
            prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
            any::<prop::sample::Index>(),
            prop::bool::weighted(0.2),
        )
            .prop_map(|(members, tail, flip, cut, is_cut)| {
                let members: Vec<String> =
                    members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                let mut bytes = format!("{{{}}}{tail}", members.join(",")).into_bytes();
                if let Some((at, byte)) = flip {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
                if is_cut {
                    bytes.truncate(cut.index(bytes.len()));
                }
                bytes
            })
    }

    proptest! {
        /// What a parser says of the copy is what it says of the file, but for the texts in it.
        #[test]
        fn a_copy_is_read_as_the_file_is(bytes in json(), names in any::<bool>()) {
            let new = copied(&FileKind::VolumeMeta, &bytes, names);
            let ((old, old_error), (new, new_error)) = (VolumeMeta::salvage(&bytes), VolumeMeta::salvage(&new));
            let shape = |meta: &VolumeMeta| {
                let texts = [&meta.head, &meta.parent, &meta.checkpoint, &meta.uuid, &meta.clone_status];
                let texts = texts.map(|text| text.as_ref().map(|text| text.is_empty()));
                (meta.size, meta.dirty, meta.revision_counter, texts, kinds(&meta.remarks))
            };
            prop_assert_eq!(shape(&old), shape(&new));
            let kind = |error: Option<MetaError>| place(error).map(|(_, field, context)| (field, context));
            prop_assert_eq!(kind(old_error), kind(new_error));

            let new = copied(&FileKind::Record("x"), &bytes, names);
            let ((old, old_error), (new, new_error)) = (Record::salvage(&bytes), Record::salvage(&new));
            prop_assert_eq!((old.removed, old.counter, old.order), (new.removed, new.counter, new.order));
            prop_assert_eq!((old.created_unix(), kinds(&old.remarks)), (new.created_unix(), kinds(&new.remarks)));
            prop_assert_eq!(kind(old_error), kind(new_error));
        }

        /// Where every text is replaced by one as long, an error has its place too.
        #[test]
        fn an_error_of_syntax_stays_where_it_is(bytes in "[ -~\"\\\\{}\\[\\]:,0-9tfn\\x00\\x1f]{0,40}") {
            let (bytes, kind) = (bytes.as_bytes(), FileKind::LogInfo);
            let new = copied(&kind, bytes, false);
            prop_assert_eq!(new.len(), bytes.len());
            let form = Form::LogInfo;
            prop_assert_eq!(place(form.error(bytes)), place(form.error(&new)));
        }

        #[test]
        fn a_counter_is_read_or_refused_as_the_file_is(bytes in "[+-]?[0-9x\\x00]{0,24}") {
            let new = copied(&FileKind::Counter, bytes.as_bytes(), false);
            let read = |bytes: &[u8]| match CounterFile::parse(bytes) {
                Ok(file) => Ok(file),
                Err(error) => Err((error.offset, error.kind)),
            };
            prop_assert_eq!(read(bytes.as_bytes()), read(&new));
            prop_assert_eq!(new.len(), bytes.len());
        }
    }
}
