//! Evidence that fails while it is read, directories that are broken at random, archives made to do harm.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::support::faulty::{FAULTS, Fault, broken, evidence, replica};
use crate::support::mutate::{Listing, Random};
use crate::support::{captures, collect, labelled};
use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::evidence::{Evidence, Source};
use jivascope::replica::State;
use jivascope::report::json::Document;
use jivascope::verdict::{Confidence, Verdict, VerdictKind};
use rayon::prelude::*;

type Set = Vec<(&'static str, Arc<dyn Source>)>;

const LABELS: [&str; 3] = ["rep-1", "rep-2", "rep-3"];

fn judge(evidence: Evidence) -> Analysis {
    analyze(evidence, Options::default(), &())
}

/// Sets whose truth is known by how they were made.
fn drawn() -> Vec<(&'static str, Set)> {
    let base = [(0, 1), (1, 2), (2, 0)];
    let set = |replicas: Vec<jivascope::evidence::MemorySource>| -> Set {
        let sources = replicas.into_iter().map(|source| Arc::new(source) as Arc<dyn Source>);
        LABELS.into_iter().zip(sources).collect()
    };
    vec![
        ("healthy", set((0..3).map(|_| replica(14, &base, &[(5, 5), (6, 6)])).collect())),
        (
            "stale",
            set(vec![
                replica(14, &base, &[(5, 5), (6, 6)]),
                replica(14, &base, &[(5, 5), (6, 6)]),
                replica(12, &base, &[(5, 5)]),
            ]),
        ),
        (
            "overwritten",
            set(vec![
                replica(20, &base, &[(0, 9), (5, 7), (6, 6)]),
                replica(12, &base, &[(5, 5)]),
                replica(12, &base, &[(5, 5)]),
            ]),
        ),
        (
            "split",
            set(vec![
                replica(14, &base, &[(5, 5), (6, 6)]),
                replica(14, &base, &[(7, 7), (8, 8)]),
                replica(12, &base, &[(5, 5)]),
            ]),
        ),
    ]
}

fn captured() -> Vec<(String, Set)> {
    let Some(captures) = captures("faults in captures") else { return Vec::new() };
    ["03-stale", "05-split-brain", "02-interrupted-rebuild", "14-crash-together"]
        .into_iter()
        .map(|name| {
            let path = |label: &str| captures.join(name).join(format!("{label}.tar.zst"));
            let inputs: Vec<_> = LABELS.iter().map(|label| labelled(label, path(label))).collect();
            let found = collect(&inputs).unwrap().replicas;
            let sources = found.into_iter().map(|found| found.source);
            (name.to_owned(), LABELS.into_iter().zip(sources).collect())
        })
        .collect()
}

fn holders(verdict: &Verdict) -> BTreeSet<&str> {
    verdict.holders.iter().map(|label| label.as_str()).collect()
}

/// What a fault may do to an answer: take from it, never turn it. A holder may be named that is none only where the
/// answer itself says that something is missing, and a proof stays what it was.
fn not_wrong(clean: &Verdict, found: &Verdict) -> Result<(), String> {
    let names = matches!(found.kind, VerdictKind::Consistent | VerdictKind::Authoritative);
    if found.confidence == Confidence::Proven {
        if (found.kind, holders(found)) != (clean.kind, holders(clean)) {
            return Err(format!("proven, and another answer: {:?} {:?}", found.kind, found.holders));
        }
    } else if names && found.complete && !holders(found).is_subset(&holders(clean)) {
        return Err(format!("{:?} names {:?} and says that it is complete", found.kind, found.holders));
    }
    Ok(())
}

/// Every kind of fault at every call of every replica, once and lasting.
fn every_fault(name: &str, set: &Set, step: usize) -> usize {
    let clean = judge(evidence(set));
    let clean = &clean.volumes[0].verdict;
    let plans: Vec<(usize, u64, bool, Fault)> = (0..set.len())
        .flat_map(|which| {
            let (counting, calls) = broken(set, which, u64::MAX, false, Fault::Io);
            judge(counting);
            let calls = calls.load(Ordering::Relaxed);
            assert!(calls > 5, "{name}: {calls}");
            (0..calls).flat_map(move |at| {
                FAULTS.iter().flat_map(move |fault| [(which, at, false, *fault), (which, at, true, *fault)])
            })
        })
        .step_by(step)
        .collect();
    plans.par_iter().for_each(|&(which, at, lasting, fault)| {
        let begun = Instant::now();
        let found = judge(broken(set, which, at, lasting, fault).0);
        let what = format!("{name}: {fault:?} at call {at} of {}, lasting {lasting}", set[which].0);
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {:?}", begun.elapsed());
        let verdict = &found.volumes[0].verdict;
        not_wrong(clean, verdict).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
    });
    plans.len()
}

#[test]
fn faults_never_turn_an_answer() {
    let mut faults = 0;
    for (name, set) in drawn() {
        faults += every_fault(name, &set, 1);
    }
    assert!(faults >= 1_000, "{faults}");
    let captured = captured();
    let least = if captured.is_empty() { 1_000 } else { 10_000 };
    for (name, set) in captured {
        faults += every_fault(&name, &set, 3);
    }
    assert!(faults >= least, "{faults}");
    let _ = writeln!(std::io::stderr(), "faults: {faults}");
}

#[test]
fn a_short_read_changes_nothing() {
    for (name, set) in drawn() {
        let text = |evidence| Document::of(&judge(evidence)).to_text();
        let clean = text(evidence(&set));
        for which in 0..set.len() {
            let (evidence, calls) = broken(&set, which, 0, true, Fault::Short);
            assert_eq!(text(evidence), clean, "{name}");
            assert!(calls.load(Ordering::Relaxed) > 10);
        }
    }
}

/// One broken directory beside two that are whole: it is judged in bounded time, twice in the same way, and what
/// Jiva could not open is said with Jiva's error. A proof that needs the broken one never names another than before.
fn judge_broken(name: &str, listings: &[Listing], seed: u64) {
    let mut random = Random(seed);
    let mut listings = listings.to_vec();
    let which = random.below(listings.len());
    let count = 1 + random.below(3);
    let done: Vec<String> = (0..count).map(|_| listings[which].break_once(&mut random)).collect();
    let what = format!("{name}, seed {seed}, {}: {}", LABELS[which], done.join("; "));
    let sources = listings.iter().map(|listing| Arc::new(listing.source()) as Arc<dyn Source>);
    let set: Set = LABELS.into_iter().zip(sources).collect();
    let begun = Instant::now();
    let found = judge(evidence(&set));
    let text = Document::of(&found).to_text();
    assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {:?}", begun.elapsed());
    assert_eq!(text, Document::of(&judge(evidence(&set))).to_text(), "{what}");
    assert!(!text.contains('\u{1b}'), "{what}");
    let volume = &found.volumes[0];
    for replica in &volume.replicas {
        // Broken by Jiva's own error, or because something could not be read here.
        let why = replica.error.is_some() || !replica.unread.is_empty();
        assert!(replica.state != State::Broken || why, "{what}: broken without a reason");
        assert!(replica.state == State::Broken || replica.error.is_none(), "{what}: {:?}", replica.error);
        if replica.state == State::Broken || replica.start_error.is_some() {
            let told = volume.findings.iter().any(|finding| finding.replica.as_ref() == Some(&replica.label));
            assert!(told, "{what}: {:?} and no finding", replica.error);
        }
    }
    assert!(!volume.verdict.reasons.is_empty(), "{what}");
    if volume.verdict.confidence == Confidence::Proven {
        let broken = volume.replicas.iter().find(|replica| replica.state == State::Broken);
        assert!(broken.is_none(), "{what}: proven beside a replica that nobody could read");
    }
}

#[test]
fn broken_directories_are_judged() {
    let mut sets: Vec<(String, Vec<Listing>)> = Vec::new();
    let listed = |set: &Set| set.iter().map(|(_, source)| Listing::of(&**source)).collect::<Vec<_>>();
    sets.extend(drawn().iter().map(|(name, set)| ((*name).to_owned(), listed(set))));
    sets.extend(captured().iter().map(|(name, set)| (name.clone(), listed(set))));
    let each = 400 / sets.len() as u64;
    let plans: Vec<(usize, u64)> =
        (0..sets.len()).flat_map(|set| (0..each).map(move |seed| (set, seed))).collect();
    assert!(plans.len() >= 300);
    plans.par_iter().for_each(|&(set, seed)| judge_broken(&sets[set].0, &sets[set].1, seed));
}
