//! Plans of everything that was recorded: no step gives up what only one replica holds.
#![allow(clippy::print_stderr)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use jivascope::analysis::{Analysis, Options, Volume, analyze};
use jivascope::check::Expected;
use jivascope::evidence::Input;
use jivascope::ident::Label;
use jivascope::plan::{self, Act, Holdings, Outcome, Plan, Played, Reach};
use jivascope::report::runbook::{Site, markdown};

use crate::support::recorded::sets;
use crate::support::{collect, labelled, plain, stepping};

/// What the plans of many volumes came to.
#[derive(Default, Debug)]
struct Tally {
    plans: usize,
    running: usize,
    choosing: usize,
    collecting: usize,
    chosen: usize,
    scripts: Scripts,
}

impl Tally {
    fn every_volume(&mut self, name: &str, analysis: &Analysis) {
        for volume in &analysis.volumes {
            self.one(&format!("{name} {}", volume.name), analysis, volume);
        }
    }

    /// Plays the plan of a volume, and the plan after each choice that it leaves.
    fn one(&mut self, name: &str, analysis: &Analysis, volume: &Volume) {
        let plan = Plan::of(volume, &analysis.options, None);
        self.plans += 1;
        keeps_everything(name, analysis, volume, &plan);
        match plan.reach {
            Reach::Runs => self.running += 1,
            Reach::Choose => {
                self.choosing += 1;
                assert!(plan.choices.len() > 1, "{name}: a choice of one");
                for choice in &plan.choices {
                    let plan = Plan::of(volume, &analysis.options, Some(&choice.keep));
                    self.chosen += usize::from(plan.reach == Reach::Runs);
                    keeps_everything(&format!("{name}, {}", choice.confirm), analysis, volume, &plan);
                }
            }
            _ => {
                self.collecting += 1;
                let asks = |act: &Act| matches!(act, Act::Wait { .. });
                assert!(plan.acts().iter().any(asks), "{name}: nothing is asked for");
                let told = plan.steps.iter().any(|step| step.title == "Collect what is missing");
                let looked = plan.steps.iter().any(|step| step.title.contains("Look into"));
                assert!(told || looked || volume.verdict.collect.is_empty(), "{name}: {plan:?}");
            }
        }
        let text = markdown(std::slice::from_ref(&plan), analysis, &Site::default());
        self.scripts.add(&text);
    }
}

/// Played step by step, a plan destroys nothing, and ends with all that some replica held in the volume, in an export, or, where
/// no view shows it, in a copy. One that does not lead to a running volume gives nothing up.
fn keeps_everything(name: &str, analysis: &Analysis, volume: &Volume, plan: &Plan) {
    let (options, acts) = (&analysis.options, plan.acts());
    let played = plan::lint(volume, options, &acts);
    assert!(played.outcome <= Outcome::Unknown, "{name}: {played:?}");
    let lost = |one: &Played| !one.lost.is_empty() || !one.missed.is_empty() || !one.gone.is_empty();
    assert!(!played.played.iter().any(lost) && played.played.len() == acts.len(), "{name}: {played:?}");
    let holdings = Holdings::of(volume);
    let copied = |label: &Label| acts.contains(&Act::Copy { replica: label.clone() });
    let exported = |label: &Label| {
        holdings
            .labels()
            .any(|by| acts.contains(&Act::Export { replica: by.clone() }) && holdings.includes(by, label))
    };
    assert!(holdings.labels().all(copied), "{name}: something is not copied");
    if plan.reach == Reach::Runs {
        assert_eq!((played.outcome, played.members), (Outcome::Safe, volume.replicas.len()), "{name}");
        let serves = played.serves.as_ref().expect("the volume is read from one");
        for label in holdings.labels().filter(|label| !holdings.includes(serves, label)) {
            assert!(played.beside.contains(label), "{name}: {label} is forgotten");
            assert!(exported(label) || !holdings.can_be_exported(label), "{name}: {label} is not exported");
        }
    } else {
        let idle = |act: &Act| {
            matches!(act, Act::Stop { .. } | Act::Copy { .. } | Act::Export { .. } | Act::Wait { .. })
        };
        assert!(acts.iter().all(idle), "{name}: {acts:?}");
        for label in holdings.labels().filter(|label| holdings.can_be_exported(label)) {
            assert!(exported(label), "{name}: {label} is not exported");
        }
    }
}

