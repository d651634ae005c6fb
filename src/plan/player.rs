//! One act after the other on one volume: what Jiva does, who leads, whose data lie where then.

use super::act::{Act, Who};
use super::holdings::Holdings;
use super::ledger::Ledger;
use super::orders::orders;
use super::played::Played;
use crate::analysis::Volume;
use crate::dialect::jiva::engine::{Directory, Event, Play, Process, Table};
use crate::dialect::jiva::log::Address;
use crate::finding::Facts;
use crate::ident::Label;

/// The addresses of replicas that were not given, as logs, replies and lists show them.
fn missing(volume: &Volume) -> impl Iterator<Item = &str> {
    volume.findings.iter().filter_map(|finding| match &finding.facts {
        Facts::MissingWitness { seen: Some(missing), .. } => Some(missing.address.as_str()),
        _ => None,
    })
}

/// A volume on which acts are played.
#[derive(Clone)]
pub(super) struct Player<'a> {
    volume: &'a Volume,
    pub(super) play: Play<'a>,
    pub(super) ledger: Ledger<'a>,
    /// Directories that were moved aside or copied: whose place it was, what lay there, and whose data that is.
    put_by: Vec<(Label, Directory, Option<Label>)>,
    /// Whether a replica that nobody supplied may be about.
    unseen: bool,
}

impl<'a> Player<'a> {
    /// Everything as it lies in the evidence, all processes stopped.
    pub(super) fn of(volume: &'a Volume, table: &'a Table, unseen: bool) -> Self {
        Self { volume, play: Play::of(table), ledger: Ledger::of(volume), put_by: Vec::new(), unseen }
    }

    /// What an act brings about, in each way that luck may take.
    pub(super) fn act(mut self, act: &Act) -> Vec<(Self, Played)> {
        let mut played = Played::of(act);
        let mut ways = match act {
            Act::Start { who } => self.start(who, played),
            Act::Restart { who } => {
                self.stop(who, &mut played);
                self.start(who, played)
            }
            act => {
                self.apply(act, &mut played);
                vec![(self, played)]
            }
        };
        if matches!(act, Act::Stop { .. } | Act::DeleteEntry { .. } | Act::Start { .. }) {
            ways = ways.into_iter().flat_map(|(player, played)| player.tried_again(played)).collect();
        }
        ways.iter_mut().for_each(|(player, played)| player.weigh(played));
        ways
    }

    /// Replicas that were refused try again and again: once nobody is RW any more they are heard.
    fn tried_again(self, played: Played) -> Vec<(Self, Played)> {
        let again = self.play.retrying();
        if again.is_empty() {
            return vec![(self, played)];
        }
        self.at_once(&again, played, |player, order, played| {
            for label in order {
                let events = player.play.start(label);
                player.note(events, played);
            }
        })
    }

    /// How many replicas are not RW.
    pub(super) fn short(&self) -> usize {
        self.volume.replicas.len().saturating_sub(self.play.members())
    }

    /// What tells this world from another.
    pub(super) fn state(&self) -> Vec<(Option<Label>, Process, usize)> {
        let labels = Holdings::of(self.volume).labels();
        let source = self.play.source();
        labels
            .map(|label| {
                let holds = self.ledger.holds(label).cloned();
                (holds, self.play.process(label), usize::from(source.as_ref() == Some(label)))
            })
            .collect()
    }

    /// An act in which luck has no part.
    fn apply(&mut self, act: &Act, played: &mut Played) {
        match act {
            Act::Stop { who } => self.stop(who, played),
            Act::Start { .. } | Act::Restart { .. } | Act::Wait { .. } => {}
            Act::Wipe { replica } => {
                self.hidden(replica, played);
                self.emptied(replica, played);
            }
            Act::MoveAside { replica } => {
                self.put_by(replica);
                self.emptied(replica, played);
            }
            Act::Copy { replica } => {
                if self.play.process(replica) != Process::Stopped {
                    let text = format!("{replica} runs: a copy of a running replica is of no single moment");
                    played.unknown = Some(text);
                } else {
                    self.put_by(replica);
                }
            }
            Act::Export { replica } => self.export(replica, played),
            Act::Restore { replica, from } => self.restore(replica, from, played),
            Act::RemoveFile { replica, file } => self.remove(replica, file, played),
            Act::Set { replica, key, value } => {
                if !(key == "Rebuilding" && value == "false") {
                    let text = format!("what Jiva makes of a changed {key} of {replica} is not played");
                    played.unknown = Some(text);
                } else if self.volume.jiva_version.clears_rebuilding_first() {
                    played.events.push("Jiva clears it itself at the next start.".to_owned());
                } else {
                    let text =
                        format!("whether {replica} is then elected is not played: this version goes by it");
                    played.unknown = Some(text);
                }
            }
            Act::DeleteEntry { address } => self.delete_entry(address, played),
        }
    }

