//! Makes the steps: what is true, what must not be done, then one thing after the other, each of which was played before it is
//! written down.

use serde::Serialize;

use super::act::{Act, Who};
use super::holdings::Holdings;
use super::lint::{Linted, lint, unseen};
use super::orders::orders;
use super::played::Outcome;
use crate::analysis::{Options, Volume};
use crate::finding::{Code, Facts, Finding};
use crate::ident::Label;
use crate::repair::{self, RepairKind};
use crate::replica::{Flag, Replica, StartError};
use crate::verdict::{Case, Confidence, Start, VerdictKind};

/// A plan for one volume.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Plan {
    /// The volume.
    pub volume: String,
    /// How far it leads.
    pub reach: Reach,
    /// What is true, a sentence each.
    pub truths: Vec<String>,
    /// What must not be done, a sentence each.
    pub never: Vec<String>,
    /// Which replica the volume is started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Label>,
    /// What each choice gives up, where a person must choose.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// The steps, in order.
    pub steps: Vec<Task>,
}

/// How far a plan leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reach {
    /// To a volume that runs with all of its replicas.
    Runs,
    /// To a choice that a person must make.
    Choose,
    /// To what must be collected before anything is decided.
    Collect,
}

/// One of the choices.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Choice {
    /// Which replica would be kept.
    pub keep: Label,
    /// The replicas that hold something it lacks, and how many blocks that is; absent where it is not known.
    pub without: Vec<(Label, Option<u64>)>,
    /// The sentence to repeat.
    pub confirm: String,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Task {
    /// What is done.
    pub title: String,
    /// Why.
    pub why: String,
    /// The acts, in order.
    pub acts: Vec<Act>,
    /// What must be seen before the next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// How to go back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}

impl Plan {
    /// The plan of a volume; `keep` is a replica that a person chose where the evidence leaves the choice.
    pub fn of(volume: &Volume, options: &Options, keep: Option<&Label>) -> Self {
        let mut plan = Self {
            volume: volume.name.clone(),
            reach: Reach::Collect,
            truths: truths(volume),
            never: never(volume),
            keep: None,
            choices: Vec::new(),
            steps: vec![stop(), copy(volume)],
        };
        let candidates = candidates(volume);
        let chosen = keep.cloned().or_else(|| settled(volume, options));
        let way = chosen.as_ref().and_then(|keep| way(volume, options, keep));
        if let (Some(chosen), Some(way)) = (chosen, way) {
            plan.reach = Reach::Runs;
            if keep.is_some() {
                plan.steps.push(export(&candidates));
            }
            plan.steps.extend(way);
            plan.steps.extend([verify(), clean_up(volume, &chosen)]);
            plan.keep = Some(chosen);
            return plan;
        }
        if !candidates.is_empty() {
            plan.steps.push(export(&candidates));
            plan.steps.push(look());
        }
        let verdict = &volume.verdict;
        let decides = !candidates.is_empty() && whole(volume, options);
        if decides && settled(volume, options).is_none() {
            plan.choices = candidates.iter().map(|label| choice(volume, label)).collect();
            plan.reach = Reach::Choose;
        }
        plan.steps.extend(mend(volume));
        let title = "Collect what is missing".to_owned();
        let why = "Without it nobody can tell which data would be lost.".to_owned();
        for text in &verdict.collect {
            let acts = vec![Act::Wait { text: text.clone() }];
            plan.steps.push(Task { title: title.clone(), why: why.clone(), acts, expect: None, undo: None });
        }
        if plan.reach == Reach::Collect && !plan.acts().iter().any(|act| matches!(act, Act::Wait { .. })) {
            plan.steps.push(search());
        }
        plan
    }

    /// Every act, in order.
    pub fn acts(&self) -> Vec<Act> {
        self.steps.iter().flat_map(|step| step.acts.iter().cloned()).collect()
    }
}

fn truths(volume: &Volume) -> Vec<String> {
    let verdict = &volume.verdict;
    let (kind, confidence) = (verdict.kind.as_str(), verdict.confidence.as_str());
    let mut out = vec![format!("the verdict is {kind}, {confidence} (rule {})", verdict.rule)];
    out.extend(verdict.reasons.iter().map(|reason| reason.text.clone()));
    if !verdict.complete {
        out.push("Something that could change the answer is missing.".to_owned());
    }
    out.extend(full(volume));
    out
}

/// What is to be known of chains that have little room: a rebuild takes a snapshot on either side.
fn full(volume: &Volume) -> Option<String> {
    let code = |finding: &&Finding| {
        [Code::ChainNearLimit, Code::ChainLimitSoon, Code::FewLayersLeft].contains(&finding.code())
    };
    let said: Vec<String> = volume
        .findings
        .iter()
        .filter(code)
        .map(|finding| match &finding.replica {
            Some(label) => format!("{label}: {}", finding.facts),
            None => finding.facts.to_string(),
        })
        .collect();
    (!said.is_empty()).then(|| {
        format!(
            "{}. Each rebuild adds a layer on either side. If all replicas are RW now, let clean-up shorten the chains \
             before anything is stopped",
            said.join("; ")
        )
    })
}

fn never(volume: &Volume) -> Vec<String> {
    let verdict = &volume.verdict;
    let mut out: Vec<String> =
        verdict.must_not_wipe.iter().map(|label| format!("Do not wipe {label}.")).collect();
    if verdict.start != Some(Start::Safe) {
        out.push(
            "Do not start the replicas all at once: who registers first would decide what is kept."
                .to_owned(),
        );
    }
    let missing = |finding: &Finding| matches!(finding.facts, Facts::MissingWitness { .. });
    if !volume.lineage.witnesses.is_empty() || volume.findings.iter().any(missing) {
        out.push(
            "Do not delete an entry of the controller's list: the one listed RW can be a replica that lives and holds the data."
                .to_owned(),
        );
    }
    out
}

/// Whether all replicas that the volume is meant to have are here, each as it lies on the node.
fn whole(volume: &Volume, options: &Options) -> bool {
    let odd = [Flag::HalfClone, Flag::DataGone, Flag::ForeignDialect];
    let fit = |replica: &Replica| {
        volume.copies.is_judged(replica)
            && !replica.counter_unread
            && !odd.iter().any(|flag| replica.flags.contains(flag))
    };
    Case::count(volume.replicas.iter()) == volume.replicas.len()
        && volume.replicas.len() == options.factor
        && volume.replicas.iter().all(fit)
        && !unseen(volume, options)
}

/// Which replica the evidence says to keep, where it leaves no choice.
fn settled(volume: &Volume, options: &Options) -> Option<Label> {
    let verdict = &volume.verdict;
    let named = matches!(verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative);
    let sure = named && verdict.complete && verdict.confidence >= Confidence::Strong;
    verdict.keep.clone().filter(|_| sure && whole(volume, options))
}

/// Whose data can be taken out: every one that can be read.
fn candidates(volume: &Volume) -> Vec<Label> {
    let holdings = Holdings::of(volume);
    holdings.labels().filter(|label| holdings.can_be_exported(label)).cloned().collect()
}

fn choice(volume: &Volume, keep: &Label) -> Choice {
    let without = Holdings::of(volume).without(keep);
    Choice { keep: keep.clone(), confirm: confirmation(keep, &without), without }
}

/// The sentence that a person repeats who chooses.
fn confirmation(keep: &Label, without: &[(Label, Option<u64>)]) -> String {
    if without.is_empty() {
        return format!("keep {keep}");
    }
    let parts: Vec<String> = without
        .iter()
        .map(|(label, blocks)| match blocks {
            Some(blocks) => format!("{blocks} blocks of {label}"),
            None => format!("data of {label}"),
        })
        .collect();
    format!("keep {keep} without {}", parts.join(" and "))
}

/// What giving up everything but one replica leaves out of the volume, and the sentence that says so.
pub fn choose(volume: &Volume, keep: &Label) -> Choice {
    choice(volume, keep)
}

fn stop() -> Task {
    Task {
        title: "Stop everything that writes".to_owned(),
        why: "A copy of a directory that is written to is of no single moment, and a replica that is refused grows its chain \
              with every try."
            .to_owned(),
        acts: vec![Act::Stop { who: Who::All }],
        expect: Some("no pod of the volume runs".to_owned()),
        undo: None,
    }
}

fn copy(volume: &Volume) -> Task {
    let copies = volume.replicas.iter().map(|replica| Act::Copy { replica: replica.label.clone() });
    Task {
        title: "Copy every directory".to_owned(),
        why: "Every later step can then be taken back.".to_owned(),
        acts: copies.collect(),
        expect: Some("each archive lists volume.meta and every image".to_owned()),
        undo: None,
    }
}

fn export(candidates: &[Label]) -> Task {
    Task {
        title: "Export the data of each replica".to_owned(),
        why: "What the volume will not hold can be looked into later.".to_owned(),
        acts: candidates.iter().map(|label| Act::Export { replica: label.clone() }).collect(),
        expect: Some("a sha256 for each image".to_owned()),
        undo: None,
    }
}

fn look() -> Task {
    let text = "check each image without changing it: e2fsck -fn FILE, then mount -o ro,noload,loop FILE DIR";
    Task {
        title: "Look into each image".to_owned(),
        why: "Only somebody who knows the data can choose.".to_owned(),
        acts: vec![Act::Wait { text: text.to_owned() }],
        expect: None,
        undo: None,
    }
}

/// What keeps a replica from being opened or joined and might be repaired in a copy. What only keeps a process from starting is a
/// step of its own where the volume is started.
fn mend(volume: &Volume) -> Option<Task> {
    let in_the_way = |kind: RepairKind| !matches!(kind, RepairKind::LogInfo | RepairKind::ExtentProbe);
    let acts: Vec<Act> = volume
        .replicas
        .iter()
        .filter_map(|replica| {
            let found = repair::repairs(volume, replica).into_iter();
            let kinds: Vec<&str> = found
                .filter(|(kind, asked)| asked.is_ok() && in_the_way(*kind))
                .map(|(kind, _)| kind.as_str())
                .collect();
            let (label, names) = (&replica.label, kinds.join(", "));
            let text = format!(
                "jivascope repair-copy, with the same inputs and --replica {label} --to DIR, may write corrected metadata \
                 ({names}) into a new directory; it says what Jiva makes of the result"
            );
            (!kinds.is_empty()).then_some(Act::Wait { text })
        })
        .collect();
    (!acts.is_empty()).then(|| Task {
        title: "See whether metadata can be repaired in a copy".to_owned(),
        why: "Small files can be made again where their neighbours prove what they said.".to_owned(),
        acts,
        expect: Some("nothing is put in place before its forecast was read".to_owned()),
        undo: None,
    })
}

/// Where the answer asks for nothing, and no way to a running volume was found all the same: what these copies hold may not be
/// all that there was, as where every directory is empty behind a counter that is not.
fn search() -> Task {
    let text = "look for what the directories have lost: another copy of the images, a deleted file on a node's disk, a backup; \
                write nothing to these disks until then, and read the findings of jivascope analyze";
    Task {
        title: "Collect what is missing".to_owned(),
        why: "No order of starting was found that is safe and ends with every replica RW.".to_owned(),
        acts: vec![Act::Wait { text: text.to_owned() }],
        expect: None,
        undo: None,
    }
}

fn verify() -> Task {
    let text = "the volume mounts, and the file system check finds nothing";
    Task {
        title: "Verify".to_owned(),
        why: "RW says nothing about the content.".to_owned(),
        acts: vec![Act::Start { who: Who::Operator }, Act::Wait { text: text.to_owned() }],
        expect: None,
        undo: None,
    }
}

fn clean_up(volume: &Volume, keep: &Label) -> Task {
    let without = Holdings::of(volume).without(keep);
    let holds: Vec<&str> = without.iter().map(|(label, _)| label.as_str()).collect();
    let text = match holds.is_empty() {
        true => "once the owner of the data has agreed, the copies and what was moved aside can be removed"
            .to_owned(),
        false => format!(
            "keep the copies and exports of {}: the volume does not hold all of their data",
            holds.join(" and ")
        ),
    };
    Task {
        title: "Clean up last".to_owned(),
        why: "Until then every step can be taken back.".to_owned(),
        acts: vec![Act::Wait { text }],
        expect: None,
        undo: None,
    }
}

/// The steps from stopped processes to a volume that runs from `keep`: the first way that was played without a loss and
/// without anything unknown, and that ends with every replica RW. Nobody sees who of those that wait for an election registers
/// first, so the way must be safe in each of their orders.
fn way(volume: &Volume, options: &Options, keep: &Label) -> Option<Vec<Task>> {
    let holdings = Holdings::of(volume);
    let others: Vec<&Label> = holdings.labels().filter(|other| *other != keep).collect();
    let nobody: Vec<&Label> = Vec::new();
    let lesser: Vec<&Label> =
        others.iter().copied().filter(|other| !holdings.includes(other, keep)).collect();
    let mut reversed = others.clone();
    reversed.reverse();
    let ways = [(&others, &nobody), (&reversed, &nobody), (&others, &lesser), (&others, &others)];
    ways.into_iter().find_map(|(order, aside)| {
        let well = |first: &[&Label]| {
            let tasks = tasks(volume, keep, first, order, aside);
            let before = [stop(), copy(volume)];
            let acts: Vec<Act> =
                before.iter().chain(&tasks).flat_map(|task| task.acts.iter().cloned()).collect();
            ends_well(volume, keep, &lint(volume, options, &acts)).then_some(tasks)
        };
        let electors: Vec<&Label> =
            std::iter::once(keep).chain(order.iter().copied()).take(options.factor / 2 + 1).collect();
        let all = orders(&electors).iter().skip(1).all(|first| well(first).is_some());
        well(&electors).filter(|_| all)
    })
}

fn ends_well(volume: &Volume, keep: &Label, played: &Linted) -> bool {
    let serves = played.serves.as_ref();
    played.outcome == Outcome::Safe
        && serves.is_some_and(|serves| Holdings::of(volume).includes(serves, keep))
        && played.members == volume.replicas.len()
}

/// The tasks of one way: `first` start before there is a leader, then the rest of `order`.
fn tasks(volume: &Volume, keep: &Label, first: &[&Label], order: &[&Label], aside: &[&Label]) -> Vec<Task> {
    let mut out = Vec::new();
    let stays = |label: &Label| !aside.contains(&label);
    let mend: Vec<Act> = volume
        .replicas
        .iter()
        .filter(|replica| stays(&replica.label))
        .filter_map(|replica| {
            let file =
                replica.start_error.as_ref().filter(|error| **error != StartError::NoVolumeMeta)?.file();
            Some(Act::RemoveFile { replica: replica.label.clone(), file: file.to_owned() })
        })
        .collect();
    if !mend.is_empty() {
        out.push(Task {
            title: "Take away what keeps a process from starting".to_owned(),
            why: "The process ends before it looks at the data; it makes the file anew.".to_owned(),
            acts: mend,
            expect: None,
            undo: Some("put the file back from the copy".to_owned()),
        });
    }
    if !aside.is_empty() {
        out.push(Task {
            title: "Move aside what will be rebuilt".to_owned(),
            why:
                "A replica that holds something else would lead, be refused, or be called healthy and differ."
                    .to_owned(),
            acts: aside.iter().map(|label| Act::MoveAside { replica: (*label).clone() }).collect(),
            expect: Some("an empty directory in the place of each".to_owned()),
            undo: Some("stop the replica, and rename the directory back".to_owned()),
        });
    }
    out.push(Task {
        title: "Start the controller".to_owned(),
        why: "It starts with an empty list, so that no entry of before has a say.".to_owned(),
        acts: vec![Act::Start { who: Who::Controller }],
        expect: Some("GET /v1/replicas answers with an empty list".to_owned()),
        undo: None,
    });
    let rest = order.iter().copied().filter(|label| !first.contains(label));
    for (number, label) in first.iter().copied().chain(rest).enumerate() {
        let why = if label == keep {
            "It holds the data that are kept."
        } else {
            "One after the other, so that each joins alone."
        };
        let waits = number + 1 < first.len();
        let expect = if waits {
            "its log says that it registered; it is elected or joins once enough have".to_owned()
        } else {
            format!("GET /v1/replicas lists {label} as RW, before anything else is started")
        };
        out.push(Task {
            title: format!("Start {label}"),
            why: why.to_owned(),
            acts: vec![Act::Start { who: Who::Replica(label.clone()) }],
            expect: Some(expect),
            undo: Some(if number == 0 { "stop it" } else { "stop it; the others go on" }.to_owned()),
        });
    }
    out
}
