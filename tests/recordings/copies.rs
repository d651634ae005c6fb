//! Recordings of three replicas, copied by real tools, against what the originals hold.
//!
//! A share of the recordings is drawn by a seed; `JIVASCOPE_COPIES=all` takes all, a number takes so many,
//! `JIVASCOPE_SEED` draws others. One tool for all replicas, a tool for each, or one image by another tool.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::support::model::Dice;
use crate::support::recorded::{Capture, sets};
use crate::support::score::{Score, Told};
use crate::support::tools::{TOOLS, Tool, unpack};
use crate::support::{collect, labelled};
use jivascope::analysis::{Options, analyze};
use jivascope::verdict::{Confidence, Start};
use rayon::prelude::*;

/// Recordings in the gate.
const DRAWN: usize = 24;

/// How the replicas of one recording are copied.
#[derive(Debug, Clone)]
enum Way {
    All(Tool),
    Each(Vec<Tool>),
    OneFile { of: usize, by: Tool },
}

impl Way {
    fn name(&self) -> String {
        match self {
            Self::All(tool) => format!("all by {}", tool.name()),
            Self::Each(_) => "each replica by another tool".to_owned(),
            Self::OneFile { by, .. } => format!("one image by {}", by.name()),
        }
    }
}

/// The tools that are installed; a missing one is said.
fn tools() -> Vec<Tool> {
    let here = |tool: &Tool| crate::support::stepping::have("copies by real tools", &[tool.program()]);
    TOOLS.iter().copied().filter(here).collect()
}

/// Recordings of three replicas with a truth, as many as asked for.
fn drawn(seed: u64) -> Vec<&'static Capture> {
    let all: Vec<&'static Capture> = sets()
        .into_iter()
        .flat_map(|(_, set)| &set.list)
        .filter(|capture| capture.truth.is_some() && !capture.separate() && capture.labels().len() == 3)
        .collect();
    let asked = std::env::var("JIVASCOPE_COPIES").unwrap_or_else(|_| DRAWN.to_string());
    let mut out = Dice::new(seed).shuffled(&all);
    if asked != "all" {
        out.truncate(asked.parse().unwrap_or_else(|error| panic!("JIVASCOPE_COPIES: {error}")));
    }
    out
}

/// Copies one recording's directories in a way; where the copies lie, by label.
fn copies(originals: &[(String, PathBuf)], way: &Way, to: &Path, dice: &mut Dice) -> Vec<(String, PathBuf)> {
    let copy = |at: usize, label: &str, from: &Path| match way {
        Way::All(tool) => tool.copy(from, &to.join(label)),
        Way::Each(tools) => tools[at].copy(from, &to.join(label)),
        Way::OneFile { .. } => Tool::TarSparse.directory(from, &to.join(label)),
    };
    let out: Vec<(String, PathBuf)> = originals
        .iter()
        .enumerate()
        .map(|(at, (label, from))| (label.clone(), copy(at, label, from)))
        .collect();
    if let Way::OneFile { of, by } = way {
        let other = by.directory(&originals[*of].1, &to.join("other"));
        let mut images: Vec<String> = std::fs::read_dir(&other)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".img"))
            .collect();
        images.sort();
        if !images.is_empty() {
            let name = &images[dice.below(images.len())];
            std::fs::rename(other.join(name), out[*of].1.join(name)).unwrap();
        }
        std::fs::remove_dir_all(other).unwrap();
    }
    out
}

/// What came of one recording copied in one way.
struct Seen {
    way: String,
    confidence: Confidence,
    score: Score,
    safe_and_loses: Option<String>,
    name: String,
}

