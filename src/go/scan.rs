//! Finds the first JSON value of a file and the members of its outermost object.
//!
//! Pure and iterative: nesting costs one byte a level, and the scan ends at the first error or at the end
//! of the first value. Which bytes are refused where, and in which words, follows the behaviour of Go's
//! `encoding/json` scanner; a file is refused at the same byte as there.

use std::ops::Range;

use super::error::MetaError;

/// Go refuses deeper nesting, in the words "exceeded max depth".
const DEPTH: usize = 10_000;

/// A key and its value in the outermost object, as byte ranges of the file; both include their quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
}

/// Scans the first value of `bytes` and gives its place. `member` gets every member that is complete; where there is
/// an error, those before it.
pub(crate) fn scan(bytes: &[u8], member: impl FnMut(Member)) -> Result<Range<usize>, MetaError> {
    Scanner { bytes, at: 0, open: Nesting::default() }.first_value(member)
}

/// White space of JSON.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Object,
    Array,
}

/// What is open, the outermost first. That one has a place of its own: few files have another.
#[derive(Default)]
struct Nesting {
    outermost: Option<Open>,
    inner: Vec<Open>,
}

impl Nesting {
    fn depth(&self) -> usize {
        usize::from(self.outermost.is_some()) + self.inner.len()
    }

    fn last(&self) -> Option<Open> {
        self.inner.last().copied().or(self.outermost)
    }

    fn push(&mut self, kind: Open) {
        match self.outermost {
            None => self.outermost = Some(kind),
            Some(_) => self.inner.push(kind),
        }
    }

    fn pop(&mut self) {
        if self.inner.pop().is_none() {
            self.outermost = None;
        }
    }

    /// Whether what follows stands right inside an object that is the outermost value.
    fn is_member(&self) -> bool {
        self.outermost == Some(Open::Object) && self.inner.is_empty()
    }
}

enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    AfterValue,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Nesting,
}

