//! `diff`.

use std::io::Write;

use clap::Args;
use jivascope::blocks::{self, Point};
use jivascope::lineage;
use jivascope::report::diff::{Compared, ComparedVolume, json};
use jivascope::report::text::{self, Palette};

use super::args::{Inputs, Output};
use super::progress::Progress;
use super::reading::{self, DEFECTIVE, Reading};

/// The replication factor that is taken for granted: what differs does not depend on it, whose is newer may.
const FACTOR: usize = 3;

/// Exit code where something differs.
const DIFFERENT: u8 = 3;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 all equal, 3 something differs, 4 a copy is defective, or nothing
differs in what could be compared but not all could; 1 the work could not be
done, 2 wrong usage.")]
pub(super) struct Diff {
    #[command(flatten)]
    pub inputs: Inputs,
    /// Compare these two views: replicas as their heads show them, from one of their disks down, or rescue candidates
    /// (LABEL@candidate-N)
    #[arg(long, num_args = 2, value_names = ["A[@DISK]", "B[@DISK]"])]
    pub between: Vec<String>,
    /// Only the volume of this name
    #[arg(long, value_name = "NAME", conflicts_with = "between")]
    pub volume: Option<String>,
    /// Compare only this share of the blocks, as in 5% or 0.05
    #[arg(long, value_name = "SHARE", value_parser = reading::share)]
    pub sample: Option<f64>,
    /// Tell every range in the text
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub reading: Reading,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

pub(super) fn run(command: &Diff) -> anyhow::Result<u8> {
    let progress = Progress::new();
    let evidence = reading::open(&command.inputs, &command.reading, &progress)?;
    let replicas = reading::describe(&evidence, &command.reading, &progress)?;
    let report = |volumes, defective| {
        show(
            command,
            &Compared {
                inputs: &evidence.inputs,
                volumes,
                holes: command.reading.holes(),
                sample: command.sample,
                defective,
            },
        )
    };
    if let [a, b] = &command.between[..] {
        let (a, b) = (Point::parse(a, &replicas)?, Point::parse(b, &replicas)?);
        let mut defective = Vec::new();
        for point in [&a, &b] {
            let told = defective.contains(&point.replica.label);
            if !told && reading::warn(point)? {
                defective.push(point.replica.label.clone());
            }
        }
        let pair = blocks::between(&a, &b, command.sample, &progress)?;
        return report(
            vec![ComparedVolume { name: None, pairs: vec![pair], left_out: Vec::new() }],
            defective,
        );
    }
    anyhow::ensure!(replicas.len() > 1, "one replica alone; give more, or two points of it with --between");
    let groups: Vec<_> = lineage::group(replicas)
        .into_iter()
        .filter(|group| command.volume.as_ref().is_none_or(|name| *name == group.name))
        .collect();
    anyhow::ensure!(!groups.is_empty(), "no volume of that name");
    let mut defective = Vec::new();
    let copies: Vec<_> = groups.iter().map(|group| reading::copies(&group.replicas)).collect();
    for (group, copies) in groups.iter().zip(&copies) {
        for replica in &group.replicas {
            if let Some(copied) = copies.of(&replica.label)
                && reading::warn_of_copy(replica, copied)?
            {
                defective.push(replica.label.clone());
            }
        }
    }
    let mut lineages: Vec<_> = groups.iter().map(|_| None).collect();
    let volumes = groups
        .iter()
        .zip(&copies)
        .zip(&mut lineages)
        .map(|((group, copies), lineage)| {
            let (pairs, left_out) =
                blocks::pairs(&group.replicas, (copies, FACTOR), lineage, command.sample, &progress);
            ComparedVolume { name: Some(&group.name), pairs, left_out }
        })
        .collect();
    report(volumes, defective)
}

fn show(command: &Diff, compared: &Compared<'_>) -> anyhow::Result<u8> {
    let text = match command.output {
        Output::Json => json(compared),
        Output::Text => text::diff(compared, &Palette::plain(), command.all),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(match (compared.differs(), compared.has_gaps()) {
        _ if !compared.defective.is_empty() => DEFECTIVE,
        (true, _) => DIFFERENT,
        (false, true) => DEFECTIVE,
        (false, false) => 0,
    })
}
