//! Decodes the first JSON value of a file into named fields, as Go's `Decoder.Decode` into a structure.
//!
//! Pure. Repeated here because the details decide what Jiva makes of a damaged file: keys match in any
//! letter case, the last of equal keys counts, `null` leaves a field alone, unknown keys and anything after
//! the first value are ignored, and an error of type is reported only after the rest was decoded.

use std::borrow::Cow;
use std::ops::Range;

use super::error::MetaError;
use super::remark::{Place, Remarks};
use super::scan::{Member, is_space, scan};
use super::text::parse_int;
use crate::finding::Oddity;

/// Type of a field, with the name that Go gives it in errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoType {
    Bool,
    Int64,
    Int,
    Text,
}

impl GoType {
    fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int64 => "int64",
            Self::Int => "int",
            Self::Text => "string",
        }
    }
}

/// A Go structure: its name with package, without, and its fields in the order of writing.
#[derive(Debug)]
pub(crate) struct Shape<const N: usize> {
    pub(crate) go_type: &'static str,
    pub(crate) go_name: &'static str,
    pub(crate) fields: [(&'static str, GoType); N],
}

/// The value of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scalar<'a> {
    Bool(bool),
    Int(i64),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    /// A text that may be absent.
    pub(crate) fn text(text: &'a Option<String>) -> Option<Self> {
        text.as_deref().map(|text| Self::Text(Cow::Borrowed(text)))
    }
}

/// What was decoded, be it in spite of an error.
#[derive(Debug)]
pub(crate) struct Decoded<'a, const N: usize> {
    bytes: &'a [u8],
    /// The whole file, if every string in it stands for itself: it is UTF-8 and nothing is escaped.
    plain: Option<&'a str>,
    shape: &'static Shape<N>,
    /// One a field, in the order of the shape.
    pub(crate) slots: [Slot<'a>; N],
    pub(crate) keys: Keys<'a>,
    pub(crate) remarks: Remarks,
    /// The error that Go reports.
    pub(crate) error: Option<MetaError>,
}

/// What stands for one field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot<'a> {
    /// The value that counts; None if the key is absent or only ever `null`.
    value: Option<Scalar<'a>>,
    /// Byte offset of the value.
    pub(crate) at: u64,
    /// Byte offset of the first key that names it.
    first_key: Option<u64>,
    /// Whether some key is its name in the very spelling of Jiva's.
    exact: bool,
}

impl Slot<'_> {
    pub(crate) fn bool(&self) -> Option<bool> {
        if let Some(Scalar::Bool(value)) = self.value { Some(value) } else { None }
    }

    pub(crate) fn int(&self) -> Option<i64> {
        if let Some(Scalar::Int(value)) = self.value { Some(value) } else { None }
    }

    pub(crate) fn text(&self) -> Option<String> {
        if let Some(Scalar::Text(value)) = &self.value { Some(value.to_string()) } else { None }
    }
}

/// How the keys of an object stand.
#[derive(Debug)]
pub(crate) struct Keys<'a> {
    /// How many there are.
    pub(crate) count: usize,
    /// Whether they are the names of the first fields, in the order of writing and in Jiva's spelling.
    pub(crate) in_order: bool,
    /// Whether each is greater than the one before, and not even the first is in order.
    sorted: bool,
    last: Option<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    fn none() -> Self {
        Self { count: 0, in_order: true, sorted: true, last: None }
    }

    /// Counts one more, which is the exact name of the field at `field` if it is any.
    fn push(&mut self, key: Cow<'a, str>, field: Option<usize>) {
        self.in_order &= field == Some(self.count);
        // Nearly always they are in order, and then there is nothing to compare.
        if !self.in_order {
            self.sorted &= self.count == 0 || self.last.as_ref().is_some_and(|last| *last < key);
            self.last = Some(key);
        }
        self.count += 1;
    }

    /// Whether they are sorted instead of in order.
    pub(crate) fn sorted_instead(&self) -> bool {
        !self.in_order && self.sorted
    }
}

