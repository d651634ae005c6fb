//! One file of the evidence that is no replica's: what kind of witness it is, reported by its content.

use std::io::{self, Read};

use super::frame::loki_reply;
use super::kube::{self, Objects};
use super::logfile::Log;
use crate::dialect::jiva::api::{self, Reply};
use crate::dialect::jiva::log::Moment;

/// What a file says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Testimony {
    /// Lines of Jiva's log.
    Log(Log),
    /// A reply of the REST API.
    Reply(Reply),
    /// A request to the REST API that was not answered: what was asked, and when.
    NoAnswer(String, Option<Moment>),
    /// Kubernetes objects.
    Objects(Objects),
    /// A time: when the files beside it were taken.
    TakenAt(Moment),
}

/// Documents of JSON that are read whole: a list of all pods of a large cluster takes some 20 MB.
const DOCUMENT: u64 = 32 << 20;

/// Bytes that are looked at first.
const LOOK: usize = 64 << 10;

/// Reads a file to its end; `None` where it is no witness.
///
/// # Errors
/// As the reader's.
pub fn read(mut reader: impl Read) -> io::Result<Option<Testimony>> {
    let mut start = Vec::new();
    reader.by_ref().take(LOOK as u64).read_to_end(&mut start)?;
    let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(first, Some(b'{' | b'[')) && !is_lines(&start) {
        return document(start, reader);
    }
    if kube::begins_yaml(&start) {
        return objects(start, reader);
    }
    if start.len() < LOOK
        && let Ok(text) = std::str::from_utf8(&start)
        && let Some(short) = short(text)
    {
        return Ok(Some(short));
    }
    let log = Log::read(start.as_slice().chain(reader))?;
    Ok(log.is_jiva().then_some(Testimony::Log(log)))
}

/// Whether there is one object a line: the first line is a whole one, and another follows.
fn is_lines(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let second = lines.next().unwrap_or_default();
    let object = |line: &[u8]| line.starts_with(b"{") && line.trim_ascii_end().ends_with(b"}");
    object(first) && second.starts_with(b"{")
        || object(first)
            && [&b"{\"log\":"[..], b"{\"labels\":", b"{\"message\":"].iter().any(|key| first.starts_with(key))
}

fn document(mut start: Vec<u8>, reader: impl Read) -> io::Result<Option<Testimony>> {
    reader.take(DOCUMENT - start.len() as u64 + 1).read_to_end(&mut start)?;
    if start.len() as u64 > DOCUMENT {
        return Ok(None);
    }
    if let Some(objects) = kube::json(&start) {
        return Ok(Some(Testimony::Objects(objects)));
    }
    if let Some(reply) = api::read(&start) {
        return Ok(Some(Testimony::Reply(reply)));
    }
    if let Some(lines) = loki_reply(&start) {
        let log = Log::of_lines(lines);
        return Ok(log.is_jiva().then_some(Testimony::Log(log)));
    }
    let log = Log::read(start.as_slice())?;
    Ok(log.is_jiva().then_some(Testimony::Log(log)))
}

/// Objects in YAML. A log in which such lines stand is none of Kubernetes' own.
fn objects(mut start: Vec<u8>, reader: impl Read) -> io::Result<Option<Testimony>> {
    reader.take(DOCUMENT - start.len() as u64 + 1).read_to_end(&mut start)?;
    if start.len() as u64 > DOCUMENT {
        return Ok(None);
    }
    let found = std::str::from_utf8(&start).ok().and_then(kube::yaml);
    Ok(found.map(Testimony::Objects))
}

/// Short texts: a table of pods, the description of one, a time, a request without an answer.
fn short(text: &str) -> Option<Testimony> {
    let words = text.trim();
    if let Some(at) = Moment::parse(words) {
        return Some(Testimony::TakenAt(at));
    }
    if let Some(objects) = kube::plain(text) {
        return Some(Testimony::Objects(objects));
    }
    let unanswered = ["timed out", "context deadline exceeded", "Operation timed out", "Client.Timeout"];
    let (_, path) = words.split_once(":9501/v1/")?;
    if words.lines().count() > 3 || !unanswered.iter().any(|words| text.contains(words)) {
        return None;
    }
    let asked = path.split([':', ' ', '"', '\n']).next()?.to_owned();
    Some(Testimony::NoAnswer(asked, Moment::read(words).map(|(at, _)| at)))
}
