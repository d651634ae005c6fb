//! Evidence stays as it is, seen from outside: by what the system is asked for, and as a user who may not write.
#![cfg(feature = "cli")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Every command that takes inputs, and what it is given: `IN` is a directory of replicas, `TAR` an archive of one,
/// `ALL` the directory that holds all of these, `CASE` a case, `OUT` a place elsewhere. A command that the program does not have is left out.
const COMMANDS: &[&[&str]] = &[
    &["analyze", "IN"],
    &["analyze", "--metadata-only", "IN"],
    &["analyze", "TAR", "IN"],
    &["analyze", "ALL"],
    &["analyze", "--output", "html", "ALL"],
    &["hash", "IN"],
    &["hash", "TAR"],
    &["check", "CASE"],
    &["new-case", "IN", "--to", "OUT"],
    &["inspect", "IN"],
    &["graph", "IN"],
    &["graph", "--output", "svg", "IN"],
    &["diff", "IN"],
    &["export", "IN", "--replica", "rep-1", "--to", "OUT", "--format", "raw"],
    &["repair-copy", "IN", "--list"],
    &["repair-copy", "IN", "--replica", "rep-1", "--to", "OUT"],
    &["serve", "IN", "--list"],
    &["simulate", "IN"],
    &["files", "x=INSIDE", "--replica", "x", "--to", "OUT"],
    &["cluster", "IN"],
    &["timeline", "IN"],
    &["plan", "IN"],
    &["collect", "IN", "--to", "OUT"],
    &["collect", "IN", "--to", "OUT", "--with-blocks", "differing", "CAPSULE"],
    &["manifest", "IN", "--to", "OUT"],
];

/// Commands that read no evidence.
const WITHOUT_INPUTS: &[&str] = &["generate", "explain", "collect-pvc", "help"];

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_jivascope"))
}

