//! Where a start is called safe, it is, in whatever order.

use jivascope::analysis::Volume;
use jivascope::verdict::Start;

use super::joins::quiet;
use super::verdict::lost;
use super::{Breach, Life};
use crate::support::model::Dice;
use crate::support::model::engine::Joined;
use crate::support::model::truth::Version;

/// Every order of so many.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let with = |mut order: Vec<usize>, at: usize| {
        order.insert(at, count - 1);
        order
    };
    orders(count - 1)
        .into_iter()
        .flat_map(|order| (0..count).map(move |at| with(order.clone(), at)))
        .collect()
}

pub fn not_safe(life: &Life, volume: &Volume, views: &[(String, Vec<Version>)]) -> Option<Breach> {
    if volume.verdict.start != Some(Start::Safe) {
        return None;
    }
    let count = life.engine.replicas.len();
    let text = orders(count).iter().find_map(|order| loses(life, views, order))?;
    Some(Breach::new("start", format!("called safe, {text}")))
}

fn loses(life: &Life, views: &[(String, Vec<Version>)], order: &[usize]) -> Option<String> {
    let mut model = quiet(&life.engine);
    let truth = &life.engine.truth;
    let mut dice = Dice::new(life.seed);
    let Some(leader) = model.elect(order) else {
        return Some(format!("{order:?}: nobody leads"));
    };
    if let Err(message) = model.lead(leader, &mut dice) {
        return Some(format!("{order:?}: {message}"));
    }
    for at in order.iter().copied().filter(|at| *at != leader) {
        // Those beyond the factor stay out.
        if model.rw.len() < model.factor {
            let outcome = model.join(at, &mut dice);
            if !matches!(outcome, Joined::Accepted { .. }) {
                return Some(format!("{order:?}: rep-{} {outcome:?}", at + 1));
            }
        }
    }
    let led = model.replicas[leader].view_now();
    for at in &model.rw {
        let view = model.replicas[*at].view_now();
        // A hole reads like zeros that were written over what was there, and nothing is lost by that.
        let same = |(own, led): (&Version, &Version)| if truth.same_bytes(*own, *led) { *led } else { *own };
        let own: Vec<Version> = view.iter().zip(&led).map(same).collect();
        let lost = lost(life, views, &own);
        let others =
            model.rw.iter().map(|other| truth.newer(&model.replicas[*other].view_now(), &own, false));
        let differ = others.max().unwrap_or(0);
        if lost > 0 || differ > 0 {
            return Some(format!("{order:?}: rep-{} lost {lost}, differs {differ}", at + 1));
        }
    }
    None
}
