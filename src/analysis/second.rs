//! The second visit: from capsules that were compared to the blocks whose data are still to be taken.

use std::sync::Arc;

use super::{Options, Which, relate};
use crate::blocks::{self, Blocks};
use crate::dialect;
use crate::evidence::capsule::{Choice, Chosen, Key};
use crate::evidence::{Evidence, Found, REGION, REGION_BLOCKS, SUM, Source};
use crate::ident::{BLOCK_SIZE, Label};
use crate::progress::Progress;
use crate::replica::{Disk, Replica};

/// What the capsules of a first visit show, and of which blocks of each replica data are needed.
#[derive(Debug)]
pub struct SecondVisit {
    firsts: Vec<(Replica, Blocks)>,
}

/// Why capsules cannot say which blocks are needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSecondVisit {
    /// None of the inputs is a capsule.
    #[error("no capsule of a replica is among the files given")]
    NoCapsule,
    /// Their sums are keyed, and no key or another one is used now.
    #[error("{path}: its sums were made with a key; take the second capsule with the same key (--key)")]
    OtherKey {
        /// The capsule.
        path: String,
    },
    /// Their sums are not keyed, and a key is used now.
    #[error("{path}: its sums were made without a key; take the second capsule without one, too")]
    NoKey {
        /// The capsule.
        path: String,
    },
}

impl SecondVisit {
    /// Compares the capsules of a first visit; the second is taken with this key.
    ///
    /// # Errors
    /// Where there is no capsule, and where one was taken with another key.
    pub fn of(
        mut evidence: Evidence,
        options: &Options,
        key: Option<&Key>,
        progress: &dyn Progress,
    ) -> Result<Self, NoSecondVisit> {
        let mut firsts = Vec::new();
        for related in relate(&mut evidence, options, Which::Judged, progress) {
            let mut needed = match &related.comparison {
                Some(found) => blocks::needed(&related.replicas, found, &related.copies, options.factor),
                None => Default::default(),
            };
            for replica in related.replicas.into_iter().filter(Replica::is_without_data) {
                let blocks = needed.remove(&replica.label).unwrap_or_default();
                firsts.push((replica, blocks));
            }
        }
        if firsts.is_empty() {
            return Err(NoSecondVisit::NoCapsule);
        }
        for (replica, _) in &firsts {
            let path = replica.path.clone();
            match (replica.source.sums().and_then(|sums| sums.key()), key.map(Key::id)) {
                (own, given) if own == given => {}
                (Some(_), _) => return Err(NoSecondVisit::OtherKey { path }),
                (None, _) => return Err(NoSecondVisit::NoKey { path }),
            }
        }
        Ok(Self { firsts })
    }
}

impl Choice for SecondVisit {
    fn of(&self, path: &str, directory: &Arc<dyn Source>) -> Result<Chosen, String> {
        let now = dialect::describe(&Found {
            label: Label::from(path),
            path: path.to_owned(),
            input: 0,
            source: Arc::clone(directory),
            labelled: false,
            volume: None,
            damage: Vec::new(),
        });
        let own: Vec<&(Replica, Blocks)> =
            self.firsts.iter().filter(|(first, _)| first.uuid() == now.uuid()).collect();
        let fits: Vec<&(Replica, Blocks)> =
            own.iter().copied().filter(|(first, _)| change(first, &now).is_none()).collect();
        let chosen = match (&fits[..], &own[..]) {
            ([one], _) => one,
            // Without UUID replicas can be as alike as that; what their blocks hold tells them apart.
            ([first, ..], _) => fits.iter().find(|one| shows(one, directory)).unwrap_or(first),
            ([], [(first, _)]) => {
                let why = change(first, &now).unwrap_or_default();
                return Err(format!(
                    "is not as {} shows it: {why}; take the first capsules again, of every replica",
                    first.path
                ));
            }
            ([], []) => return Err("none of the capsules given is of this directory".to_owned()),
            _ => return Err("none of the capsules given shows this directory as it is now".to_owned()),
        };
        Ok(Chosen { blocks: chosen.1.clone(), first: Arc::clone(&chosen.0.source) })
    }
}

/// What of a directory is not as its first capsule shows it, by all but the content of its images.
fn change(first: &Replica, now: &Replica) -> Option<String> {
    if first.counter != now.counter {
        return Some("revision.counter counts other writes".to_owned());
    }
    if first.meta != now.meta {
        return Some("volume.meta is another".to_owned());
    }
    let record = |disk: &Disk| disk.read_record().cloned();
    let names = |replica: &Replica| replica.disks.names().cloned().collect::<Vec<_>>();
    let (mut then, mut here) = (names(first), names(now));
    then.sort();
    here.sort();
    if then != here {
        return Some("it holds other disks".to_owned());
    }
    then.iter().find_map(|name| {
        let (one, other) = (first.disk(name)?, now.disk(name)?);
        if record(one) != record(other) {
            return Some(format!("the record of {name} is another"));
        }
        let stored = |disk: &Disk| {
            let image = disk.image.as_ref()?;
            Some((image.size, image.extents.as_ref().ok().map(|extents| extents.runs.clone())))
        };
        (stored(one) != stored(other)).then(|| format!("{name} stores other ranges"))
    })
}

/// Whether all blocks of a directory that its capsule would choose have the sums that the capsule has.
fn shows((first, blocks): &(Replica, Blocks), directory: &Arc<dyn Source>) -> bool {
    let of = |name: &str, at: u64| {
        let sums = first.source.sums()?;
        let entry = directory.entries().iter().find(|entry| entry.name == name)?;
        let mut block = [0; BLOCK_SIZE as usize];
        let count = directory.read_at(entry, at, &mut block).ok()?;
        let mut region = vec![0; REGION_BLOCKS * SUM];
        sums.region(entry, at / REGION, &mut region).ok()?;
        let place = (at % REGION / BLOCK_SIZE) as usize * SUM;
        Some(region.get(place..place + SUM)? == sums.sum(&block[..count])?)
    };
    blocks.iter().all(|(name, runs)| {
        runs.iter()
            .all(|run| (run.start..run.end).step_by(BLOCK_SIZE as usize).all(|at| of(name, at) == Some(true)))
    })
}
