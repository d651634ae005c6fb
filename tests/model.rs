//! Verdicts and foretold joins against a model that knows the truth, over many seeds.
//!
//! `JIVASCOPE_SEEDS=10000` walks more of them, `JIVASCOPE_FROM=20000` begins there, `JIVASCOPE_SEED=4711` walks one alone,
//! with its story. What went untold is counted by rule: lives in which some replica held every acknowledged write and no
//! one was named.

#![allow(clippy::print_stderr)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jivascope::analysis::{self, Options, Volume};
use jivascope::blocks::MergedView;
use jivascope::evidence::{Evidence, Found};
use jivascope::ident::Label;
use jivascope::jiva::Outcome;
use jivascope::verdict::{Confidence, Start, VerdictKind};
use support::model::Dice;
use support::model::engine::{Engine, Joined};
use support::model::walk::live;

fn volume(engine: &Engine, metadata_only: bool) -> Volume {
    let replicas = engine
        .replicas
        .iter()
        .map(|replica| Found {
            label: Label::new(replica.label.as_str()),
            path: replica.label.clone(),
            input: 0,
            source: Arc::new(replica.disk.source(&engine.truth)),
            labelled: true,
            volume: None,
            damage: Vec::new(),
        })
        .collect();
    let mut options = Options::default();
    options.metadata_only = metadata_only;
    let mut volumes = analysis::analyze(Evidence { inputs: Vec::new(), replicas }, options, &()).volumes;
    assert_eq!(volumes.len(), 1);
    volumes.pop().unwrap()
}

/// What is wrong with the answer about one life, a line each: what can never be excused, and what can.
fn wrong(engine: &Engine, volume: &Volume, seed: u64) -> Vec<String> {
    let mut out = Vec::new();
    let views: Vec<(String, Vec<usize>)> =
        engine.replicas.iter().filter_map(|r| Some((r.label.clone(), r.disk.view()?))).collect();
    for replica in &volume.replicas {
        let readable = views.iter().any(|(label, _)| label == replica.label.as_str());
        let shown = views.iter().find(|(label, _)| label == replica.label.as_str());
        if let (Some((_, versions)), Ok(view)) = (shown, MergedView::live(replica)) {
            let mut bytes = vec![0; view.size() as usize];
            view.read_at(0, &mut bytes).unwrap();
            let truth: Vec<u8> = versions.iter().flat_map(|version| engine.truth.bytes(*version)).collect();
            if bytes != truth {
                out.push(format!("{}: the view is not what was written", replica.label));
            }
        }
        if readable != replica.error.is_none() {
            out.push(format!("{}: readable {readable}, told {:?}", replica.label, replica.error));
        }
    }
    out.extend(wrong_verdict(engine, volume, &views));
    out.extend(wrong_joins(engine, volume, seed));
    out.extend(wrong_start(engine, volume, &views, seed));
    out
}

fn wrong_verdict(engine: &Engine, volume: &Volume, views: &[(String, Vec<usize>)]) -> Option<String> {
    let verdict = &volume.verdict;
    if !matches!(verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative) {
        return None;
    }
    let named: BTreeSet<String> =
        verdict.holders.iter().chain(&verdict.keep).map(|label| label.as_str().to_owned()).collect();
    let mut may = engine.truth.holders(views, false);
    may.extend(engine.truth.holders(views, true));
    let sure = verdict.confidence == Confidence::Proven;
    let unfit = |label: &&String| !may.contains(*label) && (sure || !only_buried(engine, views, label));
    let unfit: Vec<&String> = named.iter().filter(unfit).collect();
    (!unfit.is_empty() || named.is_empty()).then(|| {
        let grave = if verdict.confidence == Confidence::Proven { "PROVEN WRONG" } else { "wrong" };
        format!("verdict {grave}: {:?} {:?} names {unfit:?}, truth {may:?}", verdict.kind, verdict.confidence)
    })
}

/// Whether all that a replica lacks are blocks that were written anew since, by those who had lost what was there
/// before, or never saw it because another ran alone with a replication factor of 1. Neither leaves a mark: the
/// newest write is there. Such an answer may be strong, never proven.
fn only_buried(engine: &Engine, views: &[(String, Vec<usize>)], label: &str) -> bool {
    let replica = engine.replicas.iter().find(|replica| replica.label == label).unwrap();
    let Some(own) = replica.disk.view() else { return false };
    lost(engine, views, &own) == 0
}

/// Blocks of acknowledged writes that a view lacks, and that were not lost and written anew.
fn lost(engine: &Engine, views: &[(String, Vec<usize>)], own: &[usize]) -> usize {
    let lacks = |other: &[usize], at: usize| {
        engine.truth.newer(&other[at..=at], &own[at..=at], false) > 0
            && engine.truth.newer(&other[at..=at], &own[at..=at], true) > 0
    };
    let buried = |label: &str, other: &[usize], at: usize| {
        let somebody = engine.replicas.iter().filter(|replica| replica.label != label);
        own[at] > other[at]
            && (engine.ran_alone || somebody.into_iter().any(|replica| replica.had.contains(&other[at])))
    };
    let count = |(label, other): &(String, Vec<usize>)| {
        (0..own.len()).filter(|at| lacks(other, *at) && !buried(label, other, *at)).count()
    };
    views.iter().map(count).max().unwrap_or(0)
}

/// Whether nobody is named though some replica holds every acknowledged write.
fn is_untold(engine: &Engine, volume: &Volume) -> bool {
    let views: Vec<(String, Vec<usize>)> =
        engine.replicas.iter().filter_map(|r| Some((r.label.clone(), r.disk.view()?))).collect();
    !matches!(volume.verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative)
        && !engine.truth.holders(&views, true).is_empty()
}

