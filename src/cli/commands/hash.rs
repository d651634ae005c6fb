//! `hash`.

use clap::Args;
use jivascope::blocks::{self, MergedView, Point};
use jivascope::progress::Progress;
use rayon::prelude::*;

use crate::cli::args::{self, Inputs, Kind, Reading};
use crate::cli::error::{self, FAILED};
use crate::cli::inputs;
use crate::cli::out::Out;
use crate::cli::progress::Bar;
use crate::cli::trust;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 every view was hashed; 4 a copy is defective, so the original may
have another sum; 1 a view cannot be read, 2 wrong usage.

Examples:
  jivascope hash ./copies
  jivascope hash ./copies --replica rep-1 --replica rep-1@volume-snap-e6fa71a8
  jivascope hash ./copies --kind verity")]
pub(super) struct Hash {
    #[command(flatten)]
    pub inputs: Inputs,
    /// Only this view: LABEL is the view of the head, LABEL@DISK that of a disk and everything below it,
    /// LABEL@candidate-N that of a rescue candidate; can be repeated
    #[arg(long, value_name = "VIEW", value_parser = args::name())]
    pub replica: Vec<String>,
    /// Kind of the sum
    #[arg(long, value_enum, value_name = "KIND", default_value_t)]
    pub kind: Kind,
    #[command(flatten)]
    pub reading: Reading,
}

pub(super) fn run(command: &Hash, out: &Out) -> anyhow::Result<u8> {
    let progress = Bar::new();
    let evidence = inputs::open_images(&command.inputs, &command.reading, &progress)?;
    let replicas = trust::describe(&evidence, command.reading.holes(), &progress)?;
    let points: Vec<Point<'_>> = if command.replica.is_empty() {
        replicas.iter().map(Point::from).collect()
    } else {
        command.replica.iter().map(|text| Point::parse(text, &replicas)).collect::<Result<_, _>>()?
    };
    let views: Vec<_> = points.iter().map(Point::view).collect();
    progress.begin("hashing", Some(views.iter().flatten().map(MergedView::size).sum()));
    for point in &points {
        trust::with_data(point, "sum up")?;
    }
    let sum =
        |view: Result<MergedView, _>| view.and_then(|view| blocks::sum(&view, command.kind.of(), &progress));
    let sums: Vec<_> = views.into_par_iter().map(sum).collect();
    progress.end();
    let (mut failed, mut defective) = (false, false);
    for (point, sum) in points.iter().zip(sums) {
        match sum {
            Ok(sum) => {
                defective |= trust::warn(point, out)?;
                out.line(&command.kind.line(&sum, &point.name()))?;
            }
            // The others can be hashed all the same.
            Err(unreadable) => {
                failed = true;
                error::report(out, &unreadable.into());
            }
        }
    }
    Ok(if failed { FAILED } else { u8::from(defective) * trust::DEFECTIVE })
}
