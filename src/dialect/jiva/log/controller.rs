//! What the controller's messages mean (reference 5.8, witness notes 1 to 7).

use super::address::Address;
use super::event::{Event, Mode, Refusal, Registered, Role};
use super::scan::{address, after, between, chain, endpoint, number};
use super::time::Moment;
use crate::ident::DiskName;

/// Registrations that are read of one line.
const REGISTERED: usize = 64;

/// What a message of the controller's says.
pub(super) fn event(text: &str) -> Option<Event> {
    // The first letter decides which lines can be meant; most messages are none of these.
    match text.as_bytes().first()? {
        b'A' => after(text, "Adding backend: ").and_then(address).map(Event::Listed),
        b'B' => backend(text),
        b'C' => after(text, "Create Replica for address ").and_then(address).map(Event::Asked),
        b'D' => deletion(text),
        b'E' => error(text),
        b'G' => counter(text),
        b'L' => session(text),
        b'N' => {
            let rest = after(text, "No of yet to be registered replicas are less than ")?;
            Some(Event::TooFew(usize::try_from(number(rest.rsplit_once(": ")?.1)?).ok()?))
        }
        b'P' => ping(text),
        b'R' => replica(text),
        b'S' => set(text),
        b'T' => target(text),
        b'W' => {
            after(text, "Write timeout on replica ").and_then(address).map(|at| Event::IoTimeout(at, true))
        }
        b'c' => chains(text),
        b'i' => text.starts_with("iSCSI service listening on").then_some(Event::TargetUp).or_else(|| {
            let closed = text.starts_with("iscsi connection[") && text.ends_with("closed");
            closed.then_some(Event::Disconnected)
        }),
        b'p' => checkpoint(text),
        b'r' => reject(text),
        _ => None,
    }
}

fn backend(text: &str) -> Option<Event> {
    let rest = after(text, "Backend ")?;
    rest.contains(" monitoring failed").then(|| address(rest).map(Event::MonitoringFailed))?
}

fn deletion(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "Delete Replica for id ") {
        return address(rest).map(Event::Delete);
    }
    copy(text, "Done synchronizing ", true)
}

fn error(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "Error in request: ") {
        let whose = after(rest, "can't add ").and_then(address);
        return Some(Event::RequestError(Refusal::of(rest), whose));
    }
    if let Some(rest) = after(text, "Error in getting info of replica: ") {
        return address(rest).map(Event::NoInfo);
    }
    let (_, rest) = after(text, "Error reading from wire: ")?.split_once("RemoteAddr: ")?;
    address(rest).map(Event::WireEnd)
}

fn counter(text: &str) -> Option<Event> {
    let (whose, count) = after(text, "Get backend ")?.split_once(" revision counter ")?;
    Some(Event::CounterOf(address(whose)?, number(count)?))
}

/// `Login request received from initiator: IQN, Session type: Normal, Target name:IQN:VOLUME, ISID: 0x…`, and the logout.
fn session(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "Logout request received from initiator: ") {
        return endpoint(rest).map(|(at, port)| Event::Logout(at, port));
    }
    let rest = after(text, "Login request received from initiator: ")?;
    let volume = between(rest, "Target name:", ",").and_then(|(name, _)| volume_of(name));
    Some(Event::Login(rest.contains("Session type: Normal"), volume))
}

/// The volume at the end of a target's name.
fn volume_of(target: &str) -> Option<Box<str>> {
    let (_, name) = target.trim().rsplit_once(':')?;
    (!name.is_empty() && name.len() <= 253).then(|| name.into())
}

fn ping(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "Ping timeout on replica ") {
        return address(rest).map(Event::PingTimeout);
    }
    let rest = after(text, "Previously Volume RO: ")?;
    let count = |name: &str| number(rest.split_once(name)?.1).and_then(|count| usize::try_from(count).ok());
    let listed = count("Total Replicas: ")?;
    // 1.12 writes the second in small letters, as all do, behind two spaces.
    let rw = count("RW replicas: ")?;
    Some(Event::Volume { listed, rw, read_only: rest.contains("Currently: true") })
}

