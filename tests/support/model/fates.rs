//! What people do to a volume from outside: copies put back, members replaced, spells with another factor.

use super::Dice;
use super::engine::Engine;
use super::process::Process;
use super::walk::start;

/// What happens outside of the engine in one life.
#[derive(Debug, Default)]
pub struct Outside {
    /// Old copies of directories.
    backups: Vec<Process>,
    /// Members whose place was taken by a new directory.
    retired: Vec<Process>,
    /// How often user snapshots of lone halves were named.
    names: usize,
}

impl Outside {
    /// A copy of a replica that is away is kept, or put back in its place.
    pub fn keep_or_restore(&mut self, engine: &mut Engine, dice: &mut Dice, story: &mut Vec<String>) {
        let at = dice.below(engine.replicas.len());
        if engine.rw.contains(&at) {
            return;
        }
        match self.backups.iter().position(|copy| copy.label == engine.replicas[at].label) {
            Some(found) => {
                story.push(format!("an old copy of rep-{} is put back", at + 1));
                engine.replicas[at] = self.backups.remove(found);
            }
            None => {
                story.push(format!("a copy of rep-{} is kept", at + 1));
                self.backups.push(engine.replicas[at].clone());
            }
        }
    }

    /// A new directory takes the place of a member that is away; or the old one comes back beside it.
    pub fn replace_or_return(&mut self, engine: &mut Engine, dice: &mut Dice, story: &mut Vec<String>) {
        if engine.replicas.len() == 3
            && let Some(mut old) = self.retired.pop()
        {
            story.push(format!("the former {} comes back as rep-4", old.label));
            old.label = "rep-4".to_owned();
            engine.replicas.push(old);
            return;
        }
        let away = engine.away();
        if !away.is_empty() {
            let at = dice.one(&away);
            story.push(format!("a new directory takes the place of rep-{}", at + 1));
            self.retired.push(engine.replicas[at].clone());
            engine.replicas[at].wipe(200 + engine.now as usize);
        }
    }

    /// Some replicas run for a while with a lower factor.
    pub fn spell(&mut self, engine: &mut Engine, named: bool, dice: &mut Dice, story: &mut Vec<String>) {
        engine.stop(dice.percent(70));
        engine.commit();
        let factor = if dice.percent(60) { 1 } else { 2 };
        let mut members = dice.shuffled(&engine.all());
        members.truncate(factor);
        start(engine, &members, factor, dice, story);
        let writes = 1 + dice.below(10);
        story.push(format!("{writes} writes with {factor}, rw {:?}", engine.rw));
        for _ in 0..writes {
            if dice.percent(15) {
                let name = named.then(|| format!("daily-{}", self.names / 2 + 1));
                self.names += 1;
                story.push(format!("user snapshot {name:?}"));
                engine.user_snapshot(name.as_deref());
            }
            engine.write(None, dice);
        }
        engine.stop(dice.percent(70));
        engine.commit();
        if dice.percent(85) {
            let mut order = dice.shuffled(&engine.all());
            if dice.percent(40) {
                order.truncate(2);
            }
            start(engine, &order, 3, dice, story);
        }
    }

    /// At the end an old copy may lie beside the rest.
    pub fn leave_beside(&mut self, engine: &mut Engine, dice: &mut Dice, story: &mut Vec<String>) {
        if engine.replicas.len() == 3
            && dice.percent(25)
            && let Some(mut old) = self.backups.pop()
        {
            story.push(format!("an old copy of {} lies beside as rep-4", old.label));
            old.label = "rep-4".to_owned();
            engine.replicas.push(old);
        }
    }
}

/// One member is away and joins again, many times, so that snapshots pile up; then each replica may clean.
pub fn pile_up(engine: &mut Engine, dice: &mut Dice, story: &mut Vec<String>) {
    let mut joins = 0;
    for _ in 0..8 + dice.below(8) {
        if engine.rw.len() < 2 {
            break;
        }
        let at = engine.rw[1 + dice.below(engine.rw.len() - 1)];
        (0..dice.below(3)).for_each(|_| engine.write(None, dice));
        engine.gone(at);
        (0..dice.below(2)).for_each(|_| engine.write(None, dice));
        let now = engine.now;
        if engine.replicas[at].start(now).is_ok() {
            engine.join(at, dice);
            joins += 1;
        }
    }
    let merged: Vec<usize> = engine.all().into_iter().map(|at| engine.clean(at, dice.below(4))).collect();
    story.push(format!("{joins} joins in a row, merged {merged:?}"));
}
