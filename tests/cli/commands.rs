//! What holds for every command. The commands come from clap's own list, so none can be forgotten.
#![cfg(feature = "cli")]

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Stdio;

use crate::support::cli::{program, run};
use crate::support::evil::{EVIL, is_harmless, replica};

/// Every command that the program has: one manual page is made for each.
fn commands() -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let ran = run(["generate".as_ref(), "man".as_ref(), "--to".as_ref(), dir.path().as_os_str()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut out: Vec<String> = std::fs::read_dir(dir.path())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            Some(name.strip_prefix("jivascope-")?.strip_suffix(".1")?.to_owned())
        })
        .collect();
    out.sort();
    assert!(out.len() > 10, "{out:?}");
    out
}

/// The forms of output that a command has, by its own word.
fn forms(command: &str) -> Vec<String> {
    let ran = run([command, "--output", "nonsense"]);
    assert_eq!(ran.code, 2, "{command}: {}", ran.err);
    let Some((_, values)) = ran.err.split_once("[possible values: ") else { return Vec::new() };
    values.split(']').next().unwrap().split(", ").map(str::to_owned).collect()
}

/// Names that the runs are made with.
struct Names {
    /// Of the directories in which the evidence lies.
    place: OsString,
    /// Of the first replica, as it is typed.
    label: OsString,
    /// Of what is written.
    target: OsString,
    /// What stands in every field of a replica that is free text.
    field: &'static str,
}

impl Names {
    fn plain() -> Self {
        Self { place: "place".into(), label: "x".into(), target: "target".into(), field: "" }
    }

    fn hostile() -> Self {
        let name = |what: &str| OsString::from(format!("{what}{}", EVIL.replace(['/', '='], "_")));
        Self { place: name("place"), label: name("label"), target: name("target"), field: EVIL }
    }

    /// Bytes that are no UTF-8.
    fn raw() -> Self {
        let name = |text: &[u8]| OsString::from_vec(text.to_owned());
        Self { place: name(b"pl\xffce"), label: name(b"la\xfebel"), target: name(b"tar\xfdget"), field: "" }
    }
}

fn joined(parts: &[&OsStr]) -> OsString {
    parts.iter().copied().collect()
}

/// Lays the evidence into a directory: three replicas, the third of which Jiva would refuse with a message that quotes
/// it, and a case of all three.
fn lay(dir: &Path, names: &Names) {
    let place = dir.join(&names.place);
    for one in ["one", "two", "three"] {
        replica(&place.join(one), names.field);
        replica(&dir.join("cases").join(&names.place).join(one), names.field);
    }
    std::fs::write(
        dir.join("cases").join(&names.place).join("expected.json"),
        "{\"verdict\":{\"keep\":\"nobody\"}}",
    )
    .unwrap();
    let quoted = names.field.replace('"', "");
    std::fs::write(place.join("three/volume.meta"), format!("{{\"Head\":\"{quoted}\" x")).unwrap();
    let other = format!("volume-head-{quoted}.img.meta.tmp").replace('/', "_");
    std::fs::write(place.join("three").join(other), "").unwrap();
    std::fs::write(dir.join("steps"), format!("stop all\nwait {0}\nrm -rf '{0}'\n", names.field)).unwrap();
    // A controller's log: a session that keeps another host out, and whatever somebody gets into a line.
    let line = |message: &str| {
        let message = message.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
        format!("time=\"2026-01-01T00:00:00Z\" level=info msg=\"{message}\"\n")
    };
    let log = line("rejecting connection: 10.0.0.7 target already connected at 10.0.0.6")
        + &line(&format!("Setting replica tcp://10.0.0.8:9502 to ERR due to: {}", names.field))
        + &line(&format!("Target name:x:{}", names.field));
    std::fs::write(place.join("controller.log"), log).unwrap();
    // A file system inside a volume, with a file of the name in question.
    replica(&dir.join("inside"), names.field);
    let name = names.target.as_bytes();
    let name = if name.len() < 200 { name } else { &name[..200] };
    let image = crate::support::ext::image(name, b"some content");
    std::fs::write(dir.join("inside/volume-head-001.img"), image).unwrap();
    // An image that ends too early, so that a range cannot be read.
    replica(&place.join("short"), names.field);
    std::fs::write(place.join("short/volume-head-001.img"), "").unwrap();
    let snapshot = format!("volume-snap-s{}.img", names.field).replace('/', "_");
    std::fs::write(place.join("short").join(snapshot), [3; 4096]).unwrap();
    // A timeline shows when a file was written: two runs must not differ by the second in which they were laid.
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_770_000_000);
    for entry in
        walkdir::WalkDir::new(dir).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file())
    {
        let file = std::fs::File::options().append(true).open(entry.path()).unwrap();
        file.set_modified(then).unwrap();
    }
}