fn replica(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "Register Replica, Address: ") {
        let uuid = between(rest, "UUID: ", " ").map(|(uuid, _)| uuid).filter(|uuid| uuid.len() <= 64);
        let counter = number(rest.split_once("RevisionCount: ")?.1)?;
        return Some(Event::Register { address: address(rest)?, uuid: uuid.map(Into::into), counter });
    }
    if let Some(rest) = after(text, "Revision count: ") {
        let (counter, rest) = (number(rest)?, rest.split_once("of New Replica: ")?.1);
        let rebuilt = address(rest.split_once("of WO Replica: ")?.1)?;
        return Some(Event::Compared { asks: address(rest)?, counter, rebuilt });
    }
    if let Some(rest) = after(text, "Remove backend: ") {
        return Some(Event::Removed(address(rest)?, Mode::read(rest.split_once("mode: ")?.1)));
    }
    if let Some(rest) = after(text, "Read timeout on replica ") {
        return address(rest).map(|at| Event::IoTimeout(at, false));
    }
    if let Some(rest) = after(text, "Replica ") {
        let (whose, rest) = rest.split_once(' ')?;
        if rest.starts_with("will takeover") {
            return address(whose).map(Event::TakesOver);
        }
        let all =
            rest.starts_with("signalled to start").then(|| rest.split_once("registered replicas: "))??.1;
        return Some(Event::Elected { leader: address(whose)?, registered: registered(all) });
    }
    if let Some(rest) = after(text, "REPLICATION_FACTOR: ") {
        return Some(Event::Factor(usize::try_from(number(rest)?).ok()?));
    }
    (text.starts_with("RPC_READ_TIMEOUT")).then_some(Event::Start(Role::Controller))
}

/// `map[string]types.RegReplica{"A":types.RegReplica{Address:"A", …, RevCount:945, …}, …}`
fn registered(text: &str) -> Vec<Registered> {
    let each = text.split("RegReplica{Address:\"").skip(1).take(REGISTERED);
    each.filter_map(|part| {
        let address = Address::read(part.split_once('"')?.0)?;
        Some(Registered { address, counter: number(part.split_once("RevCount:")?.1)? })
    })
    .collect()
}

fn set(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "Set replica tcp://") {
        let (whose, mode) = rest.split_once(" to mode ")?;
        return Some(Event::SetMode(Address::read(whose)?, Mode::read(mode)));
    }
    if let Some(rest) = after(text, "Setting replica ") {
        let (whose, why) = rest.split_once(" to ERR due to: ")?;
        let whose = address(whose)?;
        return Some(match why.contains("r/w timeout") {
            true => Event::IoTimeout(whose, true),
            false => Event::ReplicaError(whose, why.chars().take(200).collect::<String>().into()),
        });
    }
    if let Some(rest) = after(text, "Snapshot: ") {
        let (on, rest) = rest.split_once(' ')?;
        let (name, rest) = rest.split_once(' ')?;
        let created = rest.rsplit_once("Created at ").and_then(|(_, at)| Moment::parse(at.trim()));
        return Some(Event::Snapshot { on: Address::read(on), name: name.into(), created });
    }
    if let Some(rest) = after(text, "Starting controller with frontendIP: ") {
        let service = address(rest.split_once("clusterIP: ")?.1)?;
        return Some(Event::ControllerAt(address(rest)?, service));
    }
    if text.starts_with("Stopping controller") {
        return Some(Event::Stopping);
    }
    copy(text, "Synchronizing ", false)
}

/// `Synchronizing HEAD.meta@tcp://RW:9502 to HEAD.meta@WO:9700`, or between a replica's own lines without the source.
fn copy(text: &str, prefix: &str, done: bool) -> Option<Event> {
    let (from, to) = after(text, prefix)?.split_once(" to ")?;
    let (file, source) = match from.split_once('@') {
        Some((file, source)) => (file, Some(Address::read(source)?)),
        None => (from, None),
    };
    let to = address(to.split_once('@')?.1)?;
    (file.len() <= 255).then(|| Event::Copy { file: file.into(), from: source, to, done })
}

fn target(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "Target is connected to initiator: ") {
        return endpoint(rest).map(|(at, port)| Event::Connected(at, port));
    }
    (text.starts_with("Target ") && text.ends_with(" stopped")).then_some(Event::TargetDown)
}

fn chains(text: &str) -> Option<Event> {
    let rest = after(text, "chain ")?;
    let (_, whose) = rest.split_once(" replica ")?;
    Some(Event::Verified(address(whose)?, chain(rest)?))
}

fn checkpoint(text: &str) -> Option<Event> {
    let (_, name) = after(text, "prevCheckpoint: ")?.split_once("currCheckpoint:")?;
    let name = name.trim();
    Some(Event::Checkpoint((!name.is_empty()).then(|| DiskName::from(name))))
}

fn reject(text: &str) -> Option<Event> {
    if let Some(rest) = after(text, "rejecting connection: ") {
        let (_, holder) = rest.split_once(" target already connected at ")?;
        return Some(Event::Rejected(address(rest)?, address(holder)?));
    }
    if text == "resetting controller" {
        return Some(Event::Reset);
    }
    let rest = after(text, "read BHS failed:")?;
    let (_, initiator) = rest.split_once("->").filter(|_| rest.contains("timed out"))?;
    endpoint(initiator.trim_end_matches(": read: connection timed out"))
        .map(|(at, _)| Event::InitiatorGone(at))
}