/// Decodes `bytes`.
///
/// After an error of syntax the result holds the members before it, which Go does not decode; after an
/// error of type, as in Go, all fields but the bad ones.
pub(crate) fn decode<'a, const N: usize>(bytes: &'a [u8], shape: &'static Shape<N>) -> Decoded<'a, N> {
    let escaped = bytes.contains(&b'\\');
    let mut decoded = Decoded {
        bytes,
        plain: if escaped { None } else { std::str::from_utf8(bytes).ok() },
        shape,
        slots: std::array::from_fn(|_| Slot::default()),
        keys: Keys::none(),
        remarks: Remarks::default(),
        error: None,
    };
    match scan(bytes, |member| decoded.member(&member)) {
        Err(error) => decoded.error = Some(error),
        Ok(value) => {
            match Kind::of(&bytes[value.clone()]) {
                Kind::Object => {}
                Kind::Null => decoded.remarks.push(Place::at(value.start as u64), Oddity::NullValue),
                found => {
                    decoded.error = Some(MetaError::Type {
                        offset: value.start as u64,
                        found: found.name().to_owned(),
                        field: None,
                        owner: shape.go_name,
                        wanted: shape.go_type,
                    });
                }
            }
            if let Some(space) = bytes[value.end..].iter().position(|b| !is_space(*b)) {
                let from = value.end + space;
                let count = (bytes.len() - from) as u64;
                decoded.remarks.push(Place::at(from as u64), Oddity::TrailingBytes { count });
            }
        }
    }
    decoded
}

impl<'a, const N: usize> Decoded<'a, N> {
    fn member(&mut self, member: &Member) {
        let at = member.key.start as u64;
        let (key, oddities) = self.string(member.key.clone());
        let (field, exact) = field_of(self.shape, &key);
        let place = |offset| Place { offset: Some(offset), field: field.map(|i| self.shape.fields[i].0) };
        self.remark(place(at), oddities);
        match field {
            None => self.remarks.push(Place::at(at), Oddity::UnknownKey { key: key.to_string() }),
            Some(i) => {
                let (name, go_type) = self.shape.fields[i];
                match self.slots[i].first_key {
                    Some(first) => self.remarks.push(place(at), Oddity::DuplicateKey { first }),
                    None => self.slots[i].first_key = Some(at),
                }
                if exact {
                    self.slots[i].exact = true;
                } else {
                    self.remarks.push(place(at), Oddity::KeyCase { key: key.to_string() });
                }
                self.store(i, name, go_type, member.value.clone());
            }
        }
        self.keys.push(key, field.filter(|_| exact));
    }

    /// The text of a string that the scanner has accepted, with its quotes.
    fn string(&self, place: Range<usize>) -> (Cow<'a, str>, Oddities) {
        match self.plain.and_then(|text| text.get(place.start + 1..place.end - 1)) {
            Some(text) => (Cow::Borrowed(text), Oddities::default()),
            None => unquote(&self.bytes[place]),
        }
    }

    fn remark(&mut self, place: Place, oddities: Oddities) {
        if oddities.bad_bytes {
            self.remarks.push(place, Oddity::InvalidUtf8);
        }
        if oddities.half_pair {
            self.remarks.push(place, Oddity::LoneSurrogate);
        }
    }

    fn store(&mut self, i: usize, name: &'static str, go_type: GoType, place: Range<usize>) {
        let (value, at) = (&self.bytes[place.clone()], place.start as u64);
        let kind = Kind::of(value);
        let scalar = match (go_type, kind) {
            (_, Kind::Null) => {
                self.remarks.push(Place::of(name, at), Oddity::NullValue);
                return;
            }
            (GoType::Bool, Kind::Bool) => Some(Scalar::Bool(value == b"true")),
            (GoType::Int64 | GoType::Int, Kind::Number) => parse_int(value).ok().map(Scalar::Int),
            (GoType::Text, Kind::Text) => {
                let (text, oddities) = self.string(place);
                self.remark(Place::of(name, at), oddities);
                Some(Scalar::Text(text))
            }
            _ => None,
        };
        if let Some(scalar) = scalar {
            self.slots[i].value = Some(scalar);
            self.slots[i].at = at;
            return;
        }
        let integer = matches!(go_type, GoType::Int64 | GoType::Int);
        let found = match kind {
            Kind::Number if integer => format!("number {}", String::from_utf8_lossy(value)),
            kind => kind.name().to_owned(),
        };
        let owner = self.shape.go_name;
        let error = MetaError::Type { offset: at, found, field: Some(name), owner, wanted: go_type.name() };
        self.error.get_or_insert(error);
    }