/// The fenced blocks of plans, each text once.
#[derive(Default, Debug)]
struct Scripts(BTreeSet<String>);

impl Scripts {
    fn add(&mut self, markdown: &str) {
        let blocks = markdown.split("```sh\n").skip(1).filter_map(|part| part.split("```").next());
        let script: String = blocks.collect();
        if !script.is_empty() {
            self.0.insert(script);
        }
    }

    /// The shells that read every script, and shellcheck, which finds nothing in any.
    fn checked(&self, test: &str) {
        let dir = tempfile::tempdir().unwrap();
        let files: Vec<_> = (0..)
            .zip(&self.0)
            .map(|(number, script)| {
                let path = dir.path().join(format!("{number}.sh"));
                std::fs::write(&path, script).unwrap();
                path
            })
            .collect();
        for shell in ["sh", "bash", "dash"] {
            if !stepping::have(test, &[shell]) {
                continue;
            }
            for file in &files {
                let read = Command::new(shell).arg("-n").arg(file).stdin(Stdio::null()).output().unwrap();
                assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
            }
        }
        if stepping::have(test, &["shellcheck"]) {
            for some in files.chunks(50) {
                let said = Command::new("shellcheck").args(["-s", "sh"]).args(some).output().unwrap();
                assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
            }
        }
    }
}

/// Every plan of every recording.
#[test]
fn plans_of_all_recordings_are_safe() {
    let mut tally = Tally::default();
    for (_, captures) in sets() {
        for capture in captures.judged().iter().filter(|capture| !capture.separate()) {
            tally.every_volume(&capture.name, capture.full());
        }
    }
    assert!(tally.running > 0 && tally.choosing > 0 && tally.collecting > 0, "{tally:?}");
    tally.scripts.checked("plans of recordings");
    eprintln!(
        "plans: {}, {} lead to a running volume, {} to a choice ({} plans after one), {} to what is missing; {} scripts",
        tally.plans,
        tally.running,
        tally.choosing,
        tally.chosen,
        tally.collecting,
        tally.scripts.0.len()
    );
}

/// The inputs and the options of a run that is written down beside a case.
fn written(folder: &Path, run: &serde_json::Value) -> Option<(Vec<Input>, Options)> {
    let words: Vec<&str> = run["args"].as_array()?.iter().filter_map(serde_json::Value::as_str).collect();
    let mut options = Options::default();
    let mut inputs = Vec::new();
    let mut words = words.into_iter().skip(1);
    while let Some(word) = words.next() {
        match word {
            "--metadata-only" => options.metadata_only = true,
            "--without-missing" => options.without_missing = true,
            "--replication-factor" => options.factor = words.next()?.parse().ok()?,
            "--as-found" => options.as_found.push(words.next()?.to_owned()),
            "--volume" => options.volume = words.next().map(str::to_owned),
            // A reconstruction and a part of the blocks are other questions.
            "--holes" | "--sample" => return None,
            word if word.starts_with('-') => {}
            word => match word.split_once('=') {
                Some((label, path)) if folder.join(path).exists() => {
                    inputs.push(labelled(label, folder.join(path)))
                }
                _ if folder.join(word).exists() => inputs.push(plain(folder.join(word))),
                _ => {}
            },
        }
    }
    (!inputs.is_empty()).then_some((inputs, options))
}

