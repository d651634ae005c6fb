//! One line of a log taken apart: when, and which message.

use std::borrow::Cow;

use super::address::{Address, base64};
use super::event::Event;
use super::time::Moment;

/// A line without what stands around its message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// When, by the line itself.
    pub(crate) at: Option<Moment>,
    /// Seconds since the process began, where the line has no clock.
    pub(crate) relative: Option<u64>,
    /// What the line holds.
    pub(crate) form: Form<'a>,
    /// Whether it is whole.
    pub(crate) whole: bool,
}

/// The form of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    /// A message of logrus.
    Message(Cow<'a, str>),
    /// A request to the REST API.
    Access(Request<'a>),
    /// A line of Jiva's that says nothing of use here: an alert of zap, or its stack.
    Beside,
}

/// A request to the REST API, as the line that logs it says. Half the lines of a quiet controller are such, so nothing of it is
/// copied until it matters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    /// Who asked.
    pub(crate) client: &'a str,
    /// Whether it was a DELETE of an entry, and of which.
    pub(crate) deletes: Option<Address>,
    /// Whether the replica asks for the Checkpoint, as an open one does once a minute.
    pub(crate) checkpoint: bool,
    /// The volume named in the path.
    pub(crate) volume: Option<Box<str>>,
}

impl Request<'_> {
    /// The address of who asked.
    pub(crate) fn asker(&self) -> Option<Address> {
        Address::read(self.client)
    }

    /// As what a line says.
    pub(crate) fn event(self) -> Option<Event> {
        let client = self.asker()?;
        let Self { deletes, checkpoint, volume, .. } = self;
        Some(Event::Request { client, deletes, checkpoint, volume })
    }
}

/// Takes a line apart; `None` where it is of no form that Jiva writes.
pub(crate) fn entry(text: &str) -> Option<Entry<'_>> {
    let first = *text.as_bytes().first()?;
    match first {
        b't' | b'l' => logrus(text),
        b'I' | b'W' | b'E' | b'F' | b'D' => terminal(text),
        b'\t' | b'g' => {
            stack(text).then_some(Entry { at: None, relative: None, form: Form::Beside, whole: true })
        }
        _ => access(text).or_else(|| zap(text)),
    }
}

/// `time="…" level=info msg="…"`; without the time where it was cut or left out.
fn logrus(text: &str) -> Option<Entry<'_>> {
    let mut rest = text;
    let mut at = None;
    if let Some(after) = rest.strip_prefix("time=\"") {
        let (stamp, after) = after.split_once('"')?;
        at = Moment::parse(stamp);
        rest = after.trim_start();
    }
    let after = rest.strip_prefix("level=")?;
    let (_, after) = after.split_once(' ')?;
    let value = after.strip_prefix("msg=")?;
    let Some(quoted) = value.strip_prefix('"') else {
        let word = value.split(' ').next().unwrap_or(value);
        return Some(Entry { at, relative: None, form: Form::Message(Cow::Borrowed(word)), whole: true });
    };
    let (inner, whole) = match closing(quoted) {
        Some(end) => (&quoted[..end], true),
        None => (quoted, false),
    };
    Some(Entry { at, relative: None, form: Form::Message(unquoted(inner)), whole })
}

/// `INFO[2026-11-28T09:44:34Z] message` or `INFO[0012] message`, as logrus writes to a terminal.
fn terminal(text: &str) -> Option<Entry<'_>> {
    const LEVELS: &[&str] = &["INFO[", "WARN[", "ERRO[", "FATA[", "DEBU[", "PANI["];
    let rest = LEVELS.iter().find_map(|level| text.strip_prefix(level))?;
    let (stamp, message) = rest.split_once(']')?;
    let at = Moment::parse(stamp);
    let relative = if at.is_none() { stamp.parse().ok() } else { None };
    (at.is_some() || relative.is_some()).then_some(())?;
    let message = message.strip_prefix(' ').unwrap_or(message).trim_end();
    Some(Entry { at, relative, form: Form::Message(Cow::Borrowed(message)), whole: true })
}

