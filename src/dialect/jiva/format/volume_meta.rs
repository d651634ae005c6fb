//! `volume.meta`: what a replica says about itself, and which Jiva wrote it last.
//!
//! Pure: takes bytes, returns [`VolumeMeta`] or [`MetaError`]. The fields are those of the structure `Info`
//! in Jiva's `replica/replica.go`. Nothing is defaulted: a key that is absent is None, although Jiva itself
//! would go on with an empty string, zero or false.

use crate::dialect::jiva::Generation;
use crate::finding::Oddity;
use crate::go::Place;
use crate::go::error::MetaError;
use crate::go::json::{GoType, Scalar, Shape, Slot, decode};
use crate::go::write::{is_written, written};
use crate::ident::Counter;
use crate::replica::VolumeMeta;

pub(super) static INFO: Shape<11> = Shape {
    go_type: "replica.Info",
    go_name: "Info",
    fields: [
        ("Size", GoType::Int64),
        ("Head", GoType::Text),
        ("Dirty", GoType::Bool),
        ("Rebuilding", GoType::Bool),
        ("Parent", GoType::Text),
        ("SectorSize", GoType::Int64),
        ("BackingFileName", GoType::Text),
        ("CloneStatus", GoType::Text),
        ("Checkpoint", GoType::Text),
        ("RevisionCounter", GoType::Int64),
        ("UUID", GoType::Text),
    ],
};

impl VolumeMeta {
    /// Reads the file as Jiva does.
    ///
    /// # Errors
    /// [`MetaError`] where Jiva refuses the file, with the text that Jiva logs.
    pub fn parse(bytes: &[u8]) -> Result<Self, MetaError> {
        match Self::salvage(bytes) {
            (meta, None) => Ok(meta),
            (_, Some(error)) => Err(error),
        }
    }

    /// Reads what can be read, and says why Jiva refuses the file if it does.
    ///
    /// After an error of type all other fields are there; after an error of syntax or a cut, those that
    /// stand complete before it. Jiva uses neither: they are clues for a person.
    pub fn salvage(bytes: &[u8]) -> (Self, Option<MetaError>) {
        let mut decoded = decode(bytes, &INFO);
        let mut meta = Self::of(&decoded.slots);
        let error = decoded.error.take();
        if error.is_none() && decoded.remarks.is_empty() && !is_written(&meta.fields(), bytes) {
            decoded.remarks.push(Place::FILE, Oddity::ForeignSpelling);
        }
        meta.remarks = decoded.remarks.finish();
        (meta, error)
    }