    /// What is lost, or missing in the volume, since the last time.
    fn weigh(&mut self, played: &mut Played) {
        played.lost = self.ledger.newly_lost();
        let doubted: Vec<String> = self.ledger.newly_doubted().iter().map(ToString::to_string).collect();
        if !doubted.is_empty() && played.unknown.is_none() {
            played.unknown = Some(format!(
                "that another holds all that {} held is not certain: copy or export it first",
                doubted.join(" and ")
            ));
        }
        if let Some(source) = self.play.source() {
            let served = self.ledger.holds(&source).cloned();
            played.missed = self.ledger.newly_missed(served.as_ref());
            let other = |label: &Label| {
                let same = |own, served| Holdings::of(self.volume).alike(own, served);
                let (own, served) = (self.ledger.holds(label), served.as_ref());
                own != served && !own.zip(served).is_some_and(|(own, served)| same(own, served))
            };
            let read_write = |label: &Label| self.play.process(label) == Process::ReadWrite;
            let labels = self.volume.replicas.iter().map(|replica| &replica.label);
            played.differ = labels.filter(|label| read_write(label) && other(label)).cloned().collect();
        }
    }

    fn labels(&self, who: &Who) -> Vec<Label> {
        match who {
            Who::Controller | Who::Operator => Vec::new(),
            Who::Replica(label) => vec![label.clone()],
            Who::Several(labels) => labels.clone(),
            Who::All | Who::Replicas => {
                self.volume.replicas.iter().map(|replica| replica.label.clone()).collect()
            }
        }
    }

    fn stop(&mut self, who: &Who, played: &mut Played) {
        for label in self.labels(who) {
            let events = self.play.stop(&label);
            self.note(events, played);
        }
        if matches!(who, Who::All | Who::Controller) {
            let events = self.play.stop_controller();
            self.note(events, played);
        }
    }

    fn start(self, who: &Who, played: Played) -> Vec<(Self, Played)> {
        // One that runs is not started again.
        let controller = matches!(who, Who::All | Who::Controller) && !self.play.is_in_use();
        let labels = || Holdings::of(self.volume).labels();
        // The replicas that run register again with a new controller.
        let again: Vec<Label> = labels()
            .filter(|label| controller && self.play.process(label) != Process::Stopped)
            .cloned()
            .collect();
        let new: Vec<Label> = self.labels(who).into_iter().filter(|one| !again.contains(one)).collect();
        let unseen = self.unseen && !(again.is_empty() && new.is_empty());
        let mut ways = if controller {
            self.at_once(&again, played, |player, order, played| {
                let events = player.play.start_controller(order);
                player.note(events, played);
            })
        } else {
            vec![(self, played)]
        };
        if unseen {
            let text = "a replica that was not given may run: it would lead, and refuse or overwrite what is started";
            for (_, played) in &mut ways {
                played.unknown.get_or_insert_with(|| text.to_owned());
            }
        }
        if new.is_empty() {
            return ways;
        }
        let start = |player: &mut Self, order: &[&Label], played: &mut Played| {
            for label in order {
                let events = player.play.start(label);
                player.note(events, played);
            }
        };
        ways.into_iter().flat_map(|(player, played)| player.at_once(&new, played, start)).collect()
    }

    /// Several register at once: who is first is a matter of luck.
    fn at_once(
        self,
        labels: &[Label],
        played: Played,
        go: impl Fn(&mut Self, &[&Label], &mut Played),
    ) -> Vec<(Self, Played)> {
        let all = orders(&labels.iter().collect::<Vec<_>>());
        let one = |order: Vec<&Label>| {
            let (mut player, mut played) = (self.clone(), played.clone());
            if order.len() > 1 {
                let names: Vec<&str> = order.iter().map(|label| label.as_str()).collect();
                played.events.push(format!("In the order {}:", names.join(", ")));
            }
            go(&mut player, &order, &mut played);
            (player, played)
        };
        all.into_iter().map(one).collect()
    }

    fn emptied(&mut self, replica: &Label, played: &mut Played) {
        if self.play.process(replica) != Process::Stopped && played.unknown.is_none() {
            played.unknown = Some(format!("{replica} runs while its directory is emptied: stop it first"));
        }
        let events = self.play.empty(replica);
        self.note(events, played);
        self.ledger.set(replica, None);
    }

    /// What another's view does not hold is gone with a directory that was not copied.
    fn hidden(&self, replica: &Label, played: &mut Played) {
        let copied = self.put_by.iter().any(|(of, ..)| of == replica);
        let own = self.ledger.holds(replica) == Some(replica);
        if own
            && !copied
            && Holdings::of(self.volume).has_more_than_its_view(replica)
            && played.unknown.is_none()
        {
            played.unknown = Some(format!(
                "the directory of {replica} holds data that its view does not show (disks that no chain reaches, or the \
                 like): copy it first"
            ));
        }
    }

