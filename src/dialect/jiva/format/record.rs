//! The record of one disk, `….img.meta`.
//!
//! Pure: takes bytes, returns [`Record`] or [`MetaError`]. The fields are those of the structure `disk` in
//! Jiva's `replica/replica.go`. Which disk a record belongs to is known by its file name, not by `Name`.

use crate::finding::Oddity;
use crate::go::Place;
use crate::go::error::MetaError;
use crate::go::json::{Decoded, GoType, Scalar, Shape, decode};
use crate::go::time::parse_rfc3339;
use crate::go::write::{is_written, written};
use crate::ident::Counter;
use crate::replica::{KeyOrder, Record};

pub(super) static DISK: Shape<6> = Shape {
    go_type: "replica.disk",
    go_name: "disk",
    fields: [
        ("Name", GoType::Text),
        ("Parent", GoType::Text),
        ("Removed", GoType::Bool),
        ("UserCreated", GoType::Bool),
        ("Created", GoType::Text),
        ("RevisionCounter", GoType::Int64),
    ],
};

/// Place of `Created` among the fields.
const CREATED: usize = 4;

impl KeyOrder {
    fn of(decoded: &Decoded<'_, 6>) -> Self {
        // RevisionCounter came later than the other five.
        let keys = &decoded.keys;
        if keys.in_order && keys.count >= 5 {
            return Self::Native;
        }
        // The sender decodes into a generic map, so unknown keys survive among the sorted ones.
        if decoded.names_first(5) && keys.sorted_instead() { Self::Received } else { Self::Other }
    }
}

