//! What to do now: steps in their order, with the commands.

use super::start;
use crate::analysis::{Analysis, Options, Volume};
use crate::evidence::InputReport;
use crate::filesystem::FileSystem;
use crate::ident::Label;
use crate::replica::{Flag, Replica, State};
use crate::report::{escape, words};
use crate::verdict::{Rule, Start, VerdictKind};

/// Exports that are written out; more candidates are counted.
const MOST: usize = 4;
/// What an export gives.
const VIEW: &str = "The merged view as a raw image, with its sha256.";

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Step {
    /// What it is for. Steps in a row that share it are one.
    pub why: String,
    /// The command, word by word; empty where no command does it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// What it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
}

impl Step {
    fn say(why: impl Into<String>) -> Self {
        Self { why: why.into(), argv: Vec::new(), expect: None }
    }

    fn run(why: &str, argv: Vec<String>, expect: &str) -> Self {
        Self { why: why.to_owned(), argv, expect: Some(expect.to_owned()) }
    }

    /// The command, quoted for a shell; `None` without one.
    pub fn command(&self) -> Option<Vec<String>> {
        (!self.argv.is_empty()).then(|| self.argv.iter().map(|word| escape::shell(word)).collect())
    }
}

/// Steps in a row that share their purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepGroup<'a> {
    /// What they are for.
    pub why: &'a str,
    /// The commands, each quoted for a shell.
    pub commands: Vec<Vec<String>>,
}

/// Steps as they are numbered: those in a row that share their purpose have one number.
pub fn step_groups(steps: &[Step]) -> Vec<StepGroup<'_>> {
    let mut out: Vec<StepGroup<'_>> = Vec::new();
    for step in steps {
        let command = step.command();
        match out.last_mut().filter(|last| command.is_some() && last.why == step.why) {
            Some(last) => last.commands.extend(command),
            None => out.push(StepGroup { why: &step.why, commands: command.into_iter().collect() }),
        }
    }
    out
}

/// The steps.
pub(in crate::report) fn steps(volume: &Volume, analysis: &Analysis) -> Vec<Step> {
    let verdict = &volume.verdict;
    let mut out: Vec<Step> =
        verdict.collect.iter().map(|wanted| Step::say(format!("Collect {wanted}."))).collect();
    out.extend(start::first_steps(volume).into_iter().map(Step::say));
    exports(volume, analysis, &mut out);
    rescues(volume, analysis, &mut out);
    out.extend(start::step(volume).map(Step::say));
    look(volume, analysis, &mut out);
    if asks_for_simulation(volume) {
        out.push(Step::run(
            "See what each order of starting would lose",
            simulate(volume, analysis),
            "Every order of starting, with the data that it loses.",
        ));
    }
    out
}

/// The commands that take the data out, where the answer leaves a choice or no other copy.
fn exports(volume: &Volume, analysis: &Analysis, out: &mut Vec<Step>) {
    let candidates = candidates(volume);
    let why = match volume.verdict.kind {
        _ if candidates.is_empty() => return,
        VerdictKind::Irreconcilable => "Export the data of each side before you decide anything",
        VerdictKind::Authoritative => "Back up the data before you change anything",
        _ if candidates.len() == 1 => "Export the data, whatever you decide",
        _ => "Export the data of each, whatever you decide",
    };
    let (without, candidates): (Vec<&Replica>, Vec<&Replica>) =
        candidates.into_iter().partition(|replica| replica.is_without_data());
    if !without.is_empty() {
        out.push(Step::say(first_copied(without.iter().map(|replica| &replica.label).collect())));
    }
    for replica in candidates.iter().take(MOST) {
        out.push(Step::run(why, export(replica, replica.label.as_str(), analysis), VIEW));
    }
    if candidates.len() > MOST {
        let more = words::labels(candidates[MOST..].iter().map(|replica| &replica.label));
        out.push(Step::say(format!("Export {more} in the same way.")));
    }
}

