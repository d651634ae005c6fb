//! What people do to a volume from outside: copies put back, members replaced, spells with another factor.

use super::Dice;
use super::disk::{BLOCKS, Meta};
use super::engine::Engine;
use super::process::{Process, record};
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
                let log = engine.replicas[at].disk.log.clone();
                engine.replicas[at] = self.backups.remove(found);
                // Sometimes the log is not part of what is put back.
                if engine.now.is_multiple_of(4) {
                    engine.replicas[at].disk.log = log;
                }
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

/// A clone of a snapshot that a user took lives on as a volume of its own. It carries the disks of its source by name.
/// Empty where no replica has such a snapshot.
pub fn cloned(engine: &mut Engine, dice: &mut Dice, story: &mut Vec<String>) -> Vec<Process> {
    let mut sources = Vec::new();
    for replica in &engine.replicas {
        let chain = replica.disk.chain().unwrap_or_default();
        let whole = chain.iter().skip(1).all(|name| replica.disk.names.contains_key(name));
        let user = chain.iter().position(|name| replica.disk.records[name].user);
        sources.extend(user.filter(|_| whole).map(|at| (replica.clone(), chain[at..].to_vec())));
    }
    if sources.is_empty() {
        return Vec::new();
    }
    let (source, chain) = &sources[dice.below(sources.len())];
    let half = dice.percent(25);
    story.push(format!("a clone of {} at {}, half: {half}", source.label, chain[0]));
    let one = clone("clone-1", 300 + engine.now as usize, half, source, chain);
    if half {
        return vec![one];
    }
    let mut side = engine.clone();
    (side.replicas, side.rw) = (vec![one], Vec::new());
    start(&mut side, &[0], 1, dice, story);
    (0..dice.below(8)).for_each(|_| side.write(None, dice));
    if dice.percent(50) {
        side.stop(true);
        // Each replica of a clone copies from the source by itself.
        side.replicas.push(clone("clone-2", 400 + engine.now as usize, false, source, chain));
        start(&mut side, &[0, 1], 2, dice, story);
        (0..dice.below(8)).for_each(|_| side.write(None, dice));
    }
    side.stop(dice.percent(50));
    engine.truth = side.truth;
    side.replicas
}

/// What the copying from a source makes of a new directory; half of it, where it was cut off before its last steps.
fn clone(label: &str, uuid: usize, half: bool, source: &Process, chain: &[String]) -> Process {
    let mut clone = Process::new(label, uuid);
    clone.disk.version = source.disk.version;
    for name in chain {
        clone.disk.inodes.push(source.disk.image(name).clone());
        clone.disk.names.insert(name.clone(), clone.disk.inodes.len() - 1);
        clone.disk.records.insert(name.clone(), source.disk.records[name].clone());
    }
    let (head, counter) = ("volume-head-000.img", source.disk.records[&chain[0]].counter.max(1));
    // The record of the head comes last: half a clone opens as an empty disk.
    let parent = if half { "" } else { &chain[0] };
    clone.disk.make(head, BLOCKS);
    clone.disk.records.insert(head.to_owned(), record(head, parent, false, 0, counter));
    clone.disk.counter = Some(counter);
    clone.disk.meta = Some(Meta {
        head: head.to_owned(),
        dirty: true,
        rebuilding: half,
        parent: chain[0].clone(),
        checkpoint: String::new(),
        counter,
        clone_status: if half { "inProgress" } else { "completed" },
    });
    clone
}