fn look(capture: &Capture, way: &Way, seed: u64) -> Seen {
    let place = tempfile::tempdir().unwrap();
    let labels = capture.labels();
    let originals: Vec<(String, PathBuf)> = labels
        .iter()
        .map(|label| {
            let dir = place.path().join("originals").join(label);
            unpack(&capture.dir.join(format!("{label}.tar.zst")), &dir);
            ((*label).to_owned(), dir)
        })
        .collect();
    let to = place.path().join("copies");
    std::fs::create_dir(&to).unwrap();
    let copied = copies(&originals, way, &to, &mut Dice::new(seed));
    let inputs: Vec<_> = copied.iter().map(|(label, path)| labelled(label, path)).collect();
    let evidence = collect(&inputs).unwrap_or_else(|error| panic!("{}: {error}", capture.name));
    let analysis = analyze(evidence, Options::default(), &());
    assert_eq!(analysis.volumes.len(), 1, "{}", capture.name);
    let volume = &analysis.volumes[0];
    let told = Told::of(capture.truth.as_ref().unwrap(), &labels);
    let leaders: BTreeSet<&str> = volume.elections.iter().map(|election| election.leader.as_str()).collect();
    let loses = || {
        leaders.iter().find_map(|leader| {
            let other = labels.iter().find(|other| told.newer(other, leader, true))?;
            Some(format!("start is safe, {leader} may lead, and {other} holds what it lacks"))
        })
    };
    Seen {
        way: way.name(),
        confidence: volume.verdict.confidence,
        score: told.score(&labels, &volume.verdict),
        safe_and_loses: (volume.verdict.start == Some(Start::Safe)).then(loses).flatten(),
        name: format!("{} ({way:?}, JIVASCOPE_SEED={seed})", capture.name),
    }
}

#[test]
fn no_copy_by_any_tool_proves_what_the_originals_contradict() {
    let tools = tools();
    if tools.is_empty() || !crate::support::stepping::have("copies by real tools", &["tar", "zstd"]) {
        return;
    }
    let seed = std::env::var("JIVASCOPE_SEED").map_or(1, |text| text.parse().unwrap());
    let mut dice = Dice::new(seed);
    let mut asked: Vec<(&'static Capture, Way)> = Vec::new();
    for (at, capture) in drawn(seed).into_iter().enumerate() {
        asked.push((capture, Way::All(tools[at % tools.len()])));
        asked.push((capture, Way::Each((0..3).map(|_| dice.one(&tools)).collect())));
        asked.push((capture, Way::OneFile { of: dice.below(3), by: dice.one(&tools) }));
    }
    let seen: Vec<Seen> = asked.par_iter().map(|(capture, way)| look(capture, way, seed)).collect();
    tell(&seen);
    let text = |seen: &Seen| format!("{}: {}", seen.name, seen.score.text);
    let proven: Vec<String> =
        seen.iter().filter(|one| one.score.wrong && one.confidence == Confidence::Proven).map(text).collect();
    assert!(proven.is_empty(), "proven and wrong about the originals:\n{}", proven.join("\n"));
    let lost: Vec<String> = seen
        .iter()
        .filter_map(|one| Some(format!("{}: {}", one.name, one.safe_and_loses.as_ref()?)))
        .collect();
    assert!(lost.is_empty(), "a start that is called safe loses data:\n{}", lost.join("\n"));
    let bare: Vec<String> = seen
        .iter()
        .filter(|one| !one.score.bare.is_empty() && one.confidence != Confidence::Strong)
        .map(|one| format!("{}, unprotected {:?}", text(one), one.score.bare))
        .collect();
    assert!(bare.is_empty(), "unprotected:\n{}", bare.join("\n"));
}

/// A table for `docs/agreement.md`, past the test harness, which hides what passing tests print.
fn tell(seen: &[Seen]) {
    let mut ways: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
    for one in seen {
        ways.entry(&one.way).or_default().push(one);
    }
    let mut out = std::io::stderr();
    let _ = writeln!(out, "copies by real tools: {} of {} recordings", seen.len(), seen.len() / 3);
    let _ = writeln!(out, "| copied | proven wrong | strong wrong | weak wrong | unprotected | found |");
    for (way, list) in ways.into_iter().chain([("together", seen.iter().collect())]) {
        let wrong =
            |confidence| list.iter().filter(|one| one.score.wrong && one.confidence == confidence).count();
        let (proven, strong, weak) =
            (wrong(Confidence::Proven), wrong(Confidence::Strong), wrong(Confidence::Weak));
        let bare = list.iter().filter(|one| !one.score.bare.is_empty()).count();
        let found = list.iter().filter(|one| one.score.found).count();
        let findable = list.iter().filter(|one| one.score.findable).count();
        let _ = writeln!(out, "| {way} | {proven} | {strong} | {weak} | {bare} | {found} of {findable} |");
    }
    for one in seen.iter().filter(|one| one.score.wrong && one.confidence == Confidence::Strong) {
        let _ = writeln!(out, "strong and wrong: {}: {}", one.name, one.score.text);
    }
}