/// What is to be done first where there is a capsule in the place of data.
fn first_copied(labels: Vec<&Label>) -> String {
    let one = labels.len() == 1;
    let (directory, lies, copy, capsule) = if one {
        ("directory", "it lies", "copy", "capsule")
    } else {
        ("directories", "they lie", "copies", "capsules")
    };
    format!(
        "Copy the {directory} of {} where {lies} (tar --sparse), and give the {copy} beside the {capsule}: a capsule \
         holds no data to export.",
        words::labels(labels)
    )
}

/// What can be built from the files of replicas that Jiva cannot open, and that may hold data of its own.
fn rescues(volume: &Volume, analysis: &Analysis, out: &mut Vec<Step>) {
    let broken = volume.replicas.iter().filter(|replica| {
        replica.state == State::Broken && volume.verdict.must_not_wipe.contains(&replica.label)
    });
    let likeliest =
        broken.filter_map(|replica| Some((replica, volume.candidates.get(&replica.label)?.first()?)));
    for (replica, candidate) in likeliest.take(MOST) {
        if replica.is_without_data() {
            out.push(Step::say(first_copied(vec![&replica.label])));
            continue;
        }
        let view = format!("{}@{}", replica.label, candidate.name);
        let why = "Export what can be built from the files of a replica that Jiva cannot open";
        out.push(Step::run(why, export(replica, &view, analysis), VIEW));
    }
}

/// How to look into what was exported, where that is to be done: because there is a choice, or because a replica ended
/// uncleanly.
fn look(volume: &Volume, analysis: &Analysis, out: &mut Vec<Step>) {
    let unclean = unclean(volume);
    let exported = out.iter().any(|step| !step.argv.is_empty());
    let choice = exported && volume.verdict.kind != VerdictKind::Authoritative;
    if !choice && unclean.is_empty() {
        return;
    }
    let keep = volume.replicas.iter().find(|replica| volume.verdict.keep.as_ref() == Some(&replica.label));
    if let Some(keep) = keep.filter(|keep| !exported && !keep.is_without_data()) {
        out.push(Step::run(
            "Export the data to check them",
            export(keep, keep.label.as_str(), analysis),
            VIEW,
        ));
    }
    let mut said: Vec<String> = Vec::new();
    // Of capsules alone nothing can be exported.
    if out.iter().any(|step| !step.argv.is_empty()) {
        said.push(
            "Check an exported image without changing it: e2fsck -fn FILE (ext4) or xfs_repair -n FILE (XFS), then \
             mount -o ro,noload,loop FILE DIR (XFS: ro,norecovery,loop)."
                .to_owned(),
        );
    }
    if volume.inside.values().any(|inside| inside.file_systems.iter().any(FileSystem::is_readable)) {
        said.push(
            "jivascope files, with the same inputs and --replica LABEL, lists the files of a side without an export."
                .to_owned(),
        );
    }
    if !unclean.is_empty() {
        said.push(format!(
            "{} ended uncleanly, so acknowledged writes may be missing from every copy, and no copy shows that.",
            words::labels(unclean)
        ));
    }
    out.push(Step::say(said.join(" ")));
}

/// Whether the next question is what a start would do.
fn asks_for_simulation(volume: &Volume) -> bool {
    let named = matches!(volume.verdict.kind, VerdictKind::Consistent | VerdictKind::Authoritative);
    named && matches!(volume.verdict.start, Some(Start::Unsafe | Start::Stuck | Start::Unknown))
}

/// Whose data are to be taken out: one of each history that nobody else holds; where nothing is decided, of all. An export
/// of a defective copy would look like the data: it is to be copied again first.
fn candidates(volume: &Volume) -> Vec<&Replica> {
    let readable = |replica: &&Replica| {
        replica.state == State::Usable
            && replica.has_images()
            && !replica.chain.is_empty()
            && volume.copies.is_judged(replica)
    };
    let verdict = &volume.verdict;
    match verdict.kind {
        VerdictKind::Consistent => Vec::new(),
        VerdictKind::Authoritative => {
            volume.replicas.iter().filter(|replica| verdict.keep.as_ref() == Some(&replica.label)).collect()
        }
        VerdictKind::Irreconcilable => {
            let first_of_equals = |replica: &&Replica| {
                !volume
                    .replicas
                    .iter()
                    .take_while(|other| other.label != replica.label)
                    .any(|other| equal(volume, &other.label, &replica.label))
            };
            volume.replicas.iter().filter(readable).filter(first_of_equals).collect()
        }
        VerdictKind::InsufficientEvidence if verdict.rule == Rule::Witness => volume
            .replicas
            .iter()
            .filter(readable)
            .filter(|replica| verdict.holders.contains(&replica.label))
            .take(1)
            .collect(),
        VerdictKind::InsufficientEvidence => volume.replicas.iter().filter(readable).collect(),
    }
}

