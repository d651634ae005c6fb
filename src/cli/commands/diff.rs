//! `diff`.

use clap::Args;
use jivascope::analysis::{self, Options, Related, Which};
use jivascope::blocks::{self, Apart, Difference, Meaning, MergedView, Point};
use jivascope::evidence::{Evidence, InputReport};
use jivascope::filesystem::{Bytes, InFiles, in_files};
use jivascope::ident::{DiskName, Label, Runs};
use jivascope::replica::Replica;
use jivascope::report::diff::{Compared, ComparedVolume, json};
use jivascope::report::text;

use crate::cli::args::{self, Inputs, Output, Reading};
use crate::cli::error::failed;
use crate::cli::inputs;
use crate::cli::out::Out;
use crate::cli::progress::Bar;
use crate::cli::trust::{self, DEFECTIVE};

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
  jivascope diff ./copies --files
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
    /// Replication factor of the volume; which side is newer can depend on it
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64), conflicts_with = "between")]
    pub replication_factor: u16,
    /// Compare only this share of the blocks, such as 5% or 0.05
    #[arg(long, value_name = "SHARE", value_parser = args::share)]
    pub sample: Option<f64>,
    /// Also say what differs in files, where the file system inside can be read (ext2, ext3, ext4, XFS)
    #[arg(long, conflicts_with = "sample")]
    pub files: bool,
    /// List every range, and with --files every path, in the text output
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
    if command.between.is_empty() {
        every_pair(command, evidence, &progress, out)
    } else {
        two(command, &evidence, &progress, out)
    }
}

/// Two points, of one replica or of two.
fn two(command: &Diff, evidence: &Evidence, progress: &Bar, out: &Out) -> anyhow::Result<u8> {
    let [a, b] = &command.between[..] else { unreachable!("clap asks for two") };
    let replicas = trust::describe(evidence, command.reading.holes(), progress)?;
    let (a, b) = (Point::parse(a, &replicas)?, Point::parse(b, &replicas)?);
    let mut defective = Vec::new();
    for point in [&a, &b] {
        let known = defective.contains(&point.replica.label);
        if !known && trust::warn(point, out)? {
            defective.push(point.replica.label.clone());
        }
    }
    let pair = blocks::between(&a, &b, command.sample, progress)?;
    let mut files = Vec::new();
    if command.files {
        let (view_a, view_b) = (a.view()?, b.view()?);
        let (name_a, name_b) = (a.name(), b.name());
        files.push(match lacking([a.replica, b.replica]) {
            Some(lacking) => lacking,
            None => in_files((&name_a, &view_a), (&name_b, &view_b), None, &ground(&pair)),
        });
    }
    let volume = ComparedVolume { name: None, pairs: vec![pair], files, left_out: Vec::new() };
    show(command, out, &evidence.inputs, vec![volume], defective)
}

/// Every pair of each volume.
fn every_pair(command: &Diff, mut evidence: Evidence, progress: &Bar, out: &Out) -> anyhow::Result<u8> {
    if evidence.replicas.len() < 2 {
        let alone = failed("only one replica was given, so there is nothing to compare it with");
        return Err(alone.hint("give more replicas, or two points of this one with --between").into());
    }
    let mut options = Options::default();
    options.factor = usize::from(command.replication_factor);
    options.volume = command.volume.clone();
    options.sample = command.sample;
    options.holes = command.reading.holes();
    let related = analysis::relate(&mut evidence, &options, Which::Readable, progress);
    if let (Some(name), true) = (&command.volume, related.is_empty()) {
        return Err(failed(format!("no volume named {name}")).into());
    }
    let mut defective = Vec::new();
    for volume in &related {
        for replica in &volume.replicas {
            if let Some(copied) = volume.copies.of(&replica.label)
                && trust::warn_of_copy(replica, copied, out)?
            {
                defective.push(replica.label.clone());
            }
        }
    }
    let volumes = related.iter().map(|volume| compared(command, volume)).collect();
    show(command, out, &evidence.inputs, volumes, defective)
}

/// The pairs of a volume, and who could not be compared.
fn compared<'a>(command: &Diff, volume: &'a Related) -> ComparedVolume<'a> {
    let unable = volume
        .replicas
        .iter()
        .filter_map(|replica| Some((replica.label.clone(), blocks::unable(replica, &volume.copies)?)));
    let found = volume.comparison.as_ref();
    let without = found.into_iter().flat_map(|found| found.without_view.iter().cloned());
    let mut left_out: Vec<_> = unable.chain(without).collect();
    left_out.sort();
    let pairs = found.map(|found| blocks::pairs(&volume.lineage, found)).unwrap_or_default();
    let files = match command.files {
        true => pairs.iter().map(|pair| pair_in_files(volume, pair)).collect(),
        false => Vec::new(),
    };
    ComparedVolume { name: Some(&volume.name), pairs, files, left_out }
}

/// One pair in files, each side by its own state.
fn pair_in_files(volume: &Related, pair: &Apart<'_>) -> InFiles {
    let view = |(label, disk, _): &(Label, DiskName, u64)| {
        Replica::among(&volume.replicas, label).and_then(|replica| MergedView::at(replica, disk).ok())
    };
    let (Some(a), Some(b)) = (view(&pair.a), view(&pair.b)) else { return InFiles::default() };
    let replicas = [&pair.a.0, &pair.b.0].map(|label| Replica::among(&volume.replicas, label));
    if let Some(lacking) = lacking(replicas.into_iter().flatten()) {
        return lacking;
    }
    let ancestor = pair.relation.as_ref().and_then(|relation| analysis::ancestor(relation, &volume.replicas));
    let ancestor = ancestor.as_ref().map(|view| view as &dyn Bytes);
    in_files((pair.a.0.as_str(), &a), (pair.b.0.as_str(), &b), ancestor, &ground(pair))
}

/// What is said in the place of files where a side is a capsule: the data of some blocks are no file system.
fn lacking<'a>(replicas: impl IntoIterator<Item = &'a Replica>) -> Option<InFiles> {
    let mut out = InFiles::default();
    for replica in replicas.into_iter().filter(|replica| replica.is_without_data()) {
        out.without.push(format!("{}: a capsule holds no data to look into", replica.label));
    }
    (!out.without.is_empty()).then_some(out)
}

/// Where files have to be looked at: what differs in the states that are compared, and what could not be read.
fn ground(pair: &Apart<'_>) -> Runs {
    let own = |range: &&Difference<'_>| !matches!(range.meaning, Some(Meaning::ForeignA | Meaning::ForeignB));
    let differ = pair.ranges.iter().filter(own).map(|range| range.run);
    Runs::from_unsorted(differ.chain(pair.unread.iter().map(|unread| unread.run)).collect())
}

fn show(
    command: &Diff,
    out: &Out,
    inputs: &[InputReport],
    volumes: Vec<ComparedVolume<'_>>,
    defective: Vec<Label>,
) -> anyhow::Result<u8> {
    let (holes, sample) = (command.reading.holes(), command.sample);
    let compared = &Compared { inputs, volumes, holes, sample, defective };
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
