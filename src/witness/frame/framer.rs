//! The framer: bytes in, lines of a process out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::bytes::{Bytes, LONGEST};
use super::prefix::{Prefixes, begins};
use super::{Line, Sink, json};
use crate::dialect::jiva::log::Moment;

/// What was odd about the lines of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Counts {
    /// Lines of the file.
    pub(in super::super) lines: u64,
    /// Lines in which NUL bytes stood.
    pub(in super::super) with_nul: u64,
    /// Lines that were put together from parts.
    pub(in super::super) joined: u64,
    /// Whether the file ends inside a line.
    pub(in super::super) cut_end: bool,
}

/// Parts of lines of as many containers are put together at once.
const CONTAINERS: usize = 64;

/// Lines that a wrapped one takes at most.
const WRAPPED: u32 = 2000;

/// Takes everything off the lines of one file.
pub(in super::super) struct Framer<'s> {
    sink: &'s mut dyn Sink,
    prefixes: Prefixes,
    parts: BTreeMap<Option<String>, String>,
    /// A line that was wrapped, or is cut.
    open: Option<Open>,
    counts: Counts,
}

struct Open {
    text: String,
    number: u64,
    outer: Option<Moment>,
    who: Option<String>,
    parts: u32,
}

impl<'s> Framer<'s> {
    pub(in super::super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self {
            sink,
            prefixes: Prefixes::default(),
            parts: BTreeMap::new(),
            open: None,
            counts: Counts::default(),
        }
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// As the reader's; lines that came before went to the sink.
    pub(in super::super) fn read(mut self, reader: impl Read) -> io::Result<Counts> {
        let mut bytes = Bytes::new(reader);
        let mut first = true;
        while let Some((line, whole)) = bytes.line()? {
            if std::mem::take(&mut first) && line.starts_with(b"__CURSOR=") {
                self.counts.lines += 1;
                self.journal(&mut bytes)?;
                break;
            }
            self.counts.lines += 1;
            self.counts.cut_end = !whole;
            let number = self.counts.lines;
            self.raw(line, number);
        }
        Ok(self.finish())
    }

    /// Takes in lines that a document held, with their container and clock.
    pub(in super::super) fn lines(
        mut self,
        lines: impl IntoIterator<Item = (Option<String>, Option<Moment>, String)>,
    ) -> Counts {
        for (who, outer, text) in lines {
            self.counts.lines += 1;
            let number = self.counts.lines;
            self.inner(&text, number, outer, who.as_deref());
        }
        self.finish()
    }

    /// journald's export: fields line by line, an empty line after each entry; a field without `=` is followed by its
    /// length in eight bytes and its bytes.
    fn journal(&mut self, bytes: &mut Bytes<impl Read>) -> io::Result<()> {
        let (mut message, mut micros, mut who) = (None::<Vec<u8>>, None::<i64>, None::<String>);
        let mut first = self.counts.lines;
        while let Some((line, _)) = bytes.line()? {
            self.counts.lines += 1;
            if line.is_empty() {
                self.entry(message.take(), micros.take(), who.take(), first);
                first = self.counts.lines + 1;
            } else if let Some(value) = line.strip_prefix(b"MESSAGE=") {
                message = Some(value.to_vec());
            } else if let Some(value) = line.strip_prefix(b"__REALTIME_TIMESTAMP=") {
                micros = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            } else if let Some(value) = line.strip_prefix(b"CONTAINER_NAME=") {
                who = Some(String::from_utf8_lossy(value).into_owned());
            } else if !line.contains(&b'=') {
                let is_message = line == b"MESSAGE";
                let length: [u8; 8] = match bytes.exact(8)?.try_into() {
                    Ok(length) => length,
                    Err(_) => break,
                };
                let value = bytes.exact(u64::from_le_bytes(length))?;
                bytes.line()?;
                message = if is_message { Some(value) } else { message };
            }
        }
        self.entry(message, micros, who, first);
        Ok(())
    }

    fn entry(&mut self, message: Option<Vec<u8>>, micros: Option<i64>, who: Option<String>, number: u64) {
        let Some(message) = message else { return };
        let outer = micros.and_then(|micros| Moment::from_millis(micros / 1000));
        self.inner(&String::from_utf8_lossy(&message), number, outer, who.as_deref());
    }

    /// One line of the file.
    fn raw(&mut self, line: &[u8], number: u64) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Most lines are plain: nothing before the time, and the quote closed at the end.
        if self.open.is_none()
            && line.starts_with(b"time=\"")
            && line.ends_with(b"\"")
            && memchr::memchr2(0, 0x1b, line).is_none()
            && let Ok(text) = std::str::from_utf8(line)
            && ended(text)
        {
            self.sink.line(Line { number, outer: None, who: None, text, cut: false });
            return;
        }
        // The others are mostly requests to the REST API, as plain.
        if self.open.is_none()
            && self.parts.is_empty()
            && is_plain_access(line)
            && let Ok(text) = std::str::from_utf8(line)
        {
            self.sink.line(Line { number, outer: None, who: None, text, cut: false });
            return;
        }
        let cleaned;
        let line = if memchr::memchr(0, line).is_some() {
            self.counts.with_nul += 1;
            cleaned = line.iter().copied().filter(|byte| *byte != 0).collect::<Vec<u8>>();
            &cleaned[..]
        } else {
            line
        };
        if line.first() == Some(&b'{')
            && let Some(inner) = json::line(line)
        {
            self.part(inner.text, inner.partial, number, inner.outer, inner.who.as_deref());
            return;
        }
        let text = String::from_utf8_lossy(line);
        let text = straightened(uncoloured(&text));
        if self.goes_on(&text) {
            return;
        }
        let mut prefixes = std::mem::take(&mut self.prefixes);
        let bare = prefixes.take(&text);
        if bare.partial || !self.parts.is_empty() {
            self.part(bare.text.to_owned(), bare.partial, number, bare.outer, bare.who);
        } else {
            self.bare(bare.text, number, bare.outer, bare.who);
        }
        self.prefixes = prefixes;
    }

