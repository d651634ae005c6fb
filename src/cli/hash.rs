//! `hash`.

use std::io::Write;

use clap::Args;
use jivascope::blocks::{self, MergedView, Point};
use jivascope::report::escape;
use jivascope::watch::Watch;
use rayon::prelude::*;

use super::args::Inputs;
use super::progress::Progress;
use super::reading::{self, Reading};

#[derive(Debug, Args)]
pub(super) struct Hash {
    #[command(flatten)]
    pub inputs: Inputs,
    /// Only this view, from the head, from one disk down, or of a rescue candidate; may be given again
    #[arg(long, value_name = "LABEL[@DISK|@candidate-N]")]
    pub replica: Vec<String>,
    #[command(flatten)]
    pub reading: Reading,
}

pub(super) fn run(command: &Hash) -> anyhow::Result<u8> {
    let progress = Progress::new();
    let evidence = reading::open(&command.inputs, &command.reading, &progress)?;
    let replicas = reading::describe(&evidence, &command.reading, &progress)?;
    let points: Vec<Point<'_>> = if command.replica.is_empty() {
        replicas.iter().map(Point::from).collect()
    } else {
        command.replica.iter().map(|text| Point::parse(text, &replicas)).collect::<Result<_, _>>()?
    };
    let views: Vec<_> = points.iter().map(Point::view).collect();
    progress.begin("hashing", Some(views.iter().flatten().map(MergedView::size).sum()));
    let sum = |view: Result<MergedView, _>| view.and_then(|view| blocks::sha256(&view, &progress));
    let sums: Vec<_> = views.into_par_iter().map(sum).collect();
    progress.end();
    let (mut failed, mut defective) = (false, false);
    let mut out = std::io::stdout().lock();
    for (point, sum) in points.iter().zip(sums) {
        match sum {
            Ok(sum) => {
                defective |= reading::warn(point)?;
                writeln!(out, "{sum}  {}", escape::terminal(&point.name()))?;
            }
            Err(error) => {
                failed = true;
                writeln!(std::io::stderr(), "jivascope: {}", escape::terminal(&format!("{error:#}")))?;
            }
        }
    }
    out.flush()?;
    Ok(if failed { 1 } else { u8::from(defective) * reading::DEFECTIVE })
}