/// What a bundled case gives, and how it is judged.
fn bundled(file: &Path) -> (Vec<Input>, Options) {
    let folder = file.parent().unwrap();
    let expected = Expected::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut options = Options::default();
    if let Some(stated) = &expected.options {
        options.factor = stated.replication_factor.map_or(options.factor, usize::from);
        options.metadata_only = stated.metadata_only.unwrap_or(false);
        options.without_missing = stated.without_missing.unwrap_or(false);
        options.volume.clone_from(&stated.volume);
    }
    let stated = expected.inputs.map(|list| {
        let one = |text: &String| match text.split_once('=') {
            Some((label, path)) => labelled(label, folder.join(path)),
            None => plain(folder.join(text)),
        };
        list.iter().map(one).collect()
    });
    let inputs = stated.unwrap_or_else(|| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let archives = entries.filter(|path| path.to_string_lossy().ends_with(".tar.zst"));
        archives
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().replace(".tar.zst", "");
                labelled(&name, path)
            })
            .collect()
    });
    (inputs, options)
}

/// Every plan of the bundled cases, and of the cases from the field and from attacks where they are here.
#[test]
fn plans_of_all_cases_are_safe() {
    let mut asked: Vec<(String, Vec<Input>, Options)> = Vec::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for entry in walkdir::WalkDir::new(&fixtures).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_name() == "expected.json" {
            let (inputs, options) = bundled(entry.path());
            asked.push((entry.path().display().to_string(), inputs, options));
        }
    }
    assert!(asked.len() > 30, "{} bundled cases", asked.len());
    let shared = crate::support::captures("plans of shared cases")
        .and_then(|captures| Some(captures.parent()?.join("cases")));
    for entry in shared.iter().flat_map(|root| std::fs::read_dir(root).unwrap()) {
        let folder = entry.unwrap().path();
        let Ok(text) = std::fs::read(folder.join("must.json")) else { continue };
        let must: serde_json::Value = serde_json::from_slice(&text).unwrap();
        for run in must["runs"].as_array().unwrap() {
            if let Some((inputs, options)) = written(&folder, run) {
                let name = folder.file_name().unwrap().to_string_lossy().into_owned();
                let known = asked.iter().any(|(other, given, how)| {
                    *other == name && format!("{given:?}") == format!("{inputs:?}") && *how == options
                });
                if !known {
                    asked.push((name, inputs, options));
                }
            }
        }
    }
    let mut tally = Tally::default();
    let mut without = Vec::new();
    for (name, inputs, options) in asked {
        let Ok(evidence) = collect(&inputs) else {
            without.push(name);
            continue;
        };
        let analysis = analyze(evidence, options, &());
        if analysis.volumes.is_empty() {
            without.push(name.clone());
            let text = markdown(&[], &analysis, &Site::default());
            assert!(text.contains("Collect") && !text.contains("```"), "{name}: {text}");
        }
        tally.every_volume(&name, &analysis);
    }
    tally.scripts.checked("plans of cases");
    eprintln!(
        "plans of cases: {}, {} lead to a running volume, {} to a choice ({} plans after one), {} to what is missing; \
         nothing to plan for: {without:?}; {} scripts",
        tally.plans,
        tally.running,
        tally.choosing,
        tally.chosen,
        tally.collecting,
        tally.scripts.0.len()
    );
}

/// A directory that the answer says must not be wiped is never wiped safely, unless the same data lie in another for certain.
#[test]
fn lint_and_verdict_agree_on_wiping() {
    let mut asked = 0;
    for (_, captures) in sets() {
        for capture in captures.judged().iter().filter(|capture| !capture.separate()) {
            let analysis = capture.full();
            for volume in &analysis.volumes {
                let holdings = Holdings::of(volume);
                for label in &volume.verdict.must_not_wipe {
                    let safe =
                        |acts: &[Act]| plan::lint(volume, &analysis.options, acts).outcome == Outcome::Safe;
                    let wipe = Act::Wipe { replica: label.clone() };
                    let mut others = holdings.labels().filter(|other| *other != label);
                    let equal = others.any(|other| holdings.includes_for_certain(other, label))
                        && !holdings.has_more_than_its_view(label);
                    asked += 1;
                    assert!(equal || !safe(std::slice::from_ref(&wipe)), "{} {label}", capture.name);
                    // An export saves what the view shows, and no more.
                    let export = Act::Export { replica: label.clone() };
                    let hidden = holdings.has_more_than_its_view(label) || !holdings.can_be_exported(label);
                    assert!(!hidden || !safe(&[export, wipe]), "{} {label}: exported", capture.name);
                }
            }
        }
    }
    assert!(asked > 0);
}

