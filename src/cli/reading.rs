//! What the commands that read blocks have in common: how image data are put aside, and what holes mean.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use jivascope::analysis;
use jivascope::blocks::{self, Point};
use jivascope::evidence::{Evidence, Images};
use jivascope::replica::{Copied, Copies, CopyRemark, Flag, Quality, Replica};
use jivascope::report::escape;
use jivascope::watch::Watch;

use super::args::Inputs;
use super::inputs;

#[derive(Debug, Args)]
pub(super) struct Reading {
    /// Take blocks of zeros for holes in copies whose holes were filled; what comes out is a reconstruction
    #[arg(long, value_enum, value_name = "WHICH")]
    pub holes: Option<Holes>,
    /// Where image data of compressed archives are put aside; the system's temporary directory otherwise
    #[arg(long, value_name = "DIR")]
    pub spool_dir: Option<PathBuf>,
    /// Most image data to put aside, as in 500M or 20GiB
    #[arg(long, value_name = "SIZE", default_value = "64GiB", value_parser = size)]
    pub spool_limit: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Holes {
    Zeros,
}

impl Reading {
    /// What becomes of image data of compressed archives.
    pub fn images(&self) -> Images {
        Images::Spool { dir: self.spool_dir.clone(), limit: self.spool_limit }
    }

    /// What holes mean.
    pub fn holes(&self) -> blocks::Holes {
        match self.holes {
            Some(Holes::Zeros) => blocks::Holes::Zeros,
            None => blocks::Holes::AsStored,
        }
    }
}

/// Reads the inputs, image data included.
pub(super) fn open(inputs: &Inputs, reading: &Reading, watch: &dyn Watch) -> anyhow::Result<Evidence> {
    if let Some(dir) = reading.spool_dir.as_ref().filter(|dir| !dir.is_dir()) {
        anyhow::bail!("--spool-dir {}: is not a directory", dir.display());
    }
    inputs::gather_images(inputs, reading.images(), watch)
}

/// Describes all replicas, with holes as they are to be taken.
pub(super) fn describe(
    evidence: &Evidence,
    reading: &Reading,
    watch: &dyn Watch,
) -> anyhow::Result<Vec<Replica>> {
    let mut replicas = analysis::describe(evidence, watch);
    if reading.holes() == blocks::Holes::Zeros {
        for replica in &mut replicas {
            let label = replica.label.clone();
            blocks::reconstruct(replica, watch)
                .with_context(|| format!("{label}: cannot be reconstructed"))?;
        }
    }
    Ok(replicas)
}

/// Exit code where the work was done on defective evidence.
pub(super) const DEFECTIVE: u8 = 4;

/// What the copy of each replica is worth, as far as its images need not be read in full.
pub(super) fn copies(replicas: &[Replica]) -> Copies {
    replicas.iter().map(|r| (r.label.clone(), blocks::quality(r, blocks::Seen::Probes))).collect()
}

/// Says what is wrong with the copy of a replica, and whether it is defective.
pub(super) fn warn_of_copy(replica: &Replica, copied: &Copied) -> anyhow::Result<bool> {
    let mut err = std::io::stderr().lock();
    let label = escape::terminal(replica.label.as_str());
    for defect in &copied.defects {
        writeln!(err, "jivascope: {label}: the copy is defective: {}", escape::terminal(defect))?;
    }
    if blocks::is_filled(copied) {
        writeln!(err, "jivascope: {label}: --holes zeros takes blocks of zeros for holes")?;
    }
    if copied.has(CopyRemark::Reconstructed) {
        writeln!(err, "jivascope: {label}: a reconstruction, blocks of zeros were taken for holes")?;
    }
    Ok(copied.quality == Quality::Defective)
}

/// Says what stands against trusting a view, and whether its copy is defective.
pub(super) fn warn(point: &Point<'_>) -> anyhow::Result<bool> {
    let mut defective = warn_of_copy(point.replica, &blocks::quality(point.replica, blocks::Seen::Probes))?;
    let mut err = std::io::stderr().lock();
    let name = escape::terminal(&point.name());
    if let Some(candidate) = &point.candidate {
        writeln!(
            err,
            "jivascope: {name}: a guess, built from what lies in the directory; Jiva would not serve it"
        )?;
        for reason in &candidate.reasons {
            writeln!(err, "jivascope: {name}: {}", escape::terminal(reason))?;
        }
        defective |= !candidate.complete;
        return Ok(defective);
    }
    if point.replica.flags.contains(&Flag::HalfClone) {
        writeln!(err, "jivascope: {name}: half a clone, by its CloneStatus: what it shows is incomplete")?;
    }
    if let (None, Some(tip)) = (&point.disk, &point.replica.clean_tip) {
        let tip = escape::terminal(tip.as_str());
        writeln!(
            err,
            "jivascope: {name}: blocks above {tip} came from another replica in a join that did not end; \
             {}@{tip} is its own state",
            escape::terminal(point.replica.label.as_str())
        )?;
    }
    Ok(defective)
}

/// A number of bytes, with or without a unit: K, M, G, T count in 1024, whether written K, KB or KiB.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.trim()[digits.len()..].to_ascii_lowercase();
    let shift = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err("write a number of bytes, or one with K, M, G or T behind it".to_owned()),
    };
    let number: f64 = digits.trim().parse().map_err(|_| "is not a number".to_owned())?;
    if !number.is_finite() || number < 0.0 {
        return Err("must not be negative".to_owned());
    }
    Ok((number * (1u64 << shift) as f64) as u64)
}

/// A share: `5%` or `0.05`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text.trim(), 1.0),
    };
    let share =
        number.trim().parse::<f64>().map_err(|_| "write a share as in 5% or 0.05".to_owned())? / whole;
    if share > 0.0 && share <= 1.0 {
        Ok(share)
    } else {
        Err("a share lies above 0 and at most at 100%".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shares_are_read() {
        for (text, bytes) in
            [("7", 7), ("500M", 500 << 20), ("20GiB", 20 << 30), ("1.5kb", 1536), ("2 T", 2 << 40)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "M", "-1", "3X", "nan"] {
            assert!(size(text).is_err(), "{text}");
        }
        for (text, part) in [("5%", 0.05), ("0.05", 0.05), ("100%", 1.0), ("1", 1.0)] {
            assert_eq!(share(text), Ok(part), "{text}");
        }
        for text in ["0", "101%", "x", "-5%", "nan"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
