//! Chains that can be built from what lies in a directory whose own chain Jiva would not open, or that was made anew
//! over older files.
//!
//! A candidate is a guess with its evidence, never an answer. It takes part in a verdict in one way alone: compared with
//! the others, it can show that the directory holds nothing of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::layers::{Layer, Layers, judge_counters};
use crate::finding::Exhibit;
use crate::go::parse_rfc3339;
use crate::ident::{DiskName, Label};
use crate::replica::KeyOrder;
use crate::replica::{Disk, Flag, Memberships, Quality, RecordState, Replica, State};

/// The most candidates that are listed of one replica; the rest rank lower than all of them.
const MOST: usize = 16;

/// A chain that may be the replica's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Candidate {
    /// What it is called behind the label: `candidate-1` is the likeliest.
    pub name: String,
    /// Its disks, newest first. All lie in the replica's own directory.
    pub chain: Vec<DiskName>,
    /// Whether it reaches a base. Where it does not, the disk below its last is missing, and so are its blocks.
    pub complete: bool,
    /// Place among the candidates, 1 for the likeliest.
    pub rank: usize,
    /// Peers that have the record that a disk of it lacks here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub donors: Vec<Donor>,
    /// What speaks for it and against it, a sentence each.
    pub reasons: Vec<String>,
    /// Where that can be looked up.
    pub evidence: Vec<Exhibit>,
}

/// A replica that has a record of the same snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Donor {
    /// The disk whose record is missing or cannot be read.
    pub disk: DiskName,
    /// Who has one.
    pub replica: Label,
}

/// The layers of a candidate, as lineage sees a chain; called `LABEL@candidate-N`.
///
/// Where its last join did not end, its own history ends below its head, as in a replica.
pub fn layers(replica: &Replica, candidate: &Candidate) -> Layers {
    let images = replica.has_images();
    let disks: Vec<&Disk> = candidate.chain.iter().rev().filter_map(|name| replica.disk(name)).collect();
    let largest = disks.iter().filter_map(|disk| Some(disk.image.as_ref()?.size)).max();
    let size = replica.size.filter(|size| *size > 0).or(largest).unwrap_or(0);
    let layer = |disk: &&Disk| {
        let stored = disk.image.as_ref().and_then(|image| image.extents.as_ref().ok());
        Layer {
            name: disk.name.clone(),
            created: disk.read_record().and_then(|record| record.created.clone()),
            counter: disk.counter(),
            counts: true,
            mergeable: !disk.user_created() || disk.removed(),
            blocks: stored.map(|extents| extents.runs.to_blocks(size)).unwrap_or_default(),
            quality: Quality::Unknown,
        }
    };
    let mut list: Vec<Layer> = disks.iter().map(layer).collect();
    judge_counters(&mut list, images);
    let clean_tip = replica.clean_tip_of(&candidate.chain);
    let tip = clean_tip.as_ref().or(candidate.chain.first());
    Layers {
        label: Label::new(format!("{}@{}", replica.label, candidate.name)),
        tip: list.iter().position(|layer| Some(&layer.name) == tip),
        checkpoint: list.iter().position(|layer| Some(&layer.name) == replica.checkpoint.as_ref()),
        checkpoint_name: replica.checkpoint.clone(),
        counter: replica.counter,
        counted_at: None,
        written_at: None,
        memberships: Memberships::default(),
        joined: clean_tip.is_some(),
        cannot_snapshot: false,
        size,
        images,
        uuid: replica.uuid().map(str::to_owned),
        judged: true,
        list,
    }
}

/// The candidates of a replica, likeliest first; none for one that Jiva would open as it was left.
///
/// `peers` are replicas of the same volume; the replica itself among them makes no difference.
pub fn candidates(replica: &Replica, peers: &[Replica]) -> Vec<Candidate> {
    // A chain that could not be read here, or that is another engine's, may be whole.
    if replica.state == State::Broken && replica.error.is_none() {
        return Vec::new();
    }
    let made_anew = replica.flags.contains(&Flag::Reinitialised) || replica.meta.is_none();
    if replica.state != State::Broken && !made_anew {
        return Vec::new();
    }
    let peers: Vec<&Replica> = peers.iter().filter(|peer| peer.label != replica.label).collect();
    let links = Links::of(replica, &peers);
    let mut ranked: Vec<(Worth, Candidate)> =
        links.tips(replica).into_iter().map(|tip| links.candidate(replica, &peers, tip)).collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.chain.cmp(&b.1.chain)));
    let mut out: Vec<Candidate> = ranked.into_iter().map(|(_, candidate)| candidate).take(MOST).collect();
    for (at, candidate) in out.iter_mut().enumerate() {
        candidate.rank = at + 1;
        candidate.name = format!("candidate-{}", at + 1);
    }
    out
}

