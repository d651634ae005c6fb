//! Lines inside JSON: docker, journald, Loki and stern write one object a line.

use serde::Deserialize;

use crate::dialect::jiva::log::Moment;

/// The keys that any of them has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wrapped {
    log: Option<String>,
    time: Option<String>,
    line: Option<String>,
    timestamp: Option<String>,
    labels: Option<Labels>,
    message: Option<String>,
    #[serde(rename = "podName")]
    pod_name: Option<String>,
    #[serde(rename = "MESSAGE")]
    journal: Option<Text>,
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    micros: Option<String>,
    #[serde(rename = "CONTAINER_NAME")]
    container: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Labels {
    pod: Option<String>,
    container: Option<String>,
}

/// journald writes what is no plain text as a list of bytes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Bytes(Vec<u8>),
    Other(serde::de::IgnoredAny),
}

/// A line out of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inner {
    pub(super) text: String,
    pub(super) outer: Option<Moment>,
    pub(super) who: Option<String>,
    /// Whether the line goes on in the next object: docker splits at 16 KiB.
    pub(super) partial: bool,
}

/// Reads the object of one line; `None` where it holds no line of a log.
pub(super) fn line(bytes: &[u8]) -> Option<Inner> {
    let wrapped: Wrapped = serde_json::from_slice(bytes).ok()?;
    let labels = wrapped.labels.unwrap_or_default();
    let stamp = wrapped.time.or(wrapped.timestamp);
    let mut outer = stamp.as_deref().and_then(Moment::parse);
    let mut who = wrapped.pod_name.or(labels.pod).or(labels.container);
    let mut partial = false;
    let mut text = match (wrapped.log, wrapped.line, wrapped.message, wrapped.journal) {
        (Some(log), ..) => {
            partial = !log.ends_with('\n');
            log
        }
        (_, Some(line), ..) => line,
        (_, _, Some(message), _) => message,
        (.., Some(journal)) => {
            let micros = wrapped.micros.as_deref().and_then(|micros| micros.parse::<i64>().ok());
            outer = micros.and_then(|micros| Moment::from_millis(micros / 1000));
            who = who.or(wrapped.container);
            match journal {
                Text::Plain(text) => text,
                Text::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Text::Other(_) => return None,
            }
        }
        _ => return None,
    };
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    Some(Inner { text, outer, who, partial })
}

#[derive(Deserialize)]
struct Reply {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    #[serde(default)]
    stream: Labels,
    values: Vec<(String, String)>,
}

/// A line out of a document: its container, the collector's clock, and the text.
pub(in super::super) type Loose = (Option<String>, Option<Moment>, String);

/// Lines of a reply of Loki's query API: container, clock and text, in the order of the reply.
pub(in super::super) fn loki_reply(bytes: &[u8]) -> Option<Vec<Loose>> {
    let reply: Reply = serde_json::from_slice(bytes).ok()?;
    let nanos = |text: &str| Moment::from_millis(text.parse::<i64>().ok()? / 1_000_000);
    Some(
        reply
            .data
            .result
            .into_iter()
            .flat_map(|stream| {
                let who = stream.stream.pod.or(stream.stream.container);
                stream.values.into_iter().map(move |(at, text)| (who.clone(), nanos(&at), text))
            })
            .collect(),
    )
}