impl Scanner<'_> {
    fn first_value(&mut self, mut member: impl FnMut(Member)) -> Result<Range<usize>, MetaError> {
        let mut next = Next::Value;
        let mut start = None;
        let (mut key, mut value_start) = (0..0, 0);
        loop {
            if matches!(next, Next::AfterValue) {
                if self.open.depth() == 0 {
                    return Ok(start.unwrap_or(self.at)..self.at);
                }
                if self.open.is_member() {
                    member(Member { key: key.clone(), value: value_start..self.at });
                }
            }
            let byte = self.skip_space()?;
            start.get_or_insert(self.at);
            next = match next {
                Next::ValueOrEnd if byte == b']' => self.close(),
                Next::Value | Next::ValueOrEnd => {
                    if self.open.is_member() {
                        value_start = self.at;
                    }
                    self.value(byte)?
                }
                Next::KeyOrEnd if byte == b'}' => self.close(),
                Next::Key | Next::KeyOrEnd => {
                    if byte != b'"' {
                        return Err(self.bad("looking for beginning of object key string"));
                    }
                    let from = self.at;
                    self.string()?;
                    if self.open.is_member() {
                        key = from..self.at;
                    }
                    Next::Colon
                }
                Next::Colon if byte == b':' => self.step(Next::Value),
                Next::Colon => return Err(self.bad("after object key")),
                Next::AfterValue => match (self.open.last(), byte) {
                    (Some(Open::Object), b',') => self.step(Next::Key),
                    (Some(Open::Object), b'}') | (Some(Open::Array), b']') => self.close(),
                    (Some(Open::Object), _) => return Err(self.bad("after object key:value pair")),
                    (_, b',') => self.step(Next::Value),
                    (_, _) => return Err(self.bad("after array element")),
                },
            };
        }
    }

    fn value(&mut self, byte: u8) -> Result<Next, MetaError> {
        match byte {
            b'{' => return self.enter(Open::Object, Next::KeyOrEnd),
            b'[' => return self.enter(Open::Array, Next::ValueOrEnd),
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word(&[
                (b'r', "in literal true (expecting 'r')"),
                (b'u', "in literal true (expecting 'u')"),
                (b'e', "in literal true (expecting 'e')"),
            ])?,
            b'f' => self.word(&[
                (b'a', "in literal false (expecting 'a')"),
                (b'l', "in literal false (expecting 'l')"),
                (b's', "in literal false (expecting 's')"),
                (b'e', "in literal false (expecting 'e')"),
            ])?,
            b'n' => self.word(&[
                (b'u', "in literal null (expecting 'u')"),
                (b'l', "in literal null (expecting 'l')"),
                (b'l', "in literal null (expecting 'l')"),
            ])?,
            _ => return Err(self.bad("looking for beginning of value")),
        }
        Ok(Next::AfterValue)
    }

    fn step(&mut self, next: Next) -> Next {
        self.at += 1;
        next
    }

    fn enter(&mut self, kind: Open, next: Next) -> Result<Next, MetaError> {
        if self.open.depth() == DEPTH {
            return Err(self.bad("exceeded max depth"));
        }
        self.open.push(kind);
        Ok(self.step(next))
    }

    fn close(&mut self) -> Next {
        self.open.pop();
        self.step(Next::AfterValue)
    }

    /// From the opening quote to behind the closing one.
    fn string(&mut self) -> Result<(), MetaError> {
        self.at += 1;
        loop {
            self.at += plain_length(&self.bytes[self.at..]);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek()? {
                        b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => self.at += 1,
                        b'u' => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek()?.is_ascii_hexdigit() {
                                    return Err(self.bad("in \\u hexadecimal character escape"));
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(self.bad("in string escape code")),
                    }
                }
                _ => return Err(self.bad("in string literal")),
            }
        }
    }

    fn number(&mut self) -> Result<(), MetaError> {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.peek()? {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            _ => return Err(self.bad("in numeric literal")),
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            if !self.peek()?.is_ascii_digit() {
                return Err(self.bad("after decimal point in numeric literal"));
            }
            self.digits();
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let b'+' | b'-' = self.peek()? {
                self.at += 1;
            }
            if !self.peek()?.is_ascii_digit() {
                return Err(self.bad("in exponent of numeric literal"));
            }
            self.digits();
        }
        // Inside an object or array the end of the file could cut the number short.
        if self.open.depth() > 0 {
            self.peek()?;
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn word(&mut self, rest: &[(u8, &'static str)]) -> Result<(), MetaError> {
        self.at += 1;
        for (byte, context) in rest {
            if self.peek()? != *byte {
                return Err(self.bad(context));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn skip_space(&mut self) -> Result<u8, MetaError> {
        while self.bytes.get(self.at).copied().is_some_and(is_space) {
            self.at += 1;
        }
        self.peek()
    }

    fn peek(&self) -> Result<u8, MetaError> {
        self.bytes.get(self.at).copied().ok_or_else(|| self.end())
    }

    #[cold]
    fn end(&self) -> MetaError {
        let length = self.bytes.len() as u64;
        if self.bytes.iter().copied().all(is_space) {
            MetaError::Empty { length }
        } else {
            MetaError::Truncated { length }
        }
    }

    #[cold]
    fn bad(&self, context: &'static str) -> MetaError {
        let byte = self.bytes.get(self.at).copied().unwrap_or_default();
        MetaError::Syntax { offset: self.at as u64, byte, context }
    }
}

/// How many bytes stand before the first that is a quote, a backslash or a control character.
fn plain_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| !matches!(byte, 0..=0x1f | b'"' | b'\\')).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outcome(bytes: &[u8]) -> Result<usize, String> {
        scan(bytes, drop).map(|value| value.end).map_err(|e| e.to_string())
    }

    #[test]
    fn errors_have_the_words_and_place_of_go() {
        for (text, error) in [
            (&b""[..], "EOF at byte 0"),
            (b" \r\n\t", "EOF at byte 4"),
            (b"{", "unexpected EOF at byte 1"),
            (b"  {\"a\"", "unexpected EOF at byte 6"),
            (b"{\"a\":12", "unexpected EOF at byte 7"),
            (b"tru", "unexpected EOF at byte 3"),
            (b"-", "unexpected EOF at byte 1"),
            (b"1.", "unexpected EOF at byte 2"),
            (b"1e", "unexpected EOF at byte 2"),
            (b"\"\\u12", "unexpected EOF at byte 5"),
            (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value at byte 0"),
            (b"\0\0", r"invalid character '\x00' looking for beginning of value at byte 0"),
            (b"}", "invalid character '}' looking for beginning of value at byte 0"),
            (b"'a'", r"invalid character '\'' looking for beginning of value at byte 0"),
            (b"+1", "invalid character '+' looking for beginning of value at byte 0"),
            (b"[,", "invalid character ',' looking for beginning of value at byte 1"),
            (b"[1,]", "invalid character ']' looking for beginning of value at byte 3"),
            (b"{\"a\":}", "invalid character '}' looking for beginning of value at byte 5"),
            (b"{a", "invalid character 'a' looking for beginning of object key string at byte 1"),
            (b"{,", "invalid character ',' looking for beginning of object key string at byte 1"),
            (b"{\"a\":1,}", "invalid character '}' looking for beginning of object key string at byte 7"),
            (b"{\"a\" x", "invalid character 'x' after object key at byte 5"),
            (b"{\"a\"}", "invalid character '}' after object key at byte 4"),
            (b"{\"a\":1 \"b\"", "invalid character '\"' after object key:value pair at byte 7"),
            (b"{\"a\":01}", "invalid character '1' after object key:value pair at byte 6"),
            (b"{\"a\":[]]", "invalid character ']' after object key:value pair at byte 7"),
            (b"[1 2]", "invalid character '2' after array element at byte 3"),
            (b"[1}", "invalid character '}' after array element at byte 2"),
            (b"\"a\nb\"", r"invalid character '\n' in string literal at byte 2"),
            (b"\"a\0b\"", r"invalid character '\x00' in string literal at byte 2"),
            (b"\"\\x", "invalid character 'x' in string escape code at byte 2"),
            (b"\"\\'", r"invalid character '\'' in string escape code at byte 2"),
            (b"\"\\uD8zz\"", "invalid character 'z' in \\u hexadecimal character escape at byte 5"),
            (b"-x", "invalid character 'x' in numeric literal at byte 1"),
            (b"1.x", "invalid character 'x' after decimal point in numeric literal at byte 2"),
            (b"1ex", "invalid character 'x' in exponent of numeric literal at byte 2"),
            (b"1e+x", "invalid character 'x' in exponent of numeric literal at byte 3"),
            (b"tx", "invalid character 'x' in literal true (expecting 'r') at byte 1"),
            (b"trx", "invalid character 'x' in literal true (expecting 'u') at byte 2"),
            (b"trux", "invalid character 'x' in literal true (expecting 'e') at byte 3"),
            (b"fx", "invalid character 'x' in literal false (expecting 'a') at byte 1"),
            (b"fax", "invalid character 'x' in literal false (expecting 'l') at byte 2"),
            (b"falx", "invalid character 'x' in literal false (expecting 's') at byte 3"),
            (b"falsx", "invalid character 'x' in literal false (expecting 'e') at byte 4"),
            (b"nx", "invalid character 'x' in literal null (expecting 'u') at byte 1"),
            (b"nux", "invalid character 'x' in literal null (expecting 'l') at byte 2"),
            (b"nulx", "invalid character 'x' in literal null (expecting 'l') at byte 3"),
        ] {
            assert_eq!(outcome(text), Err(error.to_owned()), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn only_the_first_value_is_read() {
        for (text, end) in [
            ("{} }}garbage", 2),
            ("{\"a\":[1,{}]}{\"a\":2}", 12),
            ("nullx", 4),
            (" 12", 3),
            ("12x", 2),
            ("012", 1),
            ("-0.5e-7,", 7),
            ("\"a\"b", 3),
            ("[[],[ ]]]", 8),
            ("{ }", 3),
        ] {
            assert_eq!(outcome(text.as_bytes()), Ok(end), "{text}");
        }
    }

    #[test]
    fn nesting_is_limited_as_in_go() {
        let deep = |n: usize| [vec![b'['; n], vec![b']'; n]].concat();
        assert_eq!(outcome(&deep(DEPTH)), Ok(2 * DEPTH));
        assert_eq!(
            outcome(&deep(DEPTH + 1)),
            Err("invalid character '[' exceeded max depth at byte 10000".to_owned())
        );
        assert_eq!(outcome(&vec![b'['; 1 << 20]), outcome(&deep(DEPTH + 1)));
    }

    #[test]
    fn members_of_the_outermost_object_only() {
        let text = b" { \"a\" : {\"x\":1} , \"b\":[{\"y\":2}],\"c\":-3}";
        let members = |text: &[u8]| {
            let mut members = Vec::new();
            scan(text, |member| members.push(member)).map(|_| members)
        };
        let found = members(text).expect("it is whole");
        let shown: Vec<(&[u8], &[u8])> =
            found.iter().map(|m| (&text[m.key.clone()], &text[m.value.clone()])).collect();
        assert_eq!(
            shown,
            [
                (&b"\"a\""[..], &b"{\"x\":1}"[..]),
                (&b"\"b\""[..], &b"[{\"y\":2}]"[..]),
                (&b"\"c\""[..], &b"-3"[..])
            ]
        );
        assert_eq!(members(b"[{\"a\":1}]"), Ok(vec![]));
    }

    /// Texts that are often JSON, and often nearly so.
    fn nearly_json() -> impl Strategy<Value = String> {
        const TOKENS: [&str; 24] = [
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"a\":",
            "\"b\":{",
            "[[",
            "],",
            "\"\"",
            "\"\\u12aF\\n\"",
            "\"\\",
            "\"x",
            "0",
            "-1.5e+3",
            "1.",
            "-",
            "true",
            "false",
            "null",
            "nul",
            " ",
            "\n",
        ];
        prop_oneof![
            proptest::collection::vec(proptest::sample::select(&TOKENS[..]), 0..8)
                .prop_map(|tokens| tokens.concat()),
            "(\\{\"[ab]\":|\\[){0,2}(true|0|\"x\"|\\[1,2\\])(\\}|\\]){0,2}",
        ]
    }

    proptest! {
        /// What serde_json takes as a whole, this takes up to the same end, and the other way round.
        #[test]
        fn agrees_with_serde_json(text in nearly_json()) {
            let ours = scan(text.as_bytes(), drop);
            if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
                prop_assert_eq!(ours.map(|v| v.end), Ok(text.trim_end().len()));
            } else if let Ok(value) = ours {
                let first = serde_json::from_str::<serde::de::IgnoredAny>(&text[value]);
                prop_assert!(first.is_ok());
            }
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = scan(&bytes, drop);
        }
    }
}