/// "Just restart it" is refused with what it costs.
#[test]
fn a_plain_restart_is_refused_where_it_loses() {
    for (set, captures) in sets() {
        for capture in captures.judged().iter().filter(|_| set == "captures") {
            if !["10-", "11-", "12-", "17-", "23-"].iter().any(|number| capture.name.starts_with(number)) {
                continue;
            }
            let analysis = capture.full();
            let (lines, unread) = plan::steps("restart all", &analysis.volumes[0]);
            assert!(unread.is_empty());
            let acts: Vec<Act> = lines.into_iter().flat_map(|line| line.acts).collect();
            let played = plan::lint(&analysis.volumes[0], &analysis.options, &acts);
            assert!(played.outcome >= Outcome::RollsBack, "{}: {played:?}", capture.name);
        }
    }
}

/// Where logs and lists show a replica that nobody gave, a start cannot be judged, and taking its entry out of the list is not
/// safe.
#[test]
fn a_replica_that_only_logs_show_is_not_forgotten() {
    let Some(root) = crate::support::witnesses() else {
        eprintln!("left out: plans beside logs (no witnesses)");
        return;
    };
    let folder = root.join("17-march");
    let names = [
        "controller.log.gz",
        "rep-1.log.gz",
        "rep-2.log.gz",
        "rep-3.log.gz",
        "rep-1.tar.zst",
        "rep-2.tar.zst",
        "rep-3.tar.zst",
    ];
    let inputs: Vec<_> = names.iter().map(|name| crate::support::plain(folder.join(name))).collect();
    let evidence = crate::support::collect(&inputs).unwrap();
    let analysis = jivascope::analysis::analyze(evidence, jivascope::analysis::Options::default(), &());
    let [volume] = &analysis.volumes[..] else { panic!("{} volumes", analysis.volumes.len()) };
    let plan = Plan::of(volume, &analysis.options, None);
    assert_eq!(plan.reach, Reach::Collect);
    assert!(
        plan.choices.is_empty() && plan.never.iter().any(|text| text.contains("controller's list")),
        "{plan:?}"
    );
    let lint = |steps: &str| {
        let (lines, unread) = plan::steps(steps, volume);
        assert!(unread.is_empty());
        let acts: Vec<Act> = lines.into_iter().flat_map(|line| line.acts).collect();
        plan::lint(volume, &analysis.options, &acts).outcome
    };
    assert_eq!(lint("restart all"), Outcome::Unknown);
    assert_eq!(lint("copy rep-1\ndelete-entry tcp://10.9.44.14:9502"), Outcome::Destroys);
    assert_eq!(lint("delete-entry tcp://10.9.44.99:9502"), Outcome::Unknown);
}

/// Where only a counter says that one replica holds all of another, overwriting that one is not called safe before it is
/// copied.
#[test]
fn a_doubt_of_the_verdict_is_one_of_the_steps() {
    let Some(capture) = crate::support::recorded::captures().get("03-stale") else { return };
    let volume = capture.volume();
    let lint = |steps: &str| {
        let (lines, unread) = plan::steps(steps, volume);
        assert!(unread.is_empty());
        let acts: Vec<Act> = lines.into_iter().flat_map(|line| line.acts).collect();
        plan::lint(volume, &capture.full().options, &acts).outcome
    };
    let start = "start controller\nstart rep-1\nstart rep-2\nstart rep-3";
    assert_eq!(lint(start), Outcome::Unknown);
    assert_eq!(lint(&format!("copy rep-3\n{start}")), Outcome::Safe);
    // rep-2 holds the same by every block.
    assert_eq!(lint("wipe rep-1"), Outcome::Safe);
}