/// A run with its exit code. Paths are relative to the directory with the evidence.
struct Row {
    code: i32,
    arguments: Vec<OsString>,
}

/// The ways in which a command is run. A command that is not here fails the test: it is to be added.
fn rows(command: &str, names: &Names) -> Vec<Row> {
    let mut out = Vec::new();
    let mut row = |code: i32, parts: &[&OsStr]| {
        let mut arguments = vec![OsString::from(command)];
        arguments.extend(parts.iter().map(OsString::from));
        out.push(Row { code, arguments });
    };
    let s = OsStr::new;
    let at = |one: &str| joined(&[&names.place, s("/"), s(one)]);
    let (one, two, three, short) = (at("one"), at("two"), at("three"), at("short"));
    let one = joined(&[&names.label, s("="), &one]);
    let two = joined(&[s("y="), &two]);
    let three = joined(&[s("z="), &three]);
    let all = &names.place;
    let given = [one.as_os_str(), two.as_os_str(), three.as_os_str()];
    let missing = joined(&[s("no"), &names.target]);
    let with = |more: &[&'static str]| -> Vec<OsString> {
        given.iter().map(OsString::from).chain(more.iter().map(OsString::from)).collect()
    };
    let mut take = |code: i32, list: Vec<OsString>| {
        row(code, &list.iter().map(OsString::as_os_str).collect::<Vec<_>>());
    };
    // A hostile BackingFileName names a file that is not there, so the copies are defective and prove nothing.
    let hostile_or = |hostile: i32, plain: i32| if names.field.is_empty() { plain } else { hostile };
    match command {
        "analyze" => {
            let verdict = hostile_or(30, 10);
            take(verdict, with(&[]));
            take(verdict, with(&["--metadata-only"]));
            take(30, vec![all.clone()]);
            take(1, vec![missing.clone()]);
            take(1, vec![all.clone(), "--volume".into(), names.target.clone()]);
            for form in forms(command) {
                take(verdict, [with(&["--output"]), vec![form.into()]].concat());
            }
        }
        "plan" => {
            let verdict = hostile_or(30, 10);
            for form in forms(command) {
                take(verdict, [with(&["--output"]), vec![form.into()]].concat());
            }
            take(4, with(&["--lint", "steps"]));
            take(1, vec![missing.clone()]);
        }
        "inspect" | "graph" | "simulate" | "timeline" => {
            take(0, with(&[]));
            take(0, vec![all.clone()]);
            take(1, vec![missing.clone()]);
            for form in forms(command) {
                take(0, [with(&["--output"]), vec![form.into()]].concat());
            }
        }
        "cluster" => {
            let log = joined(&[&names.place, s("/controller.log")]);
            take(10, vec![log.clone()]);
            take(10, vec![all.clone()]);
            take(1, vec![missing.clone()]);
            take(1, vec![joined(&[&names.place, s("/one")])]);
            for form in forms(command) {
                take(10, vec![log.clone(), "--output".into(), form.into()]);
            }
        }
        "diff" => {
            take(4, with(&[]));
            take(4, vec![all.clone()]);
            take(1, vec![missing.clone()]);
            take(hostile_or(4, 0), [with(&["--between"]), vec![names.label.clone(), "y".into()]].concat());
            let below = joined(&[&names.label, s("@s")]);
            take(hostile_or(4, 3), [with(&["--between"]), vec![below, "y".into()]].concat());
            take(1, [with(&["--between", "y"]), vec![names.target.clone()]].concat());
            let disk = joined(&[s("y@"), &names.target]);
            take(1, [with(&["--between", "y"]), vec![disk]].concat());
            for form in forms(command) {
                take(4, [with(&["--output"]), vec![form.into()]].concat());
            }
        }
        "hash" => {
            take(1, with(&[]));
            take(
                hostile_or(4, 0),
                [with(&["--replica", "y", "--replica"]), vec![names.label.clone()]].concat(),
            );
            take(1, [with(&["--replica"]), vec![names.target.clone()]].concat());
            take(1, vec![missing.clone()]);
        }
        "export" => {
            let to = |label: &OsStr, target: &OsStr, more: &[&'static str]| {
                let mut list = with(&["--format", "raw", "--replica"]);
                list.extend([label.to_owned(), "--to".into(), target.to_owned()]);
                list.extend(more.iter().map(OsString::from));
                list
            };
            take(hostile_or(4, 0), to(&names.label, &names.target, &[]));
            take(hostile_or(4, 0), to(s("y"), &names.target, &["--no-hash"]));
            take(1, to(&names.target, &names.target, &[]));
            take(1, to(s("z"), &names.target, &[]));
            take(1, to(s("y"), &joined(&[&names.target, s("/")]), &[]));
            take(1, to(s("y"), &names.place, &[]));
            take(1, to(s("y"), &joined(&[&names.target, s("/none")]), &[]));
            take(1, to(s("y"), &joined(&[&names.place, s("/one/new")]), &[]));
            // A stream is bytes and no text: export::… has it.
            take(2, to(s("y"), s("-"), &["--verify"]));
            take(2, to(s("y"), &names.target, &["--replica", "z"]));
            take(1, with(&["--format", "raw", "--to-dir", "new"]));
            take(1, [with(&["--format", "raw", "--to-dir"]), vec![at("one")]].concat());
            let filled = ["--format", "raw", "--fill-unreadable", "zeros", "--replica"].map(OsString::from);
            let one = [
                joined(&[&names.label, s("="), &short]),
                names.label.clone(),
                "--to".into(),
                names.target.clone(),
            ];
            take(4, [&one[..1], &filled, &one[1..]].concat());
        }
        "repair-copy" => {
            let to = |label: &OsStr, target: &OsStr| {
                let mut list = with(&["--replica"]);
                list.extend([label.to_owned(), "--to".into(), target.to_owned()]);
                list
            };
            take(0, with(&["--list"]));
            take(0, vec![all.clone(), "--list".into()]);
            take(3, to(&names.label, &names.target));
            // Its volume.meta can be made again, unless its disks have hostile names.
            take(hostile_or(3, 0), to(s("z"), &names.target));
            take(1, to(&names.target, &names.target));
            take(1, to(s("y"), &names.place));
            take(1, to(s("y"), &joined(&[&names.place, s("/one/new")])));
            take(2, [to(s("y"), &names.target), vec!["--metadata-only".into()]].concat());
            take(1, vec![missing.clone(), "--list".into()]);
        }
        "collect" | "manifest" => {
            let to = |from: OsString, target: &OsStr, more: &[&OsStr]| {
                let mut list = vec![from, "--to".into(), target.to_owned()];
                list.extend(more.iter().map(OsString::from));
                list
            };
            take(0, to(at("two"), &names.target, &[]));
            take(0, to(all.clone(), &names.target, &[s("--key"), s("steps"), s("--force")]));
            take(1, to(at("two"), &names.target, &[s("--key"), &names.target]));
            take(1, to(at("one"), &at("one/new"), &[]));
            take(1, to(at("one"), &names.place, &[]));
            take(1, to("cases/none".into(), &names.target, &[]));
            take(1, to("steps".into(), &names.target, &[]));
            take(1, to(missing.clone(), &names.target, &[]));
            if command == "collect" {
                let second = [s("--with-blocks"), s("differing")];
                take(2, to(at("two"), &names.target, &second));
                take(1, to(at("two"), &names.target, &[second[0], second[1], s("steps")]));
                take(1, to(at("two"), &names.target, &[second[0], second[1], &missing]));
                take(2, to("steps".into(), &names.target, &second));
            }
        }
        "serve" => {
            take(hostile_or(4, 0), with(&["--list"]));
            take(4, vec![all.clone(), "--list".into()]);
            take(1, [with(&["--replica"]), vec![names.target.clone()]].concat());
            take(1, [with(&["--socket"]), vec![joined(&[&names.place, s("/one/new")])]].concat());
            take(1, [with(&["--socket"]), vec![joined(&[&names.target, s("/none")])]].concat());
            take(1, [with(&["--socket"]), vec![names.place.clone()]].concat());
            take(2, with(&["--tcp", "192.0.2.1:10809"]));
            take(1, vec![missing.clone()]);
        }
        "files" => {
            let inside = joined(&[&names.label, s("=inside")]);
            let of = |view: &OsStr, more: &[&OsStr]| {
                let mut list = vec![inside.clone(), "--replica".into(), view.to_owned()];
                list.extend(more.iter().map(OsString::from));
                list
            };
            let found = hostile_or(4, 0);
            take(found, of(&names.label, &[]));
            take(found, of(&names.label, &[s("--sums")]));
            take(found, of(&names.label, &[s("--to"), &names.target]));
            take(1, of(&names.label, &[s("--to"), s("cases")]));
            take(1, of(&names.label, &[s("--to"), s("inside/new")]));
            take(found, of(&names.label, &[s("--path"), &names.target]));
            take(1, of(&names.label, &[s("--path"), &names.place]));
            take(1, of(&names.label, &[s("--partition"), s("1")]));
            take(1, of(&names.target, &[]));
            take(1, [with(&["--replica"]), vec![names.label.clone()]].concat());
            for form in forms(command) {
                take(found, of(&names.label, &[s("--output"), s(&form)]));
            }
        }
        "check" => {
            take(3, vec!["cases".into()]);
            take(1, vec![missing.clone()]);
            take(1, vec!["cases".into(), missing.clone()]);
            for form in forms(command) {
                take(3, vec!["cases".into(), "--verbose".into(), "--output".into(), form.into()]);
            }
        }
        "new-case" => {
            let to = |target: &OsStr| {
                let mut list = with(&[]);
                list.pop();
                list.extend(["--key".into(), "1".repeat(64).into(), "--to".into(), target.to_owned()]);
                list
            };
            take(0, to(&names.target));
            take(1, to(&names.place));
            let mut wrong = to(&names.target);
            let key = wrong.iter().position(|argument| argument == "--key").expect("it has a key");
            wrong[key + 1].clone_from(&names.target);
            take(2, wrong);
            take(1, vec![missing.clone(), "--to".into(), names.target.clone()]);
        }
        "generate" => {
            for what in ["completions", "man"] {
                take(0, vec![what.into(), "--to".into(), names.target.clone()]);
            }
            take(1, vec!["man".into(), "--to".into(), joined(&[&names.place, s("/one/volume.meta")])]);
        }
        "collect-pvc" => {
            // A cluster is played in collect_pvc.rs; here nothing may be asked.
            let kubectl = joined(&[s("./no"), &names.target]);
            take(0, vec!["pvc-1".into(), "--dry-run".into(), "--to".into(), names.target.clone()]);
            let run = |more: &[&OsStr]| {
                let mut list: Vec<OsString> = ["pvc-1", "--image", "i"].map(OsString::from).to_vec();
                list.extend(more.iter().map(OsString::from));
                list
            };
            take(1, run(&[s("--kubectl"), &kubectl, s("--to"), &names.target]));
            take(1, run(&[s("--kubectl"), s("/bin/true"), s("--to"), &joined(&[&names.place, s("/one")])]));
        }
        "explain" => {
            take(0, vec![]);
            take(0, vec!["JV001".into()]);
            take(1, vec![names.target.clone()]);
        }
        new => panic!("{new} is a new command: say here how it is run, and what it ends with"),
    }
    out
}

