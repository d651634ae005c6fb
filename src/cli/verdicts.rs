//! From verdicts to an exit code.

use clap::ValueEnum;
use jivascope::analysis::Volume;
use jivascope::verdict::{Start, VerdictKind};

/// What `--fail-on` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// All replicas hold the same data (still exits 0)
    Consistent,
    /// At least one replica holds everything, and not all do
    Authoritative,
    /// Several replicas hold data that no other holds
    Irreconcilable,
    /// Evidence that would decide is missing
    InsufficientEvidence,
    /// Starting the volume as it is can lose data
    Unsafe,
    /// The volume does not come up on its own
    Stuck,
    /// Something that could change the answer is missing or could not be read
    Incomplete,
}

/// The highest code of all volumes. Without `--fail-on` every verdict gives its own; with it only what is named does,
/// and `unsafe`, `stuck` or `incomplete` give the verdict's code, or 10 where that would be 0.
pub(super) fn exit_code(volumes: &[Volume], fail_on: &[FailOn]) -> u8 {
    // Without a single volume there is nothing to judge by.
    let nothing = code(VerdictKind::InsufficientEvidence, None, false, fail_on);
    let codes = volumes
        .iter()
        .map(|volume| &volume.verdict)
        .map(|verdict| code(verdict.kind, verdict.start, verdict.complete, fail_on));
    codes.max().unwrap_or(nothing)
}

fn code(kind: VerdictKind, start: Option<Start>, complete: bool, fail_on: &[FailOn]) -> u8 {
    let own = kind.exit_code();
    if fail_on.is_empty() {
        return own;
    }
    let named = |one| fail_on.contains(&one);
    let by_kind = named(match kind {
        VerdictKind::Consistent => FailOn::Consistent,
        VerdictKind::Authoritative => FailOn::Authoritative,
        VerdictKind::Irreconcilable => FailOn::Irreconcilable,
        VerdictKind::InsufficientEvidence => FailOn::InsufficientEvidence,
    });
    let by_start = match start {
        Some(Start::Unsafe) => named(FailOn::Unsafe),
        Some(Start::Stuck) => named(FailOn::Stuck),
        Some(Start::Safe | Start::Unknown) | None => false,
    };
    let by_gap = !complete && named(FailOn::Incomplete);
    match (by_kind, by_start || by_gap) {
        (false, false) => 0,
        (true, false) => own,
        (_, true) => own.max(VerdictKind::Authoritative.exit_code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_fail_on_every_verdict_has_its_code() {
        assert_eq!(code(VerdictKind::Consistent, Some(Start::Stuck), true, &[]), 0);
        assert_eq!(code(VerdictKind::Authoritative, None, true, &[]), 10);
        assert_eq!(code(VerdictKind::Irreconcilable, None, true, &[]), 20);
        assert_eq!(code(VerdictKind::InsufficientEvidence, None, true, &[]), 30);
    }

    #[test]
    fn fail_on_silences_all_that_it_does_not_name() {
        let on = [FailOn::Irreconcilable, FailOn::Stuck];
        assert_eq!(code(VerdictKind::Authoritative, Some(Start::Unsafe), true, &on), 0);
        assert_eq!(code(VerdictKind::InsufficientEvidence, None, true, &on), 0);
        assert_eq!(code(VerdictKind::Irreconcilable, Some(Start::Safe), true, &on), 20);
        assert_eq!(code(VerdictKind::InsufficientEvidence, Some(Start::Stuck), true, &on), 30);
    }

    #[test]
    fn a_consistent_set_that_cannot_start_fails_when_asked() {
        assert_eq!(code(VerdictKind::Consistent, Some(Start::Stuck), true, &[FailOn::Stuck]), 10);
        assert_eq!(code(VerdictKind::Consistent, Some(Start::Unsafe), true, &[FailOn::Stuck]), 0);
    }

    #[test]
    fn a_gap_fails_when_asked() {
        let on = [FailOn::Incomplete];
        assert_eq!(code(VerdictKind::Consistent, Some(Start::Safe), false, &on), 10);
        assert_eq!(code(VerdictKind::Irreconcilable, None, false, &on), 20);
        assert_eq!(code(VerdictKind::Irreconcilable, None, true, &on), 0);
    }
}
