//! Plans of everything that was recorded: no step gives up what only one replica holds.
#![allow(clippy::print_stderr)]

use std::process::{Command, Stdio};

use jivascope::ident::Label;
use jivascope::plan::{self, Act, Outcome, Plan, Reach};
use jivascope::report::runbook::{Site, markdown};

use crate::support::recorded::sets;

/// No step of a plan destroys anything, and one that leads to a running volume ends with every replica RW, and with
/// everything that some replica holds in the volume or in a copy. Its commands are a script that bash reads.
#[test]
fn plans_of_all_recordings_are_safe() {
    let (mut plans, mut running) = (0, 0);
    for (_, captures) in sets() {
        for capture in captures.judged().iter().filter(|capture| !capture.separate()) {
            let name = &capture.name;
            let analysis = capture.full();
            for volume in &analysis.volumes {
                let plan = Plan::of(volume, &analysis.options, None);
                let played = plan::lint(volume, &analysis.options, &plan.acts());
                assert!(played.outcome <= Outcome::Unknown, "{name}: {played:?}");
                plans += 1;
                if plan.reach == Reach::Runs {
                    running += 1;
                    assert_eq!(played.outcome, Outcome::Safe, "{name}");
                    assert_eq!(played.members, volume.replicas.len(), "{name}");
                    let copied = |label: &Label| plan.acts().contains(&Act::Copy { replica: label.clone() });
                    assert!(played.beside.iter().all(copied), "{name}");
                }
                let text = markdown(std::slice::from_ref(&plan), analysis, &Site::default());
                let blocks: String =
                    text.split("```sh\n").skip(1).filter_map(|part| part.split("```").next()).collect();
                let bash = Command::new("bash").args(["-n", "-c", &blocks]).stdin(Stdio::null()).output();
                let bash = bash.expect("bash is here");
                assert!(bash.status.success(), "{name}: {}", String::from_utf8_lossy(&bash.stderr));
            }
        }
    }
    assert!(plans > 0);
    eprintln!("plans: {plans}, of which {running} lead to a running volume");
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
