//! A random life of a volume.

use super::Dice;
use super::disk::{BLOCKS, Version};
use super::engine::Engine;
use super::fates::{Outside, pile_up};

/// What a walk may do beside writing, killing and joining.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    pub restores: bool,
    pub power_cuts: bool,
    pub spells: bool,
    pub wipes: bool,
    pub replaces: bool,
    pub piles: bool,
    /// Lone halves give their user snapshots the same names.
    pub named: bool,
}

/// Lives through a number of phases and stops; the story tells what happened.
pub fn live(seed: u64) -> (Engine, Vec<String>) {
    let mut dice = Dice::new(seed);
    let habits = Habits {
        restores: dice.percent(20),
        power_cuts: dice.percent(25),
        spells: dice.percent(35),
        wipes: dice.percent(30),
        replaces: dice.percent(20),
        piles: dice.percent(10),
        named: dice.percent(50),
    };
    let mut engine = Engine::new(3, 3);
    engine.traffic = if dice.percent(60) { 40 } else { 0 };
    // A copy shows that it kept holes and zeros only where there are zeros.
    engine.zeros = dice.one(&[8, 30, 50]);
    engine.unaligned = if dice.percent(20) { 30 } else { 0 };
    engine.flaky = if dice.percent(20) { 25 } else { 0 };
    engine.polite = dice.percent(20);
    if dice.percent(35) {
        engine.hot = (0..1 + dice.below(4)).map(|_| dice.below(BLOCKS - 4)).collect();
    }
    let version = match dice.below(20) {
        0 => Version::V1_5,
        1 => Version::V1_12,
        _ => Version::V3,
    };
    // Drawn apart, so that a life is the same with a log or without.
    let logged = version != Version::V1_5 && Dice::new(seed ^ 0x10_65).percent(50);
    for replica in &mut engine.replicas {
        (replica.disk.version, replica.disk.logged) = (version, logged);
    }
    let mut story = vec![format!(
        "{version:?}, {habits:?}, traffic {}, zeros {}, parts {}, flaky {}, polite {}, hot {:?}",
        engine.traffic, engine.zeros, engine.unaligned, engine.flaky, engine.polite, engine.hot
    )];
    start(&mut engine, &[0, 1, 2], 3, &mut dice, &mut story);
    let mut outside = Outside::default();
    for _ in 0..4 + dice.below(14) {
        if habits.restores && dice.percent(15) {
            outside.keep_or_restore(&mut engine, &mut dice, &mut story);
        }
        if habits.replaces && dice.percent(15) {
            outside.replace_or_return(&mut engine, &mut dice, &mut story);
        }
        if habits.spells && dice.percent(12) {
            outside.spell(&mut engine, habits.named, &mut dice, &mut story);
        }
        phase(&mut engine, habits, &mut dice, &mut story);
    }
    engine.stop(dice.percent(50));
    outside.leave_beside(&mut engine, &mut dice, &mut story);
    (engine, story)
}

fn phase(engine: &mut Engine, habits: Habits, dice: &mut Dice, story: &mut Vec<String>) {
    match dice.below(12) {
        0..=4 => {
            let count = 1 + dice.below(14);
            story.push(format!("{count} writes, rw {:?}", engine.rw));
            (0..count).for_each(|_| engine.write(None, dice));
        }
        5 => {
            story.push("user snapshot".to_owned());
            maybe_fuse(engine, dice, story);
            engine.user_snapshot(None);
        }
        6 => {
            let victim = dice.below(engine.replicas.len());
            if engine.rw.contains(&victim) {
                engine.replicas[victim].fuse = Some(dice.below(6));
                story.push(format!("rep-{} is to die", victim + 1));
                (0..4).for_each(|_| engine.write(None, dice));
                engine.gone(victim);
            }
        }
        7 | 8 => {
            let away = engine.away();
            if !away.is_empty() && !engine.rw.is_empty() {
                rejoin(engine, dice.one(&away), true, dice, story);
            }
        }
        9 => stop_and_start(engine, habits, dice, story),
        10 if habits.piles => pile_up(engine, dice, story),
        11 if habits.wipes => wipe(engine, dice, story),
        _ => {}
    }
}

fn stop_and_start(engine: &mut Engine, habits: Habits, dice: &mut Dice, story: &mut Vec<String>) {
    let cut = habits.power_cuts && dice.percent(60);
    if dice.percent(40) {
        // The controller goes in the middle of a write.
        let some = dice.below(engine.replicas.len());
        if engine.rw.contains(&some) {
            engine.replicas[some].fuse = Some(dice.below(2));
            engine.write(None, dice);
        }
    }
    engine.stop(!cut && dice.percent(50));
    story.push(format!("all stop, power cut: {cut}"));
    if cut {
        engine.replicas.iter_mut().for_each(|replica| replica.disk.cut_power());
    } else {
        engine.commit();
    }
    let mut all = dice.shuffled(&engine.all());
    if dice.percent(60) {
        all.truncate(2);
    }
    start(engine, &all, 3, dice, story);
}

fn wipe(engine: &mut Engine, dice: &mut Dice, story: &mut Vec<String>) {
    let away = engine.away();
    if away.is_empty() {
        return;
    }
    let at = dice.one(&away);
    let uuid = 100 + engine.now as usize;
    if dice.percent(50) {
        engine.replicas[at].wipe(uuid);
        story.push(format!("rep-{} is wiped", at + 1));
    } else {
        engine.replicas[at].disk.meta = None;
        engine.replicas[at].disk.uuid = uuid;
        story.push(format!("rep-{} loses its volume.meta", at + 1));
    }
}

fn maybe_fuse(engine: &mut Engine, dice: &mut Dice, story: &mut Vec<String>) {
    if dice.percent(40) {
        let at = dice.below(engine.replicas.len());
        if engine.rw.contains(&at) {
            engine.replicas[at].fuse = Some(dice.below(10));
            story.push(format!("rep-{} is to die", at + 1));
        }
    }
}

fn rejoin(engine: &mut Engine, at: usize, may_die: bool, dice: &mut Dice, story: &mut Vec<String>) {
    let now = engine.now;
    if engine.replicas[at].start(now).is_err() {
        story.push(format!("rep-{} does not start", at + 1));
        return;
    }
    if may_die && dice.percent(30) {
        // Anywhere, and often within its last steps.
        let steps = engine.steps_to_join(at, dice);
        let fuse = if dice.percent(40) { steps.saturating_sub(1 + dice.below(3)) } else { dice.below(steps) };
        story.push(format!("rep-{} is to stop at step {fuse} of {steps}", at + 1));
        engine.replicas[at].fuse = Some(fuse);
    }
    let outcome = engine.join(at, dice);
    engine.replicas[at].fuse = None;
    story.push(format!("rep-{} joins: {outcome:?}", at + 1));
    // A join takes long enough for the file systems to commit, mostly.
    if dice.percent(75) {
        engine.commit();
    }
}

/// Starts a set in this order of registering; the rest of the set joins.
pub fn start(engine: &mut Engine, order: &[usize], factor: usize, dice: &mut Dice, story: &mut Vec<String>) {
    engine.factor = factor;
    engine.ran_alone |= factor == 1;
    let Some(leader) = engine.elect(order) else {
        story.push(format!("start {order:?} with {factor}: nobody leads"));
        return;
    };
    if engine.lead(leader, dice).is_err() {
        return;
    }
    story.push(format!("start {order:?} with {factor}: rep-{} leads", leader + 1));
    for at in order.iter().copied().filter(|at| *at != leader) {
        rejoin(engine, at, false, dice, story);
    }
}
