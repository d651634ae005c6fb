//! Objects in YAML, as `kubectl get … -o yaml` writes them, made into values of JSON.
//!
//! The parser gives events, and an alias is one of them: nothing is expanded, so a document cannot grow. kubectl writes neither
//! anchors nor tags; a document with an alias is not read.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Objects lie in lists, and in each other, no deeper than this.
const DEPTH: usize = 64;

/// The documents of a text; `None` where one of them is not what kubectl writes.
pub(super) fn documents(text: &str) -> Option<Vec<Value>> {
    let mut out = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.ok()?;
        let value = match event {
            Event::MappingStart(..) | Event::SequenceStart(..) if open.len() >= DEPTH => return None,
            Event::Alias(_) => return None,
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => open.pop()?.close(),
            Event::Scalar(text, style, ..) => scalar(&text, style),
            _ => continue,
        };
        match open.last_mut() {
            Some(one) => one.take(value)?,
            None => out.push(value),
        }
    }
    Some(out)
}

/// What is being read.
enum Open {
    /// A mapping, and the key whose value comes next.
    Map(Map<String, Value>, Option<String>),
    List(Vec<Value>),
}

impl Open {
    fn take(&mut self, value: Value) -> Option<()> {
        match self {
            Self::List(list) => list.push(value),
            Self::Map(map, key) => match key.take() {
                Some(key) => drop(map.insert(key, value)),
                None => {
                    *key = Some(match value {
                        Value::String(text) => text,
                        // A key such as `true` or `1` is a text to Kubernetes.
                        Value::Bool(_) | Value::Number(_) => value.to_string(),
                        _ => return None,
                    });
                }
            },
        }
        Some(())
    }

    fn close(self) -> Value {
        match self {
            Self::Map(map, _) => Value::Object(map),
            Self::List(list) => Value::Array(list),
        }
    }
}

/// A scalar: what has quotes is a text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => match text.parse::<i64>() {
            Ok(number) => Value::Number(Number::from(number)),
            Err(_) => Value::String(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubectl_writes_is_read() {
        let text = "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    labels:\n      a/b: \"1\"\n    name: x\n  \
                    status:\n    podIP: 10.1.2.3\n    containerStatuses:\n    - restartCount: 7\n      ready: true\n  spec: {}\n\
                    kind: List\nmetadata:\n  resourceVersion: \"\"\n  note: |\n    two\n    lines\n";
        let wanted = serde_json::json!([{
            "apiVersion": "v1",
            "items": [{
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"labels": {"a/b": "1"}, "name": "x"},
                "status": {"podIP": "10.1.2.3", "containerStatuses": [{"restartCount": 7, "ready": true}]},
                "spec": {},
            }],
            "kind": "List",
            "metadata": {"resourceVersion": "", "note": "two\nlines\n"},
        }]);
        assert_eq!(documents(text).map(Value::Array), Some(wanted));
        assert_eq!(documents("a: 1\n---\nb: 2\n").map(|all| all.len()), Some(2));
    }

    #[test]
    fn what_is_made_to_harm_is_not_read() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert_eq!(documents(bomb), None);
        assert_eq!(documents(&"[".repeat(100_000)), None);
        assert_eq!(documents(&format!("a:{}", "\n- ".repeat(1000))).is_some(), documents("a:\n- ").is_some());
        for text in ["a: [", "\t- x: y: z", "{a: b", "%YAML 9", "? {a: b}\n: c"] {
            assert!(documents(text).is_none_or(|all| all.len() <= 2), "{text}");
        }
    }
}