    /// A part of a line, or a whole one after its parts.
    fn part(&mut self, text: String, partial: bool, number: u64, outer: Option<Moment>, who: Option<&str>) {
        let key = who.map(str::to_owned);
        let mut whole = match self.parts.remove(&key) {
            Some(before) => {
                self.counts.joined += u64::from(!partial);
                before + &text
            }
            None => text,
        };
        if partial && whole.len() < LONGEST && self.parts.len() < CONTAINERS {
            self.parts.insert(key, whole);
            return;
        }
        whole.truncate(floor(&whole, LONGEST));
        self.inner(&whole, number, outer, who);
    }

    /// A line that came out of something: what is inside may have colours and a time of its own.
    fn inner(&mut self, text: &str, number: u64, outer: Option<Moment>, who: Option<&str>) {
        let text = uncoloured(text);
        let text = text.trim_end_matches(['\r', '\n']);
        self.bare(text, number, outer, who);
    }

    /// A line without anything around it.
    fn bare(&mut self, text: &str, number: u64, outer: Option<Moment>, who: Option<&str>) {
        self.flush();
        if ended(text) {
            self.sink.line(Line { number, outer, who, text, cut: false });
        } else {
            let who = who.map(str::to_owned);
            self.open = Some(Open { text: text.to_owned(), number, outer, who, parts: 1 });
        }
    }

    /// Whether the line belongs to the one before, which was wrapped.
    fn goes_on(&mut self, text: &str) -> bool {
        let Some(open) = &mut self.open else { return false };
        // A new line of Jiva's, or of kubectl's, says that the one before was cut.
        let new = begins(text) || text.starts_with("[pod/") || Moment::read(text).is_some();
        if new || open.parts >= WRAPPED || open.text.len() + text.len() > LONGEST {
            return false;
        }
        open.text.push_str(text);
        open.parts += 1;
        if ended(&open.text) {
            self.counts.joined += 1;
            self.flush();
        }
        true
    }

    fn flush(&mut self) {
        if let Some(Open { text, number, outer, who, .. }) = self.open.take() {
            let cut = !ended(&text);
            self.sink.line(Line { number, outer, who: who.as_deref(), text: &text, cut });
        }
    }

    fn finish(mut self) -> Counts {
        for (who, text) in std::mem::take(&mut self.parts) {
            let number = self.counts.lines;
            self.inner(&text, number, None, who.as_deref());
        }
        self.counts.cut_end |= self.open.is_some();
        self.flush();
        self.counts
    }
}

/// Whether it is a line of the access log with nothing before it, and without a byte that would be taken out or changed.
fn is_plain_access(line: &[u8]) -> bool {
    let client = line.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'a'..=b'f' | b':'));
    client.is_some_and(|at| at > 0 && line[at..].starts_with(b" - - ["))
        && memchr::memchr3(0, 0x1b, 0xe2, line).is_none()
}

/// What stands before the message of a line of logrus.
static MESSAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("msg="));

