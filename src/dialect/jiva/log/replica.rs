//! What a replica's messages mean (reference 5.8, witness notes 4 and 7).

use super::event::{End, Event, Mode, Refusal, Role};
use super::scan::{address, after, chain, number};
use super::time::Moment;
use crate::ident::DiskName;

/// What a message of a replica's says.
pub(super) fn event(text: &str) -> Option<Event> {
    match text.as_bytes().first()? {
        b'C' => match text {
            _ if text.starts_with("Configured logging with ") => Some(Event::Start(Role::Replica)),
            _ => text.starts_with("Creating volume ").then_some(Event::Created),
        },
        b'F' => failed(text),
        b'M' => max_chain(text),
        b'O' => text.starts_with("Opening volume ").then_some(Event::Opened),
        b'R' => match text {
            "Received start from controller" => Some(Event::Leads),
            _ if text.starts_with("RW replica chain: ") => chains(text),
            _ if text.starts_with("Reverting to snapshot [") => Some(Event::Reverted),
            _ => counters(text),
        },
        b'S' => set(text),
        b'U' => {
            if let Some(rest) = after(text, "Update revison count: ") {
                let (_, disk) = rest.split_once(" of snapshot: ")?;
                return Some(Event::Filled(number(rest)?, DiskName::from(disk.trim())));
            }
            let source =
                after(text, "Using replica ").filter(|_| text.contains("as the source for rebuild"))?;
            address(source).map(Event::Source)
        }
        _ => None,
    }
}

/// `MAX_CHAIN_LENGTH: 700`, or `MAX_CHAIN_LENGTH env not set, default value is 512`, which is not the default of newer
/// versions whatever the line says.
fn max_chain(text: &str) -> Option<Event> {
    let said = after(text, "MAX_CHAIN_LENGTH")?;
    let length = said.strip_prefix(':').and_then(|length| length.trim().parse().ok());
    Some(Event::ChainLimit(length))
}

fn failed(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "Failed to add replica to controller, err: ") {
        return Some(Event::Fatal(End::Refused(Refusal::of(rest))));
    }
    if let Some(rest) = after(text, "Failed to create replica, error: ") {
        return Some(Event::Refused(Refusal::of(rest)));
    }
    if let Some(rest) = after(text, "Failed to handle connection, err: ") {
        let silence = rest.split_once("received ping since: ").and_then(|(_, took)| duration(took));
        let closed = if rest.starts_with("EOF") { End::Closed } else { End::Other };
        return Some(Event::Fatal(silence.map_or(closed, End::NoPing)));
    }
    let rest = after(text, "Failed to write data, error: ")?;
    Some(Event::WriteFailed(rest.contains("no space left on device")))
}

/// Seconds of a duration as Go prints it, such as `1m20.997s`.
fn duration(text: &str) -> Option<i64> {
    let (mut total, mut digits) = (0i64, String::new());
    for c in text.chars() {
        match c {
            '0'..='9' | '.' if digits.len() < 32 => digits.push(c),
            'h' | 'm' | 's' => {
                let unit = match c {
                    'h' => 3600.0,
                    'm' => 60.0,
                    _ => 1.0,
                };
                total = total.saturating_add((digits.parse::<f64>().ok()? * unit) as i64);
                digits.clear();
                if c == 's' {
                    return Some(total);
                }
            }
            _ => return None,
        }
    }
    None
}

/// `RevisionCount of RW replica (http://A:9502/v1): 121, Current replica (http://B:9502/v1): 76`
fn counters(text: &str) -> Option<Event> {
    let rest = after(text, "RevisionCount of RW replica (")?;
    let (rw, rest) = rest.split_once("): ")?;
    let (_, own) = rest.split_once("Current replica (")?;
    let (own, own_counter) = own.split_once("): ")?;
    Some(Event::Counters {
        rw: address(rw)?,
        rw_counter: number(rest)?,
        own: address(own)?,
        own_counter: number(own_counter)?,
    })
}

/// `RW replica chain: […], cur replica chain: […]`
fn chains(text: &str) -> Option<Event> {
    let (rw, own) = after(text, "RW replica chain: ")?.split_once(", cur replica chain: ")?;
    Some(Event::Chains { rw: chain(rw)?, own: chain(own)? })
}

fn set(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "Setting replicaAddr: ") {
        return address(rest).map(Event::OwnAddress);
    }
    if let Some(rest) = after(text, "SetReplicaMode to ") {
        return Some(Event::OwnMode(Mode::read(rest)));
    }
    if let Some(rest) = after(text, "SetRevisionCounter to ") {
        return number(rest).map(Event::Adopted);
    }
    let (name, created) = after(text, "SnapshotReplica name: ")?.split_once(" created: ")?;
    Some(Event::Snapshot { on: None, name: name.into(), created: Moment::parse(created.trim()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go() {
        for (text, seconds) in [
            ("1m20.998097884s, shutdown", Some(80)),
            ("45s", Some(45)),
            ("1h0m5s", Some(3605)),
            ("350ms", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(duration(text), seconds, "{text}");
        }
    }
}