impl Record {
    /// Reads the file as Jiva does.
    ///
    /// # Errors
    /// [`MetaError`] where Jiva refuses the file, with the text that Jiva logs.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetaError> {
        match Self::salvage(bytes) {
            (record, None) => Ok(record),
            (_, Some(error)) => Err(error),
        }
    }

    /// Reads what can be read, and says why Jiva refuses the file if it does.
    ///
    /// After an error of type all other fields are there; after an error of syntax or a cut, those that
    /// stand complete before it. Jiva uses neither: they are clues for a person.
    pub fn salvage(bytes: &[u8]) -> (Self, Option<MetaError>) {
        let mut decoded = decode(bytes, &DISK);
        let mut record = Self::of(&decoded);
        let error = decoded.error.take();
        if error.is_none() && decoded.remarks.is_empty() && !is_written(&record.fields(), bytes) {
            decoded.remarks.push(Place::FILE, Oddity::ForeignSpelling);
        }
        if let Some(text) = &record.created
            && parse_rfc3339(text).is_none()
        {
            let kind = Oddity::NotATime { text: text.clone() };
            decoded.remarks.push(Place::of("Created", decoded.slots[CREATED].at), kind);
        }
        record.remarks = decoded.remarks.finish();
        (record, error)
    }

    fn of(decoded: &Decoded<'_, 6>) -> Self {
        let [name, parent, removed, user_created, created, counter] = &decoded.slots;
        Self {
            name: name.text(),
            parent: parent.text(),
            removed: removed.bool(),
            user_created: user_created.bool(),
            created: created.text(),
            counter: counter.int().map(Counter),
            order: KeyOrder::of(decoded),
            remarks: Vec::new(),
        }
    }

    /// `Created` in seconds since 1970-01-01 UTC; None if absent or no RFC 3339 time.
    pub fn created_unix(&self) -> Option<i64> {
        parse_rfc3339(self.created.as_deref()?)
    }

    /// The file as Jiva would write it in this record's order of keys, with only those keys that are here.
    pub fn to_json(&self) -> String {
        written(&self.fields())
    }

    fn fields(&self) -> [(&'static str, Option<Scalar<'_>>); 6] {
        let mut fields = [
            ("Name", Scalar::text(&self.name)),
            ("Parent", Scalar::text(&self.parent)),
            ("Removed", self.removed.map(Scalar::Bool)),
            ("UserCreated", self.user_created.map(Scalar::Bool)),
            ("Created", Scalar::text(&self.created)),
            ("RevisionCounter", self.counter.map(|counter| Scalar::Int(counter.0))),
        ];
        if self.order == KeyOrder::Received {
            fields.sort_by_key(|(name, _)| *name);
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NATIVE: &str = concat!(
        r#"{"Name":"volume-head-003.img","Parent":"volume-snap-s-one.img","Removed":false,"#,
        r#""UserCreated":true,"Created":"2026-11-25T09:35:20Z","RevisionCounter":61}"#,
        "\n"
    );
    const RECEIVED: &str = concat!(
        r#"{"Created":"2026-11-25T09:35:20Z","Name":"volume-head-897.img","Parent":"volume-snap-s-one.img","#,
        r#""Removed":false,"RevisionCounter":61,"UserCreated":false}"#,
        "\n"
    );

    fn native() -> Record {
        Record {
            name: Some("volume-head-003.img".into()),
            parent: Some("volume-snap-s-one.img".into()),
            removed: Some(false),
            user_created: Some(true),
            created: Some("2026-11-25T09:35:20Z".into()),
            counter: Some(Counter(61)),
            order: KeyOrder::Native,
            remarks: Vec::new(),
        }
    }

    #[test]
    fn own_and_received_records_are_distinguished() {
        assert_eq!(Record::parse(NATIVE.as_bytes()), Ok(native()));
        let received = Record {
            name: Some("volume-head-897.img".into()),
            user_created: Some(false),
            order: KeyOrder::Received,
            ..native()
        };
        assert_eq!(Record::parse(RECEIVED.as_bytes()).as_ref(), Ok(&received));
        assert_eq!(received.to_json(), RECEIVED);
        assert_eq!(native().created_unix(), Some(1_795_599_320));
    }

    #[test]
    fn the_order_of_keys_needs_all_of_them() {
        let old = r#"{"Name":"a","Parent":"","Removed":false,"UserCreated":false,"Created":"x"}"#;
        let old_received = r#"{"Created":"x","Name":"a","Parent":"","Removed":false,"UserCreated":false}"#;
        for (text, order) in [
            (old, KeyOrder::Native),
            (old_received, KeyOrder::Received),
            (
                r#"{"Created":"x","Future":1,"Name":"a","Parent":"","Removed":false,"UserCreated":false}"#,
                KeyOrder::Received,
            ),
            (r#"{"Name":"a","Parent":""}"#, KeyOrder::Other),
            ("{}", KeyOrder::Other),
            ("null", KeyOrder::Other),
            (
                r#"{"Parent":"","Name":"a","Removed":false,"UserCreated":false,"Created":"x"}"#,
                KeyOrder::Other,
            ),
            (
                r#"{"name":"a","Parent":"","Removed":false,"UserCreated":false,"Created":"x"}"#,
                KeyOrder::Other,
            ),
            (
                r#"{"Name":"a","Name":"b","Parent":"","Removed":false,"UserCreated":false,"Created":"x"}"#,
                KeyOrder::Other,
            ),
        ] {
            assert_eq!(Record::parse(text.as_bytes()).map(|r| r.order), Ok(order), "{text}");
        }
    }

    /// Rows are damages that a real Jiva 3.6.0 was started on, and its own words.
    #[test]
    fn damaged_records_are_refused_as_jiva_refuses_them() {
        for (name, text, error) in [
            ("head-record-empty", "", "EOF"),
            ("head-record-cut", r#"{"Name":"volume-head-003.img","#, "unexpected EOF"),
            (
                "counter as text",
                r#"{"RevisionCounter":"61"}"#,
                "json: cannot unmarshal string into Go struct field disk.RevisionCounter of type int64",
            ),
            ("array", "[1]", "json: cannot unmarshal array into Go value of type replica.disk"),
        ] {
            assert_eq!(Record::parse(text.as_bytes()).map_err(|e| e.go_text()), Err(error.into()), "{name}");
        }
    }

    #[test]
    fn odd_records_are_taken_and_remarked() {
        for (name, text, remarks) in [
            (
                "two-objects",
                format!("{NATIVE}{NATIVE}"),
                vec!["byte 153: 153 bytes after the value, not read"],
            ),
            ("no-counter", NATIVE.replace(r#","RevisionCounter":61"#, ""), vec![]),
            (
                "no time",
                NATIVE.replace("2026-11-25T09:35:20Z", "now"),
                vec!["Created at byte 108: \"now\" is not a time such as 2006-01-02T15:04:05Z"],
            ),
            (
                "spaces",
                NATIVE.replace(':', ": "),
                vec![
                    "not formatted as Jiva writes it",
                    "Created at byte 113: \"2026-11-25T09: 35: 20Z\" is not a time such as 2006-01-02T15:04:05Z",
                ],
            ),
        ] {
            let record = Record::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
            let said: Vec<String> = record.remarks.iter().map(ToString::to_string).collect();
            assert_eq!(said, remarks, "{name}");
        }
    }

    #[test]
    fn every_prefix_is_a_cut_or_the_value() {
        for text in [NATIVE, RECEIVED] {
            for end in 0..text.len() - 1 {
                let error = Record::parse(&text.as_bytes()[..end]).map_err(|e| e.go_text());
                assert_eq!(error, Err(if end == 0 { "EOF" } else { "unexpected EOF" }.to_owned()), "{end}");
            }
        }
    }

    /// A flipped bit gives an error, another value, or a remark; it never passes for the same record.
    #[test]
    fn every_flipped_bit_is_survived_and_seen() {
        for text in [NATIVE, RECEIVED] {
            let whole = Record::parse(text.as_bytes());
            for bit in 0..text.len() * 8 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(Record::parse(&bytes), whole, "bit {bit}");
            }
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            texts in proptest::array::uniform2(any::<String>()),
            flags in proptest::array::uniform2(any::<bool>()),
            seconds in 0u32..60,
            counter in proptest::option::of(any::<i64>()),
            received in any::<bool>(),
        ) {
            let [name, parent] = texts;
            let record = Record {
                name: Some(name),
                parent: Some(parent),
                removed: Some(flags[0]),
                user_created: Some(flags[1]),
                created: Some(format!("2026-11-25T09:35:{seconds:02}Z")),
                counter: counter.map(Counter),
                order: if received { KeyOrder::Received } else { KeyOrder::Native },
                remarks: Vec::new(),
            };
            prop_assert_eq!(Record::parse(record.to_json().as_bytes()), Ok(record));
        }

        #[test]
        fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Record::salvage(&bytes);
        }
    }
}