    fn of(slots: &[Slot<'_>; 11]) -> Self {
        let [
            size,
            head,
            dirty,
            rebuilding,
            parent,
            sector_size,
            backing_file_name,
            clone_status,
            checkpoint,
            revision_counter,
            uuid,
        ] = slots;
        Self {
            size: size.int(),
            head: head.text(),
            dirty: dirty.bool(),
            rebuilding: rebuilding.bool(),
            parent: parent.text(),
            sector_size: sector_size.int(),
            backing_file_name: backing_file_name.text(),
            clone_status: clone_status.text(),
            checkpoint: checkpoint.text(),
            revision_counter: revision_counter.int().map(Counter),
            uuid: uuid.text(),
            remarks: Vec::new(),
        }
    }

    /// The file as Jiva would write it, with only those keys that are here.
    pub fn to_json(&self) -> String {
        written(&self.fields())
    }

    fn fields(&self) -> [(&'static str, Option<Scalar<'_>>); 11] {
        [
            ("Size", self.size.map(Scalar::Int)),
            ("Head", Scalar::text(&self.head)),
            ("Dirty", self.dirty.map(Scalar::Bool)),
            ("Rebuilding", self.rebuilding.map(Scalar::Bool)),
            ("Parent", Scalar::text(&self.parent)),
            ("SectorSize", self.sector_size.map(Scalar::Int)),
            ("BackingFileName", Scalar::text(&self.backing_file_name)),
            ("CloneStatus", Scalar::text(&self.clone_status)),
            ("Checkpoint", Scalar::text(&self.checkpoint)),
            ("RevisionCounter", self.revision_counter.map(|counter| Scalar::Int(counter.0))),
            ("UUID", Scalar::text(&self.uuid)),
        ]
    }

    /// Which versions of Jiva write this set of keys.
    ///
    /// Every open rewrites the file, so this is the version that opened it last. None if the file holds not
    /// one of the keys that every version writes, for then no Jiva wrote it.
    pub fn generation(&self) -> Option<Generation> {
        let written = [&self.head, &self.parent, &self.backing_file_name].iter().any(|v| v.is_some())
            || [self.size, self.sector_size].iter().any(Option::is_some)
            || [self.dirty, self.rebuilding].iter().any(Option::is_some);
        if !written {
            return None;
        }
        Some(Generation::of_keys(
            self.clone_status.is_some(),
            self.revision_counter.is_some(),
            self.checkpoint.is_some(),
            self.uuid.is_some(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FULL: &str = concat!(
        r#"{"Size":8388608,"Head":"volume-head-003.img","Dirty":false,"Rebuilding":false,"#,
        r#""Parent":"volume-snap-s-one.img","SectorSize":512,"BackingFileName":"","CloneStatus":"NA","#,
        r#""Checkpoint":"volume-snap-6711a592-0686-4782-80ff-3f6855566b6f.img","RevisionCounter":61,"#,
        r#""UUID":"e360f81b3cd9f6857c5916b251caa08135427886"}"#,
        "\n"
    );

    fn full() -> VolumeMeta {
        VolumeMeta {
            size: Some(8_388_608),
            head: Some("volume-head-003.img".into()),
            dirty: Some(false),
            rebuilding: Some(false),
            parent: Some("volume-snap-s-one.img".into()),
            sector_size: Some(512),
            backing_file_name: Some(String::new()),
            clone_status: Some("NA".into()),
            checkpoint: Some("volume-snap-6711a592-0686-4782-80ff-3f6855566b6f.img".into()),
            revision_counter: Some(Counter(61)),
            uuid: Some("e360f81b3cd9f6857c5916b251caa08135427886".into()),
            remarks: Vec::new(),
        }
    }

    #[test]
    fn a_file_of_jiva_is_read_without_remark_and_written_again() {
        assert_eq!(VolumeMeta::parse(FULL.as_bytes()), Ok(full()));
        assert_eq!(full().to_json(), FULL);
    }

    /// Rows are damages that a real Jiva 3.6.0 was started on; it took the file or did not, as here.
    #[test]
    fn damaged_files_are_refused_as_jiva_refuses_them() {
        let bom = format!("\u{feff}{FULL}");
        let with_size = |size: &str| FULL.replace("8388608", size);
        let wrong = |found: &str| {
            format!("json: cannot unmarshal {found} into Go struct field Info.Size of type int64 at byte 8")
        };
        for (name, bytes, error) in [
            ("empty", Vec::new(), "EOF at byte 0".to_owned()),
            ("cut", FULL.as_bytes()[..40].to_vec(), "unexpected EOF at byte 40".to_owned()),
            (
                "nul",
                vec![0; FULL.len()],
                r"invalid character '\x00' looking for beginning of value at byte 0".to_owned(),
            ),
            (
                "bom",
                bom.into_bytes(),
                "invalid character 'ï' looking for beginning of value at byte 0".to_owned(),
            ),
            (
                "array",
                b"[]".to_vec(),
                "json: cannot unmarshal array into Go value of type replica.Info at byte 0".to_owned(),
            ),
            ("size-as-text", with_size("\"8388608\"").into_bytes(), wrong("string")),
            ("size-as-float", with_size("8388608.0").into_bytes(), wrong("number 8388608.0")),
            ("size-exponent", with_size("8e6").into_bytes(), wrong("number 8e6")),
        ] {
            assert_eq!(VolumeMeta::parse(&bytes).map_err(|e| e.to_string()), Err(error), "{name}");
        }
    }

    #[test]
    fn damaged_files_are_taken_as_jiva_takes_them() {
        let old = concat!(
            r#"{"Size":8388608,"Head":"volume-head-003.img","Dirty":false,"Rebuilding":false,"#,
            r#""Parent":"volume-snap-s-one.img","SectorSize":512,"BackingFileName":"","CloneStatus":"NA"}"#,
            "\n"
        );
        let head = r#""Head":"volume-head-003.img""#;
        let lower = FULL.to_lowercase().replace("\"na\"", "\"NA\"");
        for (name, text, change, remarks) in [
            (
                "trailing-garbage",
                format!("{FULL}}}}}garbage"),
                (|_| {}) as fn(&mut VolumeMeta),
                vec!["byte 308: 9 bytes after the value, not read"],
            ),
            (
                "second-object",
                format!("{FULL}{{\"Head\":\"volume-head-999.img\"}}"),
                |_| {},
                vec!["byte 308: 30 bytes after the value, not read"],
            ),
            (
                "duplicate-head",
                FULL.replace(head, &format!("{head},\"Head\":\"volume-head-777.img\"")),
                |m| m.head = Some("volume-head-777.img".into()),
                vec!["Head at byte 45: duplicate of the one at byte 16; the last one wins"],
            ),
            (
                "duplicate-head-other-case",
                FULL.replace(head, &format!("\"HEAD\":\"volume-head-777.img\",{head}")),
                |_| {},
                vec![
                    "Head at byte 16: key is written \"HEAD\"; Jiva accepts it",
                    "Head at byte 45: duplicate of the one at byte 16; the last one wins",
                ],
            ),
            (
                "null-head",
                FULL.replace(head, "\"Head\":null"),
                |m| m.head = None,
                vec!["Head at byte 23: null, read as absent"],
            ),
            ("no-head", FULL.replace(&format!("{head},"), ""), |m| m.head = None, vec![]),
            (
                "only-braces",
                "{}".into(),
                |m| *m = VolumeMeta::default(),
                vec!["not formatted as Jiva writes it"],
            ),
            ("null", "null".into(), |m| *m = VolumeMeta::default(), vec!["byte 0: null, read as absent"]),
            (
                "unknown-key",
                FULL.replace("}\n", ",\"Future\":[1,{\"a\":2}]}\n"),
                |_| {},
                vec!["byte 307: key \"Future\" is unknown and ignored"],
            ),
            (
                "old-version",
                old.into(),
                |m| (m.checkpoint, m.revision_counter, m.uuid) = (None, None, None),
                vec![],
            ),
            ("leading-space", format!(" \n{FULL}"), |_| {}, vec!["not formatted as Jiva writes it"]),
            ("no-line-end", FULL.trim_end().into(), |_| {}, vec!["not formatted as Jiva writes it"]),
        ] {
            let mut expected = full();
            change(&mut expected);
            let mut meta = VolumeMeta::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
            let said: Vec<String> = meta.remarks.drain(..).map(|r| r.to_string()).collect();
            assert_eq!(said, remarks, "{name}");
            assert_eq!(meta, expected, "{name}");
        }
        let mut meta = VolumeMeta::parse(lower.as_bytes()).unwrap_or_else(|e| panic!("lower case: {e}"));
        assert_eq!(meta.remarks.len(), 11, "one remark a key");
        meta.remarks.clear();
        assert_eq!(meta, full(), "lower-case-keys");
    }

    #[test]
    fn the_keys_tell_the_version() {
        let mut meta = full();
        let mut seen = vec![meta.generation()];
        meta.uuid = None;
        seen.push(meta.generation());
        meta.checkpoint = None;
        seen.push(meta.generation());
        meta.revision_counter = None;
        seen.push(meta.generation());
        meta.clone_status = None;
        seen.push(meta.generation());
        seen.reverse();
        assert_eq!(seen, Generation::ALL.map(Some));
        assert_eq!(VolumeMeta::default().generation(), None);
        let lone = VolumeMeta { uuid: full().uuid, ..VolumeMeta::default() };
        assert_eq!(lone.generation(), None);
    }

    #[test]
    fn every_prefix_is_a_cut_or_the_value() {
        let object = FULL.trim_end().len();
        for end in 0..=FULL.len() {
            match VolumeMeta::parse(&FULL.as_bytes()[..end]) {
                Ok(mut meta) => {
                    assert!(end >= object, "{end}");
                    meta.remarks.clear();
                    assert_eq!(meta, full(), "{end}");
                }
                Err(MetaError::Empty { .. }) => assert_eq!(end, 0),
                Err(error) => assert_eq!(error, MetaError::Truncated { length: end as u64 }),
            }
        }
    }

    #[test]
    fn what_is_whole_before_a_cut_can_be_salvaged() {
        let (meta, error) = VolumeMeta::salvage(&FULL.as_bytes()[..60]);
        assert_eq!(error, Some(MetaError::Truncated { length: 60 }));
        assert_eq!((meta.size, meta.head.as_deref()), (Some(8_388_608), Some("volume-head-003.img")));
        assert_eq!(meta.dirty, Some(false));
        assert_eq!(meta.rebuilding, None);
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            numbers in proptest::array::uniform3(proptest::option::of(any::<i64>())),
            texts in proptest::array::uniform6(proptest::option::of(any::<String>())),
            flags in proptest::array::uniform2(proptest::option::of(any::<bool>())),
        ) {
            let [head, parent, backing_file_name, clone_status, checkpoint, uuid] = texts;
            let meta = VolumeMeta {
                size: numbers[0],
                sector_size: numbers[1],
                revision_counter: numbers[2].map(Counter),
                dirty: flags[0],
                rebuilding: flags[1],
                head, parent, backing_file_name, clone_status, checkpoint, uuid,
                remarks: Vec::new(),
            };
            prop_assert_eq!(VolumeMeta::parse(meta.to_json().as_bytes()), Ok(meta));
        }

        #[test]
        fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = VolumeMeta::salvage(&bytes);
        }

        #[test]
        fn overwritten_bytes_are_survived(at in 0..FULL.len(), new in proptest::collection::vec(any::<u8>(), 1..9)) {
            let mut bytes = FULL.as_bytes().to_vec();
            for (old, new) in bytes[at..].iter_mut().zip(new) {
                *old = new;
            }
            let (meta, error) = VolumeMeta::salvage(&bytes);
            prop_assert!(error.as_ref().is_none_or(|e| e.offset() <= bytes.len() as u64));
            prop_assert!(meta.remarks.is_sorted());
        }
    }
}