/// Whether a line of logrus is whole: the quotes that it opened are closed. Other lines always are.
fn ended(text: &str) -> bool {
    if !text.starts_with("time=\"") && !text.starts_with("level=") {
        return true;
    }
    let Some(at) = MESSAGE.find(text.as_bytes()) else { return false };
    let value = &text[at + MESSAGE.needle().len()..];
    if !value.starts_with('"') {
        return !value.is_empty();
    }
    let bytes = value.as_bytes();
    let slashes = bytes[..bytes.len() - 1].iter().rev().take_while(|byte| **byte == b'\\').count();
    bytes.len() > 1 && bytes.ends_with(b"\"") && slashes % 2 == 0
}

/// Without the escape sequences of a terminal.
fn uncoloured(text: &str) -> Cow<'_, str> {
    if memchr::memchr(0x1b, text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
            continue;
        }
        if chars.next_if_eq(&'[').is_some() {
            // Parameters, then one letter that ends the sequence.
            while chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
            chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
    }
    Cow::Owned(out)
}

/// With plain quotes where a word processor made others.
fn straightened(text: Cow<'_, str>) -> Cow<'_, str> {
    let curly = |c: char| matches!(c, '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2033}');
    // The first byte of all four; a log in another script has them too.
    if memchr::memchr(0xe2, text.as_bytes()).is_some() && text.contains(curly) {
        return Cow::Owned(text.replace(curly, "\""));
    }
    text
}

/// The largest place at or below `at` at which a text can be cut.
pub(in super::super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line: its number, its source, its text, whether it is cut.
    type Seen = (u64, Option<String>, String, bool);

    #[derive(Default)]
    struct Kept(Vec<Seen>);

    impl Sink for Kept {
        fn line(&mut self, line: Line<'_>) {
            self.0.push((line.number, line.who.map(str::to_owned), line.text.to_owned(), line.cut));
        }
    }

    fn framed(bytes: &[u8]) -> (Vec<Seen>, Counts) {
        let mut kept = Kept::default();
        let counts = Framer::new(&mut kept).read(bytes).unwrap();
        (kept.0, counts)
    }

    const LINE: &str = r#"time="2026-11-28T09:44:34Z" level=info msg="Closing \"x\" now""#;

    #[test]
    fn one_line_in_every_shape() {
        let docker =
            |text: &str| serde_json::json!({"log": text, "stream": "stderr", "time": "2026-11-28T09:44:34Z"});
        let (front, back) = LINE.split_at(40);
        let (one, two) = (docker(front), docker(&format!("{back}\n")));
        let stern = serde_json::json!({"message": LINE, "podName": "a"});
        let binary = {
            let mut bytes = b"__CURSOR=s\n__REALTIME_TIMESTAMP=1795859074001373\nMESSAGE\n".to_vec();
            bytes.extend((LINE.len() as u64).to_le_bytes());
            bytes.extend(LINE.as_bytes());
            bytes.extend(b"\n\n");
            bytes
        };
        for bytes in [
            format!("{LINE}\n").into_bytes(),
            format!("{LINE}\r\n").into_bytes(),
            format!("\0\0\0{LINE}\n").into_bytes(),
            format!("\u{1b}[36m{LINE}\u{1b}[0m\n").into_bytes(),
            format!("{front}\n{back}\n").into_bytes(),
            format!("{one}\n{two}\n").into_bytes(),
            format!("{stern}\n").into_bytes(),
            format!("2026-11-28T09:44:34Z stderr P {front}\n2026-11-28T09:44:34Z stderr F {back}\n")
                .into_bytes(),
            format!("__CURSOR=s\nMESSAGE={LINE}\n\n").into_bytes(),
            LINE.replacen('"', "\u{201d}", 1).into_bytes(),
            binary,
        ] {
            let (lines, _) = framed(&bytes);
            let texts: Vec<&str> = lines.iter().map(|line| line.2.as_str()).collect();
            assert_eq!(texts, [LINE], "{}", String::from_utf8_lossy(&bytes));
            assert!(!lines[0].3);
        }
    }

    #[test]
    fn a_line_that_is_cut_says_so() {
        let (lines, counts) = framed(format!("{LINE}\n{}", &LINE[..50]).as_bytes());
        assert_eq!((lines.len(), lines[1].3, counts.cut_end), (2, true, true));
        // The cut one is in the middle: a rotated file goes on with the next.
        let (lines, counts) = framed(format!("{}\n{LINE}\n", &LINE[..50]).as_bytes());
        assert_eq!((lines.len(), lines[0].3, counts.cut_end), (2, true, false));
    }
}
