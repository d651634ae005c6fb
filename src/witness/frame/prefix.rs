//! What a collector puts before a line: a time, a container, a stream.

use crate::dialect::jiva::log::Moment;

/// A line without what stood before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bare<'a> {
    pub(super) outer: Option<Moment>,
    pub(super) who: Option<&'a str>,
    pub(super) text: &'a str,
    /// Whether the line goes on in the next one of this container (containerd's `P`).
    pub(super) partial: bool,
}

/// Prefixes that are kept: a file of more containers is unheard of.
const KEPT: usize = 64;

/// Farther in no line begins.
const FARTHEST: usize = 400;

/// Prefixes that were seen before lines of Jiva's: they stand before lines of other forms too.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    seen: Vec<String>,
}

impl Prefixes {
    /// Takes off what stands before a line.
    pub(super) fn take<'a>(&mut self, line: &'a str) -> Bare<'a> {
        let mut bare = Bare { outer: None, who: None, text: line, partial: false };
        if let Some((who, rest)) = line.strip_prefix("[pod/").and_then(|rest| rest.split_once("] ")) {
            (bare.who, bare.text) = (Some(who), rest);
        }
        if let Some((at, len)) = Moment::read(bare.text)
            && let Some(rest) = bare.text[len..].strip_prefix(' ')
        {
            (bare.outer, bare.text) = (Some(at), rest);
            after_time(&mut bare);
        }
        if !begins(bare.text) && !is_access(bare.text) {
            self.unnamed(&mut bare);
        }
        bare
    }

    /// A prefix of no known form: whatever stands before a line of Jiva's.
    fn unnamed<'a>(&mut self, bare: &mut Bare<'a>) {
        let text = bare.text;
        let found = match self.seen.iter().find(|seen| text.starts_with(seen.as_str())) {
            Some(seen) => Some(seen.len()),
            None => start(text),
        };
        let Some(at) = found else { return };
        let (prefix, rest) = text.split_at(at);
        if self.seen.len() < KEPT && !self.seen.iter().any(|seen| seen == prefix) {
            self.seen.push(prefix.to_owned());
        }
        bare.who = bare.who.or_else(|| name(prefix));
        bare.text = rest;
    }
}

/// What follows the time: containerd's stream, Loki's labels, or a host and a unit of journald.
fn after_time(bare: &mut Bare<'_>) {
    for stream in ["stdout ", "stderr "] {
        if let Some(rest) = bare.text.strip_prefix(stream) {
            for (mark, partial) in [("F ", false), ("P ", true)] {
                if let Some(rest) = rest.strip_prefix(mark) {
                    (bare.text, bare.partial) = (rest, partial);
                    return;
                }
            }
        }
    }
    if let Some((labels, rest)) = bare.text.strip_prefix('{').and_then(|rest| rest.split_once("} ")) {
        let pod = labels.split_once("pod=\"").and_then(|(_, rest)| rest.split_once('"'));
        (bare.who, bare.text) = (pod.map(|(pod, _)| pod).or(bare.who), rest);
        return;
    }
    if !begins(bare.text)
        && let Some((unit, rest)) = bare.text.split_once("]: ")
        && unit.len() < FARTHEST
        && let Some((unit, _)) = unit.rsplit_once('[')
    {
        (bare.who, bare.text) = (unit.rsplit(' ').next().or(bare.who), rest);
    }
}

/// Whether a line begins as Jiva's do.
pub(super) fn begins(text: &str) -> bool {
    ["time=\"", "level=", "INFO[", "WARN[", "ERRO[", "FATA[", "DEBU["]
        .iter()
        .any(|start| text.starts_with(start))
}

/// Whether it is a line of the access log with nothing before the client: half of a controller's log are such lines.
fn is_access(text: &str) -> bool {
    let before = memchr::memchr(b'[', text.as_bytes()).map(|at| &text[..at]);
    before.and_then(|before| before.strip_suffix(" - - ")).is_some_and(|client| !client.contains(' '))
}

/// Where a line of Jiva's begins behind something else.
fn start(text: &str) -> Option<usize> {
    let mut look = text.len().min(FARTHEST);
    while !text.is_char_boundary(look) {
        look -= 1;
    }
    let marks = ["time=\"2", "level=info msg=", "INFO[", "WARN[", "ERRO[", "FATA["];
    let at = marks.iter().filter_map(|mark| text[..look].find(mark)).min()?;
    let before = &text[..at];
    (at > 0 && before.ends_with([' ', '|', ':', '\t', '>']) && !before.contains(['"', '='])).then_some(at)
}

/// Which container a prefix names: its first word that is long enough for a name.
fn name(prefix: &str) -> Option<&str> {
    let word = |text: &&str| text.len() >= 3 && text.contains(|c: char| c.is_ascii_alphabetic());
    prefix.split([' ', '\t', '|']).find(word).map(|word| word.trim_end_matches(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_line_is_taken_off() {
        let mut prefixes = Prefixes::default();
        let log = r#"time="2026-11-28T09:44:34Z" level=info msg=x"#;
        for (before, outer, who) in [
            ("", false, None),
            ("[pod/a-rep-0/jiva-replica] ", false, Some("a-rep-0/jiva-replica")),
            ("[pod/a-rep-0/jiva-replica] 2026-11-28T09:44:34.1Z ", true, Some("a-rep-0/jiva-replica")),
            ("2026-11-28T09:44:34.001373000Z ", true, None),
            ("2026-11-28T09:44:34.001373000Z stderr F ", true, None),
            ("2026-11-28T09:44:34+0000 node-1 k8s_jiva_a[2817]: ", true, Some("k8s_jiva_a")),
            ("2026-11-28T09:44:37Z {app=\"jiva\", pod=\"a-rep-0\"} ", true, Some("a-rep-0")),
            ("a-rep-0 jiva-replica ", false, Some("a-rep-0")),
            ("web-1  | ", false, Some("web-1")),
        ] {
            let line = format!("{before}{log}");
            let bare = prefixes.take(&line);
            assert_eq!((bare.outer.is_some(), bare.who, bare.text), (outer, who, log), "{before}");
        }
        // A prefix stands before lines of other forms too.
        assert_eq!(prefixes.take("a-rep-0 jiva-replica \t/go/src/x.go:1").text, "\t/go/src/x.go:1");
        assert_eq!(prefixes.take("just words").text, "just words");
        assert!(prefixes.take("2026-11-28T09:44:34Z stdout P half").partial);
    }
}
