//! Plays acts one after the other: what state each leaves, who leads, and what lies nowhere any more.

use serde::Serialize;

use super::act::{Act, Who};
use super::ledger::{Ledger, Loss};
use crate::analysis::{Options, Volume};
use crate::dialect::jiva::engine::{Directory, Event, Play, Process, Table};
use crate::dialect::jiva::log::Address;
use crate::finding::Facts;
use crate::ident::Label;

/// What came of all acts.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Linted {
    /// How it ends.
    pub outcome: Outcome,
    /// Each act, up to the first that destroys something.
    pub played: Vec<Played>,
    /// Whose data the volume is read from at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serves: Option<Label>,
    /// How many replicas are RW at the end.
    pub members: usize,
    /// Whose data the volume does not serve at the end, and which lie in a copy, an export or a directory beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Label>,
}

/// Whether acts are safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// No act destroys anything.
    Safe,
    /// It is unknown.
    Unknown,
    /// An act leaves replicas that are called healthy and differ.
    Splits,
    /// An act makes the volume serve older data than a replica holds, of which there is no copy.
    RollsBack,
    /// An act destroys data.
    Destroys,
}

/// One act and what it brings about.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Played {
    /// The act.
    pub act: Act,
    /// What Jiva does, a sentence each.
    pub events: Vec<String>,
    /// What lies nowhere any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Loss>,
    /// What the volume then lacks, and no copy or export holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Loss>,
    /// Addresses of replicas that were not given, and that nothing leads to any more: their data are in no copy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// Replicas that are RW then, and are not known to hold what the volume is read from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differ: Vec<Label>,
    /// Why it is unknown what it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// So many replicas are played in every order of starting; more in each order that is a rotation, forwards and backwards.
const ALL_UP_TO: usize = 4;

/// Orders in which some start.
fn orders(labels: &[Label]) -> Vec<Vec<&Label>> {
    if labels.len() > ALL_UP_TO {
        let turned = |turn: usize| (0..labels.len()).map(move |at| &labels[(at + turn) % labels.len()]);
        return (0..labels.len())
            .flat_map(|turn| [turned(turn).collect(), turned(turn).rev().collect()])
            .collect();
    }
    let mut out: Vec<Vec<&Label>> = vec![Vec::new()];
    for _ in labels {
        out = out
            .iter()
            .flat_map(|order| {
                let free = labels.iter().filter(|label| !order.contains(label));
                free.map(|label| order.iter().copied().chain([label]).collect::<Vec<_>>())
            })
            .collect();
    }
    out
}

/// Plays acts on a volume, up to the first that destroys something. All processes are stopped at first.
pub fn lint(volume: &Volume, options: &Options, acts: &[Act]) -> Linted {
    let joins = acts.len().saturating_mul(volume.replicas.len()).min(1024) + volume.replicas.len();
    let table = Table::of(&volume.replicas, volume.jiva_version, options.factor, joins);
    let mut player = Player {
        volume,
        play: Play::of(&table),
        ledger: Ledger::of(volume),
        put_by: Vec::new(),
        unseen: unseen(volume, options),
    };
    let mut out =
        Linted { outcome: Outcome::Safe, played: Vec::new(), serves: None, members: 0, beside: Vec::new() };
    for act in acts {
        let played = player.act(act);
        out.outcome = out.outcome.max(played.outcome());
        out.played.push(played);
        if out.outcome >= Outcome::Splits {
            break;
        }
    }
    out.members = player.play.members();
    out.serves = player.play.source().and_then(|source| player.ledger.holds(&source).cloned());
    if let Some(serves) = &out.serves {
        let missed = |label: &&Label| !player.ledger.includes(serves, label);
        out.beside = volume.replicas.iter().map(|one| &one.label).filter(missed).cloned().collect();
    }
    out
}

impl Played {
    fn outcome(&self) -> Outcome {
        match &self.unknown {
            _ if !self.lost.is_empty() || !self.gone.is_empty() => Outcome::Destroys,
            _ if !self.missed.is_empty() => Outcome::RollsBack,
            _ if !self.differ.is_empty() => Outcome::Splits,
            Some(_) => Outcome::Unknown,
            None => Outcome::Safe,
        }
    }
}

/// Whether a replica that nobody supplied may be about, and what it holds may matter.
pub(super) fn unseen(volume: &Volume, options: &Options) -> bool {
    !options.without_missing && !volume.verdict.complete
}

/// The addresses of replicas that were not given, as logs, replies and lists show them.
fn missing(volume: &Volume) -> impl Iterator<Item = &str> {
    volume.findings.iter().filter_map(|finding| match &finding.facts {
        Facts::MissingWitness { seen: Some(missing), .. } => Some(missing.address.as_str()),
        _ => None,
    })
}

