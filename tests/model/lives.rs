//! Verdicts, predicted joins and starts against a model that knows the truth, over many lives and copies of them.
//!
//! `JIVASCOPE_SEEDS=100000` lives more of them, `JIVASCOPE_FROM=20000` begins there, `JIVASCOPE_SEED=4711` lives one alone
//! and tells its story. What must never be fails; what is beyond the evidence is counted, and held to a bound: lives in
//! which a replica was named that lacks something (strong or weak), and how many of those in which some replica held
//! everything were answered.

#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;
use std::io::Write as _;

use crate::support::judge::{Breach, Life, breaches, screens, verdict};
use jivascope::analysis::Analysis;
use jivascope::verdict::{Confidence, Start, VerdictKind};
use rayon::prelude::*;

/// Strong answers that may be wrong, of a thousand lives: beyond what the evidence shows.
const STRONG_WRONG_AT_MOST: f64 = 1.0;
/// Those in which what is lacked was lost and written anew, which leaves no mark.
const BURIED_AT_MOST: f64 = 8.0;
/// Lives in which somebody held everything that must be answered, of a hundred that were copied exactly.
const FOUND_AT_LEAST: f64 = 80.0;
/// Every so many lives the screens are held against the verdict too.
const SCREENS_EVERY: u64 = 10;
/// Every so many lives the records and extents are judged alone, too.
const METADATA_EVERY: u64 = 4;

/// What was seen of one life.
struct Seen {
    seed: u64,
    exact: bool,
    way: String,
    kind: (VerdictKind, Confidence),
    start: Option<Start>,
    joins: usize,
    wrong: Option<String>,
    buried: bool,
    findable: bool,
    found: bool,
    breaches: Vec<Breach>,
}