/// What makes one candidate likelier than another, gravest first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    complete: bool,
    /// Not a mixture of received and own records, as an interrupted copy leaves it.
    unmixed: bool,
    /// `volume.meta` names its tip.
    named: bool,
    /// Its tip is a head; of two, the higher number is the later one of this directory.
    head: Option<u64>,
    /// States of a peer's chain that it goes through with equal counters.
    shared: usize,
    created: Option<i64>,
    counter: Option<i64>,
    stored: u64,
    disks: usize,
}

/// How a parent is known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Own,
    Peer(Label),
    Link(DiskName),
    VolumeMeta,
}

/// What stands on what, from every source there is.
struct Links(BTreeMap<DiskName, (Option<DiskName>, Source)>);

impl Links {
    fn of(replica: &Replica, peers: &[&Replica]) -> Self {
        let mut links = BTreeMap::new();
        for disk in replica.disks.iter().filter(|disk| disk.image.is_some() || disk.read_record().is_some()) {
            let known = if disk.read_record().is_some() {
                Some((disk.parent().map(DiskName::from), Source::Own))
            } else {
                by_link(replica, disk).or_else(|| by_meta(replica, disk)).or_else(|| by_peer(peers, disk))
            };
            if let Some(known) = known {
                links.insert(disk.name.clone(), known);
            }
        }
        Self(links)
    }

    /// Disks that nothing stands on, and that the active chain does not reach unless Jiva cannot open it.
    fn tips(&self, replica: &Replica) -> Vec<DiskName> {
        let usable = replica.state != State::Broken;
        let parents: BTreeSet<&DiskName> =
            self.0.values().filter_map(|(parent, _)| parent.as_ref()).collect();
        self.0
            .keys()
            .filter(|name| !parents.contains(name) && replica.disks[*name].image.is_some())
            .filter(|name| !(usable && replica.disks[*name].on_chain))
            .cloned()
            .collect()
    }

    fn candidate(&self, replica: &Replica, peers: &[&Replica], tip: DiskName) -> (Worth, Candidate) {
        let (mut chain, mut reasons, mut evidence) = (Vec::new(), Vec::new(), Vec::new());
        let (mut met, mut donors) = (BTreeSet::new(), Vec::new());
        let mut at = Some(tip.clone());
        let mut complete = true;
        while let Some(name) = at {
            let Some((parent, source)) = self.0.get(&name).filter(|_| met.insert(name.clone())) else {
                complete = false;
                reasons.push(match met.contains(&name) {
                    true => format!("against it: the records come back to {name}"),
                    false => format!("against it: {name} is not here, nor is what it held"),
                });
                break;
            };
            note(replica, &name, source, &mut reasons, &mut evidence);
            donors.extend(donor(replica, peers, &name));
            if replica.disks[&name].image.is_none() {
                reasons.push(format!("against it: the image of {name} is missing, and with it its layer"));
                complete = false;
            }
            chain.push(name);
            at = parent.clone();
        }
        let disk = &replica.disks[&tip];
        let named = replica.head.as_ref() == Some(&tip);
        if named {
            reasons.push(format!("volume.meta names {tip} as the head"));
            evidence.push(Exhibit::field(&replica.label, "volume.meta", "Head", &tip));
        } else if tip.is_head() {
            reasons.push(format!("{tip} is a head, and nothing stands on it"));
        } else {
            reasons.push(format!(
                "against it: there is no head over {tip}; what was written after it is not in it"
            ));
        }
        let shared = shared(replica, peers, &chain, &mut reasons, &mut evidence);
        let unmixed = unmixed(replica, &chain, &mut reasons);
        let stored: Vec<&Disk> = chain.iter().map(|name| &replica.disks[name]).collect();
        let record = disk.read_record();
        let worth = Worth {
            complete,
            unmixed,
            named,
            head: tip.head_number(),
            shared,
            created: record.and_then(|record| parse_rfc3339(record.created.as_deref()?)),
            counter: disk.counter().map(|counter| counter.0),
            stored: stored.iter().filter_map(|disk| disk.allocated()).sum(),
            disks: chain.len(),
        };
        (worth, Candidate { name: String::new(), chain, complete, rank: 0, donors, reasons, evidence })
    }
}

/// A record under another name of the same file.
fn by_link(replica: &Replica, disk: &Disk) -> Option<(Option<DiskName>, Source)> {
    let link = disk.image.as_ref()?.link?;
    let same = |other: &&Disk| {
        other.name != disk.name && other.image.as_ref().and_then(|image| image.link) == Some(link)
    };
    let alias = replica.disks.iter().filter(same).find(|other| other.read_record().is_some())?;
    Some((alias.parent().map(DiskName::from), Source::Link(alias.name.clone())))
}