/// `10.1.2.3 - - [28/Nov/2026:09:49:53 +0000] "GET /v1/checkpoint HTTP/1.1" 200 106`: the time is when the request came.
fn access(text: &str) -> Option<Entry<'_>> {
    let (client, rest) = text.split_once(' ')?;
    let (stamp, rest) = rest.strip_prefix("- - [")?.split_once(']')?;
    let (client, at) = (Address::host(client)?, Moment::parse_access(stamp)?);
    let rest = rest.strip_prefix(" \"")?;
    let (request, status) =
        rest.split_once('"').map_or((rest, ""), |(request, rest)| (request, rest.trim_start()));
    let mut words = request.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let below = |prefix: &str| path.strip_prefix(prefix).and_then(base64);
    let done = status.starts_with('2');
    let deletes = below("/v1/replicas/").filter(|_| method == "DELETE" && done);
    let request = Request {
        client,
        deletes: deletes.as_deref().and_then(Address::read),
        checkpoint: path == "/v1/checkpoint",
        volume: below("/v1/volumes/").map(String::into_boxed_str),
    };
    Some(Entry { at: Some(at), relative: None, form: Form::Access(request), whole: true })
}

/// An alert of zap: time, level, place and a JSON text, with tabs between.
fn zap(text: &str) -> Option<Entry<'_>> {
    let (at, len) = Moment::read(text)?;
    text[len..].starts_with('\t').then_some(Entry {
        at: Some(at),
        relative: None,
        form: Form::Beside,
        whole: true,
    })
}

/// A line of a stack: a function of Go, or behind a tab a file and the number of a line.
fn stack(text: &str) -> bool {
    text.starts_with("\t/") || text.starts_with("github.com/") || text.starts_with("goroutine ")
}

/// Where the quoted text ends.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(b'"', &bytes[from..])?;
        let slashes = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        if slashes % 2 == 0 {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Takes back what Go's `%q` escaped.
fn unquoted(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> Option<(Option<String>, Option<u64>, String, bool)> {
        let entry = entry(line)?;
        let Form::Message(message) = entry.form else { return None };
        Some((entry.at.map(|at| at.to_string()), entry.relative, message.into_owned(), entry.whole))
    }

    #[test]
    fn messages_in_every_form() {
        let at = Some("2026-11-28T09:44:34Z".to_owned());
        for (line, expected) in [
            (
                r#"time="2026-11-28T09:44:34Z" level=info msg="Reset a \"b\"""#,
                (at.clone(), None, "Reset a \"b\"", true),
            ),
            (
                r#"time="2026-11-28T15:14:34+05:30" level=info msg=CloseReplica"#,
                (at.clone(), None, "CloseReplica", true),
            ),
            (r#"level=info msg="no time""#, (None, None, "no time", true)),
            (r#"time="2026-11-28T09:44:34Z" level=info msg="cut in"#, (at.clone(), None, "cut in", false)),
            ("INFO[2026-11-28T09:44:34Z] Closing replica     ", (at, None, "Closing replica", true)),
            ("WARN[0012] slow", (None, Some(12), "slow", true)),
        ] {
            let expected = (expected.0, expected.1, expected.2.to_owned(), expected.3);
            assert_eq!(text(line), Some(expected), "{line}");
        }
        for line in ["", "hello", "time=", "level=info", "INFO hello", "INFO[x] y"] {
            assert_eq!(text(line), None, "{line}");
        }
    }

    #[test]
    fn requests_name_the_client_and_the_entry() {
        let line = r#"127.0.0.1 - - [28/Nov/2026:09:51:26 +0000] "DELETE /v1/replicas/dGNwOi8vMTAuOS40NC4xNDo5NTAy HTTP/1.1" 200 0"#;
        let Some(Entry { form: Form::Access(Request { deletes, checkpoint, .. }), .. }) = entry(line) else {
            panic!("{line}");
        };
        assert_eq!(deletes, Address::read("10.9.44.14"));
        assert!(!checkpoint);
    }
}