    /// Whether the first fields, so many, are all named in Jiva's spelling.
    pub(crate) fn names_first(&self, count: usize) -> bool {
        self.slots[..count].iter().all(|slot| slot.exact)
    }
}

/// What a value is, known by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Text,
    Bool,
    Null,
    Number,
}

impl Kind {
    pub(crate) fn of(value: &[u8]) -> Self {
        match value.first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::Text,
            Some(b't' | b'f') => Self::Bool,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }

    /// What Go calls it in errors.
    fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::Text => "string",
            Self::Bool => "bool",
            Self::Null => "null",
            Self::Number => "number",
        }
    }
}

/// The field that a key fills: the one of exactly that name, else the first that differs in letter case only.
///
pub(crate) fn field_of<const N: usize>(shape: &Shape<N>, key: &str) -> (Option<usize>, bool) {
    let fields = &shape.fields;
    let exact = fields.iter().position(|(name, _)| *name == key);
    let alike = || fields.iter().position(|(name, _)| name.chars().map(fold).eq(key.chars().map(fold)));
    (exact.or_else(alike), exact.is_some())
}

/// Field names are ASCII letters; beside their other case only two characters fold to one: long s and the
/// Kelvin sign.
fn fold(c: char) -> char {
    match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => c.to_ascii_lowercase(),
    }
}

/// What in a string could not be decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Oddities {
    /// Bytes that are not UTF-8.
    pub(crate) bad_bytes: bool,
    /// Half of a surrogate pair.
    pub(crate) half_pair: bool,
}

