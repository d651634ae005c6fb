//! Which bytes of a JSON file are what, for those who write its like.
//!
//! Pure. The parsers keep what Jiva reads. Here every byte has a place, so that none is overlooked.

use std::ops::Range;

use super::log_info::{LOG_TO_FILE, LogInfo};
use super::names::FileKind;
use super::record::DISK;
use super::volume_meta::INFO;
use crate::go::error::MetaError;
use crate::go::json::{GoType, Kind, Oddities, Shape, field_of, unquote};
use crate::go::scan::scan;
use crate::go::text::{parse_int, write_json_string};
use crate::replica::{KeyOrder, Record, VolumeMeta};

/// Whose keys are known in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    VolumeMeta,
    Record,
    LogInfo,
}

impl Form {
    /// The form of a file; one that an unfinished write left has that of the file it was to become.
    pub(crate) fn of(kind: &FileKind<'_>) -> Option<Self> {
        match kind {
            FileKind::VolumeMeta | FileKind::VolumeMetaTmp => Some(Self::VolumeMeta),
            FileKind::Record(_) | FileKind::RecordTmp(_) => Some(Self::Record),
            FileKind::LogInfo | FileKind::LogInfoTmp => Some(Self::LogInfo),
            _ => None,
        }
    }

    /// Why Jiva refuses such a file, if it does.
    pub(crate) fn error(self, bytes: &[u8]) -> Option<MetaError> {
        match self {
            Self::VolumeMeta => VolumeMeta::parse(bytes).err(),
            Self::Record => Record::parse(bytes).err(),
            Self::LogInfo => LogInfo::parse(bytes).err(),
        }
    }
}

/// A file taken apart. What stands between its parts is punctuation and white space.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The complete members of the outermost object, in the order of the file.
    pub(crate) members: Vec<Part>,
    /// Where the first value stands, or the byte that is wrong; the length of the file if it ends too early.
    pub(crate) value: Result<Range<usize>, usize>,
    /// Whether the order of the keys says that a peer sent the file.
    pub(crate) received: bool,
}

/// A key and its value, both with their quotes.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) key: Range<usize>,
    pub(crate) place: Range<usize>,
    /// The key as decoded.
    pub(crate) name: String,
    pub(crate) oddities: Oddities,
    /// The field that the key fills, as Jiva declares it.
    pub(crate) field: Option<&'static str>,
    pub(crate) value: Value,
}

/// What a value is to its field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `null`, `true`, `false` or a number that the field takes.
    Plain,
    /// A text that the field takes.
    Text(String, Oddities),
    /// The field takes no such value, or there is no field.
    Other,
}

impl Parts {
    pub(crate) fn of(bytes: &[u8], form: Form) -> Self {
        match form {
            Form::VolumeMeta => Self::with(bytes, &INFO, false),
            Form::Record => Self::with(bytes, &DISK, Record::salvage(bytes).0.order == KeyOrder::Received),
            Form::LogInfo => Self::with(bytes, &LOG_TO_FILE, false),
        }
    }

    fn with<const N: usize>(bytes: &[u8], shape: &Shape<N>, received: bool) -> Self {
        let mut members = Vec::new();
        let value = scan(bytes, |member| {
            let (name, oddities) = unquote(&bytes[member.key.clone()]);
            let name = name.into_owned();
            let (field, _) = field_of(shape, &name);
            let value = match field {
                Some(at) => value_of(&bytes[member.value.clone()], shape.fields[at].1),
                None => Value::Other,
            };
            let field = field.map(|at| shape.fields[at].0);
            members.push(Part { key: member.key, place: member.value, name, oddities, field, value });
        });
        let value = value.map_err(|error| usize::try_from(error.offset()).expect("a place in the bytes"));
        Self { members, value, received }
    }
}

fn value_of(value: &[u8], wanted: GoType) -> Value {
    match (wanted, Kind::of(value)) {
        (_, Kind::Null) | (GoType::Bool, Kind::Bool) => Value::Plain,
        (GoType::Int64 | GoType::Int, Kind::Number) if parse_int(value).is_ok() => Value::Plain,
        (GoType::Text, Kind::Text) => {
            let (text, oddities) = unquote(value);
            Value::Text(text.into_owned(), oddities)
        }
        _ => Value::Other,
    }
}

/// A text as Go's JSON encoder writes it, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_json_string(&mut out, text).expect("a string takes everything");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_its_place_and_meaning() {
        let text = r#" {"Name" : "a","parent":1,"X":{"Name":2},"Removed":null,"RevisionCounter":1.5} tail"#;
        let parts = Parts::of(text.as_bytes(), Form::Record);
        let shown: Vec<_> = parts
            .members
            .iter()
            .map(|part| (&text[part.key.clone()], &text[part.place.clone()], part.field, &part.value))
            .collect();
        let a = Value::Text("a".to_owned(), Oddities::default());
        assert_eq!(
            shown,
            [
                ("\"Name\"", "\"a\"", Some("Name"), &a),
                ("\"parent\"", "1", Some("Parent"), &Value::Other),
                ("\"X\"", "{\"Name\":2}", None, &Value::Other),
                ("\"Removed\"", "null", Some("Removed"), &Value::Plain),
                ("\"RevisionCounter\"", "1.5", Some("RevisionCounter"), &Value::Other),
            ]
        );
        assert_eq!(parts.value, Ok(1..text.len() - 5));
    }

    #[test]
    fn a_cut_or_bad_file_has_the_members_before_it() {
        for (text, members, at) in
            [(r#"{"enable":true,"x"#, 1, 17), (r#"{"enable":true,?}"#, 1, 15), ("", 0, 0), ("\0\0", 0, 0)]
        {
            let parts = Parts::of(text.as_bytes(), Form::LogInfo);
            assert_eq!((parts.members.len(), parts.value), (members, Err(at)), "{text}");
        }
    }
}
