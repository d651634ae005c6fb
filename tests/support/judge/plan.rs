//! A plan that leads to a running volume does: the model, which knows nothing of plans, ends with every replica RW and alike,
//! and with everything that the kept one held.

use jivascope::analysis::{Options, Volume};
use jivascope::plan::{Act, Plan, Reach, Who};

use super::joins::quiet;
use super::verdict::lacked;
use super::{Breach, Life};
use crate::support::model::Dice;
use crate::support::model::engine::Joined;
use crate::support::model::truth::Version;

pub fn misleads(life: &Life, volume: &Volume) -> Option<Breach> {
    let plan = Plan::of(volume, &Options::default(), None);
    if plan.reach != Reach::Runs {
        return None;
    }
    let keep = plan.keep.as_ref().expect("a plan that runs keeps one");
    let text = follow(life, &plan.acts(), keep.as_str())?;
    Some(Breach::new("plan", format!("keep {keep}: {text}")))
}

/// Why following the acts does not lead where it should.
fn follow(life: &Life, acts: &[Act], keep: &str) -> Option<String> {
    let place = |label: &str| life.engine.replicas.iter().position(|one| one.label == label).unwrap();
    let mut model = quiet(&life.engine);
    let mut dice = Dice::new(life.seed);
    let kept: Vec<Version> = model.replicas[place(keep)].disk.view()?;
    let mut order = Vec::new();
    for act in acts {
        match act {
            Act::MoveAside { replica } => model.replicas[place(replica.as_str())].wipe(900 + order.len()),
            Act::Start { who: Who::Replica(label) } => order.push(place(label.as_str())),
            Act::Stop { .. }
            | Act::Start { .. }
            | Act::Copy { .. }
            | Act::Export { .. }
            | Act::Wait { .. } => {}
            // Files that end a process before it opens anything are no part of the model.
            _ => return None,
        }
    }
    let Some(leader) = model.elect(&order) else { return Some("nobody leads".to_owned()) };
    if let Err(message) = model.lead(leader, &mut dice) {
        return Some(message);
    }
    for at in order.iter().copied().filter(|at| *at != leader) {
        let outcome = model.join(at, &mut dice);
        if !matches!(outcome, Joined::Accepted { .. }) {
            return Some(format!("rep-{} {outcome:?}", at + 1));
        }
    }
    let truth = &life.engine.truth;
    let led = model.replicas[leader].view_now();
    for at in &model.rw {
        let view = model.replicas[*at].view_now();
        let same = |(own, led): (&Version, &Version)| if truth.same_bytes(*own, *led) { *led } else { *own };
        let own: Vec<Version> = view.iter().zip(&led).map(same).collect();
        let lost = lacked(life, keep, &kept, &own);
        if lost > 0 || own != led {
            let differ: Vec<(usize, Version, Version)> =
                (0..own.len()).filter(|at| own[*at] != led[*at]).map(|at| (at, led[at], own[at])).collect();
            return Some(format!("rep-{} lacks {lost} of {keep}; differs in {differ:?}", at + 1));
        }
    }
    None
}