/// Decodes a string with its quotes that the scanner has accepted; what cannot be decoded becomes U+FFFD,
/// one for each bad byte or half pair.
pub(crate) fn unquote(quoted: &[u8]) -> (Cow<'_, str>, Oddities) {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains(&b'\\')
        && let Ok(plain) = std::str::from_utf8(inner)
    {
        return (Cow::Borrowed(plain), Oddities::default());
    }
    let mut out = String::with_capacity(inner.len());
    let mut oddities = Oddities::default();
    let mut at = 0;
    while at < inner.len() {
        let plain = inner[at..].iter().position(|b| *b == b'\\').unwrap_or(inner.len() - at);
        for chunk in inner[at..at + plain].utf8_chunks() {
            out.push_str(chunk.valid());
            for _ in chunk.invalid() {
                oddities.bad_bytes = true;
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
        at += plain;
        let Some(code) = inner.get(at + 1) else { break };
        at += 2;
        match code {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let unit = hex4(inner, at).unwrap_or_default();
                at += 4;
                let c = char::from_u32(unit).or_else(|| {
                    let low =
                        (inner.get(at..at + 2) == Some(b"\\u")).then(|| hex4(inner, at + 2)).flatten()?;
                    let pair = pair(unit, low)?;
                    at += 6;
                    Some(pair)
                });
                oddities.half_pair |= c.is_none();
                out.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => out.push(char::from(*code)),
        }
    }
    (Cow::Owned(out), oddities)
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |sum, b| Some(sum * 16 + char::from(*b).to_digit(16)?))
}

/// The character of a high and a low surrogate, in this order.
fn pair(high: u32, low: u32) -> Option<char> {
    let valid = (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low);
    valid.then(|| char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static INFO: Shape<4> = Shape {
        go_type: "replica.Info",
        go_name: "Info",
        fields: [
            ("Size", GoType::Int64),
            ("Head", GoType::Text),
            ("Dirty", GoType::Bool),
            ("Checkpoint", GoType::Text),
        ],
    };

    fn error(text: &str) -> Option<String> {
        decode(text.as_bytes(), &INFO).error.map(|e| e.to_string())
    }

    #[test]
    fn type_errors_have_the_words_of_go() {
        let field = |found: &str, field: &str, wanted: &str, at: u64| {
            Some(format!(
                "json: cannot unmarshal {found} into Go struct field Info.{field} of type {wanted} at byte {at}"
            ))
        };
        let whole = |found: &str| {
            Some(format!("json: cannot unmarshal {found} into Go value of type replica.Info at byte 0"))
        };
        for (text, expected) in [
            (r#"{"Size":"1"}"#, field("string", "Size", "int64", 8)),
            (r#"{"Size":1e3}"#, field("number 1e3", "Size", "int64", 8)),
            (r#"{"Size":12.0}"#, field("number 12.0", "Size", "int64", 8)),
            (r#"{"Size":9223372036854775808}"#, field("number 9223372036854775808", "Size", "int64", 8)),
            (r#"{"Size":-9223372036854775808}"#, None),
            (r#"{"Size":true}"#, field("bool", "Size", "int64", 8)),
            (r#"{"Size":[1]}"#, field("array", "Size", "int64", 8)),
            (r#"{"Head":{}}"#, field("object", "Head", "string", 8)),
            (r#"{"head":7}"#, field("number", "Head", "string", 8)),
            (r#"{"Dirty": 0}"#, field("number", "Dirty", "bool", 10)),
            (r#"{"Dirty":"true"}"#, field("string", "Dirty", "bool", 9)),
            // The first of several is reported.
            (r#"{"Dirty":"x","Size":"y"}"#, field("string", "Dirty", "bool", 9)),
            // Syntax comes before type.
            (
                r#"{"Size":"1",}"#,
                Some("invalid character '}' looking for beginning of object key string at byte 12".into()),
            ),
            ("[]", whole("array")),
            (r#""x""#, whole("string")),
            ("12", whole("number")),
            ("true", whole("bool")),
            ("null", None),
            ("{}", None),
        ] {
            assert_eq!(error(text), expected, "{text}");
        }
    }

    #[test]
    fn the_rest_is_decoded_in_spite_of_a_type_error() {
        let decoded = decode(br#"{"Size":"1","Head":"h","Dirty":true}"#, &INFO);
        assert_eq!(decoded.slots[0].int(), None);
        assert_eq!(decoded.slots[1].text().as_deref(), Some("h"));
        assert_eq!(decoded.slots[2].bool(), Some(true));
    }

    #[test]
    fn keys_match_as_in_go() {
        for (text, head, size, checkpoint) in [
            (r#"{"head":"a"}"#, Some("a"), None, None),
            (r#"{"HEAD":"a"}"#, Some("a"), None, None),
            ("{\"\u{17f}ize\":3}", None, Some(3), None),
            ("{\"\\u017fIZE\":3}", None, Some(3), None),
            ("{\"Chec\u{212a}point\":\"c\"}", None, None, Some("c")),
            (r#"{"Head":"a","Head":"b"}"#, Some("b"), None, None),
            (r#"{"Head":"a","head":"b"}"#, Some("b"), None, None),
            (r#"{"Head":"a","Head":null}"#, Some("a"), None, None),
            (r#"{"Head":null}"#, None, None, None),
            (r#"{"Heаd":"a"}"#, None, None, None), // Cyrillic а
            (r#"{"":1,"Head ":"x"}"#, None, None, None),
            (r#"{"\u0048ead":"a"}"#, Some("a"), None, None),
            (r#"{"Future":{"Head":"x"},"Head":"a"}"#, Some("a"), None, None),
        ] {
            let decoded = decode(text.as_bytes(), &INFO);
            assert_eq!(decoded.error, None, "{text}");
            assert_eq!(decoded.slots[1].text().as_deref(), head, "{text}");
            assert_eq!(decoded.slots[0].int(), size, "{text}");
            assert_eq!(decoded.slots[3].text().as_deref(), checkpoint, "{text}");
        }
    }

    #[test]
    fn strings_decode_as_in_go() {
        for (raw, text) in [
            (&br#""\"\\\/\b\f\n\r\t""#[..], "\"\\/\u{8}\u{c}\n\r\t"),
            (br#""\u00e4\u0000""#, "ä\0"),
            (br#""\ud83d\ude00""#, "😀"),
            (br#""\ud83d""#, "\u{fffd}"),
            (br#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (br#""\ud83d\u0041""#, "\u{fffd}A"),
            (br#""\ud83dx""#, "\u{fffd}x"),
            (br#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (b"\"\xff\"", "\u{fffd}"),
            (b"\"\xe2\x82\"", "\u{fffd}\u{fffd}"),
            (b"\"\xed\xa0\x80\"", "\u{fffd}\u{fffd}\u{fffd}"),
            (b"\"\xc0\xaf\x7f\"", "\u{fffd}\u{fffd}\u{7f}"),
            ("\"\u{2028}ä\"".as_bytes(), "\u{2028}ä"),
        ] {
            assert_eq!(unquote(raw).0, text, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn what_is_odd_is_said() {
        let text = b" {\"Future\":[1],\"head\":\"\xff\",\"Head\":\"\\ud800\",\"Size\":null} {}x\n";
        let remarks: Vec<String> =
            decode(text, &INFO).remarks.finish().iter().map(ToString::to_string).collect();
        assert_eq!(
            remarks,
            [
                "byte 2: key \"Future\" is unknown and ignored",
                "Head at byte 15: key is written \"head\"; Jiva accepts it",
                "Head at byte 22: not UTF-8, read with U+FFFD in place of the bad bytes",
                "Head at byte 26: duplicate of the one at byte 15; the last one wins",
                "Head at byte 33: half of a surrogate pair, read as U+FFFD",
                "Size at byte 49: null, read as absent",
                "byte 55: 4 bytes after the value, not read",
            ]
        );
    }

    #[test]
    fn what_stands_before_a_cut_is_kept_aside() {
        let decoded = decode(br#"{"Size":8388608,"Head":"volume-head-003."#, &INFO);
        assert_eq!(decoded.error, Some(MetaError::Truncated { length: 40 }));
        assert_eq!((decoded.slots[0].int(), decoded.slots[1].text()), (Some(8_388_608), None));
    }

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Info {
        #[serde(default)]
        size: Option<i64>,
        #[serde(default)]
        head: Option<String>,
        #[serde(default)]
        dirty: Option<bool>,
        #[serde(default)]
        checkpoint: Option<String>,
    }

    proptest! {
        /// Whatever an independent parser takes, with keys that are exact and unique, has the same values here.
        #[test]
        fn agrees_with_serde_json(
            size in proptest::option::of(any::<i64>()),
            head in proptest::option::of(".{0,8}"),
            dirty in proptest::option::of(any::<bool>()),
            other in "[a-z]{0,4}",
            pretty in any::<bool>(),
        ) {
            let value = serde_json::json!({"Size": size, "Head": head, "Dirty": dirty, "x": [other, {"Head": 1}]});
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.unwrap_or_default();
            let decoded = decode(text.as_bytes(), &INFO);
            prop_assert_eq!(&decoded.error, &None);
            let info: Info = serde_json::from_str(&text).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(decoded.slots[0].int(), info.size);
            prop_assert_eq!(decoded.slots[1].text(), info.head);
            prop_assert_eq!(decoded.slots[2].bool(), info.dirty);
            prop_assert_eq!(decoded.slots[3].text(), info.checkpoint);
        }

        #[test]
        fn never_panics(text in "\\{(\"(Size|head|\\\\ud83d|x)\":(\"[\\\\a-u\"]{0,6}\"|1e3|7|null|\\[\\]),?){0,4}\\}?.{0,3}") {
            let _ = decode(text.as_bytes(), &INFO).remarks.finish();
        }
    }
}
