//! Forecast joins against joins that the model makes.

use jivascope::analysis::{PredictedJoin, Volume};
use jivascope::dialect::jiva::engine::Outcome;

use super::{Breach, Life};
use crate::support::model::Dice;
use crate::support::model::engine::{Engine, Joined};

pub fn wrong(life: &Life, volume: &Volume) -> Vec<Breach> {
    let said = volume.joins.iter().filter_map(|foretold| wrong_join(life, foretold));
    said.map(|text| Breach::new("join", text)).collect()
}

/// The engine as it is, with the factor that the program was told, and nobody who writes.
pub fn quiet(engine: &Engine) -> Engine {
    let mut model = engine.clone();
    (model.factor, model.traffic, model.flaky) = (3, 0, 0);
    model
}

fn wrong_join(life: &Life, foretold: &PredictedJoin) -> Option<String> {
    let place = |label: &str| life.engine.replicas.iter().position(|r| r.label == label).unwrap();
    let (rw, wo) = (place(foretold.join.rw.as_str()), place(foretold.join.wo.as_str()));
    let mut model = quiet(&life.engine);
    model.punches = false;
    let mut dice = Dice::new(life.seed);
    let now = model.now + 10;
    let started = model.replicas[rw].start(now).is_ok() && model.replicas[wo].start(now).is_ok();
    let before = model.replicas[wo].disk.view();
    let outcome = if started && model.lead(rw, &mut dice).is_ok() {
        model.join(wo, &mut dice)
    } else {
        Joined::Failed("start".to_owned())
    };
    let told = match &foretold.join.outcome {
        Outcome::Accepted { copied, .. } => Joined::Accepted { images: copied.len() },
        Outcome::Refused => Joined::Refused,
        Outcome::Error(text) => Joined::Failed(text.to_string()),
    };
    let pair = format!("{} <- {}", foretold.join.rw, foretold.join.wo);
    match (&told, &outcome) {
        (Joined::Failed(_), Joined::Failed(_)) => None,
        (told, outcome) if told != outcome => Some(format!("{pair}: told {told:?}, is {outcome:?}")),
        (Joined::Accepted { .. }, _) => {
            let (after, source) = (model.replicas[wo].view_now(), model.replicas[rw].view_now());
            let count = |one: &[usize], other: &[usize]| {
                let same = |(a, b): (&usize, &usize)| model.truth.same_bytes(*a, *b);
                one.iter().zip(other).filter(|pair| !same(*pair)).count() as u64
            };
            let truth = (Some(count(&after, &source)), before.map(|before| count(&after, &before)));
            let told = (foretold.differing, foretold.changed);
            (told != truth).then(|| format!("{pair}: differing, changed told {told:?}, are {truth:?}"))
        }
        _ => None,
    }
}
