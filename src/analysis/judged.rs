//! The third stage: which replica may be kept.

use super::Options;
use super::related::Related;
use crate::finding::Missing;
use crate::verdict::{self, Case, Verdict};

/// Judges a volume; what was noticed goes to its findings. `reported` are replicas that nobody supplied,
/// known from logs and replies; `unread` are inputs that could not be read and may have been a
/// replica.
pub(super) fn judge(
    related: &mut Related,
    reported: &[Missing],
    options: &Options,
    unread: &[String],
) -> Verdict {
    let case = Case {
        replicas: &related.replicas,
        lineage: &related.lineage,
        copies: &related.copies,
        rescued: &related.rescued,
        factor: options.factor,
        without_missing: options.without_missing,
        sampled: options.sample.is_some(),
        reported,
        unread,
    };
    let verdict = verdict::decide(&case);
    let noticed = verdict::notice(&case);
    related.findings.extend(noticed);
    verdict
}