/// The parent of the head, which `volume.meta` repeats.
fn by_meta(replica: &Replica, disk: &Disk) -> Option<(Option<DiskName>, Source)> {
    let meta = replica.meta.as_ref().filter(|_| replica.head.as_ref() == Some(&disk.name))?;
    let parent = meta.parent.as_deref()?;
    Some(((!parent.is_empty()).then(|| DiskName::from(parent)), Source::VolumeMeta))
}

/// The record of a peer for a snapshot of that name. A head's number is each directory's own.
fn by_peer(peers: &[&Replica], disk: &Disk) -> Option<(Option<DiskName>, Source)> {
    let has = |peer: &&&Replica| peer.disk(&disk.name).is_some_and(|other| other.read_record().is_some());
    let peer = peers.iter().filter(|_| disk.name.is_snapshot()).find(has)?;
    Some((peer.disk(&disk.name)?.parent().map(DiskName::from), Source::Peer(peer.label.clone())))
}

/// The first peer that has a record of a snapshot whose own record is not here.
fn donor(replica: &Replica, peers: &[&Replica], name: &DiskName) -> Option<Donor> {
    if !name.is_snapshot() || replica.disk(name)?.read_record().is_some() {
        return None;
    }
    let has = |peer: &&&Replica| peer.disk(name).is_some_and(|disk| disk.read_record().is_some());
    let peer = peers.iter().find(has)?;
    Some(Donor { disk: name.clone(), replica: peer.label.clone() })
}

/// Says where a link that does not come from the replica's own record comes from.
fn note(
    replica: &Replica,
    name: &DiskName,
    source: &Source,
    reasons: &mut Vec<String>,
    evidence: &mut Vec<Exhibit>,
) {
    let why = match &replica.disks[name].record {
        RecordState::Invalid(_) | RecordState::Unreadable(_) => "its record cannot be read",
        _ => "it has no record",
    };
    match source {
        Source::Own => {}
        Source::Peer(peer) => {
            reasons.push(format!("the parent of {name} is taken from {peer}: {why}"));
            evidence.push(Exhibit::file(peer, name.record()));
        }
        Source::Link(alias) => {
            reasons.push(format!("{name} is one file with {alias}, whose record stands for it"));
            evidence.push(Exhibit::file(&replica.label, alias.record()));
        }
        Source::VolumeMeta => {
            reasons.push(format!("the parent of {name} is taken from volume.meta: {why}"));
            evidence.push(Exhibit::file(&replica.label, "volume.meta"));
        }
    }
}

/// How many snapshots of the candidate some peer's chain has too, with equal counters and parents.
fn shared(
    replica: &Replica,
    peers: &[&Replica],
    chain: &[DiskName],
    reasons: &mut Vec<String>,
    evidence: &mut Vec<Exhibit>,
) -> usize {
    let equal = |peer: &Replica, name: &DiskName| {
        let (Some(own), Some(other)) = (replica.disk(name), peer.disk(name)) else { return false };
        other.on_chain
            && own.read_record().is_some()
            && own.counter().is_some()
            && own.counter() == other.counter()
            && own.parent() == other.parent()
    };
    let mut best = 0;
    for peer in peers {
        let common: Vec<&DiskName> =
            chain.iter().filter(|name| name.is_snapshot() && equal(peer, name)).collect();
        if let Some(newest) = common.first() {
            reasons.push(format!(
                "{} of its snapshots are in the chain of {} with equal counters, the newest {newest}",
                common.len(),
                peer.label
            ));
            evidence.push(Exhibit::file(&replica.label, newest.record()));
            evidence.push(Exhibit::file(&peer.label, newest.record()));
        }
        best = best.max(common.len());
    }
    best
}

/// Whether its records are not those of a copy that was cut off: received ones at the old end, own ones above.
fn unmixed(replica: &Replica, chain: &[DiskName], reasons: &mut Vec<String>) -> bool {
    let snapshots = chain.iter().filter(|name| name.is_snapshot()).filter_map(|name| replica.disk(name));
    let received: Vec<bool> =
        snapshots.filter_map(Disk::read_record).map(|record| record.order == KeyOrder::Received).collect();
    let own_above = received.first() == Some(&false) && received.contains(&true);
    let foreign_head = chain
        .first()
        .and_then(|name| replica.disk(name)?.read_record())
        .is_some_and(|record| record.order == KeyOrder::Received && chain[0].is_head());
    if own_above && foreign_head {
        reasons.push(
            "against it: received records below own ones, as a copy that was cut off leaves them".to_owned(),
        );
    }
    !(own_above && foreign_head)
}