/// Runs in a fresh directory with fresh evidence, so that every run finds the same.
fn fresh(names: &Names, arguments: &[OsString], out: Stdio, err: Stdio) -> (i32, Vec<u8>, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    lay(dir.path(), names);
    // Times of files are evidence too.
    for entry in walkdir::WalkDir::new(dir.path()).into_iter().map(Result::unwrap) {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_790_000_000);
        std::fs::File::open(entry.path()).unwrap().set_modified(time).unwrap();
    }
    let mut command = program();
    command.args(arguments).current_dir(dir.path()).stdout(out).stderr(err);
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    let code = output.status.code().unwrap_or_else(|| panic!("{arguments:?}: a signal ended it"));
    (code, output.stdout, output.stderr)
}

/// A pipe that is read to its end.
fn open() -> Stdio {
    Stdio::piped()
}

/// A pipe whose reader is gone before anything is written.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn is_json(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "json" || argument == "sarif")
}

#[test]
fn a_closed_pipe_changes_no_exit_code() {
    let names = Names::plain();
    let mut wrong = String::new();
    for command in commands() {
        for Row { code, arguments } in rows(&command, &names) {
            let (plain, out, err) = fresh(&names, &arguments, open(), open());
            if plain != code {
                wrong += &format!("{plain}, not {code}: {arguments:?}: {}\n", String::from_utf8_lossy(&err));
                continue;
            }
            let (without_out, _, err_then) = fresh(&names, &arguments, closed(), open());
            assert_eq!(without_out, code, "{arguments:?}: standard output is closed");
            assert_eq!(err_then, err, "{arguments:?}: a closed pipe is talked about");
            let (without_err, out_then, _) = fresh(&names, &arguments, open(), closed());
            assert_eq!(without_err, code, "{arguments:?}: standard error is closed");
            assert_eq!(out_then, out, "{arguments:?}: the answer depends on standard error");
            let neither = fresh(&names, &arguments, closed(), closed());
            assert_eq!(neither.0, code, "{arguments:?}: both are closed");
        }
        let help = [command.clone().into(), "--help".into()];
        assert_eq!(fresh(&names, &help, closed(), open()).0, 0, "{command} --help");
        let usage = [command.clone().into(), "--none".into()];
        assert_eq!(fresh(&names, &usage, open(), closed()).0, 2, "{command} --none");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is not written is not taken for written: a full disk is an error where a closed pipe is none.
#[test]
fn a_full_disk_is_an_error() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    let names = Names::plain();
    for command in commands() {
        for Row { arguments, code } in rows(&command, &names) {
            let (_, out, _) = fresh(&names, &arguments, open(), open());
            let full = full.try_clone().unwrap();
            let (ended, _, err) = fresh(&names, &arguments, full.into(), open());
            let expected = if out.is_empty() { code } else { 1 };
            assert_eq!(ended, expected, "{arguments:?}: {}", String::from_utf8_lossy(&err));
            let said = String::from_utf8_lossy(&err).contains("standard output: ");
            assert_eq!(said, !out.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&err));
        }
    }
}

