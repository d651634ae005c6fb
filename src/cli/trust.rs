//! What stands against trusting a copy or a view: said on standard error, and in the exit code.

use anyhow::Context;
use jivascope::analysis;
use jivascope::blocks::{self, Holes, Point, Seen};
use jivascope::evidence::Evidence;
use jivascope::progress::Progress;
use jivascope::replica::{Copied, CopyRemark, Flag, Quality, Replica};

use super::error::{Refusal, failed};
use super::out::Out;

/// Exit code where the work was done on defective evidence.
pub(super) const DEFECTIVE: u8 = 4;

/// Describes all replicas, with holes as they are to be taken.
pub(super) fn describe(
    evidence: &Evidence,
    holes: Holes,
    progress: &dyn Progress,
) -> anyhow::Result<Vec<Replica>> {
    let mut replicas = analysis::describe(evidence, progress);
    if holes == Holes::Zeros {
        for replica in &mut replicas {
            let label = replica.label.clone();
            blocks::reconstruct(replica, progress)
                .with_context(|| format!("{label}: cannot be reconstructed"))?;
        }
    }
    Ok(replicas)
}

/// Refuses a view of which there are sums and no data: what is not there must not be written as zeros either.
pub(super) fn with_data(point: &Point<'_>, what: &str) -> Result<(), Refusal> {
    if !point.replica.is_without_data() {
        return Ok(());
    }
    let refused = failed(format!("{}: a capsule holds no data to {what}", point.name()));
    Err(refused.hint("copy the directory where it lies (tar --sparse) and give the copy"))
}

/// Says what is wrong with the copy of a replica, and whether it is defective.
pub(super) fn warn_of_copy(replica: &Replica, copied: &Copied, out: &Out) -> anyhow::Result<bool> {
    let label = &replica.label;
    for defect in &copied.defects {
        out.warn(&format!("{label}: the copy is defective: {defect}"))?;
    }
    if blocks::is_filled(copied) {
        out.hint(&format!("--holes zeros treats all-zero blocks of {label} as holes"))?;
    }
    if copied.has(CopyRemark::Reconstructed) {
        out.warn(&format!("{label}: reconstruction: all-zero blocks are treated as holes"))?;
    }
    Ok(copied.quality == Quality::Defective)
}

/// Says what stands against trusting a view, and whether its copy is defective.
pub(super) fn warn(point: &Point<'_>, out: &Out) -> anyhow::Result<bool> {
    let copied = blocks::quality(point.replica, Seen::Probes);
    let mut defective = warn_of_copy(point.replica, &copied, out)?;
    let name = point.name();
    if let Some(candidate) = &point.candidate {
        out.warn(&format!(
            "{name}: a guess, built from the files in the directory; Jiva would not serve it"
        ))?;
        for reason in &candidate.reasons {
            out.warn(&format!("{name}: {reason}"))?;
        }
        defective |= !candidate.complete;
        return Ok(defective);
    }
    if point.replica.flags.contains(&Flag::HalfClone) {
        out.warn(&format!("{name}: incomplete: an unfinished clone, by its CloneStatus"))?;
    }
    if let (None, Some(tip)) = (&point.disk, &point.replica.clean_tip) {
        let label = &point.replica.label;
        out.warn(&format!(
            "{name}: blocks above {tip} came from another replica in a rebuild that did not finish; \
             {label}@{tip} is its own state"
        ))?;
    }
    Ok(defective)
}
