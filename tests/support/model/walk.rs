//! A random life of a volume.

use super::Dice;
use super::engine::Engine;
use super::process::Process;

/// What a walk may do beside writing, killing and joining.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    pub restores: bool,
    pub power_cuts: bool,
    pub solo: bool,
    pub wipes: bool,
}

/// Lives through a number of phases and stops; the story tells what happened.
pub fn live(seed: u64) -> (Engine, Vec<String>) {
    let mut dice = Dice::new(seed);
    let habits = Habits {
        restores: dice.percent(20),
        power_cuts: dice.percent(25),
        solo: dice.percent(35),
        wipes: dice.percent(35),
    };
    let mut engine = Engine::new(3, 3);
    engine.traffic = if dice.percent(60) { 40 } else { 0 };
    let mut story = vec![format!("{habits:?}, traffic {}", engine.traffic)];
    start(&mut engine, &[0, 1, 2], 3, &mut dice, &mut story);
    let mut copies: Vec<Process> = Vec::new();
    for _ in 0..4 + dice.below(14) {
        if habits.restores && dice.percent(15) {
            keep_or_restore(&mut engine, &mut copies, &mut dice, &mut story);
        }
        phase(&mut engine, habits, &mut dice, &mut story);
    }
    engine.stop(dice.percent(50));
    (engine, story)
}

/// A copy of a replica that is away is kept, or put back in its place.
fn keep_or_restore(engine: &mut Engine, copies: &mut Vec<Process>, dice: &mut Dice, story: &mut Vec<String>) {
    let at = dice.below(engine.replicas.len());
    if engine.rw.contains(&at) {
        return;
    }
    match copies.iter().position(|copy| copy.label == engine.replicas[at].label) {
        Some(found) => {
            story.push(format!("an old copy of rep-{} is put back", at + 1));
            engine.replicas[at] = copies.remove(found);
        }
        None => copies.push(engine.replicas[at].clone()),
    }
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
            engine.user_snapshot();
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
            let away: Vec<usize> = (0..engine.replicas.len()).filter(|at| !engine.rw.contains(at)).collect();
            if let Some(&at) = away.get(dice.below(away.len().max(1)))
                && !engine.rw.is_empty()
            {
                rejoin(engine, at, true, dice, story);
            }
        }
        9 => {
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
                engine.replicas.iter_mut().for_each(|replica| replica.disk.commit());
            }
            let mut all = dice.shuffled(&[0, 1, 2]);
            if dice.percent(60) {
                all.truncate(2);
            }
            start(engine, &all, 3, dice, story);
        }
        10 if habits.solo => {
            let at = dice.below(engine.replicas.len());
            engine.stop(true);
            start(engine, &[at], 1, dice, story);
            (0..1 + dice.below(8)).for_each(|_| engine.write(None, dice));
            engine.stop(true);
            start(engine, &dice.shuffled(&[0, 1, 2]), 3, dice, story);
        }
        11 if habits.wipes => {
            let away: Vec<usize> = (0..engine.replicas.len()).filter(|at| !engine.rw.contains(at)).collect();
            if let Some(&at) = away.get(dice.below(away.len().max(1))) {
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
        }
        _ => {}
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
    if may_die && dice.percent(25) {
        engine.replicas[at].fuse = Some(dice.below(22));
    }
    let outcome = engine.join(at, dice);
    engine.replicas[at].fuse = None;
    story.push(format!("rep-{} joins: {outcome:?}", at + 1));
}

/// Starts a set in this order of registering; the rest of the set joins.
fn start(engine: &mut Engine, order: &[usize], factor: usize, dice: &mut Dice, story: &mut Vec<String>) {
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
