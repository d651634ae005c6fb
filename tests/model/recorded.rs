//! The model itself, against the real Jiva: the directories of the recordings, loaded into it, must join and elect as the
//! real ones did. Only then is a verdict that agrees with the model worth something.

#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;

use crate::support::model::Dice;
use crate::support::model::disk::{BLOCKS, Directory, Image, Meta, Record};
use crate::support::model::engine::{Engine, Joined};
use crate::support::recorded::{Capture, captures};
use jivascope::replica::KeyOrder;
use jivascope::replica::Replica;
use serde_json::Value;

/// A recorded directory as the model has one. Of images only whether they store anything matters to its rules.
fn directory(replica: &Replica) -> Directory {
    let mut out = Directory { counter: replica.counter.map(|counter| counter.0), ..Directory::default() };
    let mut inodes: BTreeMap<u64, usize> = BTreeMap::new();
    for disk in replica.disks.iter() {
        let name = disk.name.to_string();
        if let Some(image) = &disk.image {
            let mut blocks = BTreeMap::new();
            if disk.allocated() != Some(0) {
                blocks.insert(0, 1);
            }
            let new = out.inodes.len();
            let inode = image.link.map_or(new, |link| *inodes.entry(link).or_insert(new));
            if inode == new {
                out.inodes.push(Image { blocks, size: BLOCKS, ..Image::default() });
            }
            out.names.insert(name.clone(), inode);
        }
        if let Some(read) = disk.read_record() {
            let record = Record {
                name: read.name.clone().unwrap_or_default(),
                parent: read.parent.clone().unwrap_or_default(),
                user: read.user_created.unwrap_or(false),
                created: 0,
                counter: read.counter.map_or(0, |counter| counter.0),
                received: read.order == KeyOrder::Received,
            };
            out.records.insert(name, record);
        }
    }
    out.meta = replica.meta.as_ref().map(|meta| Meta {
        head: meta.head.clone().unwrap_or_default(),
        dirty: meta.dirty.unwrap_or(false),
        rebuilding: meta.rebuilding.unwrap_or(false),
        parent: meta.parent.clone().unwrap_or_default(),
        checkpoint: meta.checkpoint.clone().unwrap_or_default(),
        counter: meta.revision_counter.map_or(0, |counter| counter.0),
        clone_status: "NA",
    });
    out
}

fn engine(capture: &Capture, labels: &[&str]) -> Engine {
    let mut engine = Engine::new(labels.len(), 3);
    engine.punches = false;
    for (process, label) in engine.replicas.iter_mut().zip(labels) {
        let replicas = &capture.volume().replicas;
        let replica = replicas.iter().find(|replica| replica.label.as_str() == *label).unwrap();
        process.disk = directory(replica);
    }
    engine
}

/// Recordings of volumes, of the version that the model is made after, whose processes start: it has no `log.info`.
fn modelled() -> impl Iterator<Item = &'static Capture> {
    captures().judged().iter().filter(|capture| {
        capture.oracle["engine"] == "v3.6.0"
            && !capture.separate()
            && capture.volume().replicas.iter().all(|replica| replica.start_error.is_none())
    })
}

fn joined(capture: &Capture, rw: &str, wo: &str) -> Joined {
    let (mut engine, mut dice) = (engine(capture, &[rw, wo]), Dice::new(0));
    let mut starts = || {
        engine.replicas[0].start(0)?;
        engine.lead(0, &mut dice)?;
        engine.replicas[1].start(0)
    };
    match starts() {
        Ok(()) => engine.join(1, &mut dice),
        Err(message) => Joined::Failed(message),
    }
}

#[test]
fn the_model_joins_as_the_real_one_did() {
    let (mut good, mut wrong) = (0, Vec::new());
    for capture in modelled() {
        for want in capture.oracle["joins"].as_array().into_iter().flatten() {
            let (rw, wo) = (want["rw"].as_str().unwrap(), want["wo"].as_str().unwrap());
            let synced = want["synced"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let images = synced.filter(|name| !name.ends_with(".meta")).count();
            let refused =
                want["message"].as_str().is_some_and(|text| text.contains("checkpoint not present"));
            let model = joined(capture, rw, wo);
            let same = match &model {
                Joined::Accepted { images: copied } => want["accepted"] == true && *copied == images,
                Joined::Refused => want["accepted"] != true && refused,
                Joined::Failed(_) => want["accepted"] != true && !refused,
                Joined::Died => false,
            };
            if same {
                good += 1;
            } else {
                wrong.push(format!("{}: {rw} <- {wo}: {model:?}, Jiva {want}", capture.name));
            }
        }
    }
    eprintln!("joins of the model: {good} of {} agree", good + wrong.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(good >= if captures().complete { 600 } else { 40 }, "{good}");
}

#[test]
fn the_model_elects_as_the_real_one_did() {
    let (mut good, mut wrong) = (0, Vec::new());
    for capture in modelled() {
        for want in capture.oracle["elections"].as_array().into_iter().flatten() {
            let Some(leader) = want["leader"].as_str() else { continue };
            let order = [want["first"].as_str().unwrap(), want["second"].as_str().unwrap()];
            let elected = engine(capture, &order).elect(&[0, 1]).map(|at| order[at]);
            if elected == Some(leader) {
                good += 1;
            } else {
                wrong.push(format!("{}: {order:?}: {elected:?}, Jiva {leader}", capture.name));
            }
        }
    }
    eprintln!("elections of the model: {good} of {} agree", good + wrong.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(good >= if captures().complete { 60 } else { 6 }, "{good}");
}