#[derive(Clone)]
struct Player<'a> {
    volume: &'a Volume,
    play: Play<'a>,
    ledger: Ledger<'a>,
    /// Directories that were moved aside or copied: whose place it was, what lay there, and whose data that is.
    put_by: Vec<(Label, Directory, Option<Label>)>,
    /// Whether a replica that nobody supplied may be about.
    unseen: bool,
}

impl Player<'_> {
    fn act(&mut self, act: &Act) -> Played {
        let mut played = Played {
            act: act.clone(),
            events: Vec::new(),
            lost: Vec::new(),
            missed: Vec::new(),
            gone: Vec::new(),
            differ: Vec::new(),
            unknown: None,
        };
        match act {
            Act::Stop { who } => self.stop(who, &mut played),
            Act::Start { who } => self.start(who, &mut played),
            Act::Restart { who } => {
                self.stop(who, &mut played);
                self.start(who, &mut played);
            }
            Act::Wipe { replica } => self.emptied(replica, &mut played),
            Act::MoveAside { replica } => {
                self.put_by(replica);
                self.emptied(replica, &mut played);
            }
            Act::Copy { replica } => {
                if self.play.process(replica) != Process::Stopped {
                    let text = format!("{replica} runs: a copy of a running replica is of no single moment");
                    played.unknown = Some(text);
                } else {
                    self.put_by(replica);
                }
            }
            Act::Export { replica } => self.ledger.keep(replica),
            Act::Restore { replica, from } => self.restore(replica, from, &mut played),
            Act::RemoveFile { replica, file } => self.remove(replica, file, &mut played),
            Act::Set { replica, key, value } => {
                if !(key == "Rebuilding" && value == "false") {
                    let text = format!("what Jiva makes of a changed {key} of {replica} is not played");
                    played.unknown = Some(text);
                } else if self.volume.jiva_version.clears_rebuilding_first() {
                    played.events.push("Jiva clears it itself at the next start.".to_owned());
                }
            }
            Act::DeleteEntry { address } => self.delete_entry(address, &mut played),
            Act::Wait { .. } => {}
        }
        self.weigh(&mut played);
        played
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
                let same = |own, served| self.ledger.alike(own, served);
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
            Who::Controller => Vec::new(),
            Who::Replica(label) => vec![label.clone()],
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

    fn start(&mut self, who: &Who, played: &mut Played) {
        if matches!(who, Who::All | Who::Controller) {
            let events = self.play.start_controller();
            self.note(events, played);
        }
        let labels = self.labels(who);
        if labels.is_empty() {
            return;
        }
        if self.unseen && played.unknown.is_none() {
            let text = "a replica that was not given may run: it would lead, and refuse or overwrite what is started";
            played.unknown = Some(text.to_owned());
        }
        if labels.len() > 1 && self.play.source().is_none() {
            return self.start_at_once(&labels, played);
        }
        for label in labels {
            let events = self.play.start(&label);
            self.note(events, played);
        }
    }

    /// Several start at once: who registers first is a matter of luck, so the worst order counts.
    fn start_at_once(&mut self, labels: &[Label], played: &mut Played) {
        let mut worst: Option<((Outcome, bool), Self, Played)> = None;
        for order in orders(labels) {
            let (mut player, mut one) = (self.clone(), played.clone());
            let names: Vec<&str> = order.iter().map(|label| label.as_str()).collect();
            one.events.push(format!("In the order {}:", names.join(", ")));
            for label in order {
                let events = player.play.start(label);
                player.note(events, &mut one);
            }
            // Weighed on a copy: what is found is found again when the act is.
            let mut weighed = one.clone();
            player.clone().weigh(&mut weighed);
            let rank = (weighed.outcome(), player.play.members() < labels.len());
            if worst.as_ref().is_none_or(|(known, ..)| rank > *known) {
                worst = Some((rank, player, one));
            }
        }
        if let Some((_, player, one)) = worst {
            (*self, *played) = (player, one);
        }
    }

    fn emptied(&mut self, replica: &Label, played: &mut Played) {
        if self.play.process(replica) != Process::Stopped && played.unknown.is_none() {
            played.unknown = Some(format!("{replica} runs while its directory is emptied: stop it first"));
        }
        let events = self.play.empty(replica);
        self.note(events, played);
        self.ledger.set(replica, None);
    }

    fn put_by(&mut self, replica: &Label) {
        let data = self.ledger.holds(replica).cloned();
        self.put_by.push((replica.clone(), self.play.directory(replica), data));
        self.ledger.keep(replica);
    }

    fn restore(&mut self, replica: &Label, from: &Label, played: &mut Played) {
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