fn equal(volume: &Volume, one: &Label, other: &Label) -> bool {
    volume
        .lineage
        .between(one, other)
        .is_some_and(|relation| relation.newer_a.nothing() && relation.newer_b.nothing())
}

/// Replicas that lost power or were not closed.
fn unclean(volume: &Volume) -> Vec<&Label> {
    let flagged = |replica: &&Replica| {
        [Flag::PowerLossSuspected, Flag::Dirty].iter().any(|flag| replica.flags.contains(flag))
    };
    volume.replicas.iter().filter(flagged).map(|replica| &replica.label).collect()
}

/// The command that exports the view of a replica.
pub(crate) fn export_of(volume: &Volume, label: &Label, analysis: &Analysis) -> Vec<String> {
    let replica = volume.replicas.iter().find(|replica| replica.label == *label);
    replica.map(|replica| export(replica, label.as_str(), analysis)).unwrap_or_default()
}

/// The command that exports a view of a replica: its label, or a chain that can be built from its files.
fn export(replica: &Replica, view: &str, analysis: &Analysis) -> Vec<String> {
    let label = replica.label.as_str();
    let input = analysis.inputs.iter().find(|input| input.replicas.contains(&replica.label));
    // By itself an input may be labelled otherwise than among others, unless the label is given. One with a slash
    // cannot be given. What can be built from files may need records of the other replicas.
    let given = match input {
        Some(input) if input.replicas.len() == 1 && !label.contains('/') && view == label => {
            vec![format!("{label}={}", input.input)]
        }
        _ => inputs(analysis),
    };
    export_command(given, view)
}

fn export_command(inputs: Vec<String>, view: &str) -> Vec<String> {
    let mut argv = vec!["jivascope".to_owned(), "export".to_owned()];
    argv.extend(inputs);
    let file = format!("{}.raw", view.replace('/', "-"));
    argv.extend(["--replica", view, "--format", "raw", "--to", &file].map(str::to_owned));
    argv
}

/// The command that exports the data of a replica from an archive that holds it alone.
pub(crate) fn export_from(archive: &str, label: &Label) -> Vec<String> {
    let view = match label.as_str() {
        // An input cannot be labelled so.
        long if long.contains('/') => archive.strip_suffix(".tar").unwrap_or(archive),
        label => label,
    };
    export_command(vec![format!("{view}={archive}")], view)
}

/// The inputs that hold replicas, as they were given.
fn inputs(analysis: &Analysis) -> Vec<String> {
    let replicas = || analysis.volumes.iter().flat_map(|volume| &volume.replicas);
    let given = |input: &InputReport| {
        let labelled = replicas().find(|one| one.labelled && input.replicas.contains(&one.label));
        labelled.map_or_else(|| input.input.clone(), |one| format!("{}={}", one.label, input.input))
    };
    analysis.inputs.iter().filter(|input| !input.replicas.is_empty()).map(given).collect()
}

fn simulate(volume: &Volume, analysis: &Analysis) -> Vec<String> {
    let mut argv = vec!["jivascope".to_owned(), "simulate".to_owned()];
    argv.extend(inputs(analysis));
    if analysis.volumes.len() > 1 {
        argv.extend(["--volume".to_owned(), volume.name.clone()]);
    }
    if analysis.options.factor != Options::default().factor {
        argv.extend(["--replication-factor".to_owned(), analysis.options.factor.to_string()]);
    }
    argv
}
