//! `plan`: no step gives anything up, the commands do what the plan claims, and `--lint` names the first step that destroys data.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::plan::{self, Act, Outcome, Plan, Reach};
use proptest::prelude::*;

use crate::support::cli::run;
use crate::support::{collect, plain, stepping};

fn incident(name: &str) -> String {
    format!("{}/fixtures/incident-{name}", env!("CARGO_MANIFEST_DIR"))
}

fn judged(input: &str) -> Analysis {
    analyze(collect(&[plain(input)]).expect("inputs can be read"), Options::default(), &())
}

/// What `plan --lint` says of steps: its exit code and its screen.
fn lint(input: &str, steps: &str) -> (i32, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("steps");
    fs::write(&file, steps).unwrap();
    let ran = run(["plan", input, "--lint", file.to_str().unwrap()]);
    assert_eq!(ran.err, "", "{steps}");
    (ran.code, ran.out)
}

#[test]
fn the_steps_of_march_stop_at_the_first_that_loses_data() {
    let steps = "wipe rep-1\nwipe rep-2\nstart controller\nstart rep-2\nstart rep-3\nwipe rep-3\n\
                 curl -X DELETE http://10.152.183.5:9501/v1/replicas/dGNwOi8vMTAuMS4yMzYuNzE6OTUwMg==\n\
                 restart controller\n";
    let (code, screen) = lint(&incident("2026-03-28"), steps);
    assert_eq!(code, 3, "{screen}");
    assert!(screen.contains("NOT SAFE: step 1 destroys data."), "{screen}");
    assert!(screen.contains("of rep-1 are in no other replica, copy or export"), "{screen}");
    // With everything copied first, the same steps destroy nothing. One of them is emptied while it runs.
    let (code, screen) = lint(&incident("2026-03-28"), &format!("copy rep-1 rep-2 rep-3\n{steps}"));
    assert_eq!(code, 4, "{screen}");
    assert!(!screen.contains("DATA LOST") && screen.contains("stop it first"), "{screen}");
}

#[test]
fn march_gives_nothing_up_and_asks_for_a_choice() {
    let analysis = judged(&incident("2026-03-28"));
    let plan = Plan::of(&analysis.volumes[0], &analysis.options, None);
    assert_eq!((plan.reach, plan.choices.len()), (Reach::Choose, 3));
    let gives_up = |act: &Act| matches!(act, Act::Wipe { .. } | Act::MoveAside { .. } | Act::Start { .. });
    assert!(!plan.acts().iter().any(gives_up), "{:?}", plan.acts());
}

#[test]
fn february_is_started_one_after_the_other() {
    let analysis = judged(&incident("2026-02-22"));
    let volume = &analysis.volumes[0];
    let plan = Plan::of(volume, &analysis.options, None);
    assert_eq!(plan.reach, Reach::Runs);
    let played = plan::lint(volume, &analysis.options, &plan.acts());
    assert_eq!((played.outcome, played.members, played.beside.len()), (Outcome::Safe, 3, 0));
}

