//! Replies of Jiva's REST API that somebody kept (reference 7).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::log::Address;
use super::log::{Chain, Mode};
use crate::ident::DiskName;

/// What a kept reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// The controller's list.
    List(Vec<(Address, Mode)>),
    /// What a replica says of itself.
    Replica(Box<Own>),
    /// The controller's list, with what it asked of each listed replica.
    Stats {
        /// The volume.
        volume: Option<String>,
        /// The list.
        list: Vec<(Address, Mode)>,
        /// What the replicas said; the reply does not tell which of them each is.
        replicas: Vec<Own>,
    },
    /// The volume: its name, how many replicas the list holds, and whether writes are refused.
    Volume(Option<String>, Option<usize>, bool),
    /// The Checkpoint.
    Checkpoint(Option<DiskName>),
}

/// What a replica says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Own {
    /// Where it was asked; `None` where that was this very host.
    pub address: Option<Address>,
    /// Its chain; none where it is closed.
    pub chain: Option<Chain>,
    /// Its counter.
    pub counter: Option<i64>,
    /// Its Checkpoint.
    pub checkpoint: Option<DiskName>,
    /// The mode that it was last given. It says nothing of membership: only the controller's list does.
    pub mode: Mode,
    /// Whether it is open.
    pub open: bool,
    /// How many more snapshots it takes.
    pub remaining: Option<usize>,
    /// The disks of its chain, in the chain's order, as far as it tells of them.
    pub disks: Vec<OwnDisk>,
}

impl Own {
    /// The most disks that its chain may have: those that it has, those that it takes yet, and one, which Jiva's count of
    /// disks has too many.
    ///
    /// Source: `remainsnapshots` is the limit less the length of a list that begins with an empty place. Recorded: 364 of 364
    /// replies of 3.6.0 and 2.0.0 give 1024.
    pub fn chain_limit(&self) -> Option<usize> {
        self.chain.as_ref()?.0.len().checked_add(self.remaining?)?.checked_add(1)
    }
}

/// A disk of a replica's chain, as the replica tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnDisk {
    /// When it was made, as its record spells it.
    pub created: Option<String>,
    /// Bytes that its image stores.
    pub stored: Option<u64>,
}

/// Members of a reply that are read: a volume has a handful.
const MEMBERS: usize = 64;

/// Disks of a chain that are read.
const DISKS: usize = 4096;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Any {
    #[serde(rename = "type")]
    kind: Option<String>,
    resource_type: Option<String>,
    #[serde(default)]
    data: Vec<Any>,
    links: Option<Links>,
    name: Option<String>,
    address: Option<String>,
    mode: Option<String>,
    replica_count: Option<usize>,
    read_only: Option<String>,
    snapshot: Option<String>,
    chain: Option<Vec<String>>,
    checkpoint: Option<String>,
    state: Option<String>,
    #[serde(rename = "replicamode")]
    replica_mode: Option<String>,
    #[serde(rename = "revisioncounter")]
    counter: Option<serde_json::Value>,
    #[serde(rename = "remainsnapshots")]
    remaining: Option<usize>,
    #[serde(default)]
    disks: Option<BTreeMap<String, Disk>>,
    #[serde(rename = "Name")]
    volume: Option<String>,
    #[serde(rename = "Replicas")]
    listed: Option<Vec<Listed>>,
    #[serde(rename = "ReplicaInfo")]
    info: Option<Vec<Any>>,
}

#[derive(Deserialize)]
struct Disk {
    created: Option<serde_json::Value>,
    size: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Links {
    #[serde(rename = "self")]
    own: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    address: String,
    mode: String,
}

/// Reads a reply; `None` where it is none of Jiva's.
pub fn read(bytes: &[u8]) -> Option<Reply> {
    let any: Any = serde_json::from_slice(bytes).ok()?;
    let kind = any.kind.as_deref();
    if any.listed.is_some() || kind == Some("stats") {
        let listed = any.listed.unwrap_or_default();
        let member = |one: &Listed| Some((Address::read(&one.address)?, Mode::read(&one.mode)));
        return Some(Reply::Stats {
            volume: any.volume,
            list: listed.iter().take(MEMBERS).filter_map(member).collect(),
            replicas: any.info.unwrap_or_default().into_iter().take(MEMBERS).map(own).collect(),
        });
    }
    match (kind?, any.resource_type.as_deref()) {
        ("collection", Some("volume")) => any.data.into_iter().next().map(volume),
        ("collection", Some("replica"))
            if any.data.iter().any(|one| one.chain.is_some() || one.state.is_some()) =>
        {
            any.data.into_iter().next().map(|one| Reply::Replica(Box::new(own(one))))
        }
        ("collection", Some("replica")) => {
            let member =
                |one: &Any| Some((Address::read(one.address.as_deref()?)?, Mode::read(one.mode.as_deref()?)));
            Some(Reply::List(any.data.iter().take(MEMBERS).filter_map(member).collect()))
        }
        ("volume", _) => Some(volume(any)),
        ("checkpoint", _) => {
            let name = any.snapshot.filter(|name| !name.is_empty());
            Some(Reply::Checkpoint(name.map(|name| DiskName::from(name.as_str()))))
        }
        ("replica", _) if any.state.is_some() || any.chain.is_some() => {
            Some(Reply::Replica(Box::new(own(any))))
        }
        ("replica", _) => {
            let member = (Address::read(any.address.as_deref()?)?, Mode::read(any.mode.as_deref()?));
            Some(Reply::List(vec![member]))
        }
        _ => None,
    }
}

fn volume(any: Any) -> Reply {
    Reply::Volume(any.name, any.replica_count, any.read_only.as_deref() == Some("true"))
}

fn own(any: Any) -> Own {
    let asked = any.links.and_then(|links| links.own).and_then(|link| Address::read(&link));
    let here = |address: &Address| matches!(address.as_str(), "localhost" | "127.0.0.1" | "::1");
    let counter = any.counter.and_then(|value| match value {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    });
    let names = |names: Vec<String>| {
        names.iter().take(DISKS).map(|name| DiskName::from(name.as_str())).collect::<Vec<_>>()
    };
    let state = any.state.as_deref().unwrap_or_default();
    let known = any.disks.unwrap_or_default();
    let disk = |name: &String| {
        let disk = known.get(name);
        let text = |value: &Option<serde_json::Value>| match value {
            Some(serde_json::Value::String(text)) => Some(text.clone()),
            Some(serde_json::Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        OwnDisk {
            created: disk.and_then(|disk| text(&disk.created)),
            stored: disk.and_then(|disk| text(&disk.size)?.parse().ok()),
        }
    };
    let disks = any.chain.iter().flatten().take(DISKS).map(disk).collect();
    Own {
        remaining: any.remaining,
        disks,
        address: asked.filter(|address| !here(address)),
        chain: any.chain.map(names).filter(|names| !names.is_empty()).map(|names| Chain(names.into())),
        counter,
        checkpoint: any.checkpoint.filter(|name| !name.is_empty()).map(|name| DiskName::from(name.as_str())),
        mode: Mode::read(any.replica_mode.as_deref().unwrap_or_default()),
        open: matches!(state, "open" | "dirty" | "rebuilding"),
    }
}
