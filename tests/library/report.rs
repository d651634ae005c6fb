//! The model of a report: what it says is what was decided, and each thing is counted once.

use std::sync::Arc;

use crate::support::builder::{Drawn, judge, judge_directories};
use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::evidence::{Evidence, Found};
use jivascope::ident::Label;
use jivascope::report::model::Report;
use jivascope::verdict::VerdictKind;

const ONE: &str = "s1:10{0-9} head1:10{1,2,5z} now=20";
const OTHER: &str = "s1:10{0-9} head1:10{1@x,2@x,5z} now=20";

#[test]
fn a_broken_replica_is_no_side_of_a_split() {
    let analysis = judge(&[ONE, OTHER, "s1:10{0-9} head1<gone:10{5} now=22"], false);
    let verdict = &analysis.volumes[0].verdict;
    assert_eq!(verdict.kind, VerdictKind::Irreconcilable);
    let sides: Vec<Vec<&str>> =
        verdict.lineages.iter().map(|side| side.iter().map(|label| label.as_str()).collect()).collect();
    assert_eq!((verdict.ways, sides), (Some(2), vec![vec!["a"], vec!["b"]]));
    let headline = &Report::of(&analysis).volumes[0].answer.headline;
    assert!(headline.starts_with("IRRECONCILABLE, 2 ways, a against b:"), "{headline}");
}

#[test]
fn copies_of_one_directory_are_one_replica_in_words() {
    let drawn = |uuid: u8| {
        let mut drawn = Drawn::draw(ONE);
        drawn.meta.uuid = Some(format!("{uuid:040x}"));
        drawn.directory()
    };
    let (one, other) = (drawn(1), drawn(2));
    let copies = judge_directories(&[one.clone(), one.clone(), one.clone()], false);
    let report = Report::of(&copies);
    assert!(report.volumes[0].title.ends_with("1 replica in 3 directories"), "{}", report.volumes[0].title);
    let incomplete = report.volumes[0].answer.incomplete.as_deref().unwrap_or_default();
    assert!(incomplete.starts_with("Only 1 of 3 replicas is here"), "{incomplete}");
    drop(report);
    let all = judge_directories(&[one.clone(), one, other], false);
    let headline = Report::of(&all).volumes.remove(0).answer.headline;
    assert!(headline.starts_with("CONSISTENT: both replicas hold the same data"), "{headline}");
}

fn labelled(label: &str) -> Analysis {
    let found = Found {
        label: Label::new(label.to_owned()),
        path: label.to_owned(),
        input: 0,
        source: Arc::new(Drawn::draw(ONE).directory().source()),
        labelled: true,
        volume: None,
        damage: Vec::new(),
    };
    analyze(Evidence { inputs: Vec::new(), replicas: vec![found] }, Options::default(), &())
}

/// What is shortened is escaped once, and stands in every place alike.
#[cfg(feature = "cli")]
#[test]
fn a_label_is_escaped_once() {
    use jivascope::report::text::{self, Palette};
    let analysis = labelled("e\u{1b}[31mvil\n\r\u{202e}");
    let screen = text::analysis(&analysis, &Palette::plain());
    assert!(screen.contains("e\\u{1b}"), "{screen}");
    assert!(!screen.contains("\\u{5c}"), "{screen}");
}

/// A command names its inputs so that a shell reads back the very label.
#[test]
fn commands_are_quoted_for_a_shell() {
    let analysis = labelled("it's; rm -rf x");
    let report = Report::of(&analysis);
    let commands: Vec<String> =
        report.volumes[0].steps.iter().filter_map(|step| Some(step.command()?.join(" "))).collect();
    assert!(!commands.is_empty());
    for command in commands {
        assert!(command.contains(r"'it'\''s; rm -rf x'"), "{command}");
    }
}

/// A replica that Jiva cannot open may hold data of its own: the steps take out what can be built from its files.
#[test]
fn what_can_be_rescued_is_exported_too() {
    let analysis = judge(&[ONE, ONE, "s1:10{0-9} s2:10{5} head1<gone:10{6} now=22"], false);
    let volume = &analysis.volumes[0];
    assert!(volume.verdict.must_not_wipe.contains(&"c".into()), "{:?}", volume.verdict);
    let report = Report::of(&analysis);
    let exported: Vec<&str> = report.volumes[0]
        .steps
        .iter()
        .filter_map(|step| {
            let at = step.argv.iter().position(|word| word == "--replica")?;
            step.argv.get(at + 1).map(String::as_str)
        })
        .collect();
    assert!(exported.contains(&"c@candidate-1"), "{exported:?}");
}

/// A defective copy is to be copied again: an export of it would look like the data.
#[test]
fn no_step_exports_a_defective_copy() {
    let analysis = judge(&[ONE, OTHER, "s1?:10 head1:10{1,2} now=20"], false);
    let volume = &analysis.volumes[0];
    assert!(volume.copies.is_defective(&"c".into()));
    let report = Report::of(&analysis);
    let commands: Vec<String> = report.volumes[0].steps.iter().map(|step| step.argv.join(" ")).collect();
    assert!(commands.iter().any(|command| command.contains("--replica a ")), "{commands:?}");
    assert!(!commands.iter().any(|command| command.contains("--replica c ")), "{commands:?}");
}

/// What looks alike is said once, with the warning; what differs has an account of its own.
#[test]
fn a_crowd_of_volumes_is_one_sentence_and_the_odd_one_is_written_out() {
    let found = |label: &str, volume: &str, drawing: &str| Found {
        label: Label::new(label.to_owned()),
        path: label.to_owned(),
        input: 0,
        source: Arc::new(Drawn::draw(drawing).directory().source()),
        labelled: false,
        volume: Some(volume.to_owned()),
        damage: Vec::new(),
    };
    let drawing = |name: &str| ONE.replace("s1", name);
    let mut replicas: Vec<Found> =
        ["p", "q", "r", "s"].map(|name| found(name, &format!("pvc-{name}"), &drawing(name))).into();
    replicas.extend([found("a", "pvc-z", ONE), found("b", "pvc-z", OTHER)]);
    let analysis = analyze(Evidence { inputs: Vec::new(), replicas }, Options::default(), &());
    let report = Report::of(&analysis);
    let full: Vec<&str> =
        report.volumes.iter().filter(|one| one.in_full).map(|one| one.volume.name.as_str()).collect();
    assert_eq!((report.summary.len(), full), (5, vec!["pvc-z"]));
    let [sentence] = &report.alike[..] else { panic!("{:?}", report.alike) };
    assert!(sentence.starts_with("4 volumes look alike") && sentence.contains("Wipe nothing"), "{sentence}");
}