/// Keeping one side of March: only with the sentence that says what is given up, and then everything else stays in copies.
#[test]
fn a_choice_is_made_by_repeating_what_it_costs() {
    let input = incident("2026-03-28");
    let refused = run(["plan", &input, "--keep", "rep-3", "--confirm", "yes"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    let (_, sentence) = refused.err.trim().rsplit_once("the sentence is: ").expect("it is named");
    let chosen = run(["plan", &input, "--keep", "rep-3", "--confirm", sentence]);
    assert_eq!(chosen.code, 20, "{}", chosen.err);
    assert!(chosen.out.contains("The volume runs again, from the data of rep-3"), "{}", chosen.out);
    let analysis = judged(&input);
    let volume = &analysis.volumes[0];
    let plan = Plan::of(volume, &analysis.options, Some(&"rep-3".into()));
    let played = plan::lint(volume, &analysis.options, &plan.acts());
    assert_eq!((played.outcome, played.members), (Outcome::Safe, 3));
    assert_eq!(played.serves, Some("rep-3".into()));
    let missing: Vec<&str> = played.beside.iter().map(|label| label.as_str()).collect();
    assert_eq!(missing, ["rep-1", "rep-2"]);
    let kept = |label: &str| plan.acts().contains(&Act::Copy { replica: label.into() });
    assert!(kept("rep-1") && kept("rep-2"));
}

/// The blocks of commands, one after the other.
fn script(markdown: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in markdown.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => out.push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    out
}

/// Runs bash on a script: whether it went well, and what it wrote.
fn bash(arguments: &[&str], script: &str, at: &Path) -> (bool, String) {
    let ran = Command::new("bash")
        .args(arguments)
        .arg("-c")
        .arg(script)
        .current_dir(at)
        .stdin(Stdio::null())
        .output()
        .expect("bash is here");
    let text = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// The script of the plan that keeps one side of March, run for real on directories with hostile names against stubs of kubectl
/// and ssh: it leaves the state that the plan claims.
#[test]
fn the_commands_leave_what_the_plan_claims() {
    let dir = tempfile::tempdir().unwrap();
    let stubs = dir.path().join("stubs");
    fs::create_dir(&stubs).unwrap();
    let stub = |name: &str, text: &str| {
        let path = stubs.join(name);
        fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(path, mode).unwrap();
    };
    // Another machine's shell takes its words apart anew.
    stub("ssh", "#!/bin/bash\nshift\nexec bash -c \"$*\"\n");
    stub("kubectl", "#!/bin/bash\nprintf '%q ' \"$@\" >> calls\necho >> calls\n");
    let program = Path::new(env!("CARGO_BIN_EXE_jivascope"));
    stub("jivascope", &format!("#!/bin/bash\nexec '{}' \"$@\"\n", program.display()));
    let input = incident("2026-03-28");
    let refused = run(["plan", &input, "--keep", "rep-3", "--confirm", "no"]);
    let sentence = refused.err.trim().rsplit_once("the sentence is: ").unwrap().1.to_owned();
    let mut arguments =
        vec!["plan".to_owned(), input, "--keep".into(), "rep-3".into(), "--confirm".into(), sentence];
    let hostile = "it's $(touch evil) \"x\" \\ `y`";
    for number in 1..=3 {
        let place = dir.path().join(format!("{hostile} {number}"));
        fs::create_dir(&place).unwrap();
        fs::write(place.join("volume.meta"), number.to_string()).unwrap();
        arguments.extend(["--path".into(), format!("rep-{number}={}", place.display())]);
        arguments.extend(["--node".into(), format!("rep-{number}=node {number}; false")]);
        arguments.extend(["--deployment".into(), format!("rep-{number}=d'{number}")]);
    }
    let made = run(&arguments);
    assert_eq!(made.code, 20, "{}", made.err);
    let text = script(&made.out);
    let path = format!("{}:{}", stubs.display(), std::env::var("PATH").unwrap());
    let given = format!("export PATH={path:?} WORKLOAD='deployment/a b' WORKLOAD_NAMESPACE=apps\n{text}");
    let (went_well, output) = bash(&[], &given, dir.path());
    assert!(went_well, "{output}\n{text}");
    assert!(!dir.path().join("evil").exists());
    for number in 1..=3 {
        let place = dir.path().join(format!("{hostile} {number}"));
        let aside = dir.path().join(format!("{hostile} {number}.aside"));
        // rep-3 is kept where it lies; the others are aside, and an empty directory is in their place.
        assert_eq!(place.join("volume.meta").exists(), number == 3);
        assert_eq!(aside.join("volume.meta").exists(), number != 3);
        assert!(dir.path().join(format!("rep-{number}.tar")).exists() && place.is_dir());
        assert!(dir.path().join(format!("rep-{number}.raw")).exists());
    }
    let calls = fs::read_to_string(dir.path().join("calls")).unwrap();
    let scaled: Vec<&str> = calls.lines().filter(|line| line.contains("scale")).collect();
    assert_eq!(scaled.len(), 6, "{calls}");
    assert!(scaled[0].contains("--replicas=0") && scaled[1].contains("--replicas=0"), "{calls}");
    assert!(scaled[2].contains("-ctrl --replicas=1") && scaled[3].contains("d\\'3 --replicas=1"), "{calls}");
}

#[test]
fn shellcheck_finds_nothing() {
    let made = run(["plan", &incident("2026-03-28")]);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("plan.sh");
    fs::write(&file, script(&made.out)).unwrap();
    match Command::new("shellcheck").args(["-s", "bash"]).arg(&file).output() {
        Ok(ran) => assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout)),
        Err(error) => stepping::step_aside("plans", &format!("shellcheck is not installed: {error}")),
    }
}

#[test]
fn lines_that_are_not_understood_are_named() {
    let (code, screen) = lint(&incident("2026-02-22"), "stop all\nkubectl delete pvc --all\nwipe rep-9\n");
    assert_eq!(code, 4, "{screen}");
    assert!(screen.contains("line 2: of kubectl only scale is played"), "{screen}");
    assert!(screen.contains("line 3: no replica is called rep-9"), "{screen}");
}

/// A plan that was written fits until the evidence changes.
#[test]
fn a_plan_is_held_against_the_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("plan.json");
    let input = incident("2026-02-22");
    fs::write(&file, run(["plan", &input, "--output", "json"]).out).unwrap();
    let file = file.to_str().unwrap();
    let same = run(["plan", &input, "--verify", file]);
    assert_eq!((same.code, same.out.as_str()), (0, "The plan still fits the evidence.\n"), "{}", same.err);
    let other = run(["plan", &incident("2026-03-28"), "--verify", file]);
    assert_eq!(other.code, 1, "{}", other.out);
    assert!(other.err.contains("the plan no longer fits the evidence"), "{}", other.err);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No line of steps ends the program, whatever stands in it.
    #[test]
    fn any_text_is_read(text in "\\PC{0,80}") {
        let analysis = thread_local_analysis();
        let _ = plan::steps(&text, &analysis.volumes[0]);
    }
}

fn thread_local_analysis() -> &'static Analysis {
    static ONE: std::sync::OnceLock<Analysis> = std::sync::OnceLock::new();
    ONE.get_or_init(|| judged(&incident("2026-02-22")))
}
