//! All replicas of a volume together, each as starting its process leaves it, and everything that can then happen.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::elect::{self, Election};
use super::error::{Down, JoinError};
use super::join::{JOIN, Join, Outcome, attach};
use super::names::Names;
use super::orders::{self, COUNTLESS, Welcome};
use super::simulate::{self, Scenario, Setting};
use super::start::{Original, Originals, Standing, start};
use crate::ident::Label;
use crate::ident::Version;
use crate::replica::Replica;

/// The replicas of a volume, started.
#[derive(Debug)]
pub struct Cluster {
    names: Names,
    originals: Originals,
    started: Vec<(Label, Result<Standing, Down>)>,
    version: Version,
}

impl Cluster {
    /// Starts every replica of a volume by itself; they are sorted by label.
    /// Starts them; `again` are second copies of a directory, which is started once.
    pub fn of(replicas: &[Replica], again: &BTreeSet<&Label>, version: Version) -> Self {
        let names = Names::of(replicas, version);
        let mut originals = Vec::with_capacity(replicas.iter().map(|replica| replica.disks.len()).sum());
        let started = replicas
            .iter()
            .enumerate()
            .filter(|(_, replica)| !again.contains(&replica.label))
            .map(|(at, replica)| (replica.label.clone(), start(at, replica, &names, &mut originals, version)))
            .collect();
        Self { names, originals, started, version }
    }

    /// The version whose doings are forecast.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The places of an image in the volume's replicas, as they were given, and in the disks of that one.
    pub fn original(&self, original: Original) -> (usize, usize) {
        self.originals[original.0 as usize]
    }

    /// The number of a disk's name, by the places of its replica and of itself: equal for equal names.
    pub fn name_number(&self, (replica, disk): (usize, usize)) -> usize {
        self.names.of_disks(replica)[disk].index()
    }

    /// A replica as it is started; `None` if its process does not come up.
    pub fn standing(&self, label: &Label) -> Option<&Standing> {
        let at = self.started.binary_search_by(|(other, _)| other.cmp(label)).ok()?;
        self.started[at].1.as_ref().ok()
    }

    fn running(&self) -> impl Iterator<Item = &Standing> {
        self.started.iter().filter_map(|(_, side)| side.as_ref().ok())
    }

    /// The replicas whose process does not come up, with Jiva's message.
    pub fn down(&self) -> impl Iterator<Item = (&Label, &Down)> {
        self.started.iter().filter_map(|(label, side)| Some((label, side.as_ref().err()?)))
    }

    /// The join of every ordered pair, alone, each as it is after starting.
    pub fn joins(&self) -> Vec<Join> {
        let others = |rw: usize| (0..self.started.len()).filter(move |wo| *wo != rw);
        let pairs: Vec<_> =
            (0..self.started.len()).flat_map(|rw| others(rw).map(move |wo| (rw, wo))).collect();
        pairs.into_par_iter().map(|(rw, wo)| self.join(&self.started[rw], &self.started[wo])).collect()
    }

    fn join(
        &self,
        (rw, rw_side): &(Label, Result<Standing, Down>),
        (wo, wo_side): &(Label, Result<Standing, Down>),
    ) -> Join {
        let (outcome, after) = match (rw_side, wo_side) {
            (Err(error), _) | (_, Err(error)) => (Outcome::Error(JoinError::Down(error.clone())), None),
            (Ok(rw), Ok(_)) if rw.rebuilding => (Outcome::Error(JoinError::NeverElected), None),
            (Ok(rw), Ok(wo)) => {
                let name = self.names.find(JOIN).expect("the join's snapshot has a number");
                attach(&mut [rw.clone()], wo, name, &self.names, self.version)
            }
        };
        let disks = after.map_or(0, |after| after.chain.len());
        Join { rw: rw.clone(), wo: wo.clone(), outcome, disks }
    }

    /// The elections that can happen, by label: every ordered choice of as many replicas as make a quorum, or, where nobody
    /// could read them all, one for each replica that can come to lead; and how many were left out.
    pub fn elections(&self, factor: usize) -> (Vec<Election>, u64) {
        elect::elections(&self.running().collect::<Vec<_>>(), factor)
    }

    /// Whole starts under each leader that one of these elections makes, in the orders that are walked, and how many
    /// orders were left out; `joins` are those of all pairs. `few` walks no more than the telling ones, however few the replicas.
    pub fn scenarios(
        &self,
        joins: &[Join],
        elections: &[Election],
        factor: usize,
        few: bool,
    ) -> (Vec<Scenario>, u64) {
        let place = |at: usize| self.started[at].1.as_ref().ok().map(|one| (at, one));
        let running: Vec<(usize, &Standing)> = (0..self.started.len()).filter_map(place).collect();
        let room: Vec<usize> = running
            .iter()
            .map(|(_, one)| one.heads_free(self.started.len(), &self.names, self.version))
            .collect();
        let welcome = |leader: usize, joiner: usize| {
            let ((rw, _), (wo, _)) = (running[leader], running[joiner]);
            // In the order of `joins`: by leader, then by joiner, which is never the leader.
            let join = &joins[rw * (self.started.len() - 1) + wo - usize::from(wo > rw)];
            let accepted = join.outcome.is_accepted();
            let disks = self.version.chain_limit().saturating_sub(join.disks);
            // One of its heads is spent by its own join.
            Welcome { accepted, room: if accepted { disks.min(room[joiner].saturating_sub(1)) } else { 0 } }
        };
        let setting = Setting {
            welcome: &welcome,
            few,
            running: running.iter().map(|(_, one)| *one).collect(),
            names: &self.names,
            originals: self.originals.len(),
            factor,
            version: self.version,
        };
        let leaders: BTreeSet<&Label> = elections.iter().map(|election| &election.leader).collect();
        let all = orders::how_many(setting.running.len().saturating_sub(1));
        let all = all.saturating_mul(leaders.len() as u64).min(COUNTLESS);
        let walked: Vec<Scenario> =
            leaders.into_par_iter().flat_map(|leader| simulate::scenarios(&setting, leader)).collect();
        let left_out = if all == COUNTLESS { all } else { all - walked.len() as u64 };
        (walked, left_out)
    }
}