fn look(life: &Life, analysis: &Analysis, with_screens: bool) -> Seen {
    let volume = &analysis.volumes[0];
    let views = life.views();
    let wrong = verdict::wrong(life, volume, &views);
    let (findable, found) = verdict::found(life, volume, &views);
    let mut breaches = breaches(life, volume);
    if with_screens {
        breaches.extend(screens::disagree(analysis));
    }
    Seen {
        seed: life.seed,
        exact: life.is_exact(),
        way: life.way.name(),
        kind: (volume.verdict.kind, volume.verdict.confidence),
        start: volume.verdict.start,
        joins: if life.is_exact() { volume.joins.len() } else { 0 },
        buried: wrong.is_some() && verdict::is_buried(life, volume, &views),
        wrong,
        findable,
        found,
        breaches,
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// What happened in one life, and what was said of it.
fn tell(life: &Life, analysis: &Analysis) {
    eprintln!("{}\ncopied: {:?}", life.story.join("\n"), life.way);
    for one in &life.engine.replicas {
        eprintln!("{}: {:?}, files {:?}", one.label, one.disk.meta, one.disk.names);
        for name in one.disk.chain().unwrap_or_default() {
            let blocks: Vec<_> = one.disk.names.get(&name).map_or_else(Vec::new, |at| {
                one.disk.inodes[*at].blocks.iter().map(|(block, version)| (*block, *version)).collect()
            });
            eprintln!("    {name} {:?}: {blocks:?}", one.disk.records[&name].counter);
        }
        for other in life.engine.replicas.iter().filter(|other| other.label != one.label) {
            let (Some(held), Some(view)) = (one.disk.view(), other.disk.view()) else { continue };
            let truth = &life.engine.truth;
            let places: Vec<usize> = (0..held.len())
                .filter(|at| truth.newer(&held[*at..=*at], &view[*at..=*at], false) > 0)
                .collect();
            let settled = truth.newer(&held, &view, true);
            let (all, other) = (places.len(), &other.label);
            eprintln!("  {} newer than {other}: {all}, acknowledged {settled}, at {places:?}", one.label);
        }
    }
    let volume = &analysis.volumes[0];
    eprintln!("{:#?}\n{:#?}", volume.verdict, volume.lineage.relations);
}

#[test]
fn answers_hold_against_the_model() {
    let one = number("JIVASCOPE_SEED");
    let from = number("JIVASCOPE_FROM").unwrap_or(0);
    let many = from..from + number("JIVASCOPE_SEEDS").unwrap_or(1000);
    let seeds = one.map_or(many, |seed| seed..seed + 1);
    let all: Vec<Seen> = seeds
        .clone()
        .into_par_iter()
        .map(|seed| {
            let life = Life::of(seed);
            let analysis = life.analyze(false);
            if one.is_some() {
                tell(&life, &analysis);
            }
            let mut seen = look(&life, &analysis, one.is_some() || seed % SCREENS_EVERY == 0);
            if one.is_some() || seed % METADATA_EVERY == 1 {
                seen.breaches.extend(verdict::by_metadata(&life, &life.analyze(true).volumes[0]));
            }
            seen
        })
        .collect();
    report(&all, one.is_some());
}

fn report(all: &[Seen], alone: bool) {
    let count = |seen: &dyn Fn(&Seen) -> bool| all.iter().filter(|one| seen(one)).count();
    let mut kinds: BTreeMap<(VerdictKind, Confidence), usize> = BTreeMap::new();
    let mut starts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for seen in all {
        *kinds.entry(seen.kind).or_default() += 1;
        *starts.entry(seen.start.map(Start::as_str)).or_default() += 1;
    }
    let at = |confidence| {
        all.iter().filter(move |one| one.wrong.is_some() && one.kind.1 == confidence).collect::<Vec<_>>()
    };
    let (strong, weak) = (at(Confidence::Strong), at(Confidence::Weak));
    let plain = strong.iter().filter(|one| !one.buried).count();
    let (found, findable) = (count(&|one| one.found), count(&|one| one.findable));
    let exact = count(&|one| one.exact);
    let (exactly, exactly_findable) =
        (count(&|one| one.exact && one.found), count(&|one| one.exact && one.findable));
    let joins: usize = all.iter().map(|one| one.joins).sum();
    // Past the test harness, which hides what passing tests print.
    let mut out = std::io::stderr();
    let _ = writeln!(
        out,
        "model: {} lives, {exact} copied exactly, {joins} joins; strong wrong {} ({plain} not buried), weak wrong {}, \
         found {found} of {findable} ({exactly} of {exactly_findable} copied exactly)\n  {starts:?}\n  {kinds:?}",
        all.len(),
        strong.len(),
        weak.len(),
    );
    for seen in strong.iter().take(20) {
        let buried = if seen.buried { ", buried" } else { "" };
        let _ = writeln!(
            out,
            "  strong wrong: seed {} ({}{buried}): {}",
            seen.seed,
            seen.way,
            seen.wrong.as_ref().unwrap()
        );
    }
    let mut broken: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for seen in all {
        for breach in &seen.breaches {
            broken
                .entry(breach.kind)
                .or_default()
                .push(format!("seed {} ({}): {}", seen.seed, seen.way, breach.text));
        }
    }
    let lines: Vec<String> = broken
        .iter()
        .map(|(kind, lines)| {
            let shown: Vec<&str> = lines.iter().take(25).map(String::as_str).collect();
            format!("{kind}, {}:\n  {}", lines.len(), shown.join("\n  "))
        })
        .collect();
    assert!(
        broken.is_empty(),
        "broken laws (JIVASCOPE_SEED=N cargo test --test model tells one):\n{}",
        lines.join("\n")
    );
    if !alone {
        let thousands = all.len() as f64 / 1000.0;
        let buried = strong.len() - plain;
        assert!(plain as f64 <= STRONG_WRONG_AT_MOST * thousands.max(1.0), "{plain} strong wrong");
        assert!(buried as f64 <= BURIED_AT_MOST * thousands.max(1.0), "{buried} strong wrong, buried");
        assert!(
            exactly as f64 * 100.0 >= FOUND_AT_LEAST * exactly_findable as f64,
            "found {exactly} of {exactly_findable} copied exactly"
        );
    }
}

/// A few lives lie on disk: the program's JSON, screen and exit code say what the library says of them in memory.
#[cfg(feature = "cli")]
#[test]
fn the_program_says_of_directories_what_the_library_says() {
    let place = tempfile::tempdir().unwrap();
    for seed in 0..6 {
        let life = Life::of(seed);
        let verdict = life.analyze(false).volumes.remove(0).verdict;
        let labels: Vec<&str> = life.engine.replicas.iter().map(|replica| replica.label.as_str()).collect();
        let inputs: Vec<String> = labels
            .iter()
            .zip(&life.copies)
            .map(|(label, copy)| {
                let dir = place.path().join(format!("{seed}")).join(label);
                copy.write_to(&dir, &life.engine.truth);
                format!("{label}={}", dir.display())
            })
            .collect();
        let run = |output: &str| {
            let options = ["analyze", "--output", output].map(str::to_owned);
            crate::support::cli::run(options.iter().chain(&inputs))
        };
        let (json, text) = (run("json"), run("text"));
        let code = i32::from(verdict.kind.exit_code());
        assert_eq!((json.code, text.code), (code, code), "seed {seed}: {}", text.err);
        let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
        let told = &document["volumes"][0]["verdict"];
        let said = |what: &str| told[what].as_str().unwrap_or("nothing").to_owned();
        assert_eq!(said("kind"), verdict.kind.as_str(), "seed {seed}");
        assert_eq!(said("confidence"), verdict.confidence.as_str(), "seed {seed}");
        assert_eq!(said("start"), verdict.start.map_or("nothing", Start::as_str), "seed {seed}");
        assert_eq!(
            said("keep"),
            verdict.keep.as_ref().map_or("nothing", |label| label.as_str()),
            "seed {seed}"
        );
        let word = verdict.kind.as_str().split('-').next().unwrap().to_uppercase();
        assert!(text.out.contains(&word), "seed {seed}: {word} is not on the screen:\n{}", text.out);
    }
}