fn wrong_joins(engine: &Engine, volume: &Volume, seed: u64) -> Vec<String> {
    let mut out = Vec::new();
    for foretold in &volume.joins {
        let place = |label: &Label| engine.replicas.iter().position(|r| r.label == label.as_str()).unwrap();
        let (rw, wo) = (place(&foretold.join.rw), place(&foretold.join.wo));
        let mut model = engine.clone();
        (model.factor, model.traffic, model.punches) = (3, 0, false);
        let mut dice = Dice::new(seed);
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
            (Joined::Failed(_), Joined::Failed(_)) => {}
            (told, outcome) if told != outcome => {
                out.push(format!("join {pair}: told {told:?}, is {outcome:?}"))
            }
            (Joined::Accepted { .. }, _) => {
                let (after, source) = (model.replicas[wo].view_now(), model.replicas[rw].view_now());
                let count = |one: &[usize], other: &[usize]| {
                    let same = |(a, b): (&usize, &usize)| engine.truth.bytes(*a) == engine.truth.bytes(*b);
                    one.iter().zip(other).filter(|pair| !same(*pair)).count() as u64
                };
                let truth = (Some(count(&after, &source)), before.map(|before| count(&after, &before)));
                if (foretold.differing, foretold.changed) != truth {
                    let told = (foretold.differing, foretold.changed);
                    out.push(format!("join {pair}: differing, changed told {told:?}, are {truth:?}"));
                }
            }
            _ => {}
        }
    }
    out
}

/// Where a start is called safe, it is, in whatever order.
fn wrong_start(
    engine: &Engine,
    volume: &Volume,
    views: &[(String, Vec<usize>)],
    seed: u64,
) -> Option<String> {
    if volume.verdict.start != Some(Start::Safe) {
        return None;
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut model = engine.clone();
        (model.factor, model.traffic) = (3, 0);
        let mut dice = Dice::new(seed);
        let Some(leader) = model.elect(&order) else {
            return Some(format!("called safe, {order:?}: nobody leads"));
        };
        if let Err(message) = model.lead(leader, &mut dice) {
            return Some(format!("called safe, {order:?}: {message}"));
        }
        for at in order.into_iter().filter(|at| *at != leader) {
            let outcome = model.join(at, &mut dice);
            if !matches!(outcome, Joined::Accepted { .. }) {
                return Some(format!("called safe, {order:?}: rep-{} {outcome:?}", at + 1));
            }
        }
        for replica in &model.replicas {
            // A hole reads like zeros that were written over what was there, and nothing is lost by that.
            let same = |(own, led): (usize, usize)| {
                if engine.truth.bytes(own) == engine.truth.bytes(led) { led } else { own }
            };
            let led = model.replicas[leader].view_now();
            let view: Vec<usize> = replica.view_now().into_iter().zip(led).map(same).collect();
            let lost = lost(engine, views, &view);
            let differ =
                model.replicas.iter().map(|other| engine.truth.newer(&other.view_now(), &view, false)).max();
            if lost > 0 || differ > Some(0) {
                return Some(format!(
                    "called safe, {order:?}: {} lost {lost}, differs {differ:?}",
                    replica.label
                ));
            }
        }
    }
    None
}

#[test]
fn verdicts_and_joins_hold_against_the_model() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let one = number("JIVASCOPE_SEED");
    let from = number("JIVASCOPE_FROM").unwrap_or(0);
    let many = from..from + number("JIVASCOPE_SEEDS").unwrap_or(1000);
    let seeds = one.map_or(many, |seed| seed..seed + 1);
    let mut failures = Vec::new();
    let (mut kinds, mut starts, mut joins) = (BTreeMap::new(), BTreeMap::new(), 0);
    let mut untold = BTreeMap::new();
    for seed in seeds.clone() {
        let (engine, story) = live(seed);
        let volume = volume(&engine, false);
        if one.is_some() {
            eprintln!("{}", story.join("\n"));
            for one in &engine.replicas {
                eprintln!("{}: {:?}, files {:?}", one.label, one.disk.meta, one.disk.names);
                for other in engine.replicas.iter().filter(|other| other.label != one.label) {
                    let (Some(held), Some(view)) = (one.disk.view(), other.disk.view()) else { continue };
                    let count = |settled| engine.truth.newer(&held, &view, settled);
                    let places = (0..held.len())
                        .filter(|at| engine.truth.newer(&held[*at..=*at], &view[*at..=*at], false) > 0);
                    let (all, settled) = (count(false), count(true));
                    eprintln!(
                        "{} newer than {}: {all}, acknowledged {settled}, at {:?}",
                        one.label,
                        other.label,
                        places.collect::<Vec<_>>()
                    );
                }
            }
            eprintln!("{:#?}\n{:#?}", volume.verdict, volume.lineage.relations);
        }
        *kinds.entry((volume.verdict.kind, volume.verdict.confidence)).or_insert(0) += 1;
        if is_untold(&engine, &volume) {
            *untold.entry(volume.verdict.rule.to_string()).or_insert(0) += 1;
        }
        joins += volume.joins.len();
        *starts.entry(volume.verdict.start.map(Start::as_str)).or_insert(0) += 1;
        for line in wrong(&engine, &volume, seed) {
            failures.push(format!("JIVASCOPE_SEED={seed} cargo test --test model -- --nocapture: {line}"));
        }
    }
    eprintln!("{} seeds, {joins} joins, {starts:?}, {kinds:?}, untold {untold:?}", seeds.end - seeds.start);
    assert!(failures.is_empty(), "{} wrong:\n{}", failures.len(), failures.join("\n"));
}
