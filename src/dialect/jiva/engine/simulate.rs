//! A whole start: a leader, and the rest joining one after the other.
//!
//! Each join starts from what the one before left. Nothing is written meanwhile: what is forecast is what becomes of
//! the data that are there.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::error::JoinError;
use super::join::{Outcome, attach};
use super::names::{Names, join_name};
use super::orders::{self, Welcome};
use super::start::{Original, Standing};
use crate::ident::Label;
use crate::ident::Version;

/// One join of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Who joins.
    pub joiner: Label,
    /// How it ends.
    pub outcome: Outcome,
}

/// One way in which a volume can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The first to be RW.
    pub leader: Label,
    /// The joins, in order.
    pub steps: Vec<Step>,
    /// Whether as many are RW as a write needs.
    pub writable: bool,
    /// Images that no file holds at the end, on any side.
    gone: BTreeSet<Original>,
}

impl Scenario {
    /// Whether some file still holds the image at the end, on any side.
    pub fn holds(&self, original: Original) -> bool {
        !self.gone.contains(&original)
    }
}

/// What all scenarios of a volume share.
pub(super) struct Setting<'a> {
    /// The replicas whose process comes up.
    pub running: Vec<&'a Standing>,
    pub names: &'a Names,
    /// How many images there are.
    pub originals: usize,
    pub factor: usize,
    pub version: Version,
    /// How one leader takes one joiner that is the first to try, by their places among the running.
    pub welcome: &'a (dyn Fn(usize, usize) -> Welcome + Sync),
    /// Whether no more than the telling orders are walked, however few the joiners.
    pub few: bool,
}

/// The scenarios with this leader, one for each order that is walked ([`orders`](super::orders)).
pub(super) fn scenarios(setting: &Setting<'_>, leader: &Label) -> Vec<Scenario> {
    let running = &setting.running;
    let Some(leader) = running.iter().position(|one| one.label == *leader) else { return Vec::new() };
    let rest: Vec<usize> = (0..running.len()).filter(|at| *at != leader).collect();
    let welcome = |at: usize| (setting.welcome)(leader, rest[at]);
    let orders = if setting.few {
        orders::telling(&(0..rest.len()).map(welcome).collect::<Vec<_>>())
    } else {
        orders::orders(rest.len(), welcome)
    };
    let joiners = |order: &[usize]| order.iter().map(|at| running[rest[*at]]).collect::<Vec<_>>();
    orders.iter().map(|order| scenario(setting, running[leader], joiners(order).into_iter())).collect()
}

fn scenario<'s>(
    setting: &Setting<'_>,
    leader: &Standing,
    joiners: impl Iterator<Item = &'s Standing>,
) -> Scenario {
    let Setting { names, factor, version, .. } = *setting;
    let (mut members, mut outside) = (vec![leader.clone()], Vec::<Cow<'_, Standing>>::new());
    let mut steps = Vec::new();
    move_checkpoints(&mut members, factor, version);
    for (at, joiner) in joiners.enumerate() {
        let (outcome, after) = if members.len() >= factor {
            let error = JoinError::Enough { joiner: joiner.label.clone(), factor, added: members.len() };
            (Outcome::Error(error), None)
        } else {
            let name = names.find(join_name(at + 1).as_str()).expect("every join's snapshot has a number");
            attach(&mut members, joiner, name, names, version)
        };
        let after = after.map_or(Cow::Borrowed(joiner), Cow::Owned);
        if outcome.is_accepted() {
            members.push(after.into_owned());
            move_checkpoints(&mut members, factor, version);
        } else {
            outside.push(after);
        }
        steps.push(Step { joiner: joiner.label.clone(), outcome });
    }
    // All images are there at first.
    let mut held = vec![false; setting.originals];
    let sides = members.iter().chain(outside.iter().map(AsRef::as_ref));
    sides.flat_map(Standing::held).for_each(|original| held[original.0 as usize] = true);
    let came = setting.running.iter().flat_map(|one| one.held());
    let gone = came.filter(|original| !held[original.0 as usize]).collect();
    Scenario { leader: leader.label.clone(), steps, writable: members.len() > factor / 2, gone }
}

/// With as many RW as the factor, all take the newest snapshot that they have in common as their Checkpoint.
fn move_checkpoints(members: &mut [Standing], factor: usize, version: Version) {
    if members.len() != factor || !version.has_checkpoints() {
        return;
    }
    let newest = members[0].chain.get(1).copied();
    if newest.is_some() && members.iter().all(|member| member.chain.get(1).copied() == newest) {
        members.iter_mut().for_each(|member| member.checkpoint = newest);
    }
}