#[test]
fn hostile_names_reach_no_terminal() {
    let names = Names::hostile();
    for command in commands() {
        let mut shown = false;
        for Row { code, arguments } in rows(&command, &names) {
            let (ended, out, err) = fresh(&names, &arguments, open(), open());
            let (out, err) = (String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"));
            let what = format!("{:?}", arguments);
            assert_eq!(ended, code, "{what}: {err}");
            is_harmless(&out, &what);
            is_harmless(&err, &what);
            if is_json(&arguments) {
                let document: serde_json::Value = serde_json::from_str(&out).expect(&what);
                assert!(document.to_string().contains("backward"), "{what}: names are lost");
            }
            shown |= out.contains("backward") || err.contains("backward");
        }
        assert!(shown, "{command}: no name was shown, so nothing was tested");
        // What clap itself says.
        for wrong in
            [vec![format!("--{EVIL}")], vec!["--color".to_owned(), EVIL.to_owned()], vec![format!("-{EVIL}")]]
        {
            let ran = run([vec![command.clone()], wrong].concat());
            assert_eq!(ran.code, 2, "{command}: {}", ran.err);
            assert!(ran.out.is_empty() && ran.err.starts_with("error: "), "{command}: {}", ran.err);
            is_harmless(&ran.err, &command);
        }
    }
    let unknown = run([EVIL]);
    assert_eq!(unknown.code, 2);
    is_harmless(&unknown.err, "a command that is none");
    let version = run(["analyze", "--jiva-version", EVIL, "x"]);
    assert_eq!(version.code, 2);
    assert!(version.err.contains("backward"), "{}", version.err);
    is_harmless(&version.err, "--jiva-version");
}

/// The name by which the program is called is not its own choice either.
#[test]
fn usage_names_the_program_and_not_the_path_that_it_was_called_by() {
    use std::os::unix::process::CommandExt;
    let output = program().arg0(format!("/bin/{EVIL}")).arg("analyze").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("Usage: jivascope analyze"), "{err}");
    is_harmless(&err, "usage");
}

