//! Many volumes: a row for each, and which of them need an account of their own.

use std::collections::BTreeMap;

use crate::analysis::Volume;
use crate::finding::{Code, Severity};
use crate::replica::{Disk, Replica, State};
use crate::report::words;
use crate::verdict::{Rule, Start, VerdictKind};

/// So many volumes that look alike are a crowd: their accounts would say the same again and again.
const CROWD: usize = 4;

/// One volume.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SummaryRow {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size: String,
    /// Bytes stored by its fullest replica.
    pub stored: String,
    /// Replicas.
    pub replicas: usize,
    /// Disks of the longest chain.
    pub chain: usize,
    /// The day of the newest snapshot.
    pub last_snapshot: String,
    /// Whether all its replicas can be opened.
    pub state: String,
    /// The kind of its verdict and whom to keep.
    pub verdict: String,
}

/// A row for each.
pub(super) fn rows(volumes: &[Volume]) -> Vec<SummaryRow> {
    volumes.iter().map(row).collect()
}

fn row(volume: &Volume) -> SummaryRow {
    let verdict = match (&volume.verdict.keep, volume.verdict.kind) {
        (Some(keep), VerdictKind::Authoritative) => format!("keep {keep}"),
        (_, VerdictKind::InsufficientEvidence) => "insufficient".to_owned(),
        (_, kind) => kind.as_str().to_owned(),
    };
    SummaryRow {
        name: volume.name.clone(),
        size: volume.size.map_or_else(|| "unknown".to_owned(), words::bytes),
        stored: words::bytes(volume.replicas.iter().map(stored).max().unwrap_or(0)),
        replicas: volume.replicas.len(),
        chain: volume.replicas.iter().map(|replica| replica.chain.len()).max().unwrap_or(0),
        last_snapshot: last_snapshot(volume),
        state: state(volume),
        verdict,
    }
}

fn stored(replica: &Replica) -> u64 {
    replica.disks.iter().filter_map(Disk::allocated).sum()
}

/// The day of the newest snapshot of any chain.
fn last_snapshot(volume: &Volume) -> String {
    let made = |disk: &Disk| disk.read_record().and_then(|record| record.created.clone());
    let snapshots = volume.replicas.iter().flat_map(Replica::chain_disks);
    let newest = snapshots.filter(|disk| disk.name.is_snapshot()).filter_map(made).max();
    newest.map_or_else(|| "none".to_owned(), |at| words::when(&at).chars().take(10).collect())
}

fn state(volume: &Volume) -> String {
    let of = |state: State| volume.replicas.iter().filter(|replica| replica.state == state).count();
    let defective = volume.copies.defective(&volume.replicas).count();
    match (of(State::Broken), of(State::Blank), defective) {
        (0, 0, 0) => "usable".to_owned(),
        (0, 0, some) => format!("{some} defective"),
        (0, some, _) if some == volume.replicas.len() => "empty".to_owned(),
        (0, some, _) => format!("{some} empty"),
        (some, ..) if some == volume.replicas.len() => "broken".to_owned(),
        (some, ..) => format!("{some} broken"),
    }
}

/// What makes volumes look alike.
type Look = (VerdictKind, Rule, Option<Start>, usize, String, Vec<Code>);

fn look(volume: &Volume) -> Look {
    let verdict = &volume.verdict;
    let mut codes: Vec<Code> = volume
        .findings
        .iter()
        .filter(|finding| finding.severity() > Severity::Info)
        .map(|finding| finding.code())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    (verdict.kind, verdict.rule, verdict.start, volume.replicas.len(), state(volume), codes)
}

/// For each volume whether its account is written out, and a sentence for each crowd whose accounts are not.
pub(super) fn crowds(volumes: &[Volume]) -> (Vec<bool>, Vec<String>) {
    let mut looks: BTreeMap<Look, Vec<&Volume>> = BTreeMap::new();
    for volume in volumes {
        looks.entry(look(volume)).or_default().push(volume);
    }
    let quiet = |look: &Look| look.0 == VerdictKind::Consistent && look.2 == Some(Start::Safe);
    let is_crowd =
        |look: &Look, alike: &[&Volume]| alike.len() >= CROWD || (quiet(look) && volumes.len() > 1);
    let in_full = volumes.iter().map(|volume| {
        let look = look(volume);
        !is_crowd(&look, &looks[&look])
    });
    let in_full = in_full.collect();
    let sentence = |(look, alike): (&Look, &Vec<&Volume>)| {
        let codes: Vec<String> = look.5.iter().map(Code::to_string).collect();
        let findings = if codes.is_empty() { "no findings".to_owned() } else { words::list(&codes) };
        let what = format!("{} (rule {}), {}, {findings}", look.0.as_str(), look.1, look.4);
        let example = &alike[0].name;
        match alike.len() {
            1 => format!("{example}: {what}. In full: --volume {example}."),
            many => {
                format!(
                    "{many} volumes look alike: {what}. Wipe nothing of a volume before you have read its own account, \
                 as with --volume {example}."
                )
            }
        }
    };
    let alike = looks.iter().filter(|(look, alike)| is_crowd(look, alike)).map(sentence).collect();
    (in_full, alike)
}