    fn export(&mut self, replica: &Label, played: &mut Played) {
        if self.ledger.holds(replica) == Some(replica) && !Holdings::of(self.volume).can_be_exported(replica)
        {
            played.unknown =
                Some(format!("the data of {replica} cannot be exported as they lie: copy its directory"));
        } else {
            self.ledger.keep(replica);
        }
    }

    fn put_by(&mut self, replica: &Label) {
        let data = self.ledger.holds(replica).cloned();
        self.put_by.push((replica.clone(), self.play.directory(replica), data));
        self.ledger.keep(replica);
    }

    fn restore(&mut self, replica: &Label, from: &Label, played: &mut Played) {
        if self.play.process(replica) != Process::Stopped {
            played.unknown = Some(format!("{replica} runs while its directory is replaced: stop it first"));
        }
        self.hidden(replica, played);
        let Some((_, directory, data)) = self.put_by.iter().rev().find(|(of, ..)| of == from).cloned() else {
            played.unknown = Some(format!("nothing of {from} was copied or moved aside by an earlier step"));
            return;
        };
        let events = self.play.put(replica, directory.of(replica));
        self.note(events, played);
        self.ledger.set(replica, data);
    }

    fn remove(&mut self, replica: &Label, file: &str, played: &mut Played) {
        match file {
            "log.info" | "tmpFile.tmp" => self.play.mend(replica),
            _ => {
                let text = format!("what Jiva makes of {replica} without {file} is not played");
                played.unknown = Some(text);
                if file.ends_with(".img") || file.ends_with(".meta") {
                    self.ledger.set(replica, None);
                }
            }
        }
    }

    fn delete_entry(&mut self, address: &str, played: &mut Played) {
        let known = self.volume.replicas.iter().find(|replica| replica.label.as_str() == address);
        if let Some(replica) = known {
            let events = self.play.forget_entry(&replica.label);
            self.note(events, played);
        } else if Address::read(address)
            .is_some_and(|one| missing(self.volume).any(|other| one.as_str() == other))
        {
            // Its data are in no copy, and a replica that nobody lists is soon taken for rubbish.
            played.gone.push(address.to_owned());
        } else if self.unseen {
            let text = format!(
                "{address} may be the replica that was not given and that refused the others: an entry that is listed RW \
                 can be alive, and its data are in no copy"
            );
            played.unknown = Some(text);
        }
    }

    /// Notes what Jiva did, in the ledger and in words.
    fn note(&mut self, events: Vec<Event>, played: &mut Played) {
        for event in events {
            let text = match &event {
                Event::Waits { replica, missing: 1 } => {
                    format!("{replica} registers and waits for one more.")
                }
                Event::Waits { replica, missing } => {
                    format!("{replica} registers and waits for {missing} more.")
                }
                Event::Leads { replica } => match self.ledger.holds(replica) {
                    Some(data) if data == replica => {
                        format!("{replica} leads: the volume is what it holds.")
                    }
                    Some(data) => format!("{replica} leads: the volume is what {data} held."),
                    None => format!("{replica} leads, and it is empty or a mixture: the volume serves that."),
                },
                Event::Joined { replica, source, copied } => {
                    self.joined(replica, source, *copied);
                    match copied {
                        0 => format!("{replica} joins {source}; nothing is copied."),
                        1 => format!("{replica} joins {source}; 1 image is copied over its own."),
                        _ => format!("{replica} joins {source}; {copied} images are copied over its own."),
                    }
                }
                Event::Refused { replica, source } => {
                    format!(
                        "{replica} is refused by {source}: its Checkpoint is not in the chain of {source}."
                    )
                }
                Event::Fails { replica, message } => format!("{replica} does not come up: {message}"),
                Event::NoController { replica } => {
                    format!("{replica} finds no controller and tries again until one runs.")
                }
                Event::NoMember => {
                    "No replica is RW any more: a session that is open reads zeros.".to_owned()
                }
            };
            played.events.push(text);
        }
    }

    /// What a join that copied images leaves in the joiner's directory.
    fn joined(&mut self, replica: &Label, source: &Label, copied: usize) {
        if copied == 0 {
            return;
        }
        let before = self.ledger.holds(replica).cloned();
        let after = self.ledger.holds(source).cloned();
        // Into an empty directory everything is copied; over older files it depends on what lay there.
        let whole = match (&before, &after) {
            (None, _) | (_, None) => true,
            (Some(before), Some(after)) if before == after => true,
            (Some(before), Some(after)) => self
                .volume
                .joins
                .iter()
                .any(|join| join.join.rw == *after && join.join.wo == *before && !join.splits),
        };
        self.ledger.set(replica, after.filter(|_| whole));
    }
}
