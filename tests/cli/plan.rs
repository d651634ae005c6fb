//! `plan`: no step gives anything up, the commands do what the plan claims, and `--lint` names the first step that destroys data.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use jivascope::analysis::{Analysis, Options, analyze};
use jivascope::plan::{self, Act, Outcome, Plan, Reach};
use jivascope::report::runbook::{PlanDocument, Site, markdown};
use proptest::prelude::*;

use crate::support::cli::run;
use crate::support::{collect, plain};

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
fn of_directories_without_data_a_plan_says_what_to_collect() {
    let dir = tempfile::tempdir().unwrap();
    let vacant = dir.path().join("node1/pvc-1");
    fs::create_dir_all(&vacant).unwrap();
    fs::write(vacant.join("log.info"), "{}").unwrap();
    fs::write(vacant.join("replica.log"), "time=\"2026-01-01T00:00:00Z\" level=info msg=\"x\"\n").unwrap();
    let ran = run(["plan", dir.path().to_str().unwrap()]);
    assert_eq!((ran.code, ran.err.as_str()), (30, ""));
    assert!(
        ran.out.contains("Collect the directory of every") && ran.out.contains("wipe nothing"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("log.info and replica.log, nothing else"), "{}", ran.out);
    let ran = run(["plan", dir.path().to_str().unwrap(), "--output", "json"]);
    let said: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (said["volumes"].as_array().unwrap().len(), said["without_data"].as_array().unwrap().len()),
        (0, 1)
    );
    let ran = run(["plan", dir.path().to_str().unwrap(), "--keep", "rep-1", "--confirm", "x"]);
    assert!(ran.code == 1 && ran.err.contains("hold no data"), "{}", ran.err);
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

/// Runs a script: whether it went well, and what it wrote.
fn sh(script: &str, at: &Path) -> (bool, String) {
    let ran = Command::new("sh")
        .arg("-c")
        .arg(script)
        .current_dir(at)
        .stdin(Stdio::null())
        .output()
        .expect("a shell is here");
    let text = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// A directory with stubs of the programs that a plan runs elsewhere. `kubectl` is a cluster of its own: it notes every call, and
/// lists a replica as RW for each that was started, once there is a leader.
fn stubs(at: &Path) -> std::path::PathBuf {
    let stubs = at.join("stubs");
    fs::create_dir(&stubs).unwrap();
    let stub = |name: &str, text: &str| {
        let path = stubs.join(name);
        fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(path, mode).unwrap();
    };
    // Another machine's shell takes its words apart anew.
    stub("ssh", "#!/bin/sh\nshift 2\nexec sh -c \"$*\"\n");
    stub(
        "kubectl",
        "#!/bin/sh\nprintf '%s ' \"$@\" >> calls\necho >> calls\ncase \" $* \" in *' exec '*)\n\
         n=$(grep -c -e \"scale deployment/d'.*--replicas=1\" -e '^uncordon' calls)\n\
         if [ \"$n\" -ge 2 ]; then for i in $(seq \"$n\"); do echo '\"mode\":\"RW\"'; done; fi ;;\nesac\nexit 0\n",
    );
    stub("sleep", "#!/bin/sh\necho 'waits for what never comes' >&2\nkill -9 \"$PPID\"\n");
    // What is exported goes into the file that the last word names.
    stub("jivascope", "#!/bin/sh\nfor last; do :; done\nset -C\n: > \"$last\"\n");
    stubs
}

const HOSTILE: &str = "it's $(touch evil) \"x\" \\ `y`\n!\u{202e}";

/// The plan that keeps one side of March, with hostile names of everything, run for real by `sh` on directories: what it leaves.
fn run_for_real(layout: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let stubs = stubs(dir.path());
    if layout == "deployments" {
        let program = Path::new(env!("CARGO_BIN_EXE_jivascope"));
        fs::write(stubs.join("jivascope"), format!("#!/bin/sh\nexec '{}' \"$@\"\n", program.display()))
            .unwrap();
    }
    let input = incident("2026-03-28");
    let refused = run(["plan", &input, "--keep", "rep-3", "--confirm", "no"]);
    let sentence = refused.err.trim().rsplit_once("the sentence is: ").unwrap().1.to_owned();
    let mut arguments =
        vec!["plan".to_owned(), input.clone(), "--keep".into(), "rep-3".into(), "--confirm".into(), sentence];
    arguments.extend(["--layout".into(), layout.to_owned()]);
    if layout == "stateful-set" {
        arguments.extend(["--persistent-volume".into(), "pvc-of-csi".into()]);
    }
    let analysis = judged(&input);
    for (number, replica) in (1..).zip(&analysis.volumes[0].replicas) {
        let place = dir.path().join(format!("{HOSTILE} {number}"));
        fs::create_dir(&place).unwrap();
        fs::write(
            place.join("volume.meta"),
            format!("{{\"UUID\":\"{}\"}}", replica.uuid().unwrap_or_default()),
        )
        .unwrap();
        arguments.extend(["--path".into(), format!("rep-{number}={}", place.display())]);
        arguments.extend(["--node".into(), format!("rep-{number}=node {number}; false")]);
        arguments.extend(["--deployment".into(), format!("rep-{number}=d'{number}")]);
    }
    let made = run(&arguments);
    assert_eq!(made.code, 20, "{}", made.err);
    let text = script(&made.out);
    let path = format!("{}:{}", stubs.display(), std::env::var("PATH").unwrap());
    let given =
        format!("export PATH={path:?} WORKLOAD='deployment/a b' WORKLOAD_NAMESPACE=apps OPERATOR=op\n{text}");
    let (went_well, output) = sh(&given, dir.path());
    assert!(went_well, "{output}\n{text}");
    assert!(!dir.path().join("evil").exists());
    // Run again it ends before it overwrites an archive: those may be the only copy by then.
    let archive = fs::read(dir.path().join("rep-3.tar")).unwrap();
    let calls = fs::read_to_string(dir.path().join("calls")).unwrap();
    assert!(!sh(&given, dir.path()).0);
    assert_eq!(fs::read(dir.path().join("rep-3.tar")).unwrap(), archive);
    for number in 1..=3 {
        let place = dir.path().join(format!("{HOSTILE} {number}"));
        let aside = dir.path().join(format!("{HOSTILE} {number}.aside"));
        // rep-3 is kept where it lies; the others are aside, and an empty directory is in their place.
        assert_eq!(place.join("volume.meta").exists(), number == 3);
        assert_eq!(aside.join("volume.meta").exists(), number != 3);
        assert!(dir.path().join(format!("rep-{number}.tar")).exists() && place.is_dir());
        assert!(dir.path().join(format!("rep-{number}.raw")).exists());
    }
    (dir, calls)
}

/// What changes something in the cluster, in order.
fn changes(calls: &str) -> Vec<&str> {
    calls
        .lines()
        .filter(|line| ["scale", "cordon"].iter().any(|word| line.contains(word)))
        .map(str::trim)
        .collect()
}

#[test]
fn the_commands_leave_what_the_plan_claims() {
    let (_dir, calls) = run_for_real("deployments");
    let volume = judged(&incident("2026-03-28")).volumes[0].name.clone();
    assert_eq!(
        changes(&calls),
        [
            "-n apps scale deployment/a b --replicas=0".to_owned(),
            format!(
                "-n openebs scale deployment/{volume}-ctrl deployment/d'1 deployment/d'2 deployment/d'3 --replicas=0"
            ),
            format!("-n openebs scale deployment/{volume}-ctrl --replicas=1"),
            "-n openebs scale deployment/d'3 --replicas=1".to_owned(),
            "-n openebs scale deployment/d'1 --replicas=1".to_owned(),
            "-n openebs scale deployment/d'2 --replicas=1".to_owned(),
        ],
        "{calls}"
    );
}

/// A StatefulSet starts all of its pods: each waits until its node takes pods again, in the order of the plan.
#[test]
fn a_stateful_set_is_started_node_by_node() {
    let (_dir, calls) = run_for_real("stateful-set");
    assert_eq!(
        changes(&calls),
        [
            "-n apps scale deployment/a b --replicas=0",
            "-n openebs scale deployment/op --replicas=0",
            "-n openebs scale deployment/pvc-of-csi-jiva-ctrl statefulset/pvc-of-csi-jiva-rep --replicas=0",
            "-n openebs scale deployment/pvc-of-csi-jiva-ctrl --replicas=1",
            "cordon -- node 1; false node 2; false node 3; false",
            "-n openebs scale statefulset/pvc-of-csi-jiva-rep --replicas=3",
            "uncordon -- node 3; false",
            "uncordon -- node 1; false",
            "uncordon -- node 2; false",
            "-n openebs scale deployment/op --replicas=1",
        ],
        "{calls}"
    );
    // Its pods are gone before a directory is read.
    let gone = "wait --for=delete pod -l openebs.io/persistent-volume=pvc-of-csi";
    assert!(calls.contains(gone), "{calls}");
}

/// A directory that is not the one that was analysed ends the script before anything is copied or moved.
#[test]
fn another_directory_ends_the_script() {
    let Some(captures) = crate::support::cli::captures("a plan for another directory") else { return };
    let input = captures.join("03-stale");
    let dir = tempfile::tempdir().unwrap();
    let stubs = stubs(dir.path());
    let place = dir.path().join("other");
    fs::create_dir(&place).unwrap();
    fs::write(place.join("volume.meta"), "{\"UUID\":\"0123456789012345678901234567890123456789\"}").unwrap();
    let mut arguments = vec!["plan".to_owned(), input.display().to_string()];
    for number in 1..=3 {
        arguments.extend(["--path".into(), format!("rep-{number}={}", place.display())]);
        arguments.extend(["--node".into(), format!("rep-{number}=n")]);
        arguments.extend(["--deployment".into(), format!("rep-{number}=d")]);
    }
    let text = script(&run(&arguments).out);
    let path = format!("{}:{}", stubs.display(), std::env::var("PATH").unwrap());
    let given = format!(
        "export PATH={path:?} WORKLOAD=deployment/a WORKLOAD_NAMESPACE=apps VOLUME=v CONTROLLER=c\n{text}"
    );
    assert!(!sh(&given, dir.path()).0);
    assert!(!dir.path().join("rep-1.tar").exists() && place.join("volume.meta").exists(), "{text}");
}

/// Names of the cluster come from Kubernetes objects, where these tie the directories: by the name of a local volume of CSI, by
/// addresses in the logs. Nothing is guessed by numbers: `rep-1` is pod `…-jiva-rep-0`.
#[test]
fn names_come_from_kubernetes_objects() {
    let Some(root) = crate::support::witnesses() else { return };
    for (name, layout) in [("13-read-only", "statefulset/"), ("17-march", "-rep-1")] {
        let folder = root.join(name);
        let made: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.join("kube/made.json")).unwrap()).unwrap();
        let mut arguments = vec!["plan".to_owned(), folder.join("kube").display().to_string()];
        for file in ["controller.log.gz", "rep-1.log.gz", "rep-2.log.gz", "rep-3.log.gz"] {
            arguments.push(folder.join(file).display().to_string());
        }
        for number in 1..=3 {
            arguments.push(folder.join(format!("rep-{number}.tar.zst")).display().to_string());
        }
        arguments.extend(["--output".into(), "json".into()]);
        let ran = run(&arguments);
        let plan: serde_json::Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        let names = plan["volumes"][0]["names"].as_array().unwrap();
        let value = |name: &str| {
            let found = names.iter().find(|one| one["name"] == name);
            found.and_then(|one| one["value"].as_str()).unwrap_or_default().to_owned()
        };
        for (number, (label, place)) in (1..).zip(made["directory_of"].as_object().unwrap()) {
            let (path, node) = place.as_str().unwrap().split_once(" on ").unwrap();
            assert_eq!(label, &format!("rep-{number}"));
            assert_eq!(value(&format!("DIR_{number}")), path, "{name}: {names:?}");
            assert_eq!(value(&format!("NODE_{number}")), node, "{name}: {names:?}");
        }
        let text = ran.out.replace("${REPLICA_1}", &value("REPLICA_1"));
        assert!(text.contains(layout), "{name}: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    /// Whatever the names are, a program gets the very words that the JSON says, through a real `sh` and the shell of another
    /// machine.
    #[test]
    fn hostile_names_survive_quoting(names in proptest::collection::vec(hostile(), 11)) {
        let (analysis, plan) = march();
        let mut site = Site::default();
        site.namespace = Some(names[0].clone());
        site.volume = Some(names[1].clone());
        for (at, replica) in analysis.volumes[0].replicas.iter().enumerate() {
            site.nodes.insert(replica.label.clone(), names[2 + 3 * at].clone());
            site.paths.insert(replica.label.clone(), names[3 + 3 * at].clone());
            site.deployments.insert(replica.label.clone(), names[4 + 3 * at].clone());
        }
        let document: serde_json::Value =
            serde_json::from_str(&PlanDocument::of(std::slice::from_ref(plan), analysis, &site).to_text()).unwrap();
        let commands = document["volumes"][0]["commands"].as_array().unwrap().iter().flat_map(|one| one.as_array().unwrap());
        let wanted: Vec<Vec<String>> = commands
            .map(|one| one["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect())
            .map(|argv: Vec<String>| argv.iter().map(|word| word.replace("$WORKLOAD_NAMESPACE", "apps").replace("$WORKLOAD", "w")).collect())
            .collect();
        let dir = tempfile::tempdir().unwrap();
        let stubs = dir.path().join("stubs");
        fs::create_dir(&stubs).unwrap();
        let stub = "#!/bin/sh\nprintf '%s\\0' \"$(($# + 1))\" \"${0##*/}\" \"$@\" >> \"$RECORD\"\n";
        for name in ["ssh", "kubectl", "sha256sum", "jivascope", "sh"] {
            let path = stubs.join(name);
            fs::write(&path, stub).unwrap();
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        let text = script(&markdown(std::slice::from_ref(plan), analysis, &site));
        prop_assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        let record = dir.path().join("record");
        let given = format!("PATH={}:$PATH; export PATH\n{text}", stubs.display());
        let ran = Command::new("/bin/sh")
            .arg("-c")
            .arg(&given)
            .current_dir(dir.path())
            .envs([("WORKLOAD", "w"), ("WORKLOAD_NAMESPACE", "apps")])
            .env("RECORD", &record)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        prop_assert!(ran.status.success(), "{}\n{text}", String::from_utf8_lossy(&ran.stderr));
        let seen = String::from_utf8(fs::read(&record).unwrap()).unwrap();
        let mut words = seen.split('\0');
        for argv in wanted {
            let count: usize = words.next().unwrap().parse().unwrap();
            let got: Vec<&str> = words.by_ref().take(count).collect();
            prop_assert_eq!(&got, &argv, "{}", text);
            // The last word for another machine comes apart there into the words that were meant.
            if got[0] == "ssh" {
                let there = Command::new("/bin/sh")
                    .args(["-c", &format!("mv() {{ printf '%s\\0' \"$@\"; }}; mkdir() {{ mv \"$@\"; }}; grep() {{ mv \"$@\"; }}; tar() {{ mv \"$@\"; }}; {}", got[3])])
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&there.stdout).into_owned();
                let holds = site.paths.values().any(|path| {
                    let bare = path.strip_suffix('/').unwrap_or(path);
                    said.split('\0').any(|word| word == path || word.starts_with(bare))
                });
                prop_assert!(there.status.success() && holds, "{} {said:?}", got[3]);
            }
        }
    }
}

/// Names that somebody made to harm, or that are merely odd.
fn hostile() -> impl Strategy<Value = String> {
    let odd = proptest::sample::select(vec![
        "-",
        "--",
        "'",
        "\"",
        "\\",
        "$",
        "$(touch evil)",
        "`",
        "!",
        "\n",
        "\r",
        "\t",
        " ",
        "*",
        "~",
        "#",
        ";",
        "&",
        "|",
        ">",
        "<",
        "{",
        "}",
        "(",
        ")",
        "```",
        "\u{1b}[2J",
        "\u{202e}",
        "é",
        "a",
        "/",
        "..",
        "%s",
        "=",
        "\n\n",
        "${NEWLINE}",
        "$(quote x)",
    ]);
    let any = any::<char>().prop_filter_map("no NUL", |char| (char != '\0').then(|| char.to_string()));
    proptest::collection::vec(prop_oneof![3 => odd.prop_map(str::to_owned), 1 => any], 1..6)
        .prop_map(|parts| parts.concat())
}

/// The incident of March, and the plan that keeps one side of it.
fn march() -> &'static (Analysis, Plan) {
    static ONE: std::sync::OnceLock<(Analysis, Plan)> = std::sync::OnceLock::new();
    ONE.get_or_init(|| {
        let analysis = judged(&incident("2026-03-28"));
        let plan = Plan::of(&analysis.volumes[0], &analysis.options, Some(&"rep-3".into()));
        assert_eq!(plan.reach, Reach::Runs);
        (analysis, plan)
    })
}

/// What a line starts is started at once, and a controller that is started again is found by whoever comes first: the worst order
/// counts.
#[test]
fn luck_is_played_in_every_order() {
    let input = incident("2026-03-28");
    for steps in [
        "start controller\nstart rep-3 rep-1\n",
        "stop controller\nstart rep-3\nstart rep-2\nstart controller\n",
        "start controller\nkubectl scale deployment/x-rep-3 deployment/x-rep-1 --replicas=1\n",
    ] {
        let (code, screen) = lint(&input, steps);
        assert_eq!(code, 3, "{steps}{screen}");
        assert!(screen.contains("In the order"), "{screen}");
    }
    for steps in [
        "kubectl scale statefulset/pvc-1-jiva-rep --replicas=1",
        "kubectl scale deployment/pvc-1-rep-1 --replicas=2",
        "kubectl scale deployment --all --replicas=0",
        "kubectl scale deployment -l app=x --replicas=0",
        "rm -rf /var/openebs/rep-1/../rep-2",
    ] {
        let (code, screen) = lint(&input, steps);
        assert_eq!(code, 4, "{steps}: {screen}");
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