#[test]
fn names_that_are_not_utf8_are_taken_and_shown_escaped() {
    let (plain, raw) = (Names::plain(), Names::raw());
    for command in commands() {
        let mut shown = false;
        for (Row { arguments, .. }, Row { code, .. }) in
            rows(&command, &raw).iter().zip(rows(&command, &plain))
        {
            let (ended, out, err) = fresh(&raw, arguments, open(), open());
            let (out, err) = (String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"));
            assert_eq!(ended, code, "{arguments:?}: {err}");
            assert!(!(out.clone() + &err).contains('\u{fffd}'), "{arguments:?}: {out}{err}");
            is_harmless(&out, "not UTF-8");
            is_harmless(&err, "not UTF-8");
            shown |= [&out, &err].iter().any(|text| {
                ["pl\\xffce", "la\\xfebel", "tar\\xfdget", "pl\\\\xffce"]
                    .iter()
                    .any(|name| text.contains(name))
            });
        }
        assert!(shown, "{command}: no name was shown, so nothing was tested");
    }
}

#[test]
fn an_export_gets_the_very_name_that_was_given() {
    let names = Names::raw();
    let dir = tempfile::tempdir().unwrap();
    lay(dir.path(), &names);
    let row = &rows("export", &names)[0];
    assert!(program().args(&row.arguments).current_dir(dir.path()).output().unwrap().status.success());
    assert_eq!(std::fs::metadata(dir.path().join(&names.target)).unwrap().len(), 8192);
    let written: Vec<OsString> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(written.iter().any(|name| name.as_bytes() == b"tar\xfdget"), "{written:?}");
}

/// Every command that writes text for people has colour where it is wanted, and the same words.
#[test]
fn colour_can_be_had_and_refused_everywhere() {
    let names = Names::plain();
    // Sums and what a case was made of are for other programs as well as for people; generate writes files.
    let plain_ones = [
        "hash",
        "export",
        "new-case",
        "generate",
        "serve",
        "repair-copy",
        "collect-pvc",
        "collect",
        "manifest",
    ];
    for command in commands() {
        let (mut seen, mut warned) = (false, true);
        for Row { code, arguments } in rows(&command, &names) {
            let colored = |when: &str| [arguments.clone(), vec!["--color".into(), when.into()]].concat();
            let (ended, out, err) = fresh(&names, &colored("always"), open(), open());
            let (_, bare, bare_err) = fresh(&names, &colored("never"), open(), open());
            let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
            assert_eq!(ended, code, "{arguments:?}");
            assert_eq!(stripped(&out), String::from_utf8(bare).unwrap(), "{arguments:?}");
            assert_eq!(stripped(&err), String::from_utf8(bare_err).unwrap(), "{arguments:?}");
            seen |= out.contains('\u{1b}');
            warned &= err.is_empty() || err.contains('\u{1b}');
        }
        assert_eq!(seen, !plain_ones.contains(&command.as_str()), "{command}");
        assert!(warned, "{command}: what is said on standard error has no colour");
    }
}

/// Takes the codes of colour out.
fn stripped(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out.push_str(part.split_once('m').expect("a code of colour ends with m").1);
    }
    out
}

/// The parts of a help text that a person looks for, in words that the field uses.
#[test]
fn help_of_every_command_says_how_it_ends_and_fits_80_columns() {
    let banned =
        ["predict", "predicted", " told", " tell ", "spelt", "whoever", "price", "gravest", "put aside"];
    let mut pages: Vec<(String, String)> = Vec::new();
    for command in commands() {
        for flag in ["--help", "-h"] {
            pages.push((format!("{command} {flag}"), run([command.as_str(), flag]).out));
        }
    }
    pages.push(("--help".to_owned(), run(["--help"]).out));
    for (what, text) in pages {
        assert!(text.contains("Exit codes:") && text.contains("Examples:"), "{what}:\n{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{what}: {line}");
        }
        let words = text.to_lowercase();
        for word in banned {
            assert!(!words.contains(word), "{what}: {word:?}\n{text}");
        }
    }
}
