//! `diff`.

use clap::Args;
use jivascope::blocks::{self, Point};
use jivascope::lineage;
use jivascope::report::diff::{Compared, ComparedVolume, json};
use jivascope::report::text;

use crate::cli::args::{self, Inputs, Output, Reading};
use crate::cli::error::failed;
use crate::cli::inputs;
use crate::cli::out::Out;
use crate::cli::progress::Bar;
use crate::cli::trust::{self, DEFECTIVE};

/// The replication factor that is taken for granted: what differs does not depend on it, whose is newer may.
const FACTOR: usize = 3;

/// Exit code where something differs.
const DIFFERENT: u8 = 3;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 all equal; 3 different; 4 a copy is defective, or no difference
was found but not everything could be compared; 1 operation failed, 2 wrong
usage.

Examples:
  jivascope diff rep-1.tar.zst rep-2.tar.zst
  jivascope diff ./copies --between rep-1@volume-snap-e6fa71a8 rep-1
  jivascope diff ./copies --output json")]
pub(super) struct Diff {
    #[command(flatten)]
    pub inputs: Inputs,
    /// Compare these two views: of a replica's head, of a disk and everything below it, or of a rescue candidate
    /// (LABEL@candidate-N)
    #[arg(long, num_args = 2, value_names = ["A[@DISK]", "B[@DISK]"], value_parser = args::name())]
    pub between: Vec<String>,
    /// Only this volume
    #[arg(long, value_name = "NAME", conflicts_with = "between", value_parser = args::name())]
    pub volume: Option<String>,
    /// Compare only this share of the blocks, such as 5% or 0.05
    #[arg(long, value_name = "SHARE", value_parser = args::share)]
    pub sample: Option<f64>,
    /// List every range in the text output
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub reading: Reading,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Output::Text)]
    pub output: Output,
}

pub(super) fn run(command: &Diff, out: &Out) -> anyhow::Result<u8> {
    let progress = Bar::new();
    let evidence = inputs::open_images(&command.inputs, &command.reading, &progress)?;
    let replicas = trust::describe(&evidence, command.reading.holes(), &progress)?;
    let report = |volumes, defective| {
        show(
            command,
            out,
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
            let known = defective.contains(&point.replica.label);
            if !known && trust::warn(point, out)? {
                defective.push(point.replica.label.clone());
            }
        }
        let pair = blocks::between(&a, &b, command.sample, &progress)?;
        return report(
            vec![ComparedVolume { name: None, pairs: vec![pair], left_out: Vec::new() }],
            defective,
        );
    }
    if replicas.len() < 2 {
        let alone = failed("only one replica was given, so there is nothing to compare it with");
        return Err(alone.hint("give more replicas, or two points of this one with --between").into());
    }
    let groups: Vec<_> = lineage::group(replicas)
        .into_iter()
        .filter(|group| command.volume.as_ref().is_none_or(|name| *name == group.name))
        .collect();
    if let (Some(name), true) = (&command.volume, groups.is_empty()) {
        return Err(failed(format!("no volume named {name}")).into());
    }
    let mut defective = Vec::new();
    let copies: Vec<_> = groups.iter().map(|group| trust::copies(&group.replicas)).collect();
    for (group, copies) in groups.iter().zip(&copies) {
        for replica in &group.replicas {
            if let Some(copied) = copies.of(&replica.label)
                && trust::warn_of_copy(replica, copied, out)?
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

fn show(command: &Diff, out: &Out, compared: &Compared<'_>) -> anyhow::Result<u8> {
    out.report(&match command.output {
        Output::Json => json(compared),
        Output::Text => text::diff(compared, out.palette(), command.all),
    })?;
    Ok(match (compared.differs(), compared.has_gaps()) {
        _ if !compared.defective.is_empty() => DEFECTIVE,
        (true, _) => DIFFERENT,
        (false, true) => DEFECTIVE,
        (false, false) => 0,
    })
}