/// The commands that the program's help lists.
fn listed() -> Vec<String> {
    let help = String::from_utf8(program().arg("--help").output().unwrap().stdout).unwrap();
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

/// Inputs of every kind below one directory.
struct Evidence {
    root: tempfile::TempDir,
}

impl Evidence {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        crate::support::tiny::stale(&root.path().join("in"));
        let case = root.path().join("case");
        crate::support::tiny::split(&case);
        fs::write(case.join("expected.json"), r#"{"verdict": {"kind": "irreconcilable"}}"#).unwrap();
        let log =
            "time=\"2026-11-25T09:28:06Z\" level=info msg=\"Creating volume openebs, size 16777216/512\"\n";
        fs::write(root.path().join("in/rep-1/replica.log"), log).unwrap();
        let mut tar = tar::Builder::new(fs::File::create(root.path().join("one.tar")).unwrap());
        tar.append_dir_all("one", root.path().join("in/rep-1")).unwrap();
        tar.finish().unwrap();
        let mut capsule = fs::File::create(root.path().join("one.capsule")).unwrap();
        let options = jivascope::evidence::capsule::TakeOptions::default();
        jivascope::evidence::capsule::take(&[root.path().join("in")], &options, &mut capsule, &()).unwrap();
        drop(capsule);
        let inside = root.path().join("inside");
        crate::support::evil::replica(&inside, "");
        let image = crate::support::ext::image(b"file", b"some content");
        fs::write(inside.join("volume-head-001.img"), image).unwrap();
        Self { root }
    }

    fn arguments(&self, command: &[&str], out: &Path) -> Vec<PathBuf> {
        let one = |word: &&str| match *word {
            "IN" => self.root.path().join("in"),
            "ALL" => self.root.path().to_owned(),
            "TAR" => self.root.path().join("one.tar"),
            "CASE" => self.root.path().join("case"),
            "CAPSULE" => self.root.path().join("one.capsule"),
            "OUT" => out.to_owned(),
            "x=INSIDE" => format!("x={}", self.root.path().join("inside").display()).into(),
            word => PathBuf::from(word),
        };
        command.iter().map(one).collect()
    }

    /// Everything that can be told of every file: bytes, mode, owner, times but for that of reading.
    fn state(&self) -> BTreeMap<PathBuf, (u32, i64, i64, u64, Vec<u8>)> {
        let entries = walkdir::WalkDir::new(self.root.path()).into_iter().map(Result::unwrap);
        entries
            .map(|entry| {
                let meta = entry.metadata().unwrap();
                let bytes = if meta.is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
                (
                    entry.into_path(),
                    (meta.mode(), meta.mtime_nsec(), meta.ctime_nsec(), meta.len() + meta.blocks(), bytes),
                )
            })
            .collect()
    }
}

/// Calls that change or lock a file whatever their flags.
const CHANGING: &[&str] = &[
    "creat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "truncate",
    "ftruncate",
    "fallocate",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "utime",
    "utimes",
    "utimensat",
    "futimesat",
    "setxattr",
    "lsetxattr",
    "fsetxattr",
    "removexattr",
    "lremovexattr",
    "fremovexattr",
    "flock",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "copy_file_range",
    "sendfile",
    "splice",
];

/// The name of the call in a line of strace's, and whether it does anything to a file.
pub(crate) fn touches(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let call = line.split('(').next().unwrap_or_default();
    match call {
        "open" | "openat" | "openat2" => {
            ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_TMPFILE"].iter().any(|flag| line.contains(flag))
        }
        "fcntl" => ["F_SETLK", "F_OFD_SETLK", "F_SETLEASE"].iter().any(|word| line.contains(word)),
        call => CHANGING.contains(&call),
    }
}

#[test]
fn a_trace_is_read_right() {
    for (line, touched) in [
        (r#"12 openat(AT_FDCWD, "/e/in/volume.meta", O_RDONLY|O_CLOEXEC) = 3</e/in/volume.meta>"#, false),
        (r#"openat(5</e/in>, "volume.meta", O_RDWR) = 3</e/in/volume.meta>"#, true),
        (r#"12 flock(3</e/in/volume.meta>, LOCK_SH) = 0"#, true),
        (r#"12 fcntl(3</e/in/volume.meta>, F_SETFD, FD_CLOEXEC) = 0"#, false),
        (r#"12 fcntl(3</e/in/volume.meta>, F_OFD_SETLK, {l_type=F_RDLCK}) = 0"#, true),
        (r#"12 unlinkat(AT_FDCWD, "/e/in/x", 0) = -1 ENOENT"#, true),
        (r#"12 pread64(3</e/in/volume.meta>, "", 5, 0) = 5"#, false),
    ] {
        assert_eq!(touches(line), touched, "{line}");
    }
}

#[test]
fn every_command_is_looked_at() {
    for name in listed() {
        let known =
            COMMANDS.iter().any(|command| command[0] == name) || WITHOUT_INPUTS.contains(&name.as_str());
        assert!(known, "{name} is in no table here: is evidence safe from it?");
    }
}

#[test]
fn nothing_below_the_inputs_is_written_or_locked() {
    if !crate::support::stepping::have("nothing_below_the_inputs_is_written_or_locked", &["strace"]) {
        return;
    }
    let evidence = Evidence::new();
    let place = evidence.root.path().to_str().unwrap().to_owned();
    let before = evidence.state();
    let listed = listed();
    for command in COMMANDS.iter().filter(|command| listed.contains(&command[0].to_owned())) {
        let elsewhere = tempfile::tempdir().unwrap();
        let trace = elsewhere.path().join("trace");
        let output = Command::new("strace")
            .args(["-f", "-qq", "-y", "-s", "0", "-o"])
            .arg(&trace)
            .args(["-e", "trace=file,desc", "--"])
            .arg(env!("CARGO_BIN_EXE_jivascope"))
            .args(evidence.arguments(command, &elsewhere.path().join("out")))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("PTRACE") || said.contains("ptrace") {
            crate::support::stepping::step_aside(
                "nothing_below_the_inputs_is_written_or_locked",
                "tracing is not allowed here",
            );
            return;
        }
        assert!(matches!(output.status.code(), Some(0 | 3 | 10 | 20 | 30)), "{command:?}: {said}");
        let trace = String::from_utf8_lossy(&fs::read(&trace).unwrap()).into_owned();
        let about: Vec<&str> = trace.lines().filter(|line| line.contains(&place)).collect();
        assert!(
            about.iter().any(|line| line.contains("O_RDONLY")),
            "{command:?}: the trace shows no reading"
        );
        let touched: Vec<&&str> = about.iter().filter(|line| touches(line)).collect();
        assert!(touched.is_empty(), "{command:?}: {touched:#?}");
        assert!(before == evidence.state(), "{command:?} changed a file");
    }
}

/// The main job on a tree that nobody may write to, as a user who owns none of it: the same answer.
#[test]
fn a_read_only_tree_is_enough() {
    let evidence = Evidence::new();
    let commands: &[&[&str]] =
        &[&["analyze", "--output", "json", "TAR", "IN"], &["hash", "IN"], &["check", "CASE"]];
    let elsewhere = tempfile::tempdir().unwrap();
    fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = elsewhere.path().join("jivascope");
    fs::copy(env!("CARGO_BIN_EXE_jivascope"), &copy).unwrap();
    let run = |mut command: Command, arguments: &[PathBuf]| {
        let output = command.args(arguments).current_dir("/").stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), output.stdout, said)
    };
    let arguments = |command: &[&str]| evidence.arguments(command, Path::new("/nowhere"));
    let wanted: Vec<_> = commands.iter().map(|command| run(program(), &arguments(command))).collect();
    for entry in walkdir::WalkDir::new(evidence.root.path()).contents_first(true) {
        let entry = entry.unwrap();
        let mode = if entry.file_type().is_dir() { 0o555 } else { 0o444 };
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode)).unwrap();
    }
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !root || crate::support::stepping::have("a_read_only_tree_is_enough", &["setpriv"]) {
        for (command, wanted) in commands.iter().zip(&wanted) {
            let ordinary = if root {
                let mut setpriv = Command::new("setpriv");
                setpriv.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&copy);
                setpriv
            } else {
                Command::new(&copy)
            };
            let got = run(ordinary, &arguments(command));
            assert!(got == *wanted, "{command:?}: {:?} {}", got.0, got.2);
            assert!(matches!(got.0, Some(0 | 10 | 20 | 30)), "{command:?}: {}", got.2);
        }
    }
    // So that the directory can be removed by whoever is no root.
    for entry in walkdir::WalkDir::new(evidence.root.path()).into_iter().map(Result::unwrap) {
        if entry.file_type().is_dir() {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}
